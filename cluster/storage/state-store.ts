// The second database: the rows of the replicated state as of `appliedIndex`, written in the same batch
// (pitfall C14). It is a cache that snapshot and log can rebuild, so nothing is synced and nothing doubtful
// is served: any damage, and any power loss (another boot id without a clean close), empties it.
// A missing row shows too: the meta record carries the number of rows and the XOR of their CRCs.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { LogIndex } from '#raft/types.ts'
import type { Batch, Database } from './database.ts'
import { isDamage } from './damage.ts'
import { makeDirectory } from './files.ts'
import { destroyDatabase, openDatabase } from './level-database.ts'
import { sealJson } from './log-meta.ts'
import { RowCrcs } from './row-crcs.ts'
import { encodeStateKey, STATE_META_KEY, type StateKey } from './state-key.ts'
import { loadState, rowCrc, type StateMeta, type StateRow } from './state-load.ts'

export type StateStoreOptions = {
  /** Changes with every start of the machine (Linux: /proc/sys/kernel/random/boot_id). */
  readonly bootId: string
  /** Awaited now and then in a long write, so that other work gets its turn; default: never. */
  readonly pause?: () => Promise<void>
}

export type StateWrite = {
  readonly appliedIndex: LogIndex
  /** Log time of that entry. */
  readonly stamp: number
  /** Taken one at a time; a value is copied before the next is asked for. */
  readonly puts: Iterable<StateRow>
  readonly deletes: Iterable<{ readonly table: string; readonly key: StateKey }>
}

const ROW_VERSION = 2
const REPLACE_ROWS = 250
/** About a millisecond. */
const ROWS_BETWEEN_PAUSES = 200

/** Throws DIRECTORY_IN_USE and STORAGE_FAILED; damage is answered by an empty store. */
export async function openStateStore(dir: string, options: StateStoreOptions): Promise<StateStore> {
  const path = join(dir, 'state')
  await makeDirectory(path)
  let database: Database | null = null
  let reason = ''
  try {
    database = await openDatabase(path)
    const loaded = await loadState(database, options.bootId)
    if (typeof loaded !== 'string') return new StateStore(path, database, { ...loaded, options })
    reason = loaded
  } catch (error) {
    if (!isDamage(error)) throw error
    reason = error instanceof Error ? error.message : String(error)
  }
  await database?.close()
  const store = new StateStore(path, await openEmpty(path), {
    meta: null,
    rows: [],
    crcs: new RowCrcs(),
    options,
  })
  store.rebuiltBecause = reason
  return store
}

async function openEmpty(path: string): Promise<Database> {
  await destroyDatabase(path)
  return await openDatabase(path)
}

type Parts = {
  readonly meta: StateMeta | null
  readonly rows: readonly StateRow[]
  readonly crcs: RowCrcs
  readonly options: StateStoreOptions
}

export class StateStore {
  /** Why the content was thrown away at opening; null when it is trusted. */
  rebuiltBecause: string | null = null
  readonly #path: string
  readonly #bootId: string
  readonly #pause: (() => Promise<void>) | undefined
  #database: Database
  #rows: readonly StateRow[]
  #crcs: RowCrcs
  #appliedIndex: LogIndex
  #stamp: number
  #writing = false
  #failure: AppError | null = null

  constructor(path: string, database: Database, parts: Parts) {
    this.#path = path
    this.#database = database
    this.#bootId = parts.options.bootId
    this.#pause = parts.options.pause
    this.#rows = parts.rows
    this.#crcs = parts.crcs
    this.#appliedIndex = parts.meta?.appliedIndex ?? 0
    this.#stamp = parts.meta?.stamp ?? 0
  }

  /** Entry whose effects are the newest in here; 0: empty, start from snapshot and log. */
  get appliedIndex(): LogIndex {
    return this.#appliedIndex
  }

  /** Log time at appliedIndex. */
  get stamp(): number {
    return this.#stamp
  }

  /** Equal on nodes that hold the same rows at the same index: see `RowCrcs.sum`. */
  contentHash(): string {
    return `${this.#crcs.size}.${this.#crcs.sum.toString(16)}`
  }

  /** Rows found at opening, verified, in key order. Given away once, to be dropped from memory. */
  takeRows(): readonly StateRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  /** One at a time (asserted), atomic, not synced. Bytes are copied. Throws STORAGE_FAILED, finally. */
  async write(write: StateWrite): Promise<void> {
    assert(write.appliedIndex >= this.#appliedIndex, 'appliedIndex never goes back')
    await this.#alone(async () => {
      const batch = this.#database.batch()
      let rows = 0
      for (const { table, key } of write.deletes) {
        this.#delete(batch, table, key)
        if (++rows % ROWS_BETWEEN_PAUSES === 0) await this.#pause?.()
      }
      for (const row of write.puts) {
        this.#put(batch, row)
        if (++rows % ROWS_BETWEEN_PAUSES === 0) await this.#pause?.()
      }
      await this.#finish(batch, { ...write, clean: false })
    })
  }

  /**
   * Throws everything away and starts from these rows (a snapshot was installed). A crash in the middle
   * leaves rows without a meta record, which the next start throws away.
   */
  async replace(content: {
    readonly appliedIndex: LogIndex
    readonly stamp: number
    readonly rows: Iterable<StateRow>
  }): Promise<void> {
    await this.#alone(async () => {
      await this.#empty()
      let batch = this.#database.batch()
      let count = 0
      for (const row of content.rows) {
        this.#put(batch, row)
        if (++count % REPLACE_ROWS !== 0) continue
        await batch.write(false)
        batch = this.#database.batch()
      }
      await this.#finish(batch, { ...content, clean: false })
    })
  }

  /** Empties it; appliedIndex is 0 again. */
  async discard(): Promise<void> {
    await this.#alone(() => this.#empty())
  }

  /** After it, the content is trusted whatever the boot id. Only this syncs. */
  async close(): Promise<void> {
    assert(!this.#writing, 'no write is under way')
    if (this.#failure === null && this.#appliedIndex > 0) {
      // First everything into synced tables: a closed write-ahead file may never have been synced.
      await this.#database.flush()
      const { appliedIndex, stamp } = { appliedIndex: this.#appliedIndex, stamp: this.#stamp }
      await this.#finish(this.#database.batch(), { appliedIndex, stamp, clean: true })
    }
    await this.#database.close()
  }

  async #alone(task: () => Promise<void>): Promise<void> {
    assert(!this.#writing, 'one write at a time')
    if (this.#failure !== null) throw this.#failure
    this.#writing = true
    try {
      await task()
    } catch (error) {
      this.#failure = new AppError('STORAGE_FAILED', `${this.#path} can no longer be written.`, {
        cause: error,
      })
      throw this.#failure
    } finally {
      this.#writing = false
    }
  }

  async #empty(): Promise<void> {
    await this.#database.close()
    this.#database = await openEmpty(this.#path)
    this.#rows = []
    this.#crcs = new RowCrcs()
    this.#appliedIndex = 0
    this.#stamp = 0
  }

  async #finish(
    batch: Batch,
    at: { readonly appliedIndex: LogIndex; readonly stamp: number; readonly clean: boolean },
  ): Promise<void> {
    const { appliedIndex, stamp, clean } = at
    const meta: StateMeta = {
      appliedIndex,
      stamp,
      clean,
      bootId: this.#bootId,
      rowCount: this.#crcs.size,
      rowDigest: this.#crcs.digest,
    }
    batch.put(STATE_META_KEY, sealJson(meta))
    await batch.write(clean)
    this.#appliedIndex = appliedIndex
    this.#stamp = stamp
  }

  #put(batch: Batch, row: StateRow): void {
    const key = encodeStateKey(row.table, row.key)
    const record = Buffer.allocUnsafe(5 + row.value.byteLength)
    record[4] = ROW_VERSION
    record.set(row.value, 5)
    const crc = rowCrc(key, record)
    record.writeUInt32BE(crc, 0)
    batch.put(key, record)
    this.#crcs.set(row.table, row.key, crc)
  }

  /** Most short-lived rows were never written: nothing to delete then. */
  #delete(batch: Batch, table: string, key: StateKey): void {
    if (this.#crcs.delete(table, key)) batch.del(encodeStateKey(table, key))
  }
}
