// Reads LevelDB's log-file format (write-ahead log and MANIFEST) on our own, BEFORE LevelDB opens it: its
// recovery skips what it cannot read without an error and then deletes the evidence (raft-features §2).
// The question answered here is pitfall C12: was the last record merely never finished ("torn"; its save
// never resolved), or is something broken that was once whole ("damaged")?
//
// Format (db/log_format.h): blocks of 32 KiB; records of crc u32, length u16, type u8, payload, little
// endian; no record header in the last 6 bytes of a block; long records split FIRST, MIDDLE…, LAST.
import { crc32c, maskCrc } from './crc32c.ts'

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
const SECTOR_BYTES = 512
const FULL = 1
const FIRST = 2
const LAST = 4

export type WalScan = {
  readonly state: 'clean' | 'torn' | 'damaged'
  /** Whole records in front of the fault, in order; views into the input where not split. */
  readonly records: readonly Buffer[]
  /** Where the first broken logical record starts; the file's length when clean. */
  readonly offset: number
  /** A clause for people; '' when clean. */
  readonly reason: string
}

type Fault = { readonly at: number; readonly reason: string; readonly cut: boolean }
type Frame = { readonly type: number; readonly start: number; readonly end: number }

export function scanWal(bytes: Buffer): WalScan {
  const records: Buffer[] = []
  let parts: Buffer[] | null = null
  let recordStart = 0
  let position = 0
  let fault: Fault | null = null
  while (position < bytes.length) {
    const left = BLOCK_BYTES - (position % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      position += left
      continue
    }
    if (parts === null) recordStart = position
    const frame = readFrame(bytes, position)
    if ('reason' in frame) {
      fault = frame
      break
    }
    const begins = frame.type === FULL || frame.type === FIRST
    if (begins !== (parts === null)) {
      fault = { at: position, reason: 'a record without its beginning or end', cut: false }
      break
    }
    parts = [...(parts ?? []), bytes.subarray(frame.start, frame.end)]
    if (frame.type === FULL || frame.type === LAST) {
      records.push(
        parts.length === 1 ? bytes.subarray(frame.start, frame.end) : Buffer.concat(parts),
      )
      parts = null
    }
    position = frame.end
  }
  if (fault === null && parts !== null) {
    fault = { at: bytes.length, reason: 'the last record is unfinished', cut: true }
  }
  if (fault === null) return { state: 'clean', records, offset: bytes.length, reason: '' }
  const state = isTorn(bytes, fault) ? 'torn' : 'damaged'
  return { state, records, offset: recordStart, reason: fault.reason }
}

function readFrame(bytes: Buffer, at: number): Frame | Fault {
  if (bytes.length - at < HEADER_BYTES) return { at, reason: 'a header is cut short', cut: true }
  const length = bytes.readUInt16LE(at + 4)
  const type = bytes[at + 6] ?? 0
  const start = at + HEADER_BYTES
  const end = start + length
  if (end > at - (at % BLOCK_BYTES) + BLOCK_BYTES) {
    return { at, reason: 'a record is longer than its block', cut: false }
  }
  if (end > bytes.length) return { at, reason: 'the last record is cut short', cut: true }
  if (maskCrc(crc32c(bytes, at + 6, end)) !== bytes.readUInt32LE(at)) {
    return { at, reason: 'a record fails its checksum', cut: false }
  }
  if (type < FULL || type > LAST) return { at, reason: `unknown record type ${type}`, cut: false }
  return { type, start, end }
}

/**
 * Torn: nothing whole begins behind the fault, and the bytes look never written — the file ends inside the
 * record, or a disk sector of it is still all zero (etcd's test). A full-length record of plausible
 * bytes with a wrong checksum was written and has changed since.
 */
function isTorn(bytes: Buffer, fault: Fault): boolean {
  if (recordBeginsAfter(bytes, fault.at)) return false
  if (isWholeButForItsLength(bytes, fault.at)) return false
  return fault.cut || hasZeroSector(bytes, fault.at)
}

function recordBeginsAfter(bytes: Buffer, at: number): boolean {
  const nextBlock = at - (at % BLOCK_BYTES) + BLOCK_BYTES
  // The length of the broken record may be what is broken: look at every byte of the rest of its block.
  for (let i = at + 1; i < Math.min(nextBlock, bytes.length - HEADER_BYTES); i++) {
    const type = bytes[i + 6]
    if ((type === FULL || type === FIRST) && !('reason' in readFrame(bytes, i))) return true
  }
  let position = nextBlock
  while (position < bytes.length) {
    const left = BLOCK_BYTES - (position % BLOCK_BYTES)
    const frame = left < HEADER_BYTES ? null : readFrame(bytes, position)
    if (frame === null || 'reason' in frame) position += left
    else if (frame.type === FULL || frame.type === FIRST) return true
    else position = frame.end
  }
  return false
}

/** One flipped bit in the length of the last record would otherwise look like a cut file. */
function isWholeButForItsLength(bytes: Buffer, at: number): boolean {
  if (bytes.length - at < HEADER_BYTES) return false
  const blockEnd = at - (at % BLOCK_BYTES) + BLOCK_BYTES
  if (bytes.length > blockEnd) return false
  return maskCrc(crc32c(bytes, at + 6, bytes.length)) === bytes.readUInt32LE(at)
}

function hasZeroSector(bytes: Buffer, from: number): boolean {
  for (let start = from; start < bytes.length; ) {
    const end = Math.min(start - (start % SECTOR_BYTES) + SECTOR_BYTES, bytes.length)
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true
    start = end
  }
  return false
}
