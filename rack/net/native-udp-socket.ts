// `UdpSocket` over libc: recvmmsg and sendmmsg on libuv's poll, in batches (reference: about half the
// CPU of node:dgram per datagram). One event-loop callback reads at most four full batches, so that
// timers and other sockets get their turn under load.
import { type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import { Descriptor, configured, writeSockaddrIn } from './descriptor.ts'
import { MessageVector } from './message-vector.ts'
import {
  AF_INET,
  IP_PKTINFO,
  IPPROTO_IP,
  MSG_DONTWAIT,
  type NativeCalls,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './native-calls.ts'
import { SegmentSender } from './segment-sender.ts'
import { SendQueue } from './send-queue.ts'
import { EAGAIN, EINTR, SocketError } from './socket-error.ts'
import type { Datagram, SendTo, UdpOptions, UdpSocket } from './udp-socket.ts'

const BATCHES_PER_CALLBACK = 4
const PKTINFO_BYTES = 32 // cmsghdr 16 + in_pktinfo 12, aligned to 8

/** Throws SocketError (EADDRINUSE, EACCES, ENODEV …) when the socket cannot be had. */
export function openNativeUdp(calls: NativeCalls, options: UdpOptions): UdpSocket {
  const descriptor = new Descriptor(calls, { domain: AF_INET, type: SOCK_DGRAM, protocol: 0 })
  configured(descriptor, () => configure(descriptor, options))
  const { fd } = descriptor
  const limits = { count: options.batch ?? 64, slotBytes: options.slotBytes ?? 2048 }
  const receive = new MessageVector({ ...limits, addressOf: calls.addressOf })
  const queue = new SendQueue(calls, fd, limits)
  const segments = new SegmentSender(calls, fd)
  const port = descriptor.boundPort()
  const onError = options.onError ?? (() => {})
  const control = options.packetInfo === true ? PKTINFO_BYTES : 0
  let handler: (datagram: Datagram) => void = () => {}
  let received = 0
  let truncated = 0
  let closing: Promise<void> | undefined

  // What the kernel wrote lengths into; all of it before the first call.
  let used = receive.count
  const receiveBatch = (): boolean => {
    receive.prepareReceive(control, used)
    used = 0
    const count = calls.recvmmsg(fd, receive.address, receive.count, MSG_DONTWAIT)
    if (count < 0) {
      const errno = calls.errno()
      // Anything else is an error queued by an earlier send (ICMP) or an interface that went down:
      // reading it has cleared it.
      if (errno !== EAGAIN && errno !== EINTR) onError(new SocketError('recvmmsg', errno))
      return false
    }
    used = count
    for (let i = 0; i < count && closing === undefined; i++) {
      received++
      if (receive.wasTruncated(i)) truncated++
      else deliver(handler, readDatagram(receive, i), onError)
    }
    return count === receive.count
  }
  const onReadable = (): void => {
    for (let i = 0; i < BATCHES_PER_CALLBACK && closing === undefined && receiveBatch(); i++);
    if (closing === undefined) queue.flush()
  }
  const poll = calls.poll(fd, onReadable, onError)

  return {
    kind: calls.kind,
    port,
    onDatagram: (fn) => {
      handler = fn
    },
    send: (bytes, to) => closing === undefined && enqueue(queue, bytes, to),
    flush: () => {
      if (closing === undefined) queue.flush()
    },
    sendSegments: (to, buffers, segmentBytes) => {
      if (closing !== undefined) return false
      queue.flush()
      return segments.send(to, buffers, segmentBytes)
    },
    counters: () => ({
      received,
      truncated,
      sent: queue.sent + segments.sent,
      sendFailures: queue.failures + segments.failures,
      lastSendError: queue.lastError === '' ? segments.lastError : queue.lastError,
    }),
    unref: () => poll.unref(),
    close: () => {
      if (closing === undefined) {
        queue.flush()
        closing = poll.close().then(() => descriptor.close())
      }
      return closing
    },
  }
}

function configure(descriptor: Descriptor, options: UdpOptions): void {
  const flags: readonly (readonly [number, boolean | undefined])[] = [
    [SO_REUSEADDR, options.reuseAddress],
    [SO_REUSEPORT, options.reusePort],
    [SO_BROADCAST, options.broadcast],
  ]
  for (const [name, wanted] of flags) {
    if (wanted === true) descriptor.setOption({ level: SOL_SOCKET, name, value: 1 })
  }
  if (options.receiveBufferBytes !== undefined) {
    descriptor.setOption({ level: SOL_SOCKET, name: SO_RCVBUF, value: options.receiveBufferBytes })
  }
  if (options.packetInfo === true) {
    descriptor.setOption({ level: IPPROTO_IP, name: IP_PKTINFO, value: 1 })
  }
  if (options.device !== undefined) descriptor.bindToDevice(options.device)
  descriptor.bindIpv4(options.address, options.port)
}

/** A handler's bug costs its datagram, not the batch. */
function deliver(
  handler: (datagram: Datagram) => void,
  datagram: Datagram,
  onError: (error: unknown) => void,
): void {
  try {
    handler(datagram)
  } catch (error) {
    setImmediate(() => onError(error))
  }
}

function readDatagram(vector: MessageVector, i: number): Datagram {
  const { view } = vector
  const name = vector.nameOffset(i)
  const control = vector.controlOffset(i)
  // The only control message asked for is IP_PKTINFO: { cmsghdr, ifindex, spec_dst, addr }.
  const hasInfo =
    vector.receivedControlBytes(i) >= 28 &&
    view.getInt32(control + 8, true) === IPPROTO_IP &&
    view.getInt32(control + 12, true) === IP_PKTINFO
  return {
    bytes: vector.slot(i).subarray(0, vector.receivedBytes(i)),
    address: makeIpv4(view.getUint32(name + 4)),
    port: view.getUint16(name + 2),
    interfaceIndex: hasInfo ? view.getInt32(control + 16, true) : 0,
    destination: hasInfo ? makeIpv4(view.getUint32(control + 24)) : undefined,
  }
}

function enqueue(queue: SendQueue, bytes: Uint8Array, to: SendTo): boolean {
  const { vector } = queue
  if (bytes.length > vector.slotBytes) return false
  const i = queue.next()
  writeSockaddrIn(vector.view, vector.nameOffset(i), to)
  vector.slot(i).set(bytes)
  if (to.source !== undefined) writePacketInfo(vector.view, vector.controlOffset(i), to.source)
  const control = to.source === undefined ? 0 : PKTINFO_BYTES
  queue.commit({ name: 16, control, payload: bytes.length })
  return true
}

/** Source address for one datagram: ipi_spec_dst; the interface stays the kernel's choice. */
function writePacketInfo(view: DataView, offset: number, source: Ipv4): void {
  view.setBigUint64(offset, 28n, true)
  view.setInt32(offset + 8, IPPROTO_IP, true)
  view.setInt32(offset + 12, IP_PKTINFO, true)
  view.setInt32(offset + 16, 0, true)
  view.setUint32(offset + 20, source)
  view.setUint32(offset + 24, 0)
}
