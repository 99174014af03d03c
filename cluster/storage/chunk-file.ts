// A file of chunks, version by version: what snapshots and backups are written in. Chunks keep their
// borders; each has a CRC, the whole a SHA-256 over the chunk bytes alone.
//
//   header:  magic, 8 bytes | version u32 | length u32 | header as JSON | crc u32 of all before
//   chunk:   length u32 | crc u32 | bytes
//   trailer: ffffffff | chunk count u32 | chunk bytes u64 | SHA-256, 32 bytes | crc u32 of all before in it
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { AppError } from '#model/errors.ts'
import { readUint64, writeUint64 } from './log-keys.ts'

const HEADER_MIN_BYTES = 16
const HEADER_JSON_BYTES_MAX = 1 << 20
const CHUNK_HEADER_BYTES = 8
const TRAILER_BYTES = 52
const TRAILER_MARK = 0xffffffff
/** A longer chunk is refused when written and taken for damage when read. */
export const CHUNK_BYTES_MAX = 64 << 20

export type ChunkFileKind = {
  /** Eight latin-1 characters. */
  readonly magic: string
  /** Of header, rows and all: a reader of another version stops. */
  readonly version: number
  /** In sentences: `a snapshot`. */
  readonly what: string
  /** STORAGE_DAMAGED with what to do about it. */
  readonly damaged: (path: string, what: string) => AppError
}

export type ChunkFile = {
  readonly header: unknown
  /** Hex, over all chunk bytes. */
  readonly sha256: string
  /** Sum of chunk bytes. */
  readonly sizeBytes: number
}

/** An open file and how it is called in errors. */
export type OpenChunkFile = {
  readonly kind: ChunkFileKind
  readonly file: FileHandle
  readonly path: string
}

export function encodeHeader(kind: ChunkFileKind, value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  const header = Buffer.alloc(HEADER_MIN_BYTES + json.length + 4)
  header.write(kind.magic, 'latin1')
  header.writeUInt32BE(kind.version, 8)
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
export async function readDescription(opened: OpenChunkFile): Promise<ChunkFile> {
  const { header } = await readHeader(opened)
  const { sha256, sizeBytes } = await readTrailer(opened)
  return { header, sha256, sizeBytes }
}

/**
 * Yields every chunk from the one that begins at byte `from` of the content on, each verified; throws
 * STORAGE_DAMAGED also at the end, when the whole differs, and BAD_REQUEST when no chunk begins there. What
 * is skipped is not read, so that only who reads from the start has the digest of the whole verified.
 */
export async function* readChunks(opened: OpenChunkFile, from = 0): AsyncGenerator<Uint8Array> {
  const { kind, path } = opened
  const trailer = await readTrailer(opened)
  let { end: position } = await readHeader(opened)
  const hash = createHash('sha256')
  let sizeBytes = 0
  for (let count = 0; count < trailer.chunkCount; count++) {
    const wanted = sizeBytes >= from
    const header = await readChunkHeader(opened, position)
    if (wanted) {
      const chunk = await readChunk(opened, { position, header, count })
      hash.update(chunk)
      yield chunk
    }
    sizeBytes += header.length
    position += CHUNK_HEADER_BYTES + header.length
    if (!wanted && sizeBytes > from) {
      throw new AppError('BAD_REQUEST', `${path}: no chunk begins at byte ${from}.`)
    }
  }
  const whole = sizeBytes === trailer.sizeBytes && position === trailer.position
  if (!whole || (from === 0 && hash.digest('hex') !== trailer.sha256)) {
    throw kind.damaged(path, 'its chunks are not those that were written')
  }
}

/**
 * How far an unfinished file goes: its header is `header` byte by byte, then whole chunks, each fed to
 * `onChunk`. Null when it is not the beginning of that file.
 */
export async function readUnfinished(
  opened: OpenChunkFile,
  header: Buffer,
  onChunk: (chunk: Uint8Array) => void,
): Promise<{
  readonly end: number
  readonly chunkCount: number
  readonly sizeBytes: number
} | null> {
  const { size } = await opened.file.stat()
  if (size < header.length) return null
  const start = await readExactly(opened, 0, header.length)
  if (!start.equals(header)) return null
  let sound = { end: header.length, chunkCount: 0, sizeBytes: 0 }
  let at = sound
  while (at.end + CHUNK_HEADER_BYTES <= size) {
    const bytes = await readExactly(opened, at.end, CHUNK_HEADER_BYTES)
    const length = bytes.readUInt32BE(0)
    const end = at.end + CHUNK_HEADER_BYTES + length
    if (length > CHUNK_BYTES_MAX || end > size) break
    const chunk = await readExactly(opened, at.end + CHUNK_HEADER_BYTES, length)
    if (crc32(chunk) !== bytes.readUInt32BE(4)) break
    onChunk(chunk)
    at = { end, chunkCount: at.chunkCount + 1, sizeBytes: at.sizeBytes + length }
    // Empty chunks at the border begin at its byte too: whoever reads from there gives them again.
    if (length > 0) sound = at
  }
  return sound
}

type ChunkHeader = { readonly length: number; readonly crc: number }

async function readChunkHeader(opened: OpenChunkFile, position: number): Promise<ChunkHeader> {
  const header = await readExactly(opened, position, CHUNK_HEADER_BYTES)
  const length = header.readUInt32BE(0)
  if (length > CHUNK_BYTES_MAX) {
    throw opened.kind.damaged(opened.path, `the chunk at byte ${position} has an impossible length`)
  }
  return { length, crc: header.readUInt32BE(4) }
}

async function readChunk(
  opened: OpenChunkFile,
  at: { readonly position: number; readonly header: ChunkHeader; readonly count: number },
): Promise<Uint8Array> {
  const { position, header, count } = at
  const chunk = await readExactly(opened, position + CHUNK_HEADER_BYTES, header.length)
  if (crc32(chunk) !== header.crc)
    throw opened.kind.damaged(opened.path, `chunk ${count} fails its checksum`)
  return chunk
}

/** Magic, version, length and checksum have these places in every version. */
async function readHeader(
  opened: OpenChunkFile,
): Promise<{ readonly header: unknown; readonly end: number }> {
  const { kind, path } = opened
  const start = await readExactly(opened, 0, HEADER_MIN_BYTES)
  if (start.toString('latin1', 0, 8) !== kind.magic) throw kind.damaged(path, `is not ${kind.what}`)
  const length = start.readUInt32BE(12)
  if (length > HEADER_JSON_BYTES_MAX) throw kind.damaged(path, 'has an impossible header')
  const rest = await readExactly(opened, HEADER_MIN_BYTES, length + 4)
  const json = rest.subarray(0, length)
  if (crc32(json, crc32(start)) !== rest.readUInt32BE(length)) {
    throw kind.damaged(path, 'its header fails its checksum')
  }
  const version = start.readUInt32BE(8)
  if (version > kind.version) {
    const text = `${path} is ${kind.what} of version ${version}; this code reads ${kind.version}.`
    throw new AppError('UNSUPPORTED_VERSION', text)
  }
  if (version === 0) throw kind.damaged(path, 'has no version')
  return { header: JSON.parse(json.toString()), end: HEADER_MIN_BYTES + length + 4 }
}

type Trailer = {
  readonly chunkCount: number
  readonly sizeBytes: number
  readonly sha256: string
  /** Where it starts. */
  readonly position: number
}

async function readTrailer(opened: OpenChunkFile): Promise<Trailer> {
  const { kind, file, path } = opened
  const { size } = await file.stat()
  const position = size - TRAILER_BYTES
  if (position < HEADER_MIN_BYTES) throw kind.damaged(path, 'is cut short')
  const trailer = await readExactly(opened, position, TRAILER_BYTES)
  const crc = trailer.readUInt32BE(TRAILER_BYTES - 4)
  if (trailer.readUInt32BE(0) !== TRAILER_MARK || crc32(trailer.subarray(0, -4)) !== crc) {
    throw kind.damaged(path, 'has no trailer: it is cut short or damaged')
  }
  return {
    chunkCount: trailer.readUInt32BE(4),
    sizeBytes: readUint64(trailer, 8),
    sha256: trailer.toString('hex', 16, 48),
    position,
  }
}

async function readExactly(
  { kind, file, path }: OpenChunkFile,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw kind.damaged(path, 'is cut short')
    filled += bytesRead
  }
  return bytes
}
