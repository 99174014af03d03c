// The snapshot files of a simulated node: whole and durable once committed, gone without a trace when the
// process died before. Making one takes a while, so that crashes fall into the middle of it.
import { createHash } from 'node:crypto'
import { AppError } from '#model/errors.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'

type File = {
  readonly meta: SnapshotMeta
  readonly chunks: readonly Uint8Array[]
  readonly sha256: string
  readonly sizeBytes: number
}
type Digest = { readonly sha256: string; readonly sizeBytes: number }

const KEEP_COUNT = 2

export class MemorySnapshots {
  readonly #files = new Map<number, File>()
  #generation = 0
  readonly #options: { readonly sync: () => Promise<void>; readonly onUse: () => void }

  constructor(options: { readonly sync: () => Promise<void>; readonly onUse: () => void }) {
    this.#options = options
  }

  killProcess(): void {
    this.#generation++
  }

  open(inForce: () => number): SnapshotStore {
    const generation = ++this.#generation
    return {
      create: async (meta, chunks) => {
        const writer = this.#writer(meta, { announced: null, inForce, generation })
        for await (const chunk of chunks) await writer.append(chunk)
        return await writer.commit()
      },
      receive: async (meta, announced) => this.#writer(meta, { announced, inForce, generation }),
      describe: async (index) => {
        this.#options.onUse()
        return this.#file(index)
      },
      holds: async (index) => this.#files.has(index),
      openRead: (index) => this.#read(index),
      newest: async () => this.#files.get(Math.max(...this.#files.keys()))?.meta ?? null,
    }
  }

  #writer(
    meta: SnapshotMeta,
    options: {
      readonly announced: Digest | null
      readonly inForce: () => number
      readonly generation: number
    },
  ) {
    const chunks: Uint8Array[] = []
    return {
      append: async (chunk: Uint8Array) => void chunks.push(chunk.slice()),
      abort: async () => void chunks.splice(0),
      commit: async () => {
        await this.#options.sync()
        const { announced, inForce, generation } = options
        if (generation !== this.#generation) throw new Error('the process is dead')
        const file = { meta, chunks, ...digestOf(chunks) }
        if (announced !== null && announced.sha256 !== file.sha256) {
          throw new AppError('PROTOCOL', 'The snapshot is not the one that was announced.')
        }
        this.#files.set(meta.lastIncludedIndex, file)
        this.#prune(inForce())
        return file
      },
    }
  }

  #prune(inForce: number): void {
    const newestFirst = [...this.#files.keys()].toSorted((a, b) => b - a)
    for (const index of newestFirst.slice(KEEP_COUNT)) {
      if (index !== inForce) this.#files.delete(index)
    }
  }

  #file(index: number): File {
    const file = this.#files.get(index)
    if (file === undefined) throw new AppError('NOT_FOUND', `There is no snapshot at ${index}.`)
    return file
  }

  async *#read(index: number): AsyncGenerator<Uint8Array> {
    for (const chunk of this.#file(index).chunks) yield await Promise.resolve(chunk)
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
