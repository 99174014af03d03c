// IPv4 addresses as unsigned 32-bit numbers: comparable, countable, cheap as map keys.

declare const brand: unique symbol
/** Whole number in [0, 2^32). */
export type Ipv4 = number & { readonly [brand]: 'Ipv4' }

export type Cidr = {
  readonly network: Ipv4
  /** 0 … 32 */
  readonly prefix: number
}

/** Inclusive on both ends. */
export type Ipv4Range = { readonly start: Ipv4; readonly end: Ipv4 }

export function makeIpv4(value: number): Ipv4 {
  return (value >>> 0) as Ipv4
}

/** Dotted quad only, no leading zeros; undefined when malformed. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text.trim())
  if (match === null) return undefined
  let value = 0
  for (const part of match.slice(1)) {
    const octet = Number(part)
    if (octet > 255 || String(octet) !== part) return undefined
    value = value * 256 + octet
  }
  return makeIpv4(value)
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

export function ipv4FromBytes(bytes: Uint8Array, offset: number): Ipv4 {
  const b = (i: number): number => bytes[offset + i] ?? 0
  return makeIpv4(((b(0) << 24) | (b(1) << 16) | (b(2) << 8) | b(3)) >>> 0)
}

/** Netmask of a prefix length. */
export function maskOf(prefix: number): Ipv4 {
  return makeIpv4(prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0)
}

/** Host bits are cleared, as MAAS does. Undefined when malformed. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text.trim())
  const address = match === null ? undefined : parseIpv4(match[1] ?? '')
  const prefix = Number(match?.[2])
  if (address === undefined || !(prefix <= 32)) return undefined
  return { network: makeIpv4(address & maskOf(prefix)), prefix }
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIpv4(cidr.network)}/${cidr.prefix}`
}

export function firstOf(cidr: Cidr): Ipv4 {
  return cidr.network
}

/** Broadcast address for prefixes below 31. */
export function lastOf(cidr: Cidr): Ipv4 {
  return makeIpv4((cidr.network | ~maskOf(cidr.prefix)) >>> 0)
}

export function contains(cidr: Cidr, address: Ipv4): boolean {
  return address >= firstOf(cidr) && address <= lastOf(cidr)
}

export function rangesOverlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.start <= b.end && b.start <= a.end
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return rangesOverlap({ start: firstOf(a), end: lastOf(a) }, { start: firstOf(b), end: lastOf(b) })
}

export function rangeSize(range: Ipv4Range): number {
  return range.end - range.start + 1
}
