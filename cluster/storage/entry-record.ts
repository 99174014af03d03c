// Bytes of one log entry on disk, version 1. The CRC covers everything behind it, including the CRC of
// the entry before: a replaced, missing or resurrected entry breaks the chain (pitfall C11). LevelDB
// itself never verifies a block it reads (raft-features §2).
//
//   0 crc u32 | 4 version u8 | 5 kind u8 | 6 zero u16 | 8 previous crc u32 | 12 term u64
//   20 index u64 | 28 stamp f64 | 36 length u32 | 40 data
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { AppError } from '#model/errors.ts'
import type { Entry, EntryKind } from '#raft/types.ts'
import { readUint64, writeUint64 } from './log-keys.ts'

const VERSION = 1
const RECORD_HEADER_BYTES = 40
/** The chain starts here when nothing was ever compacted. */
export const CHAIN_START = 0

const KINDS: readonly EntryKind[] = ['empty', 'command', 'configuration']

export type EntryRecord = { readonly entry: Entry; readonly crc: number; readonly previous: number }

/** A new buffer; the entry's data is copied. The record's CRC is its first four bytes. */
export function encodeEntry(entry: Entry, previousCrc: number): Buffer {
  const { data } = entry
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + data.byteLength)
  const kind = KINDS.indexOf(entry.kind)
  assert(kind >= 0, `entry kind ${entry.kind}`)
  record[4] = VERSION
  record[5] = kind
  record.writeUInt16BE(0, 6)
  record.writeUInt32BE(previousCrc, 8)
  writeUint64(record, 12, entry.term)
  writeUint64(record, 20, entry.index)
  record.writeDoubleBE(entry.stamp, 28)
  record.writeUInt32BE(data.byteLength, 36)
  record.set(data, RECORD_HEADER_BYTES)
  record.writeUInt32BE(crc32(record.subarray(4)), 0)
  return record
}

export function crcOfRecord(record: Buffer): number {
  return record.readUInt32BE(0)
}

/** The data is a view into `record`. A string says what is wrong with it. Throws UNSUPPORTED_VERSION. */
export function decodeEntry(record: Buffer): EntryRecord | string {
  if (record.length < RECORD_HEADER_BYTES) return 'is cut short'
  const crc = crcOfRecord(record)
  if (crc32(record.subarray(4)) !== crc) return 'fails its checksum'
  if (record[4] !== VERSION) {
    // Sound by its checksum, which has the same place in every version: newer, not damaged.
    const text = `A log entry has the record version ${record[4]}; this code reads ${VERSION}.`
    throw new AppError('UNSUPPORTED_VERSION', text)
  }
  const kind = KINDS[record[5] ?? -1]
  if (kind === undefined) return `has the unknown kind ${record[5]}`
  if (record.readUInt32BE(36) !== record.length - RECORD_HEADER_BYTES) return 'has a wrong length'
  const entry: Entry = {
    term: readUint64(record, 12),
    index: readUint64(record, 20),
    kind,
    stamp: record.readDoubleBE(28),
    data: record.subarray(RECORD_HEADER_BYTES),
  }
  return { entry, crc, previous: record.readUInt32BE(8) }
}
