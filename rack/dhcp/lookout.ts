// Looks for DHCP servers that are not ours on the links of this rack, and tells the regions (MAAS's external DHCP). A
// look is a DHCPDISCOVER from 0.0.0.0:68; clients that choose another server tell of it too. Whether a server is a
// rack of the cluster only the region knows: it says so, and the rack asks no more for an hour.
import { formatIpv4, type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { SystemId, VlanId } from '#model/ids.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import type { PacketSender } from '#rack/net/packet-sender.ts'
import type { Sockets } from '#rack/net/sockets.ts'
import type { UdpSocket } from '#rack/net/udp-socket.ts'
import type { DhcpLink } from './locate.ts'
import { lookPacket, serverInAnswer } from './look.ts'
import type { DhcpPorts } from './outbox.ts'
import type { DhcpView } from './view-index.ts'
import { hash } from './window.ts'

/** A server that asks the segment first (ping, ARP) answers within a second or two. */
const LISTEN_MS = 3_000
/** One server is told once in this time, whatever is heard of it. */
const TELL_EVERY_MS = 60_000
const OURS_MS = 3_600_000
/** Servers remembered, of all links: whoever forges more is not listened to. */
const SERVERS_MAX = 16
/** Regions below this feature level of the cluster do not know `dhcp.observe`. */
const LEVEL = 3

const ANY = makeIpv4(0)
const BROADCAST = makeIpv4(0xff_ff_ff_ff)
const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as MacAddress

export type LookoutOptions = {
  readonly rackId: SystemId
  readonly sockets: Pick<Sockets, 'openUdp'>
  /** Undefined: this backend cannot ask without an address, nobody is looked for. */
  readonly packets: PacketSender | undefined
  readonly ports: DhcpPorts
  readonly view: Pick<DhcpView, 'settings'>
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

type Watched = { link: DhcpLink; nextAtMs: number }

export class Lookout {
  readonly #options: LookoutOptions
  readonly #links = new Map<string, Watched>()
  /** Sockets that listen for answers. */
  readonly #open = new Map<UdpSocket, NodeJS.Timeout>()
  /** `vlan/address` → not told again before. */
  readonly #silentUntil = new Map<string, number>()
  readonly #failed = new Set<string>()
  #looks = 0
  #closed = false

  constructor(options: LookoutOptions) {
    this.#options = options
  }

  /** Often: what is due is done. Links that no VLAN is known of are left alone. */
  follow(links: readonly DhcpLink[]): void {
    const { packets, clock, view } = this.#options
    const everyMs = (view.settings()?.dhcpProbeSeconds ?? 0) * 1_000
    if (packets === undefined || everyMs === 0 || this.#closed) return
    const now = clock.monotonicMs()
    const known = new Map(
      links.filter(({ vlanId }) => vlanId !== null).map((each) => [each.name, each]),
    )
    for (const name of this.#links.keys()) if (!known.has(name)) this.#links.delete(name)
    for (const link of known.values()) {
      const watched = this.#links.get(link.name) ?? { link, nextAtMs: now }
      this.#links.set(link.name, watched)
      watched.link = link
      if (now < watched.nextAtMs) continue
      watched.nextAtMs = now + everyMs
      void this.#look(link, packets)
    }
  }

  /** A client of the link chose this server. */
  heard({ vlanId }: Pick<DhcpLink, 'vlanId'>, server: Ipv4): void {
    if (vlanId !== null) this.#tell(vlanId, server)
  }

  async close(): Promise<void> {
    this.#closed = true
    const open = [...this.#open]
    this.#open.clear()
    for (const [socket, timer] of open) {
      clearTimeout(timer)
      await socket.close()
    }
  }

  async #look(link: DhcpLink, packets: PacketSender): Promise<void> {
    const { sockets, ports, logger, metrics } = this.#options
    const xid = hash(link.mac, ++this.#looks)
    try {
      const socket = await sockets.openUdp({
        ...{ address: ANY, port: ports.client, device: link.name },
        ...{ reuseAddress: true, broadcast: true, batch: 8 },
      })
      if (this.#closed) return await socket.close()
      socket.onDatagram(({ bytes }) => this.#onAnswer(link, bytes, xid))
      const timer = setTimeout(() => {
        this.#open.delete(socket)
        void socket.close()
      }, LISTEN_MS)
      this.#open.set(socket, timer)
    } catch (error) {
      metrics.count('ironraft_dhcp_looks_total', { result: 'failed' })
      if (this.#failed.has(link.name)) return
      this.#failed.add(link.name)
      logger.warn('dhcp.look_failed', { link: link.name, error: String(error) })
      return
    }
    this.#failed.delete(link.name)
    const to = { interfaceIndex: link.interfaceIndex, mac: BROADCAST_MAC }
    packets.send(to, {
      ...{ source: ANY, sourcePort: ports.client, destination: BROADCAST },
      ...{ destinationPort: ports.server, payload: lookPacket(link.mac, xid) },
    })
    packets.flush()
    metrics.count('ironraft_dhcp_looks_total', { result: 'sent' })
  }

  #onAnswer(link: DhcpLink, bytes: Uint8Array, xid: number): void {
    const server = serverInAnswer(bytes, xid)
    if (server === undefined || link.vlanId === null) return
    this.#options.metrics.count('ironraft_dhcp_foreign_offers_total')
    this.#tell(link.vlanId, server)
  }

  #tell(vlanId: VlanId, server: Ipv4): void {
    const { view, clock, rackId, request, logger } = this.#options
    if ((view.settings()?.featureLevel ?? 0) < LEVEL || this.#closed) return
    const now = clock.monotonicMs()
    const key = `${vlanId}/${server}`
    if ((this.#silentUntil.get(key) ?? 0) > now || !this.#hasRoom(now)) return
    this.#silentUntil.set(key, now + TELL_EVERY_MS)
    request({ type: 'dhcp.observe', rackId, vlanId, ip: server }).then(
      (reply) => {
        if (!reply.ok) this.#silentUntil.delete(key)
        else if (reply.outcome.ok) {
          logger.warn('dhcp.foreign_server', { vlan_id: vlanId, server: formatIpv4(server) })
        } else if (reply.outcome.code === 'CONFLICT') {
          this.#silentUntil.set(key, clock.monotonicMs() + OURS_MS)
        }
      },
      () => this.#silentUntil.delete(key),
    )
  }

  #hasRoom(now: number): boolean {
    if (this.#silentUntil.size < SERVERS_MAX) return true
    for (const [key, untilMs] of this.#silentUntil)
      if (untilMs <= now) this.#silentUntil.delete(key)
    return this.#silentUntil.size < SERVERS_MAX
  }
}
