// The snapshot file, version 1. Chunks keep their borders; each has a CRC, the whole a SHA-256 over the
// chunk bytes alone, which is also what travels between nodes.
//
//   header:  magic 'IRONSNAP' | version u32 | length u32 | meta as JSON | crc u32 of all before
//   chunk:   length u32 | crc u32 | bytes
//   trailer: ffffffff | chunk count u32 | chunk bytes u64 | SHA-256, 32 bytes | crc u32 of all before in it
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { SnapshotMeta } from '#raft/types.ts'
import { damaged } from './damage.ts'
import { readUint64, writeUint64 } from './log-keys.ts'

const MAGIC = 'IRONSNAP'
const VERSION = 1
const HEADER_MIN_BYTES = 16
const HEADER_JSON_BYTES_MAX = 1 << 20
const TRAILER_BYTES = 52
const TRAILER_MARK = 0xffffffff
/** A longer chunk is refused when written and taken for damage when read. */
export const CHUNK_BYTES_MAX = 64 << 20

export type SnapshotFile = {
  readonly meta: SnapshotMeta
  /** Hex, over all chunk bytes. */
  readonly sha256: string
  /** Sum of chunk bytes. */
  readonly sizeBytes: number
}

export function encodeHeader(meta: SnapshotMeta): Buffer {
  const json = Buffer.from(JSON.stringify(meta))
  const header = Buffer.alloc(HEADER_MIN_BYTES + json.length + 4)
  header.write(MAGIC, 'latin1')
  header.writeUInt32BE(VERSION, 8)
  header.writeUInt32BE(json.length, 12)
  json.copy(header, HEADER_MIN_BYTES)
  header.writeUInt32BE(crc32(header.subarray(0, -4)), header.length - 4)
  return header
}

export function encodeChunkHeader(chunk: Uint8Array): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(chunk.byteLength, 0)
  header.writeUInt32BE(crc32(chunk), 4)
  return header
}

export function encodeTrailer(file: {
  readonly chunkCount: number
  readonly sizeBytes: number
  readonly sha256: Buffer
}): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32BE(TRAILER_MARK, 0)
  trailer.writeUInt32BE(file.chunkCount, 4)
  writeUint64(trailer, 8, file.sizeBytes)
  file.sha256.copy(trailer, 16)
  trailer.writeUInt32BE(crc32(trailer.subarray(0, -4)), TRAILER_BYTES - 4)
  return trailer
}

/** Header and trailer only; the chunks are verified as they are read. Throws STORAGE_DAMAGED. */
export async function readDescription(file: FileHandle, path: string): Promise<SnapshotFile> {
  const { meta } = await readHeader(file, path)
  const trailer = await readTrailer(file, path)
  return { meta, sha256: trailer.sha256, sizeBytes: trailer.sizeBytes }
}

/** Yields every chunk, each verified; throws STORAGE_DAMAGED also at the end, when the whole differs. */
export async function* readChunks(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  const trailer = await readTrailer(file, path)
  let { end: position } = await readHeader(file, path)
  const hash = createHash('sha256')
  let sizeBytes = 0
  for (let count = 0; count < trailer.chunkCount; count++) {
    const header = await readExactly(file, { position, length: 8, path })
    const length = header.readUInt32BE(0)
    if (length > CHUNK_BYTES_MAX) throw damaged(path, `chunk ${count} has an impossible length`)
    const chunk = await readExactly(file, { position: position + 8, length, path })
    if (crc32(chunk) !== header.readUInt32BE(4)) {
      throw damaged(path, `chunk ${count} fails its checksum`)
    }
    hash.update(chunk)
    sizeBytes += length
    position += 8 + length
    yield chunk
  }
  const whole = sizeBytes === trailer.sizeBytes && position === trailer.position
  if (!whole || hash.digest('hex') !== trailer.sha256) {
    throw damaged(path, 'its chunks are not those that were written')
  }
}

async function readHeader(
  file: FileHandle,
  path: string,
): Promise<{ readonly meta: SnapshotMeta; readonly end: number }> {
  const start = await readExactly(file, { position: 0, length: HEADER_MIN_BYTES, path })
  if (start.toString('latin1', 0, 8) !== MAGIC) throw damaged(path, 'is not a snapshot')
  if (start.readUInt32BE(8) !== VERSION) {
    throw damaged(path, `has the unknown version ${start.readUInt32BE(8)}`)
  }
  const length = start.readUInt32BE(12)
  if (length > HEADER_JSON_BYTES_MAX) throw damaged(path, 'has an impossible header')
  const rest = await readExactly(file, {
    position: HEADER_MIN_BYTES,
    length: length + 4,
    path,
  })
  const json = rest.subarray(0, length)
  if (crc32(json, crc32(start)) !== rest.readUInt32BE(length)) {
    throw damaged(path, 'its header fails its checksum')
  }
  return { meta: JSON.parse(json.toString()) as SnapshotMeta, end: HEADER_MIN_BYTES + length + 4 }
}

type Trailer = {
  readonly chunkCount: number
  readonly sizeBytes: number
  readonly sha256: string
  /** Where it starts. */
  readonly position: number
}

async function readTrailer(file: FileHandle, path: string): Promise<Trailer> {
  const { size } = await file.stat()
  const position = size - TRAILER_BYTES
  if (position < HEADER_MIN_BYTES) throw damaged(path, 'is cut short')
  const trailer = await readExactly(file, { position, length: TRAILER_BYTES, path })
  const crc = trailer.readUInt32BE(TRAILER_BYTES - 4)
  if (trailer.readUInt32BE(0) !== TRAILER_MARK || crc32(trailer.subarray(0, -4)) !== crc) {
    throw damaged(path, 'has no trailer: it is cut short or damaged')
  }
  return {
    chunkCount: trailer.readUInt32BE(4),
    sizeBytes: readUint64(trailer, 8),
    sha256: trailer.toString('hex', 16, 48),
    position,
  }
}

async function readExactly(
  file: FileHandle,
  span: { readonly position: number; readonly length: number; readonly path: string },
): Promise<Buffer> {
  const { position, length, path } = span
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw damaged(path, 'is cut short')
    filled += bytesRead
  }
  return bytes
}
