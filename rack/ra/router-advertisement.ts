// Router solicitations and advertisements (RFC 4861 §4.1, §4.2, §6.1.1): bytes ⇄ values. Pure.
// Why a boot server speaks them: iPXE waits 13 s for IPv6 on every boot unless a router answers. Any valid
// advertisement without the M and O flags ends the wait (iPXE `net/ndp.c`); no prefix is needed. Ours has
// router lifetime 0, which says "not a default router" (§4.2), so no host ever routes through the rack.
import assert from 'node:assert/strict'
import type { MacAddress } from '#model/mac-address.ts'
import { macToBytes } from '#model/mac-address.ts'

const ROUTER_SOLICITATION = 133
const ROUTER_ADVERTISEMENT = 134
const OPTION_SOURCE_LINK_ADDRESS = 1
const OPTION_PREFIX = 3
const OPTION_MTU = 5
const SOLICITATION_BYTES_MIN = 8

/** An on-link prefix from which hosts make addresses of their own (RFC 4862). */
export type AdvertisedPrefix = {
  /** 16 bytes, host bits zero. */
  readonly prefix: Uint8Array
  readonly length: number
  readonly validSeconds: number
  readonly preferredSeconds: number
}

export type RouterAdvertisement = {
  readonly mac: MacAddress
  readonly prefixes: readonly AdvertisedPrefix[]
  readonly mtu: number | undefined
}

/** RFC 4861 §6.1.1, without what the kernel checked (checksum) or hides (hop limit). */
export function isRouterSolicitation(bytes: Uint8Array, source: Uint8Array): boolean {
  if (bytes.length < SOLICITATION_BYTES_MIN || bytes[0] !== ROUTER_SOLICITATION) return false
  if (bytes[1] !== 0) return false
  let at = SOLICITATION_BYTES_MIN
  while (at < bytes.length) {
    const optionBytes = (bytes[at + 1] ?? 0) * 8
    if (optionBytes === 0 || at + optionBytes > bytes.length) return false
    // A host without an address cannot tell how to reach it.
    if (bytes[at] === OPTION_SOURCE_LINK_ADDRESS && isUnspecified(source)) return false
    at += optionBytes
  }
  return true
}

/** Whom to answer: the host itself, or all nodes when it has no address yet (§6.2.6). */
export function destinationOf(source: Uint8Array): Uint8Array {
  if (!isUnspecified(source)) return Uint8Array.from(source)
  const allNodes = new Uint8Array(16)
  allNodes[0] = 0xff
  allNodes[1] = 2
  allNodes[15] = 1
  return allNodes
}

/** Checksum zero: the kernel writes it. */
export function formatRouterAdvertisement(advertisement: RouterAdvertisement): Uint8Array {
  const { mac, prefixes, mtu } = advertisement
  const bytes = new Uint8Array(16 + 8 + (mtu === undefined ? 0 : 8) + prefixes.length * 32)
  const view = new DataView(bytes.buffer)
  bytes[0] = ROUTER_ADVERTISEMENT
  // Hop limit, flags, lifetime and timers stay 0: unspecified, no DHCPv6, no default router.
  let at = 16
  bytes.set([OPTION_SOURCE_LINK_ADDRESS, 1], at)
  bytes.set(macToBytes(mac), at + 2)
  at += 8
  if (mtu !== undefined) {
    bytes.set([OPTION_MTU, 1], at)
    view.setUint32(at + 4, mtu)
    at += 8
  }
  for (const { prefix, length, validSeconds, preferredSeconds } of prefixes) {
    assert(prefix.length === 16 && length <= 128 && preferredSeconds <= validSeconds)
    // On-link and autonomous.
    bytes.set([OPTION_PREFIX, 4, length, 0b1100_0000], at)
    view.setUint32(at + 4, validSeconds)
    view.setUint32(at + 8, preferredSeconds)
    bytes.set(prefix, at + 16)
    at += 32
  }
  assert(at === bytes.length)
  return bytes
}

function isUnspecified(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0)
}
