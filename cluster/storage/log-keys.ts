// Keys of the log database: one prefix byte, then an 8-byte big-endian index, so that LevelDB's byte
// order is the log's order (pitfall F5).

const ENTRY_PREFIX = 0x01
const META_PREFIX = 0x02

/** Hard state, batch sequence and end of the log; rewritten by every batch. */
export const TAIL_KEY = Buffer.from([META_PREFIX, 0x74])
/** Snapshot in force and start of the log; rewritten by compaction and reset. */
export const BASE_KEY = Buffer.from([META_PREFIX, 0x62])

export function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = ENTRY_PREFIX
  writeUint64(key, 1, index)
  return key
}

/** Undefined for a key that is no entry's. */
export function indexOfKey(key: Buffer): number | undefined {
  return key.length === 9 && key[0] === ENTRY_PREFIX ? readUint64(key, 1) : undefined
}

/** Safe integers only (pitfall F5). */
export function writeUint64(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  bytes.writeUInt32BE(value % 0x1_0000_0000, offset + 4)
}

export function readUint64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4)
}
