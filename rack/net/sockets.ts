// The door to sockets: chooses the backend once at start (node:ffi → koffi → node:dgram), proves it with
// a datagram to itself, and opens sockets on it. Nothing else in the product imports an FFI.
import type { Logger } from '#model/ports.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import { type ArpOptions, type ArpSocket, openArp } from './arp-socket.ts'
import { openBootClock } from './boot-clock.ts'
import { openDgramUdp } from './dgram-udp-socket.ts'
import { loadFfiCalls } from './ffi-calls.ts'
import { type Icmpv6Options, type Icmpv6Socket, openIcmpv6 } from './icmpv6-socket.ts'
import { loadKoffiCalls } from './koffi-calls.ts'
import type { NativeCalls } from './native-calls.ts'
import { openNativeUdp } from './native-udp-socket.ts'
import { openPacketSender, type PacketSender } from './packet-sender.ts'
import type { UdpOptions, UdpSocket } from './udp-socket.ts'

export type SocketBackend = 'ffi' | 'koffi' | 'dgram'

/** Environment variable that chooses the backend, for operations and for A/B measurements. */
export const SOCKETS_VARIABLE = 'IRONRAFT_SOCKETS'

export interface Sockets {
  readonly backend: SocketBackend
  /** Rejects with SocketError (EADDRINUSE, EACCES, ENODEV …). */
  readonly openUdp: (options: UdpOptions) => Promise<UdpSocket>
  /** Undefined on the dgram backend; throws SocketError EPERM without CAP_NET_RAW. */
  readonly openPacketSender: () => PacketSender | undefined
  /** Undefined on the dgram backend; throws SocketError like `openPacketSender`. */
  readonly openIcmpv6: (options: Icmpv6Options) => Icmpv6Socket | undefined
  /** Undefined on the dgram backend; throws SocketError like `openPacketSender`. */
  readonly openArp: (options: ArpOptions) => ArpSocket | undefined
  /** CLOCK_BOOTTIME in ms; undefined on the dgram backend. */
  readonly bootMs: (() => number) | undefined
}

/** Undefined when the text names no backend. */
export function parseSocketBackend(text: string): SocketBackend | undefined {
  return text === 'ffi' || text === 'koffi' || text === 'dgram' ? text : undefined
}

/**
 * `only` tries that backend alone before dgram. A backend that cannot be loaded or fails its self-test
 * is logged once and passed over; dgram always works.
 */
export async function openSockets(options: {
  readonly only?: SocketBackend | undefined
  readonly logger: Logger
}): Promise<Sockets> {
  const candidates: readonly (readonly [SocketBackend, () => Promise<NativeCalls>])[] = [
    ['ffi', loadFfiCalls],
    ['koffi', loadKoffiCalls],
  ]
  for (const [kind, load] of candidates) {
    if (options.only !== undefined && options.only !== kind) continue
    try {
      const calls = await load()
      await selfTest(calls)
      return nativeSockets(calls)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      options.logger.warn('net.backend_unusable', { backend: kind, error: reason })
    }
  }
  return {
    backend: 'dgram',
    openUdp: openDgramUdp,
    openPacketSender: () => undefined,
    openIcmpv6: () => undefined,
    openArp: () => undefined,
    bootMs: undefined,
  }
}

function nativeSockets(calls: NativeCalls): Sockets {
  return {
    backend: calls.kind,
    openUdp: async (options) => openNativeUdp(calls, options),
    openPacketSender: () => openPacketSender(calls),
    openIcmpv6: (options) => openIcmpv6(calls, options),
    openArp: (options) => openArp(calls, options),
    bootMs: openBootClock(calls),
  }
}

const SELF_TEST_MS = 2000

/** Socket, poll, send to itself, receive, close: every call a server depends on. */
async function selfTest(calls: NativeCalls): Promise<void> {
  const loopback = makeIpv4(0x7f000001)
  const socket = openNativeUdp(calls, { address: loopback, port: 0, batch: 2, slotBytes: 64 })
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('self-test timed out')), SELF_TEST_MS)
      socket.onDatagram((datagram) => {
        if (datagram.bytes[0] === 42 && datagram.port === socket.port) resolve()
      })
      socket.send(Uint8Array.of(42), { address: loopback, port: socket.port })
      socket.flush()
      const { lastSendError } = socket.counters()
      if (lastSendError !== '') reject(new Error(`self-test: loopback says ${lastSendError}`))
    })
  } finally {
    clearTimeout(timer)
    await socket.close()
  }
}
