// A secondary index: value derived from a row → keys of the rows that have it. One key is kept bare, a set
// is made for the second; most indexes here are unique in practice.
import { compareKeys, type Key } from './sorted-keys.ts'
import type { Follower, Table } from './table.ts'

export class TableIndex<Row, K extends Key, Value extends Key> implements Follower<Row, K> {
  readonly #table: Table<Row, K>
  readonly #valueOf: (row: Row) => Value | null
  readonly #keys = new Map<Value, K | Set<K>>()

  /** `valueOf` null: the row is not in this index. */
  constructor(table: Table<Row, K>, valueOf: (row: Row) => Value | null) {
    this.#table = table
    this.#valueOf = valueOf
    table.follow(this)
  }

  /** The row with the smallest key; for unique values the only one. */
  first(value: Value): Row | undefined {
    const keys = this.#keys.get(value)
    if (keys === undefined) return undefined
    if (!(keys instanceof Set)) return this.#table.get(keys)
    return this.rows(value)[0]
  }

  has(value: Value): boolean {
    return this.#keys.has(value)
  }

  count(value: Value): number {
    const keys = this.#keys.get(value)
    if (keys === undefined) return 0
    return keys instanceof Set ? keys.size : 1
  }

  /** Keys of the rows with `value`, ascending. */
  keys(value: Value): readonly K[] {
    const keys = this.#keys.get(value)
    if (keys === undefined) return []
    return keys instanceof Set ? [...keys].sort(compareKeys) : [keys]
  }

  /** Rows with `value`, in key order. */
  rows(value: Value): readonly Row[] {
    const rows: Row[] = []
    for (const key of this.keys(value)) {
      const row = this.#table.get(key)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  onChange(key: K, before: Row | undefined, after: Row | undefined): void {
    const valueBefore = before === undefined ? null : this.#valueOf(before)
    const valueAfter = after === undefined ? null : this.#valueOf(after)
    if (valueBefore === valueAfter) return
    if (valueBefore !== null) this.#remove(valueBefore, key)
    if (valueAfter !== null) this.#add(valueAfter, key)
  }

  #add(value: Value, key: K): void {
    const keys = this.#keys.get(value)
    if (keys === undefined) this.#keys.set(value, key)
    else if (keys instanceof Set) keys.add(key)
    else this.#keys.set(value, new Set([keys, key]))
  }

  #remove(value: Value, key: K): void {
    const keys = this.#keys.get(value)
    if (keys instanceof Set && keys.size > 1) keys.delete(key)
    else this.#keys.delete(value)
  }
}
