// Keeps the hashes of this node and those the others report, and tells once when this node is found to differ
// from a quorum. Who is right is not asked of the minority: it is a bug or a broken machine, and a quorum that
// agrees is what the cluster's promises rest on.
import type { Logger, Metrics } from '#model/ports.ts'
import type { NodeReport } from '#protocol/peer.ts'
import { compareHashes, HASHES_KEPT, type StateHash } from './state-hash.ts'

export type StateWatchOptions = {
  readonly nodeId: string
  readonly voters: () => readonly string[]
  /** This node differs: it must not be asked again, nor vote. Called once. */
  readonly onDiverged: (why: string) => void
  /** Another node says that it differs. Called once for each loss of its. */
  readonly onOtherDiverged: (id: string, reason: string) => void
  readonly logger: Logger
  readonly metrics: Metrics
}

export class StateWatch {
  readonly #options: StateWatchOptions
  #own: readonly StateHash[] = []
  readonly #others = new Map<string, readonly StateHash[]>()
  readonly #diverged = new Set<string>()
  #isDiverged = false
  #disputedIndex = 0

  constructor(options: StateWatchOptions) {
    this.#options = options
  }

  /** Newest last; for the report. */
  get hashes(): readonly StateHash[] {
    return this.#own
  }

  onHash(hash: StateHash): void {
    this.#own = [...this.#own, hash].slice(-HASHES_KEPT)
    this.#options.metrics.gauge('ironraft_node_state_hash_index', hash.index)
    this.#compare()
  }

  /** The state was replaced by a snapshot: what was hashed before may be what was wrong with it. */
  forget(): void {
    this.#own = []
  }

  onReport(report: NodeReport): void {
    const { id, hashes, condition, reason } = report
    // One that knows that it is wrong, or is not sure of its disk, is no witness.
    if (condition === 'ok') this.#others.set(id, hashes.slice(-HASHES_KEPT))
    else this.#others.delete(id)
    if (condition !== 'diverged') this.#diverged.delete(id)
    else if (!this.#diverged.has(id)) {
      this.#diverged.add(id)
      this.#options.logger.error('node.other_state_differs', { peer: id, why: reason })
      this.#options.onOtherDiverged(id, reason ?? '')
    }
    this.#compare()
  }

  #compare(): void {
    const { nodeId, voters, onDiverged, logger, metrics } = this.#options
    if (this.#isDiverged || this.#own.length === 0) return
    const hashes = new Map([...this.#others, [nodeId, this.#own] as const])
    const found = compareHashes(hashes, voters())
    switch (found.type) {
      case 'equal':
        return
      case 'disputed':
        if (found.index === this.#disputedIndex) return
        this.#disputedIndex = found.index
        metrics.count('ironraft_node_state_disputes_total')
        logger.error('node.state_disputed', { index: found.index })
        return
      case 'differ':
        if (!found.nodes.includes(nodeId)) return
        this.#isDiverged = true
        onDiverged(`its state after entry ${found.index} is not the one a quorum has`)
        return
      default:
        found satisfies never
    }
  }
}
