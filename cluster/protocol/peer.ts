// What region nodes say to each other over the mTLS link, after the handshake. Frames carry arrays of
// these; the link is lossy by contract (a full queue drops), only `snapshot` streams are not.
import type { LevelRange } from '#model/feature-level.ts'
import type { Message } from '#raft/message.ts'
import type { Configuration, SnapshotMeta } from '#raft/types.ts'
import type { Outcome } from '#state/outcome.ts'

/** How far a node's disk is, as it tells the others; all of it is synced there (raft-features §5). */
export type DiskPosition = {
  /** The life of the node that says so. */
  readonly incarnation: number
  /** The life in which this disk was last found to have lost something; 0 for never. */
  readonly epoch: number
  /** Counts the synced batches of the log; comparable within one epoch. */
  readonly batchSequence: number
  readonly term: number
  readonly votedFor: string | null
  readonly lastIndex: number
  readonly lastTerm: number
}

/** What a node remembers of another one's claims. Each number only grows within an epoch. */
export type PeerClaims = {
  readonly incarnation: number
  readonly epoch: number
  readonly batchSequence: number
  /** Highest term in which it said anything. */
  readonly term: number
  /** The end of what it acknowledged in the newest term in which it acknowledged anything. */
  readonly ackedTerm: number
  readonly ackedIndex: number
}

/**
 * `ok`; `verifying`: started, and not yet told by enough others that its disk is what it was; `reseeding`: its
 * disk lost something, it follows without a vote; `diverged`: its state is not the others'.
 */
export type NodeCondition = 'ok' | 'verifying' | 'reseeding' | 'diverged'

/** Room on a node's disk: `low`, nobody should write through it; `critical`, it takes no more entries. */
export type SpaceAlarm = 'none' | 'low' | 'critical'

/** Who belongs to the cluster after entry `index`, which is committed: of two the one with the higher index is newer. */
export type ConfigurationAt = { readonly index: number; readonly configuration: Configuration }

export type NodeReport = {
  readonly id: string
  readonly role: 'leader' | 'follower' | 'candidate' | 'preCandidate'
  readonly term: number
  readonly applied: number
  readonly commit: number
  readonly last: number
  readonly fsyncP99Ms: number | null
  readonly apiUrl: string
  readonly pid: number
  readonly condition: NodeCondition
  /** One sentence when the condition is not `ok`. */
  readonly reason: string | null
  readonly alarm: SpaceAlarm
  /** Hashes of its state after the newest entries that call for one; `cluster/node/state-hash.ts`. */
  readonly hashes: readonly { readonly index: number; readonly value: string }[]
  /** Null until its disk is known to be sound, or its loss is recorded. */
  readonly position: DiskPosition | null
  /** Of its certificate, Unix time, ms; null in reports of levels 1 and 2. */
  readonly certificateExpiresMs: number | null
  /** Absent in reports of level 1. */
  readonly featureLevels?: LevelRange
}

export type ForwardResult =
  | { readonly ok: true; readonly outcome: Outcome; readonly revision: number }
  /** Definite: not appended there. `leader` is whom that node believes in. */
  | {
      readonly ok: false
      readonly reason: 'notLeader' | 'overloaded'
      readonly leader: string | null
    }

export type PeerMessage =
  | { readonly type: 'raft'; readonly message: Message }
  /** Encoded envelope for the leader; one hop only. */
  | { readonly type: 'forward'; readonly id: number; readonly envelope: Uint8Array }
  | { readonly type: 'forwarded'; readonly id: number; readonly result: ForwardResult }
  /** "I have just started with this disk; what do you remember of me?" Before anything else in a life. */
  | { readonly type: 'recall'; readonly position: DiskPosition }
  /** `incarnation` is the asker's, `term` the answerer's own. Null: never heard of it. */
  | {
      readonly type: 'recalled'
      readonly incarnation: number
      readonly claims: PeerClaims | null
      readonly term: number
      /** Absent in answers of level 2. */
      readonly known?: ConfigurationAt
    }
  /** Whoever leads is asked to hand over; null: to the most up-to-date voter. */
  | { readonly type: 'transfer'; readonly to: string | null }
  /** Every second, for `region status` on any node. */
  | { readonly type: 'report'; readonly report: NodeReport }

/**
 * First frame of a snapshot connection. With `resumable` the receiver answers `snapshotFrom`; then come the
 * chunks from there on in frames, then a frame of zero length.
 */
export type SnapshotOffer = {
  readonly meta: SnapshotMeta
  /** Hex SHA-256 of all chunk bytes. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly from: string
  readonly term: number
  /** Absent in offers of feature level 1: such a sender begins at byte 0 without waiting. */
  readonly resumable?: boolean
}
