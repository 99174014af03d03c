// One peer as the leader sees it (Figure 2: nextIndex, matchIndex), with the state of its pipeline:
//   probe      one append at a time until the peer's log is known
//   replicate  appends are sent ahead of their replies, inside a window
//   snapshot   the peer needs what is compacted; nothing is sent until a reply reconnects it
// Invariant: 0 ≤ matchIndex < nextIndex.
import assert from 'node:assert/strict'
import type { RaftConfig } from './config.ts'
import { Inflights } from './inflights.ts'
import type { LogIndex } from './types.ts'

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export type Progress = {
  matchIndex: LogIndex
  nextIndex: LogIndex
  state: ProgressState
  /** Heard of since the last quorum check. */
  recentActive: boolean
  /** Ticks since it was heard of in this term. */
  silentTicks: number
  /** A probe is out; the next one waits for its reply or for a heartbeat's. */
  probeSent: boolean
  /** One append is due even if it is empty: after a heartbeat reply (B9, B10), or a new leader's first. */
  appendDue: boolean
  /** Highest leaderCommit sent; what the peer learns next needs no extra message until it changes. */
  sentCommit: LogIndex
  /** The peer waits for the commit of this index: as long as it is ahead of sentCommit, tell at once. */
  wantsCommit: LogIndex
  /** In state snapshot: the index of the snapshot sent. */
  pendingSnapshotIndex: LogIndex
  /** Newest read round this peer has confirmed in this term (pitfall E2). */
  readRound: number
  /** Not 0: the peer forgot what it promised, in that life of its; it counts towards nothing. */
  amnesia: number
  readonly inflights: Inflights
}

export function makeProgress(
  config: RaftConfig,
  options: { readonly nextIndex: LogIndex; readonly recentActive: boolean },
): Progress {
  assert(options.nextIndex > 0)
  return {
    matchIndex: 0,
    nextIndex: options.nextIndex,
    state: 'probe',
    recentActive: options.recentActive,
    silentTicks: options.recentActive ? 0 : config.electionTicksMin + 1,
    probeSent: false,
    appendDue: true,
    sentCommit: 0,
    wantsCommit: 0,
    pendingSnapshotIndex: 0,
    readRound: 0,
    amnesia: 0,
    inflights: new Inflights({
      messagesMax: config.inflightMessagesMax,
      bytesMax: config.inflightBytesMax,
    }),
  }
}

export function becomeProbe(progress: Progress): void {
  // After a snapshot it is likely there: probe just behind it.
  const after = progress.state === 'snapshot' ? progress.pendingSnapshotIndex : 0
  enter(progress, 'probe', Math.max(progress.matchIndex, after) + 1)
}

export function becomeReplicate(progress: Progress): void {
  enter(progress, 'replicate', progress.matchIndex + 1)
}

export function becomeSnapshot(progress: Progress, index: LogIndex): void {
  assert(index > progress.matchIndex, 'a snapshot brings the peer forward')
  enter(progress, 'snapshot', index + 1)
  progress.pendingSnapshotIndex = index
}

function enter(progress: Progress, state: ProgressState, nextIndex: LogIndex): void {
  progress.state = state
  progress.nextIndex = nextIndex
  progress.probeSent = false
  progress.appendDue = state === 'probe'
  progress.pendingSnapshotIndex = 0
  progress.sentCommit = Math.min(progress.sentCommit, nextIndex - 1)
  progress.inflights.clear()
}

/** An acknowledgement up to `index`. False when it is old news. */
export function advanceMatch(progress: Progress, index: LogIndex): boolean {
  progress.nextIndex = Math.max(progress.nextIndex, index + 1)
  if (index <= progress.matchIndex) return false
  progress.matchIndex = index
  return true
}

/**
 * A refusal of the append after `refusedIndex`; `agreeIndex` is where the logs may still agree
 * (pitfall B7). False when the refusal is stale: reordered, or answered by a newer acknowledgement.
 */
export function retreatNext(
  progress: Progress,
  refusedIndex: LogIndex,
  agreeIndex: LogIndex,
): boolean {
  if (progress.state === 'snapshot') return false
  // What the peer once acknowledged it can refuse only in an older message, or when its disk lost it. In
  // the second case going on would repeat the same append at the speed of the network.
  if (refusedIndex <= progress.matchIndex) return false
  if (progress.state === 'replicate') {
    becomeProbe(progress)
    return true
  }
  if (progress.nextIndex - 1 !== refusedIndex) return false
  const candidate = Math.min(refusedIndex, agreeIndex + 1)
  progress.nextIndex = Math.max(candidate, progress.matchIndex + 1, 1)
  progress.sentCommit = Math.min(progress.sentCommit, progress.nextIndex - 1)
  progress.probeSent = false
  progress.appendDue = true
  return true
}

/** May entries be sent now? (An empty append may, when due, even through a full window: B9.) */
export function isPaused(progress: Progress): boolean {
  if (progress.state === 'snapshot') return true
  return progress.state === 'probe' ? progress.probeSent : progress.inflights.isFull
}
