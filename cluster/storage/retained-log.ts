// What is known in memory of the durable log: terms, sizes and record CRCs of every retained entry, and the
// newest entries themselves up to a limit. Older ones are read back and compared with the CRC kept here,
// so a block that rotted after boot is never sent to a peer or applied (pitfall C11).
import assert from 'node:assert/strict'
import type { Entry, LogIndex, LogReader, SnapshotMeta, Term } from '#raft/types.ts'
import { damaged } from './damage.ts'
import { decodeEntry } from './entry-record.ts'
import type { Base } from './log-meta.ts'

/** An entry object and its arrays beside the data; an estimate for the limit. */
const ENTRY_OVERHEAD_BYTES = 128

export type RetainedLogOptions = {
  /** Named in errors. */
  readonly path: string
  readonly cacheBytesMax: number
  readonly readRecord: (index: LogIndex) => Buffer | undefined
}

export class RetainedLog implements LogReader {
  readonly #options: RetainedLogOptions
  #base: Base
  #terms: number[] = []
  #crcs: number[] = []
  #dataBytes: number[] = []
  #totalBytes = 0
  /** Newest entries; the last one is lastIndex. */
  #cache: Entry[] = []
  #cacheBytes = 0

  constructor(base: Base, options: RetainedLogOptions) {
    this.#base = base
    this.#options = options
  }

  readonly firstIndex = (): LogIndex => this.#base.firstIndex

  readonly lastIndex = (): LogIndex => this.#base.firstIndex + this.#terms.length - 1

  readonly snapshot = (): SnapshotMeta => this.#base.snapshot

  readonly termAt = (index: LogIndex): Term | undefined => {
    if (index === this.#base.firstIndex - 1) return this.#base.previousTerm
    return this.#terms[index - this.#base.firstIndex]
  }

  readonly entries = (from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] => {
    assert(from >= this.firstIndex() && to <= this.lastIndex() + 1, `entries [${from}, ${to})`)
    const found: Entry[] = []
    let bytes = 0
    for (let index = from; index < to; index++) {
      bytes += this.#dataBytes[index - this.#base.firstIndex] ?? 0
      if (bytes > bytesMax && found.length > 0) break
      found.push(this.#entryAt(index))
    }
    return found
  }

  get base(): Base {
    return this.#base
  }

  /** Of entry data. */
  get totalBytes(): number {
    return this.#totalBytes
  }

  /** CRC of an entry's record in [firstIndex - 1, lastIndex]. */
  crcAt(index: LogIndex): number {
    if (index === this.#base.firstIndex - 1) return this.#base.previousCrc
    const crc = this.#crcs[index - this.#base.firstIndex]
    assert(crc !== undefined, `entry ${index} is retained`)
    return crc
  }

  /** The entry is kept, not copied. */
  append(entry: Entry, crc: number): void {
    assert.equal(entry.index, this.lastIndex() + 1, 'entries are contiguous')
    this.#terms.push(entry.term)
    this.#crcs.push(crc)
    this.#dataBytes.push(entry.data.byteLength)
    this.#totalBytes += entry.data.byteLength
    this.#cache.push(entry)
    this.#cacheBytes += entry.data.byteLength + ENTRY_OVERHEAD_BYTES
    this.#evict()
  }

  truncateFrom(index: LogIndex): void {
    const keep = index - this.#base.firstIndex
    assert(keep >= 0, `truncation at ${index} reaches behind the log's start`)
    const lost = this.#dataBytes.splice(keep)
    this.#totalBytes -= sum(lost)
    this.#terms.length = keep
    this.#crcs.length = keep
    const cached = Math.max(0, this.#cache.length - lost.length)
    this.#forget(this.#cache.splice(cached))
  }

  /** Moves the start of the log to `base`, forgetting the entries before it. */
  dropBefore(base: Base): void {
    const count = base.firstIndex - this.#base.firstIndex
    assert(count >= 0 && count <= this.#terms.length, `log starts at ${base.firstIndex}`)
    this.#terms.splice(0, count)
    this.#crcs.splice(0, count)
    this.#totalBytes -= sum(this.#dataBytes.splice(0, count))
    this.#base = base
    this.#forget(this.#cache.splice(0, Math.max(0, this.#cache.length - this.#terms.length)))
  }

  reset(base: Base): void {
    this.truncateFrom(this.#base.firstIndex)
    this.#base = base
  }

  #entryAt(index: LogIndex): Entry {
    const cached = this.#cache[index - (this.lastIndex() - this.#cache.length + 1)]
    if (cached !== undefined) return cached
    const { path, readRecord } = this.#options
    const record = readRecord(index)
    if (record === undefined) throw damaged(path, `entry ${index} is gone`)
    const decoded = decodeEntry(record)
    if (typeof decoded === 'string') throw damaged(path, `entry ${index} ${decoded}`)
    const { entry, crc, previous } = decoded
    const expected = crc === this.crcAt(index) && previous === this.crcAt(index - 1)
    if (!expected || entry.index !== index) throw damaged(path, `entry ${index} was replaced`)
    return entry
  }

  /** A quarter at once, so that the array moves rarely. */
  #evict(): void {
    const { cacheBytesMax } = this.#options
    if (this.#cacheBytes <= cacheBytesMax) return
    let count = 0
    for (let bytes = this.#cacheBytes; bytes > cacheBytesMax * 0.75; count++) {
      bytes -= (this.#cache[count]?.data.byteLength ?? 0) + ENTRY_OVERHEAD_BYTES
    }
    this.#forget(this.#cache.splice(0, count))
  }

  #forget(entries: readonly Entry[]): void {
    for (const entry of entries) this.#cacheBytes -= entry.data.byteLength + ENTRY_OVERHEAD_BYTES
  }
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
