// What is never given, whatever subnets nest and whoever asks: network, broadcast, gateways, DNS servers, racks,
// ranges with their edges, reserved IPs.
import fc from 'fast-check'
import t from 'tap'
import {
  compareIps,
  contains,
  formatIp,
  formatIpCidr,
  isIn,
  nextIp,
  spanOf,
  type Ip,
} from '#model/ip.ts'
import type { Command, CommandOf } from '#state/command.ts'
import type { Outcome } from '#state/outcome.ts'
import type { RegionState } from '#state/state.ts'
import { unusedRanges } from '#state/subnet-usage.ts'
import {
  anyCidr,
  anyIp,
  bind,
  ip,
  mac,
  makeNewestLab,
  makeServedLab,
  newRange,
  newSubnet,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const reserve = (text: string | null, subnetId = 2): CommandOf<'address.reserve'> => ({
  ...{
    type: 'address.reserve',
    subnetId: subnetId as never,
    ip: text === null ? null : anyIp(text),
  },
  ...{ userId: 1 as never, hostname: '', mac: null },
})
const reservedIp = (text: string, n: number): CommandOf<'reservation.create'> => ({
  ...{ type: 'reservation.create', ip: anyIp(text), client: `1-${mac(n)}`, mac: mac(n) },
  ...{ hostname: '', comment: '' },
})
const next = (lab: Lab, subnetId = 2): string => formatIp(lab.ok(reserve(null, subnetId)).ip)

/** Subnet 2: 10.5.0.0/28. */
function nestedLab(...subnets: readonly CommandOf<'subnet.create'>[]): Lab {
  const lab = makeNewestLab()
  lab.ok(newSubnet('10.5.0.0/28', 5001))
  for (const subnet of subnets) lab.ok(subnet)
  return lab
}

t.test('addresses of nested subnets are stepped over', async (t) => {
  const lab = nestedLab(
    newSubnet('10.5.0.4/30', 5001),
    newSubnet('10.5.0.8/29', 5001),
    newSubnet('10.5.0.12/30', 5001),
  )
  t.same([next(lab), next(lab), next(lab)], ['10.5.0.1', '10.5.0.2', '10.5.0.3'])
  const refusal = lab.refused(reserve(null))
  t.equal(refusal.code, 'ADDRESSES_EXHAUSTED')
  t.match(refusal.message, /14 in all, 0 in ranges, 3 given out, 12 in nested subnets/)
  t.same([next(lab, 3), next(lab, 3)], ['10.5.0.5', '10.5.0.6'])
})

t.test('a nested subnet keeps the gateway and DNS servers of the enclosing one', async (t) => {
  const lab = nestedLab(newSubnet('10.5.0.4/30', 5001))
  const set = { gatewayIp: ip('10.5.0.5'), dnsServers: ['10.5.0.6'] }
  lab.ok({ type: 'subnet.update', id: 2 as never, set })
  t.match(lab.refused(reserve(null, 3)).message, /2 kept for gateways and DNS servers/)
})

t.test('below level 3 the command means what it meant', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.5.0.0/29', 5001))
  lab.ok({ ...newSubnet('10.5.0.0/30', 5001), gatewayIp: ip('10.5.0.1') })
  t.equal(next(lab), '10.5.0.1')
  const refusal = lab.refused(reserve('10.0.0.150', 1))
  t.equal(refusal.message, 'The IP address 10.0.0.150 is in a dynamic range.')
})

t.test('the gateway of a static route is nobody else’s', async (t) => {
  const lab = nestedLab()
  const route = { source: 2 as never, destination: 1 as never, gatewayIp: ip('10.5.0.1') }
  lab.ok({ type: 'staticRoute.create', ...route, metric: 0 })
  t.equal(next(lab), '10.5.0.2')
  t.match(lab.refused(reserve('10.5.0.1')).message, /is the gateway of static route 1\.$/)
  lab.ok({ type: 'staticRoute.delete', id: 1 as never })
  t.ok(lab.ok(reserve('10.5.0.1')))
})

t.test('a reserved IP is not the next free one', async (t) => {
  const lab = nestedLab()
  lab.ok(reservedIp('10.5.0.1', 7))
  t.equal(next(lab), '10.5.0.2')
  t.match(lab.refused(reserve('10.5.0.1')).message, /is reserved for 52:54:00:00:00:07\.$/)
})

const sentences: readonly {
  readonly name: string
  readonly address: string
  readonly before?: readonly Command[]
  readonly says: RegExp
}[] = [
  { name: 'outside', address: '10.0.1.1', says: /is not a host address of 10\.0\.0\.0\/24/ },
  {
    name: 'of a nested subnet',
    address: '10.0.0.66',
    before: [newSubnet('10.0.0.64/29', 5001)],
    says: /belongs to subnet 10\.0\.0\.64\/29, which is inside of 10\.0\.0\.0\/24/,
  },
  { name: 'dynamic', address: '10.0.0.150', says: /the dynamic range 10\.0\.0\.100-10\.0\.0\.199/ },
  {
    name: 'gateway',
    address: '10.0.0.1',
    before: [{ type: 'subnet.update', id: 1 as never, set: { gatewayIp: ip('10.0.0.1') } }],
    says: /is the gateway of subnet 10\.0\.0\.0\/24/,
  },
  {
    name: 'DNS server',
    address: '10.0.0.3',
    before: [{ type: 'subnet.update', id: 1 as never, set: { dnsServers: ['10.0.0.3'] } }],
    says: /is a DNS server of subnet 10\.0\.0\.0\/24/,
  },
  { name: 'rack', address: '10.0.0.2', says: /belongs to rack controller rack01/ },
  {
    name: 'given already',
    address: '10.0.0.7',
    before: [reserve('10.0.0.7', 1)],
    says: /is already in use/,
  },
  {
    name: 'leased',
    address: '10.0.0.100',
    before: [bind(1, '10.0.0.100'), { type: 'ipRange.delete', id: 1 as never }],
    says: /is leased to 52:54:00:00:00:01/,
  },
  {
    name: 'declined',
    address: '10.0.0.100',
    before: [
      bind(1, '10.0.0.100'),
      { ...{ type: 'lease.decline', client: `1-${mac(1)}`, mac: mac(1) }, ip: ip('10.0.0.100') },
      { type: 'ipRange.delete', id: 1 as never },
      { type: 'lease.release', client: `1-${mac(1)}`, ip: ip('10.0.0.100') },
    ],
    says: /is leased to|was found in use/,
  },
  {
    name: 'in reserve',
    address: '10.0.0.100',
    before: [
      { type: 'tenure.hello', rackId: RACK, incarnation: 1, journalSequence: 0 },
      { ...{ type: 'reserve.grant', rackId: RACK, epoch: -1, count: 1 }, vlanId: 5001 as never },
      { type: 'ipRange.delete', id: 1 as never },
    ],
    says: /is kept by rack host-rack01/,
  },
]
for (const { name, address, before = [], says } of sentences) {
  t.test(`the sentence names what is in the way: ${name}`, async (t) => {
    const lab = makeNewestLab()
    for (const command of before) lab.ok(withEpoch(lab.state, command))
    const refusal = lab.refused(reserve(address, 1))
    t.equal(refusal.code, 'ADDRESS_UNAVAILABLE')
    t.match(refusal.message, says)
  })
}

function withEpoch(state: RegionState, command: Command): Command {
  if (command.type !== 'reserve.grant') return command
  return { ...command, epoch: state.tenures.get(command.rackId)?.epoch ?? 0 }
}

t.test('the operator forgets a declined address; the hold on it stays', async (t) => {
  const lab = makeNewestLab()
  const address = ip('10.0.0.100')
  lab.ok(bind(1, '10.0.0.100'))
  const until = lab.state.holds.get(address)?.until
  lab.ok({ type: 'lease.decline', client: `1-${mac(1)}`, mac: mac(1), ip: address })
  lab.ok({ type: 'address.forget', ip: address })
  t.equal(lab.state.holds.get(address)?.until, until)
  t.equal(lab.refused({ type: 'address.forget', ip: address }).code, 'NOT_FOUND')
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  t.match(lab.refused(reserve('10.0.0.100', 1)).message, /is leased to/)
})

/** Where the property below plays: number 0 to 63 → address. */
type Family = {
  readonly name: string
  readonly at: (n: number) => string
  readonly home: string
  readonly around: string
  readonly elsewhere: string
  /** Prefix lengths of nested subnets. */
  readonly nested: readonly [number, number]
  /** Of a rack's address. */
  readonly prefix: number
}

const FAMILIES: readonly Family[] = [
  {
    ...{ name: 'IPv4', at: (n) => `10.9.0.${n}`, nested: [27, 32], prefix: 26 },
    ...{ home: '10.9.0.0/26', around: '10.9.0.0/24', elsewhere: '10.7.0.0/24' },
  },
  {
    // Eight addresses a number: a dynamic range of IPv6 has 256 at least.
    ...{ name: 'IPv6', at: (n) => `2001:db8:9::${(n * 8).toString(16)}`, nested: [121, 128] },
    ...{ home: '2001:db8:9::/119', around: '2001:db8:9::/64', elsewhere: '2001:db8:a::/64' },
    prefix: 119,
  },
]

const hosts = fc.integer({ min: 0, max: 63 })
/** What surrounds an allocation, any part of which may be refused. */
const siteOf = ({ at, ...family }: Family): fc.Arbitrary<readonly Command[]> =>
  fc
    .record({
      managed: fc.boolean(),
      gateway: fc.option(hosts),
      dns: fc.array(hosts, { maxLength: 2 }),
      nested: fc.array(
        fc.record({
          prefix: fc.integer({ min: family.nested[0], max: family.nested[1] }),
          ...{ at: hosts, gateway: hosts },
        }),
        { maxLength: 4 },
      ),
      ranges: fc.array(
        fc.record({
          dynamic: fc.boolean(),
          subnet: fc.integer({ min: 2, max: 7 }),
          a: hosts,
          b: hosts,
        }),
        { maxLength: 5 },
      ),
      routes: fc.array(hosts, { maxLength: 2 }),
      racks: fc.array(hosts, { maxLength: 2 }),
      reserved: fc.array(hosts, { maxLength: 3 }),
      given: fc.array(hosts, { maxLength: 3 }),
    })
    .map((s): readonly Command[] => [
      {
        ...newSubnet(family.home, 5001),
        ...{ managed: s.managed, dnsServers: s.dns.map(at) },
        gatewayIp: s.gateway === null ? null : anyIp(at(s.gateway)),
      },
      newSubnet(family.elsewhere, 5001),
      ...s.nested.map((n) => ({
        ...newSubnet(`${at(n.at)}/${n.prefix}`, 5001),
        gatewayIp: contains(anyCidr(`${at(n.at)}/${n.prefix}`), anyIp(at(n.gateway)))
          ? anyIp(at(n.gateway))
          : null,
      })),
      // Around all of it: its ranges reach into the subnet.
      newSubnet(family.around, 5001),
      ...s.ranges.map((r) =>
        newRange(r.dynamic ? 'dynamic' : 'reserved', r.subnet, [
          at(Math.min(r.a, r.b)),
          at(Math.max(r.a, r.b)),
        ]),
      ),
      ...s.routes.map(
        (n): Command => ({
          ...{ type: 'staticRoute.create', source: 2 as never, destination: 3 as never },
          ...{ gatewayIp: anyIp(at(n)), metric: 0 },
        }),
      ),
      registerRack(
        RACK_2,
        s.racks.map((n) => `${at(n)}/${family.prefix}`),
        2,
      ),
      ...s.reserved.map((n, i) => reservedIp(at(n), i + 1)),
      ...s.given.map((n) => reserve(at(n))),
    ])

/** Said again, without the product's own words for it. */
function isForbidden(state: RegionState, address: Ip): boolean {
  const home = state.subnets.get(2 as never)
  if (home === undefined) throw new Error('no subnet')
  const text = formatIp(address)
  for (const subnet of state.subnets.values()) {
    if (subnet.gatewayIp === address) return true
    if (subnet.dnsServers.includes(text)) return true
    if (subnet.cidr.prefix > home.cidr.prefix && contains(subnet.cidr, address)) return true
    const { start, end } = spanOf(subnet.cidr)
    const isIpv6 = text.includes(':')
    if (subnet.cidr.prefix < (isIpv6 ? 127 : 31) && address === start) return true
    if (!isIpv6 && subnet.cidr.prefix < 31 && address === end) return true
  }
  const ranges = [...state.ipRanges.values()].filter((range) => isIn(range, address))
  const free = ranges.some((r) => r.type === 'reserved' && r.subnetId === home.id)
  if (home.managed ? ranges.length > 0 : !free) return true
  if ([...state.staticRoutes.values()].some(({ gatewayIp }) => gatewayIp === address)) return true
  const nics = [...state.controllers.values()].flatMap(({ interfaces }) => interfaces)
  if (nics.some(({ addresses }) => addresses.includes(`${text}/${home.cidr.prefix}`))) return true
  return state.reservations.has(address)
}

function* addressesIn(state: RegionState): Generator<Ip> {
  for (const { start, end } of unusedRanges(state, 2 as never)) {
    for (let ip = start; ip <= end; ip = nextIp(ip)) yield ip
  }
}

for (const family of FAMILIES) {
  t.test(
    `${family.name}: the free ranges are what is given, and none of it is forbidden`,
    async (t) => {
      let given = 0
      fc.assert(
        fc.property(siteOf(family), (commands) => {
          const lab = makeNewestLab()
          for (const command of commands) lab.run(command)
          const home = lab.state.subnets.get(2 as never)
          // Refused: what came next has its id.
          if (home === undefined || formatIpCidr(home.cidr) !== family.home) return
          const free = [...addressesIn(lab.state)]
          const mine = new Set<Ip>()
          for (;;) {
            const { outcome } = lab.run(reserve(null)) as { outcome: Outcome & { value?: unknown } }
            if (!outcome.ok) break
            const { ip: address } = outcome.value as { readonly ip: Ip }
            if (mine.has(address)) throw new Error(`${formatIp(address)} twice`)
            if (!contains(home.cidr, address)) throw new Error(`${formatIp(address)} is outside`)
            if (isForbidden(lab.state, address))
              throw new Error(`${formatIp(address)} is forbidden`)
            mine.add(address)
            given++
          }
          const text = (list: readonly Ip[]): string => list.map(formatIp).join(' ')
          const sorted = [...mine].toSorted(compareIps)
          if (text(sorted) !== text(free)) throw new Error(`${text(sorted)}, not ${text(free)}`)
          if (unusedRanges(lab.state, 2 as never).length > 0) throw new Error('free, but not given')
        }),
        { numRuns: family.name === 'IPv4' ? 300 : 60 },
      )
      t.ok(given > 1_000, `${given} addresses were given`)
    },
  )
}
