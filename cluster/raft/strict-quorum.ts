// May the voters change now, with the nodes that live now (pitfalls D8, D9)? A change that leaves fewer
// caught-up voters than a quorum would stop the cluster by a typo; the leader knows it and refuses.
// No part of safety: what the leader knows is a few ticks old, and a node may die a moment later.
import { isVoter } from './membership.ts'
import { quorumSize } from './quorum.ts'
import type { RaftState } from './state.ts'
import type { Configuration, NodeId } from './types.ts'

export type QuorumFault = {
  readonly reason: 'notCaughtUp' | 'quorumAtRisk'
  /** A sentence without its full stop. */
  readonly detail: string
}

/** Null when the leader may propose `to`. Learners come and go freely. */
export function quorumFault(state: RaftState, to: Configuration): QuorumFault | null {
  const isNew = (id: NodeId): boolean => !isVoter(state.configuration, id)
  const behind = to.voters.find((id) => isNew(id) && !isCaughtUp(state, id))
  if (behind !== undefined) {
    return { reason: 'notCaughtUp', detail: `${behind} has not caught up with the log` }
  }
  for (const voters of [to.voters, to.votersOutgoing]) {
    if (voters.length === 0) continue
    const ready = voters.filter((id) => isCaughtUp(state, id)).length
    const quorum = quorumSize(voters.length)
    if (ready >= quorum) continue
    const detail = `of ${voters.length} voters ${ready} would be up and caught up, ${quorum} are needed`
    return { reason: 'quorumAtRisk', detail }
  }
  return null
}

/** Heard of within an election timeout, streaming, and close to what is committed. */
export function isCaughtUp(state: RaftState, id: NodeId): boolean {
  if (id === state.id) return true
  const progress = state.progress.get(id)
  // Who forgot what it promised counts for nothing until it is re-seeded.
  if (progress === undefined || progress.amnesia !== 0) return false
  const { electionTicksMin, caughtUpEntriesMax } = state.config
  if (progress.silentTicks > electionTicksMin || progress.state !== 'replicate') return false
  return progress.matchIndex + caughtUpEntriesMax >= state.commitIndex
}
