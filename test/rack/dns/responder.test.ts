// What is answered to whom: amplification, cookies, access to recursion; and that no octets stop it.
import t from 'tap'
import * as fc from 'fast-check'
import { parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import { Cookies } from '#rack/dns/cookie.ts'
import { DnsStage } from '#test/support/dns-stage.ts'
import { makeQuery, readMessage } from '#test/support/dns-message.ts'
import { expectedOf, makeMutator, wrongWith } from '#test/support/dns-mutants.ts'

const FAR = '198.51.100.7'

function makeStage(): DnsStage {
  const stage = new DnsStage()
  const long = `TXT ${'x'.repeat(900)}`
  stage.record('big', long)
  stage.host('*', '203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4')
  stage.host('www', '203.0.113.1')
  stage.record('alias', 'CNAME a.rather.long.name.that.leads.nowhere')
  stage.do({ type: 'setting.put', name: 'upstream_dns', value: '192.0.2.53' })
  return stage
}

/** Option COOKIE with these octets. */
const cookieOption = (cookie: readonly number[] | Uint8Array) => [
  ...[0, 10, 0, cookie.length],
  ...cookie,
]
const CLIENT_COOKIE = [1, 2, 3, 4, 5, 6, 7, 8]

/** The cookie that the answer brings. */
function cookieIn(bytes: Uint8Array): Uint8Array {
  return bytes.slice(bytes.length - 24)
}

t.test('by UDP nobody gets more than three times what he sent, whatever he asks', (t) => {
  const stage = makeStage()
  const names = ['big.maas', 'x.maas', 'alias.maas', 'none.example.com', 'maas', '', 'n.b.maas']
  const sketches = [
    {},
    { edns: {} },
    { edns: { udpOctets: 65_535, options: cookieOption(CLIENT_COOKIE) } },
  ]
  for (const name of names) {
    for (const type of ['A', 'TXT', 'ANY', 'SOA', 'MX']) {
      for (const sketch of sketches) {
        const query = makeQuery(name, { type, ...sketch })
        const reaction = stage.react(query, { from: FAR })
        if (reaction.kind !== 'reply') throw new Error(`no answer to ${name}`)
        const factor = reaction.bytes.length / query.length
        t.ok(factor <= 3, `${name} ${type} ${factor.toFixed(2)}`)
      }
    }
  }
  t.end()
})

t.test('with a cookie of ours the whole answer comes', (t) => {
  const stage = makeStage()
  const ask = (options: readonly number[], from = FAR) => {
    const query = makeQuery('big.maas', { type: 'TXT', edns: { options } })
    const reaction = stage.react(query, { from })
    if (reaction.kind !== 'reply') throw new Error('no answer')
    return reaction.bytes
  }
  const first = ask(cookieOption(CLIENT_COOKIE))
  t.equal(readMessage(first).tc, 1)
  const cookie = cookieIn(first)
  t.same([...cookie.subarray(0, 8)], CLIENT_COOKIE)
  t.equal(readMessage(ask(cookieOption(cookie))).answers.length, 1)
  t.equal(readMessage(ask(cookieOption(cookie), '198.51.100.8')).tc, 1, 'not from another address')
  const forged = cookie.map((octet, at) => (at === 23 ? octet ^ 1 : octet))
  t.equal(readMessage(ask(cookieOption(forged))).tc, 1)
  stage.clock.advance(3_700_000)
  t.equal(readMessage(ask(cookieOption(cookie))).tc, 1, 'and not for ever')
  t.end()
})

t.test('cookies of two servers differ, those of the future are none', (t) => {
  const address = parseIpv4(FAR) as Ipv4
  const one = new Cookies(new Uint8Array(32))
  const other = new Cookies(new Uint8Array(32).fill(1))
  const client = Uint8Array.from(CLIENT_COOKIE)
  const cookie = one.make(client, address, 1_000_000)
  t.ok(one.isValid(cookie, address, 1_000_000))
  t.notOk(other.isValid(cookie, address, 1_000_000))
  t.notOk(one.isValid(cookie, address, 999_000))
  t.notOk(one.isValid(client, address, 1_000_000))
  t.end()
})

t.test('only hosts of ours are forwarded for', (t) => {
  const stage = makeStage()
  const kind = (from: string, flags = 0x0100) =>
    stage.react(makeQuery('example.com', { flags }), { from }).kind
  t.equal(kind(FAR), 'reply')
  t.equal(kind('10.0.0.77'), 'forward')
  t.equal(kind('127.0.0.1'), 'forward')
  t.equal(kind('10.0.0.77', 0), 'reply', 'and only when they wish it')
  const id = 1 as never
  stage.do({ type: 'subnet.update', id, set: { allowDns: false } })
  t.equal(kind('10.0.0.77'), 'reply')
  stage.do({ type: 'setting.put', name: 'dns_trusted_acl', value: 'nonsense, 198.51.100.0/24' })
  t.equal(kind(FAR), 'forward')
  stage.do({ type: 'setting.put', name: 'upstream_dns', value: null })
  t.equal(kind(FAR), 'reply', 'with nobody to ask it is refused')
  t.end()
})

t.test('RA is for those who may', (t) => {
  const stage = makeStage()
  t.equal(stage.ask('www.maas', 'A', { from: FAR }).ra, 0)
  t.equal(stage.ask('www.maas', 'A', { from: '10.0.0.77' }).ra, 1)
  t.end()
})

/** What must hold of any reaction to any octets. */
function checkReaction(stage: DnsStage, bytes: Uint8Array): void {
  const reaction = stage.react(bytes, { from: FAR })
  if (expectedOf(bytes) === 'silence') {
    if (reaction.kind !== 'drop') throw new Error('answered what must not be')
    return
  }
  if (reaction.kind !== 'reply') throw new Error(`a query got ${reaction.kind}`)
  // Read by a stranger.
  readMessage(reaction.bytes)
  const wrong = wrongWith(reaction.bytes, bytes)
  if (wrong !== undefined) throw new Error(wrong)
  // Two servers that answer each other would never stop.
  if (stage.react(reaction.bytes, { from: FAR }).kind !== 'drop') throw new Error('it loops')
}

t.test('random octets are answered or dropped by the rules', (t) => {
  const stage = makeStage()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => checkReaction(stage, bytes)),
    { numRuns: 3_000 },
  )
  t.pass('none stopped it')
  t.end()
})

t.test('so are queries with octets changed, cut or added', (t) => {
  const stage = makeStage()
  const base = fc.constantFrom(
    makeQuery('big.maas', { type: 'TXT', edns: { options: cookieOption(CLIENT_COOKIE) } }),
    makeQuery('alias.maas', { edns: {} }),
    makeQuery('9.0.0.10.in-addr.arpa', { type: 'PTR' }),
  )
  const changes = fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(
      base,
      changes,
      fc.nat(80),
      fc.uint8Array({ maxLength: 20 }),
      (query, edits, end, tail) => {
        const bytes = query.slice()
        for (const [at, octet] of edits) if (at < bytes.length) bytes[at] = octet
        checkReaction(stage, Uint8Array.from([...bytes.subarray(0, Math.max(end, 4)), ...tail]))
      },
    ),
    { numRuns: 6_000 },
  )
  t.pass('none stopped it')
  t.end()
})

t.test('and so are twenty thousand mutants of a seed', (t) => {
  const stage = makeStage()
  stage.record('loop', 'CNAME pool')
  stage.record('pool', 'CNAME loop')
  const { next } = makeMutator(20_261_127)
  const met = new Map<string, number>()
  for (let i = 0; i < 20_000; i++) {
    const bytes = next(i & 0xffff).slice()
    try {
      checkReaction(stage, bytes)
    } catch (error) {
      throw new Error(`number ${i}, ${Buffer.from(bytes).toString('hex')}`, { cause: error })
    }
    const expected = expectedOf(bytes)
    met.set(expected, (met.get(expected) ?? 0) + 1)
  }
  for (const kind of ['silence', 'FORMERR', 'NOTIMP', 'some answer']) {
    t.ok((met.get(kind) ?? 0) > 500, `${kind}: ${met.get(kind)}`)
  }
  t.end()
})
