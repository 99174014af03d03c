// A raw ICMPv6 socket on one interface, in the all-routers group: what a responder to router
// solicitations needs (RFC 4861 §6.2.6). The kernel writes the checksum and, with hop limit 255 asked
// for here, what RFC 4861 §4.2 demands of an advertisement. Only solicitations are received.
import { Descriptor, configured } from './descriptor.ts'
import { MessageVector } from './message-vector.ts'
import {
  AF_INET6,
  ICMP6_FILTER,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  IPV6_JOIN_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_UNICAST_HOPS,
  MSG_DONTWAIT,
  type NativeCalls,
  SOCK_RAW,
} from './native-calls.ts'
import { SendQueue } from './send-queue.ts'
import { EAGAIN, EINTR, SocketError } from './socket-error.ts'

const ROUTER_SOLICITATION = 133
const ALL_ROUTERS = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)
const SOCKADDR_IN6_BYTES = 28
const LIMITS = { count: 16, slotBytes: 1500 }

/** 16 bytes. */
export type Ipv6Bytes = Uint8Array

export interface Icmpv6Socket {
  /**
   * Set once, at once after opening. `bytes` start at the ICMPv6 type and `source` is the sender's
   * address (`::` when it has none); both are valid until the handler returns.
   */
  readonly onPacket: (handler: (bytes: Uint8Array, source: Ipv6Bytes) => void) => void
  /** `bytes` with a zero checksum. False when the kernel refused; `lastSendError` says why. */
  readonly send: (to: Ipv6Bytes, bytes: Uint8Array) => boolean
  readonly lastSendError: () => string
  /** Must be awaited before a worker ends. Safe to call twice. */
  readonly close: () => Promise<void>
}

export type Icmpv6Options = {
  /** Interface name (SO_BINDTODEVICE). */
  readonly device: string
  readonly interfaceIndex: number
  readonly onError?: (error: unknown) => void
}

/** Throws SocketError: EPERM without CAP_NET_RAW, ENODEV, EAFNOSUPPORT without IPv6. */
export function openIcmpv6(calls: NativeCalls, options: Icmpv6Options): Icmpv6Socket {
  const domain = { domain: AF_INET6, type: SOCK_RAW, protocol: IPPROTO_ICMPV6 }
  const descriptor = new Descriptor(calls, domain)
  configured(descriptor, () => configure(descriptor, options))
  const receive = new MessageVector({ ...LIMITS, addressOf: calls.addressOf })
  const queue = new SendQueue(calls, descriptor.fd, LIMITS)
  const onError = options.onError ?? (() => {})
  let handler: (bytes: Uint8Array, source: Ipv6Bytes) => void = () => {}
  let closing: Promise<void> | undefined

  const onReadable = (): void => {
    receive.prepareReceive(0)
    const count = calls.recvmmsg(descriptor.fd, receive.address, receive.count, MSG_DONTWAIT)
    if (count < 0) {
      const errno = calls.errno()
      if (errno !== EAGAIN && errno !== EINTR) onError(new SocketError('recvmmsg', errno))
      return
    }
    for (let i = 0; i < count && closing === undefined; i++) {
      if (receive.wasTruncated(i)) continue
      const name = receive.nameOffset(i)
      const source = receive.bytes.subarray(name + 8, name + 24)
      handler(receive.slot(i).subarray(0, receive.receivedBytes(i)), source)
    }
  }
  const poll = calls.poll(descriptor.fd, onReadable, onError)

  return {
    onPacket: (fn) => {
      handler = fn
    },
    send: (to, bytes) => {
      if (closing !== undefined || bytes.length > LIMITS.slotBytes) return false
      const before = queue.sent
      const i = queue.next()
      writeSockaddrIn6(queue.vector, i, { to, interfaceIndex: options.interfaceIndex })
      queue.vector.slot(i).set(bytes)
      queue.commit({ name: SOCKADDR_IN6_BYTES, control: 0, payload: bytes.length })
      queue.flush()
      return queue.sent > before
    },
    lastSendError: () => queue.lastError,
    close: () => {
      closing ??= poll.close().then(() => descriptor.close())
      return closing
    },
  }
}

function configure(descriptor: Descriptor, options: Icmpv6Options): void {
  descriptor.bindToDevice(options.device)
  const hops = { level: IPPROTO_IPV6, value: 255 }
  descriptor.setOption({ ...hops, name: IPV6_MULTICAST_HOPS })
  descriptor.setOption({ ...hops, name: IPV6_UNICAST_HOPS })
  // struct icmp6_filter: a set bit blocks the type.
  const filter = new Uint8Array(32).fill(0xff)
  const word = ROUTER_SOLICITATION >> 3
  filter[word] = 0xff & ~(1 << (ROUTER_SOLICITATION & 7))
  descriptor.setOption({ level: IPPROTO_ICMPV6, name: ICMP6_FILTER, value: filter })
  const membership = new Uint8Array(20)
  membership.set(ALL_ROUTERS)
  new DataView(membership.buffer).setInt32(16, options.interfaceIndex, true)
  descriptor.setOption({ level: IPPROTO_IPV6, name: IPV6_JOIN_GROUP, value: membership })
}

function writeSockaddrIn6(
  vector: MessageVector,
  i: number,
  peer: { readonly to: Ipv6Bytes; readonly interfaceIndex: number },
): void {
  const offset = vector.nameOffset(i)
  vector.bytes.fill(0, offset, offset + SOCKADDR_IN6_BYTES)
  vector.view.setUint16(offset, AF_INET6, true)
  vector.bytes.set(peer.to.subarray(0, 16), offset + 8)
  // The scope: a link-local destination means nothing without its interface.
  vector.view.setUint32(offset + 24, peer.interfaceIndex, true)
}
