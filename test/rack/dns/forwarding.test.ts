// Names of others: what is asked, what is believed, how long it is kept.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ForwardCache } from '#rack/dns/forward-cache.ts'
import { Forwarder } from '#rack/dns/forwarder.ts'
import { answerFor, readAnswer, upstreamQuery } from '#rack/dns/upstream-message.ts'
import { type Query, readQuery } from '#rack/dns/wire.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { makeCountingMetrics } from '#test/support/counting-metrics.ts'
import { makeQuery, type QuerySketch, readMessage } from '#test/support/dns-message.ts'

const RENDERING = { max: 65_535, recursionAvailable: true, cookie: undefined }

function queryOf(name: string, sketch: QuerySketch = {}): Query {
  const read = readQuery(makeQuery(name, sketch))
  if (read.kind !== 'query') throw new Error(read.kind)
  return read.query
}

let seed = 7
const random = (): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return (seed >> 8) & 255
}

type Reply = {
  readonly rcode?: number
  readonly flags?: number
  /** TTLs of A records for the name asked. */
  readonly ttls?: readonly number[]
  readonly soa?: { readonly ttl: number; readonly minimum: number }
}

const uint32 = (value: number) => [
  value >>> 24,
  (value >> 16) & 255,
  (value >> 8) & 255,
  value & 255,
]

/** As a server would answer these octets. */
function reply(query: Uint8Array, { rcode = 0, flags = 0, ttls = [], soa }: Reply): Uint8Array {
  const questionEnd = query.length - 11
  const answers = ttls.flatMap((ttl, i) => [
    ...[0xc0, 12, 0, 1, 0, 1, ...uint32(ttl), 0, 4, 192, 0, 2, i + 1],
  ])
  const authority =
    soa === undefined
      ? []
      : [
          0,
          0,
          6,
          0,
          1,
          ...uint32(soa.ttl),
          0,
          22,
          0,
          0,
          ...Array<number>(16).fill(0),
          ...uint32(soa.minimum),
        ]
  const counts = [0, 1, 0, ttls.length, 0, soa === undefined ? 0 : 1, 0, 0]
  const head = [...query.subarray(0, 2), 0x81 | (flags >> 8), 0x80 | (flags & 255) | rcode]
  return Uint8Array.from([
    ...head,
    ...counts,
    ...query.subarray(12, questionEnd),
    ...answers,
    ...authority,
  ])
}

t.test('a question has an id and a case of its own, EDNS and RD', (t) => {
  const asked = upstreamQuery(queryOf('www.example.com', { id: 1 }), random)
  const again = upstreamQuery(queryOf('www.example.com', { id: 1 }), random)
  t.not(asked.id, again.id)
  t.notSame(asked.name, again.name)
  const text = (name: Uint8Array) => Buffer.from(name).toString('latin1').toLowerCase()
  t.equal(text(asked.name), text(again.name))
  const { rd, qr, additionals } = readMessage(asked.bytes)
  t.same([rd, qr, additionals.length], [1, 0, 1])
  t.end()
})

t.test('RFC 5452: only the answer to what was asked is believed', (t) => {
  const asked = upstreamQuery(queryOf('www.example.com'), random)
  const good = reply(asked.bytes, { ttls: [60] })
  t.equal(readAnswer(good, asked)?.ttl, 60)
  const changed = (at: number, octet: number) => {
    const bytes = good.slice()
    bytes[at] = octet
    return readAnswer(bytes, asked)
  }
  t.equal(changed(0, (good[0] ?? 0) ^ 1), undefined, 'another id')
  t.equal(changed(2, 0x01), undefined, 'no response')
  t.equal(changed(13, (good[13] ?? 0) ^ 0x20), undefined, 'another case')
  t.equal(changed(13, 120), undefined, 'another name')
  t.equal(changed(30, 9), undefined, 'another type')
  t.equal(changed(5, 2), undefined, 'two questions')
  for (let end = 0; end < good.length; end++) {
    t.equal(readAnswer(good.subarray(0, end), asked), undefined, `cut at ${end}`)
  }
  t.end()
})

t.test('answers are kept by their shortest TTL, negative ones by the SOA (RFC 2308 §5)', (t) => {
  const asked = upstreamQuery(queryOf('www.example.com'), random)
  const ttl = (of: Reply) => readAnswer(reply(asked.bytes, of), asked)?.ttl
  t.equal(ttl({ ttls: [60, 30] }), 30)
  t.equal(ttl({ rcode: 3, soa: { ttl: 60, minimum: 20 } }), 20)
  t.equal(ttl({ soa: { ttl: 10, minimum: 20 } }), 10)
  t.equal(ttl({ rcode: 3 }), 0)
  t.equal(ttl({ rcode: 2, soa: { ttl: 60, minimum: 20 } }), 0)
  t.equal(ttl({ ttls: [2 ** 31 + 5] }), 0, 'RFC 2181 §8')
  t.end()
})

t.test(
  'a client gets its own id and case, TTLs that have aged, and TC when it is too much',
  (t) => {
    const query = queryOf('wWw.example.com', { id: 77, edns: {} })
    const asked = upstreamQuery(query, random)
    const answer = readAnswer(reply(asked.bytes, { ttls: [60, 9] }), asked)
    if (answer === undefined) throw new Error('unreadable')
    const got = readMessage(answerFor(query, answer, { ageSeconds: 10, rendering: RENDERING }))
    t.match(got, { id: 77, ra: 1, aa: 0, tc: 0 })
    t.same(
      got.answers.map(({ name, ttl }) => [name, ttl]),
      [
        ['wWw.example.com', 50],
        ['wWw.example.com', 0],
      ],
    )
    t.equal(got.additionals.length, 1)
    const small = { ...RENDERING, max: 60 }
    const cut = readMessage(answerFor(query, answer, { ageSeconds: 0, rendering: small }))
    t.same([cut.tc, cut.answers.length], [1, 0])
    t.end()
  },
)

function answerOf(name: string, of: Reply) {
  const asked = upstreamQuery(queryOf(name), random)
  const answer = readAnswer(reply(asked.bytes, of), asked)
  if (answer === undefined) throw new Error('unreadable')
  return answer
}

t.test('the cache is bounded in entries, octets and time', (t) => {
  const cache = new ForwardCache({ entries: 2, octets: 10_000 })
  cache.put('a', answerOf('a', { ttls: [60] }), 0)
  cache.put('b', answerOf('b', { ttls: [60] }), 0)
  t.equal(cache.get('a', 30_500)?.ageSeconds, 30)
  cache.put('c', answerOf('c', { ttls: [60] }), 0)
  t.equal(cache.get('b', 0), undefined, 'the least lately used went')
  t.ok(cache.get('a', 59_999))
  t.equal(cache.get('a', 60_000), undefined)
  cache.put('never', answerOf('never', { rcode: 2 }), 0)
  t.equal(cache.size, 1)
  const small = new ForwardCache({ entries: 100, octets: 1_000 })
  for (const key of ['a', 'b', 'c']) small.put(key, answerOf(key, { ttls: [60] }), 0)
  t.equal(small.size, 2)
  const long = new ForwardCache({ entries: 9, octets: 10_000 })
  long.put('a', answerOf('a', { ttls: [2 ** 31 - 1] }), 0)
  t.equal(long.get('a', 86_400_000), undefined, 'a day at most')
  t.end()
})

/** A server on loopback that answers by `react`; the port of its TCP side is the same. */
async function startUpstream(
  t: Test,
  react: (query: Uint8Array, send: (bytes: Uint8Array) => void) => void,
): Promise<{ readonly port: number; readonly asked: Uint8Array[]; readonly socket: Socket }> {
  const socket = createSocket('udp4')
  const asked: Uint8Array[] = []
  socket.on('message', (query, from) => {
    asked.push(query)
    react(query, (bytes) => socket.send(bytes, from.port, from.address))
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return { port: socket.address().port, asked, socket }
}

function makeForwarder(port: number) {
  const clock = makeFakeClock()
  const metrics = makeCountingMetrics()
  return { clock, metrics, forwarder: new Forwarder({ clock, metrics, random, port }) }
}

t.test('one question is asked once, however many wait for it, and then kept', async (t) => {
  const upstream = await startUpstream(t, (query, send) => send(reply(query, { ttls: [60] })))
  const { forwarder, clock } = makeForwarder(upstream.port)
  const names = ['www.example.com', 'WWW.example.com', 'www.EXAMPLE.com']
  const answers = await Promise.all(
    names.map((name) => forwarder.ask(queryOf(name), ['127.0.0.1'])),
  )
  t.equal(answers.filter((each) => each?.answer.ttl === 60).length, 3)
  t.equal(upstream.asked.length, 1)
  clock.advance(59_000)
  t.equal((await forwarder.ask(queryOf('www.example.com'), ['127.0.0.1']))?.ageSeconds, 59)
  t.equal(upstream.asked.length, 1)
  clock.advance(1_000)
  await forwarder.ask(queryOf('www.example.com'), ['127.0.0.1'])
  t.equal(upstream.asked.length, 2)
})

t.test('forged answers are passed over and the right one is taken', async (t) => {
  const upstream = await startUpstream(t, (query, send) => {
    const good = reply(query, { ttls: [60] })
    send(good.map((octet, at) => (at === 1 ? octet ^ 1 : octet)))
    send(new Uint8Array(3))
    send(good)
  })
  const { forwarder } = makeForwarder(upstream.port)
  t.equal((await forwarder.ask(queryOf('a.example'), ['127.0.0.1']))?.answer.ttl, 60)
})

t.test(
  'the next server is asked when one fails, and a failure is not asked again at once',
  async (t) => {
    const bad = await startUpstream(t, (query, send) => send(reply(query, { rcode: 2 })))
    const good = await startUpstream(t, (query, send) => send(reply(query, { ttls: [60] })))
    const { forwarder, clock, metrics } = makeForwarder(bad.port)
    const servers = ['127.0.0.1', `127.0.0.1:${good.port}`]
    t.ok(await forwarder.ask(queryOf('a.example'), servers))
    t.same([bad.asked.length, good.asked.length], [1, 1])
    t.equal(await forwarder.ask(queryOf('b.example'), ['127.0.0.1']), undefined)
    t.equal(await forwarder.ask(queryOf('b.example'), ['127.0.0.1']), undefined)
    t.equal(bad.asked.length, 2)
    clock.advance(2_001)
    await forwarder.ask(queryOf('b.example'), ['127.0.0.1'])
    t.equal(bad.asked.length, 3)
    t.equal(metrics.total('ironraft_dns_forwards_total', 'failed'), 2)
  },
)

t.test('an answer that was cut off is asked for again by TCP', async (t) => {
  const tcp = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const answer = reply(bytes.subarray(2), { ttls: [60, 50] })
      const framed = Buffer.from([answer.length >> 8, answer.length & 255, ...answer])
      // In two pieces, the first of them half a length.
      socket.write(framed.subarray(0, 1))
      setImmediate(() => socket.write(framed.subarray(1)))
    })
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  t.teardown(() => tcp.close())
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4')
  t.teardown(() => udp.close())
  udp.on('message', (query, from) => {
    udp.send(reply(query, { flags: 0x0200 }), from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  const { forwarder } = makeForwarder(port)
  const forwarded = await forwarder.ask(queryOf('a.example'), ['127.0.0.1'])
  t.equal(forwarded?.answer.answers, 2)
})
