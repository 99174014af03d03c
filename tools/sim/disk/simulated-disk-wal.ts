// Writes LevelDB's log-file format and the batches in it, so that the simulated disk stores real bytes and
// the product's own scan decides what a crash left of them.
import { crc32c, maskCrc } from '#storage/crc32c.ts'

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7

export type SimulatedOperation = { readonly key: Buffer; readonly value: Buffer | null }

/** Bytes to append to a file that has `fileBytes` bytes. */
export function frameRecord(payload: Buffer, fileBytes: number): Buffer {
  const parts: Buffer[] = []
  let position = fileBytes
  let rest = payload
  for (let first = true; first || rest.length > 0; first = false) {
    let left = BLOCK_BYTES - (position % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      parts.push(Buffer.alloc(left))
      position += left
      left = BLOCK_BYTES
    }
    const fragment = rest.subarray(0, left - HEADER_BYTES)
    rest = rest.subarray(fragment.length)
    const last = rest.length === 0
    const type = first ? (last ? 1 : 2) : last ? 4 : 3
    const frame = Buffer.alloc(HEADER_BYTES + fragment.length)
    frame.writeUInt16LE(fragment.length, 4)
    frame[6] = type
    fragment.copy(frame, HEADER_BYTES)
    frame.writeUInt32LE(maskCrc(crc32c(frame, 6, frame.length)), 0)
    parts.push(frame)
    position += frame.length
  }
  return Buffer.concat(parts)
}

export function encodeOperations(operations: readonly SimulatedOperation[]): Buffer {
  const parts: Buffer[] = []
  for (const { key, value } of operations) {
    const header = Buffer.alloc(9)
    header[0] = value === null ? 0 : 1
    header.writeUInt32LE(key.length, 1)
    header.writeUInt32LE(value?.length ?? 0, 5)
    parts.push(header, key, value ?? Buffer.alloc(0))
  }
  return Buffer.concat(parts)
}

export function decodeOperations(bytes: Buffer): SimulatedOperation[] {
  const operations: SimulatedOperation[] = []
  for (let position = 0; position < bytes.length; ) {
    const keyEnd = position + 9 + bytes.readUInt32LE(position + 1)
    const valueEnd = keyEnd + bytes.readUInt32LE(position + 5)
    const value = bytes[position] === 1 ? bytes.subarray(keyEnd, valueEnd) : null
    operations.push({ key: bytes.subarray(position + 9, keyEnd), value })
    position = valueEnd
  }
  return operations
}
