// lease-protocol §2, §3 and §6: the connected path.
import t from 'tap'
import type { Lab } from '#test/support/region-state.ts'
import {
  bind,
  ip,
  mac,
  makeRelayedLab,
  makeServedLab,
  newRange,
  newSubnet,
  RACK_2,
  registerRack,
} from '#test/support/region-state.ts'
import { enduranceMs } from '#state/lease.ts'
import { holdMs } from '#model/lease-time.ts'

/** Full endurance: ceil(1,800,000 · 11 / 9) + 60,000 ms. */
const LONGEST_MS = 2_260_000

const holdOf = (lab: Lab, address: string) => lab.state.holds.get(ip(address))

t.test('a bind holds the address for max(L, H)·K + g of log time', async (t) => {
  const lab = makeServedLab()
  const value = lab.ok(bind(1, '10.0.0.100'))
  t.same(value, { ip: ip('10.0.0.100'), leaseSeconds: 600, until: lab.stamp + LONGEST_MS })
  t.match(holdOf(lab, '10.0.0.100'), { client: `1-${mac(1)}`, boundAt: lab.stamp, released: false })
})

const lengths = [
  { name: '600 s without endurance is 734 s + g', lease: 600, endurance: 0, ms: 793_334 },
  { name: '9 s comes out even', lease: 9, endurance: 0, ms: 71_000 },
  {
    name: 'a lease longer than the endurance counts',
    lease: 3600,
    endurance: 1_800_000,
    ms: 4_460_000,
  },
]
for (const { name, lease, endurance, ms } of lengths) {
  t.test(`hold length: ${name}`, async (t) => t.equal(holdMs(lease, endurance), ms))
}

const pools = [
  { name: 'empty pool', heldCount: 0, ms: 1_800_000 },
  { name: '25 % free', heldCount: 75, ms: 1_800_000 },
  { name: '15 % free', heldCount: 85, ms: 900_000 },
  { name: '5 % free', heldCount: 95, ms: 0 },
  { name: 'full pool', heldCount: 100, ms: 0 },
]
for (const { name, heldCount, ms } of pools) {
  t.test(`endurance with ${name}`, async (t) => t.equal(enduranceMs({ size: 100, heldCount }), ms))
}

t.test('a lease longer than a day is cut to a day', async (t) => {
  const lab = makeServedLab()
  t.equal(lab.ok(bind(1, '10.0.0.100', { leaseSeconds: 1_000_000 })).leaseSeconds, 86_400)
})

t.test('a renewal never ends earlier than the hold did before', async (t) => {
  const lab = makeServedLab()
  const first = lab.ok(bind(1, '10.0.0.100', { leaseSeconds: 7200 }))
  const second = lab.ok(bind(1, '10.0.0.100', { leaseSeconds: 30, kind: 'renewing' }))
  t.equal(second.until, first.until)
  t.equal(second.leaseSeconds, 30)
  const later = lab.ok(bind(1, '10.0.0.100', { kind: 'renewing' }), 8_000_000)
  t.equal(later.until, lab.stamp + LONGEST_MS)
})

t.test('another client is told no until the hold has ended, and gets it then', async (t) => {
  const lab = makeServedLab()
  const { until } = lab.ok(bind(1, '10.0.0.100'))
  t.equal(lab.refused(bind(2, '10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
  t.equal(lab.refused(bind(2, '10.0.0.100'), until - lab.stamp - 1).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(2, '10.0.0.100'), 1))
})

t.test('a release is marked and frees nothing', async (t) => {
  const lab = makeServedLab()
  const { until } = lab.ok(bind(1, '10.0.0.100'))
  lab.ok({ type: 'lease.release', client: `1-${mac(1)}`, ip: ip('10.0.0.100') })
  t.match(holdOf(lab, '10.0.0.100'), { released: true, until })
  t.equal(lab.refused(bind(2, '10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
  lab.ok(bind(1, '10.0.0.100', { kind: 'initReboot' }))
  t.match(holdOf(lab, '10.0.0.100'), { released: false })
})

t.test('release and decline of somebody else are refused', async (t) => {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.100'))
  const other = { client: `1-${mac(2)}`, ip: ip('10.0.0.100') }
  t.equal(lab.refused({ type: 'lease.release', ...other }).code, 'NOT_FOUND')
  t.equal(lab.refused({ type: 'lease.decline', ...other, mac: mac(2) }).code, 'NOT_FOUND')
  const spoofed = {
    type: 'lease.decline',
    client: `1-${mac(1)}`,
    ip: other.ip,
    mac: mac(2),
  } as const
  t.equal(lab.refused(spoofed).code, 'NOT_FOUND')
  t.equal(lab.state.quarantines.size, 0)
})

t.test(
  'a declined address rests for 24 hours, for its client too, and an event says so',
  async (t) => {
    const lab = makeServedLab()
    const address = ip('10.0.0.100')
    const { until } = lab.ok(bind(1, '10.0.0.100'))
    lab.ok({ type: 'lease.decline', client: `1-${mac(1)}`, mac: mac(1), ip: address })
    t.match(lab.state.quarantines.get(address), { until: lab.stamp + 86_400_000 })
    t.equal(holdOf(lab, '10.0.0.100')?.until, until)
    t.equal(lab.refused(bind(1, '10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
    t.equal(lab.refused(bind(2, '10.0.0.100'), 80_000_000).code, 'ADDRESS_UNAVAILABLE')
    t.match([...lab.state.events.values()].at(-1), { level: 'WARNING' })
    t.ok(lab.ok(bind(2, '10.0.0.100'), 7_000_000))
  },
)

t.test('a decline later than the hold is long never shortens the protection', async (t) => {
  const lab = makeServedLab()
  const { until } = lab.ok(bind(1, '10.0.0.100', { leaseSeconds: 86_400 }))
  lab.ok({ type: 'lease.decline', client: `1-${mac(1)}`, mac: mac(1), ip: ip('10.0.0.100') })
  t.equal(lab.state.quarantines.get(ip('10.0.0.100'))?.until, until)
})

t.test('a relayed VLAN is served by the racks of the VLAN that its relay points to', async (t) => {
  const lab = makeRelayedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  t.match(lab.ok(bind(1, '10.1.0.100')), { ip: ip('10.1.0.100') })
  t.equal(lab.refused(bind(2, '10.1.0.101', { rackId: RACK_2 })).code, 'RACK_REFUSED')
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: { dhcpOn: false } })
  t.equal(lab.refused(bind(2, '10.1.0.101')).code, 'RACK_REFUSED', 'nobody serves it then')
})

t.test('binds of before the level that brought relays mean what they meant', async (t) => {
  const lab = makeRelayedLab()
  const row = lab.state.cluster.get('cluster')
  if (row !== undefined) lab.state.load('cluster', 'cluster', { ...row, featureLevel: 2 })
  t.equal(lab.refused(bind(1, '10.1.0.100')).code, 'RACK_REFUSED')
})

t.test('INIT-REBOOT without a record is not answered (RFC 2131 §4.3.2)', async (t) => {
  const lab = makeServedLab()
  t.equal(lab.refused(bind(1, '10.0.0.100', { kind: 'initReboot' })).code, 'NOT_FOUND')
})

t.test('INIT-REBOOT with a record of another address is told no', async (t) => {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.101'))
  const refusal = lab.refused(bind(1, '10.0.0.100', { kind: 'initReboot' }))
  t.equal(refusal.code, 'ADDRESS_UNAVAILABLE')
})

t.test('a record that has ended is no record', async (t) => {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.100'))
  t.equal(lab.refused(bind(1, '10.0.0.100', { kind: 'initReboot' }), LONGEST_MS).code, 'NOT_FOUND')
})

const outside = [
  { kind: 'selecting', code: 'ADDRESS_UNAVAILABLE' },
  { kind: 'renewing', code: 'NOT_FOUND' },
  { kind: 'rebinding', code: 'NOT_FOUND' },
] as const
for (const { kind, code } of outside) {
  t.test(`${kind} an address of no dynamic range that nobody had: ${code}`, async (t) => {
    const lab = makeServedLab()
    t.equal(lab.refused(bind(1, '10.0.0.50', { kind })).code, code)
    t.equal(lab.refused(bind(1, '10.9.9.9', { kind })).code, code)
  })
}

t.test('a hold whose range went is not renewed and runs out', async (t) => {
  const lab = makeServedLab()
  const { until } = lab.ok(bind(1, '10.0.0.100'))
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  t.equal(lab.refused(bind(1, '10.0.0.100', { kind: 'renewing' })).code, 'ADDRESS_UNAVAILABLE')
  t.equal(holdOf(lab, '10.0.0.100')?.until, until)
  lab.ok(newRange('dynamic', 1, ['10.0.0.90', '10.0.0.110']))
  t.equal(lab.refused(bind(2, '10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
})

t.test('a rack may bind only where it serves', async (t) => {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  t.equal(lab.refused(bind(1, '10.0.0.100', { rackId: RACK_2 })).code, 'RACK_REFUSED')
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: { secondaryRack: RACK_2 } })
  lab.ok(bind(1, '10.0.0.100', { rackId: RACK_2 }))
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: { dhcpOn: false } })
  t.equal(lab.refused(bind(1, '10.0.0.100', { kind: 'renewing' })).code, 'RACK_REFUSED')
})

t.test('an address a rack has on its interface is never bound', async (t) => {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.150/24']))
  t.equal(lab.refused(bind(1, '10.0.0.150')).code, 'ADDRESS_UNAVAILABLE')
})

t.test('an API address that a later range covers is not bound: the range is refused', async (t) => {
  const lab = makeServedLab()
  const reserve = { subnetId: 1 as never, userId: 1 as never, hostname: '', mac: null }
  lab.ok({ type: 'address.reserve', ip: ip('10.0.0.90'), ...reserve })
  const refusal = lab.refused({
    type: 'ipRange.update',
    id: 1 as never,
    set: { start: ip('10.0.0.80') },
  })
  t.match(refusal.message, /10\.0\.0\.90/)
})

t.test('a reserved range is no place for leases', async (t) => {
  const lab = makeServedLab()
  lab.ok(newRange('reserved', 1, ['10.0.0.20', '10.0.0.29']))
  t.equal(lab.refused(bind(1, '10.0.0.25')).code, 'ADDRESS_UNAVAILABLE')
})

t.test('a lease of no seconds is malformed', async (t) => {
  const lab = makeServedLab()
  for (const leaseSeconds of [0, -1, 1.5, Number.NaN]) {
    t.equal(lab.refused(bind(1, '10.0.0.100', { leaseSeconds })).code, 'VALIDATION')
  }
})

t.test('endurance follows how full the pool is', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.7.0.0/24', 5001))
  lab.ok(newRange('dynamic', 2, ['10.7.0.10', '10.7.0.19']))
  const lengths = []
  for (let n = 0; n < 10; n++) lengths.push(lab.ok(bind(n, `10.7.0.${10 + n}`)).until - lab.stamp)
  // Free before the bind: 100 … 30 % full endurance, 20 % three quarters of it, 10 % one quarter.
  t.same(lengths.slice(0, 8), Array(8).fill(LONGEST_MS))
  t.same(lengths.slice(8), [holdMs(600, 1_350_000), holdMs(600, 450_000)])
})
