// IPv6 addresses as text of one width, `2001:0db8:0000:…:0001`: `<` is their order, and they are keys in maps, in rows
// and on disk like any other text. Compared with an IPv4 address (a number) they are neither less nor greater, so an
// address is never inside of a range of the other family. RFC 4291 §2.2 text is read, RFC 5952 text is written.
import { formatIpv4, makeIpv4, parseIpv4 } from './ipv4.ts'

declare const brand: unique symbol
/** Eight groups of four lower case hexadecimal digits. */
export type Ipv6 = string & { readonly [brand]: 'Ipv6' }

export type Ipv6Cidr = {
  readonly network: Ipv6
  /** 0 … 128 */
  readonly prefix: number
}

const GROUPS = 8
const ZERO = Array<string>(GROUPS).fill('0000').join(':')
const ONES = ZERO.replaceAll('0', 'f')
const DIGITS = '0123456789abcdef'

/** Undefined when malformed; a zone (`%eth0`) has no meaning beyond one host and is malformed too. */
export function parseIpv6(text: string): Ipv6 | undefined {
  const halves = text.trim().split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  if (before === undefined || after === undefined) return undefined
  const missing = GROUPS - before.length - after.length
  // `::` stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return joined([...before, ...Array<number>(missing).fill(0), ...after])
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const ip = at === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (ip !== undefined) groups.push(ip >>> 16, ip & 65_535)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function joined(groups: readonly number[]): Ipv6 {
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(':') as Ipv6
}

/** RFC 5952 §4; an IPv4-mapped address ends as one (§5). */
export function formatIpv6(ip: Ipv6): string {
  const groups = ip.split(':').map((group) => Number.parseInt(group, 16))
  const [start, length] = longestZeros(groups)
  if (start === 0 && length === 5 && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6)
    return `::ffff:${formatIpv4(makeIpv4(high * 65_536 + low))}`
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

/** Of several as long the first (RFC 5952 §4.2.3). */
function longestZeros(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0]
  let length = 0
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best[1]) best = [at + 1 - length, length]
  }
  return best
}

/** 16 octets. */
export function ipv6Bytes(ip: Ipv6): Uint8Array {
  return Uint8Array.from(hexOf(ip).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** 32 digits, one for four bits. */
export function hexOf(ip: Ipv6): string {
  return ip.replaceAll(':', '')
}

export function ipv6FromHex(hex: string): Ipv6 {
  return (hex.match(/.{4}/g) ?? []).join(':') as Ipv6
}

export function ipv6Value(ip: Ipv6): bigint {
  return BigInt(`0x${hexOf(ip)}`)
}

/** `value` in [0, 2^128). */
export function makeIpv6(value: bigint): Ipv6 {
  return ipv6FromHex(value.toString(16).padStart(32, '0'))
}

/** The lowest address that has the first `prefix` bits of `ip`. */
export function networkOf(ip: Ipv6, prefix: number): Ipv6 {
  return filled(ip, prefix, ZERO)
}

export function lastOfIpv6({ network, prefix }: Ipv6Cidr): Ipv6 {
  return filled(network, prefix, ONES)
}

/** The first `prefix` bits of `ip`, then those of `rest`. */
function filled(ip: Ipv6, prefix: number, rest: string): Ipv6 {
  const whole = prefix >> 2
  const at = whole + (whole >> 2)
  const bits = prefix & 3
  if (bits === 0) return (ip.slice(0, at) + rest.slice(at)) as Ipv6
  const mask = (15 << (4 - bits)) & 15
  const digit = (digitAt(ip, at) & mask) | (digitAt(rest, at) & ~mask & 15)
  return (ip.slice(0, at) + DIGITS.charAt(digit) + rest.slice(at + 1)) as Ipv6
}

function digitAt(text: string, at: number): number {
  return Number.parseInt(text.charAt(at), 16)
}

/** Texts that are no addresses, less than all of them and greater. */
const BELOW = '!' as Ipv6
const ABOVE = 'g' as Ipv6

/** One above; above the last address there is a text that is greater than all addresses and none itself. */
export function nextIpv6(ip: Ipv6): Ipv6 {
  if (ip === BELOW) return ZERO as Ipv6
  return step(ip, { by: 1, end: 'f', wrapped: '0' }) ?? ABOVE
}

/** One below; below the first address there is a text that is less than all addresses and none itself. */
export function previousIpv6(ip: Ipv6): Ipv6 {
  if (ip === ABOVE) return ONES as Ipv6
  return step(ip, { by: -1, end: '0', wrapped: 'f' }) ?? BELOW
}

type Step = { readonly by: 1 | -1; readonly end: string; readonly wrapped: string }

function step(ip: Ipv6, { by, end, wrapped }: Step): Ipv6 | undefined {
  let tail = ''
  for (let at = ip.length - 1; at >= 0; at--) {
    const digit = ip.charAt(at)
    if (digit === ':') tail = `:${tail}`
    else if (digit === end) tail = wrapped + tail
    else return (ip.slice(0, at) + DIGITS.charAt(DIGITS.indexOf(digit) + by) + tail) as Ipv6
  }
  return undefined
}

/** Host bits are cleared, as MAAS does. Undefined when malformed. */
export function parseIpv6Cidr(text: string): Ipv6Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text.trim())
  const ip = match === null ? undefined : parseIpv6(match[1] ?? '')
  const prefix = Number(match?.[2])
  if (ip === undefined || !(prefix <= 128)) return undefined
  return { network: networkOf(ip, prefix), prefix }
}

/** `fe80::/10`: the same addresses on every link, so they say nothing about who has them. */
export function isLinkLocal(ip: Ipv6): boolean {
  return networkOf(ip, 10) === LINK_LOCAL
}

const LINK_LOCAL = ZERO.replace('0000', 'fe80')
