// CRC-32C (Castagnoli), the checksum of LevelDB's log files; zlib has only the other CRC-32.
// A table implementation is enough: it runs once, over one file, before the log is opened.

const POLYNOMIAL = 0x82f63b78
/** LevelDB stores CRCs masked, so that a CRC over data holding CRCs stays strong (util/crc32c.h). */
const MASK_DELTA = 0xa282ead8

const TABLE = makeTable()

function makeTable(): Uint32Array {
  const table = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    table[byte] = value >>> 0
  }
  return table
}

/** Unsigned 32-bit CRC of bytes[start, end). */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff
  for (let i = start; i < end; i++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}
