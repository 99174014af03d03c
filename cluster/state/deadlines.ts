// Rows by the log time at which they end, so that a sweep looks at ended rows only. A binary heap over
// (time, key): which rows come out, and in which order, depends on the rows alone. Times that a later
// write moved stay in the heap and are skipped when they come up.
import { compareKeys, type Key } from './sorted-keys.ts'
import type { Follower, Table } from './table.ts'

type Item<K> = { readonly at: number; readonly key: K }

export class Deadlines<Row, K extends Key> implements Follower<Row, K> {
  readonly #table: Table<Row, K>
  readonly #endOf: (row: Row) => number
  #heap: Item<K>[] = []

  constructor(table: Table<Row, K>, endOf: (row: Row) => number) {
    this.#table = table
    this.#endOf = endOf
    table.follow(this)
  }

  onChange(key: K, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) return
    const at = this.#endOf(after)
    if (before !== undefined && this.#endOf(before) === at) return
    this.#push({ at, key })
    // Renewed rows leave their old times behind: start over when these are most of the heap.
    if (this.#heap.length > 4 * this.#table.size + 1024) this.#rebuild()
  }

  /** Keys of rows that ended at or before `now`, earliest first, at most `limit`. */
  ended(now: number, limit: number): readonly K[] {
    const keys = new Set<K>()
    const kept: Item<K>[] = []
    while (keys.size < limit) {
      const first = this.#heap[0]
      if (first === undefined || first.at > now) break
      this.#pop()
      const row = this.#table.get(first.key)
      if (row === undefined || this.#endOf(row) !== first.at || keys.has(first.key)) continue
      keys.add(first.key)
      kept.push(first)
    }
    // The caller decides whether the rows go; those that stay must be found again.
    for (const item of kept) this.#push(item)
    return [...keys]
  }

  #rebuild(): void {
    this.#heap = []
    for (const [key, row] of this.#table.entries()) this.#push({ at: this.#endOf(row), key })
  }

  #push(item: Item<K>): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(item, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = item
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let child = heap[left]
      let next = left
      const other = heap[right]
      if (child !== undefined && other !== undefined && isBefore(other, child)) {
        child = other
        next = right
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = next
    }
    heap[at] = last
  }
}

function isBefore<K extends Key>(a: Item<K>, b: Item<K>): boolean {
  return a.at === b.at ? compareKeys(a.key, b.key) < 0 : a.at < b.at
}
