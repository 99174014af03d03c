// A DHCP message as a value, in the field names of RFC 2131 §2.
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey } from '#model/network.ts'

export const BOOTREQUEST = 1
export const BOOTREPLY = 2

/** Option 53, RFC 2132 §9.6. */
export const MESSAGE_TYPE = {
  DHCPDISCOVER: 1,
  DHCPOFFER: 2,
  DHCPREQUEST: 3,
  DHCPDECLINE: 4,
  DHCPACK: 5,
  DHCPNAK: 6,
  DHCPRELEASE: 7,
  DHCPINFORM: 8,
} as const
export type MessageName = keyof typeof MESSAGE_TYPE
export type MessageType = (typeof MESSAGE_TYPE)[MessageName]

const NAMES = new Map<number, MessageName>(
  Object.entries(MESSAGE_TYPE).map(([name, type]) => [type, name as MessageName]),
)

export function messageName(type: number): MessageName | undefined {
  return NAMES.get(type)
}

/** Bit of `flags` by which a client asks for broadcast replies (RFC 2131 §2). */
export const BROADCAST_FLAG = 0x8000

/** Option values by code; several instances of one code are joined already (RFC 3396). */
export type DhcpOptions = ReadonlyMap<number, Uint8Array>

export type DhcpPacket = {
  readonly op: number
  readonly htype: number
  readonly hlen: number
  readonly hops: number
  readonly xid: number
  readonly secs: number
  readonly flags: number
  readonly ciaddr: Ipv4
  readonly yiaddr: Ipv4
  readonly siaddr: Ipv4
  readonly giaddr: Ipv4
  /** Exactly `hlen` octets. */
  readonly chaddr: Uint8Array
  /** Up to the first NUL; empty when the field carries options (overload). */
  readonly sname: string
  readonly file: string
  readonly messageType: MessageName
  readonly options: DhcpOptions
}

/** What is served: 48-bit hardware addresses, whose owner can be a `MacAddress`. */
export type ClientIdentity = { readonly key: ClientKey; readonly mac: MacAddress }

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/**
 * `<htype>-<chaddr hex>`: one hardware address is one client (lease-protocol A6). Undefined for what is
 * no station's address: other than six octets, all zero, group addresses.
 */
export function identifyClient(packet: DhcpPacket): ClientIdentity | undefined {
  const { chaddr, htype } = packet
  const first = chaddr[0]
  if (chaddr.length !== 6 || first === undefined || (first & 1) !== 0) return undefined
  let mac = ''
  let key = `${htype}-`
  let any = 0
  for (const octet of chaddr) {
    const hex = HEX[octet] ?? ''
    mac += mac === '' ? hex : `:${hex}`
    key += hex
    any |= octet
  }
  return any === 0 ? undefined : { key, mac: mac as MacAddress }
}
