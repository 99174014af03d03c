// Record data from its presentation form to values: what commands check and what answers are made of.
// RFC 1035 §3.3, 2782 (SRV), 3596 (AAAA), 4255 (SSHFP), 8659 (CAA).
import { isRecordType, type RecordType } from './dns.ts'
import { parseTarget } from './dns-name.ts'
import { parseIpv4, type Ipv4 } from './ipv4.ts'
import { parseIpv6, type Ipv6 } from './ipv6.ts'

export type Rdata =
  | { readonly type: 'A'; readonly ip: Ipv4 }
  | { readonly type: 'AAAA'; readonly ip: Ipv6 }
  /** Targets are whole names without a final dot; '' is the root. */
  | { readonly type: 'CNAME' | 'NS' | 'PTR'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    }
  /** At most 255 octets each. */
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | {
      readonly type: 'SSHFP'
      readonly algorithm: number
      readonly kind: number
      readonly fingerprint: Uint8Array
    }
  | {
      readonly type: 'CAA'
      readonly flags: number
      readonly tag: string
      readonly value: Uint8Array
    }

/** How each type is written, for the sentence of a refusal. */
const FORMS: Readonly<Record<RecordType, string>> = {
  A: '<IPv4 address>',
  AAAA: '<IPv6 address>',
  CAA: '<flags> <tag> "<value>"',
  CNAME: '<server>',
  MX: '<preference> <server>',
  NS: '<server>',
  PTR: '<server>',
  SRV: '<priority> <weight> <port> <server>',
  SSHFP: '<algorithm> <fptype> <fingerprint>',
  TXT: '<text>',
}

/** Octets of all strings of one TXT record. */
const TXT_OCTETS_MAX = 4_096

export type RdataSource = {
  readonly rrtype: string
  readonly rrdata: string
  /** What relative targets are relative to. */
  readonly domain: string
}

/** A text is what is wrong with it. */
export function parseRdata(source: RdataSource): Rdata | string {
  const { rrtype, rrdata, domain } = source
  if (!isRecordType(rrtype)) return `${rrtype.slice(0, 32)} is not a supported record type.`
  const parsed = PARSERS[rrtype](rrdata.trim(), domain, rrtype)
  return parsed ?? `Invalid ${rrtype}: Should be '${FORMS[rrtype]}'.`
}

type Parser = (text: string, domain: string, type: RecordType) => Rdata | undefined

const parseHost: Parser = (text, domain, type) => {
  const target = parseTarget(text, domain)
  if (target === undefined || target === '') return undefined
  return { type: type as 'CNAME' | 'NS' | 'PTR', target }
}

const PARSERS: Readonly<Record<RecordType, Parser>> = {
  A: (text) => {
    const ip = parseIpv4(text)
    return ip === undefined ? undefined : { type: 'A', ip }
  },
  AAAA: (text) => {
    const ip = parseIpv6(text)
    return ip === undefined ? undefined : { type: 'AAAA', ip }
  },
  CNAME: parseHost,
  NS: parseHost,
  PTR: parseHost,
  MX: (text, domain) => {
    const [preference, target] = fieldsOf(text, 1, domain) ?? []
    if (preference === undefined || target === undefined) return undefined
    return { type: 'MX', preference: Number(preference), target }
  },
  SRV: (text, domain) => {
    const [priority, weight, port, target] = fieldsOf(text, 3, domain) ?? []
    if (priority === undefined || target === undefined) return undefined
    const numbers = { priority: Number(priority), weight: Number(weight), port: Number(port) }
    return { type: 'SRV', ...numbers, target }
  },
  TXT: parseTxt,
  SSHFP: parseSshfp,
  CAA: parseCaa,
}

/** `count` numbers of 16 bits and a target. */
function fieldsOf(text: string, count: number, domain: string): readonly string[] | undefined {
  const fields = text.split(/\s+/)
  if (fields.length !== count + 1) return undefined
  const numbers = fields.slice(0, count)
  const target = parseTarget(fields[count] ?? '', domain)
  if (target === undefined || !numbers.every((field) => isNumber(field, 65_535))) return undefined
  return [...numbers, target]
}

function isNumber(text: string, max: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= max
}

/** Quoted strings one by one, or the whole text as one; longer than 255 octets it is cut into several. */
function parseTxt(text: string): Rdata | undefined {
  if (text === '') return undefined
  const pieces = text.startsWith('"') ? quotedStrings(text) : [new TextEncoder().encode(text)]
  if (pieces === undefined) return undefined
  const strings = pieces.flatMap(cut)
  const octets = strings.reduce((sum, piece) => sum + piece.length + 1, 0)
  return octets === 0 || octets > TXT_OCTETS_MAX ? undefined : { type: 'TXT', strings }
}

function cut(piece: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < piece.length; at += 255) pieces.push(piece.slice(at, at + 255))
  return pieces
}

/** `"a" "b\"c"`, with `\"`, `\\` and `\DDD` (RFC 1035 §5.1). */
function quotedStrings(text: string): readonly Uint8Array[] | undefined {
  if (!/^("(?:[^"\\]|\\.)*"\s*)+$/s.test(text)) return undefined
  const found = text.match(/"(?:[^"\\]|\\.)*"/gs) ?? []
  return found.map((each) => unescape(each.slice(1, -1)))
}

function unescape(text: string): Uint8Array {
  const octets: number[] = []
  const pieces = text.match(/\\25[0-5]|\\2[0-4]\d|\\[01]\d\d|\\.|[^\\]+/gs) ?? []
  for (const piece of pieces) {
    if (/^\\\d{3}$/.test(piece)) octets.push(Number(piece.slice(1)))
    else octets.push(...new TextEncoder().encode(piece.replace(/^\\/, '')))
  }
  return Uint8Array.from(octets)
}

function parseSshfp(text: string): Rdata | undefined {
  const [algorithm = '', kind = '', ...digits] = text.split(/\s+/)
  const hex = digits.join('')
  if (!isNumber(algorithm, 255) || !isNumber(kind, 255)) return undefined
  if (!/^(?:[0-9a-f]{2}){1,128}$/i.test(hex)) return undefined
  const fingerprint = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return { type: 'SSHFP', algorithm: Number(algorithm), kind: Number(kind), fingerprint }
}

function parseCaa(text: string): Rdata | undefined {
  const [, flags = '', tag = '', rest = ''] =
    /^(\d{1,3})\s+([A-Za-z0-9]{1,15})\s+(.+)$/s.exec(text) ?? []
  if (tag === '' || !isNumber(flags, 255)) return undefined
  const values = rest.startsWith('"') ? quotedStrings(rest) : [new TextEncoder().encode(rest)]
  const [value, more] = values ?? []
  if (value === undefined || more !== undefined || value.length > 1_024) return undefined
  return { type: 'CAA', flags: Number(flags), tag, value }
}
