// Limits and times of the replicated state. They are part of what commands mean: changing one changes what
// replays of old logs yield, so a new value needs a new command version.

/** More unanswered requests than this of one session are refused without being executed. */
export const SESSION_OUTCOMES_MAX = 8192
/** Answered outcomes may wait until this many can be dropped together. */
export const SESSION_PRUNE_BATCH = 64

/** An `Idempotency-Key` counts as unused this long (log time, ms) after its answer was recorded. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000
/** Beyond it requests with a new key are refused without being executed. */
export const IDEMPOTENCY_ROWS_MAX = 1_000_000

/** Newest events kept; the oldest goes with each insertion. */
export const EVENTS_MAX = 20_000

/** Ended rows of one table that one `time.advance` removes. */
export const SWEEP_ROWS_MAX = 1_000

// Lease arithmetic, lease-protocol §1.2 and §6.

/** K = (1+ε)/(1−ε) with ε = 0.10, as a fraction of whole numbers. */
export const CLOCK_RATIO = { numerator: 11, denominator: 9 } as const
/** g: from commit to the client's receipt of the ACK, ms. */
export const GRACE_MS = 60_000
/** D: the most by which a hold outlasts its lease for the sake of renewals while cut off, ms. */
export const ENDURANCE_MAX_MS = 1_800_000
/** Percent of the pool that must be free for full endurance, and at which none is left. */
export const ENDURANCE_FULL_PERCENT = 25
export const ENDURANCE_NONE_PERCENT = 5
/** Lmax of lease-protocol §5: no lease is longer, whatever a rack asks for. */
export const LEASE_SECONDS_MAX = 86_400
/** Qd: how long a declined address rests, ms. */
export const QUARANTINE_MS = 24 * 3_600_000
