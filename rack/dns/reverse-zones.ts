// Reverse names: which zones are ours and which addresses have names, computed from subnets and never generated.
// A subnet makes the zones at the next octet border (a /22 four of /24, a /28 the one around it, RFC 1035 §3.5);
// with `rdns_mode` 2 a prefix longer than 24 has a zone of its own, `<first>-<prefix>` below the one around it,
// that the names of the outer one point into (RFC 2317).
import {
  contains,
  firstOf,
  formatIpv4,
  makeIpv4,
  maskOf,
  type Cidr,
  type Ipv4,
} from '#model/ipv4.ts'
import type { DnsSubnet } from '#protocol/rack.ts'

export const REVERSE_ROOT = 'in-addr.arpa'

type Id = string | number

export class ReverseZones {
  readonly #subnets = new Map<Id, DnsSubnet>()
  readonly #subnetsByCidr = new Map<number, DnsSubnet>()
  /** Those in use, longest first: every query asks which subnet it comes from. */
  #prefixes: readonly number[] = []
  /** Zone name → subnets that make it. */
  readonly #zones = new Map<string, number>()
  readonly #classless = new Map<string, DnsSubnet>()
  readonly #named = new Set<Ipv4>()
  /** `network/prefix` of 8, 16, 24 → addresses with names in it. */
  readonly #counts = new Map<string, number>()

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
  mark(ip: Ipv4, isNamed: boolean): void {
    if (this.#named.has(ip) === isNamed) return
    if (isNamed) this.#named.add(ip)
    else this.#named.delete(ip)
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

  /** Some address below the octets (first one first, fewer than four) has a name. */
  hasNamesBelow(octets: readonly number[]): boolean {
    const [a = 0, b = 0, c = 0] = octets
    const network = makeIpv4(a * 2 ** 24 + b * 65_536 + c * 256)
    return this.#counts.has(`${network & maskOf(octets.length * 8)}/${octets.length * 8}`)
  }

  /** Longest prefix. */
  subnetOf(ip: Ipv4): DnsSubnet | undefined {
    for (const prefix of this.#prefixes) {
      const network = makeIpv4(ip & maskOf(prefix))
      const found = this.#subnetsByCidr.get(cidrNumber({ network, prefix }))
      if (found !== undefined) return found
    }
    return undefined
  }

  #count(subnet: DnsSubnet, by: 1 | -1): void {
    const { cidr, rdnsMode } = subnet
    if (by > 0) this.#subnetsByCidr.set(cidrNumber(cidr), subnet)
    else this.#subnetsByCidr.delete(cidrNumber(cidr))
    const prefixes = [...this.#subnetsByCidr.values()].map((each) => each.cidr.prefix)
    this.#prefixes = [...new Set(prefixes)].toSorted((a, b) => b - a)
    if (rdnsMode === 0) return
    for (const zone of zonesOf(cidr)) {
      const count = (this.#zones.get(zone) ?? 0) + by
      if (count === 0) this.#zones.delete(zone)
      else this.#zones.set(zone, count)
    }
    if (!isClassless(subnet)) return
    if (by > 0) this.#classless.set(classlessName(cidr), subnet)
    else this.#classless.delete(classlessName(cidr))
  }
}

export function isClassless({ cidr, rdnsMode }: DnsSubnet): boolean {
  return rdnsMode === 2 && cidr.prefix > 24
}

/** `0-25.2.0.192.in-addr.arpa`. */
export function classlessName(cidr: Cidr): string {
  const [last = '', ...rest] = formatIpv4(firstOf(cidr)).split('.').toReversed()
  return `${last}-${cidr.prefix}.${rest.join('.')}.${REVERSE_ROOT}`
}

/** Octets, first one first, of what stands before `in-addr.arpa`; undefined when it is no address. */
export function octetsOf(labels: readonly string[]): readonly number[] | undefined {
  if (labels.length === 0 || labels.length > 4) return undefined
  const octets = labels.toReversed().map(Number)
  const areOctets = labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256)
  return areOctets ? octets : undefined
}

export function addressOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): Ipv4 {
  return makeIpv4(a * 2 ** 24 + b * 65_536 + c * 256 + d)
}

/** The address that a last octet stands for in a classless zone. */
export function classlessAddress({ cidr }: DnsSubnet, label: string): Ipv4 | undefined {
  const [octet] = octetsOf([label]) ?? []
  if (octet === undefined) return undefined
  const ip = makeIpv4((cidr.network & maskOf(24)) + octet)
  return contains(cidr, ip) ? ip : undefined
}

function cidrNumber({ network, prefix }: Cidr): number {
  return network * 64 + prefix
}

function* zonesOf({ network, prefix }: Cidr): Generator<string> {
  const octets = Math.min(3, Math.max(1, Math.ceil(prefix / 8)))
  const step = 2 ** (32 - octets * 8)
  const count = prefix >= octets * 8 ? 1 : 2 ** (octets * 8 - prefix)
  for (let i = 0; i < count; i++) {
    const labels = formatIpv4(makeIpv4((network & maskOf(octets * 8)) + i * step)).split('.')
    yield `${labels.slice(0, octets).toReversed().join('.')}.${REVERSE_ROOT}`
  }
}
