// Writes one snapshot file: temporary name, chunks, trailer, fsync, rename, fsync of the directory
// (pitfall C6). Until the rename it does not exist; after it, it is whole.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import { syncDirectory } from './files.ts'
import {
  CHUNK_BYTES_MAX,
  encodeChunkHeader,
  encodeHeader,
  encodeTrailer,
  type SnapshotFile,
} from './snapshot-file.ts'

/** What the sender says the chunks will be. */
export type SnapshotDigest = { readonly sha256: string; readonly sizeBytes: number }

export type SnapshotWriter = {
  /** One at a time. Throws PROTOCOL when more comes than was announced, STORAGE_FAILED. */
  readonly append: (chunk: Uint8Array) => Promise<void>
  /** Durable under its name when it resolves. Throws PROTOCOL when the content is not the announced one. */
  readonly commit: () => Promise<SnapshotFile>
  /** Removes what was written; allowed at any time, also after a failure. */
  readonly abort: () => Promise<void>
}

export type WriterOptions = {
  readonly meta: SnapshotMeta
  readonly temporaryPath: string
  readonly path: string
  /** Null: our own snapshot, whatever it turns out to be. */
  readonly announced: SnapshotDigest | null
}

export async function openSnapshotWriter(options: WriterOptions): Promise<SnapshotWriter> {
  return await guarded(options, async () => {
    const file = await open(options.temporaryPath, 'w')
    const header = encodeHeader(options.meta)
    await writeFully(file, header)
    return new FileWriter(options, file)
  })
}

class FileWriter implements SnapshotWriter {
  readonly #options: WriterOptions
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  #chunkCount = 0
  #sizeBytes = 0
  #busy = false
  #ended = false

  constructor(options: WriterOptions, file: FileHandle) {
    this.#options = options
    this.#file = file
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
      await writeFully(this.#file, encodeChunkHeader(chunk), chunk)
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
      await writeFully(this.#file, trailer)
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
}

/** `write` and `writev` may write less than asked. */
async function writeFully(file: FileHandle, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    let written = 0
    while (written < part.byteLength) {
      const { bytesWritten } = await file.write(part, written, part.byteLength - written)
      written += bytesWritten
    }
  }
}

async function guarded<T>(options: WriterOptions, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw new AppError('STORAGE_FAILED', `${options.path} cannot be written.`, { cause: error })
  }
}
