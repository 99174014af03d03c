// All that one node knows, grouped as in Figure 2, and the few primitives every role needs: sending,
// ignoring, forgetting. Only the functions of this folder change it, and only from one entry at a
// time: `Raft` is the single door (pitfall A15).
import type { RaftConfig } from './config.ts'
import type { RaftLog } from './log.ts'
import type { AppendWork, Message, MessageType, ReadState } from './message.ts'
import type { Progress } from './progress.ts'
import type { Configuration, HardState, LogIndex, LogTime, NodeId, Role, Term } from './types.ts'

/** Whole number in [0, below). */
export interface Random {
  readonly integer: (below: number) => number
}

/** Why a message or a wish had no effect; counted, for `status` and metrics. */
export type IgnoreReason =
  | 'malformed'
  | 'misaddressed'
  | 'staleTerm'
  | 'leaderFresh'
  | 'notMember'
  | 'wrongRole'
  | 'staleReply'
  | 'secondLeader'
  | 'commitBeyondLog'
  | 'conflictBelowCommit'
  | 'ackBeyondLog'
  | 'snapshotPending'
  | 'notPromotable'
  | 'unknownRead'

export type PendingRead = {
  /** Null: this node's own client. */
  readonly from: NodeId | null
  readonly requestId: number
  /** The commit index when the read arrived: what it must at least see. */
  readonly index: LogIndex
  /** The round that confirms it. */
  readonly round: number
}

export type RaftState = {
  readonly id: NodeId
  readonly config: RaftConfig
  readonly log: RaftLog
  readonly logTime: LogTime
  readonly random: Random

  // Persistent on all nodes; `durable` is what the last completed write left on disk.
  currentTerm: Term
  votedFor: NodeId | null
  durable: HardState

  /** Not 0: this node forgot what it promised, in the life so numbered; see amnesia.ts. */
  amnesia: number

  // Volatile on all nodes: lastApplied ≤ applyingIndex ≤ commitIndex ≤ lastIndex.
  role: Role
  leader: NodeId | null
  commitIndex: LogIndex
  /** Handed out in a Ready, not yet reported as applied. */
  applyingIndex: LogIndex
  lastApplied: LogIndex
  /** The applied configuration (apply-time rule, D3). */
  configuration: Configuration
  /** Indexes above lastApplied that hold configuration entries; ascending. */
  configurationIndexes: LogIndex[]
  /** Configurations reported as in effect whose entries are not yet reported as applied. */
  configuredCount: number

  // Time, in ticks since …
  electionElapsed: number
  heartbeatElapsed: number
  /** … commits were last told that nobody waited for. */
  noticeElapsed: number
  electionTimeout: number

  // Candidates.
  readonly votes: Map<NodeId, boolean>
  /** Told to campaign by the leader (A10) while a configuration was still to be applied (A12). */
  campaignDue: boolean

  // Leaders; one progress per other member.
  readonly progress: Map<NodeId, Progress>
  transferTo: NodeId | null
  uncommittedBytes: number
  /** What each own proposal weighs, until it commits; ascending. */
  uncommitted: { readonly lastIndex: LogIndex; readonly bytes: number }[]
  /** Newest read round begun in this term. */
  readRound: number
  /** Reads that wait for a round to begin, then for a quorum to confirm it. */
  readsWaiting: PendingRead[]
  readsAsked: PendingRead[]

  // Followers: reads forwarded to the leader, by an id that no earlier life of this node has used.
  readonly readsForwarded: Map<number, number>
  lastForwardId: number

  // Output.
  messages: Message[]
  /** Leave only when what is unsynced now is durable. */
  messagesAfterAppend: Message[]
  readStates: ReadState[]
  append: AppendWork | null
  appendSequence: number
  readonly ignored: Map<IgnoreReason, number>
}

export function header(
  state: RaftState,
  to: NodeId,
): { readonly from: NodeId; readonly to: NodeId; readonly term: Term } {
  return { from: state.id, to, term: state.currentTerm }
}

/** For messages that claim nothing which a crash could take back. */
export function sendNow(state: RaftState, message: Message): void {
  state.messages.push(message)
}

/** For votes, acknowledgements and refusals: durable first (pitfalls A1, A3, C1). */
export function sendAfterAppend(state: RaftState, message: Message): void {
  state.messagesAfterAppend.push(message)
}

export function ignore(state: RaftState, reason: IgnoreReason): void {
  state.ignored.set(reason, (state.ignored.get(reason) ?? 0) + 1)
}

/** Term and vote on disk are those in memory. */
export function isVoteDurable(state: RaftState): boolean {
  const { durable } = state
  return durable.currentTerm === state.currentTerm && durable.votedFor === state.votedFor
}

/** The first commit of the own term tells a leader which entries are committed (§5.4.2, E1, D1). */
export function hasCommittedInTerm(state: RaftState): boolean {
  return state.log.termAt(state.commitIndex) === state.currentTerm
}

/** Messages that only a leader of their term sends. */
export function isFromLeader(type: MessageType): boolean {
  return type === 'appendEntries' || type === 'heartbeat' || type === 'installSnapshot'
}
