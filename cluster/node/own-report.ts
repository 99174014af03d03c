// What a node says of itself to the others, every second and when something about it changed.
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { DiskPosition, NodeCondition, NodeReport, SpaceAlarm } from '#protocol/peer.ts'
import type { Status } from '#raft/status.ts'
import type { NodeFile } from './node-file.ts'
import type { StateHash } from './state-hash.ts'

export function makeReport(parts: {
  readonly node: NodeFile
  readonly status: Status
  readonly fsyncP99Ms: number | null
  readonly alarm: SpaceAlarm | undefined
  readonly hashes: readonly StateHash[]
  /** Undefined, as alarm and position are, where the stores are believed as they are. */
  readonly condition:
    | { readonly condition: NodeCondition; readonly reason: string | null }
    | undefined
  readonly position: DiskPosition | null | undefined
  /** Of the certificate, Unix time, ms. */
  readonly expires: (() => number) | undefined
}): NodeReport {
  const { node, status, fsyncP99Ms, hashes, alarm, condition, position } = parts
  return {
    id: node.nodeId,
    role: status.role,
    term: status.term,
    applied: status.lastApplied,
    commit: status.commitIndex,
    last: status.lastIndex,
    fsyncP99Ms,
    apiUrl: node.peers.find((peer) => peer.id === node.nodeId)?.apiUrl ?? '',
    pid: process.pid,
    ...(condition ?? { condition: 'ok', reason: null }),
    ...{ alarm: alarm ?? 'none', hashes },
    position: position ?? null,
    certificateExpiresMs: parts.expires?.() ?? null,
    featureLevels: SUPPORTED_LEVELS,
  }
}
