// Votes and pre-votes as every node gives them, whatever its role, learners included: a voter that does
// not yet know it is one must not be missing from a majority (pitfall A13).
import type { Message } from './message.ts'
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
    sendAfterAppend(state, { ...header(state, request.from), type: 'preVoteReply', granted, term })
    return
  }
  if (granted) {
    state.votedFor = request.from
    state.electionElapsed = 0
  }
  sendAfterAppend(state, { ...header(state, request.from), type: 'requestVoteReply', granted })
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
  sendAfterAppend(state, { ...header(state, request.from), type, granted: false })
  ignore(state, 'staleTerm')
}
