// What the leader sends to its peers. Nothing is sent when something happens; when a Ready is made,
// each peer gets what it lacks by then, so that all proposals of a turn travel in one AppendEntries.
import assert from 'node:assert/strict'
import { entryBytes } from './log.ts'
import { becomeProbe, becomeSnapshot, isPaused, type Progress } from './progress.ts'
import { header, type RaftState, sendNow } from './state.ts'
import type { Entry, LogIndex, NodeId } from './types.ts'

export function replicateToAll(state: RaftState): void {
  assert(state.role === 'leader')
  for (const [to, progress] of state.progress) replicateTo(state, to, progress)
}

/** Is there anything for this peer? The cheap question behind `hasReady`. */
export function isAppendDue(state: RaftState, progress: Progress): boolean {
  if (progress.state === 'snapshot') return false
  if (progress.state === 'probe' && progress.probeSent) return false
  if (progress.appendDue) return true
  if (isPaused(progress)) return false
  return progress.nextIndex <= state.log.lastIndex || isCommitDue(state, progress)
}

/** A commit the peer has not been told of and could use: it was sent the entries. */
function isCommitDue(state: RaftState, progress: Progress): boolean {
  if (progress.state !== 'replicate') return false
  const { commitIndex, configurationIndexes, config } = state
  if (Math.min(commitIndex, progress.nextIndex - 1) <= progress.sentCommit) return false
  if (config.commitNoticeTicks === undefined) return true
  // D7: who goes, and who counts from now on, learns of it before anything else happens.
  return progress.wantsCommit > progress.sentCommit || configurationIndexes.length > 0
}

/** `peer` has somebody who waits until `index` is committed and applied there. */
export function wantCommit(state: RaftState, peer: NodeId, index: LogIndex): void {
  const progress = state.progress.get(peer)
  if (progress !== undefined) progress.wantsCommit = Math.max(progress.wantsCommit, index)
}

/** A commit that nobody waits for is told with the next entries, or after some ticks. */
export function tickCommitNotices(state: RaftState): void {
  const { commitNoticeTicks } = state.config
  if (commitNoticeTicks === undefined || ++state.noticeElapsed < commitNoticeTicks) return
  state.noticeElapsed = 0
  for (const peer of state.progress.keys()) wantCommit(state, peer, state.commitIndex)
}

function replicateTo(state: RaftState, to: NodeId, progress: Progress): void {
  // Each round sends a message into the window or ends: the window bounds the loop.
  for (let round = 0; round <= state.config.inflightMessagesMax; round++) {
    if (!isAppendDue(state, progress)) return
    const prevLogTerm = state.log.termAt(progress.nextIndex - 1)
    if (prevLogTerm === undefined) {
      sendSnapshot(state, to, progress)
      return
    }
    sendAppend(state, { to, progress, prevLogTerm })
  }
}

function sendAppend(
  state: RaftState,
  options: { readonly to: NodeId; readonly progress: Progress; readonly prevLogTerm: number },
): void {
  const { to, progress, prevLogTerm } = options
  const { log, config } = state
  const { nextIndex } = progress
  // B9: through a full window an empty append still asks whether the peer has what was sent.
  const entries = isPaused(progress)
    ? []
    : log.slice(nextIndex, log.lastIndex + 1, config.appendBytesMax)
  const prevLogIndex = nextIndex - 1
  const leaderCommit = state.commitIndex
  const message = { ...header(state, to), prevLogIndex, prevLogTerm, entries, leaderCommit }
  sendNow(state, { ...message, type: 'appendEntries' })
  noteSent(state, progress, entries)
}

function noteSent(state: RaftState, progress: Progress, entries: readonly Entry[]): void {
  progress.appendDue = false
  const last = entries.at(-1)
  const lastSent = last?.index ?? progress.nextIndex - 1
  if (progress.state === 'probe') {
    progress.probeSent = true
    return
  }
  progress.sentCommit = Math.max(progress.sentCommit, Math.min(state.commitIndex, lastSent))
  if (last === undefined) return
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  progress.inflights.add(last.index, bytes)
  progress.nextIndex = last.index + 1
}

/** Only to a peer that answers: the stream is dear, and a dead peer's would be thrown away. */
function sendSnapshot(state: RaftState, to: NodeId, progress: Progress): void {
  if (!progress.recentActive) {
    becomeProbe(progress)
    progress.appendDue = false
    progress.probeSent = true
    return
  }
  const { snapshot } = state.log
  becomeSnapshot(progress, snapshot.lastIncludedIndex)
  sendNow(state, { ...header(state, to), type: 'installSnapshot', snapshot })
}

export function sendHeartbeats(state: RaftState): void {
  assert(state.role === 'leader')
  for (const [to, progress] of state.progress) {
    sendNow(state, {
      ...header(state, to),
      type: 'heartbeat',
      leaderCommit: Math.min(progress.matchIndex, state.commitIndex),
      readRound: state.readRound,
    })
  }
}
