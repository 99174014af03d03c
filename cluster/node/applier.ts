// Turns committed entries into state, changes and outcomes, and writes the rows through to the state
// database. The database is a cache of what snapshot + log would rebuild, so it needs no sync (D4);
// `appliedIndex` goes into the same batch as its effects (pitfall C14).
import assert from 'node:assert/strict'
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import { decodeEnvelope } from '#protocol/envelope.ts'
import { encodeRow } from '#protocol/rows.ts'
import type { Configuration, Entry } from '#raft/types.ts'
import { apply } from '#state/apply.ts'
import type { Outcome } from '#state/outcome.ts'
import { canonical } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import type { StateRow } from '#storage/state-load.ts'
import { expectKnownLevel } from './feature-levels.ts'
import type { History } from './history.ts'
import type { RowStore } from './open-stores.ts'
import { PendingRows } from './pending-rows.ts'
import { type HashLimits, isHashDue, type StateHash } from './state-hash.ts'

/**
 * Rows are written late: what changes often (counters) is then written once for thousands of commands, and
 * what lives shortly (outcomes of sessions) never. After a crash the log gives back what was not written.
 */
const WRITE_DELAY_MS = 1_000
const WRITE_ROWS_MAX = 20_000
/** Hashes are left out when the database is this many writes behind: memory is worth more. */
const SEALED_MAX = 4

export type Applied = {
  readonly index: number
  readonly term: number
  readonly outcome: Outcome
}

export type ApplierOptions = {
  readonly state: RegionState
  readonly store: Pick<RowStore, 'write' | 'contentHash'>
  readonly history: History
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly onApplied: (applied: Applied) => void
  /** In effect at what is applied now; needed to start from these rows. */
  readonly configuration: () => Configuration
  readonly limits: HashLimits
  /** The rows of the state as of this index, on this node. */
  readonly onHash: (hash: StateHash) => void
  readonly onFailure: (what: string, error: unknown) => never
}

/** Rows to write together, as of one index. */
type Sealed = {
  readonly pending: PendingRows
  readonly appliedIndex: number
  readonly stamp: number
  readonly configuration: Configuration
  readonly isHashed: boolean
}

export class Applier {
  readonly #options: ApplierOptions
  #state: RegionState
  /** Newest unwritten change by table and key. */
  #pending = new PendingRows()
  /** Closed at an index that calls for a hash; written one after the other. */
  #sealed: Sealed[] = []
  #writing: Promise<void> | null = null
  #paused = false
  /** Set while a write waits for its time. */
  #cancelTimer: (() => void) | null = null

  constructor(options: ApplierOptions) {
    this.#options = options
    this.#state = options.state
  }

  get state(): RegionState {
    return this.#state
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) this.#applyOne(entry)
    if (this.#pending.size >= WRITE_ROWS_MAX) this.#write()
    else this.#writeLater()
  }

  /** Replaces the state by a snapshot's; rows not yet written belong to the old one. */
  async replace(state: RegionState, rewrite: () => Promise<void>): Promise<void> {
    expectKnownLevel(state)
    this.#paused = true
    this.#pending = new PendingRows()
    this.#sealed = []
    await this.#writing
    await rewrite()
    this.#state = state
    this.#paused = false
    this.#options.history.reset(state.revision)
  }

  /** Everything applied so far is handed to the database. */
  async flush(): Promise<void> {
    while (this.#writing !== null || this.#pending.size > 0 || this.#sealed.length > 0) {
      this.#write()
      await this.#writing
    }
  }

  #applyOne(entry: Entry): void {
    const state = this.#state
    assert(!this.#paused, 'nothing is applied while the state is being replaced')
    assert(entry.index > state.revision, 'an entry is applied once')
    const stampBefore = state.stamp
    this.#applyTo(state, entry)
    if (!isHashDue(stampBefore, entry, this.#options.limits) || this.#sealed.length >= SEALED_MAX)
      return
    this.#sealed.push(this.#seal(true))
    this.#write()
  }

  #applyTo(state: RegionState, entry: Entry): void {
    if (entry.kind !== 'command') {
      state.advance(entry.index, entry.stamp)
      return
    }
    const envelope = decodeEnvelope(entry.data)
    const { outcome, changes } = apply(state, envelope, { index: entry.index, stamp: entry.stamp })
    expectKnownLevel(state)
    for (const change of changes) this.#pending.add(change)
    if (changes.length > 0) {
      const { stamp } = entry
      this.#options.history.push({ revision: entry.index, stamp, wall: envelope.wall, changes })
    }
    this.#options.onApplied({ index: entry.index, term: entry.term, outcome })
  }

  /** One write at a time; what is applied meanwhile goes with the next. */
  #write(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    if (this.#writing !== null || this.#paused) return
    if (this.#pending.size === 0 && this.#sealed.length === 0) return
    const { store, onFailure, onHash } = this.#options
    const { pending, appliedIndex, stamp, configuration, isHashed } =
      this.#sealed.shift() ?? this.#seal(false)
    const batch = {
      appliedIndex,
      stamp,
      puts: putsOf(pending, configuration),
      deletes: pending.deletes(),
    }
    this.#writing = store
      .write(batch)
      .catch((error: unknown) => onFailure('state write', error))
      .then(() => {
        this.#writing = null
        if (isHashed) onHash({ index: appliedIndex, value: store.contentHash() })
        if (this.#sealed.length > 0 || this.#pending.size >= WRITE_ROWS_MAX) this.#write()
        else if (this.#pending.size > 0) this.#writeLater()
      })
  }

  #seal(isHashed: boolean): Sealed {
    const pending = this.#pending
    this.#pending = new PendingRows()
    const { revision: appliedIndex, stamp } = this.#state
    const configuration = this.#options.configuration()
    return { pending, appliedIndex, stamp, configuration, isHashed }
  }

  #writeLater(): void {
    this.#cancelTimer ??= this.#options.scheduler.after(WRITE_DELAY_MS, () => this.#write())
  }
}

/** Encoded one by one, when the store asks. */
function* putsOf(pending: PendingRows, configuration: Configuration): Generator<StateRow> {
  yield { table: 'meta', key: 'meta', value: encodeRow({ configuration }) }
  // In one order of fields: a row that came by a snapshot and one that grew here are the same bytes.
  for (const { table, key, row } of pending.puts()) {
    yield { table, key, value: encodeRow(canonical(row)) }
  }
}
