// What Raft nodes say to each other, and what the core hands to its driver. Two unions on purpose:
// a peer can send only `Message`; local inputs are methods of the core and cannot arrive by network.
import type {
  Configuration,
  Entry,
  HardState,
  LogIndex,
  NodeId,
  SnapshotMeta,
  Term,
} from './types.ts'

// `amnesia` in a reply: the sender's disk lost what it had promised, in the life so numbered. What it says
// brings it up to date, and counts towards nothing (amnesia.ts).
type Header = { readonly from: NodeId; readonly to: NodeId; readonly term: Term }

/**
 * What the voter knows to be committed, by index and term. A candidate that holds the same entry learns
 * it: a node that was removed may have the longer log and no right to campaign, and without its vote the
 * others could wait for ever for a change of voters that is committed already.
 */
export type CommitHint = { readonly commitIndex: LogIndex; readonly commitTerm: Term }

export type Message = Header &
  (
    | {
        readonly type: 'preVote'
        readonly lastLogIndex: LogIndex
        readonly lastLogTerm: Term
      }
    /** Granted: `term` is the term asked for. Refused: the voter's own (pitfall A5). */
    | ({ readonly type: 'preVoteReply'; readonly granted: boolean } & CommitHint)
    | {
        readonly type: 'requestVote'
        readonly lastLogIndex: LogIndex
        readonly lastLogTerm: Term
        /** A transfer's campaign: beats "a leader is fresh" (pitfall A10). */
        readonly forced: boolean
      }
    | ({ readonly type: 'requestVoteReply'; readonly granted: boolean } & CommitHint)
    | {
        readonly type: 'appendEntries'
        readonly prevLogIndex: LogIndex
        readonly prevLogTerm: Term
        readonly entries: readonly Entry[]
        readonly leaderCommit: LogIndex
      }
    | {
        readonly type: 'appendEntriesReply'
        readonly success: boolean
        /** Success: prevLogIndex + number of entries (pitfall B4). Refusal: the prevLogIndex refused. */
        readonly index: LogIndex
        /** Refusal: where to probe next, by index and term on the follower's side (pitfall B7). */
        readonly hintIndex: LogIndex
        readonly hintTerm: Term
        readonly amnesia?: number
      }
    | {
        readonly type: 'heartbeat'
        /** min(match, commit): never past what the follower is known to have (pitfall B2). */
        readonly leaderCommit: LogIndex
        /** Newest read round the leader wants confirmed; 0 for none (pitfall E2). */
        readonly readRound: number
      }
    | {
        readonly type: 'heartbeatReply'
        readonly readRound: number
        readonly amnesia?: number
      }
    | { readonly type: 'installSnapshot'; readonly snapshot: SnapshotMeta }
    | { readonly type: 'timeoutNow' }
    /** A follower's client wants a linearizable read; `requestId` is the follower's own counter. */
    | { readonly type: 'readIndex'; readonly requestId: number }
    /** `index` null: refused (no leader, or it has not committed in its term); ask again. */
    | {
        readonly type: 'readIndexReply'
        readonly requestId: number
        readonly index: LogIndex | null
      }
  )

export type MessageType = Message['type']

/**
 * One write that must reach the disk as a whole and in order: truncate from the first entry's index,
 * append, replace the hard state, or reset to a snapshot. `messages` may leave only when it is durable;
 * then `advance({ type: 'appended', work })`.
 */
export type AppendWork = {
  /** Counts up; completions are reported in order. */
  readonly sequence: number
  /** The core's term when the write was issued (pitfall C3, the ABA race). */
  readonly term: Term
  readonly hardState: HardState | null
  readonly entries: readonly Entry[]
  readonly snapshot: SnapshotMeta | null
  readonly messages: readonly Message[]
}

export type ReadState = {
  /** As given to `readIndex`. */
  readonly requestId: number
  /** Serve when lastApplied ≥ index. Null: refused, the caller fails the read (pitfall E3). */
  readonly index: LogIndex | null
}

export type Ready = {
  /** May leave now. */
  readonly messages: readonly Message[]
  readonly append: AppendWork | null
  /** Committed and locally durable entries in order; answer with `advance({ type: 'applied', index })`. */
  readonly committed: readonly Entry[]
  readonly reads: readonly ReadState[]
}

export type Advance =
  | { readonly type: 'appended'; readonly work: AppendWork }
  | { readonly type: 'applied'; readonly index: LogIndex }
  /** A configuration entry among the applied ones took effect now (apply-time rule, pitfall D3). */
  | { readonly type: 'configured'; readonly configuration: Configuration }

export type ProposeResult =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | {
      readonly ok: false
      /** All definite: nothing was appended. */
      readonly reason: 'notLeader' | 'transferring' | 'tooManyUncommitted'
      readonly leader: NodeId | null
    }
