// A connection of frames over a pair of streams in memory.
import { Duplex, duplexPair } from 'node:stream'
import t from 'tap'
import { AppError } from '#model/errors.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { frame } from '#protocol/framer.ts'
import { until } from '#test/support/until.ts'

const LIMITS = { frameBytesMax: 4 << 20, queueBytesMax: 1 << 20, queueMessagesMax: 100 }
const open = (limits = {}) => {
  const [near, far] = duplexPair()
  const connection = new FramedConnection(near, { ...LIMITS, ...limits })
  const written: Uint8Array[] = []
  far.on('data', (chunk: Uint8Array) => written.push(chunk))
  far.on('error', () => {})
  return { connection, far, written }
}

t.test('what is sent in one turn is one frame and one write', async (t) => {
  const { connection, written } = open()
  connection.send(new Uint8Array([1]))
  await Promise.resolve()
  connection.send(new Uint8Array([2, 3]))
  t.equal(written.length, 0)
  await until('written', () => written.length > 0)
  t.strictSame(
    written.map((each) => [...each]),
    [[0, 0, 0, 3, 1, 2, 3]],
  )
})

t.test('more than a mebibyte in one turn is more than one frame', async (t) => {
  const { connection, written } = open({ queueBytesMax: 4 << 20 })
  for (let i = 0; i < 3; i++) connection.send(new Uint8Array(600_000))
  let bytes = 0
  await until('written', () => {
    bytes = written.reduce((sum, each) => sum + each.length, 0)
    return bytes >= 1_800_000
  })
  t.equal(bytes, 3 * (600_000 + 4))
})

t.test('a frame before the queue keeps its place behind what was sent earlier', async (t) => {
  const { connection, written } = open()
  connection.send(new Uint8Array([1]))
  connection.sendFrame(new Uint8Array(0))
  await until('written', () => written.length > 0)
  t.strictSame([...Buffer.concat(written)], [0, 0, 0, 1, 1, 0, 0, 0, 0])
})

t.test('malformed data closes and is told once', async (t) => {
  const { connection, far } = open({ frameBytesMax: 10 })
  const closes: (Error | null)[] = []
  connection.onClose = (error) => closes.push(error)
  far.write(frame([new Uint8Array(11)]))
  await until('closed', () => closes.length > 0)
  t.match(closes, [{ code: 'PROTOCOL' }])
  t.equal(connection.send(new Uint8Array(1)), false)
})

t.test('frames behind the one that closed the connection are not delivered', async (t) => {
  const { connection, far } = open()
  const got: number[] = []
  connection.onFrame = (body) => {
    got.push(body[0] ?? -1)
    connection.fail(new AppError('PROTOCOL', 'enough'))
  }
  const both = Buffer.concat([frame([new Uint8Array([1])]), frame([new Uint8Array([2])])])
  far.write(both)
  await until('closed', () => connection.closed)
  t.strictSame(got, [1])
})

t.test('a bug in the handler is not taken for bad input', async (t) => {
  const { connection } = open()
  const decoder = (): never => {
    throw new TypeError('a bug')
  }
  t.throws(() => connection.decode(decoder, new Uint8Array(1)), TypeError)
  t.equal(connection.closed, false)
})

t.test('closing lets what is queued leave, then ends', async (t) => {
  const { connection, written, far } = open()
  let ended = false
  far.on('end', () => (ended = true))
  connection.send(new Uint8Array([7]))
  connection.close()
  await until('ended', () => ended)
  t.strictSame([...Buffer.concat(written)], [0, 0, 0, 1, 7])
  t.equal(connection.send(new Uint8Array(1)), false)
})

t.test('a stream that breaks is an error of the connection, not of the process', async (t) => {
  const broken = new Duplex({ read() {}, write: (_, __, done) => done(new Error('EPIPE')) })
  const connection = new FramedConnection(broken, LIMITS)
  const closes: (Error | null)[] = []
  connection.onClose = (error) => closes.push(error)
  connection.send(new Uint8Array(1))
  await until('closed', () => closes.length > 0)
  t.match(closes, [{ message: 'EPIPE' }])
})

t.test('one message larger than the queue may go alone', async (t) => {
  const { connection } = open({ queueBytesMax: 1_000 })
  t.equal(connection.send(new Uint8Array(2_000)), true)
  t.equal(connection.send(new Uint8Array(1)), false)
})
