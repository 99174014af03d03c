// The server on real loopback sockets, asked by our own packets and by the `tftp` package's client.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { makeIpv4 } from '#model/ipv4.ts'
import { systemClock } from '#platform/system.ts'
import { openDgramUdp } from '#rack/net/dgram-udp-socket.ts'
import { openSockets } from '#rack/net/sockets.ts'
import type { UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'
import { parsePacket } from '#rack/tftp/packet.ts'
import { startTftp, type TftpFileRequest } from '#rack/tftp/server.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import { until } from '#test/support/until.ts'

const LOOPBACK = makeIpv4(0x7f000001)
const { logger } = makeLogRecorder()
const native = await openSockets({ logger })
const FILE = seededRandom(5).bytes(300_000)

type Options = {
  readonly openUdp?: (options: UdpOptions) => Promise<UdpSocket>
  readonly address?: number
  readonly readFile?: (request: TftpFileRequest) => Promise<Uint8Array | undefined>
}

async function makeServer(t: Test, options: Options = {}) {
  const metrics = makeCountingMetrics()
  const asked: TftpFileRequest[] = []
  const server = await startTftp({
    address: makeIpv4(options.address ?? LOOPBACK),
    port: 0,
    openUdp: options.openUdp ?? native.openUdp,
    readFile: async (request) => {
      asked.push(request)
      if (options.readFile !== undefined) return options.readFile(request)
      return request.path === 'file' ? FILE : undefined
    },
    clock: systemClock,
    logger,
    metrics,
  })
  t.teardown(() => server.close())
  return { port: server.port, metrics, asked }
}

type Answer = { readonly bytes: Buffer; readonly from: RemoteInfo }

async function makeClient(t: Test) {
  const socket: Socket = createSocket('udp4')
  const answers: Answer[] = []
  socket.on('message', (bytes, from) => answers.push({ bytes, from }))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const send = (bytes: Uint8Array, port: number): void => socket.send(bytes, port, '127.0.0.1')
  const answer = async (i: number): Promise<Answer> => {
    await until(`answer ${i}`, () => answers.length > i)
    const found = answers[i]
    if (found === undefined) throw new Error('unreachable')
    return found
  }
  return { answers, send, answer }
}

const rrq = (name: string, ...options: readonly string[]): Buffer =>
  Buffer.from(
    `\0\u0001${[name, 'octet', ...options].map((part) => `${part}\0`).join('')}`,
    'latin1',
  )
const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)

for (const [backend, openUdp] of [
  [native.backend, native.openUdp],
  ['dgram', openDgramUdp],
] as const) {
  t.test(`over ${backend} sockets`, async (t) => {
    await t.test(
      'a transfer has a port of its own and honours the request’s options',
      async (t) => {
        const { port } = await makeServer(t, { openUdp })
        const client = await makeClient(t)
        client.send(rrq('/file', 'blksize', '1000', 'tsize', '0', 'windowsize', '4'), port)
        const oack = await client.answer(0)
        t.equal(
          oack.bytes.subarray(2).toString('latin1'),
          'blksize\u00001000\0tsize\u0000300000\0windowsize\u00004\0',
        )
        t.not(oack.from.port, port)
        client.send(ack(0), oack.from.port)
        await client.answer(4)
        const window = client.answers.slice(1, 5).map(({ bytes }) => bytes)
        t.ok(Buffer.concat(window.map((each) => each.subarray(4))).equals(FILE.subarray(0, 4_000)))
        t.strictSame(
          window.map((each) => each.readUInt16BE(2)),
          [1, 2, 3, 4],
        )
      },
    )

    await t.test('an unknown file is error 1', async (t) => {
      const { port, asked } = await makeServer(t, { openUdp })
      const client = await makeClient(t)
      client.send(rrq('\\pxelinux.cfg\\default'), port)
      t.match(parsePacket((await client.answer(0)).bytes), { type: 'ERROR', code: 1 })
      t.equal(asked[0]?.path, 'pxelinux.cfg/default')
    })

    await t.test('the tftp package’s client gets the file', async (t) => {
      const { port } = await makeServer(t, { openUdp })
      for (const options of [
        { blockSize: 1_468, windowSize: 16 },
        { blockSize: 512, windowSize: 1 },
      ]) {
        t.ok(Buffer.from(FILE).equals(await foreignGet(port, options)), JSON.stringify(options))
      }
    })
  })
}

t.test('RFC 1350 §4: a stranger is told error 5 and the transfer goes on', async (t) => {
  const { port, metrics } = await makeServer(t)
  const [client, stranger] = [await makeClient(t), await makeClient(t)]
  client.send(rrq('file'), port)
  const { from } = await client.answer(0)
  stranger.send(ack(1), from.port)
  t.match(parsePacket((await stranger.answer(0)).bytes), { type: 'ERROR', code: 5 })
  stranger.send(Uint8Array.of(0, 5, 0, 0, 0), from.port)
  client.send(ack(1), from.port)
  t.equal((await client.answer(1)).bytes.readUInt16BE(2), 2)
  t.equal(stranger.answers.length, 1, 'an error is never answered')
  t.equal(metrics.total('ironraft_tftp_transfers_total', 'aborted'), 0)
})

t.test('a request repeated before its answer starts no second transfer', async (t) => {
  let release: ((bytes: Uint8Array) => void) | undefined
  const readFile = (): Promise<Uint8Array> => new Promise((resolve) => (release = resolve))
  const { port, asked } = await makeServer(t, { readFile })
  const client = await makeClient(t)
  client.send(rrq('file'), port)
  await until('the file was asked for', () => asked.length === 1)
  for (let i = 0; i < 3; i++) client.send(rrq('file'), port)
  client.send(rrq('other'), port)
  await until('both files were asked for', () => asked.length === 2)
  t.strictSame(
    asked.map(({ path }) => path),
    ['file', 'other'],
  )
  release?.(FILE)
  t.equal((await client.answer(0)).bytes.readUInt16BE(2), 1)
})

t.test('UEFI: size probe, error 8, and the same port asks again', async (t) => {
  const { port, metrics } = await makeServer(t)
  const client = await makeClient(t)
  client.send(rrq('file', 'tsize', '0'), port)
  const first = await client.answer(0)
  client.send(Uint8Array.of(0, 5, 0, 8, 0), first.from.port)
  client.send(rrq('file', 'blksize', '1400'), port)
  t.equal((await client.answer(1)).bytes.subarray(2).toString(), 'blksize\u00001400\0')
  t.equal(metrics.total('ironraft_tftp_transfers_total', 'aborted'), 1)
})

t.test('writing is refused', async (t) => {
  const { port } = await makeServer(t)
  const client = await makeClient(t)
  const wrq = rrq('file')
  wrq[1] = 2
  client.send(wrq, port)
  t.match(parsePacket((await client.answer(0)).bytes), { type: 'ERROR', code: 2 })
})

t.test('climbing out and other modes are refused', async (t) => {
  const { port, asked } = await makeServer(t)
  const client = await makeClient(t)
  client.send(rrq('../../etc/passwd'), port)
  t.match(parsePacket((await client.answer(0)).bytes), { type: 'ERROR', code: 2 })
  client.send(Buffer.from('\0\u0001file\0mail\0', 'latin1'), port)
  t.match(parsePacket((await client.answer(1)).bytes), { type: 'ERROR', code: 4 })
  t.equal(asked.length, 0)
})

t.test('one client gets 32 transfers at most', async (t) => {
  const { port, metrics, asked } = await makeServer(t)
  const clients = await Promise.all(Array.from({ length: 40 }, () => makeClient(t)))
  for (const client of clients) client.send(rrq('file'), port)
  const name = 'ironraft_tftp_transfers_total'
  await until('the rest is turned away', () => metrics.total(name, 'overloaded') === 8)
  await until('the others are served', () => asked.length === 32)
  t.equal(metrics.total(name, 'overloaded'), 8)
})

t.test('a file that cannot be read costs its own transfer only', async (t) => {
  const readFile = (request: TftpFileRequest): Promise<Uint8Array> =>
    request.path === 'bad' ? Promise.reject(new Error('disk')) : Promise.resolve(FILE)
  const { port, metrics } = await makeServer(t, { readFile })
  const client = await makeClient(t)
  client.send(rrq('bad'), port)
  const name = 'ironraft_tftp_transfers_total'
  await until('it failed', () => metrics.total(name, 'failed') === 1)
  client.send(rrq('file'), port)
  t.equal((await client.answer(0)).bytes.readUInt16BE(2), 1)
})

t.test('the answer comes from the address that was asked', async (t) => {
  const { port } = await makeServer(t, { address: 0 })
  const client = await makeClient(t)
  client.send(rrq('file'), port)
  t.equal((await client.answer(0)).from.address, '127.0.0.1')
})

t.test('no datagram ends the server', async (t) => {
  const { port, metrics } = await makeServer(t)
  const random = seededRandom(77)
  const client = await makeClient(t)
  client.send(rrq('file', 'windowsize', '3'), port)
  const { from } = await client.answer(0)
  for (let i = 0; i < 3_000; i++) {
    const bytes = random.bytes(random.integer(60))
    // Most of them with an opcode, so that they get further.
    if (bytes.length > 1 && random.chance(80)) bytes.set([0, random.integer(7)])
    client.send(bytes, random.chance(50) ? port : from.port)
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const other = await makeClient(t)
  await until('a well-formed request is still answered', () => {
    if (other.answers.length === 0) other.send(rrq('file'), port)
    return other.answers.length > 0
  })
  t.ok(metrics.total('ironraft_tftp_transfers_total', 'malformed') > 100)
})

/** The `tftp` package: old, hence its warnings; its client is sound (its server is not). */
function foreignGet(
  port: number,
  options: { readonly blockSize: number; readonly windowSize: number },
): Promise<Buffer> {
  const { createClient } = createRequire(import.meta.url)('tftp') as {
    readonly createClient: (options: object) => {
      readonly createGetStream: (name: string) => NodeJS.ReadableStream
    }
  }
  const stream = createClient({ host: '127.0.0.1', port, ...options }).createGetStream('file')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)))
    stream.on('end', () => resolve(Buffer.concat(chunks)))
    stream.on('error', reject)
  })
}
