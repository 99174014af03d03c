// ARP for IPv4 over Ethernet as bytes (RFC 826), and the probe that asks for an address without claiming one:
// sender address 0.0.0.0 (RFC 5227 §2.1.1). Pure.
import { type Ipv4, ipv4FromBytes } from '#model/ipv4.ts'
import { macFromBytes, macToBytes, type MacAddress } from '#model/mac-address.ts'

export const ARP_BYTES = 28
const ETHERNET = 1
const IPV4 = 0x0800
const REQUEST = 1
const SENDER_MAC_AT = 8
const SENDER_IP_AT = 14
const TARGET_IP_AT = 24

/** `ARP_BYTES` long. */
export function arpProbe(own: MacAddress, target: Ipv4): Uint8Array {
  const bytes = new Uint8Array(ARP_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, ETHERNET)
  view.setUint16(2, IPV4)
  view.setUint8(4, 6)
  view.setUint8(5, 4)
  view.setUint16(6, REQUEST)
  bytes.set(macToBytes(own), SENDER_MAC_AT)
  view.setUint32(TARGET_IP_AT, target)
  return bytes
}

export type ArpSender = { readonly ip: Ipv4; readonly mac: MacAddress }

/** Whoever says that the address is its own, in a request or in a reply; undefined: nobody, or malformed. */
export function arpSender(bytes: Uint8Array): ArpSender | undefined {
  if (bytes.length < ARP_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isIpv4 = view.getUint16(0) === ETHERNET && view.getUint16(2) === IPV4
  if (!isIpv4 || view.getUint8(4) !== 6 || view.getUint8(5) !== 4) return undefined
  const ip = ipv4FromBytes(bytes, SENDER_IP_AT)
  if (ip === undefined || ip === 0) return undefined
  return { ip, mac: macFromBytes(bytes.subarray(SENDER_MAC_AT)) }
}
