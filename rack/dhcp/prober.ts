// Asks the segment who has an address before it is offered for the first time (lease-protocol §6): defence in depth
// against hand-set addresses and other servers, never a proof. Where it cannot ask, nothing is held up.
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Logger } from '#model/ports.ts'
import type { ArpSender } from '#rack/net/arp-packet.ts'
import type { ArpSocket } from '#rack/net/arp-socket.ts'
import type { Sockets } from '#rack/net/sockets.ts'
import type { DhcpLink } from './locate.ts'

/** Hosts on a segment answer within milliseconds; a client repeats its DHCPDISCOVER after seconds. */
const PROBE_MS = 250
/** Addresses asked for at once; past it clients are offered theirs unasked. */
const PROBES_MAX = 256

type Waiting = {
  readonly settle: (mac: MacAddress | undefined) => void
  readonly timer: NodeJS.Timeout
}

export class Prober {
  readonly #sockets: Pick<Sockets, 'openArp' | 'backend'>
  readonly #logger: Logger
  readonly #onHeard: (link: DhcpLink, sender: ArpSender) => void
  /** As they are now, by interface index. */
  #links: ReadonlyMap<number, DhcpLink> = new Map()
  /** By interface index; null: it cannot be had, which was said. */
  readonly #open = new Map<number, ArpSocket | null>()
  readonly #waiting = new Map<Ipv4, Waiting>()

  /** `onHeard`: everybody who claims an address on a link that a socket is open on. */
  constructor(
    sockets: Pick<Sockets, 'openArp' | 'backend'>,
    logger: Logger,
    onHeard: (link: DhcpLink, sender: ArpSender) => void = () => {},
  ) {
    this.#sockets = sockets
    this.#logger = logger
    this.#onHeard = onHeard
  }

  /** Opens the link's socket, so that it hears. */
  listen(link: DhcpLink): void {
    this.#socketOf(link)
  }

  /** Asks without waiting: who answers is heard. False when nobody can be asked. */
  ask(link: DhcpLink, ip: Ipv4): boolean {
    return this.#socketOf(link)?.probe(ip) ?? false
  }

  /** Whoever answers for the address; undefined: nobody did, or nobody could be asked. Never rejects. */
  probe(link: DhcpLink, ip: Ipv4): Promise<MacAddress | undefined> {
    const socket = this.#socketOf(link)
    const isFull = this.#waiting.size >= PROBES_MAX || this.#waiting.has(ip)
    if (socket === null || isFull || !socket.probe(ip)) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const settle = (mac: MacAddress | undefined): void => {
        clearTimeout(timer)
        this.#waiting.delete(ip)
        resolve(mac)
      }
      const timer = setTimeout(() => settle(undefined), PROBE_MS)
      this.#waiting.set(ip, { settle, timer })
    })
  }

  /** Interfaces that went leave their sockets behind. */
  follow(links: readonly DhcpLink[]): void {
    this.#links = new Map(links.map((link) => [link.interfaceIndex, link]))
    for (const [index, socket] of this.#open) {
      if (this.#links.has(index)) continue
      this.#open.delete(index)
      void socket?.close()
    }
  }

  async close(): Promise<void> {
    for (const { settle } of this.#waiting.values()) settle(undefined)
    for (const socket of this.#open.values()) await socket?.close()
    this.#open.clear()
  }

  #socketOf({ interfaceIndex, mac, name }: DhcpLink): ArpSocket | null {
    const known = this.#open.get(interfaceIndex)
    if (known !== undefined) return known
    let socket: ArpSocket | null = null
    const onError = (error: unknown): void =>
      this.#logger.warn('dhcp.probe_failed', { link: name, error: String(error) })
    try {
      const onSender = (sender: ArpSender): void => {
        this.#waiting.get(sender.ip)?.settle(sender.mac)
        const link = this.#links.get(interfaceIndex)
        if (link !== undefined) this.#onHeard(link, sender)
      }
      socket = this.#sockets.openArp({ interfaceIndex, mac, onSender, onError }) ?? null
      if (socket === null) {
        this.#logger.warn('dhcp.probe_off', { link: name, backend: this.#sockets.backend })
      }
    } catch (error) {
      this.#logger.warn('dhcp.probe_off', { link: name, error: String(error) })
    }
    this.#open.set(interfaceIndex, socket)
    return socket
  }
}
