// ARP on one interface: sends probes, hears who claims which address. An AF_PACKET/SOCK_DGRAM socket, so that the
// kernel writes and takes off the Ethernet header.
import type { Ipv4 } from '#model/ipv4.ts'
import { type MacAddress, macToBytes } from '#model/mac-address.ts'
import { ARP_BYTES, arpProbe, type ArpSender, arpSender } from './arp-packet.ts'
import { configured, Descriptor } from './descriptor.ts'
import { MessageVector } from './message-vector.ts'
import { AF_PACKET, MSG_DONTWAIT, type NativeCalls, SOCK_DGRAM } from './native-calls.ts'
import { SendQueue } from './send-queue.ts'
import { EAGAIN, EINTR, SocketError } from './socket-error.ts'

const ETHERTYPE_ARP = 0x0806
const BROADCAST = macToBytes('ff:ff:ff:ff:ff:ff' as MacAddress)
const SOCKADDR_LL_BYTES = 20
/** Ethernet pads ARP to 46 bytes. */
const LIMITS = { count: 32, slotBytes: 64 }

export interface ArpSocket {
  /** False when the kernel refused. */
  readonly probe: (target: Ipv4) => boolean
  /** Must be awaited before a worker ends. Safe to call twice. */
  readonly close: () => Promise<void>
}

export type ArpOptions = {
  readonly interfaceIndex: number
  /** Of the interface: the sender of probes. */
  readonly mac: MacAddress
  /** Every claim of an address that is heard, asked for or not. */
  readonly onSender: (sender: ArpSender) => void
  readonly onError: (error: unknown) => void
}

/** Throws SocketError: EPERM without CAP_NET_RAW, ENODEV. */
export function openArp(calls: NativeCalls, options: ArpOptions): ArpSocket {
  // Protocol 0 until it is bound: it would hear every interface.
  const descriptor = new Descriptor(calls, { domain: AF_PACKET, type: SOCK_DGRAM, protocol: 0 })
  const { interfaceIndex, mac, onSender, onError } = options
  configured(descriptor, () => descriptor.bindLink(ETHERTYPE_ARP, interfaceIndex))
  const receive = new MessageVector({ ...LIMITS, addressOf: calls.addressOf })
  const queue = new SendQueue(calls, descriptor.fd, LIMITS)
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
      const sender = arpSender(receive.slot(i).subarray(0, receive.receivedBytes(i)))
      if (sender !== undefined) onSender(sender)
    }
  }
  const poll = calls.poll(descriptor.fd, onReadable, onError)
  return {
    probe: (target) => {
      if (closing !== undefined) return false
      const before = queue.sent
      const i = queue.next()
      writeBroadcast(queue.vector, i, interfaceIndex)
      queue.vector.slot(i).set(arpProbe(mac, target))
      queue.commit({ name: SOCKADDR_LL_BYTES, control: 0, payload: ARP_BYTES })
      queue.flush()
      return queue.sent > before
    },
    close: () => {
      closing ??= poll.close().then(() => descriptor.close())
      return closing
    },
  }
}

function writeBroadcast(vector: MessageVector, i: number, interfaceIndex: number): void {
  const offset = vector.nameOffset(i)
  vector.bytes.fill(0, offset, offset + SOCKADDR_LL_BYTES)
  vector.view.setUint16(offset, AF_PACKET, true)
  vector.view.setUint16(offset + 2, ETHERTYPE_ARP)
  vector.view.setInt32(offset + 4, interfaceIndex, true)
  vector.view.setUint8(offset + 11, 6)
  vector.bytes.set(BROADCAST, offset + 12)
}
