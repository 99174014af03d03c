// The transport of one region node: a listener and one client for every peer. Messages to a peer leave on
// the connection we dialed to it, its messages come on the one it dialed to us: no tie to break, and
// either half may be lost without the other knowing.
import { AppError } from '#model/errors.ts'
import { RESUMABLE_SNAPSHOT_LEVEL, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { levelsOf } from '#protocol/hello.ts'
import type { Clock, Logger, Metrics, Random } from '#model/ports.ts'
import type { HostPort } from '#protocol/token.ts'
import type { TransportContext } from './context.ts'
import { dial } from './dial.ts'
import { Incarnations } from './incarnations.ts'
import { TRANSPORT_LIMITS, type TransportLimits } from './limits.ts'
import type { Credentials, PeerHandlers, PeerTransport } from './links.ts'
import { PeerClient } from './peer-client.ts'
import { PeerServer } from './peer-server.ts'
import { streamSnapshot } from './snapshot-stream.ts'

export type StartTransportOptions = {
  readonly credentials: Credentials
  readonly listen: HostPort
  /** Read again before every dial, and by `refreshPeers`; this node itself is skipped. */
  readonly peers: () => ReadonlyMap<string, HostPort>
  /** Regions that were removed; read again by `refreshPeers`, which hangs up on them. */
  readonly isRemoved?: (nodeId: string) => boolean
  readonly handlers: PeerHandlers
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<TransportLimits>
  /** Of the cluster; default the lowest that this code supports. */
  readonly featureLevel?: () => number
}

export interface RunningTransport extends PeerTransport {
  /** Where it listens; the port is real when 0 was asked for. */
  readonly address: HostPort
  /** Membership changed: dials new peers, hangs up on those that left. */
  readonly refreshPeers: () => void
  /** For every connection from now on; those that stand go on with what they were made with. */
  readonly setCredentials: (credentials: Credentials) => void
}

/** Throws ADDRESS_IN_USE when the address cannot be listened on. */
export async function startTransport(options: StartTransportOptions): Promise<RunningTransport> {
  const { peers, limits, listen, featureLevel, credentials: first, ...others } = options
  const { isRemoved = () => false, ...rest } = others
  let credentials = first
  const context: TransportContext = {
    ...rest,
    isRemoved,
    get credentials() {
      return credentials
    },
    limits: Object.freeze({ ...TRANSPORT_LIMITS, ...limits }),
    incarnations: new Incarnations(),
    featureLevel: featureLevel ?? (() => SUPPORTED_LEVELS.min),
  }
  const clients = new Map<string, PeerClient>()
  const server = new PeerServer(context, (nodeId) => clients.get(nodeId)?.retryNow())
  const address = await server.listen(listen)
  const snapshots = new AbortController()
  const hangingUp = new Set<Promise<void>>()

  const refreshPeers = (): void => {
    const wanted = peers()
    for (const [peer, client] of clients) {
      if (wanted.has(peer)) continue
      clients.delete(peer)
      const done = client.close()
      hangingUp.add(done)
      void done.finally(() => hangingUp.delete(done))
    }
    for (const peer of wanted.keys()) {
      if (peer === context.credentials.nodeId || clients.has(peer)) continue
      clients.set(peer, new PeerClient(context, peer, () => peers().get(peer)))
    }
    server.hangUpOnRemoved()
  }
  refreshPeers()

  return {
    address,
    refreshPeers,
    setCredentials: (next) => {
      credentials = next
      server.useCredentials()
    },
    // D11: who is not known here (yet), or is reached no more where it was, is answered where it asked.
    send: (to, message) => {
      const client = clients.get(to)
      const dialed = client !== undefined && (client.connected || !server.hears(to))
      return dialed ? client.send(message) : server.sendBack(to, message)
    },
    flush: () => {
      for (const client of clients.values()) client.flush()
    },
    isConnected: (to) => clients.get(to)?.connected ?? false,
    sendSnapshot: (to, offer, chunks) => {
      const at = { to, address: peers().get(to), signal: snapshots.signal }
      return sendSnapshot(context, at, { offer, chunks })
    },
    close: async () => {
      snapshots.abort()
      const closing = [...clients.values()].map((client) => client.close())
      await Promise.all([...closing, ...hangingUp])
      await server.close()
    },
  }
}

async function sendSnapshot(
  context: TransportContext,
  at: {
    readonly to: string
    readonly address: HostPort | undefined
    readonly signal: AbortSignal
  },
  what: Parameters<typeof streamSnapshot>[1],
): Promise<void> {
  const { to, address, signal } = at
  if (address === undefined) throw new AppError('NOT_FOUND', `No address of ${to} is known.`)
  let resumable = false
  const connection = await dial(context, {
    ...{ peer: to, address, purpose: 'snapshot', signal },
    onWelcome: (_, welcome) => {
      resumable = levelsOf(welcome).max >= RESUMABLE_SNAPSHOT_LEVEL
    },
  })
  const onAbort = (): void => connection.fail(new AppError('SHUTTING_DOWN', 'Stopping.'))
  signal.addEventListener('abort', onAbort)
  try {
    const offer = resumable ? { ...what.offer, resumable } : what.offer
    await streamSnapshot(connection, { ...what, offer }, context.limits)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
