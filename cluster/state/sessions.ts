// Exactly once (dissertation §6.3): the outcome of every request a session may still repeat is a row. A
// command touches one such row; rows the session needs no more are dropped in batches.
import { DONE, refuse, type Context, type Handler } from './context.ts'
import { SESSION_OUTCOMES_MAX, SESSION_PRUNE_BATCH } from './limits.ts'
import type { CommandType, Envelope } from './command.ts'
import type { Outcome } from './outcome.ts'
import type { Session } from './tables.ts'

/** What a node says before its session is open. */
const NEEDS_NO_SESSION: ReadonlySet<CommandType> = new Set([
  'session.open',
  'cluster.initialise',
  'cluster.restore',
])

/** Runs `execute` unless the request was applied before (or cannot be told from one that was). */
export function withSession(context: Context, envelope: Envelope, execute: () => Outcome): Outcome {
  const { state } = context
  const { request, command } = envelope
  if (request === null) {
    return NEEDS_NO_SESSION.has(command.type)
      ? execute()
      : refuse('UNKNOWN_SESSION', 'The request names no session.')
  }
  const session = state.sessions.get(request.session)
  if (session === undefined) {
    return refuse('UNKNOWN_SESSION', 'The session of this request is not open.')
  }
  const id = `${session.id}/${request.sequence}`
  const stored = state.sessionOutcomes.get(id)
  if (stored !== undefined) return stored.outcome
  if (request.sequence < Math.max(session.answeredBelow, request.answeredBelow)) {
    return refuse('UNKNOWN_SESSION', 'The session has had the answer to this request already.')
  }
  prune(context, session, request.answeredBelow)
  if (state.sessionOutcomesBySession.count(session.id) >= SESSION_OUTCOMES_MAX) {
    return refuse('OVERLOADED', 'The session has too many requests without an answer.')
  }
  const outcome = execute()
  // `session.open` may have replaced the very session it came by.
  if (state.sessions.has(session.id)) {
    const { sequence } = request
    state.sessionOutcomes.put(id, { id, session: session.id, sequence, outcome })
  }
  return outcome
}

export const openSession: Handler<'session.open'> = ({ state }, { id, nodeId, incarnation }) => {
  const known = state.sessions.get(id)
  if (known !== undefined) {
    const same = known.nodeId === nodeId && known.incarnation === incarnation
    return same ? DONE : refuse('CONFLICT', 'The session id is in use.')
  }
  const earlier = state.sessionsByNode.rows(nodeId)
  if (earlier.some((session) => session.incarnation > incarnation)) {
    return refuse('CONFLICT', `A newer start of node ${nodeId} has opened its session already.`)
  }
  for (const session of earlier) {
    for (const key of state.sessionOutcomesBySession.keys(session.id)) {
      state.sessionOutcomes.delete(key)
    }
    state.sessions.delete(session.id)
  }
  state.sessions.put(id, { id, nodeId, incarnation, answeredBelow: 0 })
  return DONE
}

function prune({ state }: Context, session: Session, answeredBelow: number): void {
  const span = answeredBelow - session.answeredBelow
  const kept = state.sessionOutcomesBySession.count(session.id)
  if (span <= 0 || (span < SESSION_PRUNE_BATCH && kept < SESSION_OUTCOMES_MAX)) return
  if (span <= kept) {
    for (let sequence = session.answeredBelow; sequence < answeredBelow; sequence++) {
      state.sessionOutcomes.delete(`${session.id}/${sequence}`)
    }
  } else {
    for (const row of state.sessionOutcomesBySession.rows(session.id)) {
      if (row.sequence < answeredBelow) state.sessionOutcomes.delete(row.id)
    }
  }
  state.sessions.put(session.id, { ...session, answeredBelow })
}
