// The port to the durable log. One implementation on LevelDB, one in memory, one on a simulated disk;
// `test/contract/log-store.ts` holds all three to these sentences.
import type { Entry, HardState, LogIndex, LogReader, SnapshotMeta } from '#raft/types.ts'

/** One atomic, synced write: all of it is on disk when the promise resolves, or none of it. */
export type LogWrite = {
  /** Replaces the stored hard state; null keeps it. */
  readonly hardState: HardState | null
  /** Contiguous; everything from the first one's index on is replaced. Empty keeps the entries. */
  readonly entries: readonly Entry[]
  /** Drops every entry and starts over after this snapshot (already durable in the snapshot store). */
  readonly snapshot: SnapshotMeta | null
}

/**
 * `save` calls are issued one at a time (the driver waits); the implementation asserts it. The first
 * failure is final: every later call rejects with STORAGE_FAILED and the process must stop (pitfall C2).
 */
export interface LogStore {
  /** What was on disk at opening. */
  readonly hardState: () => HardState
  /** Synchronous view of what `save` has made durable. */
  readonly reader: LogReader
  readonly save: (write: LogWrite) => Promise<void>
  /**
   * Forgets entries up to and including `meta.lastIncludedIndex` (≤ lastIndex) and names the snapshot in
   * force. Synced in small steps front to back, so that a crash leaves a contiguous log. The last
   * `trailingEntries` of them stay (default 0), for followers that are only a little late.
   */
  readonly compact: (meta: SnapshotMeta, trailingEntries?: number) => Promise<void>
  /** Highest index is kept in memory; bytes of entry data since the last compaction, for policy. */
  readonly sizeBytes: () => number
  readonly close: () => Promise<void>
}

export type { LogIndex }
