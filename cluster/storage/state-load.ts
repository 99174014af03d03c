// Reads the whole state database at start and judges it. A string says why it cannot be trusted.
import { crc32 } from 'node:zlib'
import type { LogIndex } from '#raft/types.ts'
import type { Database } from './database.ts'
import { unsealJson } from './log-meta.ts'
import { RowCrcs } from './row-crcs.ts'
import { decodeStateKey, STATE_META_KEY, type StateKey } from './state-key.ts'

export type StateRow = {
  readonly table: string
  readonly key: StateKey
  readonly value: Uint8Array
}

export type StateMeta = {
  readonly appliedIndex: LogIndex
  readonly stamp: number
  /** Closed in good order, everything synced. */
  readonly clean: boolean
  readonly bootId: string
  readonly rowCount: number
  /** XOR of the CRCs of all rows. */
  readonly rowDigest: number
}

export type LoadedState = {
  /** Null: nothing was ever written. */
  readonly meta: StateMeta | null
  readonly rows: readonly StateRow[]
  readonly crcs: RowCrcs
}

export async function loadState(database: Database, bootId: string): Promise<LoadedState | string> {
  const sealed = database.getSync(STATE_META_KEY)
  const read = sealed === undefined ? undefined : unsealJson(sealed)
  if (typeof read === 'string') return `the meta record ${read}`
  const meta = read === undefined ? null : (read.value as StateMeta)
  if (meta !== null && !meta.clean && meta.bootId !== bootId) {
    return 'the machine restarted before it was closed'
  }
  const rows: StateRow[] = []
  const crcs = new RowCrcs()
  for await (const block of database.blocks()) {
    for (const [key, record] of block) {
      if (key.equals(STATE_META_KEY)) continue
      if (meta === null) return 'it was being rewritten'
      const row = decodeRow(key, record)
      if (row === undefined) return `the row ${key.toString('hex')} is damaged`
      crcs.set(row.table, row.key, record.readUInt32BE(0))
      rows.push(row)
    }
  }
  if (meta !== null && (rows.length !== meta.rowCount || crcs.digest !== meta.rowDigest)) {
    return `it holds ${rows.length} rows that are not the ${meta.rowCount} written`
  }
  return { meta, rows, crcs }
}

function decodeRow(key: Buffer, record: Buffer): StateRow | undefined {
  if (record.length < 5 || record[4] !== 2) return undefined
  if (rowCrc(key, record) !== record.readUInt32BE(0)) return undefined
  const decoded = decodeStateKey(key)
  return decoded === undefined ? undefined : { ...decoded, value: record.subarray(5) }
}

/** Over key, version and value: a row under another row's key shows. */
export function rowCrc(key: Buffer, record: Buffer): number {
  return crc32(record.subarray(4), crc32(key))
}
