// What a follower does with a leader's messages (Raft §5.3, §7). A candidate that hears from a leader of
// its term has become a follower before it comes here. Nothing a peer sends may break an assertion:
// what cannot be true is ignored and counted.
import assert from 'node:assert/strict'
import { amnesiaOf } from './amnesia.ts'
import { onTimeoutNow } from './candidate.ts'
import type { Message } from './message.ts'
import { acceptEntries, commitTo } from './proposal.ts'
import { onReadIndexReply, refuseRead } from './read-index.ts'
import { header, ignore, type RaftState, sendAfterAppend, sendNow } from './state.ts'
import type { LogIndex } from './types.ts'

type Of<T extends Message['type']> = Extract<Message, { type: T }>

export function stepFollower(state: RaftState, message: Message): void {
  assert(state.role === 'follower')
  switch (message.type) {
    case 'appendEntries':
      onAppendEntries(state, message)
      return
    case 'heartbeat':
      onHeartbeat(state, message)
      return
    case 'installSnapshot':
      onInstallSnapshot(state, message)
      return
    case 'timeoutNow':
      onTimeoutNow(state)
      return
    case 'readIndex':
      // One hop only: the asker's view of the leader is old, and it will hear so.
      refuseRead(state, message)
      return
    case 'readIndexReply':
      onReadIndexReply(state, message)
      return
    case 'appendEntriesReply':
    case 'heartbeatReply':
    case 'preVote':
    case 'requestVote':
    case 'preVoteReply':
    case 'requestVoteReply':
      ignore(state, 'wrongRole')
      return
    default:
      message satisfies never
  }
}

/** §5.3. The reply acknowledges what this message verified, never the end of our log (pitfall B4). */
function onAppendEntries(state: RaftState, message: Of<'appendEntries'>): void {
  const { log } = state
  if (log.pendingSnapshot !== null) {
    ignore(state, 'snapshotPending')
    return
  }
  const { prevLogIndex, prevLogTerm, entries } = message
  if (prevLogIndex < state.commitIndex) {
    // Committed already, perhaps compacted: not a conflict (pitfall B8).
    acknowledge(state, message, state.commitIndex)
    return
  }
  const isMatch = log.matches(prevLogIndex, prevLogTerm)
  if (!isMatch && prevLogIndex === state.commitIndex) {
    // No leader can lack what is committed (§5.4.3): the message lies, or our disk did.
    ignore(state, 'conflictBelowCommit')
    return
  }
  if (!isMatch) {
    refuse(state, message)
    return
  }
  const firstNew = log.firstNew(entries)
  if (firstNew !== 0) acceptEntries(state, entries.slice(firstNew - prevLogIndex - 1))
  const lastVerified = prevLogIndex + entries.length
  // B2: beyond what this message verified our log may still differ from the leader's.
  commitTo(state, Math.min(message.leaderCommit, lastVerified))
  acknowledge(state, message, lastVerified)
}

function acknowledge(state: RaftState, message: Message, index: LogIndex): void {
  sendAfterAppend(state, {
    ...header(state, message.from),
    type: 'appendEntriesReply',
    success: true,
    index,
    hintIndex: 0,
    hintTerm: 0,
    ...amnesiaOf(state),
  })
}

/**
 * The hint is the last place where we could agree: the largest index ≤ prevLogIndex whose term is at most
 * the leader's there. It skips a whole term of ours per probe (pitfall B7).
 */
function refuse(state: RaftState, message: Of<'appendEntries'>): void {
  const { log } = state
  const hintIndex = log.findByTerm(message.prevLogIndex, message.prevLogTerm)
  sendAfterAppend(state, {
    ...header(state, message.from),
    type: 'appendEntriesReply',
    success: false,
    index: message.prevLogIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex) ?? 0,
    ...amnesiaOf(state),
  })
}

function onHeartbeat(state: RaftState, message: Of<'heartbeat'>): void {
  if (message.leaderCommit > state.log.lastIndex) {
    // The leader thinks we hold what we do not: our disk lost it (C10), or the message is wrong.
    ignore(state, 'commitBeyondLog')
  } else {
    commitTo(state, message.leaderCommit)
  }
  const { readRound } = message
  const said = { ...header(state, message.from), ...amnesiaOf(state) }
  const reply = { ...said, type: 'heartbeatReply', readRound } as const
  // The reply claims our term and nothing about the log: it need not wait behind a long write.
  if (state.durable.currentTerm === state.currentTerm) sendNow(state, reply)
  else sendAfterAppend(state, reply)
}

/** Dissertation §5.3. The driver steps this only when the whole snapshot is durable as a file. */
function onInstallSnapshot(state: RaftState, message: Of<'installSnapshot'>): void {
  const { log } = state
  const { snapshot } = message
  const { lastIncludedIndex, lastIncludedTerm } = snapshot
  if (log.pendingSnapshot !== null) {
    ignore(state, 'snapshotPending')
    return
  }
  if (lastIncludedIndex <= state.commitIndex) {
    acknowledge(state, message, state.commitIndex)
    return
  }
  if (log.matches(lastIncludedIndex, lastIncludedTerm)) {
    // C7: our log holds all of it and perhaps more; only the commit is news.
    commitTo(state, lastIncludedIndex)
    acknowledge(state, message, lastIncludedIndex)
    return
  }
  log.restore(snapshot)
  state.configuration = snapshot.configuration
  state.configurationIndexes = []
  state.logTime.lastEntry(snapshot.lastIncludedStamp)
  commitTo(state, lastIncludedIndex)
  acknowledge(state, message, lastIncludedIndex)
}
