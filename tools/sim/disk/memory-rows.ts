// The state database of a simulated node. It is a cache (D4): what a process wrote outlives its death, and a
// power loss makes the whole doubtful, so that nothing is left.
import { crc32 } from 'node:zlib'
import type { RowStore } from '#node/open-stores.ts'
import type { StateRow } from '#storage/state-load.ts'

export type RowsImage = {
  readonly rows: ReadonlyMap<string, StateRow>
  readonly appliedIndex: number
  readonly stamp: number
}

export class MemoryRows {
  #rows = new Map<string, StateRow>()
  #appliedIndex = 0
  #stamp = 0
  /** Handles of an earlier generation are those of a dead process. */
  #generation = 0

  /** The next row is written with a bit flipped: memory or processor of this machine are broken. */
  #flipsNext = false
  #isWrong = false
  flippedCount = 0

  /**
   * Of what was written wrong and not found yet nothing is left: a state made from it would be served until the
   * next hash, and the product does not promise more than that hash.
   */
  killProcess(): void {
    this.#generation++
    this.#flipsNext = false
    if (this.#isWrong) this.#clear()
  }

  /** The product knows by now: what it makes of these rows is its own judgement. */
  noteFound(): void {
    this.#isWrong = false
  }

  flipNext(): void {
    this.#flipsNext = true
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  image(): RowsImage {
    return {
      rows: new Map(this.#rows),
      appliedIndex: this.#appliedIndex,
      stamp: this.#stamp,
    }
  }

  restore({ rows, appliedIndex, stamp }: RowsImage): void {
    this.killProcess()
    this.#rows = new Map(rows)
    this.#appliedIndex = appliedIndex
    this.#stamp = stamp
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
        for (const row of write.puts) {
          this.#rows.set(nameOf(row.table, row.key), this.#maybeFlipped(row))
        }
        this.#appliedIndex = write.appliedIndex
        this.#stamp = write.stamp
      },
      replace: async (content: Parameters<RowStore['replace']>[0]) => {
        await Promise.resolve()
        demand()
        this.#clear()
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
      contentHash: () => this.contentHash(),
    }
    return Object.defineProperties(store as unknown as RowStore, {
      appliedIndex: { get: () => this.#appliedIndex },
      stamp: { get: () => this.#stamp },
    })
  }

  /** Equal on nodes with equal rows, as the real store's is. */
  contentHash(): string {
    let sum = 0
    for (const [name, { table, value }] of this.#rows) {
      if (table !== 'meta') sum = (sum + Math.imul(crc32(value, crc32(name)), 0x85ebca6b)) >>> 0
    }
    return `${this.#rows.size}.${sum.toString(16)}`
  }

  /** In a text, so that the row is still one; of a table whose rows stay as they are. */
  #maybeFlipped(row: StateRow): StateRow {
    if (!this.#flipsNext || row.table !== 'events') return row
    const value = Buffer.from(row.value)
    const at = value.lastIndexOf('op')
    if (at < 0) return row
    this.#flipsNext = false
    this.#isWrong = true
    this.flippedCount++
    value[at] = 0x6e
    return { ...row, value }
  }

  #clear(): void {
    this.#isWrong = false
    this.#rows = new Map()
    this.#appliedIndex = 0
    this.#stamp = 0
  }
}

function nameOf(table: string, key: StateRow['key']): string {
  return `${table}\0${typeof key} ${String(key)}`
}
