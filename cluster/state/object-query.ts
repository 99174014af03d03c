// Read-only selectors of the small objects: rows and, where nobody changed them, the defaults.
import {
  DEFAULT_POOL_ID,
  DEFAULT_ROWS,
  DEFAULT_ZONE_ID,
  type ObjectRows,
  type ObjectTable,
  type ResourcePool,
  type TextVersion,
  type Zone,
} from '#model/objects.ts'
import type { RegionState } from './state.ts'
import type { Table } from './table.ts'

/** The generic door to these tables; they all have the same shape of key. */
export function objectTable<T extends ObjectTable>(
  state: RegionState,
  table: T,
): Table<ObjectRows[T], number> {
  return state[table] as unknown as Table<ObjectRows[T], number>
}

export function objectOf<T extends ObjectTable>(
  state: RegionState,
  table: T,
  id: number,
): ObjectRows[T] | undefined {
  return objectTable(state, table).get(id) ?? defaultsOf(table).find((row) => row.id === id)
}

/** In the order of their ids. */
export function objectsOf<T extends ObjectTable>(
  state: RegionState,
  table: T,
): readonly ObjectRows[T][] {
  const rows = objectTable(state, table)
  const untouched = defaultsOf(table).filter(({ id }) => !rows.has(id))
  return [...untouched, ...rows.values()].toSorted((a, b) => a.id - b.id)
}

export function isDefault(table: ObjectTable, id: number): boolean {
  return defaultsOf(table).some((row) => row.id === id)
}

function defaultsOf<T extends ObjectTable>(table: T): readonly ObjectRows[T][] {
  return DEFAULT_ROWS[table] ?? []
}

/** Nodes without a zone are in the default one. */
export function zoneOf(state: RegionState, node: { readonly zoneId?: number }): Zone {
  const zone = objectOf(state, 'zones', node.zoneId ?? DEFAULT_ZONE_ID)
  if (zone === undefined) throw new Error(`zone ${node.zoneId} of a node is gone`)
  return zone
}

export function poolOf(state: RegionState, machine: { readonly poolId?: number }): ResourcePool {
  const pool = objectOf(state, 'resourcePools', machine.poolId ?? DEFAULT_POOL_ID)
  if (pool === undefined) throw new Error(`pool ${machine.poolId} of a machine is gone`)
  return pool
}

/** The version in force; '' before the first. */
export function textOf(row: { readonly history: readonly TextVersion[] }): string {
  return row.history.at(-1)?.value ?? ''
}
