// Reverse names: which zones are ours and which addresses have names, computed from subnets and never generated.
// A subnet makes the zones at the next border of a label (a /22 four of /24, a /28 the one around it, RFC 1035 §3.5;
// an IPv6 /62 four of /64); with `rdns_mode` 2 a prefix longer than 24 (IPv6: 124) has a zone of its own,
// `<first>-<prefix>` below the one around it, that the names of the outer one point into (RFC 2317).
import { isIpv4, isIpv4Cidr, type Ip, type IpCidr } from '#model/ip.ts'
import { makeIpv4, maskOf } from '#model/ipv4.ts'
import { hexOf, networkOf, type Ipv6 } from '#model/ipv6.ts'
import type { DnsSubnet } from '#protocol/rack.ts'
import { addressOf, classlessName, isWithinLabel, type ReverseName } from './reverse-names.ts'
import { zoneNamesOf } from './reverse-names.ts'
import { SortedTexts } from './sorted-texts.ts'

type Id = string | number

export class ReverseZones {
  readonly #subnets = new Map<Id, DnsSubnet>()
  readonly #subnetsByCidr = new Map<number | string, DnsSubnet>()
  /** Those in use, longest first: every query asks which subnet it comes from. */
  #prefixes: readonly number[] = []
  #prefixesOfIpv6: readonly number[] = []
  /** Zone name → subnets that make it. */
  readonly #zones = new Map<string, number>()
  readonly #classless = new Map<string, DnsSubnet>()
  readonly #named = new Set<Ip>()
  /** `network/prefix` of 8, 16, 24 → addresses with names in it. */
  readonly #counts = new Map<string, number>()
  /** Digits of the IPv6 addresses with names. */
  readonly #digits = new SortedTexts()

  set(id: Id, row: DnsSubnet | null): void {
    const before = this.#subnets.get(id)
    if (before !== undefined) this.#count(before, -1)
    if (row === null) this.#subnets.delete(id)
    else {
      this.#subnets.set(id, row)
      this.#count(row, 1)
    }
  }

  /** Whether the address has a name. */
  mark(ip: Ip, isNamed: boolean): void {
    if (this.#named.has(ip) === isNamed) return
    if (isNamed) this.#named.add(ip)
    else this.#named.delete(ip)
    if (!isIpv4(ip)) {
      if (isNamed) this.#digits.add(hexOf(ip))
      else this.#digits.delete(hexOf(ip))
      return
    }
    for (const prefix of [8, 16, 24]) {
      const key = `${ip & maskOf(prefix)}/${prefix}`
      const count = (this.#counts.get(key) ?? 0) + (isNamed ? 1 : -1)
      if (count === 0) this.#counts.delete(key)
      else this.#counts.set(key, count)
    }
  }

  isZone(key: string): boolean {
    return this.#zones.has(key) || this.#classless.has(key)
  }

  classlessZone(key: string): DnsSubnet | undefined {
    return this.#classless.get(key)
  }

  /** Some address that begins like that has a name. */
  hasNamesBelow(name: Exclude<ReverseName, { readonly ip: Ip }>): boolean {
    if ('digits' in name) return this.#digits.hasBeginning(name.digits)
    const prefix = name.octets.length * 8
    return this.#counts.has(`${addressOf(name.octets) & maskOf(prefix)}/${prefix}`)
  }

  /** Longest prefix. */
  subnetOf(ip: Ip): DnsSubnet | undefined {
    if (!isIpv4(ip)) return this.#subnetOfIpv6(ip)
    for (const prefix of this.#prefixes) {
      const network = makeIpv4(ip & maskOf(prefix))
      const found = this.#subnetsByCidr.get(cidrKey({ network, prefix }))
      if (found !== undefined) return found
    }
    return undefined
  }

  #subnetOfIpv6(ip: Ipv6): DnsSubnet | undefined {
    for (const prefix of this.#prefixesOfIpv6) {
      const found = this.#subnetsByCidr.get(cidrKey({ network: networkOf(ip, prefix), prefix }))
      if (found !== undefined) return found
    }
    return undefined
  }

  #count(subnet: DnsSubnet, by: 1 | -1): void {
    const { cidr, rdnsMode } = subnet
    if (by > 0) this.#subnetsByCidr.set(cidrKey(cidr), subnet)
    else this.#subnetsByCidr.delete(cidrKey(cidr))
    this.#prefixes = this.#longestFirst(true)
    this.#prefixesOfIpv6 = this.#longestFirst(false)
    if (rdnsMode === 0) return
    for (const zone of zoneNamesOf(cidr)) {
      const count = (this.#zones.get(zone) ?? 0) + by
      if (count === 0) this.#zones.delete(zone)
      else this.#zones.set(zone, count)
    }
    if (!isClassless(subnet)) return
    if (by > 0) this.#classless.set(classlessName(cidr), subnet)
    else this.#classless.delete(classlessName(cidr))
  }

  #longestFirst(ofIpv4: boolean): readonly number[] {
    const cidrs = [...this.#subnetsByCidr.values()].map(({ cidr }) => cidr)
    const prefixes = cidrs.filter((cidr) => isIpv4Cidr(cidr) === ofIpv4).map((one) => one.prefix)
    return [...new Set(prefixes)].toSorted((a, b) => b - a)
  }
}

export function isClassless({ cidr, rdnsMode }: DnsSubnet): boolean {
  return rdnsMode === 2 && isWithinLabel(cidr)
}

function cidrKey(cidr: IpCidr): number | string {
  if (isIpv4Cidr(cidr)) return cidr.network * 64 + cidr.prefix
  return `${cidr.network}/${cidr.prefix}`
}
