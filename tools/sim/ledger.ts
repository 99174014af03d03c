// The truth as seen from outside: which entry is committed at each index, noted when the first node applies
// it, and what it changed. Checkers compare everything that comes later with it.
import type { Change } from '#state/outcome.ts'
import type { Entry, NodeId } from '#raft/types.ts'

export type Committed = {
  readonly entry: Entry
  /** Of whom it was first seen. */
  readonly by: NodeId
  readonly atUs: number
  /** No leader of this or an earlier term had committed it later: upper bound of the term it committed in. */
  readonly committedByTerm: number
}

export type Batch = {
  readonly revision: number
  readonly stamp: number
  readonly changes: readonly Change[]
  /** Canonical text of the changes; equal on equal replicas. */
  readonly text: string
}

export class Ledger {
  readonly #entries: (Committed | undefined)[] = []
  readonly #batches = new Map<number, Batch>()
  /** Digest of the whole state at an index, by whoever came first. */
  readonly digests = new Map<number, string>()
  /** Highest term that any leader has spoken in. */
  leaderTerm = 0

  /** Highest index known to be committed. */
  get last(): number {
    return Math.max(0, this.#entries.length - 1)
  }

  at(index: number): Committed | undefined {
    return this.#entries[index]
  }

  note(committed: Committed): void {
    this.#entries[committed.entry.index] = committed
  }

  batch(revision: number): Batch | undefined {
    return this.#batches.get(revision)
  }

  noteBatch(batch: Batch): void {
    this.#batches.set(batch.revision, batch)
  }
}
