// The DHCP service of a rack: sockets per served interface, the responder between them and the regions.
import type { SystemId } from '#model/ids.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import type { Sockets } from '#rack/net/sockets.ts'
import type { PacketSender } from '#rack/net/packet-sender.ts'
import { Listeners } from './listeners.ts'
import type { DhcpLink } from './locate.ts'
import { Lookout } from './lookout.ts'
import { Neighbours } from './neighbours.ts'
import { type DhcpPorts, Outbox } from './outbox.ts'
import { Prober } from './prober.ts'
import { type OfflineRights, Responder } from './responder.ts'
import { Sweep } from './sweep.ts'
import { type DhcpView, ViewIndex } from './view-index.ts'

/** No event tells that an interface came, went or was made anew. */
const FOLLOW_LINKS_MS = 2_000
/** RFC 2131 §4.1. */
const STANDARD_PORTS: DhcpPorts = { server: 67, client: 68 }

export type DhcpServerOptions = {
  readonly rackId: SystemId
  readonly sockets: Sockets
  /** This host's interfaces as they are now, with the VLAN each is on; asked every two seconds. */
  readonly links: () => readonly DhcpLink[]
  readonly view: DhcpView
  /** One command per received packet; settles within seconds, `ok: false` when nothing is known. */
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly offline: OfflineRights
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** The rack's HTTP boot server, named in boot file URLs. */
  readonly httpPort: number
  /** For tests without privileges; 67 and 68 by default. */
  readonly ports?: DhcpPorts
}

export interface DhcpServer {
  /** Looks at links and VLANs now instead of within two seconds; resolves when the sockets follow. */
  readonly refresh: () => Promise<void>
  /** Names of the interfaces with an open socket. */
  readonly served: () => readonly string[]
  readonly close: () => Promise<void>
}

/** Resolves when the sockets of the links served now are open. A link that cannot be had is logged. */
export async function startDhcp(options: DhcpServerOptions): Promise<DhcpServer> {
  const { sockets, view, clock, logger, metrics } = options
  const ports = options.ports ?? STANDARD_PORTS
  const packets = openPackets(sockets, logger)
  const neighbours = new Neighbours(options)
  const prober = new Prober(sockets, logger, (link, sender) => neighbours.heard(link, sender))
  const sweep = new Sweep({ ...options, ask: (link, ip) => prober.ask(link, ip) })
  const lookout = new Lookout({ ...options, ports, packets })
  let links = options.links()
  const index = new ViewIndex(view)
  const responder: Responder = new Responder({
    ...options,
    index,
    links: () => links,
    transmit: (reply, exchange) => outbox.add(reply, exchange),
    probe: (link, ip) => prober.probe(link, ip),
    onOtherServer: (link, server) => lookout.heard(link, server),
  })
  const listeners = new Listeners({
    sockets,
    serverPort: ports.server,
    onDatagram: (bytes, arrival) => responder.receive(bytes, arrival),
    clock,
    logger,
  })
  const outbox: Outbox = new Outbox({
    ports,
    packets,
    socketOf: (exchange) => listeners.socketOf(exchange.arrival.link),
    isTooOld: (exchange) => responder.isTooOld(exchange),
    onSent: (reply, exchange) => {
      const seconds = (clock.monotonicMs() - exchange.arrival.receivedAtMs) / 1000
      metrics.observe('ironraft_dhcp_reply_seconds', seconds, { type: reply.messageType })
    },
  })
  const refresh = (): Promise<void> => {
    links = options.links()
    prober.follow(links)
    lookout.follow(links)
    followNeighbours({ links, prober, neighbours, sweep })
    return listeners.follow(links.filter((link) => isServed(view, link)))
  }
  const unsubscribe = view.onChange((tables) => {
    if (tables.has('vlans')) void refresh()
  })
  const timer = setInterval(() => void refresh(), FOLLOW_LINKS_MS)
  await refresh()
  return {
    refresh,
    served: () => listeners.served(),
    close: async () => {
      clearInterval(timer)
      unsubscribe()
      index.close()
      await prober.close()
      await lookout.close()
      sweep.close()
      outbox.flush()
      await listeners.close()
      packets?.close()
    },
  }
}

function followNeighbours(of: {
  readonly links: readonly DhcpLink[]
  readonly prober: Prober
  readonly neighbours: Neighbours
  readonly sweep: Sweep
}): void {
  const { links, prober, neighbours, sweep } = of
  if (!neighbours.isWanted) return
  for (const link of links) if (link.vlanId !== null) prober.listen(link)
  sweep.follow(links)
  neighbours.tick()
}

function isServed(view: DhcpView, link: DhcpLink): boolean {
  return link.vlanId !== null && view.table('vlans').get(link.vlanId)?.dhcpOn === true
}

/** Without it clients that have no address can only be reached by broadcast: said once. */
function openPackets(sockets: Sockets, logger: Logger): PacketSender | undefined {
  try {
    const packets = sockets.openPacketSender()
    if (packets !== undefined) return packets
    logger.warn('dhcp.broadcast_only', { backend: sockets.backend })
  } catch (error) {
    logger.warn('dhcp.broadcast_only', { backend: sockets.backend, error: String(error) })
  }
  return undefined
}
