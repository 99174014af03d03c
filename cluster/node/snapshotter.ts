// When this node makes a snapshot, cuts its log and sends a snapshot to a follower. One snapshot is made at a
// time; the log keeps a tail behind it for followers that are only a little late. While a transfer is under
// way (or was cut off a moment ago) the log is not cut further: the snapshot stays the one in force, the
// next try goes on with it, and a slow follower is not chased by ever newer ones.
import type { Clock, Logger, Scheduler } from '#model/ports.ts'
import type { RegionLimits } from '#platform/config.ts'
import { describeError } from '#platform/system.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import type { Configuration, SnapshotMeta } from '#raft/types.ts'
import type { RegionState } from '#state/state.ts'
import type { LogStore } from '#storage/log-store.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'
import { Pace } from './pace.ts'
import { type ChunksFrom, type InstallSnapshot, sendSnapshot, writeSnapshot } from './snapshots.ts'
import { throttled, TokenBucket } from './token-bucket.ts'

/** Dissertation §5.1.2: about a fifth of the bandwidth then goes into snapshots. */
const LOG_RATIO = 4

export type SnapshotterOptions = {
  readonly log: LogStore
  readonly files: SnapshotStore
  readonly limits: RegionLimits
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly send: (to: string, offer: SnapshotOffer, chunks: ChunksFrom) => Promise<void>
  readonly onSent: (to: string, ok: boolean) => void
  readonly onFailure: (what: string, error: unknown) => never
}

export class Snapshotter {
  readonly #options: SnapshotterOptions
  readonly #sending = new Set<string>()
  readonly #bucket: TokenBucket
  /** Until then a follower may come back for the rest of the snapshot in force. */
  #holdUntilMs = 0
  /** Durable as a file; the log is cut to it once it has grown `trailingEntries` past it. */
  #made: SnapshotMeta | null = null
  /** Of the newest snapshot made here; 0 before the first. */
  #madeBytes = 0
  #busy: Promise<void> | null = null

  constructor(options: SnapshotterOptions) {
    this.#options = options
    const { clock, limits } = options
    this.#bucket = new TokenBucket(clock, {
      bytesPerSecond: limits.snapshotSendBytesPerSecond,
      burstBytes: limits.snapshotSendBurstBytes,
    })
  }

  /** After each page of applied entries; begins what is due and returns at once. */
  onApplied(state: RegionState, at: { term: number; configuration: Configuration }): void {
    if (this.#busy !== null) return
    const { log, limits } = this.#options
    const last = this.#made ?? log.reader.snapshot()
    const behind = state.revision - last.lastIncludedIndex
    if (this.#made !== null) {
      const due = behind >= limits.trailingEntries && !this.#isHeld(state.revision)
      if (due) this.#begin(this.#cut(this.#made))
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
    const { files, send, logger, onSent, clock, scheduler, limits } = this.#options
    // The core asks again while one is under way; one stream a follower is enough.
    if (this.#sending.has(message.to)) return
    if (this.#sending.size >= limits.snapshotSendsMax) {
      onSent(message.to, false)
      return
    }
    this.#sending.add(message.to)
    this.#holdUntilMs = clock.monotonicMs() + limits.snapshotHoldMs
    const throttle = (chunks: AsyncIterable<Uint8Array>) =>
      throttled(chunks, this.#bucket, scheduler.after)
    sendSnapshot({ message, store: files, send, throttle, logger })
      .then(
        () => true,
        (error: unknown) => {
          logger.warn('raft.snapshot_failed', { to: message.to, error: describeError(error) })
          return false
        },
      )
      .then((ok) => {
        this.#sending.delete(message.to)
        if (ok && this.#sending.size === 0) this.#holdUntilMs = 0
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

  #isHeld(revision: number): boolean {
    const { clock, limits, log } = this.#options
    const behind = revision - log.reader.snapshot().lastIncludedIndex
    return clock.monotonicMs() < this.#holdUntilMs && behind < limits.snapshotHoldEntries
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
    const { files, clock, scheduler, limits, logger } = this.#options
    const pace = new Pace(clock, limits.snapshotSliceMs, scheduler.soon)
    const { meta, bytes } = await writeSnapshot(files, state, { ...at, pace })
    this.#made = meta
    this.#madeBytes = bytes
    logger.info('raft.snapshot_made', { index: meta.lastIncludedIndex })
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
