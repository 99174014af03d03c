// The state database of a simulated node. It is a cache (D4): what a process wrote outlives its death, and a
// power loss makes the whole doubtful, so that nothing is left.
import { crc32 } from 'node:zlib'
import type { RowStore } from '#node/open-stores.ts'
import type { StateRow } from '#storage/state-load.ts'

export class MemoryRows {
  #rows = new Map<string, StateRow>()
  #appliedIndex = 0
  #stamp = 0
  /** Handles of an earlier generation are those of a dead process. */
  #generation = 0

  killProcess(): void {
    this.#generation++
  }

  losePower(): void {
    this.killProcess()
    this.#clear()
  }

  open(): RowStore {
    const generation = ++this.#generation
    const demand = (): void => {
      if (generation !== this.#generation) throw new Error('the process is dead')
    }
    const store = {
      takeRows: () => [...this.#rows.values()],
      write: async (write: Parameters<RowStore['write']>[0]) => {
        await Promise.resolve()
        demand()
        for (const { table, key } of write.deletes) this.#rows.delete(nameOf(table, key))
        for (const row of write.puts) this.#rows.set(nameOf(row.table, row.key), row)
        this.#appliedIndex = write.appliedIndex
        this.#stamp = write.stamp
      },
      replace: async (content: Parameters<RowStore['replace']>[0]) => {
        await Promise.resolve()
        demand()
        this.#rows = new Map()
        for (const row of content.rows) this.#rows.set(nameOf(row.table, row.key), row)
        this.#appliedIndex = content.appliedIndex
        this.#stamp = content.stamp
      },
      discard: async () => {
        await Promise.resolve()
        demand()
        this.#clear()
      },
      close: () => Promise.resolve(),
      contentHash: () => this.#contentHash(),
    }
    return Object.defineProperties(store as unknown as RowStore, {
      appliedIndex: { get: () => this.#appliedIndex },
      stamp: { get: () => this.#stamp },
    })
  }

  /** Equal on nodes with equal rows, as the real store's is. */
  #contentHash(): string {
    let sum = 0
    for (const [name, { table, value }] of this.#rows) {
      if (table !== 'meta') sum = (sum + Math.imul(crc32(value, crc32(name)), 0x85ebca6b)) >>> 0
    }
    return `${this.#rows.size}.${sum.toString(16)}`
  }

  #clear(): void {
    this.#rows = new Map()
    this.#appliedIndex = 0
    this.#stamp = 0
  }
}

function nameOf(table: string, key: StateRow['key']): string {
  return `${table}\0${typeof key} ${String(key)}`
}
