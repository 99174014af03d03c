// What region nodes say to each other over the mTLS link, after the handshake. Frames carry arrays of
// these; the link is lossy by contract (a full queue drops), only `snapshot` streams are not.
import type { Message } from '#raft/message.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import type { Outcome } from '#state/outcome.ts'

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
