// The four roles and the ways between them (Raft §5.1, dissertation §9.6 for pre-vote). Every change
// starts clean: a new random timeout (A17), no votes, no transfer, no pending reads.
import assert from 'node:assert/strict'
import { isVoter, members } from './membership.ts'
import { makeProgress } from './progress.ts'
import { appendAsLeader } from './proposal.ts'
import { failReads } from './read-index.ts'
import { isVoteDurable, type RaftState } from './state.ts'
import type { NodeId, Term } from './types.ts'

export function becomeFollower(state: RaftState, term: Term, leader: NodeId | null): void {
  reset(state, term)
  state.role = 'follower'
  state.leader = leader
}

/** Changes neither term nor vote (A5); the leader is forgotten and the votes are cleared (A7). */
export function becomePreCandidate(state: RaftState): void {
  assert(state.role !== 'leader', 'a leader steps down before it campaigns')
  reset(state, state.currentTerm)
  state.role = 'preCandidate'
}

export function becomeCandidate(state: RaftState): void {
  assert(state.role !== 'leader', 'a leader steps down before it campaigns')
  reset(state, state.currentTerm + 1)
  state.role = 'candidate'
  state.votedFor = state.id
}

/** Begins with an empty entry, whose commit commits all before it (§5.4.2, §8, pitfall B1). */
export function becomeLeader(state: RaftState): void {
  assert(state.role === 'candidate', 'only a candidate is elected')
  assert(state.votedFor === state.id, 'a leader has voted for itself')
  assert(isVoteDurable(state), 'a leader of a term that a crash could take back is none (A1)')
  assert(state.log.pendingSnapshot === null)
  reset(state, state.currentTerm)
  state.role = 'leader'
  state.leader = state.id
  for (const id of members(state.configuration)) {
    if (id === state.id) continue
    const nextIndex = state.log.lastIndex + 1
    state.progress.set(id, makeProgress(state.config, { nextIndex, recentActive: false }))
  }
  appendAsLeader(state, 'empty', [new Uint8Array()])
}

/**
 * May this node be elected? Not while it knows that it forgot (C10) or installs a snapshot, and not before it has applied every
 * configuration it knows to be committed: it would count the wrong voters (pitfall A12).
 */
export function isPromotable(state: RaftState): boolean {
  if (state.amnesia !== 0) return false
  const oldest = state.configurationIndexes[0]
  if (oldest !== undefined && oldest <= state.commitIndex) return false
  return isVoter(state.configuration, state.id) && state.log.pendingSnapshot === null
}

/**
 * The connection to the leader died: a hint, no proof. Forgetting it lets pre-votes pass and moves the
 * own timeout near; the term, the vote and a live leader's next heartbeat are not affected.
 */
export function forgetLeader(state: RaftState): void {
  if (state.role !== 'follower' || state.leader === null) return
  state.leader = null
  failReads(state)
  const soon = state.electionElapsed + 1 + state.random.integer(state.config.heartbeatTicks)
  state.electionTimeout = Math.min(state.electionTimeout, soon)
}

/**
 * The leader of the term is heard. A timeout that `forgetLeader` moved near is drawn again: it was meant
 * for a dead leader, and would turn the silence between two heartbeats of a living one into a campaign.
 */
export function recogniseLeader(state: RaftState, leader: NodeId): void {
  state.leader = leader
  if (state.electionTimeout < state.config.electionTicksMin) drawElectionTimeout(state)
}

function drawElectionTimeout(state: RaftState): void {
  const { electionTicksMin } = state.config
  state.electionTimeout = electionTicksMin + state.random.integer(electionTicksMin)
}

function reset(state: RaftState, term: Term): void {
  assert(term >= state.currentTerm, 'terms never go back')
  failReads(state)
  if (term > state.currentTerm) {
    state.currentTerm = term
    state.votedFor = null
    // Answers of an older term that were still to be made durable: what they promise may be replaced
    // before it is written. Unsent is the same as lost.
    state.messagesAfterAppend = []
  }
  state.leader = null
  state.electionElapsed = 0
  state.heartbeatElapsed = 0
  drawElectionTimeout(state)
  state.votes.clear()
  state.campaignDue = false
  state.progress.clear()
  state.transferTo = null
  state.uncommittedBytes = 0
  state.uncommitted = []
  state.readRound = 0
}
