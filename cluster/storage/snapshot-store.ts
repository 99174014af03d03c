// Snapshot files of a node, in `<dir>/snapshots/`. The log names the one in force; a file that nobody names
// is garbage. Kept are the one in force and the newest two, so that a snapshot just made never removes the
// one that a crash would still need (pitfall C6).
import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { LogIndex, SnapshotMeta } from '#raft/types.ts'
import { damaged } from './damage.ts'
import { isAbsent, makeDirectory } from './files.ts'
import { readChunks, readDescription, type SnapshotFile } from './snapshot-file.ts'
import { openSnapshotWriter, type SnapshotDigest, type SnapshotWriter } from './snapshot-writer.ts'

export interface SnapshotStore {
  /** Durable when it resolves. On any failure nothing is left. Chunks are at most 64 MiB. */
  readonly create: (meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>) => Promise<SnapshotFile>
  /** For a snapshot that arrives from a peer; it counts only once committed. */
  readonly receive: (meta: SnapshotMeta, announced: SnapshotDigest) => Promise<SnapshotWriter>
  /** Throws NOT_FOUND, STORAGE_DAMAGED. */
  readonly describe: (index: LogIndex) => Promise<SnapshotFile>
  /** Its file is there and whole in its description. */
  readonly holds: (index: LogIndex) => Promise<boolean>
  /** The chunks as they were given. The last step of the iteration throws when the whole is wrong. */
  readonly openRead: (index: LogIndex) => AsyncIterable<Uint8Array>
  /** Newest whole file; null when there is none. */
  readonly newest: () => Promise<SnapshotMeta | null>
}

export type SnapshotStoreOptions = {
  /** Index of the snapshot in force (`LogStore.reader.snapshot()`), 0 for none; asked when files go. */
  readonly inForce: () => LogIndex
}

const KEEP_COUNT = 2
const SUFFIX = '.snapshot'
const TEMPORARY_SUFFIX = '.partial'

/** Removes unfinished files. Throws STORAGE_DAMAGED when the snapshot in force is not there. */
export async function openSnapshotStore(
  dir: string,
  options: SnapshotStoreOptions,
): Promise<SnapshotStore> {
  const path = join(dir, 'snapshots')
  await makeDirectory(path)
  for (const name of await readdir(path)) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await rm(join(path, name), { force: true })
  }
  const store = new FileSnapshotStore(path, options)
  const inForce = options.inForce()
  if (inForce > 0) await store.demand(inForce)
  await store.prune()
  return store
}

class FileSnapshotStore implements SnapshotStore {
  readonly #dir: string
  readonly #options: SnapshotStoreOptions
  #writers = 0

  constructor(dir: string, options: SnapshotStoreOptions) {
    this.#dir = dir
    this.#options = options
  }

  readonly create = async (
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<SnapshotFile> => {
    const writer = await this.#openWriter(meta, null)
    try {
      for await (const chunk of chunks) await writer.append(chunk)
      return await writer.commit()
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  readonly receive = (meta: SnapshotMeta, announced: SnapshotDigest): Promise<SnapshotWriter> =>
    this.#openWriter(meta, announced)

  readonly describe = async (index: LogIndex): Promise<SnapshotFile> => {
    const file = await this.#open(index)
    try {
      return await readDescription(file, this.#path(index))
    } finally {
      await file.close()
    }
  }

  readonly holds = async (index: LogIndex): Promise<boolean> => {
    try {
      return (await this.describe(index)).meta.lastIncludedIndex === index
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return false
      throw error
    }
  }

  readonly openRead = (index: LogIndex): AsyncIterable<Uint8Array> => this.#read(index)

  readonly newest = async (): Promise<SnapshotMeta | null> => {
    for (const index of await this.#indexes()) return (await this.describe(index)).meta
    return null
  }

  /** Throws STORAGE_DAMAGED unless the file is there and is what its name says. */
  async demand(index: LogIndex): Promise<void> {
    if (await this.holds(index)) return
    throw damaged(this.#path(index), 'the snapshot that the log starts from is missing')
  }

  async prune(): Promise<void> {
    const inForce = this.#options.inForce()
    const indexes = await this.#indexes()
    for (const index of indexes.slice(KEEP_COUNT)) {
      if (index !== inForce) await rm(this.#path(index), { force: true })
    }
  }

  async #openWriter(meta: SnapshotMeta, announced: SnapshotDigest | null): Promise<SnapshotWriter> {
    const path = this.#path(meta.lastIncludedIndex)
    const temporaryPath = `${path}.${++this.#writers}${TEMPORARY_SUFFIX}`
    const writer = await openSnapshotWriter({ meta, announced, path, temporaryPath })
    const commit = async (): Promise<SnapshotFile> => {
      const file = await writer.commit()
      await this.prune()
      return file
    }
    return { append: writer.append, abort: writer.abort, commit }
  }

  async *#read(index: LogIndex): AsyncGenerator<Uint8Array> {
    const file = await this.#open(index)
    try {
      yield* readChunks(file, this.#path(index))
    } finally {
      await file.close()
    }
  }

  async #open(index: LogIndex): Promise<FileHandle> {
    try {
      return await open(this.#path(index), 'r')
    } catch (error) {
      if (!isAbsent(error)) throw error
      throw new AppError('NOT_FOUND', `There is no snapshot at ${index}.`, { cause: error })
    }
  }

  /** Newest first. */
  async #indexes(): Promise<number[]> {
    const names = await readdir(this.#dir)
    return names
      .map((name) => /^(\d{16})\.snapshot$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .toSorted((a, b) => b - a)
  }

  #path(index: LogIndex): string {
    return join(this.#dir, `${String(index).padStart(16, '0')}${SUFFIX}`)
  }
}
