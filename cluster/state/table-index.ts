// A secondary index: value derived from a row → keys of the rows that have it. One key is kept bare, a few are an array in
// ascending order, many a set: most indexes here are unique in practice, and most others have a handful of rows for a
// machine, which are read far more often than they change.
import { compareKeys, type Key } from './sorted-keys.ts'
import type { Follower, Table } from './table.ts'

/** Arrays are replaced, never changed: who got one may be deleting its rows. */
const ARRAY_MAX = 32

type Keys<K> = K | Several<K>
type Several<K> = readonly K[] | Set<K>

export class TableIndex<Row, K extends Key, Value extends Key> implements Follower<Row, K> {
  readonly #table: Table<Row, K>
  readonly #valueOf: (row: Row) => Value | null
  readonly #keys = new Map<Value, Keys<K>>()

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
    if (!isSeveral(keys)) return this.#table.get(keys)
    const [smallest] = this.keys(value)
    return smallest === undefined ? undefined : this.#table.get(smallest)
  }

  has(value: Value): boolean {
    return this.#keys.has(value)
  }

  count(value: Value): number {
    const keys = this.#keys.get(value)
    if (keys === undefined) return 0
    if (!isSeveral(keys)) return 1
    return keys instanceof Set ? keys.size : keys.length
  }

  /** Keys of the rows with `value`, ascending. */
  keys(value: Value): readonly K[] {
    const keys = this.#keys.get(value)
    if (keys === undefined) return []
    if (!isSeveral(keys)) return [keys]
    return keys instanceof Set ? [...keys].sort(compareKeys) : keys
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
    else if (!isSeveral(keys)) this.#keys.set(value, [keys, key].sort(compareKeys))
    else if (keys instanceof Set) keys.add(key)
    else if (keys.length === ARRAY_MAX) this.#keys.set(value, new Set([...keys, key]))
    else this.#keys.set(value, [...keys, key].sort(compareKeys))
  }

  #remove(value: Value, key: K): void {
    const keys = this.#keys.get(value)
    if (keys === undefined) return
    if (keys instanceof Set && keys.size > 1) {
      keys.delete(key)
      return
    }
    const isLast = !isSeveral(keys) || keys instanceof Set
    const left = isLast ? [] : keys.filter((each) => each !== key)
    if (left.length === 0) this.#keys.delete(value)
    else this.#keys.set(value, left)
  }
}

/** Keys are no objects. */
function isSeveral<K extends Key>(keys: Keys<K>): keys is Several<K> {
  return typeof keys === 'object'
}
