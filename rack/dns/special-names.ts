// Names that must not leave the house: what they mean is known or local (RFC 6303, 6761, 8375). They are answered
// here unless a domain of ours has them.
import { makeIpv4 } from '#model/ipv4.ts'
import { makeIpv6 } from '#model/ipv6.ts'
import type { Answer } from './answer.ts'
import { type Question, RCODE, TYPE } from './wire.ts'
import type { WireRecord } from './writer.ts'

const LOOPBACK_V6 = makeIpv6(1n)
const TTL = 10_800

const EMPTY_ZONES = new Set([
  ...['localhost', 'invalid', 'test', 'onion', 'home.arpa'],
  ...[0, 10, 127].map((octet) => `${octet}.in-addr.arpa`),
  ...Array.from({ length: 16 }, (_, i) => `${16 + i}.172.in-addr.arpa`),
  ...['168.192', '254.169', '2.0.192', '100.51.198', '113.0.203', '255.255.255.255'].map(
    (name) => `${name}.in-addr.arpa`,
  ),
  ...['8', '9', 'a', 'b'].map((nibble) => `${nibble}.e.f.ip6.arpa`),
  ...['d.f.ip6.arpa', '8.b.d.0.1.0.0.2.ip6.arpa'],
])

/** Undefined: an ordinary name. */
export function specialAnswer(question: Question, labels: readonly string[]): Answer | undefined {
  for (let at = labels.length - 1; at >= 0; at--) {
    const zone = labels.slice(at).join('.')
    if (EMPTY_ZONES.has(zone)) return answerIn(zone, question, at === 0)
  }
  return undefined
}

function answerIn(zone: string, { name, type }: Question, isApex: boolean): Answer {
  const isLocalhost = zone === 'localhost'
  const owner = name
  const answers: WireRecord[] = []
  if (isLocalhost && type === TYPE.A) {
    answers.push({ owner, ttl: TTL, data: { type: 'A', ip: makeIpv4(0x7f000001) } })
  } else if (isLocalhost && type === TYPE.AAAA) {
    answers.push({ owner, ttl: TTL, data: { type: 'AAAA', ip: LOOPBACK_V6 } })
  }
  const soa = { mname: zone, rname: `nobody.${zone}`, serial: 1, minimum: TTL }
  const authority: WireRecord[] =
    answers.length > 0 ? [] : [{ owner: zone, ttl: TTL, data: { type: 'SOA', ...soa } }]
  const rcode = isLocalhost || isApex ? RCODE.NOERROR : RCODE.NXDOMAIN
  return { rcode, authoritative: true, answers, authority, additional: [] }
}
