// The server on real sockets: UDP and TCP on one port, many questions per connection, and what ends one.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { makeIpv4 } from '#model/ipv4.ts'
import { dnsView } from '#node/rack-view.ts'
import { openDgramUdp } from '#rack/net/dgram-udp-socket.ts'
import { openSockets } from '#rack/net/sockets.ts'
import type { UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'
import { startDns, type DnsServer } from '#rack/dns/server.ts'
import { StreamFramer } from '#rack/dns/stream-framer.ts'
import { systemRandom } from '#platform/system.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { DnsStage, lines } from '#test/support/dns-stage.ts'
import { makeQuery, readMessage } from '#test/support/dns-message.ts'

const { logger } = makeLogRecorder()
const native = await openSockets({ logger })
const LOOPBACK = makeIpv4(0x7f000001)
const LIMITS = {
  ...{ connections: 8, connectionsPerAddress: 3, idleMs: 10_000, questions: 4 },
  unreadOctets: 1 << 20,
}

type Opened = {
  readonly server: DnsServer
  readonly metrics: ReturnType<typeof makeCountingMetrics>
}

async function start(
  t: Test,
  more: {
    readonly openUdp?: (options: UdpOptions) => Promise<UdpSocket>
    readonly idleMs?: number
    readonly upstream?: string
  } = {},
): Promise<Opened> {
  const stage = new DnsStage()
  stage.host('www', '10.0.0.9')
  stage.host('other', '10.0.0.8')
  if (more.upstream !== undefined) {
    stage.do({ type: 'setting.put', name: 'upstream_dns', value: more.upstream })
  }
  const metrics = makeCountingMetrics()
  const server = await startDns({
    listen: { address: LOOPBACK, port: 0 },
    openUdp: more.openUdp ?? native.openUdp,
    feed: ({ onWhole }) => {
      onWhole(stage.lab.state.revision, dnsView(stage.lab.state))
      return () => {}
    },
    ...{ clock: makeFakeClock(), random: systemRandom, logger, metrics },
    tcpLimits: { ...LIMITS, idleMs: more.idleMs ?? LIMITS.idleMs },
  })
  t.teardown(() => server.close())
  return { server, metrics }
}

async function askUdp(port: number, query: Uint8Array): Promise<Uint8Array> {
  const socket = createSocket('udp4')
  socket.send(query, port, '127.0.0.1')
  const [bytes] = (await once(socket, 'message')) as [Uint8Array]
  socket.close()
  return bytes
}

const framed = (message: Uint8Array) =>
  Buffer.from([message.length >> 8, message.length & 255, ...message])

async function dial(t: Test, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** The next `count` messages of the connection. */
async function messagesOf(socket: Socket, count: number): Promise<readonly Uint8Array[]> {
  const framer = new StreamFramer()
  const found: Uint8Array[] = []
  while (found.length < count) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    found.push(...framer.push(bytes))
  }
  return found
}

for (const [name, openUdp] of [
  [native.backend, native.openUdp],
  ['dgram', openDgramUdp],
] as const) {
  t.test(`UDP and TCP answer on one port (${name})`, async (t) => {
    const { server, metrics } = await start(t, { openUdp })
    const udp = readMessage(await askUdp(server.port, makeQuery('www.maas')))
    t.same(lines(udp.answers), ['www.maas 30 1 10.0.0.9'])
    const socket = await dial(t, server.port)
    socket.write(framed(makeQuery('other.maas')))
    const [tcp = new Uint8Array()] = await messagesOf(socket, 1)
    t.same(lines(readMessage(tcp).answers), ['other.maas 30 1 10.0.0.8'])
    t.equal(metrics.total('ironraft_dns_queries_total', 'udp'), 1)
    t.equal(metrics.total('ironraft_dns_queries_total', 'tcp'), 1)
    t.ok(server.revision() > 0)
  })
}

t.test('RFC 7766 §6.2.1.1: many questions in one connection, however they are cut', async (t) => {
  const { server } = await start(t)
  const socket = await dial(t, server.port)
  const queries = Array.from({ length: 20 }, (_, id) => framed(makeQuery('www.maas', { id })))
  const stream = Buffer.concat(queries)
  const answers = messagesOf(socket, 20)
  for (let at = 0; at < stream.length; at += 7) socket.write(stream.subarray(at, at + 7))
  const ids = (await answers).map((bytes) => readMessage(bytes).id)
  t.same(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, id) => id),
  )
})

t.test('a peer that has ended its side still gets its answers', async (t) => {
  const { server } = await start(t)
  const socket = await dial(t, server.port)
  socket.end(framed(makeQuery('www.maas')))
  t.equal((await messagesOf(socket, 1)).length, 1)
  await once(socket, 'end')
})

t.test('RFC 7766 §6.2.3: a connection without a whole question ends', async (t) => {
  const { server } = await start(t, { idleMs: 50 })
  const socket = await dial(t, server.port)
  socket.write(Uint8Array.of(0, 40, 1))
  socket.resume()
  await once(socket, 'close')
  t.equal(readMessage(await askUdp(server.port, makeQuery('www.maas'))).rcode, 0)
})

t.test('connections of one address are counted', async (t) => {
  const { server, metrics } = await start(t)
  const sockets = []
  for (let i = 0; i < LIMITS.connectionsPerAddress; i++) sockets.push(await dial(t, server.port))
  const tooMany = await dial(t, server.port)
  await once(tooMany.resume(), 'close')
  t.equal(metrics.total('ironraft_dns_connections_total', 'refused'), 1)
  sockets[0]?.write(framed(makeQuery('www.maas')))
  t.equal((await messagesOf(sockets[0] as Socket, 1)).length, 1)
})

t.test('rubbish in a connection ends that connection', async (t) => {
  const { server } = await start(t)
  const socket = await dial(t, server.port)
  socket.write(Uint8Array.of(0, 3, 1, 2, 3))
  await once(socket.resume(), 'close')
  const other = await dial(t, server.port)
  other.write(framed(makeQuery('www.maas')))
  t.equal((await messagesOf(other, 1)).length, 1)
})

t.test('a name of others is forwarded; without an answer it is SERVFAIL', async (t) => {
  const upstream = createSocket('udp4')
  upstream.bind(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => upstream.close())
  upstream.on('message', (query, from) => {
    const answer = Buffer.from(query)
    answer[2] = 0x81
    answer[3] = query.toString('latin1').toLowerCase().includes('good') ? 0x83 : 0x82
    answer[11] = 0
    upstream.send(answer.subarray(0, -11), from.port, from.address)
  })
  const { server } = await start(t, { upstream: `127.0.0.1:${upstream.address().port}` })
  t.equal(readMessage(await askUdp(server.port, makeQuery('good.example'))).rcode, 3)
  t.equal(readMessage(await askUdp(server.port, makeQuery('bad.example'))).rcode, 2)
  const socket = await dial(t, server.port)
  socket.write(framed(makeQuery('good.example.net')))
  const [bytes = new Uint8Array()] = await messagesOf(socket, 1)
  t.equal(readMessage(bytes).rcode, 3)
})

t.test('a port that is taken is said', async (t) => {
  const { server } = await start(t)
  const again = startDns({
    listen: { address: LOOPBACK, port: server.port },
    openUdp: native.openUdp,
    feed: () => () => {},
    ...{ clock: makeFakeClock(), random: systemRandom, logger, metrics: makeCountingMetrics() },
  })
  await t.rejects(again, { code: 'EADDRINUSE' })
})
