// A transport on loopback that records what its handlers were told.
import type { LevelRange } from '#model/feature-level.ts'
import { systemClock, systemRandom } from '#platform/system.ts'
import type { PeerMessage, SnapshotOffer } from '#protocol/peer.ts'
import type { HostPort } from '#protocol/token.ts'
import type { TransportLimits } from '#transport/limits.ts'
import type {
  Credentials,
  IncomingChunks,
  JoinReply,
  JoinRequest,
  PeerHandlers,
  RackLink,
} from '#transport/links.ts'
import { startTransport, type RunningTransport } from '#transport/peer-transport.ts'
import { makeCountingMetrics, makeLogRecorder } from './counting-metrics.ts'

export type TestTransport = Awaited<ReturnType<typeof startTestTransport>>

export async function startTestTransport(
  credentials: Credentials,
  options: {
    readonly peers?: Map<string, HostPort>
    readonly port?: number
    readonly limits?: Partial<TransportLimits>
    readonly onMessage?: (from: string, message: PeerMessage) => void
    readonly onSnapshot?: (offer: SnapshotOffer, chunks: IncomingChunks) => Promise<void>
    readonly onEnroll?: PeerHandlers['onEnroll']
    readonly onRenew?: PeerHandlers['onRenew']
    readonly onJoin?: (request: JoinRequest) => Promise<JoinReply>
    readonly removed?: Set<string>
  } = {},
) {
  const peers = options.peers ?? new Map<string, HostPort>()
  const received: { from: string; message: PeerMessage }[] = []
  const connections: { peer: string; connected: boolean; refused: boolean }[] = []
  /** Of the peers that came. */
  const levels: LevelRange[] = []
  const racks: RackLink[] = []
  const removals: string[] = []
  const metrics = makeCountingMetrics()
  const { logger, lines } = makeLogRecorder()
  const transport: RunningTransport = await startTransport({
    credentials,
    listen: { host: '127.0.0.1', port: options.port ?? 0 },
    peers: () => peers,
    isRemoved: (nodeId) => options.removed?.has(nodeId) === true,
    handlers: {
      onMessage: options.onMessage ?? ((from, message) => received.push({ from, message })),
      onConnection: (peer, connected, refused, of) => {
        connections.push({ peer, connected, refused })
        if (of !== undefined) levels.push(of)
      },
      onSnapshot: options.onSnapshot ?? (() => Promise.reject(new Error('no snapshots here'))),
      onRack: (link) => racks.push(link),
      onJoin: options.onJoin ?? (() => Promise.resolve({ ok: false, retry: false, message: 'no' })),
      onRemoved: () => removals.push(credentials.nodeId),
      onRenew: options.onRenew ?? (() => Promise.resolve({ ok: false, message: 'no' })),
      onEnroll: options.onEnroll ?? (() => Promise.resolve({ ok: false, message: 'no' })),
    },
    logger,
    metrics,
    clock: systemClock,
    random: systemRandom,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  /** Makes this one dial the other. */
  const dials = (id: string, address: HostPort): void => {
    peers.set(id, address)
    transport.refreshPeers()
  }
  return { transport, peers, received, connections, levels, racks, removals, metrics, lines, dials }
}
