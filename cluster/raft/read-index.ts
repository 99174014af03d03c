// Linearizable reads (dissertation §6.4). A read notes the commit index; when a quorum has answered a
// heartbeat that was sent afterwards, nobody else led meanwhile and the index may be served. The
// leader numbers the rounds itself, (term, round): a caller's id would let late replies to an older
// question confirm a newer one (pitfall E2). All reads of one Ready share one round.
import { committedIndex } from './quorum.ts'
import {
  hasCommittedInTerm,
  header,
  ignore,
  type PendingRead,
  type RaftState,
  sendNow,
} from './state.ts'
import type { LogIndex, NodeId } from './types.ts'

/** A read at this node, whatever its role. The answer comes as a ReadState, exactly one. */
export function askRead(state: RaftState, requestId: number): void {
  if (state.role === 'leader') {
    addRead(state, null, requestId)
    return
  }
  const { leader } = state
  if (leader === null || state.readsForwarded.size >= state.config.readsPendingMax) {
    answer(state, { from: null, requestId }, null)
    return
  }
  state.lastForwardId++
  state.readsForwarded.set(state.lastForwardId, requestId)
  const forwarded = { ...header(state, leader), requestId: state.lastForwardId }
  sendNow(state, { ...forwarded, type: 'readIndex' })
}

/** On the leader. `from` null for its own client. */
export function addRead(state: RaftState, from: NodeId | null, requestId: number): void {
  const count = state.readsWaiting.length + state.readsAsked.length
  // E1: before the first commit of the term a leader may not know the newest committed entry.
  if (!hasCommittedInTerm(state) || count >= state.config.readsPendingMax) {
    answer(state, { from, requestId }, null)
    return
  }
  const round = state.readRound + 1
  state.readsWaiting.push({ from, requestId, index: state.commitIndex, round })
}

/** Begins a round for the reads that wait. True when heartbeats must carry it now. */
export function beginReadRound(state: RaftState): boolean {
  if (state.readsWaiting.length === 0) return false
  state.readRound++
  state.readsAsked = state.readsAsked.concat(state.readsWaiting)
  state.readsWaiting = []
  confirmReads(state)
  return true
}

/** Answers the reads whose round a quorum has confirmed (both majorities when joint, D4). */
export function confirmReads(state: RaftState): void {
  if (state.readsAsked.length === 0) return
  const confirmed = committedIndex(state.configuration, (id) =>
    id === state.id ? state.readRound : (state.progress.get(id)?.readRound ?? 0),
  )
  let done = 0
  for (const read of state.readsAsked) {
    if (read.round > confirmed) break
    answer(state, read, read.index)
    done++
  }
  state.readsAsked.splice(0, done)
}

/** Leadership or the leader is gone: callers are told, not left waiting (pitfall E3). */
export function failReads(state: RaftState): void {
  for (const read of state.readsAsked) answer(state, read, null)
  for (const read of state.readsWaiting) answer(state, read, null)
  state.readsAsked = []
  state.readsWaiting = []
  for (const requestId of state.readsForwarded.values()) {
    answer(state, { from: null, requestId }, null)
  }
  state.readsForwarded.clear()
}

/** Asked of a node that does not lead. */
export function refuseRead(
  state: RaftState,
  request: { readonly from: NodeId; readonly requestId: number },
): void {
  answer(state, request, null)
}

/** The leader's answer to a forwarded read. */
export function onReadIndexReply(
  state: RaftState,
  reply: { readonly requestId: number; readonly index: LogIndex | null },
): void {
  const requestId = state.readsForwarded.get(reply.requestId)
  if (requestId === undefined) {
    ignore(state, 'unknownRead')
    return
  }
  state.readsForwarded.delete(reply.requestId)
  answer(state, { from: null, requestId }, reply.index)
}

function answer(
  state: RaftState,
  read: Pick<PendingRead, 'from' | 'requestId'>,
  index: LogIndex | null,
): void {
  const { from, requestId } = read
  if (from === null) state.readStates.push({ requestId, index })
  else sendNow(state, { ...header(state, from), type: 'readIndexReply', requestId, index })
}
