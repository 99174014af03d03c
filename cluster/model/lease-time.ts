// The arithmetic of leases (lease-protocol §1.2, §3, §4): region and rack count the same promise with
// clocks that disagree by at most ε each, so the region rounds up and the rack rounds down. Whole
// milliseconds, whole seconds and fractions of whole numbers: equal on every node.

/** ε = 0.10 as tenths: what any clock named by the protocol may run fast or slow. */
const EPSILON = { slow: 9, one: 10, fast: 11 } as const

/** K = (1+ε)/(1−ε), as a fraction of whole numbers. */
const CLOCK_RATIO = { numerator: EPSILON.fast, denominator: EPSILON.slow } as const
/** g: from commit to the client's receipt of the ACK, ms. */
const GRACE_MS = 60_000
/** D: what one beat gives a rack to live without a region, ms. */
export const TENURE_MS = 1_800_000
/** Dmax of §5: no version of this program ever gave a longer tenure. */
const TENURE_MS_MAX = 3_600_000
/** Lmax of §5: no lease is longer, whatever a rack asks for. */
export const LEASE_SECONDS_MAX = 86_400
/** A lease shorter than this is not worth the packet: the rack stays silent. */
const OFFLINE_LEASE_SECONDS_MIN = 10

/** Region, log time: ceil(max(L, H)·K) + g. */
export function holdMs(leaseSeconds: number, enduranceMs: number): number {
  const longest = Math.max(leaseSeconds * 1000, enduranceMs)
  return Math.ceil((longest * CLOCK_RATIO.numerator) / CLOCK_RATIO.denominator) + GRACE_MS
}

/** Region, log time: a tenure lasts ceil(D(1+ε)) + g from the beat's stamp. */
export function tenureHoldMs(): number {
  return Math.ceil((TENURE_MS * EPSILON.fast) / EPSILON.one) + GRACE_MS
}

/** Region, log time: the longest promise a region whose log was lost can have given (§5). */
export function restoreQuarantineMs(): number {
  const tenure = Math.ceil((TENURE_MS_MAX * EPSILON.fast) / EPSILON.one) + GRACE_MS
  return Math.max(holdMs(LEASE_SECONDS_MAX, TENURE_MS_MAX), tenure)
}

/** Rack, its boot clock: the tenure lasts floor(D(1−ε)) from before the beat was first sent. */
export function tenureDeadlineMs(sentAtMs: number): number {
  return sentAtMs + Math.floor((TENURE_MS * EPSILON.slow) / EPSILON.one)
}

/** What a beat tied together: the rack's clock before it was sent, and the log time it was stamped. */
export type Anchor = { readonly sentAtMs: number; readonly stamp: number }

/** Rack, its boot clock: ms a hold that ends at log time `until` still lasts at `nowMs`; may be ≤ 0. */
export function holdRemainingMs(until: number, anchor: Anchor, nowMs: number): number {
  const log = until - GRACE_MS - anchor.stamp
  const own = Math.floor((log * CLOCK_RATIO.denominator) / CLOCK_RATIO.numerator)
  return own - (nowMs - anchor.sentAtMs)
}

/**
 * L′ = floor(min(L, r·(1−ε))) in seconds for a right that lasts `remainingMs` by the rack's clock; 0 when
 * too little is left to be told to a client.
 */
export function offlineLeaseSeconds(leaseSeconds: number, remainingMs: number): number {
  const left = Math.floor((remainingMs * EPSILON.slow) / EPSILON.one / 1000)
  const seconds = Math.min(leaseSeconds, left)
  return seconds < OFFLINE_LEASE_SECONDS_MIN ? 0 : seconds
}
