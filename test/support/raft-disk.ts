// A disk for the Raft core alone: what `write` was given is durable at once, and nothing else is.
// Whoever simulates decides when (and whether) a write happens; a crash is simply not writing.
import assert from 'node:assert/strict'
import type { AppendWork } from '#raft/message.ts'
import type {
  Configuration,
  Entry,
  HardState,
  LogIndex,
  LogReader,
  SnapshotMeta,
} from '#raft/types.ts'

export function configurationOf(
  voters: readonly string[],
  rest: Partial<Configuration> = {},
): Configuration {
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false, ...rest }
}

export class RaftDisk {
  hardState: HardState = { currentTerm: 0, votedFor: null, commitIndex: 0 }
  snapshot: SnapshotMeta
  #entries: Entry[] = []

  constructor(configuration: Configuration) {
    this.snapshot = {
      lastIncludedIndex: 0,
      lastIncludedTerm: 0,
      lastIncludedStamp: 0,
      configuration,
    }
  }

  get lastIndex(): LogIndex {
    return this.snapshot.lastIncludedIndex + this.#entries.length
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  termAt(index: LogIndex): number | undefined {
    const { lastIncludedIndex, lastIncludedTerm } = this.snapshot
    if (index === lastIncludedIndex) return lastIncludedTerm
    return this.#entries[index - lastIncludedIndex - 1]?.term
  }

  readonly reader: LogReader = {
    firstIndex: () => this.snapshot.lastIncludedIndex + 1,
    lastIndex: () => this.lastIndex,
    termAt: (index) => this.termAt(index),
    entries: (from, to, bytesMax) => this.#slice(from, to, bytesMax),
    snapshot: () => this.snapshot,
  }

  #slice(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(from >= this.snapshot.lastIncludedIndex + 1)
    assert(to <= this.lastIndex + 1)
    const base = this.snapshot.lastIncludedIndex + 1
    const found: Entry[] = []
    let bytes = 0
    for (const entry of this.#entries.slice(from - base, to - base)) {
      bytes += entry.data.length
      if (bytes > bytesMax && found.length > 0) break
      found.push(entry)
    }
    return found
  }

  write(work: Pick<AppendWork, 'hardState' | 'entries' | 'snapshot'>): void {
    if (work.hardState !== null) this.hardState = work.hardState
    if (work.snapshot !== null) {
      this.snapshot = work.snapshot
      this.#entries = []
    }
    const first = work.entries[0]
    if (first === undefined) return
    const position = first.index - this.snapshot.lastIncludedIndex - 1
    assert(position >= 0 && position <= this.#entries.length, 'a write leaves no hole')
    this.#entries = [...this.#entries.slice(0, position), ...work.entries]
    assert(this.hardState.commitIndex <= this.lastIndex, 'the stored commit is within the log')
  }

  compact(meta: SnapshotMeta): void {
    assert(meta.lastIncludedIndex <= this.lastIndex)
    assert.equal(this.termAt(meta.lastIncludedIndex), meta.lastIncludedTerm)
    this.#entries = this.#entries.slice(meta.lastIncludedIndex - this.snapshot.lastIncludedIndex)
    this.snapshot = meta
  }
}
