// Who is in the cluster and how they are: each node reports itself to the others every second, so that
// `region status` gives the same picture on any of them, without a leader too.
import type { Clock } from '#model/ports.ts'
import type { PeerAddress } from '#protocol/join.ts'
import type { NodeReport, SpaceAlarm } from '#protocol/peer.ts'
import type { Raft } from '#raft/raft.ts'
import { levelOfAll } from './feature-levels.ts'
import type { MemberStatus, RegionStatus } from './region.ts'

export type StatusOptions = {
  readonly clusterId: string
  readonly nodeId: string
  readonly clock: Clock
  readonly raft: Raft
  readonly voters: () => readonly string[]
  /** Present members, this node included. */
  readonly addresses: () => ReadonlyMap<string, PeerAddress>
  readonly ownReport: () => NodeReport
  readonly isConnected: (peer: string) => boolean
}

/** A report older than this says nothing about the node's health any more. */
const FRESH_MS = 3_000

export class Status {
  readonly #options: StatusOptions
  readonly #reports = new Map<string, { readonly report: NodeReport; readonly atMs: number }>()

  constructor(options: StatusOptions) {
    this.#options = options
  }

  onReport(report: NodeReport): void {
    if (!this.#options.addresses().has(report.id)) return
    this.#reports.set(report.id, { report, atMs: this.#options.clock.monotonicMs() })
  }

  /** Of those that reported lately. */
  alarms(): ReadonlyMap<string, SpaceAlarm> {
    const nowMs = this.#options.clock.monotonicMs()
    const fresh = [...this.#reports].filter(([, { atMs }]) => nowMs - atMs < FRESH_MS)
    return new Map(fresh.map(([id, { report }]) => [id, report.alarm]))
  }

  read(): RegionStatus {
    const { clusterId, nodeId, raft, voters, addresses } = this.#options
    const { term, leader } = raft.status()
    const own = this.#options.ownReport()
    const leaderLast = leader === nodeId ? own.last : this.#reports.get(leader ?? '')?.report.last
    const known = [...addresses().values()]
    for (const id of this.#reports.keys()) {
      if (!known.some((peer) => peer.id === id)) this.#reports.delete(id)
    }
    const members = known.map((peer) => this.#member(peer, own, leaderLast ?? own.last))
    const votersUp = members.filter((member) => member.voter && hasVote(member)).length
    const healthy = leader !== null && votersUp * 2 > voters().length
    const membersLevel = levelOfAll(raft.status().configuration, (id) => this.#freshReport(id, own))
    return { clusterId, nodeId, leader, term, members, healthy, membersLevel }
  }

  /** Null when the node was not heard of for a while. */
  #freshReport(id: string, own: NodeReport): NodeReport | null {
    const { nodeId, clock } = this.#options
    if (id === nodeId) return own
    const known = this.#reports.get(id)
    return known !== undefined && clock.monotonicMs() - known.atMs < FRESH_MS ? known.report : null
  }

  #member(peer: PeerAddress, own: NodeReport, leaderLast: number): MemberStatus {
    const { id, host, port, apiUrl } = peer
    const { nodeId, clock, voters, isConnected } = this.#options
    const known = this.#reports.get(id)
    const fresh = known !== undefined && clock.monotonicMs() - known.atMs < FRESH_MS
    const report = this.#freshReport(id, own)
    return {
      id,
      role: report?.role ?? 'unknown',
      voter: voters().includes(id),
      applied: report?.applied ?? known?.report.applied ?? 0,
      commit: report?.commit ?? known?.report.commit ?? 0,
      lag: Math.max(0, leaderLast - (report?.applied ?? known?.report.applied ?? 0)),
      reachable: id === nodeId || (fresh && isConnected(id)),
      fsyncP99Ms: report?.fsyncP99Ms ?? null,
      apiUrl: apiUrl === '' ? null : apiUrl,
      peerAddress: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      pid: report?.pid ?? null,
      condition: report?.condition ?? 'unknown',
      reason: report?.reason ?? null,
      alarm: report?.alarm ?? 'none',
      certificateExpiresMs: report?.certificateExpiresMs ?? null,
    }
  }
}

/** A node that has started anew and is not sure of its disk counts for nothing yet. */
function hasVote({ reachable, condition }: MemberStatus): boolean {
  return reachable && (condition === 'ok' || condition === 'unknown')
}
