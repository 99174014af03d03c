// One moment of the whole state, taken in one go and read at leisure. Rows are never changed in place (a
// write puts a new object), so a list of references to them is a consistent copy: 200,000 rows take a few
// milliseconds, and what is written meanwhile is written beside them. Copying on write would do without
// the list but costs every command; reading the state database instead would need all that is applied to
// be written there first.
import { canonical, dumpedMeta, type DumpedRow } from './snapshot.ts'
import type { RegionState } from './state.ts'
import { TABLE_NAMES, type TableName } from './tables.ts'
import type { Table } from './table.ts'

export type Cut = {
  readonly revision: number
  readonly stamp: number
  readonly rowCount: number
  readonly tables: readonly {
    readonly table: TableName
    readonly keys: readonly (string | number)[]
    /** Beside `keys`. */
    readonly rows: readonly unknown[]
  }[]
}

/** Synchronous: no command is half in it. */
export function takeCut(state: RegionState): Cut {
  const { revision, stamp } = state
  let rowCount = 0
  const tables = TABLE_NAMES.map((table) => {
    const source = state[table] as unknown as Table<unknown, string | number>
    rowCount += source.size
    return { table, ...source.references() }
  })
  return { revision, stamp, rowCount, tables }
}

/**
 * As `dump`, but within a table in no particular order: sorting 200,000 keys would stop the node for longer
 * than a heartbeat, and whoever restores rows takes them in any order.
 */
export function* rowsOfCut(cut: Cut): Generator<DumpedRow> {
  yield dumpedMeta(cut)
  for (const { table, keys, rows } of cut.tables) {
    for (const [at, key] of keys.entries()) {
      yield { table, key, row: canonical(rows[at]) } as DumpedRow
    }
  }
}
