// Reads the whole log at boot and believes nothing: every record's CRC, the chain from entry to entry, no
// hole, nothing beyond the recorded end, and hard state that fits (pitfalls C5, C10, C11).
import type { HardState } from '#raft/types.ts'
import type { Database } from './database.ts'
import { damaged } from './damage.ts'
import { decodeEntry } from './entry-record.ts'
import { BASE_KEY, entryKey, indexOfKey, TAIL_KEY } from './log-keys.ts'
import { type Base, EMPTY_BASE, EMPTY_TAIL, type Tail, unsealJson } from './log-meta.ts'
import type { ReceiptState } from './log-receipt.ts'
import { RetainedLog } from './retained-log.ts'

export type LoadedLog = { readonly retained: RetainedLog; readonly tail: Tail }

export type LoadOptions = { readonly path: string; readonly cacheBytesMax: number }

/** Throws STORAGE_DAMAGED. */
export async function loadLog(
  database: Database,
  receipt: ReceiptState,
  options: LoadOptions,
): Promise<LoadedLog> {
  const { path, cacheBytesMax } = options
  const tail = readMeta<Tail>(database, TAIL_KEY, { path, name: 'tail' }) ?? EMPTY_TAIL
  const base = readMeta<Base>(database, BASE_KEY, { path, name: 'base' }) ?? EMPTY_BASE
  const behind = behindReceipt(tail, receipt)
  if (behind !== null) throw damaged(path, behind)
  const readRecord = (index: number): Buffer | undefined => database.getSync(entryKey(index))
  const retained = new RetainedLog(base, { path, cacheBytesMax, readRecord })
  for await (const rows of database.blocks()) {
    for (const [key, value] of rows) {
      if (key.equals(TAIL_KEY) || key.equals(BASE_KEY)) continue
      const what = addEntry(retained, key, value)
      if (what !== null) throw damaged(path, what)
    }
  }
  const what = checkEnd(retained, tail)
  if (what !== null) throw damaged(path, what)
  return { retained, tail }
}

/**
 * The receipt was written after the batch it names was durable, so the log is at it or ahead of it. A log
 * that is behind would vote or acknowledge a second time (raft-features §5, amnesia).
 */
export function behindReceipt(tail: Tail, receipt: ReceiptState): string | null {
  if (tail.batchSequence < receipt.batchSequence) {
    return (
      `the log lost its tail: it ends with batch ${tail.batchSequence}, ` +
      `but batch ${receipt.batchSequence} had been made durable`
    )
  }
  const { currentTerm, votedFor } = tail.hardState
  if (currentTerm < receipt.currentTerm) {
    return `the log went back to term ${currentTerm} from term ${receipt.currentTerm}`
  }
  const sameTerm = currentTerm === receipt.currentTerm
  if (sameTerm && receipt.votedFor !== null && receipt.votedFor !== votedFor) {
    return `the log forgot its vote of term ${currentTerm}`
  }
  const sameBatch = tail.batchSequence === receipt.batchSequence
  const sameEnd = tail.lastIndex === receipt.lastIndex && tail.lastTerm === receipt.lastTerm
  return sameBatch && !sameEnd ? `the log does not end at entry ${receipt.lastIndex}` : null
}

function addEntry(retained: RetainedLog, key: Buffer, value: Buffer): string | null {
  const index = indexOfKey(key)
  if (index === undefined) return `there is an unknown key ${key.toString('hex')}`
  const expected = retained.lastIndex() + 1
  if (index !== expected) return `entry ${expected} is missing (entry ${index} follows)`
  const decoded = decodeEntry(value)
  if (typeof decoded === 'string') return `entry ${index} ${decoded}`
  const { entry, crc, previous } = decoded
  if (entry.index !== index) return `entry ${index} holds entry ${entry.index}`
  if (previous !== retained.crcAt(index - 1)) return `entry ${index} does not continue the chain`
  if (entry.term < (retained.termAt(index - 1) ?? 0)) return `entry ${index} goes back in term`
  // What the database handed out may be a view into its block of a thousand rows: copy.
  retained.append({ ...entry, data: Buffer.from(entry.data) }, crc)
  return null
}

function checkEnd(retained: RetainedLog, tail: Tail): string | null {
  const last = retained.lastIndex()
  if (last !== tail.lastIndex) return `the log ends at entry ${last} instead of ${tail.lastIndex}`
  if (retained.termAt(last) !== tail.lastTerm || retained.crcAt(last) !== tail.lastCrc) {
    return `entry ${last} is not the one that was written last`
  }
  const snapshotIndex = retained.snapshot().lastIncludedIndex
  if (snapshotIndex > last) return `the snapshot at ${snapshotIndex} lies behind the log's end`
  return checkHardState(tail.hardState, last, tail.lastTerm)
}

function checkHardState(state: HardState, lastIndex: number, lastTerm: number): string | null {
  if (state.commitIndex > lastIndex) {
    return `entry ${state.commitIndex} was committed but the log ends at ${lastIndex}`
  }
  if (state.currentTerm < lastTerm) {
    return `term ${state.currentTerm} is older than the last entry's term ${lastTerm}`
  }
  return null
}

function readMeta<T>(
  database: Database,
  key: Buffer,
  where: { readonly path: string; readonly name: string },
): T | undefined {
  const record = database.getSync(key)
  if (record === undefined) return undefined
  const read = unsealJson(record)
  if (typeof read === 'string') throw damaged(where.path, `the ${where.name} record ${read}`)
  return read.value as T
}
