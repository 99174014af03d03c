// An answer as bytes, within what may be sent. Pure.
//
// By UDP an answer is never longer than three times its query unless the client has shown a cookie of ours, i.e. that
// it is where it says: who sends with somebody else's address gets him at most three times the octets it cost. What
// does not fit is answered with TC and no records; the client asks again by TCP, where an address cannot be forged.
import type { Answer } from './answer.ts'
import { flagsOf, type Query, RCODE, type ResponseFlags } from './wire.ts'
import { MESSAGE_OCTETS_MAX, MessageWriter } from './writer.ts'

/** What we take and send by UDP: fits everywhere without fragments (DNS flag day 2020). */
export const UDP_OCTETS = 1_232
const PLAIN_UDP_OCTETS = 512
const AMPLIFICATION_MAX = 3

export type Sizing = {
  readonly transport: 'udp' | 'tcp'
  readonly queryOctets: number
  /** The source has shown that it is where it says. */
  readonly isVerified: boolean
}

export function octetsMax(query: Pick<Query, 'edns'>, sizing: Sizing): number {
  if (sizing.transport === 'tcp') return MESSAGE_OCTETS_MAX
  const announced = query.edns?.udpOctets ?? PLAIN_UDP_OCTETS
  const fits = Math.min(announced, UDP_OCTETS)
  return sizing.isVerified ? fits : Math.min(fits, AMPLIFICATION_MAX * sizing.queryOctets)
}

export type Rendering = {
  readonly max: number
  readonly recursionAvailable: boolean
  /** For the OPT of the answer. */
  readonly cookie: Uint8Array | undefined
}

export function renderAnswer(query: Query, answer: Answer, rendering: Rendering): Uint8Array {
  const whole = write(query, answer, rendering)
  if (whole !== undefined) return whole
  // Glue may be left out of a referral that has other ways to be followed.
  const short = write(query, { ...answer, additional: [] }, rendering)
  return short ?? renderTruncated(query, answer, rendering)
}

/** No records and TC. Always fits: it is not longer than its query but for what EDNS adds. */
function renderTruncated(
  query: Query,
  answer: Pick<Answer, 'rcode' | 'authoritative'>,
  rendering: Rendering,
): Uint8Array {
  const nothing = { answers: [], authority: [], additional: [] }
  const octets = { ...rendering, max: PLAIN_UDP_OCTETS }
  const bytes = write(query, { ...answer, ...nothing }, octets, true)
  if (bytes === undefined) throw new Error('a question does not fit into 512 octets')
  return bytes
}

/** Without records. */
export function renderError(query: Query, rcode: number, rendering: Rendering): Uint8Array {
  const nothing = { answers: [], authority: [], additional: [] }
  return renderAnswer(query, { rcode, authoritative: false, ...nothing }, rendering)
}

/** BADVERS is the one RCODE here that needs more than four bits (RFC 6891 §6.1.3). */
export function renderBadVersion(query: Query, rendering: Rendering): Uint8Array {
  return renderError(query, RCODE.BADVERS, rendering)
}

function write(
  query: Query,
  answer: Answer,
  { max, recursionAvailable, cookie }: Rendering,
  truncated = false,
): Uint8Array | undefined {
  const { answers, authority, additional, authoritative, rcode } = answer
  const writer = new MessageWriter(Math.min(max, MESSAGE_OCTETS_MAX))
  writer.question(query.question)
  for (const record of [...answers, ...authority, ...additional]) {
    writer.record(record)
    if (writer.isFull) return undefined
  }
  const { edns } = query
  if (edns !== undefined) {
    const { dnssecOk } = edns
    writer.opt({ udpOctets: UDP_OCTETS, extended: rcode >> 4, dnssecOk, cookie })
  }
  if (writer.isFull) return undefined
  const flags: ResponseFlags = {
    ...{ authoritative, truncated, recursionAvailable },
    recursionDesired: query.recursionDesired,
    checkingDisabled: query.checkingDisabled,
  }
  const extra = additional.length + (edns === undefined ? 0 : 1)
  const counts = [1, answers.length, authority.length, extra]
  writer.header(query.id, flagsOf(flags, rcode), counts)
  return writer.finish()
}
