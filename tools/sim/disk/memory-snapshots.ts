// The snapshot files of a simulated node: whole and durable once committed, gone when the process died before,
// but for what a transfer has brought, which the next one goes on from. Making one takes a while, so that
// crashes fall into the middle of it.
import { createHash } from 'node:crypto'
import { AppError } from '#model/errors.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'
import type { SnapshotWriter } from '#storage/snapshot-writer.ts'

type File = {
  readonly meta: SnapshotMeta
  readonly chunks: readonly Uint8Array[]
  readonly sha256: string
  readonly sizeBytes: number
}
type Digest = { readonly sha256: string; readonly sizeBytes: number }
/** What a transfer from a peer has brought so far. */
type Incoming = { readonly name: string; readonly chunks: Uint8Array[] }

const KEEP_COUNT = 2

export type SnapshotsImage = ReadonlyMap<number, File>

export class MemorySnapshots {
  readonly #files = new Map<number, File>()
  #incoming: Incoming | null = null
  #generation = 0
  /** By the process that is alive now, the last one first. */
  #lastWritten: readonly number[] = []
  readonly #options: { readonly sync: () => Promise<void>; readonly onUse: () => void }

  constructor(options: { readonly sync: () => Promise<void>; readonly onUse: () => void }) {
    this.#options = options
  }

  killProcess(): void {
    this.#generation++
  }

  image(): SnapshotsImage {
    return new Map(this.#files)
  }

  restore(image: SnapshotsImage): void {
    this.losePower()
    this.#files.clear()
    for (const [index, file] of image) this.#files.set(index, file)
  }

  /** What a transfer had written was not synced. */
  losePower(): void {
    this.killProcess()
    this.#incoming = null
  }

  open(inForce: () => number): SnapshotStore {
    const generation = ++this.#generation
    this.#lastWritten = []
    const demand = (): void => {
      this.#options.onUse()
      if (generation !== this.#generation) throw new Error('the process is dead')
    }
    let isReceiving = false
    return {
      create: async (meta, chunks) => {
        const whole: Uint8Array[] = []
        for await (const chunk of chunks) whole.push(chunk.slice())
        await this.#options.sync()
        demand()
        return this.#keep({ meta, chunks: whole, ...digestOf(whole) }, inForce())
      },
      receive: async (meta, announced) => {
        demand()
        if (isReceiving) throw new AppError('OVERLOADED', 'A snapshot is being received.')
        isReceiving = true
        const end = (): void => {
          demand()
          isReceiving = false
        }
        return this.#writer(meta, { announced, inForce, demand, end })
      },
      describe: async (index) => {
        this.#options.onUse()
        return this.#file(index)
      },
      holds: async (index) => this.#files.has(index),
      openRead: (index, from = 0) => this.#read(index, from),
      newest: async () => this.#files.get(Math.max(...this.#files.keys()))?.meta ?? null,
    }
  }

  #writer(
    meta: SnapshotMeta,
    options: {
      readonly announced: Digest
      readonly inForce: () => number
      readonly demand: () => void
      readonly end: () => void
    },
  ): SnapshotWriter {
    const { announced, inForce, demand, end } = options
    const name = `${meta.lastIncludedIndex} ${announced.sha256}`
    if (this.#incoming?.name !== name) this.#incoming = { name, chunks: [] }
    const { chunks } = this.#incoming
    return {
      resumedBytes: chunks.reduce((bytes, chunk) => bytes + chunk.length, 0),
      append: async (chunk) => {
        demand()
        chunks.push(chunk.slice())
      },
      suspend: async () => end(),
      abort: async () => {
        this.#incoming = null
        end()
      },
      commit: async () => {
        await this.#options.sync()
        end()
        const file = { meta, chunks: [...chunks], ...digestOf(chunks) }
        this.#incoming = null
        if (announced.sha256 !== file.sha256) {
          throw new AppError('PROTOCOL', 'The snapshot is not the one that was announced.')
        }
        return this.#keep(file, inForce())
      },
    }
  }

  #keep(file: File, inForce: number): File {
    const { lastIncludedIndex: written } = file.meta
    this.#files.set(written, file)
    const others = this.#lastWritten.filter((index) => index !== written)
    this.#lastWritten = [written, ...others].slice(0, KEEP_COUNT)
    const newestFirst = [...this.#files.keys()].toSorted((a, b) => b - a)
    for (const index of newestFirst.slice(KEEP_COUNT)) {
      if (index !== inForce && !this.#lastWritten.includes(index)) this.#files.delete(index)
    }
    return file
  }

  #file(index: number): File {
    const file = this.#files.get(index)
    if (file === undefined) throw new AppError('NOT_FOUND', `There is no snapshot at ${index}.`)
    return file
  }

  async *#read(index: number, from: number): AsyncGenerator<Uint8Array> {
    let position = 0
    for (const chunk of this.#file(index).chunks) {
      if (position >= from) yield await Promise.resolve(chunk)
      position += chunk.length
    }
  }
}

function digestOf(chunks: readonly Uint8Array[]): Digest {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for (const chunk of chunks) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}
