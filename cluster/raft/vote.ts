// Votes and pre-votes as every node gives them, whatever its role, learners included: a voter that does
// not yet know it is one must not be missing from a majority (pitfall A13).
import type { CommitHint, Message } from './message.ts'
import { commitTo } from './proposal.ts'
import { becomeFollower, isPromotable } from './roles.ts'
import { header, ignore, type RaftState, sendAfterAppend } from './state.ts'

type VoteRequest = Extract<Message, { type: 'preVote' | 'requestVote' }>

/**
 * §4.2.3 of the dissertation: who hears from a leader does not help to replace it. A transfer is the
 * leader's own wish (A10), and a leader that asks itself leads no more (A8).
 */
export function isLeaderFresh(state: RaftState, request: VoteRequest): boolean {
  if (request.type === 'requestVote' && request.forced) return false
  if (state.leader === null || state.leader === request.from) return false
  return state.electionElapsed < state.config.electionTicksMin
}

/** The request's term is at least ours; a higher one has been taken over, except for a pre-vote. */
export function onVoteRequest(state: RaftState, request: VoteRequest): void {
  const granted = canGrant(state, request)
  if (request.type === 'preVote') {
    // A5: granted in the term asked for, refused in ours. A8: the own election timer runs on.
    const term = granted ? request.term : state.currentTerm
    const reply = { ...header(state, request.from), term, granted, ...commitHint(state) }
    sendAfterAppend(state, { ...reply, type: 'preVoteReply' })
    return
  }
  if (granted) {
    state.votedFor = request.from
    state.electionElapsed = 0
  }
  const reply = { ...header(state, request.from), granted, ...commitHint(state) }
  sendAfterAppend(state, { ...reply, type: 'requestVoteReply' })
}

/** A voter's word about what is committed; true for whoever holds that entry (log matching, §5.3). */
export function learnCommit(state: RaftState, { commitIndex, commitTerm }: CommitHint): void {
  if (state.role === 'leader' || commitIndex <= state.commitIndex) return
  if (state.log.pendingSnapshot !== null || !state.log.matches(commitIndex, commitTerm)) return
  commitTo(state, commitIndex)
  // A12: a campaign that counts voters who are no more is given up; the next one counts anew.
  if (state.role !== 'follower' && !isPromotable(state)) {
    becomeFollower(state, state.currentTerm, null)
  }
}

function commitHint(state: RaftState): CommitHint {
  const { commitIndex, log } = state
  return { commitIndex, commitTerm: log.termAt(commitIndex) ?? 0 }
}

function canGrant(state: RaftState, request: VoteRequest): boolean {
  // It may have voted in this term already, or hold a log that lost what it acknowledged (C10).
  if (state.amnesia !== 0) return false
  const isFree = state.votedFor === null && state.leader === null
  const isAhead = request.type === 'preVote' && request.term > state.currentTerm
  if (!isFree && !isAhead && state.votedFor !== request.from) return false
  return state.log.isUpToDate(request.lastLogIndex, request.lastLogTerm)
}

/** §5.1: a request of an older term is refused, so that its sender catches up (pitfall A6). */
export function refuseVote(state: RaftState, request: VoteRequest): void {
  const type = request.type === 'preVote' ? 'preVoteReply' : 'requestVoteReply'
  const reply = { ...header(state, request.from), granted: false, ...commitHint(state) }
  sendAfterAppend(state, { ...reply, type })
  ignore(state, 'staleTerm')
}
