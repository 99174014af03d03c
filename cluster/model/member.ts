// A region node as the cluster remembers it: from its join on, and as a tombstone for ever after. An id is
// never given twice (pitfall D10): a disk that comes back under it would vote as if it had never been away.
import type { SystemId } from './ids.ts'

/**
 * `joining`: to become a voter. `leaving`: to go. Both are wishes that the leader carries out and reports
 * on; `member` and `removed` are what they end in.
 */
export type MemberStatus = 'joining' | 'member' | 'leaving' | 'removed'

export type Member = {
  readonly id: SystemId
  /** Where its peer port (mutual TLS) is reached. */
  readonly host: string
  readonly port: number
  readonly apiUrl: string
  /** Hex SHA-256 of the public key it joined with; '' for nodes of the bootstrap. */
  readonly keyFingerprint: string
  readonly status: MemberStatus
  /** Revision that set the status: a report names it, so that a late one is told apart. */
  readonly statusRevision: number
  /** Log time of it, ms. */
  readonly statusAt: number
  /** Unix ms of it, for display. */
  readonly statusWall: number
  /** Why the last wish failed, one sentence; '' when it did not. */
  readonly note: string
}
