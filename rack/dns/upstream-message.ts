// Questions to other servers and what they answer, as bytes. An answer is kept as it came, without its additional
// section: pointers lead backwards only, so what is left stays whole. Pure.
import { flagsOf, HEADER_OCTETS, type Query, RCODE, readQuestion, readUint16 } from './wire.ts'
import { skipName, TYPE } from './wire.ts'
import { latin1, MessageWriter } from './writer.ts'
import { UDP_OCTETS, type Rendering } from './response.ts'

/** Records of one answer that are looked at. */
const RECORDS_MAX = 1_024
const CASE_BIT = 0x20

export type Upstream = {
  readonly id: number
  /** The name as it was sent: an answer must have it back octet by octet (0x20). */
  readonly name: Uint8Array
  readonly bytes: Uint8Array
}

export type UpstreamAnswer = {
  readonly rcode: number
  readonly truncated: boolean
  readonly authenticated: boolean
  readonly answers: number
  readonly authorities: number
  /** Header, question, answers, authorities. */
  readonly bytes: Uint8Array
  /** Where the TTLs of its records are. */
  readonly ttlOffsets: readonly number[]
  /** Seconds for which it may be kept; 0 when it may not. */
  readonly ttl: number
}

/** Same question, whoever asks it in whatever case. */
export function cacheKey({ question, edns, checkingDisabled }: Query): string {
  const { name, type, class: of } = question
  const flags = `${edns?.dnssecOk === true ? 'd' : ''}${checkingDisabled ? 'c' : ''}`
  return `${latin1(name).toLowerCase()}/${type}/${of}/${flags}`
}

/** `random()` yields octets. */
export function upstreamQuery(query: Query, random: () => number): Upstream {
  const id = (random() << 8) | random()
  const name = mixCase(query.question.name, random)
  const writer = new MessageWriter(UDP_OCTETS)
  writer.question({ ...query.question, name })
  const dnssecOk = query.edns?.dnssecOk === true
  writer.opt({ udpOctets: UDP_OCTETS, extended: 0, dnssecOk, cookie: undefined })
  const flags = flagsOf(
    { recursionDesired: true, checkingDisabled: query.checkingDisabled },
    RCODE.NOERROR,
  )
  writer.header(id, flags & 0x7fff, [1, 0, 0, 1])
  return { id, name, bytes: writer.finish().slice() }
}

function mixCase(name: Uint8Array, random: () => number): Uint8Array {
  const mixed = name.slice()
  for (let at = 0; at < name.length - 1; ) {
    const length = name[at] ?? 0
    for (let i = at + 1; i <= at + length; i++) {
      const octet = (name[i] ?? 0) | CASE_BIT
      if (octet >= 97 && octet <= 122 && (random() & 1) === 1) mixed[i] = (name[i] ?? 0) ^ CASE_BIT
    }
    at += length + 1
  }
  return mixed
}

/** Undefined: not the answer to what was asked, or not to be read. */
export function readAnswer(bytes: Uint8Array, asked: Upstream): UpstreamAnswer | undefined {
  if (bytes.length < HEADER_OCTETS || readUint16(bytes, 0) !== asked.id) return undefined
  const flags = readUint16(bytes, 2)
  if ((flags & 0x8000) === 0 || readUint16(bytes, 4) !== 1) return undefined
  const question = readQuestion(bytes, HEADER_OCTETS)
  if (question === undefined || latin1(question.value.name) !== latin1(asked.name)) return undefined
  const sent = readQuestion(asked.bytes, HEADER_OCTETS)?.value
  if (question.value.type !== sent?.type || question.value.class !== sent.class) return undefined
  const answers = readUint16(bytes, 6)
  const authorities = readUint16(bytes, 8)
  if (answers + authorities > RECORDS_MAX) return undefined
  const records = readRecords(bytes, question.end, answers + authorities)
  if (records === undefined) return undefined
  const rcode = flags & 15
  return {
    rcode,
    truncated: (flags & 0x0200) !== 0,
    authenticated: (flags & 0x0020) !== 0,
    ...{ answers, authorities },
    bytes: bytes.slice(0, records.end),
    ttlOffsets: records.found.map(({ ttlAt }) => ttlAt),
    ttl: ttlOf(records.found, rcode, answers),
  }
}

type Found = { readonly ttlAt: number; readonly ttl: number; readonly minimum: number | undefined }

function readRecords(bytes: Uint8Array, from: number, count: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found: Found[] = []
  let at = from
  for (let i = 0; i < count; i++) {
    const owner = skipName(bytes, at)
    if (owner === undefined || owner + 10 > bytes.length) return undefined
    const end = owner + 10 + readUint16(bytes, owner + 8)
    if (end > bytes.length) return undefined
    const isSoa = readUint16(bytes, owner) === TYPE.SOA && end - owner >= 14
    const minimum = isSoa ? view.getUint32(end - 4) : undefined
    // A TTL with the highest bit set counts as 0 (RFC 2181 §8).
    const ttl = view.getInt32(owner + 4)
    found.push({ ttlAt: owner + 4, ttl: Math.max(0, ttl), minimum })
    at = end
  }
  return { found, end: at }
}

/** RFC 2308 §5: a negative answer is kept by its SOA; without one it is not kept. */
function ttlOf(records: readonly Found[], rcode: number, answers: number): number {
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0
  if (rcode === RCODE.NOERROR && answers > 0) return Math.min(...records.map(({ ttl }) => ttl))
  const soa = records.find(({ minimum }) => minimum !== undefined)
  return soa?.minimum === undefined ? 0 : Math.min(soa.ttl, soa.minimum)
}

/** For one client: its id, the case of its question, TTLs `ageSeconds` older, TC when it does not fit. */
export function answerFor(
  query: Query,
  from: UpstreamAnswer,
  { ageSeconds, rendering }: { readonly ageSeconds: number; readonly rendering: Rendering },
): Uint8Array {
  const { edns } = query
  const optOctets = edns === undefined ? 0 : 11 + (rendering.cookie?.length ?? -4) + 4
  const fits = from.bytes.length + optOctets <= rendering.max
  const body = fits
    ? from.bytes
    : from.bytes.subarray(0, HEADER_OCTETS + query.question.name.length + 4)
  const writer = new MessageWriter(body.length + optOctets)
  writer.octets(body.subarray(HEADER_OCTETS))
  if (edns !== undefined) {
    const { dnssecOk } = edns
    writer.opt({ udpOctets: UDP_OCTETS, extended: 0, dnssecOk, cookie: rendering.cookie })
  }
  const flags = flagsOf(
    {
      truncated: !fits,
      recursionAvailable: true,
      recursionDesired: query.recursionDesired,
      checkingDisabled: query.checkingDisabled,
    },
    from.rcode,
  )
  const authenticated = from.authenticated ? 0x0020 : 0
  const counts = fits ? [from.answers, from.authorities] : [0, 0]
  writer.header(query.id, flags | authenticated, [1, ...counts, edns === undefined ? 0 : 1])
  const bytes = writer.finish()
  bytes.set(query.question.name, HEADER_OCTETS)
  if (fits) age(bytes, from.ttlOffsets, ageSeconds)
  return bytes
}

function age(bytes: Uint8Array, offsets: readonly number[], seconds: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const at of offsets) view.setUint32(at, Math.max(0, view.getInt32(at) - seconds))
}
