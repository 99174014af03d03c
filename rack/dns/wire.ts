// DNS messages on the wire, as far as a server reads and writes them (RFC 1035 §4, 6891). Reading never throws
// and never follows a pointer forwards, so no datagram can hold it up.
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '#model/dns.ts'

export const TYPE = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, HINFO: 13, MX: 15, TXT: 16, AAAA: 28, SRV: 33 },
  ...{ OPT: 41, DS: 43, SSHFP: 44, IXFR: 251, AXFR: 252, ANY: 255, CAA: 257 },
} as const
export const CLASS = { IN: 1, ANY: 255 } as const
export const RCODE = {
  ...{ NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 },
} as const

export const HEADER_OCTETS = 12
const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, CD: 0x0010 } as const

export type Question = {
  /** The name on the wire, uncompressed, in the case it was asked in (0x20). */
  readonly name: Uint8Array
  readonly type: number
  readonly class: number
}

export type Edns = {
  /** What the sender takes by UDP; values below 512 count as 512 (RFC 6891 §6.2.5). */
  readonly udpOctets: number
  readonly version: number
  /** DO (RFC 3225): given back as it came. */
  readonly dnssecOk: boolean
  /** Of option COOKIE (RFC 7873); undefined when absent or of a wrong length. */
  readonly cookie: Uint8Array | undefined
}

export type Query = {
  readonly id: number
  readonly opcode: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  readonly question: Question
  readonly edns: Edns | undefined
}

/** `malformed` is to be answered FORMERR with `id`; `notImplemented` NOTIMP; `drop` with nothing. */
export type ReadQuery =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'malformed'; readonly id: number; readonly flags: number }
  | { readonly kind: 'notImplemented'; readonly id: number; readonly flags: number }
  | { readonly kind: 'drop'; readonly why: 'short' | 'response' }

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** A response is dropped, whatever is in it: two servers that answer each other would never stop. */
export function readQuery(bytes: Uint8Array): ReadQuery {
  if (bytes.length < HEADER_OCTETS) return { kind: 'drop', why: 'short' }
  const id = readUint16(bytes, 0)
  const flags = readUint16(bytes, 2)
  if ((flags & FLAG.QR) !== 0) return { kind: 'drop', why: 'response' }
  const opcode = (flags >> 11) & 15
  if (opcode !== 0) return { kind: 'notImplemented', id, flags }
  const questions = readUint16(bytes, 4)
  const answers = readUint16(bytes, 6)
  const authorities = readUint16(bytes, 8)
  const additionals = readUint16(bytes, 10)
  const malformed = { kind: 'malformed', id, flags } as const
  if (questions !== 1 || answers !== 0 || authorities !== 0) return malformed
  const question = readQuestion(bytes, HEADER_OCTETS)
  if (question === undefined) return malformed
  const edns = readAdditional(bytes, question.end, additionals)
  if (edns === 'malformed') return malformed
  return {
    kind: 'query',
    query: {
      ...{ id, opcode, question: question.value, edns },
      recursionDesired: (flags & FLAG.RD) !== 0,
      checkingDisabled: (flags & FLAG.CD) !== 0,
    },
  }
}

/** Names of questions are not compressed: there is nothing before them to point at. */
export function readQuestion(
  bytes: Uint8Array,
  at: number,
): { readonly value: Question; readonly end: number } | undefined {
  const end = endOfPlainName(bytes, at)
  if (end === undefined || end + 4 > bytes.length) return undefined
  const value = {
    name: bytes.slice(at, end),
    type: readUint16(bytes, end),
    class: readUint16(bytes, end + 2),
  }
  return { value, end: end + 4 }
}

function endOfPlainName(bytes: Uint8Array, from: number): number | undefined {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > LABEL_OCTETS_MAX) return undefined
    at += 1 + length
    if (at > bytes.length || at - from > NAME_OCTETS_MAX) return undefined
    if (length === 0) return at
  }
}

/** Past a name that may end in a pointer; undefined when it does not end inside. */
export function skipName(bytes: Uint8Array, from: number): number | undefined {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return undefined
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined
    if (length > LABEL_OCTETS_MAX) return undefined
    at += 1 + length
    if (length === 0) return at
  }
}

/** More records than this in a query's additional section are nobody's query. */
const ADDITIONALS_MAX = 16
const OPTION_COOKIE = 10

function readAdditional(
  bytes: Uint8Array,
  from: number,
  count: number,
): Edns | undefined | 'malformed' {
  if (count > ADDITIONALS_MAX) return 'malformed'
  let at = from
  let edns: Edns | undefined
  for (let i = 0; i < count; i++) {
    const owner = skipName(bytes, at)
    if (owner === undefined || owner + 10 > bytes.length) return 'malformed'
    const end = owner + 10 + readUint16(bytes, owner + 8)
    if (end > bytes.length) return 'malformed'
    if (readUint16(bytes, owner) === TYPE.OPT) {
      // One OPT only, owned by the root (RFC 6891 §6.1.1).
      if (edns !== undefined || bytes[at] !== 0) return 'malformed'
      const read = readEdns(bytes, owner, end)
      if (read === undefined) return 'malformed'
      edns = read
    }
    at = end
  }
  return edns
}

function readEdns(bytes: Uint8Array, owner: number, end: number): Edns | undefined {
  let cookie: Uint8Array | undefined
  let at = owner + 10
  while (at < end) {
    if (at + 4 > end) return undefined
    const length = readUint16(bytes, at + 2)
    if (at + 4 + length > end) return undefined
    if (readUint16(bytes, at) === OPTION_COOKIE) {
      // A cookie of another length is FORMERR (RFC 7873 §5.2.2).
      if (length !== 8 && (length < 16 || length > 40)) return undefined
      cookie = bytes.slice(at + 4, at + 4 + length)
    }
    at += 4 + length
  }
  return {
    udpOctets: Math.max(512, readUint16(bytes, owner + 2)),
    version: bytes[owner + 5] ?? 0,
    dnssecOk: ((bytes[owner + 6] ?? 0) & 0x80) !== 0,
    cookie,
  }
}

export type ResponseFlags = {
  readonly authoritative?: boolean
  readonly truncated?: boolean
  readonly recursionAvailable?: boolean
  /** Copied from the query. */
  readonly recursionDesired: boolean
  readonly checkingDisabled?: boolean
  readonly opcode?: number
}

export function flagsOf(flags: ResponseFlags, rcode: number): number {
  return (
    FLAG.QR |
    ((flags.opcode ?? 0) << 11) |
    (flags.authoritative === true ? FLAG.AA : 0) |
    (flags.truncated === true ? FLAG.TC : 0) |
    (flags.recursionDesired ? FLAG.RD : 0) |
    (flags.recursionAvailable === true ? FLAG.RA : 0) |
    (flags.checkingDisabled === true ? FLAG.CD : 0) |
    (rcode & 15)
  )
}

/** Twelve octets: the answer to what cannot be read or is not done. */
export function bareResponse(id: number, queryFlags: number, rcode: number): Uint8Array {
  const flags = flagsOf(
    { recursionDesired: (queryFlags & FLAG.RD) !== 0, opcode: (queryFlags >> 11) & 15 },
    rcode,
  )
  return Uint8Array.of(id >> 8, id & 255, flags >> 8, flags & 255, 0, 0, 0, 0, 0, 0, 0, 0)
}
