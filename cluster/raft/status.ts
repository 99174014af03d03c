// What an operator, a metric or a test may know of a node; a copy, safe to keep.
import type { ProgressState } from './progress.ts'
import { type IgnoreReason, isVoteDurable, type RaftState } from './state.ts'
import { isCaughtUp } from './strict-quorum.ts'
import type { Configuration, LogIndex, NodeId, Role, Term } from './types.ts'

export type PeerStatus = {
  readonly id: NodeId
  readonly matchIndex: LogIndex
  readonly nextIndex: LogIndex
  readonly state: ProgressState
  readonly recentActive: boolean
  /** Answers, streams and lacks little: may count in a quorum (pitfalls D8, D9). */
  readonly isCaughtUp: boolean
  /** AppendEntries with entries that are not yet answered. */
  readonly inflightCount: number
  /** Not 0: the peer forgot what it promised and counts towards nothing until it is re-seeded. */
  readonly amnesia: number
}

export type Status = {
  readonly id: NodeId
  readonly role: Role
  readonly term: Term
  readonly votedFor: NodeId | null
  readonly leader: NodeId | null
  /** Not 0: this node forgot what it promised, and does not vote (amnesia.ts). */
  readonly amnesia: number
  /** Term and vote are on disk as they are in memory. */
  readonly isVoteDurable: boolean
  readonly commitIndex: LogIndex
  readonly lastApplied: LogIndex
  readonly lastIndex: LogIndex
  /** Everything up to here is on this node's disk. */
  readonly durableIndex: LogIndex
  readonly configuration: Configuration
  /** Whom a transfer under way goes to. */
  readonly transferTo: NodeId | null
  readonly uncommittedBytes: number
  /** The leader's view of the others, sorted by id; empty on other roles. */
  readonly peers: readonly PeerStatus[]
  /** How often what was ignored, since the start. */
  readonly ignored: Readonly<Partial<Record<IgnoreReason, number>>>
}

export function makeStatus(state: RaftState): Status {
  const peers = [...state.progress].map(([id, progress]) => ({
    id,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    state: progress.state,
    recentActive: progress.recentActive,
    isCaughtUp: isCaughtUp(state, id),
    inflightCount: progress.inflights.count,
    amnesia: progress.amnesia,
  }))
  return {
    id: state.id,
    role: state.role,
    term: state.currentTerm,
    votedFor: state.votedFor,
    leader: state.leader,
    amnesia: state.amnesia,
    isVoteDurable: isVoteDurable(state),
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    lastIndex: state.log.lastIndex,
    durableIndex: state.log.durableIndex,
    configuration: state.configuration,
    transferTo: state.transferTo,
    uncommittedBytes: state.uncommittedBytes,
    peers: peers.sort((a, b) => (a.id < b.id ? -1 : 1)),
    ignored: Object.fromEntries(state.ignored),
  }
}
