// What the lease protocol looks like from outside (lease-protocol §7): gauges of the region's state, the same on
// every region that has applied the same, and counts of what racks were answered, by the region that answered.
import { isIpv4 } from '#model/ip.ts'
import { rangeSize } from '#model/ipv4.ts'
import { isIpv4Range, type Hold } from '#model/network.ts'
import type { Clock, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { isRestoring, liveReserve, liveTenure } from '#state/free.ts'
import type { RegionState } from '#state/state.ts'

/** Between two looks at all rows: some milliseconds for 200,000 holds. */
const COUNT_MS = 10_000
/** Shorter spans say more of when entries are appended than of clocks. */
const RATE_MS = 60_000
/** Upper ends of the classes of holds by the seconds they still protect. */
const REMAINING_SECONDS = [60, 600, 1800, 86_400] as const

export class LeaseMetrics {
  readonly #clock: Clock
  readonly #metrics: Metrics
  #countedAtMs = Number.NEGATIVE_INFINITY
  /** When log time was seen to move: the end and the beginning of what the rate is counted over. */
  #moved: { readonly stamp: number; readonly atMs: number } | undefined
  #from: { readonly stamp: number; readonly atMs: number } | undefined

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock
    this.#metrics = metrics
  }

  /** Call about every second. */
  onTick(state: RegionState): void {
    const atMs = this.#clock.monotonicMs()
    this.#watchRate(state.stamp, atMs)
    if (atMs - this.#countedAtMs < COUNT_MS) return
    this.#countedAtMs = atMs
    for (const { name, value, labels } of leaseGauges(state)) {
      this.#metrics.gauge(name, value, labels)
    }
  }

  /** After each request of a rack, by the region that answers it. */
  onAnswer(command: RackCommand, reply: RackToRegionReply): void {
    const metrics = this.#metrics
    if (command.type === 'lease.bind') {
      if (!reply.ok) metrics.count('ironraft_lease_binds_refused_total', { reason: reply.reason })
      else if (!reply.outcome.ok) {
        metrics.count('ironraft_lease_binds_refused_total', { reason: reply.outcome.code })
      }
    }
    if (!reply.ok || !reply.outcome.ok) return
    const { value } = reply.outcome
    if (command.type === 'reserve.return') {
      metrics.count('ironraft_lease_reserves_returned_total', {}, command.reserves.length)
    } else if (value !== null && 'addresses' in value) {
      metrics.count('ironraft_lease_reserves_granted_total', {}, value.addresses.length)
    } else if (value !== null && 'result' in value) {
      metrics.count('ironraft_lease_replays_total', { result: value.result })
    }
  }

  /** Log time moves with entries only, so it is looked at when it moved. */
  #watchRate(stamp: number, atMs: number): void {
    if (this.#moved?.stamp === stamp) return
    this.#moved = { stamp, atMs }
    this.#from ??= this.#moved
    const from = this.#from
    if (atMs - from.atMs < RATE_MS) return
    this.#metrics.gauge('ironraft_lease_log_time_rate', (stamp - from.stamp) / (atMs - from.atMs))
    this.#from = this.#moved
  }
}

export type LeaseGauge = {
  readonly name: string
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
}

export function leaseGauges(state: RegionState): readonly LeaseGauge[] {
  return [
    { name: 'ironraft_lease_log_time_seconds', value: state.stamp / 1000, labels: {} },
    ...by('ironraft_pool_addresses', 'state', poolCounts(state)),
    ...by('ironraft_lease_holds', 'state', holdCounts(state)),
    ...by('ironraft_lease_holds_by_remaining_seconds', 'up_to', remainingCounts(state)),
    ...by('ironraft_lease_tenures', 'state', tenureCounts(state)),
    { name: 'ironraft_lease_restore_until_seconds', value: restoreSeconds(state), labels: {} },
  ]
}

function by(
  name: string,
  label: string,
  counts: Readonly<Record<string, number>>,
): readonly LeaseGauge[] {
  return Object.entries(counts).map(([key, value]) => ({ name, value, labels: { [label]: key } }))
}

/** IPv4 addresses of dynamic ranges, each in the first class that it belongs to. */
function poolCounts(state: RegionState): Readonly<Record<string, number>> {
  const now = state.stamp
  const counts = {
    free: 0,
    held: 0,
    released: 0,
    reserve: 0,
    quarantined: 0,
    observed: 0,
    static: 0,
  }
  for (const range of state.ipRanges.values()) {
    if (range.type === 'dynamic' && isIpv4Range(range)) counts.free += rangeSize(range)
  }
  const seen = new Set<number>()
  const add = (ip: number, kind: keyof typeof counts): void => {
    if (seen.has(ip) || state.pools.at(ip as never)?.range.type !== 'dynamic') return
    seen.add(ip)
    counts[kind]++
    counts.free--
  }
  for (const { ip, until, released } of state.holds.values()) {
    if (until > now) add(ip, released ? 'released' : 'held')
  }
  for (const { ip } of state.reserves.values()) {
    if (liveReserve(state, now, ip) !== undefined) add(ip, 'reserve')
  }
  for (const { ip, until } of state.quarantines.values()) if (until > now) add(ip, 'quarantined')
  for (const { ip, until } of state.observed.values()) if (until > now) add(ip, 'observed')
  for (const ip of state.ipAddresses.keys()) if (isIpv4(ip)) add(ip, 'static')
  return counts
}

/** `cooling`: past what its client was told last, and still nobody else's. */
function holdCounts(state: RegionState): Readonly<Record<string, number>> {
  const counts = { leased: 0, cooling: 0, released: 0 }
  for (const hold of state.holds.values()) {
    if (hold.until > state.stamp) counts[classOf(hold, state.stamp)]++
  }
  return counts
}

function classOf(hold: Hold, now: number): 'leased' | 'cooling' | 'released' {
  if (hold.released) return 'released'
  return now < hold.boundAt + hold.leaseSeconds * 1000 ? 'leased' : 'cooling'
}

/** Each hold in one class only, unlike the buckets of a histogram. */
function remainingCounts(state: RegionState): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { more: 0 }
  for (const seconds of REMAINING_SECONDS) counts[String(seconds)] = 0
  for (const { until } of state.holds.values()) {
    const left = (until - state.stamp) / 1000
    if (left <= 0) continue
    const name = String(REMAINING_SECONDS.find((seconds) => left <= seconds) ?? 'more')
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** `lapsed`: over, and not swept yet; a rack without any is in neither. */
function tenureCounts(state: RegionState): Readonly<Record<string, number>> {
  const counts = { live: 0, lapsed: 0 }
  for (const rackId of state.tenures.keys()) {
    counts[liveTenure(state, state.stamp, rackId) === undefined ? 'lapsed' : 'live']++
  }
  return counts
}

/** Of log time until a restored region believes more than renewals; 0: it is not restoring. */
function restoreSeconds(state: RegionState): number {
  if (!isRestoring(state, state.stamp)) return 0
  return ((state.cluster.get('cluster')?.restoreUntil ?? 0) - state.stamp) / 1000
}
