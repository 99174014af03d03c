// The nouns of the Raft core, in the words of the paper and the dissertation.
// Everything here is plain data: a message or an entry may be shared, never mutated.

/** Id of a region node. Opaque to the core; never reused in the life of a cluster (pitfall D10). */
export type NodeId = string
/** 0 before the first election; then counts up. Safe to 2^53 (pitfall F5). */
export type Term = number
/** 0 is "before the first entry". */
export type LogIndex = number

export type EntryKind = 'empty' | 'command' | 'configuration'

export type Entry = {
  readonly term: Term
  readonly index: LogIndex
  readonly kind: EntryKind
  /** Log time in ms, stamped by the leader that appended it (lease-protocol §1.1); never decreases along the log. */
  readonly stamp: number
  /** Opaque to the core for `command`; empty for `empty`; `encodeConfiguration` bytes for `configuration`. */
  readonly data: Uint8Array
}

/** What must be on disk before a vote or an acknowledgement leaves (Figure 2, "persistent state"). */
export type HardState = {
  readonly currentTerm: Term
  readonly votedFor: NodeId | null
  readonly commitIndex: LogIndex
}

/** Simple configuration: `votersOutgoing` empty. Joint (dissertation §4.3): both majorities count. */
export type Configuration = {
  readonly voters: readonly NodeId[]
  readonly votersOutgoing: readonly NodeId[]
  readonly learners: readonly NodeId[]
  /** Voters of the outgoing side that become learners when the joint configuration is left (pitfall D6). */
  readonly learnersNext: readonly NodeId[]
  readonly autoLeave: boolean
}

export type SnapshotMeta = {
  readonly lastIncludedIndex: LogIndex
  readonly lastIncludedTerm: Term
  readonly lastIncludedStamp: number
  readonly configuration: Configuration
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/**
 * The durable part of the log as the core reads it: synchronous, cheap, never throws for an index in
 * [firstIndex, lastIndex]. `firstIndex - 1` is the compacted boundary whose term is kept (pitfall B8).
 */
export interface LogReader {
  readonly firstIndex: () => LogIndex
  readonly lastIndex: () => LogIndex
  /** Term of an entry in [firstIndex - 1, lastIndex]; undefined outside. */
  readonly termAt: (index: LogIndex) => Term | undefined
  /** Entries of [from, to), cut after `bytesMax` bytes of data but never empty when from < to. */
  readonly entries: (from: LogIndex, to: LogIndex, bytesMax: number) => readonly Entry[]
  /** Snapshot in force (index 0 before the first). */
  readonly snapshot: () => SnapshotMeta
}

/**
 * Log time of this node (lease-protocol §1.1). The core calls `lastEntry` whenever the last entry of
 * its log changes (append, truncation, start, snapshot) and `next` when, as leader, it appends.
 */
export interface LogTime {
  readonly lastEntry: (stamp: number) => void
  /** Stamp of an entry appended now: last stamp plus local monotonic ms since `lastEntry`; never less. */
  readonly next: () => number
}
