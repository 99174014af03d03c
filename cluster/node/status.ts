// Who is in the cluster and how they are: each node reports itself to the others every second, so that
// `region status` gives the same picture on any of them, without a leader too.
import type { Clock } from '#model/ports.ts'
import type { NodeReport } from '#protocol/peer.ts'
import type { Raft } from '#raft/raft.ts'
import { levelOfAll } from './feature-levels.ts'
import type { MemberStatus, RegionStatus } from './region.ts'

export type StatusOptions = {
  readonly clusterId: string
  readonly nodeId: string
  readonly clock: Clock
  readonly raft: Raft
  readonly voters: () => readonly string[]
  readonly addresses: ReadonlyMap<
    string,
    { readonly peerAddress: string; readonly apiUrl: string | null }
  >
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
    if (!this.#options.addresses.has(report.id)) return
    this.#reports.set(report.id, { report, atMs: this.#options.clock.monotonicMs() })
  }

  read(): RegionStatus {
    const { clusterId, nodeId, raft, voters, addresses } = this.#options
    const { term, leader } = raft.status()
    const own = this.#options.ownReport()
    const leaderLast = leader === nodeId ? own.last : this.#reports.get(leader ?? '')?.report.last
    const voterIds = voters()
    const members = [...addresses.keys()]
      .toSorted()
      .map((id) => this.#member(id, own, { leaderLast: leaderLast ?? own.last, voterIds }))
    const votersUp = members.filter((member) => member.voter && hasVote(member)).length
    const healthy = leader !== null && votersUp * 2 > voterIds.length
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

  #member(
    id: string,
    own: NodeReport,
    cluster: { readonly leaderLast: number; readonly voterIds: readonly string[] },
  ): MemberStatus {
    const { nodeId, clock, addresses, isConnected } = this.#options
    const { leaderLast, voterIds } = cluster
    const known = this.#reports.get(id)
    const fresh = known !== undefined && clock.monotonicMs() - known.atMs < FRESH_MS
    const report = this.#freshReport(id, own)
    const address = addresses.get(id)
    return {
      id,
      role: report?.role ?? 'unknown',
      voter: voterIds.includes(id),
      applied: report?.applied ?? known?.report.applied ?? 0,
      commit: report?.commit ?? known?.report.commit ?? 0,
      lag: Math.max(0, leaderLast - (report?.applied ?? known?.report.applied ?? 0)),
      reachable: id === nodeId || (fresh && isConnected(id)),
      fsyncP99Ms: report?.fsyncP99Ms ?? null,
      apiUrl: address?.apiUrl ?? report?.apiUrl ?? null,
      peerAddress: address?.peerAddress ?? '',
      pid: report?.pid ?? null,
      condition: report?.condition ?? 'unknown',
      reason: report?.reason ?? null,
    }
  }
}

/** A node that has started anew and is not sure of its disk counts for nothing yet. */
function hasVote({ reachable, condition }: MemberStatus): boolean {
  return reachable && (condition === 'ok' || condition === 'unknown')
}
