// One replicated table in memory with its secondary indexes. Every write is journaled, so that a refused
// command can be taken back whole, and so that the changes of a command are exactly what was written.
// Iteration is in key order: it depends on the rows alone, not on the way they came in, and is
// therefore the same on a node that lived through the log and on one restored from a snapshot.
import type { TableName } from './tables.ts'
import { SortedKeys, type Key } from './sorted-keys.ts'

/** What happened to one row; `before` is what `undo` puts back. */
export type JournalEntry = {
  readonly table: Table<unknown, Key>
  readonly key: Key
  readonly before: unknown
  readonly row: unknown
}

/** Rows written since the last `take`; shared by all tables of a state. */
export class Journal {
  entries: JournalEntry[] = []

  /** Takes back everything after the first `length` entries, newest first. */
  undo(length: number): void {
    for (let i = this.entries.length - 1; i >= length; i--) {
      const entry = this.entries[i]
      entry?.table.restore(entry.key, entry.before)
    }
    this.entries.length = length
  }

  take(): readonly JournalEntry[] {
    const { entries } = this
    this.entries = []
    return entries
  }
}

/** Follows the rows of a table; `before` or `after` is undefined for insertions and deletions. */
export interface Follower<Row, K extends Key> {
  readonly onChange: (key: K, before: Row | undefined, after: Row | undefined) => void
}

export class Table<Row, K extends Key> {
  readonly name: TableName
  readonly #journal: Journal
  readonly #rows = new Map<K, Row>()
  readonly #sorted = new SortedKeys<K>()
  readonly #followers: Follower<Row, K>[] = []

  constructor(name: TableName, journal: Journal) {
    this.name = name
    this.#journal = journal
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: K): Row | undefined {
    return this.#rows.get(key)
  }

  has(key: K): boolean {
    return this.#rows.has(key)
  }

  /** Ascending: numbers by value, strings by UTF-16 code unit. */
  *keys(): Generator<K> {
    // A copy's length is not needed: handlers collect what they delete before they delete it.
    yield* this.#sorted.all(this.#rows.keys())
  }

  /** In key order. */
  *values(): Generator<Row> {
    // Not over `keys()`: a generator below this one would double the cost of a look at all rows.
    for (const key of this.#sorted.all(this.#rows.keys())) {
      const row = this.#rows.get(key)
      if (row !== undefined) yield row
    }
  }

  /** In key order. */
  *entries(): Generator<readonly [K, Row]> {
    for (const key of this.#sorted.all(this.#rows.keys())) {
      const row = this.#rows.get(key)
      if (row !== undefined) yield [key, row]
    }
  }

  /** All of it at this moment, keys beside rows, in no order: two copies of references and no work a row. */
  references(): { readonly keys: readonly K[]; readonly rows: readonly Row[] } {
    return { keys: [...this.#rows.keys()], rows: [...this.#rows.values()] }
  }

  /** Smallest key; undefined when empty. */
  firstKey(): K | undefined {
    return this.#sorted.all(this.#rows.keys())[0]
  }

  /** Keys greater than `after` (all when undefined), at most `limit`, ascending. */
  keysAfter(after: K | undefined, limit: number): readonly K[] {
    return this.#sorted.after(this.#rows.keys(), after, limit)
  }

  /** Rows are shared with readers and watchers: pass a new object, never change one given before. */
  put(key: K, row: Row): void {
    const before = this.#rows.get(key)
    this.#journal.entries.push({ table: this as never, key, before, row })
    this.#set(key, before, row)
  }

  delete(key: K): void {
    const before = this.#rows.get(key)
    if (before === undefined) return
    this.#journal.entries.push({ table: this as never, key, before, row: null })
    this.#set(key, before, undefined)
  }

  /** Sets a row without a journal entry: undo, and loading of stored rows. */
  restore(key: K, row: Row | undefined): void {
    this.#set(key, this.#rows.get(key), row)
  }

  /** Derived data that must follow this table; called for every write from now on. */
  follow(follower: Follower<Row, K>): void {
    this.#followers.push(follower)
  }

  #set(key: K, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) this.#rows.delete(key)
    else this.#rows.set(key, after)
    if (before === undefined && after !== undefined) this.#sorted.added(key)
    if (before !== undefined && after === undefined) this.#sorted.removed(key)
    for (const follower of this.#followers) follower.onChange(key, before, after)
  }
}
