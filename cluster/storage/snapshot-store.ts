// Snapshot files of a node, in `<dir>/snapshots/`. The log names the one in force; a file that nobody names
// is garbage. Kept are the one in force and the newest two, so that a snapshot just made never removes the
// one that a crash would still need (pitfall C6), and the two written last, which the log may be about to name though
// newer ones came and were refused. At most one unfinished file of a transfer from a peer is kept beside them,
// also over a restart, so that the next try goes on from what is there.
import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { LogIndex, SnapshotMeta } from '#raft/types.ts'
import { damaged } from './damage.ts'
import { isAbsent, makeDirectory } from './files.ts'
import { readChunks } from './chunk-file.ts'
import { asSnapshot, describeSnapshot, type SnapshotFile } from './snapshot-file.ts'
import {
  openSnapshotWriter,
  resumeSnapshotWriter,
  type SnapshotDigest,
  type SnapshotWriter,
} from './snapshot-writer.ts'

export interface SnapshotStore {
  /** Durable when it resolves. On any failure nothing is left. Chunks are at most 64 MiB. */
  readonly create: (meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>) => Promise<SnapshotFile>
  /**
   * For a snapshot that arrives from a peer; it counts only once committed. One at a time: throws OVERLOADED
   * until the writer before was committed, aborted or suspended. The writer goes on where an earlier one of
   * the same index, content and size was left (`resumedBytes`); what was left of any other is removed.
   */
  readonly receive: (meta: SnapshotMeta, announced: SnapshotDigest) => Promise<SnapshotWriter>
  /** Throws NOT_FOUND, STORAGE_DAMAGED. */
  readonly describe: (index: LogIndex) => Promise<SnapshotFile>
  /** Its file is there and whole in its description. */
  readonly holds: (index: LogIndex) => Promise<boolean>
  /**
   * The chunks as they were given, from the one that begins at byte `from` (default 0) of the content. The
   * last step of the iteration throws when the whole is wrong, as far as it was read.
   */
  readonly openRead: (index: LogIndex, from?: number) => AsyncIterable<Uint8Array>
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
/** Name of an unfinished transfer: index, then the beginning of the digest that was announced. */
const INCOMING = /^(\d{16})\.[0-9a-f]{0,16}\.incoming$/

/** Removes unfinished files of its own making. Throws STORAGE_DAMAGED when the snapshot in force is not there. */
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
  #receiving = false
  /** Indexes, the last one first. */
  #lastWritten: readonly LogIndex[] = []

  constructor(dir: string, options: SnapshotStoreOptions) {
    this.#dir = dir
    this.#options = options
  }

  readonly create = async (
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<SnapshotFile> => {
    const path = this.#path(meta.lastIncludedIndex)
    const temporaryPath = `${path}.${++this.#writers}${TEMPORARY_SUFFIX}`
    const writer = await openSnapshotWriter({ meta, announced: null, path, temporaryPath })
    try {
      for await (const chunk of chunks) await writer.append(chunk)
      const file = await writer.commit()
      await this.#onWritten(meta.lastIncludedIndex)
      return file
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  readonly receive = async (
    meta: SnapshotMeta,
    announced: SnapshotDigest,
  ): Promise<SnapshotWriter> => {
    if (this.#receiving) throw new AppError('OVERLOADED', 'Another snapshot is being received.')
    this.#receiving = true
    try {
      const path = this.#path(meta.lastIncludedIndex)
      const temporaryPath = this.#incomingPath(meta, announced)
      await this.#removeIncoming((other) => join(this.#dir, other) !== temporaryPath)
      const writer = await resumeSnapshotWriter({ meta, announced, path, temporaryPath })
      return this.#release(writer, meta.lastIncludedIndex)
    } catch (error) {
      this.#receiving = false
      throw error
    }
  }

  readonly describe = async (index: LogIndex): Promise<SnapshotFile> => {
    const file = await this.#open(index)
    try {
      return await describeSnapshot(file, this.#path(index))
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

  readonly openRead = (index: LogIndex, from = 0): AsyncIterable<Uint8Array> =>
    this.#read(index, from)

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
      if (index === inForce || this.#lastWritten.includes(index)) continue
      await rm(this.#path(index), { force: true })
    }
    // What the log has reached is never asked for again.
    const reached = Math.max(inForce, indexes[0] ?? 0)
    if (!this.#receiving) {
      await this.#removeIncoming((name) => Number(INCOMING.exec(name)?.[1]) <= reached)
    }
  }

  async #onWritten(index: LogIndex): Promise<void> {
    const others = this.#lastWritten.filter((other) => other !== index)
    this.#lastWritten = [index, ...others].slice(0, KEEP_COUNT)
    await this.prune()
  }

  /** The same writer, after whose end the next one may come. */
  #release(writer: SnapshotWriter, index: LogIndex): SnapshotWriter {
    const ending = async <T>(end: () => Promise<T>): Promise<T> => {
      try {
        return await end()
      } finally {
        this.#receiving = false
      }
    }
    return {
      resumedBytes: writer.resumedBytes,
      append: writer.append,
      abort: () => ending(writer.abort),
      suspend: () => ending(writer.suspend),
      commit: () =>
        ending(async () => {
          const file = await writer.commit()
          await this.#onWritten(index)
          return file
        }),
    }
  }

  async #removeIncoming(isStale: (name: string) => boolean): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (INCOMING.test(name) && isStale(name)) await rm(join(this.#dir, name), { force: true })
    }
  }

  async *#read(index: LogIndex, from: number): AsyncGenerator<Uint8Array> {
    const file = await this.#open(index)
    try {
      yield* readChunks(asSnapshot(file, this.#path(index)), from)
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

  #incomingPath({ lastIncludedIndex }: SnapshotMeta, { sha256 }: SnapshotDigest): string {
    const digest = sha256
      .toLowerCase()
      .replaceAll(/[^0-9a-f]/g, '')
      .slice(0, 16)
    const index = String(lastIncludedIndex).padStart(16, '0')
    return join(this.#dir, `${index}.${digest}.incoming`)
  }

  #path(index: LogIndex): string {
    return join(this.#dir, `${String(index).padStart(16, '0')}${SUFFIX}`)
  }
}
