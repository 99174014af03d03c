// The two small records beside the entries: the tail (in every batch) and the base (start of the log).
// On disk: crc32 u32, version u8, JSON. JSON because they are few, small and worth reading in a dump.
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import type { HardState, LogIndex, SnapshotMeta, Term } from '#raft/types.ts'
import { CHAIN_START } from './entry-record.ts'

const VERSION = 1

export type Tail = {
  /** Counts the synced batches of this log; a log that went back in it lost its tail (pitfall C10). */
  readonly batchSequence: number
  readonly hardState: HardState
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** CRC of the last entry's record, or the base's when there is no entry. */
  readonly lastCrc: number
}

export type Base = {
  /** Snapshot in force; its index may lie behind `firstIndex` when trailing entries are kept. */
  readonly snapshot: SnapshotMeta
  readonly firstIndex: LogIndex
  /** Of the entry before firstIndex (pitfall B8). */
  readonly previousTerm: Term
  readonly previousCrc: number
}

const EMPTY_HARD_STATE: HardState = { currentTerm: 0, votedFor: null, commitIndex: 0 }

const EMPTY_SNAPSHOT: SnapshotMeta = {
  lastIncludedIndex: 0,
  lastIncludedTerm: 0,
  lastIncludedStamp: 0,
  configuration: {
    voters: [],
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  },
}

export const EMPTY_TAIL: Tail = {
  batchSequence: 0,
  hardState: EMPTY_HARD_STATE,
  lastIndex: 0,
  lastTerm: 0,
  lastCrc: CHAIN_START,
}

export const EMPTY_BASE: Base = {
  snapshot: EMPTY_SNAPSHOT,
  firstIndex: 1,
  previousTerm: 0,
  previousCrc: CHAIN_START,
}

/** The log right after a received snapshot: nothing but its boundary. The chain starts anew. */
export function baseOfSnapshot(snapshot: SnapshotMeta): Base {
  return {
    snapshot,
    firstIndex: snapshot.lastIncludedIndex + 1,
    previousTerm: snapshot.lastIncludedTerm,
    previousCrc: CHAIN_START,
  }
}

export function sealJson(value: unknown): Buffer {
  const text = JSON.stringify(value)
  const record = Buffer.allocUnsafe(5 + Buffer.byteLength(text))
  record[4] = VERSION
  record.write(text, 5)
  record.writeUInt32BE(crc32(record.subarray(4)), 0)
  return record
}

/** A string says what is wrong. */
export function unsealJson(record: Buffer): { readonly value: unknown } | string {
  if (record.length < 5) return 'is cut short'
  if (crc32(record.subarray(4)) !== record.readUInt32BE(0)) return 'fails its checksum'
  if (record[4] !== VERSION) return `has the unknown version ${record[4]}`
  const value: unknown = JSON.parse(record.toString('utf8', 5))
  assert(typeof value === 'object' && value !== null, 'a sealed record is an object')
  return { value }
}
