// lease-protocol §7 at the region: what is counted, by a state in which each class occurs.
import t from 'tap'
import { tenureHoldMs } from '#model/lease-time.ts'
import type { Labels, Metrics } from '#model/ports.ts'
import { LeaseMetrics, leaseGauges } from '#node/lease-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { bind, ip, type Lab, mac, makeServedLab, RACK } from '#test/support/region-state.ts'

function gaugesOf(lab: Lab): Readonly<Record<string, number>> {
  const entries = leaseGauges(lab.state).map(({ name, value, labels }) => [
    [name.replace('ironraft_', ''), ...Object.values(labels)].join(' '),
    value,
  ])
  return Object.fromEntries(entries) as Record<string, number>
}

function recorder() {
  const seen = new Map<string, number>()
  const key = (name: string, labels: Labels = {}) => [name, ...Object.values(labels)].join(' ')
  const metrics: Metrics = {
    count: (name, labels, by = 1) =>
      void seen.set(key(name, labels), (seen.get(key(name, labels)) ?? 0) + by),
    gauge: (name, value, labels) => void seen.set(key(name, labels), value),
    observe: () => {},
  }
  return { seen, metrics }
}

const release = (n: number, address: string) =>
  ({ type: 'lease.release', client: `1-${mac(n)}`, ip: ip(address) }) as const

function inUse(): Lab {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(bind(2, '10.0.0.101'))
  lab.ok(release(2, '10.0.0.101'))
  lab.ok(bind(3, '10.0.0.102', { leaseSeconds: 86_400 }))
  lab.ok({ type: 'lease.decline', client: `1-${mac(3)}`, mac: mac(3), ip: ip('10.0.0.102') })
  lab.ok({ type: 'tenure.hello', rackId: RACK, incarnation: 1, journalSequence: 1 })
  const epoch = lab.state.tenures.get(RACK)?.epoch ?? 0
  const grant = { rackId: RACK, epoch, vlanId: 5001 as never, count: 4 }
  lab.ok({ type: 'reserve.grant', ...grant })
  return lab
}

t.test('every address of the pools is in one class', async (t) => {
  const gauges = gaugesOf(inUse())
  t.match(gauges, {
    'pool_addresses held': 2,
    'pool_addresses released': 1,
    'pool_addresses reserve': 4,
    'pool_addresses quarantined': 0,
    'pool_addresses free': 93,
    'lease_tenures live': 1,
    'lease_tenures lapsed': 0,
    lease_restore_until_seconds: 0,
  })
})

t.test('holds cool after what their clients were told, then go', async (t) => {
  const lab = inUse()
  t.match(gaugesOf(lab), { 'lease_holds leased': 2, 'lease_holds released': 1 })
  lab.ok({ type: 'rack.beat', racks: [] }, 700_000)
  t.match(gaugesOf(lab), { 'lease_holds leased': 1, 'lease_holds cooling': 1 })
  t.match(gaugesOf(lab), {
    'lease_holds_by_remaining_seconds 1800': 2,
    'lease_holds_by_remaining_seconds more': 1,
  })
  lab.ok({ type: 'rack.beat', racks: [] }, 2_000_000)
  t.match(gaugesOf(lab), { 'lease_holds cooling': 0, 'lease_holds released': 0 })
})

t.test('a tenure that lapsed frees its reserve, and the declined address rests on', async (t) => {
  const lab = inUse()
  lab.ok({ type: 'rack.beat', racks: [] }, tenureHoldMs())
  t.match(gaugesOf(lab), {
    'lease_tenures live': 0,
    'lease_tenures lapsed': 1,
    'pool_addresses reserve': 0,
  })
})

t.test('the quarantine of a restore counts down', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'restore.begin' })
  const before = gaugesOf(lab)['lease_restore_until_seconds'] ?? 0
  t.ok(before > 86_400)
  lab.ok({ type: 'rack.beat', racks: [] }, 60_000)
  t.equal(gaugesOf(lab)['lease_restore_until_seconds'], before - 60)
})

t.test('answers to racks are counted by what they were', async (t) => {
  const { seen, metrics } = recorder()
  const counts = new LeaseMetrics(makeFakeClock(), metrics)
  const answered = (value: object) => ({
    ...({ ok: true, revision: 1 } as const),
    outcome: { ok: true, value } as never,
  })
  const refused = { ok: false, code: 'ADDRESS_UNAVAILABLE', message: '' } as const
  counts.onAnswer(bind(1, '10.0.0.100'), { ok: true, revision: 1, outcome: refused })
  counts.onAnswer(bind(1, '10.0.0.100'), { ok: false, reason: 'noQuorum' })
  counts.onAnswer(bind(1, '10.0.0.100'), answered({ ip: 1, leaseSeconds: 600, until: 1 }))
  const replay = { type: 'reserve.replay' } as never
  for (const result of ['bound', 'late', 'late']) counts.onAnswer(replay, answered({ result }))
  counts.onAnswer({ type: 'reserve.grant' } as never, answered({ addresses: [1, 2, 3] }))
  const reserves = [{ ip: 1, generation: 1 }]
  counts.onAnswer({ type: 'reserve.return', reserves } as never, answered({}))
  t.strictSame(Object.fromEntries(seen), {
    'ironraft_lease_binds_refused_total ADDRESS_UNAVAILABLE': 1,
    'ironraft_lease_binds_refused_total noQuorum': 1,
    'ironraft_lease_replays_total bound': 1,
    'ironraft_lease_replays_total late': 2,
    ironraft_lease_reserves_granted_total: 3,
    ironraft_lease_reserves_returned_total: 1,
  })
})

t.test('the rate of log time is counted over a minute at least, entry to entry', async (t) => {
  const { seen, metrics } = recorder()
  const clock = makeFakeClock()
  const counts = new LeaseMetrics(clock, metrics)
  const lab = makeServedLab()
  const passes = (ownMs: number, logMs: number) => {
    clock.advance(ownMs)
    if (logMs > 0) lab.ok({ type: 'time.advance' }, logMs)
    counts.onTick(lab.state)
  }
  passes(0, 1_000)
  for (let n = 0; n < 4; n++) passes(15_000, 15_000)
  t.equal(seen.get('ironraft_lease_log_time_rate'), 1)
  for (let n = 0; n < 4; n++) passes(15_000, 12_000)
  t.equal(seen.get('ironraft_lease_log_time_rate'), 0.8)
  passes(500_000, 0)
  t.equal(seen.get('ironraft_lease_log_time_rate'), 0.8, 'an idle log says nothing')
})
