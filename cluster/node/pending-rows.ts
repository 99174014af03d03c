// Rows that changed since the last write to the state database: of each only the newest version. Grouped by
// table, so that noting one costs no string.
import type { Change } from '#state/outcome.ts'

export class PendingRows {
  readonly #tables = new Map<string, Map<string | number, Change>>()
  #size = 0

  /** Rows noted, deleted ones included. */
  get size(): number {
    return this.#size
  }

  add(change: Change): void {
    let rows = this.#tables.get(change.table)
    if (rows === undefined) {
      rows = new Map()
      this.#tables.set(change.table, rows)
    }
    const before = rows.size
    rows.set(change.key, change)
    this.#size += rows.size - before
  }

  *puts(): Generator<Change> {
    for (const change of this.#all()) if (change.row !== null) yield change
  }

  *deletes(): Generator<Change> {
    for (const change of this.#all()) if (change.row === null) yield change
  }

  *#all(): Generator<Change> {
    for (const rows of this.#tables.values()) yield* rows.values()
  }
}
