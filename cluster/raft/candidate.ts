// Campaigns (Raft §5.2) with a pre-vote before each (dissertation §9.6). One vote counts per voter and
// round, the first (A14); the own vote counts when it is durable (A4).
import assert from 'node:assert/strict'
import { isVoter, voterIds } from './membership.ts'
import type { Message } from './message.ts'
import { voteResult } from './quorum.ts'
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  isPromotable,
} from './roles.ts'
import { header, ignore, isVoteDurable, type RaftState, sendAfterAppend, sendNow } from './state.ts'

type VoteReply = Extract<Message, { type: 'preVoteReply' | 'requestVoteReply' }>

/** Asks whether an election could be won; nobody's term changes. */
export function campaign(state: RaftState): void {
  if (!isPromotable(state) || state.role === 'leader') {
    ignore(state, 'notPromotable')
    return
  }
  becomePreCandidate(state)
  // No disk is involved in the own pre-vote; an election's own vote waits for it.
  state.votes.set(state.id, true)
  if (voteResult(state.configuration, state.votes) === 'won') {
    startElection(state, false)
    return
  }
  const { lastIndex, lastTerm } = state.log
  for (const to of voterIds(state.configuration)) {
    if (to === state.id) continue
    sendNow(state, {
      ...header(state, to),
      type: 'preVote',
      term: state.currentTerm + 1,
      lastLogIndex: lastIndex,
      lastLogTerm: lastTerm,
    })
  }
}

/** `forced`: by a leader's transfer, without a pre-vote and against its freshness (A10). */
function startElection(state: RaftState, forced: boolean): void {
  if (!isPromotable(state)) {
    ignore(state, 'notPromotable')
    return
  }
  becomeCandidate(state)
  const { lastIndex, lastTerm } = state.log
  for (const to of voterIds(state.configuration)) {
    if (to === state.id) continue
    // After the write: were the term forgotten in a crash, the node could campaign in it again with a
    // shorter log, and count votes that were given to the longer one.
    sendAfterAppend(state, {
      ...header(state, to),
      type: 'requestVote',
      lastLogIndex: lastIndex,
      lastLogTerm: lastTerm,
      forced,
    })
  }
}

/** The leader wants us to take over. At once, or when the configuration that hinders us is applied. */
export function onTimeoutNow(state: RaftState): void {
  if (isPromotable(state)) startElection(state, true)
  else state.campaignDue = true
}

/** Called after every application and snapshot: what hindered the campaign may be gone. */
export function campaignIfDue(state: RaftState): void {
  if (!state.campaignDue || !isPromotable(state)) return
  assert(state.role === 'follower', 'any other role has ended what was due')
  startElection(state, true)
}

/** Called after every completed write: is it our vote that reached the disk? */
export function countOwnVote(state: RaftState): void {
  if (state.role !== 'candidate' || !isVoteDurable(state)) return
  assert(state.votedFor === state.id)
  recordVote(state, state.id, true)
}

export function onPreVoteReply(state: RaftState, reply: VoteReply): void {
  assert(reply.type === 'preVoteReply')
  // A grant names the term asked for; one for another term belongs to another round.
  if (reply.granted && reply.term !== state.currentTerm + 1) ignore(state, 'staleReply')
  else if (state.role !== 'preCandidate') ignore(state, 'wrongRole')
  else recordVote(state, reply.from, reply.granted)
}

export function onRequestVoteReply(state: RaftState, reply: VoteReply): void {
  assert(reply.type === 'requestVoteReply')
  if (state.role !== 'candidate') ignore(state, 'wrongRole')
  else recordVote(state, reply.from, reply.granted)
}

function recordVote(state: RaftState, from: string, granted: boolean): void {
  if (!isVoter(state.configuration, from)) {
    ignore(state, 'notMember')
    return
  }
  if (state.votes.has(from)) return
  state.votes.set(from, granted)
  const result = voteResult(state.configuration, state.votes)
  if (result === 'lost') becomeFollower(state, state.currentTerm, null)
  if (result !== 'won') return
  if (state.role === 'preCandidate') startElection(state, false)
  // A majority without us is not enough: our own vote, on disk, is what makes the term ours (A4).
  else if (isVoteDurable(state)) becomeLeader(state)
}
