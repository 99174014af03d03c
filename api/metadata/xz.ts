// The .xz container (the .xz file format, version 1.1.0) around bytes that are not compressed: one block of stored LZMA2
// chunks with a CRC32. Node has no LZMA encoder, machines ask for `.tar.xz`, and scripts are small.
import { crc32 } from 'node:zlib'

const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])
/** Stream flags: the check is CRC32. */
const FLAGS = Buffer.from([0x00, 0x01])
const CHUNK_BYTES_MAX = 1 << 16

export function storeXz(content: Uint8Array): Uint8Array {
  const blockHeader = makeBlockHeader()
  const chunks = makeChunks(content)
  const check = uint32(crc32(content))
  const unpaddedBytes = blockHeader.length + chunks.length + check.length
  const index = makeIndex(unpaddedBytes, content.length)
  return Buffer.concat([
    ...[MAGIC, FLAGS, uint32(crc32(FLAGS))],
    ...[blockHeader, chunks, padding(blockHeader.length + chunks.length), check],
    ...[index, makeFooter(index.length)],
  ])
}

/** One filter, LZMA2 with a dictionary of 64 KiB; no sizes. */
function makeBlockHeader(): Uint8Array {
  const fields = Buffer.from([12 / 4 - 1, 0x00, 0x21, 0x01, 0x08, 0, 0, 0])
  return Buffer.concat([fields, uint32(crc32(fields))])
}

/** 1: stored, and the dictionary begins anew; 0: the end. */
function makeChunks(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at < content.length; at += CHUNK_BYTES_MAX) {
    const chunk = content.subarray(at, at + CHUNK_BYTES_MAX)
    const last = chunk.length - 1
    parts.push(Buffer.from([1, last >>> 8, last & 0xff]), chunk)
  }
  return Buffer.concat([...parts, Buffer.from([0])])
}

function makeIndex(unpaddedBytes: number, bytes: number): Uint8Array {
  const records = Buffer.concat([Buffer.from([0, 1]), varint(unpaddedBytes), varint(bytes)])
  const padded = Buffer.concat([records, padding(records.length)])
  return Buffer.concat([padded, uint32(crc32(padded))])
}

function makeFooter(indexBytes: number): Uint8Array {
  const fields = Buffer.concat([uint32(indexBytes / 4 - 1), FLAGS])
  return Buffer.concat([uint32(crc32(fields)), fields, Buffer.from('YZ')])
}

/** Up to a multiple of four. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.from([...bytes, rest])
}
