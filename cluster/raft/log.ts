// The log as the core sees it: what is durable (read through LogReader) plus the unstable tail that
// is still to be written, or a snapshot that replaces everything and is still to be written.
//
//   reader: firstIndex … offset-1 (durable)   tail: offset … lastIndex (not known to be durable)
//
// The reader may hold more than offset-1 when a write completed whose entries were replaced meanwhile;
// only the tail counts from `offset` on. While a snapshot is pending the tail is empty.
import assert from 'node:assert/strict'
import type { Entry, LogIndex, LogReader, SnapshotMeta, Term } from './types.ts'

/** What an entry weighs in windows and quotas: its data and about what its frame costs. */
export function entryBytes(entry: Entry): number {
  return dataBytes(entry.data)
}

export function dataBytes(data: Uint8Array): number {
  return data.length + 64
}

export class RaftLog {
  readonly #reader: LogReader
  #offset: LogIndex
  #tail: Entry[] = []
  #pendingSnapshot: SnapshotMeta | null = null

  constructor(reader: LogReader) {
    this.#reader = reader
    this.#offset = reader.lastIndex() + 1
    assert(reader.firstIndex() <= this.#offset, 'the durable log is contiguous')
  }

  /** Everything up to here is on disk, in this form. */
  get durableIndex(): LogIndex {
    return this.#pendingSnapshot === null ? this.#offset - 1 : 0
  }

  get lastIndex(): LogIndex {
    return this.#offset + this.#tail.length - 1
  }

  get lastTerm(): Term {
    const term = this.termAt(this.lastIndex)
    assert(term !== undefined, 'the last entry or the boundary before it has a term')
    return term
  }

  /** Entries before this one are compacted; the term of the one just before is kept (pitfall B8). */
  get firstIndex(): LogIndex {
    return this.#pendingSnapshot === null ? this.#reader.firstIndex() : this.#offset
  }

  /** The snapshot to send to a peer that needs what is compacted. */
  get snapshot(): SnapshotMeta {
    return this.#pendingSnapshot ?? this.#reader.snapshot()
  }

  /** A received snapshot that is not yet the durable log's beginning. */
  get pendingSnapshot(): SnapshotMeta | null {
    return this.#pendingSnapshot
  }

  get hasUnstable(): boolean {
    return this.#tail.length > 0 || this.#pendingSnapshot !== null
  }

  /** A copy: the tail goes on changing while it is written. */
  unstableEntries(): readonly Entry[] {
    return this.#tail.slice()
  }

  /** Undefined when compacted or beyond the end. */
  termAt(index: LogIndex): Term | undefined {
    if (index >= this.#offset) return this.#tail[index - this.#offset]?.term
    const pending = this.#pendingSnapshot
    if (pending === null) return this.#reader.termAt(index)
    return index === pending.lastIncludedIndex ? pending.lastIncludedTerm : undefined
  }

  /** Log matching (§5.3): the same index and term hold the same entry, and all before it. */
  matches(index: LogIndex, term: Term): boolean {
    return this.termAt(index) === term
  }

  /** §5.4.1: later last term, or same term and at least as long (pitfall A11). */
  isUpToDate(lastLogIndex: LogIndex, lastLogTerm: Term): boolean {
    const { lastTerm } = this
    if (lastLogTerm !== lastTerm) return lastLogTerm > lastTerm
    return lastLogIndex >= this.lastIndex
  }

  /** Entries of [from, to), about `bytesMax` bytes of them, at least one when from < to. */
  slice(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(from >= this.firstIndex, 'compacted entries are not asked for')
    assert(to <= this.lastIndex + 1, 'entries beyond the end are not asked for')
    if (from >= to) return []
    if (from >= this.#offset) return this.#sliceTail(from, to, bytesMax)
    const durable = this.#reader.entries(from, Math.min(to, this.#offset), bytesMax)
    assert(durable.length > 0 && durable[0]?.index === from, 'the reader gives what was asked')
    if (from + durable.length < Math.min(to, this.#offset) || to <= this.#offset) return durable
    let bytes = 0
    for (const entry of durable) bytes += entryBytes(entry)
    if (bytes >= bytesMax) return durable
    return durable.concat(this.#sliceTail(this.#offset, to, bytesMax - bytes))
  }

  #sliceTail(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    const start = from - this.#offset
    const end = to - this.#offset
    let cut = start
    let bytes = 0
    while (cut < end) {
      const entry = this.#tail[cut]
      assert(entry !== undefined)
      bytes += entryBytes(entry)
      if (bytes > bytesMax && cut > start) break
      cut++
    }
    return this.#tail.slice(start, cut)
  }

  /** Replaces everything from the first entry's index on. The caller has checked the prefix. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    assert(first !== undefined, 'an append has entries')
    assert(this.#pendingSnapshot === null, 'nothing is appended behind a pending snapshot')
    assert(first.index > this.firstIndex - 1, 'compacted entries are not replaced')
    assert(first.index <= this.lastIndex + 1, 'an append leaves no hole')
    if (first.index < this.#offset) {
      this.#offset = first.index
      this.#tail = []
    } else {
      this.#tail.length = first.index - this.#offset
    }
    for (const entry of entries) this.#tail.push(entry)
  }

  /**
   * Index of the first entry that differs from ours or is beyond our end; 0 when all are present
   * (pitfall B3: what is already there is not touched).
   */
  firstNew(entries: readonly Entry[]): LogIndex {
    for (const entry of entries) {
      if (!this.matches(entry.index, entry.term)) return entry.index
    }
    return 0
  }

  /**
   * Largest index ≤ `index` whose term is ≤ `term`: where two logs can still agree (pitfall B7). Terms
   * never decrease along a log, so halving finds it. The result may be the compacted boundary.
   */
  findByTerm(index: LogIndex, term: Term): LogIndex {
    let low = this.firstIndex - 1
    let high = Math.min(index, this.lastIndex)
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      const middleTerm = this.termAt(middle)
      assert(middleTerm !== undefined, 'between boundary and end every entry has a term')
      if (middleTerm <= term) low = middle
      else high = middle - 1
    }
    return Math.min(low, index)
  }

  /** Everything gives way to a received snapshot (dissertation §5.3). */
  restore(snapshot: SnapshotMeta): void {
    assert(this.#pendingSnapshot === null, 'snapshots are installed one at a time (pitfall C9)')
    this.#pendingSnapshot = snapshot
    this.#offset = snapshot.lastIncludedIndex + 1
    this.#tail = []
  }

  snapshotDurable(snapshot: SnapshotMeta): void {
    assert(this.#pendingSnapshot === snapshot, 'the snapshot written is the one pending')
    assert(this.#reader.snapshot().lastIncludedIndex === snapshot.lastIncludedIndex)
    assert(this.#reader.lastIndex() === snapshot.lastIncludedIndex, 'the log starts over')
    this.#pendingSnapshot = null
  }

  /**
   * The entries up to (index, term) are on disk. Released from the tail only when that entry is still
   * the one there (pitfall C3); the caller has checked that the term did not change meanwhile.
   */
  durableTo(index: LogIndex, term: Term): void {
    const position = index - this.#offset
    if (position < 0) return
    if (this.#tail[position]?.term !== term) return
    assert(this.#reader.termAt(index) === term, 'what was written reads back')
    this.#tail.splice(0, position + 1)
    this.#offset = index + 1
  }
}
