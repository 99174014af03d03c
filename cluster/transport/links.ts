// The ports of the transport: what `cluster/node` and `rack` see of sockets. All links are mutual TLS 1.3
// with a handshake that checks protocol version, cluster id, node id and incarnation.
import type { LevelRange } from '#model/feature-level.ts'
import type { Credentials, EnrollReply, EnrollRequest } from '#protocol/enroll.ts'
import type { MemberKind } from '#protocol/hello.ts'
import type { JoinReply, JoinRequest } from '#protocol/join.ts'
import type { PeerMessage, SnapshotOffer } from '#protocol/peer.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'

/** Region ⇄ region. `send` never blocks and never throws; what does not fit the bounded queue is dropped. */
export interface PeerTransport {
  /** False when dropped (no connection, queue full, or too new a message for the peer); the core is told by the caller. */
  readonly send: (to: string, message: PeerMessage) => boolean
  /** What was sent so far leaves now, not at the end of the turn of the event loop. */
  readonly flush: () => void
  /**
   * Streams a snapshot over a second connection; resolves when the receiver has it durable,
   * rejects otherwise. One at a time per peer is the caller's care. `chunks` is called once, with the byte
   * of the content from which on the receiver needs it: 0, or where an earlier try broke off.
   */
  readonly sendSnapshot: (
    to: string,
    offer: SnapshotOffer,
    chunks: (from: number) => AsyncIterable<Uint8Array>,
  ) => Promise<void>
  readonly isConnected: (to: string) => boolean
  readonly close: () => Promise<void>
}

/** Chunks of a snapshot as they come. An error of the iteration is the connection's, not the disk's. */
export interface IncomingChunks extends AsyncIterable<Uint8Array> {
  /**
   * Before the first chunk is asked for, at most once: content bytes that are here already. False when the
   * sender cannot skip them (an older version): then everything comes from the start.
   */
  readonly beginAt: (bytes: number) => boolean
}

/** What a member that asks for its next certificate has proved with its present one. */
export type MemberRenewal = {
  readonly kind: MemberKind
  readonly id: string
  /** Of the present certificate; the next one lives as long. */
  readonly lifetimeMs: number
  readonly certificateRequestPem: string
}

export type PeerHandlers = {
  readonly onMessage: (from: string, message: PeerMessage) => void
  /**
   * The connection to a peer came or went; `refused` when its port was closed (the process died). `levels` are what a
   * peer supports that has come; absent: what this code does.
   */
  readonly onConnection: (
    peer: string,
    connected: boolean,
    refused: boolean,
    levels?: LevelRange,
  ) => void
  /** Consume every chunk, make it durable, then resolve; rejecting refuses the snapshot. */
  readonly onSnapshot: (offer: SnapshotOffer, chunks: IncomingChunks) => Promise<void>
  readonly onRack: (link: RackLink) => void
  /**
   * A rack without a certificate asks to join; resolves with its signed certificate or refuses. `provenId` is the
   * rack whose certificate of this cluster, valid or expired, it has shown; null for a stranger.
   */
  readonly onEnroll: (request: EnrollRequest, provenId: string | null) => Promise<EnrollReply>
  /** A member asks for its next certificate; who it is was proved by the present one. */
  readonly onRenew: (request: MemberRenewal) => Promise<EnrollReply>
  /** A region node without a certificate asks to join. */
  readonly onJoin: (request: JoinRequest) => Promise<JoinReply>
  /** A peer says that this node was removed from the cluster: it must not go on. */
  readonly onRemoved: () => void
}

/** Region's end of one rack connection. */
export interface RackLink {
  /** From the client certificate. */
  readonly rackId: string
  readonly send: (message: RegionToRack) => boolean
  onMessage: (message: RackToRegion) => void
  onClose: () => void
  readonly close: () => void
  /** Bytes waiting in the socket; the caller resets the view instead of queueing for ever. */
  readonly queuedBytes: () => number
}

export type { Credentials, EnrollReply, EnrollRequest, JoinReply, JoinRequest }
