// The names under in-addr.arpa and ip6.arpa, as arithmetic (RFC 1035 §3.5, 3596 §2.5, 2317): pure, no rows.
import { contains, isIpv4, isIpv4Cidr, type Ip, type IpCidr } from '#model/ip.ts'
import { formatIpv4, makeIpv4, maskOf, type Cidr, type Ipv4 } from '#model/ipv4.ts'
import { hexOf, ipv6FromHex, type Ipv6Cidr } from '#model/ipv6.ts'

const IPV4_ROOT = 'in-addr.arpa'
const IPV6_ROOT = 'ip6.arpa'
/** Hexadecimal digits of an IPv6 address: a label each. */
const DIGITS = 32

/** What stands before the root: a whole address, or the part of one that the addresses below have in common. */
export type ReverseName =
  | { readonly ip: Ip }
  /** One to three octets, first one first. */
  | { readonly octets: readonly number[] }
  /** Fewer than 32 digits, first one first. */
  | { readonly digits: string }

export function isReverse(key: string): boolean {
  return key.endsWith(IPV4_ROOT) || key.endsWith(IPV6_ROOT)
}

/** Undefined: no address begins or ends like that. */
export function parseReverse(key: string): ReverseName | undefined {
  if (key.endsWith(IPV6_ROOT)) return parseDigits(key.slice(0, -IPV6_ROOT.length - 1))
  const octets = octetsOf(key.slice(0, -IPV4_ROOT.length - 1).split('.'))
  if (octets === undefined || octets.length < 4) return octets && { octets }
  return { ip: addressOf(octets) }
}

function parseDigits(text: string): ReverseName | undefined {
  if (!/^[0-9a-f](\.[0-9a-f]){0,31}$/.test(text)) return undefined
  const digits = text.split('.').toReversed().join('')
  return digits.length < DIGITS ? { digits } : { ip: ipv6FromHex(digits) }
}

/** Octets, first one first, of what stands before `in-addr.arpa`. */
function octetsOf(labels: readonly string[]): readonly number[] | undefined {
  if (labels.length === 0 || labels.length > 4) return undefined
  const octets = labels.toReversed().map(Number)
  const areOctets = labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256)
  return areOctets ? octets : undefined
}

export function addressOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): Ipv4 {
  return makeIpv4(a * 2 ** 24 + b * 65_536 + c * 256 + d)
}

/** Too small for a zone at the border of a label. */
export function isWithinLabel(cidr: IpCidr): boolean {
  return cidr.prefix > (isIpv4Cidr(cidr) ? 24 : 124)
}

/** `0-25.2.0.192.in-addr.arpa`, `8-125.0.….8.b.d.0.1.0.0.2.ip6.arpa`. */
export function classlessName(cidr: IpCidr): string {
  const [last = '', ...rest] = labelsOf(cidr.network)
  return `${last}-${cidr.prefix}.${rest.join('.')}`
}

/** The label of the address in the zones around it. */
export function lastLabelOf(ip: Ip): string {
  return labelsOf(ip)[0] ?? ''
}

/** The address that a last label stands for in a classless zone. */
export function classlessAddress(cidr: IpCidr, label: string): Ip | undefined {
  const [, ...rest] = labelsOf(cidr.network)
  const found = parseReverse(`${label}.${rest.join('.')}`)
  return found !== undefined && 'ip' in found && contains(cidr, found.ip) ? found.ip : undefined
}

/** The zones at the next border of a label around or inside of the network. */
export function* zoneNamesOf(cidr: IpCidr): Generator<string> {
  if (isIpv4Cidr(cidr)) yield* octetZones(cidr)
  else yield* digitZones(cidr as Ipv6Cidr)
}

function* octetZones({ network, prefix }: Cidr): Generator<string> {
  const octets = Math.min(3, Math.max(1, Math.ceil(prefix / 8)))
  const step = 2 ** (32 - octets * 8)
  const count = prefix >= octets * 8 ? 1 : 2 ** (octets * 8 - prefix)
  for (let i = 0; i < count; i++) {
    const first = makeIpv4((network & maskOf(octets * 8)) + i * step)
    yield labelsOf(first)
      .slice(4 - octets)
      .join('.')
  }
}

function* digitZones({ network, prefix }: Ipv6Cidr): Generator<string> {
  const digits = Math.min(DIGITS - 1, Math.max(1, Math.ceil(prefix / 4)))
  const count = prefix >= digits * 4 ? 1 : 2 ** (digits * 4 - prefix)
  const hex = hexOf(network).slice(0, digits)
  const last = Number.parseInt(hex.slice(-1), 16)
  for (let i = 0; i < count; i++) {
    const zone = hex.slice(0, -1) + (last + i).toString(16)
    yield `${zone.split('').toReversed().join('.')}.${IPV6_ROOT}`
  }
}

/** Of the whole name, root included. */
function labelsOf(ip: Ip): readonly string[] {
  if (isIpv4(ip)) return [...formatIpv4(ip).split('.').toReversed(), ...IPV4_ROOT.split('.')]
  return [...hexOf(ip).split('').toReversed(), ...IPV6_ROOT.split('.')]
}
