// Values of DHCP options: what a writer gives → the canonical value of the option's type → octets on the wire.
// RFC 2132 §2 and §3 for the plain types, RFC 3397 (names without compression), RFC 3442 (routes).
import { parseName } from './dns-name.ts'
import type { DhcpOptionType, DhcpOptionValue } from './dhcp-option.ts'
import { formatCidr, formatIpv4, type Ipv4, parseCidr, parseIpv4 } from './ipv4.ts'

/** A client that joins split options (RFC 3396) takes more than 255; a reply has little room for more than this. */
const OPTION_OCTETS_MAX = 1_020
const ITEMS_MAX = 64

export type ParsedValue =
  | { readonly ok: true; readonly value: DhcpOptionValue }
  /** One sentence. */
  | { readonly ok: false; readonly problem: string }

type Reader = (given: unknown) => DhcpOptionValue | undefined

/** Texts between commas stand for lists, decimal digits for numbers, so that every value can be a form's field. */
export function parseOptionValue(type: DhcpOptionType, given: unknown): ParsedValue {
  const { read, expected } = TYPES[type]
  const value = read(given)
  if (value === undefined) return { ok: false, problem: `Enter ${expected}.` }
  if (encodeOptionValue(type, value).length > OPTION_OCTETS_MAX) {
    return { ok: false, problem: `The value may have ${OPTION_OCTETS_MAX} octets at most.` }
  }
  return { ok: true, value }
}

/** Of a value that `parseOptionValue` gave for the type. */
export function encodeOptionValue(type: DhcpOptionType, value: DhcpOptionValue): Uint8Array {
  return TYPES[type].write(value)
}

const integer =
  (min: number, max: number): Reader =>
  (given) => {
    const number = typeof given === 'string' && /^-?\d{1,10}$/.test(given) ? Number(given) : given
    const fits = Number.isInteger(number) && Number(number) >= min && Number(number) <= max
    return fits ? Number(number) : undefined
  }

const listOf =
  (
    one: (text: string) => string | undefined,
  ): ((given: unknown) => readonly string[] | undefined) =>
  (given) => {
    const items = typeof given === 'string' ? given.split(',') : given
    if (!Array.isArray(items) || items.length === 0 || items.length > ITEMS_MAX) return undefined
    const read = items.map((item: unknown) =>
      typeof item === 'string' ? one(item.trim()) : undefined,
    )
    return read.every((item) => item !== undefined) ? read : undefined
  }

const address = (text: string): string | undefined => {
  const ip = parseIpv4(text)
  return ip === undefined ? undefined : formatIpv4(ip)
}
const addresses = listOf(address)

const domain = (text: string): string | undefined => parseName(text)?.join('.').toLowerCase()

const route = (text: string): string | undefined => {
  const [cidrText = '', gatewayText = '', ...rest] = text.split(/\s+/)
  const cidr = parseCidr(cidrText)
  const gateway = parseIpv4(gatewayText)
  if (cidr === undefined || gateway === undefined || rest.length > 0) return undefined
  return `${formatCidr(cidr)} ${formatIpv4(gateway)}`
}

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...[true, 'true', 'on'].map((word) => [word, true] as const),
  ...[false, 'false', 'off'].map((word) => [word, false] as const),
])

function hex(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined
  const digits = given.replaceAll(/[:\s-]/g, '').toLowerCase()
  return /^(?:[0-9a-f]{2})+$/.test(digits) ? digits : undefined
}

type TypeRule = {
  readonly read: Reader
  readonly write: (value: DhcpOptionValue) => Uint8Array
  readonly expected: string
}

const number = (octets: 1 | 2 | 4, read: Reader, expected: string): TypeRule => ({
  ...{ read, expected, write: (value) => numberBytes(Number(value), octets) },
})

const TYPES: { readonly [T in DhcpOptionType]: TypeRule } = {
  ipv4: {
    read: (given) => (typeof given === 'string' ? address(given) : undefined),
    write: (value) => addressBytes([String(value)]),
    expected: 'an IPv4 address',
  },
  'ipv4-list': {
    ...{ read: addresses, write: (value) => addressBytes(textsOf(value)) },
    expected: 'a list of IPv4 addresses',
  },
  'ipv4-pairs': {
    read: (given) => {
      const found = addresses(given)
      return found === undefined || found.length % 2 === 1 ? undefined : found
    },
    write: (value) => addressBytes(textsOf(value)),
    expected: 'a list of pairs of IPv4 addresses',
  },
  uint8: number(1, integer(0, 0xff), 'a whole number from 0 to 255'),
  uint16: number(2, integer(0, 0xff_ff), 'a whole number from 0 to 65535'),
  uint32: number(4, integer(0, 0xff_ff_ff_ff), 'a whole number from 0 to 4294967295'),
  int32: number(
    4,
    integer(-(2 ** 31), 2 ** 31 - 1),
    'a whole number from -2147483648 to 2147483647',
  ),
  bool: {
    ...{
      read: (given) => FLAGS.get(given),
      write: (value) => Uint8Array.of(value === true ? 1 : 0),
    },
    expected: 'true or false',
  },
  string: {
    read: (given) =>
      typeof given === 'string' && /^[\x20-\x7e]{1,255}$/.test(given) ? given : undefined,
    write: (value) => asciiBytes(String(value)),
    expected: '1 to 255 printable ASCII characters',
  },
  'domain-list': {
    ...{ read: listOf(domain), write: (value) => domainBytes(textsOf(value)) },
    expected: 'a list of domain names',
  },
  routes: {
    ...{ read: listOf(route), write: (value) => routeBytes(textsOf(value)) },
    expected: 'a list of routes, each a CIDR and a gateway, such as 10.0.0.0/8 192.0.2.1',
  },
  hex: {
    ...{ read: hex, write: (value) => hexBytes(String(value)) },
    expected: 'octets in hexadecimal, such as 01:04:c0',
  },
}

function textsOf(value: DhcpOptionValue): readonly string[] {
  return typeof value === 'object' ? value : [String(value)]
}

function numberBytes(value: number, octets: number): Uint8Array {
  const shifts = [24, 16, 8, 0].slice(4 - octets)
  return Uint8Array.from(shifts, (shift) => (value >> shift) & 255)
}

function octetsOf(ip: Ipv4): readonly number[] {
  return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255)
}

function addressBytes(texts: readonly string[]): Uint8Array {
  return Uint8Array.from(
    texts.flatMap((text) => {
      const ip = parseIpv4(text)
      return ip === undefined ? [] : octetsOf(ip)
    }),
  )
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function domainBytes(names: readonly string[]): Uint8Array {
  return Uint8Array.from(
    names.flatMap((name) => [
      ...name.split('.').flatMap((label) => [label.length, ...asciiBytes(label)]),
      0,
    ]),
  )
}

/** RFC 3442: the width of the mask, the significant octets of the network, the router. */
function routeBytes(routes: readonly string[]): Uint8Array {
  return Uint8Array.from(
    routes.flatMap((text) => {
      const [cidrText = '', gatewayText = ''] = text.split(' ')
      const cidr = parseCidr(cidrText)
      const gateway = parseIpv4(gatewayText)
      if (cidr === undefined || gateway === undefined) return []
      const significant = octetsOf(cidr.network).slice(0, Math.ceil(cidr.prefix / 8))
      return [cidr.prefix, ...significant, ...octetsOf(gateway)]
    }),
  )
}

function hexBytes(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
