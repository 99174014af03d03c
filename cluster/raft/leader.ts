// What a leader does with its peers' replies and with time (Raft §5.3, dissertation §3.10, §6.2).
import assert from 'node:assert/strict'
import { noteAmnesia } from './amnesia.ts'
import type { Message } from './message.ts'
import { advanceMatch, becomeReplicate, type Progress, retreatNext } from './progress.ts'
import { advanceCommit } from './proposal.ts'
import { voteResult } from './quorum.ts'
import { addRead, confirmReads } from './read-index.ts'
import { sendHeartbeats, tickCommitNotices } from './replication.ts'
import { becomeFollower } from './roles.ts'
import { header, ignore, type RaftState, sendNow } from './state.ts'
import type { NodeId } from './types.ts'

type Of<T extends Message['type']> = Extract<Message, { type: T }>

export function stepLeader(state: RaftState, message: Message): void {
  assert(state.role === 'leader')
  switch (message.type) {
    case 'appendEntriesReply':
      onAppendEntriesReply(state, message)
      return
    case 'heartbeatReply':
      onHeartbeatReply(state, message)
      return
    case 'readIndex':
      addRead(state, message.from, message.requestId)
      return
    case 'appendEntries':
    case 'heartbeat':
    case 'installSnapshot':
      // Two leaders in one term: impossible among nodes that keep their disks. Never obey.
      ignore(state, 'secondLeader')
      return
    case 'timeoutNow':
    case 'readIndexReply':
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

function onAppendEntriesReply(state: RaftState, message: Of<'appendEntriesReply'>): void {
  const progress = noteAmnesia(state, message)
  if (progress === undefined) return
  if (message.success && message.index > state.log.lastIndex) {
    ignore(state, 'ackBeyondLog')
    return
  }
  noteHeard(progress)
  if (message.success) onAccepted(state, message, progress)
  else onRefused(state, message, progress)
}

function noteHeard(progress: Progress): void {
  progress.recentActive = true
  progress.silentTicks = 0
}

function onRefused(state: RaftState, message: Of<'appendEntriesReply'>, progress: Progress): void {
  const hintIndex = Math.min(message.hintIndex, state.log.lastIndex)
  const agreeIndex = state.log.findByTerm(hintIndex, message.hintTerm)
  if (!retreatNext(progress, message.index, agreeIndex)) ignore(state, 'staleReply')
}

function onAccepted(state: RaftState, message: Of<'appendEntriesReply'>, progress: Progress): void {
  const { index, from } = message
  const isNews = advanceMatch(progress, index)
  const isCurrent = isNews || index === progress.matchIndex
  if (progress.state === 'probe' && isCurrent) becomeReplicate(progress)
  else if (progress.state === 'replicate') progress.inflights.freeTo(index)
  else if (progress.state === 'snapshot' && progress.matchIndex + 1 >= state.log.firstIndex) {
    // Whatever reconnects the peer to our log will do, even an older snapshot (pitfall B11).
    becomeReplicate(progress)
  }
  if (isNews) advanceCommit(state)
  if (state.transferTo === from) tryTransfer(state, from, progress)
}

function onHeartbeatReply(state: RaftState, message: Of<'heartbeatReply'>): void {
  const progress = noteAmnesia(state, message)
  if (progress === undefined) return
  noteHeard(progress)
  progress.probeSent = false
  const isBehind = progress.matchIndex < state.log.lastIndex
  // Something may have been lost: ask again, with an empty append if the window is full (B9, B10).
  if (progress.state === 'probe' || isBehind) progress.appendDue = true
  if (message.readRound > state.readRound) {
    ignore(state, 'staleReply')
    return
  }
  // Whoever forgot its term cannot say that nobody leads in a later one.
  if (progress.amnesia !== 0) return
  progress.readRound = Math.max(progress.readRound, message.readRound)
  confirmReads(state)
}

export function tickLeader(state: RaftState): void {
  const { config } = state
  state.electionElapsed++
  state.heartbeatElapsed++
  for (const progress of state.progress.values()) progress.silentTicks++
  if (state.electionElapsed >= config.electionTicksMin) {
    state.electionElapsed = 0
    checkQuorum(state)
    // Check-quorum may have ended the leadership.
    if (currentRole(state) !== 'leader') return
    // Dissertation §3.10: not done within an election timeout, so serve on.
    state.transferTo = null
  }
  if (state.heartbeatElapsed >= config.heartbeatTicks) {
    state.heartbeatElapsed = 0
    sendHeartbeats(state)
  }
  tickCommitNotices(state)
}

function currentRole(state: RaftState): RaftState['role'] {
  return state.role
}

/** Dissertation §6.2: a leader that a quorum did not answer for a whole election timeout is none. */
function checkQuorum(state: RaftState): void {
  const active = new Map<NodeId, boolean>([[state.id, true]])
  for (const [id, progress] of state.progress) {
    active.set(id, progress.recentActive && progress.amnesia === 0)
    progress.recentActive = false
  }
  if (voteResult(state.configuration, active) !== 'won') {
    becomeFollower(state, state.currentTerm, null)
  }
}

/**
 * Dissertation §3.10. Null picks the follower that is most up to date. Proposals are refused until it
 * has taken over or an election timeout has passed. Returns whom it goes to; null when to nobody.
 */
export function transferLeadership(state: RaftState, to: NodeId | null): NodeId | null {
  if (state.role !== 'leader') return null
  const target = to ?? state.transferTo ?? bestFollower(state)
  const progress = target === null ? undefined : state.progress.get(target)
  if (target === null || progress === undefined || progress.amnesia !== 0) return null
  if (!state.configuration.voters.includes(target)) return null
  // Asked again: its time runs on. Else whoever asks often enough keeps a leader that serves nobody, and
  // that no quorum check ends, because both count the same ticks.
  if (state.transferTo === target) return target
  state.transferTo = target
  state.electionElapsed = 0
  tryTransfer(state, target, progress)
  return target
}

/** Caught up: it may campaign now. Else its next acknowledgement brings us here again. */
function tryTransfer(state: RaftState, to: NodeId, progress: Progress): void {
  if (progress.matchIndex !== state.log.lastIndex) {
    progress.appendDue = true
    return
  }
  sendNow(state, { ...header(state, to), type: 'timeoutNow' })
}

/** The voter with the longest log of those that were heard of within an election timeout; of all when none was. */
export function bestFollower(state: RaftState): NodeId | null {
  const { configuration, config } = state
  let best: { readonly id: NodeId; readonly isHeard: boolean; readonly matchIndex: number } | null =
    null
  for (const [id, { matchIndex, silentTicks, amnesia }] of state.progress) {
    if (!configuration.voters.includes(id) || amnesia !== 0) continue
    const isHeard = silentTicks <= config.electionTicksMin
    const isBetter =
      best === null || (isHeard === best.isHeard ? matchIndex > best.matchIndex : isHeard)
    if (isBetter) best = { id, isHeard, matchIndex }
  }
  return best?.id ?? null
}
