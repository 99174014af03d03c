// The options this server reads or writes, by RFC, and typed access to their bytes.
import { type Ipv4, ipv4FromBytes } from '#model/ipv4.ts'
import type { DhcpOptions } from './packet.ts'

export const OPTION = {
  PAD: 0, // RFC 2132 §3.1
  SUBNET_MASK: 1, // §3.3
  ROUTER: 3, // §3.5
  DOMAIN_NAME_SERVER: 6, // §3.8
  HOST_NAME: 12, // §3.14
  DOMAIN_NAME: 15, // §3.17
  INTERFACE_MTU: 26, // §5.1
  BROADCAST_ADDRESS: 28, // §5.3
  REQUESTED_ADDRESS: 50, // §9.1
  LEASE_TIME: 51, // §9.2
  OVERLOAD: 52, // §9.3
  MESSAGE_TYPE: 53, // §9.6
  SERVER_IDENTIFIER: 54, // §9.7
  PARAMETER_REQUEST_LIST: 55, // §9.8
  MESSAGE: 56, // §9.9
  MAX_MESSAGE_SIZE: 57, // §9.10
  RENEWAL_TIME: 58, // §9.11 (T1)
  REBINDING_TIME: 59, // §9.12 (T2)
  VENDOR_CLASS: 60, // §9.13
  CLIENT_IDENTIFIER: 61, // §9.14, RFC 6842
  TFTP_SERVER_NAME: 66, // §9.4
  BOOTFILE_NAME: 67, // §9.5
  USER_CLASS: 77, // RFC 3004
  CLIENT_FQDN: 81, // RFC 4702
  RELAY_AGENT_INFORMATION: 82, // RFC 3046
  CLIENT_ARCHITECTURE: 93, // RFC 4578 §2.1
  CLIENT_MACHINE_ID: 97, // RFC 4578 §2.3
  SUBNET_SELECTION: 118, // RFC 3011
  IPXE: 175, // iPXE's encapsulated options
  PATH_PREFIX: 210, // RFC 5071 §4
  END: 255, // RFC 2132 §3.2
} as const

/** Sub-options of 82. */
export const RELAY_OPTION = {
  LINK_SELECTION: 5, // RFC 3527
  SERVER_IDENTIFIER_OVERRIDE: 11, // RFC 5107
  RELAY_SOURCE_PORT: 19, // RFC 8357
} as const

/** Sub-options of 175. */
export const IPXE_OPTION = { HTTP: 19, BZIMAGE: 24, EFI: 36, NO_PROXY_DHCP: 176 } as const

/** An address of exactly four octets; undefined when absent or of another length. */
export function readIpv4(options: DhcpOptions, code: number): Ipv4 | undefined {
  const value = options.get(code)
  return value?.length === 4 ? ipv4FromBytes(value, 0) : undefined
}

export function readUint16(options: DhcpOptions, code: number): number | undefined {
  const value = options.get(code)
  return value?.length === 2 ? (value[0] ?? 0) * 256 + (value[1] ?? 0) : undefined
}

/** Text with one trailing NUL removed (some clients send it), bytes as Latin-1. */
export function readText(options: DhcpOptions, code: number): string {
  const value = options.get(code)
  if (value === undefined) return ''
  const end = value.at(-1) === 0 ? value.length - 1 : value.length
  return Buffer.from(value.buffer, value.byteOffset, end).toString('latin1')
}

/** Sub-options of an encapsulating option; undefined when a length runs over its end. */
export function readSubOptions(value: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>()
  for (let at = 0; at < value.length; ) {
    const length = value[at + 1]
    if (length === undefined || at + 2 + length > value.length) return undefined
    found.set(value[at] ?? 0, value.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return found
}

/** RFC 4578 §2.1: a list of 16-bit types; the first decides. Undefined when absent or malformed. */
export function readArchitecture(options: DhcpOptions): number | undefined {
  const value = options.get(OPTION.CLIENT_ARCHITECTURE)
  if (value === undefined || value.length < 2 || value.length % 2 !== 0) return undefined
  return (value[0] ?? 0) * 256 + (value[1] ?? 0)
}

export function ipv4Bytes(...addresses: readonly Ipv4[]): Uint8Array {
  const bytes = new Uint8Array(addresses.length * 4)
  addresses.forEach((address, i) => {
    bytes.set(uint32Bytes(address), i * 4)
  })
  return bytes
}

export function uint32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

export function uint16Bytes(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 255, value & 255)
}

/** Without a trailing NUL (RFC 2132 §2). */
export function textBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
