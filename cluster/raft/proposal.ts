// How entries enter a log: as the leader's own (stamped, under a quota), or accepted from a leader.
// And how the commit index moves, which must never pass the end of the log (pitfall C5).
import assert from 'node:assert/strict'
import { dataBytes, entryBytes } from './log.ts'
import { committedIndex } from './quorum.ts'
import type { RaftState } from './state.ts'
import type { Entry, EntryKind, LogIndex, NodeId } from './types.ts'

/**
 * Appends one entry per element of `datas`, all with one stamp, and returns the last one's index.
 * Reads the term and appends in one step (pitfall A16).
 */
export function appendAsLeader(
  state: RaftState,
  kind: EntryKind,
  datas: readonly Uint8Array[],
): LogIndex {
  assert(state.role === 'leader', 'only a leader appends of its own')
  assert(datas.length > 0)
  const { log, currentTerm: term } = state
  const stamp = state.logTime.next()
  const first = log.lastIndex + 1
  const entries = datas.map((data, i): Entry => ({ term, index: first + i, kind, stamp, data }))
  log.append(entries)
  state.logTime.lastEntry(stamp)
  noteConfigurations(state, entries)
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  state.uncommittedBytes += bytes
  state.uncommitted.push({ lastIndex: log.lastIndex, bytes })
  return log.lastIndex
}

/** Proposals only: an empty entry or a leave-joint must pass even when the quota is used up (B14). */
export function fitsQuota(state: RaftState, datas: readonly Uint8Array[]): boolean {
  if (state.uncommittedBytes === 0) return true
  let bytes = state.uncommittedBytes
  for (const data of datas) bytes += dataBytes(data)
  return bytes <= state.config.uncommittedBytesMax
}

/** Entries of a leader, from the first one that is new here (pitfall B3). */
export function acceptEntries(state: RaftState, entries: readonly Entry[]): void {
  const first = entries[0]
  const last = entries.at(-1)
  assert(first !== undefined && last !== undefined)
  assert(first.index > state.commitIndex, 'committed entries are never replaced')
  state.log.append(entries)
  state.logTime.lastEntry(last.stamp)
  const kept = state.configurationIndexes.filter((index) => index < first.index)
  state.configurationIndexes = kept
  noteConfigurations(state, entries)
}

/** The caller knows that a quorum holds everything up to `index` in this form. */
export function commitTo(state: RaftState, index: LogIndex): void {
  if (index <= state.commitIndex) return
  assert(index <= state.log.lastIndex, 'nothing is committed beyond the log')
  state.commitIndex = index
  let done = 0
  for (const batch of state.uncommitted) {
    if (batch.lastIndex > index) break
    state.uncommittedBytes -= batch.bytes
    done++
  }
  state.uncommitted.splice(0, done)
  assert(state.uncommittedBytes >= 0)
}

/**
 * §5.3, §5.4.2: what a quorum has, and only through an entry of the own term (B1). The own log counts
 * as far as it is durable (B5, B6), and only if this node votes (B15).
 */
export function advanceCommit(state: RaftState): void {
  if (state.role !== 'leader') return
  const index = committedIndex(state.configuration, (id) =>
    id === state.id ? state.log.durableIndex : countedMatch(state, id),
  )
  if (index <= state.commitIndex) return
  if (state.log.termAt(index) === state.currentTerm) commitTo(state, index)
}

/** A peer that forgot may have promised a later term: what it holds now is no vote for a commit (C10). */
function countedMatch(state: RaftState, id: NodeId): LogIndex {
  const progress = state.progress.get(id)
  return progress === undefined || progress.amnesia !== 0 ? 0 : progress.matchIndex
}

export function noteConfigurations(state: RaftState, entries: readonly Entry[]): void {
  for (const entry of entries) {
    if (entry.kind === 'configuration') state.configurationIndexes.push(entry.index)
  }
}
