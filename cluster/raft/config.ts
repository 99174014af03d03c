// The knobs of the core, in ticks, bytes and counts; one tick is whatever the driver makes it.
import assert from 'node:assert/strict'

export type RaftConfig = {
  /** Ticks between a leader's heartbeats. 1 … electionTicksMin / 3. Shorter: more packets. */
  readonly heartbeatTicks: number
  /**
   * The election timeout is drawn from [min, 2·min) at every role change (pitfall A17). It is also the
   * time a leader counts as fresh, and the period of its quorum check. At least three heartbeats, so
   * that one lost heartbeat starts no election.
   */
  readonly electionTicksMin: number
  /** Bytes of entries in one AppendEntries; one entry larger than this still travels, alone. */
  readonly appendBytesMax: number
  /** AppendEntries with entries on their way to one peer; above it the peer is paused. */
  readonly inflightMessagesMax: number
  /** Bytes of entries on their way to one peer; at least `appendBytesMax`. */
  readonly inflightBytesMax: number
  /** Proposals are refused above this many bytes of uncommitted entries (pitfall B14). */
  readonly uncommittedBytesMax: number
  /** Bytes of committed entries in one Ready, so that a heartbeat is never behind a long apply. */
  readonly committedBytesMax: number
  /** A node that lacks at most so many committed entries counts as caught up (pitfalls D8, D9). */
  readonly caughtUpEntriesMax: number
  /**
   * Ticks after which a peer that waits for no commit is told of one by a message of its own; absent: at
   * once. Entries and heartbeats carry the commit anyway, changes of the configuration are told at once.
   */
  readonly commitNoticeTicks?: number
  /** Reads waiting on this node; more are refused (index null). */
  readonly readsPendingMax: number
}

/** With ticks of 50 ms: heartbeats every 100 ms, election timeouts of 300 … 600 ms. */
export const defaultRaftConfig: RaftConfig = {
  heartbeatTicks: 2,
  electionTicksMin: 6,
  appendBytesMax: 1 << 20,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 << 20,
  uncommittedBytesMax: 64 << 20,
  committedBytesMax: 1 << 20,
  caughtUpEntriesMax: 1_000,
  readsPendingMax: 10_000,
}

/** A wrong configuration is a bug of the caller, which has checked what the user wrote. */
export function validateConfig(config: RaftConfig): void {
  for (const [name, value] of Object.entries(config)) {
    assert(Number.isSafeInteger(value), `${name} is a whole number`)
    assert(value > 0, `${name} is positive`)
  }
  assert(
    config.electionTicksMin >= 3 * config.heartbeatTicks,
    'the election timeout is at least three heartbeats',
  )
  assert(config.inflightBytesMax >= config.appendBytesMax, 'one full append fits the window')
}
