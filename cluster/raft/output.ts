// What the driver is to do, and what it reports as done. One write is out at a time; messages,
// committed entries and reads always flow. This is where "durable before visible" is kept: answers
// wait in `messagesAfterAppend` for the write that holds what they claim (pitfalls A1, A3, C1).
import assert from 'node:assert/strict'
import { campaignIfDue, countOwnVote } from './candidate.ts'
import type { AppendWork, Message, Ready } from './message.ts'
import { advanceCommit } from './proposal.ts'
import { beginReadRound } from './read-index.ts'
import { autoLeaveJoint } from './reconfigure.ts'
import { isAppendDue, replicateToAll, sendHeartbeats } from './replication.ts'
import { isVoteDurable, type RaftState } from './state.ts'
import type { Entry, HardState, LogIndex } from './types.ts'

export function hasReady(state: RaftState): boolean {
  if (state.messages.length > 0 || state.readStates.length > 0) return true
  if (state.append === null && (isUnsynced(state) || state.messagesAfterAppend.length > 0)) {
    if (!isSnapshotBlocked(state)) return true
  }
  if (handOutEnd(state) > state.applyingIndex) return true
  if (state.role !== 'leader') return false
  if (state.readsWaiting.length > 0) return true
  for (const progress of state.progress.values()) {
    if (isAppendDue(state, progress)) return true
  }
  return false
}

export function makeReady(state: RaftState): Ready {
  if (state.role === 'leader') {
    // The leader's peers write at the same time as its own disk (dissertation §10.2.1).
    if (beginReadRound(state)) sendHeartbeats(state)
    replicateToAll(state)
  }
  const append = takeAppend(state)
  const messages = state.messages
  const reads = state.readStates
  state.messages = []
  state.readStates = []
  return { messages, append, committed: takeCommitted(state), reads }
}

function isUnsynced(state: RaftState): boolean {
  return state.log.hasUnstable || !isVoteDurable(state)
}

/** C9: the state is not replaced while entries of the old one are being applied. */
function isSnapshotBlocked(state: RaftState): boolean {
  return state.log.pendingSnapshot !== null && state.applyingIndex > state.lastApplied
}

/**
 * Hard state, entries or snapshot, and answers, as one atomic write (pitfalls A2, C4, C6). The commit
 * index travels along, never alone: losing it costs nothing (pitfall C5 bounds it).
 */
function takeAppend(state: RaftState): AppendWork | null {
  if (state.append !== null || isSnapshotBlocked(state)) return null
  if (!isUnsynced(state)) {
    // Nothing they claim is missing on disk.
    state.messages = concat(state.messages, state.messagesAfterAppend)
    state.messagesAfterAppend = []
    return null
  }
  const { log } = state
  const snapshot = log.pendingSnapshot
  const entries = log.unstableEntries()
  assert(snapshot === null || entries.length === 0, 'a snapshot is written alone')
  assert(state.commitIndex <= log.lastIndex, 'what is stored as committed is stored (C5)')
  const hardState: HardState = {
    currentTerm: state.currentTerm,
    votedFor: state.votedFor,
    commitIndex: state.commitIndex,
  }
  const append: AppendWork = {
    sequence: ++state.appendSequence,
    term: state.currentTerm,
    hardState: isSameHardState(hardState, state.durable) ? null : hardState,
    entries,
    snapshot,
    messages: state.messagesAfterAppend,
  }
  state.messagesAfterAppend = []
  state.append = append
  return append
}

function isSameHardState(a: HardState, b: HardState): boolean {
  return (
    a.currentTerm === b.currentTerm && a.votedFor === b.votedFor && a.commitIndex === b.commitIndex
  )
}

function concat(a: Message[], b: readonly Message[]): Message[] {
  for (const message of b) a.push(message)
  return a
}

/** The write is on disk and its messages are on their way. */
export function onAppended(state: RaftState, work: AppendWork): void {
  assert(state.append === work, 'completions come once, for the write that is out')
  state.append = null
  if (work.hardState !== null) state.durable = work.hardState
  if (work.snapshot !== null) onSnapshotDurable(state, work.snapshot.lastIncludedIndex, work)
  const last = work.entries.at(-1)
  // C3: after a change of term the entries written may not be those of the tail, even where index and
  // term look alike; they are simply written again.
  if (last !== undefined && work.term === state.currentTerm) {
    state.log.durableTo(last.index, last.term)
  }
  countOwnVote(state)
  advanceCommit(state)
}

function onSnapshotDurable(state: RaftState, index: LogIndex, work: AppendWork): void {
  assert(work.snapshot !== null)
  state.log.snapshotDurable(work.snapshot)
  assert(state.lastApplied < index, 'a snapshot brings the state forward')
  assert(state.applyingIndex === state.lastApplied)
  state.lastApplied = index
  state.applyingIndex = index
}

/** Committed and durable here: what a crash takes back was never applied (pitfalls B6, C5). */
function handOutEnd(state: RaftState): LogIndex {
  if (state.applyingIndex > state.lastApplied) return state.applyingIndex
  return Math.min(state.commitIndex, state.log.durableIndex)
}

/** The next page is handed out when the one before is applied: memory and apply stay bounded. */
function takeCommitted(state: RaftState): readonly Entry[] {
  const end = handOutEnd(state)
  if (end <= state.applyingIndex) return []
  const from = state.applyingIndex + 1
  const entries = state.log.slice(from, end + 1, state.config.committedBytesMax)
  assert(entries[0]?.index === from, 'entries are applied in order, without a hole')
  state.applyingIndex += entries.length
  return entries
}

/** Everything up to `index` has taken effect, configurations included. */
export function onApplied(state: RaftState, index: LogIndex): void {
  assert(index <= state.applyingIndex, 'only what was handed out is applied')
  assert(index >= state.lastApplied, 'applied never goes back')
  state.lastApplied = index
  const due = state.configurationIndexes.filter((each) => each <= index).length
  assert(due <= state.configuredCount, 'a configuration entry was applied but not reported')
  state.configuredCount -= due
  state.configurationIndexes.splice(0, due)
  autoLeaveJoint(state)
  campaignIfDue(state)
}
