// An IPv4 packet with a UDP datagram, written by hand with both checksums (RFC 791 §3.1, RFC 768). Used
// for replies to hosts that have no address yet. Pure.
import type { Ipv4 } from '#model/ipv4.ts'

export const FRAME_OVERHEAD_BYTES = 28

export type UdpFrame = {
  readonly source: Ipv4
  readonly destination: Ipv4
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

/** Writes into `target` and returns the length; `target` must hold the payload and 28 bytes more. */
export function writeUdpFrame(target: Uint8Array, frame: UdpFrame): number {
  const udpBytes = 8 + frame.payload.length
  const length = 20 + udpBytes
  if (length > target.length) throw new RangeError('frame longer than its buffer')
  const view = new DataView(target.buffer, target.byteOffset, length)
  view.setUint16(0, 0x4500)
  view.setUint16(2, length)
  view.setUint32(4, 0x0000_4000) // identification 0, don't fragment
  view.setUint16(8, 0x4011) // TTL 64, protocol 17
  view.setUint16(10, 0)
  view.setUint32(12, frame.source)
  view.setUint32(16, frame.destination)
  view.setUint16(10, finish(sum(view, 0, 20)))

  view.setUint16(20, frame.sourcePort)
  view.setUint16(22, frame.destinationPort)
  view.setUint16(24, udpBytes)
  view.setUint16(26, 0)
  target.set(frame.payload, FRAME_OVERHEAD_BYTES)
  // The pseudo header is both addresses, the protocol and the UDP length.
  const checksum = finish(sum(view, 12, length) + 17 + udpBytes)
  view.setUint16(26, checksum === 0 ? 0xffff : checksum)
  return length
}

/** Sum of the 16-bit words of [from, to); an odd last byte counts as the high half of a word. */
export function sum(view: DataView, from: number, to: number): number {
  let total = 0
  let at = from
  for (; at + 1 < to; at += 2) total += view.getUint16(at)
  return at < to ? total + (view.getUint8(at) << 8) : total
}

/** One's complement of the folded sum. */
export function finish(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}
