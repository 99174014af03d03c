// `Idempotency-Key`: for 24 h of log time the same key of the same user gives the first answer again.
import { refuse, type Context } from './context.ts'
import { IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_ROWS_MAX } from './limits.ts'
import type { Envelope } from './command.ts'
import type { Outcome } from './outcome.ts'

export type Answer = {
  readonly outcome: Outcome
  /** Index at which the outcome was made. */
  readonly revision: number
}

export function withIdempotency(
  context: Context,
  envelope: Envelope,
  execute: () => Answer,
): Answer {
  const { state, now, actor } = context
  const { idempotency } = envelope
  if (idempotency === null) return execute()
  // Anonymous requests share one space of keys; the fingerprint still tells them apart.
  const id = `${actor.userId ?? 'anonymous'}/${idempotency.key}`
  const stored = state.idempotency.get(id)
  if (stored !== undefined && stored.recordedAt + IDEMPOTENCY_KEPT_MS > now) {
    if (stored.fingerprint === idempotency.fingerprint) return stored
    return {
      outcome: refuse(
        'IDEMPOTENCY_MISMATCH',
        'The Idempotency-Key was used for another request in the last 24 hours.',
      ),
      revision: state.revision,
    }
  }
  if (stored === undefined && state.idempotency.size >= IDEMPOTENCY_ROWS_MAX) {
    return {
      outcome: refuse('OVERLOADED', 'Too many Idempotency-Keys are kept.'),
      revision: state.revision,
    }
  }
  const answer = execute()
  const { outcome, revision } = answer
  const { fingerprint } = idempotency
  state.idempotency.put(id, { id, fingerprint, outcome, revision, recordedAt: now })
  return answer
}
