// The ports through which the world reaches the pure parts: clocks, randomness, logs, metrics.
// `cluster/platform` has the real ones, `test/support` the fakes.

/** Clocks of this host. Nothing replicated is ever compared with `wallMs` (lease-protocol §1). */
export interface Clock {
  /** Milliseconds of a clock that never runs back; meaningful only as a difference. */
  readonly monotonicMs: () => number
  /** Unix time in ms; for display, certificates and audit only. */
  readonly wallMs: () => number
}

/**
 * When things happen: the event loop in production, virtual time in the simulator. Whoever owns mutable
 * state asks here for its next turn, so that a whole node can be run without any real time passing.
 */
export interface Scheduler {
  /** Once, after what runs now and what has arrived meanwhile; order of calls is order of turns. */
  readonly soon: (task: () => void) => void
  /** Once, `delayMs` from now at the earliest. Returns the way to cancel; too late is harmless. */
  readonly after: (delayMs: number, task: () => void) => () => void
  /** Every `periodMs` until cancelled; after a stall once, not once for each period missed. */
  readonly every: (periodMs: number, task: () => void) => () => void
}

export interface Random {
  /** Whole number in [0, below); `below` in 1 … 2^32. */
  readonly integer: (below: number) => number
  /** `count` unpredictable bytes; the caller owns them. */
  readonly bytes: (count: number) => Uint8Array
}

export type LogFields = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly string[]>
>

/** One JSON object per line; `event` is `area.thing_happened`. Never pass a secret. */
export interface Logger {
  readonly debug: (event: string, fields?: LogFields) => void
  readonly info: (event: string, fields?: LogFields) => void
  readonly warn: (event: string, fields?: LogFields) => void
  readonly error: (event: string, fields?: LogFields) => void
  /** A logger that adds `fields` to every line. */
  readonly with: (fields: LogFields) => Logger
}

export type Labels = Readonly<Record<string, string>>

/** Prometheus metrics by full name (`ironraft_<area>_<noun>_<unit|total>`), base units. */
export interface Metrics {
  readonly count: (name: string, labels?: Labels, by?: number) => void
  readonly gauge: (name: string, value: number, labels?: Labels) => void
  readonly observe: (name: string, value: number, labels?: Labels) => void
}
