// The last change batches, for watchers that come back with a revision, and the live watchers. Every
// node keeps its own; batches are the same and in the same order on all of them.
import { AppError } from '#model/errors.ts'
import type { ChangeBatch } from '#state/outcome.ts'
import type { WatchEvents } from './region.ts'

type Watcher = {
  /** It has everything up to here, possibly from another node that was ahead of this one. */
  readonly after: number
  readonly events: WatchEvents
}

export class History {
  readonly #limit: number
  readonly #watchers = new Set<Watcher>()
  #batches: ChangeBatch[] = []
  /** Revisions up to and including this one are no longer here. */
  #compactedThrough: number

  constructor(options: { readonly batchesMax: number; readonly startsAfter: number }) {
    this.#limit = options.batchesMax
    this.#compactedThrough = options.startsAfter
  }

  get watchers(): number {
    return this.#watchers.size
  }

  push(batch: ChangeBatch): void {
    this.#batches.push(batch)
    // Dropping in bulk keeps the cost of a push constant.
    if (this.#batches.length > 2 * this.#limit) {
      const dropped = this.#batches.splice(0, this.#batches.length - this.#limit)
      this.#compactedThrough = dropped.at(-1)?.revision ?? this.#compactedThrough
    }
    for (const { after, events } of [...this.#watchers]) {
      if (batch.revision > after) events.onBatch(batch)
    }
  }

  /**
   * The state was replaced by a snapshot at `revision`: nothing before it can be told any more. Who is past it
   * has missed nothing.
   */
  reset(revision: number): void {
    this.#batches = []
    this.#compactedThrough = revision
    for (const { after, events } of [...this.#watchers]) {
      if (revision > after) events.onReset(revision)
    }
  }

  /**
   * Everything after `after`, which may lie ahead of this node: a watcher that comes from a node that was further
   * hears nothing here until this one has caught up, and nothing twice. Throws COMPACTED.
   */
  watch(after: number, events: WatchEvents): () => void {
    if (after < this.#compactedThrough) {
      throw new AppError(
        'COMPACTED',
        `Revision ${after} is no longer retained; read the current state and watch from its revision.`,
        { details: { after, compactedThrough: this.#compactedThrough } },
      )
    }
    for (const batch of this.#from(after)) events.onBatch(batch)
    const watcher: Watcher = { after, events }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  #from(after: number): readonly ChangeBatch[] {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle]?.revision ?? 0) > after) high = middle
      else low = middle + 1
    }
    return this.#batches.slice(low)
  }
}
