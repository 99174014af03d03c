// One socket per served interface, following the links: an interface that was deleted and made again has
// another index and needs a new socket, and no event tells (ffi-sockets §5), so the server calls `follow`
// every two seconds. On the dgram backend, which knows no interfaces, one link only is served.
import { makeIpv4 } from '#model/ipv4.ts'
import type { Clock, Logger } from '#model/ports.ts'
import type { Sockets } from '#rack/net/sockets.ts'
import type { Datagram, UdpSocket } from '#rack/net/udp-socket.ts'
import type { Arrival, DhcpLink } from './locate.ts'

const ANY = makeIpv4(0)
/** A rack of machines powered on at once; the kernel's default holds about 250 messages. */
const RECEIVE_BUFFER_BYTES = 1 << 20

type Listener = {
  link: DhcpLink
  /** The last one sends. */
  readonly sockets: readonly UdpSocket[]
}

export type ListenersOptions = {
  readonly sockets: Sockets
  readonly serverPort: number
  readonly onDatagram: (bytes: Uint8Array, arrival: Arrival) => void
  readonly clock: Clock
  readonly logger: Logger
}

export class Listeners {
  readonly #options: ListenersOptions
  readonly #open = new Map<string, Listener>()
  /** Link name → what was logged about it, so that a lasting failure is said once. */
  readonly #failures = new Map<string, string>()
  #turn: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** Opens and closes sockets until exactly these links are served. Never rejects; calls take turns. */
  follow(links: readonly DhcpLink[]): Promise<void> {
    this.#turn = this.#turn.then(() => this.#follow(this.#closed ? [] : links))
    return this.#turn
  }

  /** Undefined when the link is served no more, or under another index. */
  socketOf(link: DhcpLink): UdpSocket | undefined {
    const listener = this.#open.get(link.name)
    return listener?.link.interfaceIndex === link.interfaceIndex
      ? listener.sockets.at(-1)
      : undefined
  }

  served(): readonly string[] {
    return [...this.#open.keys()]
  }

  close(): Promise<void> {
    this.#closed = true
    return this.follow([])
  }

  async #follow(links: readonly DhcpLink[]): Promise<void> {
    const isDgram = this.#options.sockets.backend === 'dgram'
    const wanted = new Map((isDgram ? links.slice(0, 1) : links).map((link) => [link.name, link]))
    if (isDgram && links.length > 1) {
      const left = links.slice(1).map((link) => link.name)
      this.#fail('dgram', 'dhcp.links_not_served', { links: left, backend: 'dgram' })
    }
    for (const [name, listener] of this.#open) {
      const link = wanted.get(name)
      if (link !== undefined && isSame(listener.link, link, isDgram)) listener.link = link
      else await this.#stop(name, listener)
    }
    for (const link of wanted.values()) if (!this.#open.has(link.name)) await this.#start(link)
  }

  async #start(link: DhcpLink): Promise<void> {
    const { logger, sockets } = this.#options
    const opened: UdpSocket[] = []
    try {
      const addresses = sockets.backend === 'dgram' ? dgramAddresses(link) : [ANY]
      for (const address of addresses) {
        opened.push(
          await sockets.openUdp({
            address,
            port: this.#options.serverPort,
            device: link.name,
            reuseAddress: true,
            broadcast: true,
            packetInfo: true,
            receiveBufferBytes: RECEIVE_BUFFER_BYTES,
            onError: (error) => this.#fail(link.name, 'dhcp.receive_failed', codeOf(error)),
          }),
        )
      }
    } catch (error) {
      await Promise.all(opened.map((socket) => socket.close()))
      this.#fail(link.name, 'dhcp.socket_failed', codeOf(error))
      return
    }
    const listener: Listener = { link, sockets: opened }
    for (const socket of opened) {
      socket.onDatagram((datagram) => this.#receive(listener, datagram))
    }
    this.#open.set(link.name, listener)
    this.#failures.delete(link.name)
    logger.info('dhcp.link_served', { link: link.name, backend: sockets.backend })
  }

  #receive(listener: Listener, datagram: Datagram): void {
    const { clock, onDatagram } = this.#options
    onDatagram(datagram.bytes, {
      link: listener.link,
      sourcePort: datagram.port,
      destination: datagram.destination,
      receivedAtMs: clock.monotonicMs(),
    })
  }

  async #stop(name: string, listener: Listener): Promise<void> {
    this.#open.delete(name)
    await Promise.all(listener.sockets.map((socket) => socket.close()))
    this.#options.logger.info('dhcp.link_left', { link: name })
  }

  #fail(link: string, event: string, fields: Record<string, string | readonly string[]>): void {
    const said = `${event} ${JSON.stringify(fields)}`
    if (this.#failures.get(link) === said) return
    this.#failures.set(link, said)
    this.#options.logger.error(event, { link, ...fields })
  }
}

/** A dgram socket is bound to an address of the link, so it must be opened anew when that changes. */
function isSame(a: DhcpLink, b: DhcpLink, isDgram: boolean): boolean {
  if (a.interfaceIndex !== b.interfaceIndex) return false
  return !isDgram || a.addresses[0]?.ip === b.addresses[0]?.ip
}

/**
 * Broadcasts reach a socket bound to all addresses only; what is sent to 255.255.255.255 leaves by the
 * interface whose address the socket is bound to. Hence two.
 */
function dgramAddresses(link: DhcpLink): readonly (typeof ANY)[] {
  const own = link.addresses[0]?.ip
  return own === undefined ? [ANY] : [ANY, own]
}

function codeOf(error: unknown): { readonly error_code: string; readonly error: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
  return { error_code: code, error: error instanceof Error ? error.message : String(error) }
}
