// lease-protocol §3: tenures, reserves, replay, reservations, restore. Each rule by the way it could break.
import t from 'tap'
import { restoreQuarantineMs, tenureHoldMs } from '#model/lease-time.ts'
import type { SystemId } from '#model/ids.ts'
import type { Command, CommandOf } from '#state/command.ts'
import type { ReserveValue } from '#state/outcome.ts'
import {
  bind,
  ip,
  type Lab,
  mac,
  makeServedLab,
  newRange,
  RACK,
  RACK_2,
  registerRack,
} from '#test/support/region-state.ts'

const LAPSE_MS = tenureHoldMs()
const hello = (rackId: SystemId = RACK): Command => ({
  type: 'tenure.hello',
  rackId,
  incarnation: 1,
  journalSequence: 1,
})
const beat = (epoch: number, journalSequence = 1): Command => ({
  ...{ type: 'tenure.beat', rackId: RACK, epoch, journalSequence },
})
const grant = (epoch: number, count = 2): CommandOf<'reserve.grant'> => ({
  ...{ type: 'reserve.grant', rackId: RACK, epoch, count },
  vlanId: 5001 as never,
})
const epochOf = (lab: Lab, rackId: SystemId = RACK) => lab.state.tenures.get(rackId)?.epoch ?? 0
const replay = (
  lab: Lab,
  { addresses: [first], generation }: ReserveValue,
  n = 1,
): CommandOf<'reserve.replay'> => ({
  ...{ type: 'reserve.replay', rackId: RACK, epoch: epochOf(lab), generation },
  ip: first ?? ip('0.0.0.0'),
  ...{ client: `1-${mac(n)}`, mac: mac(n), leaseSeconds: 300, hostname: '' },
})
const allocate = (address: string): Command => ({
  ...{ type: 'address.reserve', ip: ip(address), hostname: '', mac: null },
  subnetId: 1 as never,
  userId: 1 as never,
})
const keep = (address: string, n: number): Command => ({
  ...{ type: 'reservation.create', ip: ip(address), client: `1-${mac(n)}` },
  ...{ mac: mac(n), hostname: '' },
})

function withTenure(): Lab {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: { secondaryRack: RACK_2 } })
  lab.ok(hello())
  return lab
}

t.test('a second hello waits until the tenure of the first lapsed', async (t) => {
  const lab = withTenure()
  const first = epochOf(lab)
  t.match(lab.refused(hello()), { code: 'RACK_REFUSED', retryAfterMs: LAPSE_MS - 1000 })
  lab.ok(hello(), LAPSE_MS - 1000)
  t.ok(epochOf(lab) > first)
})

t.test('a beat prolongs a live tenure and never revives a lapsed one', async (t) => {
  const lab = withTenure()
  const epoch = epochOf(lab)
  lab.ok(beat(epoch), LAPSE_MS - 1)
  t.equal(lab.state.tenures.get(RACK)?.until, lab.stamp + LAPSE_MS)
  t.equal(lab.refused(beat(epoch + 1)).code, 'CONFLICT')
  t.equal(lab.refused(beat(epoch), LAPSE_MS).code, 'CONFLICT')
})

t.test('a journal older than one seen gets no beat', async (t) => {
  const lab = withTenure()
  lab.ok(beat(epochOf(lab), 7))
  t.equal(lab.refused(beat(epochOf(lab), 6)).code, 'CONFLICT')
})

t.test('a granted address is nobody else’s until the tenure lapsed', async (t) => {
  const lab = withTenure()
  const { addresses } = lab.ok(grant(epochOf(lab)))
  t.equal(addresses.length, 2)
  const [first] = addresses
  const wanted = { ...bind(1, '10.0.0.100'), ip: first ?? ip('0.0.0.0') }
  t.equal(lab.refused(wanted).code, 'ADDRESS_UNAVAILABLE', 'DHCPNAK for one who selects')
  t.equal(lab.refused({ ...wanted, kind: 'renewing' }).code, 'NOT_FOUND', 'silence for a renewal')
  t.equal(lab.refused({ ...wanted, rackId: RACK_2 }).code, 'ADDRESS_UNAVAILABLE')
  lab.ok(hello(RACK_2))
  const other = { ...grant(epochOf(lab, RACK_2), 64), rackId: RACK_2 }
  t.notOk(lab.ok(other).addresses.some((each) => addresses.includes(each)))
  lab.ok(wanted, LAPSE_MS)
})

t.test('deleting range, rack or VLAN service leaves the reserve to its rack', async (t) => {
  const lab = withTenure()
  const { addresses } = lab.ok(grant(epochOf(lab)))
  lab.ok({
    type: 'rack.lost',
    systemId: RACK,
    lastBeatAt: lab.state.controllers.get(RACK)?.lastBeatAt ?? 0,
  })
  const off = { dhcpOn: false, primaryRack: null, secondaryRack: null }
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: off })
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  lab.ok({ type: 'rack.delete', systemId: RACK })
  const [first = ip('0.0.0.0')] = addresses
  const manual = { ...allocate('10.0.0.9'), ip: first } as Command
  t.equal(lab.refused(manual).code, 'ADDRESS_UNAVAILABLE')
  lab.ok(manual, LAPSE_MS)
})

t.test('grants leave the last free addresses to everybody', async (t) => {
  const lab = withTenure()
  t.equal(lab.ok(grant(epochOf(lab), 64)).addresses.length, 6, '100 free: an eighth, two racks')
  t.equal(lab.ok(grant(epochOf(lab), 64)).addresses.length, 0)
  const small = withTenure()
  small.ok({ type: 'ipRange.update', id: 1 as never, set: { end: ip('10.0.0.114') } })
  t.equal(small.ok(grant(epochOf(small), 64)).addresses.length, 0, '15 free')
})

t.test('a return takes exactly the grant it names', async (t) => {
  const lab = withTenure()
  const { addresses, generation } = lab.ok(grant(epochOf(lab)))
  const [first = ip('0.0.0.0')] = addresses
  const back = (change: Partial<CommandOf<'reserve.return'>> = {}, of = generation): Command => ({
    ...{ type: 'reserve.return', rackId: RACK, epoch: epochOf(lab) },
    reserves: [{ ip: first, generation: of }],
    ...change,
  })
  for (const wrong of [back({ rackId: RACK_2 }), back({ epoch: 1 }), back({}, generation + 1)]) {
    lab.ok(wrong)
    t.ok(lab.state.reserves.has(first))
  }
  lab.ok(back())
  t.notOk(lab.state.reserves.has(first))
})

t.test('a replay makes a hold and leaves the reserve to the rack', async (t) => {
  const lab = withTenure()
  const given = lab.ok(grant(epochOf(lab)))
  const [first = ip('0.0.0.0')] = given.addresses
  t.same(lab.ok(replay(lab, given)), { result: 'bound' })
  t.ok(lab.state.reserves.has(first))
  const renewal = { ...bind(1, '10.0.0.100'), ip: first, kind: 'renewing' as const }
  lab.ok({ ...renewal, rackId: RACK_2 })
  t.equal(lab.refused({ ...bind(2, '10.0.0.100'), ip: first }).code, 'ADDRESS_UNAVAILABLE')
  t.same(lab.ok(replay(lab, given, 2)), { result: 'conflict' })
  t.same(lab.ok(replay(lab, { ...given, generation: 1 })), { result: 'late' })
  t.same(lab.ok(replay(lab, given), LAPSE_MS), { result: 'late' })
  t.equal([...lab.state.events.values()].at(-1)?.type, 'Offline lease not replayed')
})

t.test('what a lapsed tenure left is swept', async (t) => {
  const lab = withTenure()
  lab.ok(grant(epochOf(lab)))
  lab.ok({ type: 'time.advance' }, LAPSE_MS - 1)
  t.equal(lab.state.reserves.size, 0)
  t.equal(lab.state.tenures.size, 0)
})

t.test('a reservation takes nothing from the one who has the address', async (t) => {
  const lab = withTenure()
  const { until } = lab.ok(bind(1, '10.0.0.150'))
  lab.ok(keep('10.0.0.150', 2))
  t.equal(lab.refused(bind(2, '10.0.0.150')).code, 'ADDRESS_UNAVAILABLE')
  const renewal = bind(1, '10.0.0.150', { kind: 'renewing' })
  t.equal(lab.refused(renewal).code, 'ADDRESS_UNAVAILABLE', 'and is not prolonged')
  lab.ok(bind(2, '10.0.0.150'), until - lab.stamp)
})

t.test('a reservation may lie outside the ranges, and only its client gets it', async (t) => {
  const lab = withTenure()
  lab.ok(keep('10.0.0.50', 2))
  t.equal(lab.refused(bind(1, '10.0.0.50')).code, 'ADDRESS_UNAVAILABLE')
  t.equal(lab.refused(allocate('10.0.0.50')).code, 'ADDRESS_UNAVAILABLE')
  lab.ok(bind(2, '10.0.0.50', { kind: 'initReboot' }))
  t.equal(lab.refused(keep('10.0.0.50', 1)).code, 'ADDRESS_UNAVAILABLE')
  t.equal(lab.refused(keep('10.0.0.2', 1)).code, 'ADDRESS_UNAVAILABLE', 'of a rack')
})

t.test('a deleted reservation cools while racks may still serve it', async (t) => {
  const lab = withTenure()
  lab.ok(keep('10.0.0.150', 2))
  lab.ok({ type: 'reservation.delete', ip: ip('10.0.0.150') })
  t.equal(lab.state.holds.get(ip('10.0.0.150'))?.until, lab.stamp + LAPSE_MS)
  t.equal(lab.refused(bind(1, '10.0.0.150')).code, 'ADDRESS_UNAVAILABLE')
  lab.ok(bind(1, '10.0.0.150'), LAPSE_MS)
})

t.test('a reservation that was never effective leaves nothing behind', async (t) => {
  const lab = withTenure()
  const { until } = lab.ok(bind(1, '10.0.0.150'))
  lab.ok(keep('10.0.0.150', 2))
  lab.ok({ type: 'reservation.delete', ip: ip('10.0.0.150') })
  t.match(lab.state.holds.get(ip('10.0.0.150')), { until, client: `1-${mac(1)}` })
  t.equal(lab.refused({ type: 'reservation.delete', ip: ip('10.0.0.150') }).code, 'NOT_FOUND')
})

t.test('a restored region accepts renewals alone until old promises ran out', async (t) => {
  const lab = withTenure()
  lab.ok(bind(1, '10.0.0.150'))
  lab.ok({ type: 'restore.begin' })
  const silent = [
    bind(2, '10.0.0.151'),
    bind(1, '10.0.0.150', { kind: 'initReboot' }),
    bind(2, '10.0.0.150', { kind: 'renewing' }),
  ]
  for (const one of silent) t.equal(lab.refused(one).code, 'NOT_FOUND', one.kind)
  t.equal(lab.refused(allocate('10.0.0.9')).code, 'CONFLICT')
  for (const one of [beat(epochOf(lab)), hello(RACK_2), grant(epochOf(lab))]) {
    t.equal(lab.refused(one).code, 'RACK_REFUSED', one.type)
  }
  lab.ok(bind(3, '10.0.0.160', { kind: 'rebinding' }))
  lab.ok(bind(2, '10.0.0.151'), restoreQuarantineMs())
  lab.ok(hello())
})

t.test('an operator may end the wait after a restore', async (t) => {
  const lab = withTenure()
  lab.ok({ type: 'restore.begin' })
  lab.ok({ type: 'restore.accept' })
  t.match(lab.ok(bind(2, '10.0.0.151')), { ip: ip('10.0.0.151') })
})

t.test('a grant passes over what is taken and goes round the pool', async (t) => {
  const lab = withTenure()
  lab.ok(newRange('reserved', 1, ['10.0.0.90', '10.0.0.99']))
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(keep('10.0.0.101', 2))
  const first = lab.ok(grant(epochOf(lab), 1))
  t.same(first.addresses, [ip('10.0.0.102')])
  t.same(lab.ok(grant(epochOf(lab), 1)).addresses, [ip('10.0.0.103')])
})
