// Quorum arithmetic for simple and joint configurations (Raft §5.3, dissertation §4.3). Joint: both
// majorities must agree, for elections, commits and read confirmations alike (pitfall D4).
import assert from 'node:assert/strict'
import type { Configuration, NodeId } from './types.ts'

export type VoteResult = 'won' | 'lost' | 'pending'
type Voters = Pick<Configuration, 'voters' | 'votersOutgoing'>

/**
 * The largest value that a quorum has reached: `matchOf` gives a log index for commits (§5.3) or a read
 * round (dissertation §6.4); 0 for a voter nobody heard of. With no voters at all nothing is reached.
 */
export function committedIndex(configuration: Voters, matchOf: (id: NodeId) => number): number {
  const { voters, votersOutgoing } = configuration
  if (voters.length === 0) return 0
  const incoming = majorityIndex(voters, matchOf)
  if (votersOutgoing.length === 0) return incoming
  return Math.min(incoming, majorityIndex(votersOutgoing, matchOf))
}

/** `votes`: true granted, false refused, absent not answered. Votes of non-voters do not count. */
export function voteResult(configuration: Voters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const { voters, votersOutgoing } = configuration
  if (voters.length === 0) return 'lost'
  const incoming = majorityVote(voters, votes)
  if (votersOutgoing.length === 0) return incoming
  const outgoing = majorityVote(votersOutgoing, votes)
  if (incoming === 'lost' || outgoing === 'lost') return 'lost'
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending'
}

/** Smallest number of voters that is more than half of `count`. */
export function quorumSize(count: number): number {
  assert(count > 0)
  return Math.floor(count / 2) + 1
}

function majorityIndex(voters: readonly NodeId[], matchOf: (id: NodeId) => number): number {
  const matches = voters.map(matchOf).sort((a, b) => b - a)
  const index = matches[quorumSize(voters.length) - 1]
  assert(index !== undefined)
  return index
}

function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  let granted = 0
  let refused = 0
  for (const id of voters) {
    const vote = votes.get(id)
    if (vote === true) granted++
    if (vote === false) refused++
  }
  const quorum = quorumSize(voters.length)
  if (granted >= quorum) return 'won'
  return voters.length - refused < quorum ? 'lost' : 'pending'
}
