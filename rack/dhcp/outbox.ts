// Replies on their way out: collected during a turn of the event loop and sent together, each to its own
// kind of destination (RFC 2131 §4.1). The age of a reply is looked at here, right before the system call.
import { makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { PacketSender } from '#rack/net/packet-sender.ts'
import type { UdpSocket } from '#rack/net/udp-socket.ts'
import type { Exchange } from './decide.ts'
import type { Reply } from './reply.ts'

const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as MacAddress
const BROADCAST_IP = makeIpv4(0xffffffff)

export type DhcpPorts = { readonly server: number; readonly client: number }

export type OutboxOptions = {
  readonly ports: DhcpPorts
  /** Undefined on the dgram backend: then everything without an address is broadcast. */
  readonly packets: PacketSender | undefined
  /** The socket that serves the link, unless the link went away meanwhile. */
  readonly socketOf: (exchange: Exchange) => UdpSocket | undefined
  readonly isTooOld: (exchange: Exchange) => boolean
  readonly onSent: (reply: Reply, exchange: Exchange) => void
}

export class Outbox {
  readonly #options: OutboxOptions
  #waiting: { readonly reply: Reply; readonly exchange: Exchange }[] = []

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Sent before the event loop waits for input again. */
  add(reply: Reply, exchange: Exchange): void {
    this.#waiting.push({ reply, exchange })
    if (this.#waiting.length === 1) setImmediate(() => this.flush())
  }

  flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    const used = new Set<UdpSocket>()
    for (const { reply, exchange } of waiting) {
      const socket = this.#options.socketOf(exchange)
      if (socket === undefined || this.#options.isTooOld(exchange)) continue
      this.#send(socket, reply, exchange)
      used.add(socket)
      this.#options.onSent(reply, exchange)
    }
    for (const socket of used) socket.flush()
    this.#options.packets?.flush()
  }

  #send(socket: UdpSocket, reply: Reply, exchange: Exchange): void {
    const { destination, bytes } = reply
    const { ports, packets } = this.#options
    const source = exchange.rackIp
    if (destination.type === 'relay') {
      const { address, port } = destination
      socket.send(bytes, { address, port, source })
    } else if (destination.type === 'unicast') {
      socket.send(bytes, { address: destination.address, port: ports.client, source })
    } else if (packets === undefined) {
      socket.send(bytes, { address: BROADCAST_IP, port: ports.client, source })
    } else {
      const isBroadcast = destination.type === 'broadcast'
      const mac = isBroadcast ? BROADCAST_MAC : destination.mac
      packets.send(
        { interfaceIndex: exchange.arrival.link.interfaceIndex, mac },
        {
          source,
          destination: isBroadcast ? BROADCAST_IP : destination.address,
          sourcePort: ports.server,
          destinationPort: ports.client,
          payload: bytes,
        },
      )
    }
  }
}
