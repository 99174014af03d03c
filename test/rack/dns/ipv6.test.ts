// IPv6 names: AAAA from every source, ip6.arpa (RFC 3596 §2.5) at every prefix length, from regions and racks alike.
import * as fc from 'fast-check'
import t from 'tap'
import { parseIp } from '#model/ip.ts'
import { hexOf, makeIpv6, parseIpv6 } from '#model/ipv6.ts'
import type { SystemId, UserId } from '#model/ids.ts'
import { dnsView, fullView } from '#node/rack-view.ts'
import { SortedTexts } from '#rack/dns/sorted-texts.ts'
import { viewFeed } from '#rack/dns/view-feed.ts'
import { ZoneData } from '#rack/dns/zone-data.ts'
import { RackView } from '#rack/view.ts'
import type { Command } from '#state/command.ts'
import { DnsStage, lines } from '#test/support/dns-stage.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { anyIp, mac, newMachine, RACK } from '#test/support/region-state.ts'

const NXDOMAIN = 3
const REFUSED = 5

/** Subnet 2 is 2001:db8:1::/64. */
function stageWith(...subnets: readonly (readonly [cidr: string, rdnsMode: number])[]): DnsStage {
  const stage = new DnsStage()
  stage.do({ type: 'cluster.raiseLevel', level: 3 })
  for (const [cidr, mode] of [['2001:db8:1::/64', 1] as const, ...subnets]) stage.subnet(cidr, mode)
  return stage
}
const digitsOf = (address: string) =>
  hexOf(parseIpv6(address) ?? makeIpv6(0n))
    .split('')
    .toReversed()
/** `count`: that many digits of it, from the first one on. */
const arpa = (address: string, count = 32) =>
  `${digitsOf(address)
    .slice(32 - count)
    .join('.')}.ip6.arpa`
const aaaa = (stage: DnsStage, name: string) =>
  stage.ask(name, 'AAAA').answers.map((record) => record['address'])
const ptr = (stage: DnsStage, address: string) =>
  stage.ask(arpa(address), 'PTR').answers.map((record) => record['domain'])
const apexOf = (stage: DnsStage, name: string) => stage.ask(name, 'PTR').authorities[0]?.name
const reserve = (ip: string, hostname: string, n: number | null = null): Command => ({
  ...{ type: 'address.reserve', subnetId: 2 as never, userId: 1 as UserId, hostname },
  ...{ ip: anyIp(ip), mac: n === null ? null : mac(n) },
})

t.test(
  'AAAA beside A, and PTR of both: resources, records, addresses, machines, reserved IPs',
  async (t) => {
    const stage = stageWith()
    stage.host('both', '2001:db8:1::5 10.0.0.9')
    t.same(
      aaaa(stage, 'both.maas').map((text) => parseIp(String(text))),
      [anyIp('2001:db8:1::5')],
    )
    t.same(lines(stage.ask('both.maas').answers), ['both.maas 30 1 10.0.0.9'])
    t.same(ptr(stage, '2001:db8:1::5'), ['both.maas'])
    stage.record('both', 'AAAA 2001:db8:1::6')
    t.equal(aaaa(stage, 'both.maas').length, 2)
    stage.record('both', 'AAAA 2001:0db8:1::5')
    t.equal(aaaa(stage, 'both.maas').length, 2, 'an address once, from however many sources')
    t.same(ptr(stage, '2001:db8:1::6'), ['both.maas'])
    stage.do(reserve('2001:db8:1::7', 'given'))
    t.same(ptr(stage, '2001:db8:1::7'), ['given.maas'])
    stage.do({ ...newMachine(1), hostname: 'box' })
    stage.do(reserve('2001:db8:1::8', '', 1))
    t.same(ptr(stage, '2001:db8:1::8'), ['box.maas'])
    const client = { client: `1-${mac(2)}`, mac: mac(2), hostname: 'kept', comment: '' }
    stage.do({ type: 'reservation.create', ip: anyIp('2001:db8:1::9'), ...client })
    t.same(ptr(stage, '2001:db8:1::9'), ['kept.maas'])
    stage.do({ type: 'reservation.delete', ip: anyIp('2001:db8:1::9') })
    t.equal(stage.ask(arpa('2001:db8:1::9'), 'PTR').rcode, NXDOMAIN)
    t.equal(stage.ask('kept.maas', 'AAAA').rcode, NXDOMAIN)
  },
)

const PREFIXES: readonly (readonly [cidr: string, inside: string, digits: number])[] = [
  ['2001:db8:8000::/33', '2001:db8:f123::1', 9],
  ['2001:db8:4000::/34', '2001:db8:7123::1', 9],
  ['2001:db8:1100::/40', '2001:db8:11ff::1', 10],
  ['2001:db8:2:8::/61', '2001:db8:2:f::1', 16],
  ['2001:db8:2:10::/62', '2001:db8:2:13::1', 16],
  ['2001:db8:2:20::/63', '2001:db8:2:21::1', 16],
  ['2001:db8:2:30::/64', '2001:db8:2:30:8000::1', 16],
  ['2001:db8:2:40::/65', '2001:db8:2:40:7000::1', 17],
  ['2001:db8:2:50::8/125', '2001:db8:2:50::9', 31],
  ['2001:db8:2:60::8/128', '2001:db8:2:60::8', 31],
  ['4000::/2', '7fff::1', 1],
]
for (const [cidr, inside, digits] of PREFIXES) {
  t.test(`${cidr} makes the zones of ${digits} digits, SOA, NS and names`, async (t) => {
    const stage = stageWith([cidr, 1])
    stage.host('in', inside)
    const zone = arpa(inside, digits)
    t.same(ptr(stage, inside), ['in.maas'])
    t.equal(apexOf(stage, arpa(inside)) ?? zone, zone)
    t.equal(stage.ask(zone, 'SOA').answers[0]?.name, zone)
    t.equal(stage.ask(zone, 'NS').answers.length, 1)
    for (let more = digits + 1; more < 32; more++) {
      const { rcode, answers } = stage.ask(arpa(inside, more), 'PTR')
      t.same([rcode, answers.length], [0, 0], 'an empty name above one that exists (RFC 8020)')
    }
    const { id = 0 } = [...stage.lab.state.subnets.values()].find((row) => row.name === cidr) ?? {}
    stage.do({ type: 'subnet.update', id: id as never, set: { rdnsMode: 0 } })
    t.not(stage.ask(zone, 'SOA').answers.length, 1, 'with mode 0 there is no zone')
  })
}

t.test(
  'the longest prefix decides; what is nobody’s is not there, and not ours is refused',
  async (t) => {
    const stage = stageWith(['2001:db8:1::100/120', 0], ['2a00:1::/32', 1])
    stage.host('off', '2001:db8:1::105')
    t.equal(stage.ask(arpa('2001:db8:1::105'), 'PTR').rcode, NXDOMAIN)
    t.equal(stage.ask(arpa('2001:db8:1::abcd'), 'PTR').rcode, NXDOMAIN)
    t.equal(apexOf(stage, arpa('2001:db8:1::abcd')), arpa('2001:db8:1::', 16))
    t.equal(stage.ask(arpa('2001:db8:1::abcd', 20), 'PTR').rcode, 0, 'above 2001:db8:1::105')
    t.equal(stage.ask(arpa('2001:db8:1:0:1::', 20), 'PTR').rcode, NXDOMAIN)
    t.equal(stage.ask(arpa('2a00:2::1'), 'PTR').rcode, REFUSED)
    t.equal(stage.ask(arpa('2a00:1::1'), 'PTR').rcode, NXDOMAIN)
    const apex = arpa('2001:db8:1::', 16)
    for (const odd of [`g.${apex}`, `00.${apex}`, `1.0.${arpa('2001:db8:1::')}`, `-.${apex}`]) {
      t.equal(stage.ask(odd, 'PTR').rcode, NXDOMAIN, odd)
    }
    const upper = arpa('2001:db8:1::abcd', 20).toUpperCase()
    t.equal(stage.ask(upper, 'PTR').rcode, 0, 'in any case')
  },
)

t.test(
  'with mode 2 a prefix longer than 124 has a zone of its own, as RFC 2317 has it',
  async (t) => {
    const stage = stageWith(['2001:db8:3::8/125', 2])
    stage.host('small', '2001:db8:3::9')
    const around = arpa('2001:db8:3::', 31)
    t.same(lines(stage.ask(arpa('2001:db8:3::9'), 'PTR').answers), [
      `9.${around} 30 5 9.8-125.${around}`,
      `9.8-125.${around} 30 12 small.maas`,
    ])
    t.same(stage.ask(`9.8-125.${around}`, 'PTR').answers.length, 1)
    t.equal(stage.ask(`8-125.${around}`, 'SOA').answers[0]?.name, `8-125.${around}`)
    t.equal(stage.ask(`7.8-125.${around}`, 'PTR').rcode, NXDOMAIN, 'outside of it')
    t.equal(stage.ask(`a.8-125.${around}`, 'PTR').rcode, NXDOMAIN)
  },
)

t.test('glue: a referral carries the AAAA of its server', async (t) => {
  const stage = stageWith()
  stage.host('ns.sub', '2001:db8:1::53')
  stage.record('sub', 'NS ns.sub.maas')
  const { authorities, additionals } = stage.ask('www.sub.maas', 'AAAA')
  t.same(
    authorities.map((record) => record['ns']),
    ['ns.sub.maas'],
  )
  t.same(
    additionals.map((record) => parseIp(String(record['address']))),
    [anyIp('2001:db8:1::53')],
  )
})

t.test('a rack answers as the regions do, and its DHCP sees no IPv6', async (t) => {
  const stage = stageWith()
  stage.host('web', '2001:db8:1::5 10.0.0.9')
  stage.do(reserve('2001:db8:1::7', 'given'))
  const kept = { client: `1-${mac(2)}`, mac: mac(2), hostname: 'kept', comment: '' }
  stage.do({ type: 'reservation.create', ip: anyIp('2001:db8:1::9'), ...kept })
  const { state } = stage.lab
  const view = new RackView(makeFakeClock())
  const meta = { revision: state.revision, stamp: state.stamp }
  view.apply({ type: 'viewReset', ...meta, rows: fullView(state, RACK as SystemId) })
  t.same(
    [...view.table('subnets').values()].map(({ id }) => id),
    [1],
  )
  t.same(view.reservationsOfClient(`1-${mac(2)}`), [])
  viewFeed(view)({
    onWhole: (revision, rows) => {
      stage.responder.data = new ZoneData()
      stage.data.apply(revision, rows)
    },
    onChanges: () => undefined,
  })
  t.equal(aaaa(stage, 'web.maas').length, 1)
  for (const [address, name] of [
    ['5', 'web'],
    ['7', 'given'],
    ['9', 'kept'],
  ]) {
    t.same(ptr(stage, `2001:db8:1::${address}`), [`${name}.maas`])
  }
})

t.test('changes row by row come to what the whole state says', async (t) => {
  const step = fc.record({ kind: fc.nat(3), n: fc.nat(6), name: fc.constantFrom('a', 'b', '') })
  const hosts = Array.from({ length: 7 }, (_, n) => `2001:db8:1::1${n}`)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const stage = stageWith()
      const commands = (kind: number, n: number, name: string) => {
        const ip = hosts[n] ?? ''
        const fields = { domainId: 0 as never, name: name || '@', addressTtl: null }
        const addresses = [anyIp(ip), anyIp('10.0.0.9')]
        const all = [
          { type: 'dnsResource.create', userId: 1 as UserId, ...fields, addresses },
          { type: 'dnsResource.delete', id: n as never },
          reserve(ip, name),
          { type: 'address.release', ip: anyIp(ip), userId: 1 as UserId, force: true },
        ] as const
        return all[kind] ?? all[0]
      }
      for (const { kind, n, name } of steps) {
        try {
          stage.do(commands(kind, n, name))
        } catch {
          // Refused: nothing changed.
        }
      }
      const seen = () => hosts.map((ip) => [ptr(stage, ip), stage.ask(arpa(ip, 31), 'PTR').rcode])
      const incremental = JSON.stringify(seen())
      for (const ip of hosts) {
        for (const name of ptr(stage, ip)) {
          const back = aaaa(stage, String(name)).map((text) => parseIp(String(text)))
          if (!back.includes(anyIp(ip)))
            throw new Error(`${ip} is ${String(name)}, which is not it`)
        }
      }
      stage.responder.data = new ZoneData()
      stage.data.apply(stage.lab.state.revision, dnsView(stage.lab.state))
      return incremental === JSON.stringify(seen())
    }),
    { numRuns: 40 },
  )
  t.pass('for every order of commands')
})

t.test('a sorted set knows the beginnings of what is in it', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('0', '1', 'f'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.record({ text, add: fc.boolean(), ask: text })), (steps) => {
      const texts = new SortedTexts()
      const plain = new Set<string>()
      for (const step of steps) {
        if (step.add) texts.add(step.text)
        else texts.delete(step.text)
        if (step.add) plain.add(step.text)
        else plain.delete(step.text)
        const expected = [...plain].some((one) => one.startsWith(step.ask))
        if (texts.hasBeginning(step.ask) !== expected) throw new Error(`of ${[...plain].join()}`)
      }
    }),
  )
  t.pass('for every order of changes')
})
