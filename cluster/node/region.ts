// The port the rest of a region process sees: write a command, read the state, watch it change.
// `region-node.ts` implements it; `test/support/memory-region.ts` is the fake (one node, no disk).
import type { NodeCondition, SpaceAlarm } from '#protocol/peer.ts'
import type { Actor, Command } from '#state/command.ts'
import type { ChangeBatch, OutcomeOf } from '#state/outcome.ts'
import type { RegionState } from '#state/state.ts'

export type ProposeOptions = {
  readonly actor: Actor
  /** From the client's `Idempotency-Key`; the answer of the first such request is given again. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string }
  /** Default `request_timeout_ms` of the config. */
  readonly timeoutMs?: number
}

export type Committed<C extends Command> = {
  readonly outcome: OutcomeOf<C>
  /** Log index at which it was applied; this node has applied it too. */
  readonly revision: number
}

/** `linearizable`: confirmed by ReadIndex, on any node. `stale`: what this node has, with its age. */
export type Consistency = 'linearizable' | 'stale'

export type View = {
  /** The live tables: read what you need before the next await, keep nothing. */
  readonly state: RegionState
  readonly revision: number
  /** Ms since this node last heard from a leader (0 on a confirmed read). */
  readonly stalenessMs: number
}

export type MemberStatus = {
  readonly id: string
  readonly role: 'leader' | 'follower' | 'candidate' | 'preCandidate' | 'unknown'
  readonly voter: boolean
  readonly applied: number
  readonly commit: number
  /** Entries behind the leader's last. */
  readonly lag: number
  readonly reachable: boolean
  readonly fsyncP99Ms: number | null
  readonly apiUrl: string | null
  readonly peerAddress: string
  readonly pid: number | null
  /** `unknown` when it has not reported lately. */
  readonly condition: NodeCondition | 'unknown'
  /** One sentence when the condition is neither `ok` nor `unknown`. */
  readonly reason: string | null
  /** Room on its disk, as it said last; `none` when it has not reported lately. */
  readonly alarm: SpaceAlarm
  /** End of its certificate, Unix time, ms; null when it has not reported lately. */
  readonly certificateExpiresMs?: number | null
}

export type RegionStatus = {
  readonly clusterId: string
  readonly nodeId: string
  readonly leader: string | null
  readonly term: number
  readonly members: readonly MemberStatus[]
  /** A majority of voters is reachable and a leader is known. */
  readonly healthy: boolean
  /** Highest feature level that all members support by their fresh word; null: not all were heard of. */
  readonly membersLevel?: number | null
}

export type WatchEvents = {
  readonly onBatch: (batch: ChangeBatch) => void
  /** The state jumped (snapshot installed): what was seen before may be incomplete; start over. */
  readonly onReset: (revision: number) => void
}

export interface Region {
  readonly nodeId: string
  readonly clusterId: string
  /**
   * Applied exactly once, on whichever node leads, and applied here before it resolves.
   * Throws NO_QUORUM or TIMEOUT (unknown whether applied), OVERLOADED or SHUTTING_DOWN (not applied).
   */
  readonly propose: <C extends Command>(
    command: C,
    options: ProposeOptions,
  ) => Promise<Committed<C>>
  /** Throws NO_QUORUM or TIMEOUT for `linearizable`; `stale` always succeeds. */
  readonly read: (consistency: Consistency) => Promise<View>
  /** Newest applied state, at once; for authentication and pushes. */
  readonly local: () => View
  /**
   * Batches with revision > `after`, first the retained ones, then live, in order. Throws COMPACTED when
   * `after` is older than what is retained. Returns the way to stop.
   */
  readonly watch: (after: number, events: WatchEvents) => () => void
  readonly status: () => RegionStatus
  /**
   * Hands leadership to a healthy follower. Resolves when that one has committed an entry of its own, when there is
   * nothing to do, or after a second.
   */
  readonly transferLeadership: (to: string | null) => Promise<void>
}

/** The state of one moment as the bytes of a backup file (`storage/backup-file.ts`). */
export type Backup = {
  readonly clusterId: string
  readonly revision: number
  readonly bytes: AsyncIterable<Uint8Array>
  /** Once, when the bytes were read or are not wanted: the next backup may begin. */
  readonly close: () => void
}

export interface BackupSource {
  /** One at a time. Throws OVERLOADED while one is under way, NO_QUORUM and TIMEOUT. */
  readonly begin: () => Promise<Backup>
}

export type TokenKind = 'region' | 'rack'

export type JoinProgress = {
  readonly lagEntries: number
  /** Null until it was measured twice. */
  readonly entriesPerSecond: number | null
}

/** What operators may ask of the membership beyond commands. Implemented by `membership.ts`. */
export interface RegionMembership {
  /** A one-time token as text. Throws what `propose` throws, OVERLOADED when there are too many. */
  readonly makeToken: (kind: TokenKind, lifetimeMs: number, actor: Actor) => Promise<string>
  /**
   * Hands leadership to `to`, null for the most up-to-date voter; resolves to the leader then. Throws
   * NOT_FOUND, CONFLICT (no voter, not reachable), NO_QUORUM, or TIMEOUT when it did not happen.
   */
  readonly transfer: (to: string | null) => Promise<string>
  /** Of a learner; null unless this node leads. */
  readonly progressOf: (id: string) => JoinProgress | null
}
