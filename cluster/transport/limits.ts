// Limits and times of the peer listener and its connections, with units and reasons.

export const TRANSPORT_LIMITS = Object.freeze({
  /** TLS handshake and greeting together, both sides. */
  handshakeTimeoutMs: 3_000,
  /** TCP alone: a peer on the LAN answers in a millisecond; a lost SYN is retried by the next dial. */
  connectTimeoutMs: 1_000,
  /** Between dials to a peer that does not answer; it doubles from the first to the second. */
  backoffMsMin: 20,
  backoffMsMax: 500,
  /** To a peer that refused us: it will not change its mind soon. */
  refusedBackoffMs: 5_000,
  /** An empty frame each way, so that a dead link is seen while nothing else is said. */
  pingMs: 500,
  /** Unanswered pings after which a link counts as dead: two seconds. */
  unansweredPingsMax: 4,
  /** A connection on which nothing arrives for so long is closed by the listener. */
  silentMs: 6_000,
  /** Waiting for one peer: the core keeps at most 16 MiB in flight to it. */
  peerQueueBytesMax: 32 << 20,
  peerQueueMessagesMax: 16_384,
  /** Waiting for one rack; `rackQueueBytesMax` of the region makes it reset the view before that. */
  rackQueueBytesMax: 32 << 20,
  rackQueueMessagesMax: 16_384,
  /** Connections that have not yet shown who they are; further ones are closed at once. */
  strangersMax: 64,
  connectionsMax: 4_096,
  /** Enrolments a second, all strangers together: a secret cannot be guessed by trying. */
  enrolmentsPerSecond: 5,
  enrolmentTimeoutMs: 10_000,
  /** Part of a snapshot chunk in one frame. */
  snapshotFrameBytes: 256 << 10,
  /** One chunk of a snapshot, put together again by the receiver. */
  snapshotChunkBytesMax: 64 << 20,
  /** The receiver looks through what it has of a snapshot before it says from where on it needs it. */
  snapshotResumeMs: 60_000,
  /** No byte moved for so long: the snapshot is given up. */
  snapshotStallMs: 10_000,
  /** All bytes are there; the receiver writes, syncs and checks. */
  snapshotDurableMs: 120_000,
})
export type TransportLimits = { readonly [Name in keyof typeof TRANSPORT_LIMITS]: number }
