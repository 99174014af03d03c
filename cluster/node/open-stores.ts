// Opens what a node keeps on disk and rebuilds its state: from the rows of the state database when they can
// be trusted, else from the snapshot in force; what the log holds beyond that is applied again by the driver.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError } from '#model/errors.ts'
import type { Logger } from '#model/ports.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { systemClock } from '#platform/system.ts'
import { decodeRow, encodeRow } from '#protocol/rows.ts'
import type { Configuration } from '#raft/types.ts'
import { rowsOfCut, takeCut } from '#state/cut.ts'
import { type DumpedRow, dumpedMeta, Restoring } from '#state/snapshot.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import type { ReceiptState } from '#storage/log-receipt.ts'
import type { LogStore } from '#storage/log-store.ts'
import { openSnapshotStore, type SnapshotStore } from '#storage/snapshot-store.ts'
import { openStateStore, type StateStore } from '#storage/state-store.ts'
import { expectKnownLevel } from './feature-levels.ts'
import type { NodeFile } from './node-file.ts'
import { Pace } from './pace.ts'
import { readSnapshot } from './snapshots.ts'

/** What a node needs of the state database. */
export type RowStore = Pick<
  StateStore,
  'appliedIndex' | 'stamp' | 'takeRows' | 'write' | 'replace' | 'discard' | 'close' | 'contentHash'
>

export type Stores = {
  readonly log: LogStore
  /** How far the log is on disk. */
  readonly position: () => ReceiptState
  readonly rows: RowStore
  readonly snapshots: SnapshotStore
  /** As of `state.revision`. */
  readonly state: RegionState
  readonly configuration: Configuration
  /** Replaces every row of the state database by those of a state that came as a snapshot. */
  readonly rewriteRows: (state: RegionState, configuration: Configuration) => Promise<void>
  readonly close: () => Promise<void>
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Throws STORAGE_DAMAGED, DIRECTORY_IN_USE, STORAGE_FAILED, UNSUPPORTED_VERSION; then nothing stays open. */
export async function openStores(dir: string, node: NodeFile, logger: Logger): Promise<Stores> {
  const log = await openLevelLogStore(dir)
  let rows: StateStore | null = null
  try {
    const inForce = (): number => log.reader.snapshot().lastIncludedIndex
    const snapshots = await openSnapshotStore(dir, { inForce })
    rows = await openStateStore(dir, { bootId: await bootId(), pause })
    if (rows.rebuiltBecause !== null) {
      logger.warn('state.rebuilt', { why: rows.rebuiltBecause })
    }
    return await loadStores({ log, rows, snapshots, node, position: log.position })
  } catch (error) {
    await rows?.close()
    await log.close()
    throw error
  }
}

export type OpenStores = {
  readonly log: LogStore
  readonly position: () => ReceiptState
  readonly rows: RowStore
  readonly snapshots: SnapshotStore
  readonly node: NodeFile
  /** Of the rebuilding; by the real clock and event loop unless given. */
  readonly pace?: Pace
}

/** Rebuilds the state from stores that are open. Throws STORAGE_DAMAGED when they do not fit together. */
export async function loadStores(parts: OpenStores): Promise<Stores> {
  const { log, position, rows, snapshots } = parts
  const rebuilt = await rebuild(parts)
  expectKnownLevel(rebuilt.state)
  return makeStores({ log, position, rows, snapshots, ...rebuilt })
}

function makeStores(parts: Omit<Stores, 'rewriteRows' | 'close'>): Stores {
  const { log, rows } = parts
  return {
    ...parts,
    rewriteRows: (state, configuration) => rewrite(rows, state, configuration),
    close: async () => {
      await rows.close()
      await log.close()
    },
  }
}

type Rebuilt = { readonly state: RegionState; readonly configuration: Configuration }

async function rebuild(parts: OpenStores): Promise<Rebuilt> {
  const { log, rows, snapshots, node } = parts
  const pace = parts.pace ?? new Pace(systemClock, REGION_CONFIG.snapshotSliceMs)
  const snapshot = log.reader.snapshot()
  if (rows.appliedIndex > log.reader.lastIndex()) {
    throw new AppError(
      'STORAGE_DAMAGED',
      `The state of ${node.nodeId} is at ${rows.appliedIndex}, its log ends before: the log lost its end.`,
    )
  }
  if (rows.appliedIndex > snapshot.lastIncludedIndex) return await fromRows(rows, pace)
  if (snapshot.lastIncludedIndex > 0) {
    const state = await readSnapshot(snapshots, snapshot, pace)
    await rewrite(rows, state, snapshot.configuration)
    return { state, configuration: snapshot.configuration }
  }
  // Nothing but the log: it starts at its first entry.
  await rows.discard()
  const { firstVoters: voters } = node
  const configuration = {
    ...{ voters, votersOutgoing: [], learners: [], learnersNext: [] },
    autoLeave: false,
  }
  return { state: emptyState(), configuration }
}

async function fromRows(rows: RowStore, pace: Pace): Promise<Rebuilt> {
  const restoring = new Restoring()
  let configuration: Configuration | null = null
  for (const { table, key, value } of rows.takeRows()) {
    const row = decodeRow(value)
    if (table === 'meta') configuration = (row as Rebuilt).configuration
    else restoring.add({ table, key, row } as DumpedRow)
    if (pace.due()) await pace.rest()
  }
  restoring.add(dumpedMeta({ revision: rows.appliedIndex, stamp: rows.stamp }))
  if (configuration === null) {
    throw new AppError('STORAGE_DAMAGED', 'The state database names no configuration.')
  }
  return { state: restoring.finish(), configuration }
}

async function rewrite(
  rows: RowStore,
  state: RegionState,
  configuration: Configuration,
): Promise<void> {
  const { revision: appliedIndex, stamp } = state
  await rows.replace({
    appliedIndex,
    stamp,
    rows: rowsOf(rowsOfCut(takeCut(state)), configuration),
  })
}

function* rowsOf(dumped: Iterable<DumpedRow>, configuration: Configuration) {
  yield { table: 'meta', key: 'meta', value: encodeRow({ configuration }) }
  for (const { table, key, row } of dumped) {
    if (table !== 'meta') yield { table: String(table), key, value: encodeRow(row) }
  }
}

/** One turn of the event loop. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Where there is none (not Linux) every start counts as another boot: slower, never wrong. */
async function bootId(): Promise<string> {
  return readFile(BOOT_ID, 'utf8').then(
    (text) => text.trim(),
    () => `no-boot-id-${randomUUID()}`,
  )
}
