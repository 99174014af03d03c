// The CRC of every row in the state database, and what is derived from all of them: their number, their XOR and
// their content hash. By table and key as they are: a name made of both would cost each write a string and its hash.
import type { StateKey } from './state-key.ts'

/** The row of the node's own bookkeeping; when it is written differs from node to node. */
const META = 'meta'

export class RowCrcs {
  readonly #tables = new Map<string, Map<string | number, number>>()
  #size = 0
  #digest = 0
  /** Sum of all rows' mixed CRCs, meta apart. */
  #sum = 0

  /** Rows that are there. */
  get size(): number {
    return this.#size
  }

  /** XOR of the CRCs of all rows. */
  get digest(): number {
    return this.#digest
  }

  /**
   * Equal on nodes that hold the same rows at the same index, when all encode a row in one way; without the
   * bookkeeping. A sum of mixed CRCs and not their XOR: a CRC is linear, so two rows that swapped their values
   * would cancel out.
   */
  get sum(): number {
    return this.#sum
  }

  set(table: string, key: StateKey, crc: number): void {
    let rows = this.#tables.get(table)
    if (rows === undefined) {
      rows = new Map()
      this.#tables.set(table, rows)
    }
    const name = nameOf(key)
    const old = rows.get(name)
    if (old === undefined) this.#size++
    else this.#take(table, old)
    rows.set(name, crc)
    this.#digest = (this.#digest ^ crc) >>> 0
    if (table !== META) this.#sum = (this.#sum + mix(crc)) >>> 0
  }

  /** False when there is no such row. */
  delete(table: string, key: StateKey): boolean {
    const rows = this.#tables.get(table)
    const name = nameOf(key)
    const crc = rows?.get(name)
    if (rows === undefined || crc === undefined) return false
    rows.delete(name)
    this.#size--
    this.#take(table, crc)
    return true
  }

  #take(table: string, crc: number): void {
    this.#digest = (this.#digest ^ crc) >>> 0
    if (table !== META) this.#sum = (this.#sum - mix(crc)) >>> 0
  }
}

/** Numbers and strings are keys of their own; the few keys of several parts get a name no string has. */
function nameOf(key: StateKey): string | number {
  return typeof key === 'object' ? `\0${JSON.stringify(key)}` : key
}

/** Not linear, so that the sum is not either (the finaliser of MurmurHash3, public domain). */
function mix(crc: number): number {
  let bits = Math.imul(crc ^ (crc >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
