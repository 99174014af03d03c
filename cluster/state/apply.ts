// Applies one log entry. Synchronous and deterministic: equal entries on equal states give equal rows,
// outcomes and changes on every node.
import type { Envelope } from './command.ts'
import type { Change, Outcome } from './outcome.ts'
import type { RegionState } from './state.ts'

export type EntryMeta = {
  /** Log index; becomes the state's revision. Greater than the last one. */
  readonly index: number
  /** Log time of the entry: `now` of every comparison inside. Not less than the last one. */
  readonly stamp: number
}

export type ApplyResult = {
  readonly outcome: Outcome
  /** Rows written, in order; a refused command leaves at most its session and idempotency rows. */
  readonly changes: readonly Change[]
  /** Index at which the outcome was made first: an earlier one when an `Idempotency-Key` came again. */
  readonly revision: number
}

/** Throws (and the node must stop) for an envelope version or command it does not know. */
export function apply(_state: RegionState, _envelope: Envelope, _entry: EntryMeta): ApplyResult {
  throw new Error('not built yet')
}
