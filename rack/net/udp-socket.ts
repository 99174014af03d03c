// The port for datagrams: what a server needs of a UDP socket, whichever backend provides it.
// Implementations: `native-udp-socket.ts` (FFI, batches, devices) and `dgram-udp-socket.ts` (fallback).
import type { Ipv4 } from '#model/ipv4.ts'

export type UdpOptions = {
  /** Local address; 0 listens on all. */
  readonly address: Ipv4
  /** 0 lets the kernel choose. */
  readonly port: number
  /** Only this interface, by name (SO_BINDTODEVICE); needs a native backend. */
  readonly device?: string
  readonly reuseAddress?: boolean
  readonly reusePort?: boolean
  readonly broadcast?: boolean
  /** Receive the interface and the destination address with each datagram. */
  readonly packetInfo?: boolean
  /** Datagrams per system call, 1 … 1024; default 64. */
  readonly batch?: number
  /** Bytes of the longest datagram, 1 … 65536; longer ones are dropped and counted. Default 2048. */
  readonly slotBytes?: number
  /** Bytes the kernel may queue (SO_RCVBUF); absent keeps the system's default. */
  readonly receiveBufferBytes?: number
  /** What a batch handler threw, or a lasting failure to receive. Never throws into the event loop. */
  readonly onError?: (error: unknown) => void
}

/** One received datagram; the object and `bytes` are reused after the handler returned. */
export type Datagram = {
  /** Valid until the handler returns: copy what is kept. */
  readonly bytes: Uint8Array
  readonly address: Ipv4
  readonly port: number
  /** Receiving interface and destination address; 0 and undefined without `packetInfo`. */
  readonly interfaceIndex: number
  readonly destination: Ipv4 | undefined
}

export type SendTo = {
  readonly address: Ipv4
  readonly port: number
  /** Source address of this datagram; needs a native backend. */
  readonly source?: Ipv4
}

export type UdpCounters = {
  readonly received: number
  readonly sent: number
  /** Longer than a slot. */
  readonly truncated: number
  /** The kernel took them not: full buffer, no route, interface gone. */
  readonly sendFailures: number
  /** Code of the last send failure, '' when none. */
  readonly lastSendError: string
}

export interface UdpSocket {
  readonly kind: 'ffi' | 'koffi' | 'dgram'
  readonly port: number
  /** Set the handler once, at once after opening. It is called synchronously, datagram by datagram. */
  readonly onDatagram: (handler: (datagram: Datagram) => void) => void
  /** Copies and queues; `flush` or a full batch sends. False when `bytes` is longer than a slot. */
  readonly send: (bytes: Uint8Array, to: SendTo) => boolean
  /** Sends what is queued; called by the socket itself after each received batch. */
  readonly flush: () => void
  /**
   * Sends the concatenation of `buffers` as datagrams of `segmentBytes` (the last may be shorter) in one
   * system call (UDP_SEGMENT), or one by one where that is refused. At most 128 buffers and 65507 bytes.
   * False when the kernel took none of it.
   */
  readonly sendSegments: (
    to: SendTo,
    buffers: readonly Uint8Array[],
    segmentBytes: number,
  ) => boolean
  readonly counters: () => UdpCounters
  /** Also lets the process end while the socket is open. */
  readonly unref: () => void
  /** Must be awaited before a worker ends. Safe to call twice. */
  readonly close: () => Promise<void>
}
