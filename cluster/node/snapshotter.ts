// When this node makes a snapshot, cuts its log, sends a snapshot to a follower and takes one in. One
// snapshot is made at a time; the log keeps a tail behind it for followers that are only a little late.
import type { Logger } from '#model/ports.ts'
import type { RegionLimits } from '#platform/config.ts'
import { describeError } from '#platform/system.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import type { Configuration, SnapshotMeta } from '#raft/types.ts'
import type { RegionState } from '#state/state.ts'
import type { LogStore } from '#storage/log-store.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'
import { type InstallSnapshot, sendSnapshot, writeSnapshot } from './snapshots.ts'

/** Dissertation §5.1.2: about a fifth of the bandwidth then goes into snapshots. */
const LOG_RATIO = 4

export type SnapshotterOptions = {
  readonly log: LogStore
  readonly files: SnapshotStore
  readonly limits: RegionLimits
  readonly logger: Logger
  readonly send: (
    to: string,
    offer: SnapshotOffer,
    chunks: AsyncIterable<Uint8Array>,
  ) => Promise<void>
  readonly onSent: (to: string, ok: boolean) => void
  readonly onFailure: (what: string, error: unknown) => never
}

export class Snapshotter {
  readonly #options: SnapshotterOptions
  readonly #sending = new Set<string>()
  /** Durable as a file; the log is cut to it once it has grown `trailingEntries` past it. */
  #made: SnapshotMeta | null = null
  /** Of the newest snapshot made here; 0 before the first. */
  #madeBytes = 0
  #busy: Promise<void> | null = null

  constructor(options: SnapshotterOptions) {
    this.#options = options
  }

  /** After each page of applied entries; begins what is due and returns at once. */
  onApplied(state: RegionState, at: { term: number; configuration: Configuration }): void {
    if (this.#busy !== null) return
    const { log, limits } = this.#options
    const last = this.#made ?? log.reader.snapshot()
    const behind = state.revision - last.lastIncludedIndex
    if (this.#made !== null) {
      if (behind >= limits.trailingEntries) this.#begin(this.#cut(this.#made))
    } else if (behind >= limits.snapshotEntries && this.#isLogLong(behind)) {
      this.#begin(this.#make(state, at))
    }
  }

  /** A snapshot costs what the state is large: writing it pays when the log is larger still. */
  #isLogLong(entries: number): boolean {
    const { log, limits } = this.#options
    if (entries >= limits.snapshotEntriesMax) return true
    return log.sizeBytes() >= Math.max(limits.snapshotLogBytesMin, LOG_RATIO * this.#madeBytes)
  }

  send(message: InstallSnapshot): void {
    const { files, send, logger, onSent } = this.#options
    // The core asks again while one is under way; one stream a follower is enough.
    if (this.#sending.has(message.to)) return
    this.#sending.add(message.to)
    sendSnapshot({ message, store: files, send, logger })
      .then(
        () => true,
        (error: unknown) => {
          logger.warn('raft.snapshot_failed', { to: message.to, error: describeError(error) })
          return false
        },
      )
      .then((ok) => {
        this.#sending.delete(message.to)
        onSent(message.to, ok)
      })
      .catch((error: unknown) => this.#options.onFailure('snapshot', error))
  }

  /** The log was reset to a received snapshot: what was made before it is of no use. */
  forget(): void {
    this.#made = null
  }

  async stop(): Promise<void> {
    await this.#busy
  }

  #begin(work: Promise<void>): void {
    this.#busy = work
      .catch((error: unknown) => this.#options.onFailure('snapshot', error))
      .then(() => {
        this.#busy = null
      })
  }

  async #make(
    state: RegionState,
    at: { readonly term: number; readonly configuration: Configuration },
  ): Promise<void> {
    const { meta, bytes } = await writeSnapshot(this.#options.files, state, at)
    this.#made = meta
    this.#madeBytes = bytes
    this.#options.logger.info('raft.snapshot_made', { index: meta.lastIncludedIndex })
  }

  async #cut(meta: SnapshotMeta): Promise<void> {
    const { log, files, logger } = this.#options
    this.#made = null
    // A received snapshot may have overtaken the one that was made here.
    if (meta.lastIncludedIndex <= log.reader.snapshot().lastIncludedIndex) return
    // Received snapshots may have pushed out its file; a log must never name one that is not there.
    if (!(await files.holds(meta.lastIncludedIndex))) return
    await log.compact(meta)
    logger.info('raft.log_compacted', { index: meta.lastIncludedIndex })
  }
}
