// The whole state as rows in one defined order, and back. Bytes and hashes are the shell's.
import { AppError } from '#model/errors.ts'
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
  yield dumpedMeta(state)
  for (const table of TABLE_NAMES) {
    const rows = state[table] as unknown as Table<unknown, string | number>
    for (const [key, row] of rows.entries()) {
      yield { table, key, row: canonical(row) } as DumpedRow
    }
  }
}

export function dumpedMeta(of: { readonly revision: number; readonly stamp: number }): DumpedMeta {
  const { revision, stamp } = of
  return { table: 'meta', key: 'meta', row: canonical({ version: 1, revision, stamp } as const) }
}

/** Rows of one dump in any order. Throws as `Restoring` does. */
export function restore(rows: Iterable<DumpedRow>): RegionState {
  const restoring = new Restoring()
  for (const row of rows) restoring.add(row)
  return restoring.finish()
}

/** A state in the making, for those who must not stop until all rows are in. */
export class Restoring {
  readonly #state = emptyState()
  #found = false

  /** Throws UNSUPPORTED_VERSION for a dump of another version and for a table that is not known here. */
  add(dumped: DumpedRow): void {
    if (dumped.table !== 'meta') {
      if (!TABLES.has(dumped.table)) throw unsupported(`a table ${String(dumped.table)}`)
      this.#state.load(dumped.table, dumped.key as never, dumped.row)
      return
    }
    const { version } = dumped.row
    if (version !== 1) throw unsupported(`version ${String(version)} of the rows`)
    this.#state.setMeta(dumped.row)
    this.#found = true
  }

  /** Throws when the meta row never came. */
  finish(): RegionState {
    if (!this.#found) throw new Error('snapshot without its meta row')
    return this.#state
  }
}

const TABLES: ReadonlySet<string> = new Set(TABLE_NAMES)

function unsupported(what: string): AppError {
  return new AppError(
    'UNSUPPORTED_VERSION',
    `The snapshot holds ${what.slice(0, 80)}: it is newer.`,
  )
}

/** Feeds the canonical text of every row to `update` (a hash, say): equal on equal replicas. */
export function digest(state: RegionState, update: (text: string) => void): void {
  for (const dumped of dump(state)) update(`${JSON.stringify(dumped)}\n`)
}

/** The same data with object keys in UTF-16 order, at every depth; `value` itself when it is flat and so already. */
export function canonical<T>(value: T): T {
  if (Array.isArray(value)) return value.map(canonical) as T
  if (value === null || typeof value !== 'object') return value
  const source = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(source)
  if (isCanonical(source, keys)) return value
  const sorted: Record<string, unknown> = {}
  for (const key of keys.sort()) sorted[key] = canonical(source[key])
  return sorted as T
}

/** Rows that come with every command are written in this order where they are made: sorting costs more than all else. */
function isCanonical(source: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  let before = ''
  for (const key of keys) {
    const value = source[key]
    if (key < before || (typeof value === 'object' && value !== null)) return false
    before = key
  }
  return true
}
