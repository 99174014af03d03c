// Every limit and time of a region in one frozen object: unit in the name, reason beside it.

export const REGION_CONFIG = Object.freeze({
  /** One tick of the Raft core. 50 ms: detection is over 90 % of a fail-over (measured by others). */
  tickMs: 50,
  /** A commit that nobody waits for is told to a follower so late: it costs no message of its own. */
  commitNoticeTicks: 1,
  /** Leader's heartbeat; a tenth of the slowest election timeout leaves room for a lost one. */
  heartbeatTicks: 2,
  /** Election timeout is drawn from [min, 2·min) ticks: 300 … 600 ms. */
  electionTicksMin: 6,
  /** One AppendEntries; the dissertation caps at 1 MB too. */
  appendBytesMax: 1 << 20,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 << 20,
  /** Proposals are refused OVERLOADED above it (pitfall B14). */
  uncommittedBytesMax: 64 << 20,
  /** Applied per turn of the loop, so that heartbeats get their turn. */
  committedBytesMax: 1 << 20,
  /** A node that lacks at most so many committed entries may become or count as a voter (D8, D9). */
  caughtUpEntriesMax: 1_000,
  /** A node that has not become a voter so long (log time) after it asked to has failed to join. */
  joinTimeoutMs: 600_000,
  /** A removal that would cost the quorum is refused after so long: a node that was started again is back by then. */
  removalPatienceMs: 3_000,
  /** How often the leader looks at the members' wishes and at learners. */
  membershipMs: 100,
  /** Commands waiting to be proposed on this node. */
  proposalsWaitingMax: 20_000,
  /** One command, encoded. */
  commandBytesMax: 1 << 20,
  /** A write that found no leader in this time is answered NO_QUORUM. */
  requestTimeoutMs: 10_000,
  /** One try of a forwarded command; then it is sent again, to whoever leads then. */
  forwardTimeoutMs: 1_500,
  /** A read that was not confirmed is asked again under a new id. */
  readRetryMs: 300,
  /** Between tries when no leader is known. */
  leaderWaitMs: 25,
  /** No snapshot before so many entries (etcd's default) ... */
  snapshotEntries: 10_000,
  /** ... and so many bytes of log, or four times the last snapshot (dissertation §5.1.2) ... */
  snapshotLogBytesMin: 32 << 20,
  /** ... but always after so many entries: they are applied again after a power loss, in seconds. */
  snapshotEntriesMax: 100_000,
  /** Bytes of snapshots that leave this node each second, all followers together: a quarter of 1 Gbit/s. */
  snapshotSendBytesPerSecond: 32 << 20,
  snapshotSendBurstBytes: 4 << 20,
  /** Followers that are sent one at the same time; the others are served when the core asks again. */
  snapshotSendsMax: 2,
  /** The log is not cut to a newer snapshot so long after a transfer began, so that it can go on if it breaks. */
  snapshotHoldMs: 600_000,
  /** But it is once it has grown so far past the snapshot. */
  snapshotHoldEntries: 200_000,
  /** Encoding and restoring of rows give the event loop back after so long. */
  snapshotSliceMs: 8,
  /** Entries kept behind a snapshot for followers that are only a little late. */
  trailingEntries: 5_000,
  /** Change batches kept for watchers that come back. */
  historyBatches: 5_000,
  /** An idle cluster's log time still advances (lease-protocol §1.1). */
  timeAdvanceMs: 15_000,
  /** Beats of connected racks, one entry a region. */
  rackBeatMs: 15_000,
  /** A rack whose link broke is declared lost after this, unless it came back elsewhere. */
  rackLostMs: 2_000,
  /** A rack without any beat is declared lost after this: its region died with it. */
  rackSilentMs: 40_000,
  reportMs: 1_000,
  /** Free bytes on the disk below which a node raises its alarm: a minute of the fastest writing we measured … */
  diskLowBytes: 256 << 20,
  /** … and below which it takes next to no more entries: twice LevelDB's write buffers of both databases … */
  diskCriticalBytes: 64 << 20,
  /** … and what it keeps back for elections, given up at the alarm. */
  diskReserveBytes: 32 << 20,
  diskWatchMs: 1_000,
  /** The nodes compare hashes of their state after every so many entries: once a second at full load … */
  stateHashEntries: 8_192,
  /** … and with the first entry of each such period of log time, so that an idle cluster is compared too. */
  stateHashMs: 60_000,
  /** Bytes waiting for one rack before its view is reset instead of queued. */
  rackQueueBytesMax: 8 << 20,
})
export type RegionLimits = { readonly [Name in keyof typeof REGION_CONFIG]: number }
