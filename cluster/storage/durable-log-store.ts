// The LogStore over any ordered database: what goes into a batch, in which order things become durable,
// and when nothing may be written any more. Pitfalls C1 (sync before the promise resolves), C2 (first
// failure is final), C4 (truncation, entries and hard state in one batch).
import assert from 'node:assert/strict'
import { AppError } from '#model/errors.ts'
import type { Entry, HardState, LogReader, SnapshotMeta } from '#raft/types.ts'
import type { Batch, Database } from './database.ts'
import { crcOfRecord, encodeEntry } from './entry-record.ts'
import { BASE_KEY, entryKey, TAIL_KEY } from './log-keys.ts'
import { loadLog, type LoadOptions } from './log-load.ts'
import { type Base, baseOfSnapshot, sealJson, type Tail } from './log-meta.ts'
import type { Receipt, ReceiptState } from './log-receipt.ts'
import type { LogStore, LogWrite } from './log-store.ts'
import type { RetainedLog } from './retained-log.ts'

/** Deletes in one step of a compaction: a save never waits long behind one. */
const COMPACTION_STEP_ENTRIES = 256

/** Throws STORAGE_DAMAGED; then neither database nor receipt is closed. */
export async function openDurableLog(
  database: Database,
  receipt: Receipt,
  options: LoadOptions,
): Promise<DurableLogStore> {
  const { retained, tail } = await loadLog(database, receipt.state, options)
  // A power loss takes un-synced notes: until the next vote the receipt would guard only an older log.
  if (receipt.state.batchSequence < tail.batchSequence) await receipt.sync(receiptOf(tail))
  return new DurableLogStore({ database, receipt, retained, tail, path: options.path })
}

type Parts = {
  readonly database: Database
  readonly receipt: Receipt
  readonly retained: RetainedLog
  readonly tail: Tail
  readonly path: string
}

export class DurableLogStore implements LogStore {
  readonly #parts: Parts
  readonly #retained: RetainedLog
  readonly #opened: HardState
  #tail: Tail
  #saving = false
  #failure: AppError | null = null
  #closed = false
  /** Saves and compaction steps take turns. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#retained = parts.retained
    this.#tail = parts.tail
    this.#opened = parts.tail.hardState
  }

  get reader(): LogReader {
    return this.#retained
  }

  /** How far the log is on disk, for the peers to remember. */
  readonly position = (): ReceiptState => receiptOf(this.#tail)

  readonly hardState = (): HardState => this.#opened

  readonly sizeBytes = (): number => this.#retained.totalBytes

  readonly save = async (write: LogWrite): Promise<void> => {
    assert(!this.#saving, 'one save at a time')
    this.#saving = true
    try {
      await this.#takeTurn(() => this.#saveNow(write))
    } finally {
      this.#saving = false
    }
  }

  readonly compact = async (meta: SnapshotMeta, trailingEntries = 0): Promise<void> => {
    const { lastIncludedIndex, lastIncludedTerm } = meta
    const inForce = this.#retained.snapshot().lastIncludedIndex
    assert(lastIncludedIndex >= inForce, `snapshot ${lastIncludedIndex} is older than ${inForce}`)
    assert(lastIncludedIndex <= this.#retained.lastIndex(), 'compaction stays within the log')
    const term = this.#retained.termAt(lastIncludedIndex)
    assert(term === undefined || term === lastIncludedTerm, 'the snapshot is of this log')
    const firstKept = Math.max(1, lastIncludedIndex + 1 - trailingEntries)
    let more = true
    while (more) more = await this.#takeTurn(() => this.#compactStep(meta, firstKept))
  }

  readonly close = async (): Promise<void> => {
    if (this.#closed) return
    await this.#turn
    this.#closed = true
    const { database, receipt } = this.#parts
    if (this.#failure === null) await receipt.sync(receiptOf(this.#tail))
    await receipt.close()
    await database.close()
  }

  #takeTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(() => {
      if (this.#failure !== null) throw this.#failure
      assert(!this.#closed, 'the log is open')
      return task()
    })
    this.#turn = run.then(ignore, ignore)
    return run
  }

  async #saveNow(write: LogWrite): Promise<void> {
    const { entries, snapshot } = write
    const base = snapshot === null ? this.#retained.base : baseOfSnapshot(snapshot)
    const batch = this.#parts.database.batch()
    const end = snapshot === null ? this.#endBefore(entries[0]) : endOfBase(base)
    assert(entries[0] === undefined || entries[0].index === end.lastIndex + 1, 'no gap in the log')
    if (snapshot !== null) batch.put(BASE_KEY, sealJson(base))
    this.#deleteFrom(batch, snapshot === null ? end.lastIndex + 1 : this.#retained.firstIndex(), {
      rewritten: entries.length,
      startsAt: end.lastIndex + 1,
    })
    const crcs = putEntries(batch, entries, end.lastCrc)
    const last = entries.at(-1)
    const tail: Tail = {
      batchSequence: this.#tail.batchSequence + 1,
      hardState: write.hardState ?? this.#tail.hardState,
      lastIndex: last?.index ?? end.lastIndex,
      lastTerm: last?.term ?? end.lastTerm,
      lastCrc: crcs.at(-1) ?? end.lastCrc,
    }
    assert(tail.hardState.commitIndex <= tail.lastIndex, 'commitIndex is within the log (C5)')
    assert(tail.hardState.currentTerm >= tail.lastTerm, 'the term is durable with its entry (A2)')
    await this.#commit(batch, tail)
    if (snapshot !== null) this.#retained.reset(base)
    else this.#retained.truncateFrom(end.lastIndex + 1)
    entries.forEach((entry, i) => this.#retained.append(entry, crcs[i] ?? 0))
  }

  /** Where the log ends once the entries from the first new one on are replaced. */
  #endBefore(first: Entry | undefined): End {
    const lastIndex = first === undefined ? this.#retained.lastIndex() : first.index - 1
    const lastTerm = this.#retained.termAt(lastIndex)
    assert(lastTerm !== undefined, `entries continue the log (after ${lastIndex})`)
    return { lastIndex, lastTerm, lastCrc: this.#retained.crcAt(lastIndex) }
  }

  /** Deletes the old entries from `from` on, save those that this batch writes anew. */
  #deleteFrom(
    batch: Batch,
    from: number,
    anew: { readonly rewritten: number; readonly startsAt: number },
  ): void {
    for (let index = from; index <= this.#retained.lastIndex(); index++) {
      const isRewritten = index >= anew.startsAt && index < anew.startsAt + anew.rewritten
      if (!isRewritten) batch.del(entryKey(index))
    }
  }

  /** One slice from the front, with the new start of the log in the same batch. True when more is left. */
  async #compactStep(meta: SnapshotMeta, firstKept: number): Promise<boolean> {
    const before = this.#retained.base
    // A received snapshot replaced the log meanwhile.
    if (before.snapshot.lastIncludedIndex > meta.lastIncludedIndex) return false
    const batch = this.#parts.database.batch()
    const start = before.firstIndex
    const firstIndex = Math.max(start, Math.min(firstKept, start + COMPACTION_STEP_ENTRIES))
    for (let index = start; index < firstIndex; index++) batch.del(entryKey(index))
    const base: Base = {
      snapshot: meta,
      firstIndex,
      previousTerm: this.#retained.termAt(firstIndex - 1) ?? 0,
      previousCrc: this.#retained.crcAt(firstIndex - 1),
    }
    batch.put(BASE_KEY, sealJson(base))
    await this.#commit(batch, { ...this.#tail, batchSequence: this.#tail.batchSequence + 1 })
    this.#retained.dropBefore(base)
    return firstIndex < firstKept
  }

  /** Nothing that this resolves for may be lost; the first error ends the store (pitfall C2). */
  async #commit(batch: Batch, tail: Tail): Promise<void> {
    const { receipt, path } = this.#parts
    const before = this.#tail.hardState
    try {
      batch.put(TAIL_KEY, sealJson(tail))
      await batch.write(true)
      const { currentTerm, votedFor } = tail.hardState
      const voted = currentTerm !== before.currentTerm || votedFor !== before.votedFor
      if (voted) await receipt.sync(receiptOf(tail))
      else receipt.note(receiptOf(tail))
    } catch (error) {
      this.#failure = new AppError('STORAGE_FAILED', `${path} can no longer be written.`, {
        cause: error,
      })
      throw this.#failure
    }
    this.#tail = tail
  }
}

type End = Pick<Tail, 'lastIndex' | 'lastTerm' | 'lastCrc'>

function endOfBase(base: Base): End {
  const { firstIndex, previousTerm, previousCrc } = base
  return { lastIndex: firstIndex - 1, lastTerm: previousTerm, lastCrc: previousCrc }
}

/** CRCs of the records, in order. */
function putEntries(batch: Batch, entries: readonly Entry[], previousCrc: number): number[] {
  const crcs: number[] = []
  let previous: Entry | undefined
  for (const entry of entries) {
    assert(previous === undefined || entry.index === previous.index + 1, 'entries are contiguous')
    assert(previous === undefined || entry.term >= previous.term, 'terms never decrease')
    const record = encodeEntry(entry, crcs.at(-1) ?? previousCrc)
    batch.put(entryKey(entry.index), record)
    crcs.push(crcOfRecord(record))
    previous = entry
  }
  return crcs
}

function receiptOf(tail: Tail): ReceiptState {
  const { batchSequence, hardState, lastIndex, lastTerm } = tail
  const { currentTerm, votedFor } = hardState
  return { batchSequence, currentTerm, votedFor, lastIndex, lastTerm }
}

function ignore(): void {
  // Whoever asked for the turn gets its outcome; the next in line only waits for the end.
}
