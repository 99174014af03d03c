// Which region a rack should follow (D7): pure. A healthy link is kept whatever the others' latency is
// (moving costs a new view); a stalled or leaderless one is left, and then this order decides.

/** What the rack knows of one region. Times are of the rack's monotonic clock. */
export type RegionObservation = {
  /** `host:port` of the region's peer listener. */
  readonly peer: string
  /** Smoothed round trip of pings, undefined when never measured. */
  readonly rttMs: number | undefined
  /** Failures in a row: refused, timed out, stalled. */
  readonly failures: number
  readonly failedAtMs: number | undefined
  /** When it last said that it knew no leader, undefined when it knew one since. */
  readonly leaderlessAtMs: number | undefined
}

export type LinkHealth = {
  readonly connectedAtMs: number
  /** Last pong, or the connection's beginning. */
  readonly heardAtMs: number
  /** Links in a row that stalled before they brought a view; 0 once one of them did. */
  readonly viewlessStalls: number
  /** The region says since then that it knows no leader. */
  readonly leaderlessSinceMs: number | undefined
  /** Moves in a row for want of a leader: each doubles the stay. */
  readonly leaderlessMoves: number
  readonly otherRegions: number
}

/** Nothing heard for this long is a stall; three pings have gone unanswered. */
export const STALL_MS = 600
/** A large view is silence while it is made, sent and read: each link that stalled in it gives the next one twice the time. */
const STALL_DOUBLINGS_MAX = 6
const LEADERLESS_MS = 1_000
const LEADERLESS_STAY_MS_MAX = 30_000
const PENALTY_MS = 2_000
const PENALTY_MS_MAX = 60_000
/** A region that lacked a leader is asked last for this long. */
const LEADERLESS_MEMORY_MS = 5_000

/** Why the link should be given up now, undefined to keep it. */
export function reasonToLeave(
  link: LinkHealth,
  nowMs: number,
): 'stalled' | 'leaderless' | undefined {
  const stallMs = STALL_MS * 2 ** Math.min(link.viewlessStalls, STALL_DOUBLINGS_MAX)
  if (nowMs - link.heardAtMs >= stallMs) return 'stalled'
  if (link.leaderlessSinceMs === undefined || link.otherRegions === 0) return undefined
  const stayMs = Math.min(LEADERLESS_MS * 2 ** link.leaderlessMoves, LEADERLESS_STAY_MS_MAX)
  return nowMs - link.leaderlessSinceMs > stayMs ? 'leaderless' : undefined
}

/**
 * Regions in the order to try them. `regions` comes in the rack's own order (racks shuffle it
 * differently, so that they spread); it decides between equals.
 */
export function orderRegions(
  regions: readonly RegionObservation[],
  nowMs: number,
): readonly RegionObservation[] {
  const rank = (region: RegionObservation): readonly number[] => [
    isPenalised(region, nowMs) ? 1 : 0,
    lacksLeader(region, nowMs) ? 1 : 0,
    isPenalised(region, nowMs) ? (region.failedAtMs ?? 0) : 0,
    latencyClass(region.rttMs),
  ]
  return regions.toSorted((a, b) => compare(rank(a), rank(b)))
}

function isPenalised(region: RegionObservation, nowMs: number): boolean {
  if (region.failedAtMs === undefined || region.failures === 0) return false
  const penaltyMs = Math.min(PENALTY_MS * 2 ** (region.failures - 1), PENALTY_MS_MAX)
  return nowMs - region.failedAtMs < penaltyMs
}

function lacksLeader({ leaderlessAtMs }: RegionObservation, nowMs: number): boolean {
  return leaderlessAtMs !== undefined && nowMs - leaderlessAtMs < LEADERLESS_MEMORY_MS
}

/** Coarse, so that noise changes nothing: same rack row, same site, same continent, far. */
function latencyClass(rttMs: number | undefined): number {
  if (rttMs === undefined || rttMs < 5) return 0
  if (rttMs < 20) return 1
  return rttMs < 80 ? 2 : 3
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
