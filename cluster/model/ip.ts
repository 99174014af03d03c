// Addresses of either family. IPv4 ones are numbers, IPv6 ones text (`ipv6.ts`): `<` orders those of one family,
// `compareIps` all of them, and what asks whether an address is *inside* of something answers no for the other family.
import * as v4 from './ipv4.ts'
import type { Cidr, Ipv4 } from './ipv4.ts'
import * as v6 from './ipv6.ts'
import type { Ipv6, Ipv6Cidr } from './ipv6.ts'

export type Ip = Ipv4 | Ipv6
export type IpCidr = Cidr | Ipv6Cidr
/** Inclusive on both ends, which are of one family. */
export type IpSpan = { readonly start: Ip; readonly end: Ip }

export function isIpv4(ip: Ip): ip is Ipv4 {
  return typeof ip === 'number'
}

export function isIpv4Cidr(cidr: IpCidr): cidr is Cidr {
  return typeof cidr.network === 'number'
}

export function familyOf(ip: Ip): 4 | 6 {
  return isIpv4(ip) ? 4 : 6
}

/** Undefined when it is an address of neither family. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(':') ? v6.parseIpv6(text) : v4.parseIpv4(text)
}

export function formatIp(ip: Ip): string {
  return isIpv4(ip) ? v4.formatIpv4(ip) : v6.formatIpv6(ip)
}

/** Host bits are cleared, as MAAS does. Undefined when malformed. */
export function parseIpCidr(text: string): IpCidr | undefined {
  return text.includes(':') ? v6.parseIpv6Cidr(text) : v4.parseCidr(text)
}

export function formatIpCidr({ network, prefix }: IpCidr): string {
  return `${formatIp(network)}/${prefix}`
}

export function lastOf(cidr: IpCidr): Ip {
  return isIpv4Cidr(cidr) ? v4.lastOf(cidr) : v6.lastOfIpv6(cidr as Ipv6Cidr)
}

export function spanOf(cidr: IpCidr): IpSpan {
  return { start: cidr.network, end: lastOf(cidr) }
}

export function contains(cidr: IpCidr, ip: Ip): boolean {
  return isIn(spanOf(cidr), ip)
}

export function isIn({ start, end }: IpSpan, ip: Ip): boolean {
  return ip >= start && ip <= end
}

export function spansOverlap(a: IpSpan, b: IpSpan): boolean {
  return a.start <= b.end && b.start <= a.end
}

/** IPv4 before IPv6. */
export function compareIps(a: Ip, b: Ip): number {
  if (a === b) return 0
  if (typeof a === typeof b) return a < b ? -1 : 1
  return isIpv4(a) ? -1 : 1
}

/** One above; above the last address something that is greater than all of the family and no address. */
export function nextIp(ip: Ip): Ip {
  return isIpv4(ip) ? ((ip + 1) as Ipv4) : v6.nextIpv6(ip)
}

/** One below; below the first address something that is less than all of the family and no address. */
export function previousIp(ip: Ip): Ip {
  return isIpv4(ip) ? ((ip - 1) as Ipv4) : v6.previousIpv6(ip)
}

/** Addresses in it, exactly. */
export function countOf({ start, end }: IpSpan): bigint {
  if (isIpv4(start) || isIpv4(end)) return BigInt(Number(end) - Number(start) + 1)
  return v6.ipv6Value(end) - v6.ipv6Value(start) + 1n
}

/** Addresses in it; beyond 2^53 the nearest number that there is. */
export function sizeOf({ start, end }: IpSpan): number {
  if (typeof start === 'number' && typeof end === 'number') return end - start + 1
  return Number(countOf({ start, end }))
}

export function maxIp(a: Ip, b: Ip): Ip {
  return a < b ? b : a
}

export function minIp(a: Ip, b: Ip): Ip {
  return a < b ? a : b
}
