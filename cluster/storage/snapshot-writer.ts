// Writes one snapshot file: temporary name, chunks, trailer, fsync, rename, fsync of the directory
// (pitfall C6). Until the rename it does not exist; after it, it is whole.
import assert from 'node:assert/strict'
import { createHash, type Hash } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import { syncDirectory } from './files.ts'
import { CHUNK_BYTES_MAX, encodeChunkHeader, encodeTrailer, readUnfinished } from './chunk-file.ts'
import { asSnapshot, encodeSnapshotHeader, type SnapshotFile } from './snapshot-file.ts'

/** What the sender says the chunks will be. */
export type SnapshotDigest = { readonly sha256: string; readonly sizeBytes: number }

export type SnapshotWriter = {
  /** Bytes of content that were there already, from a transfer that broke; whole chunks. */
  readonly resumedBytes: number
  /** One at a time. Throws PROTOCOL when more comes than was announced, STORAGE_FAILED. */
  readonly append: (chunk: Uint8Array) => Promise<void>
  /** Durable under its name when it resolves. Throws PROTOCOL when the content is not the announced one. */
  readonly commit: () => Promise<SnapshotFile>
  /** Removes what was written; allowed at any time, also after a failure. */
  readonly abort: () => Promise<void>
  /** Leaves what was written, durably, for a later try to go on from. */
  readonly suspend: () => Promise<void>
}

export type WriterOptions = {
  readonly meta: SnapshotMeta
  readonly temporaryPath: string
  readonly path: string
  /** Null: our own snapshot, whatever it turns out to be. */
  readonly announced: SnapshotDigest | null
}

/** Synced in steps: one large sync at the end would make the log's own syncs wait behind it. */
const SYNC_BYTES = 8 << 20

export async function openSnapshotWriter(options: WriterOptions): Promise<SnapshotWriter> {
  return await guarded(options, async () => {
    const file = await open(options.temporaryPath, 'w')
    const header = encodeSnapshotHeader(options.meta)
    await writeFully(file, 0, header)
    const begun = { end: header.length, chunkCount: 0, sizeBytes: 0, hash: createHash('sha256') }
    return new FileWriter(options, file, begun)
  })
}

/**
 * Goes on where an earlier writer of the same path was suspended or died: from the last chunk that is whole
 * by its checksum, once that much is synced. Starts over when it was another file, or none.
 */
export async function resumeSnapshotWriter(options: WriterOptions): Promise<SnapshotWriter> {
  const file = await open(options.temporaryPath, 'r+').catch(() => null)
  if (file === null) return await openSnapshotWriter(options)
  return await guarded(options, async () => {
    const { meta, temporaryPath, announced } = options
    const hash = createHash('sha256')
    const opened = asSnapshot(file, temporaryPath)
    const header = encodeSnapshotHeader(meta)
    const found = await readUnfinished(opened, header, (chunk) => hash.update(chunk))
    if (found === null || found.sizeBytes > (announced?.sizeBytes ?? 0)) {
      await file.close()
      return await openSnapshotWriter(options)
    }
    await file.truncate(found.end)
    await file.sync()
    return new FileWriter(options, file, { ...found, hash })
  })
}

type Begun = {
  /** Where the next chunk goes. */
  readonly end: number
  readonly chunkCount: number
  readonly sizeBytes: number
  readonly hash: Hash
}

class FileWriter implements SnapshotWriter {
  readonly #options: WriterOptions
  readonly #file: FileHandle
  readonly #hash: Hash
  readonly resumedBytes: number
  #position: number
  #chunkCount = 0
  #sizeBytes = 0
  #unsyncedBytes = 0
  #busy = false
  #ended = false

  constructor(options: WriterOptions, file: FileHandle, begun: Begun) {
    this.#options = options
    this.#file = file
    this.#hash = begun.hash
    this.#position = begun.end
    this.#chunkCount = begun.chunkCount
    this.#sizeBytes = begun.sizeBytes
    this.resumedBytes = this.#sizeBytes
  }

  readonly append = async (chunk: Uint8Array): Promise<void> => {
    assert(!this.#busy && !this.#ended, 'one append at a time, before the end')
    assert(chunk.byteLength <= CHUNK_BYTES_MAX, `a chunk of ${chunk.byteLength} bytes`)
    const { announced } = this.#options
    if (announced !== null && this.#sizeBytes + chunk.byteLength > announced.sizeBytes) {
      throw new AppError('PROTOCOL', 'A snapshot is longer than was announced.')
    }
    this.#busy = true
    await guarded(this.#options, async () => {
      const position = await writeFully(this.#file, this.#position, encodeChunkHeader(chunk), chunk)
      this.#unsyncedBytes += position - this.#position
      this.#position = position
      if (this.#unsyncedBytes < SYNC_BYTES) return
      await this.#file.datasync()
      this.#unsyncedBytes = 0
    })
    this.#busy = false
    this.#hash.update(chunk)
    this.#chunkCount++
    this.#sizeBytes += chunk.byteLength
  }

  readonly commit = async (): Promise<SnapshotFile> => {
    assert(!this.#busy && !this.#ended, 'nothing is under way')
    const { meta, announced, temporaryPath, path } = this.#options
    const digest = this.#hash.digest()
    const sha256 = digest.toString('hex')
    const sizeBytes = this.#sizeBytes
    if (announced !== null && (announced.sha256 !== sha256 || announced.sizeBytes !== sizeBytes)) {
      await this.abort()
      throw new AppError('PROTOCOL', 'A snapshot arrived with other content than was announced.')
    }
    await guarded(this.#options, async () => {
      const trailer = encodeTrailer({ chunkCount: this.#chunkCount, sizeBytes, sha256: digest })
      await writeFully(this.#file, this.#position, trailer)
      await this.#file.sync()
      this.#ended = true
      await this.#file.close()
      await rename(temporaryPath, path)
      await syncDirectory(dirname(path))
    })
    return { meta, sha256, sizeBytes }
  }

  readonly abort = async (): Promise<void> => {
    if (!this.#ended) {
      this.#ended = true
      await this.#file.close()
    }
    await rm(this.#options.temporaryPath, { force: true })
  }

  readonly suspend = async (): Promise<void> => {
    if (this.#ended) return
    this.#ended = true
    await guarded(this.#options, async () => {
      await this.#file.sync()
      await this.#file.close()
    })
  }
}

/** `write` may write less than asked. Returns where it ended. */
async function writeFully(
  file: FileHandle,
  position: number,
  ...parts: readonly Uint8Array[]
): Promise<number> {
  let at = position
  for (const part of parts) {
    let written = 0
    while (written < part.byteLength) {
      const left = part.byteLength - written
      const { bytesWritten } = await file.write(part, written, left, at)
      written += bytesWritten
      at += bytesWritten
    }
  }
  return at
}

async function guarded<T>(options: WriterOptions, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw new AppError('STORAGE_FAILED', `${options.path} cannot be written.`, { cause: error })
  }
}
