// Datagrams that a name server may meet, from a seed: valid queries with octets changed, cut, added and counts set, and
// noise; and what must come back by the rules that need no reading of names.
import { makeQuery } from './dns-message.ts'

const COOKIE = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]

/** What to mutate: every type, special zones, chains, long names, options; zone `maas`. */
const BASES: readonly Uint8Array[] = [
  makeQuery('www.maas'),
  makeQuery('big.maas', { type: 'TXT', edns: { options: COOKIE } }),
  makeQuery('big.maas', { type: 'TXT', edns: { udpOctets: 65_535 } }),
  makeQuery('loop.maas', { edns: { dnssecOk: true } }),
  makeQuery('a.b.wild.maas', { type: 'ANY' }),
  makeQuery('maas', { type: 'SOA' }),
  makeQuery('maas', { type: 'AXFR' }),
  makeQuery('none.maas', { type: 'MX', edns: {} }),
  makeQuery('7.0.99.10.in-addr.arpa', { type: 'PTR' }),
  makeQuery('example.org', { type: 'AAAA', edns: { version: 1 } }),
  makeQuery('', { type: 'NS', class: 255 }),
  makeQuery(Array.from({ length: 3 }, () => 'y'.repeat(63)).join('.'), { type: 'SRV' }),
]
const LONGEST = 1_400

export type Mutator = {
  /** The next one; valid until the call after it. Its first two octets are `id` where it has them. */
  readonly next: (id: number) => Uint8Array
}

export function makeMutator(seed: number): Mutator {
  const below = randomBelow(seed)
  const buffer = new Uint8Array(LONGEST)
  const noise = (): number => {
    const length = below(8) === 0 ? below(LONGEST) : below(60)
    for (let i = 0; i < length; i++) buffer[i] = below(256)
    return length
  }
  const mutate = (): number => {
    const base = BASES[below(BASES.length)] ?? new Uint8Array(0)
    buffer.set(base)
    let { length } = base
    for (let edits = below(5); edits > 0; edits--) buffer[below(length)] = below(256)
    const what = below(10)
    if (what === 0) length = below(length)
    if (what === 1) for (let more = below(40); more > 0; more--) buffer[length++] = below(256)
    // A count that lies: of questions, answers, authorities or additional records.
    if (what === 2) buffer[5 + 2 * below(4)] = below(4)
    return length
  }
  return {
    next: (id) => {
      const length = below(5) === 0 ? noise() : mutate()
      if (length > 0) buffer[0] = id >> 8
      if (length > 1) buffer[1] = id
      return buffer.subarray(0, length)
    },
  }
}

export type Expected = 'silence' | 'FORMERR' | 'NOTIMP' | 'some answer'

/** RFC 1035 §4.1.1, 6895 §2.2, and: a response is never answered. */
export function expectedOf(bytes: Uint8Array): Expected {
  const [flags = 0] = bytes.subarray(2, 3)
  if (bytes.length < 12 || (flags & 0x80) !== 0) return 'silence'
  if (((flags >> 3) & 15) !== 0) return 'NOTIMP'
  const [questions, answers, authorities] = [4, 6, 8].map(
    (at) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0),
  )
  return questions === 1 && answers === 0 && authorities === 0 ? 'some answer' : 'FORMERR'
}

/** What is wrong with `answer` to `query` from an address that has shown nothing; undefined when nothing is. */
export function wrongWith(answer: Uint8Array, query: Uint8Array): string | undefined {
  const expected = expectedOf(query)
  if (expected === 'silence') return 'answered what must not be'
  if (answer.length < 12 || ((answer[2] ?? 0) & 0x80) === 0) return 'is no response'
  if (answer[0] !== query[0] || answer[1] !== query[1]) return 'has another id'
  if (answer.length > 3 * query.length) return `amplified ${query.length} to ${answer.length}`
  const rcode = (answer[3] ?? 0) & 15
  if (expected === 'NOTIMP' && rcode !== 4) return `RCODE ${rcode} instead of NOTIMP`
  if (expected === 'FORMERR' && rcode !== 1) return `RCODE ${rcode} instead of FORMERR`
  return undefined
}

/** xorshift32: a million of them cost nothing beside a system call. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
