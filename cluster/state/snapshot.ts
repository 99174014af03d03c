// The whole state as rows in one defined order, and back. Bytes and hashes are the shell's.
import { emptyState, type RegionState } from './state.ts'
import { TABLE_NAMES, type TableName, type TableRows } from './tables.ts'
import type { Table } from './table.ts'

/** First element of a dump. */
export type DumpedMeta = {
  readonly table: 'meta'
  readonly key: 'meta'
  readonly row: { readonly version: 1; readonly revision: number; readonly stamp: number }
}

export type DumpedRow =
  | DumpedMeta
  | {
      readonly [T in TableName]: {
        readonly table: T
        readonly key: string | number
        readonly row: TableRows[T]
      }
    }[TableName]

/** Meta first, then every table in `TABLE_NAMES` order, rows in key order, fields sorted by name. */
export function* dump(state: RegionState): Generator<DumpedRow> {
  const { revision, stamp } = state
  yield { table: 'meta', key: 'meta', row: canonical({ version: 1, revision, stamp } as const) }
  for (const table of TABLE_NAMES) {
    const rows = state[table] as unknown as Table<unknown, string | number>
    for (const [key, row] of rows.entries()) {
      yield { table, key, row: canonical(row) } as DumpedRow
    }
  }
}

/** Rows of one dump in any order. Throws when the meta row is missing or of another version. */
export function restore(rows: Iterable<DumpedRow>): RegionState {
  const state = emptyState()
  let found = false
  for (const dumped of rows) {
    if (dumped.table === 'meta') {
      const { version } = dumped.row
      if (version !== 1) throw new Error(`snapshot version ${String(version)} is not known here`)
      state.setMeta(dumped.row)
      found = true
    } else {
      state.load(dumped.table, dumped.key as never, dumped.row)
    }
  }
  if (!found) throw new Error('snapshot without its meta row')
  return state
}

/** Feeds the canonical text of every row to `update` (a hash, say): equal on equal replicas. */
export function digest(state: RegionState, update: (text: string) => void): void {
  for (const dumped of dump(state)) update(`${JSON.stringify(dumped)}\n`)
}

/** The same data with object keys in UTF-16 order, at every depth. */
export function canonical<T>(value: T): T {
  if (Array.isArray(value)) return value.map(canonical) as T
  if (value === null || typeof value !== 'object') return value
  const source = value as Readonly<Record<string, unknown>>
  const sorted: Record<string, unknown> = {}
  for (const key of Object.keys(source).sort()) sorted[key] = canonical(source[key])
  return sorted as T
}
