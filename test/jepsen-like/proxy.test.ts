// Real sockets on loopback: what a cut does to connections that are there and to new ones.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Network } from '#chaos/network.ts'
import { Proxy } from '#chaos/proxy.ts'
import { makeFindOwner } from '#chaos/socket-owner.ts'
import { until } from '#test/support/until.ts'

/** There and back, of somebody whom no cut concerns. */
const WITNESS_ROUNDS = 5

/** An echo server behind a proxy, and a witness who is always let through. */
async function makeStage(t: Test) {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const network = new Network()
  let connections = 0
  const proxy = await Proxy.start({
    ...{ port: 0, forwardPort: (server.address() as AddressInfo).port, target: 'server', network },
    sourceOf: () => (connections++ === 0 ? 'witness' : 'caller'),
  })
  const sockets: Socket[] = []
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await proxy.close()
    server.close()
  })
  const call = () => {
    const socket = connect(proxy.port, '127.0.0.1')
    sockets.push(socket)
    const seen = { text: '', closed: false, ended: false }
    socket.on('data', (data: Buffer) => (seen.text += data.toString()))
    socket.on('end', () => (seen.ended = true))
    socket.on('close', () => (seen.closed = true))
    socket.on('error', () => {})
    return { socket, seen }
  }
  const witness = call()
  witness.socket.write('.')
  await until('the witness', () => witness.seen.text === '.')
  /**
   * Whatever was written before the call has had its turn: the same loop has carried later bytes all the way and
   * back several times.
   */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < WITNESS_ROUNDS; round++) {
      const length = witness.seen.text.length + 1
      witness.socket.write('.')
      await until('the witness', () => witness.seen.text.length === length)
    }
  }
  return { network, call, server, proxy, settle }
}

t.test('an open network carries bytes both ways, and ends', async (t) => {
  const { call } = await makeStage(t)
  const { socket, seen } = call()
  socket.write('hello')
  await until('the echo', () => seen.text === 'hello')
  socket.end()
  await until('the end', () => seen.ended)
})

t.test('a cut holds bytes back and loses none', async (t) => {
  const { network, call, settle } = await makeStage(t)
  const { socket, seen } = call()
  socket.write('1')
  await until('the echo', () => seen.text === '1')
  network.block([{ from: 'caller', to: 'server' }])
  socket.write('2')
  await settle()
  t.equal(seen.text, '1')
  network.heal()
  await until('the rest', () => seen.text === '12')
})

t.test('a cut of the way back alone holds the answers only', async (t) => {
  const { network, call, server, settle } = await makeStage(t)
  let heard = ''
  server.on('connection', (socket) => socket.on('data', (data) => (heard += data.toString())))
  const { socket, seen } = call()
  socket.write('1')
  await until('the echo', () => seen.text === '1')
  network.block([{ from: 'server', to: 'caller' }])
  socket.write('2')
  await until('the request', () => heard === '12')
  await settle()
  t.equal(seen.text, '1')
  network.heal()
  await until('the answer', () => seen.text === '12')
})

t.test('a new connection through a cut gets no further until it heals', async (t) => {
  const { network, call, server, settle } = await makeStage(t)
  let connections = 0
  server.on('connection', () => connections++)
  network.block([{ from: 'server', to: 'caller' }])
  const { socket, seen } = call()
  socket.write('hello')
  await settle()
  t.equal(connections, 0)
  t.notOk(seen.closed)
  network.heal()
  await until('the echo', () => seen.text === 'hello')
})

t.test('a caller that gave up during a cut is forgotten', async (t) => {
  const { network, call, server, settle } = await makeStage(t)
  let connections = 0
  server.on('connection', () => connections++)
  network.block([{ from: 'caller', to: 'server' }])
  const { socket, seen } = call()
  await settle()
  socket.destroy()
  await until('the close', () => seen.closed)
  await settle()
  network.heal()
  await settle()
  t.equal(connections, 0)
})

t.test('nobody behind it: the caller is hung up on', async (t) => {
  const { call, server } = await makeStage(t)
  // Who is connected stays so.
  server.close()
  const { seen } = call()
  await until('the close', () => seen.closed)
})

t.test('redirected, it carries new connections elsewhere and leaves the old ones', async (t) => {
  const { call, proxy } = await makeStage(t)
  const other = createServer((socket) => void socket.end('other'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const old = call()
  old.socket.write('1')
  await until('the echo', () => old.seen.text === '1')
  proxy.redirect({ forwardPort: (other.address() as AddressInfo).port, target: 'other' })
  const anew = call()
  await until('the other', () => anew.seen.text === 'other')
  old.socket.write('2')
  await until('the rest', () => old.seen.text === '12')
})

t.test('a connection is known by the process that opened it', async (t) => {
  const { call } = await makeStage(t)
  const { socket, seen } = call()
  socket.write('x')
  await until('the echo', () => seen.text === 'x')
  const port = socket.localPort ?? 0
  const among = (name: string, pid: number) => makeFindOwner(() => new Map([[name, pid]]))
  const us = among('us', process.pid)
  t.same(await Promise.all([us(port), us(1), us(port)]), ['us', null, 'us'], 'one look for all')
  t.equal(await among('parent', process.ppid)(port), null)
})
