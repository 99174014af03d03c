// Sends UDP datagrams to a MAC address, below ARP: the only way to reach a DHCP client that has no
// address yet (RFC 2131 §4.1). One AF_PACKET/SOCK_DGRAM socket serves all interfaces: the kernel writes
// the Ethernet header. Opened with protocol 0, so that it receives nothing.
import { type MacAddress, macToBytes } from '#model/mac-address.ts'
import { Descriptor } from './descriptor.ts'
import { AF_PACKET, type NativeCalls, SOCK_DGRAM } from './native-calls.ts'
import { SendQueue } from './send-queue.ts'
import { FRAME_OVERHEAD_BYTES, type UdpFrame, writeUdpFrame } from './udp-frame.ts'

const ETHERTYPE_IPV4 = 0x0800
const SOCKADDR_LL_BYTES = 20
const QUEUE_FRAMES = 64
const SLOT_BYTES = 2048

export interface PacketSender {
  /** Copies and queues. False when the payload is longer than 2020 bytes. */
  readonly send: (link: LinkAddress, frame: UdpFrame) => boolean
  readonly flush: () => void
  readonly counters: () => { sent: number; sendFailures: number; lastSendError: string }
  readonly close: () => void
}

export type LinkAddress = {
  readonly interfaceIndex: number
  /** `ff:ff:ff:ff:ff:ff` broadcasts. */
  readonly mac: MacAddress
}

/** Throws SocketError: EPERM without CAP_NET_RAW. */
export function openPacketSender(calls: NativeCalls): PacketSender {
  const descriptor = new Descriptor(calls, { domain: AF_PACKET, type: SOCK_DGRAM, protocol: 0 })
  const queue = new SendQueue(calls, descriptor.fd, { count: QUEUE_FRAMES, slotBytes: SLOT_BYTES })
  let closed = false
  return {
    send: (link, frame) => {
      if (closed || frame.payload.length > SLOT_BYTES - FRAME_OVERHEAD_BYTES) return false
      const i = queue.next()
      writeSockaddrLl(queue.vector.view, queue.vector.nameOffset(i), link)
      const payload = writeUdpFrame(queue.vector.slot(i), frame)
      queue.commit({ name: SOCKADDR_LL_BYTES, control: 0, payload })
      return true
    },
    flush: () => {
      if (!closed) queue.flush()
    },
    counters: () => ({
      sent: queue.sent,
      sendFailures: queue.failures,
      lastSendError: queue.lastError,
    }),
    close: () => {
      if (closed) return
      queue.flush()
      closed = true
      descriptor.close()
    },
  }
}

function writeSockaddrLl(view: DataView, offset: number, link: LinkAddress): void {
  view.setUint16(offset, AF_PACKET, true)
  view.setUint16(offset + 2, ETHERTYPE_IPV4)
  view.setInt32(offset + 4, link.interfaceIndex, true)
  view.setUint32(offset + 8, 0) // hardware and packet type: ignored when sending
  view.setUint8(offset + 11, 6)
  macToBytes(link.mac).forEach((octet, i) => {
    view.setUint8(offset + 12 + i, octet)
  })
}
