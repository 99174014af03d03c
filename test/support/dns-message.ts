// DNS messages for tests: queries as bytes, with every mistake one may want to make, and answers read by the package
// `dns2`, which shares no code with ours.
import { Packet } from 'dns2'

export const DNS_TYPE: Readonly<Record<string, number>> = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, HINFO: 13, MX: 15, TXT: 16, AAAA: 28, SRV: 33 },
  ...{ DS: 43, SSHFP: 44, IXFR: 251, AXFR: 252, ANY: 255, CAA: 257, TYPE65280: 65_280 },
}

export type QuerySketch = {
  readonly id?: number
  readonly type?: string
  readonly class?: number
  readonly flags?: number
  readonly questions?: number
  readonly edns?: {
    readonly udpOctets?: number
    readonly version?: number
    readonly dnssecOk?: boolean
    /** Octets of all options. */
    readonly options?: readonly number[]
  }
}

const uint16 = (value: number): readonly number[] => [(value >> 8) & 255, value & 255]

/** `www.example.org`, or label octets. */
export function wireName(name: string | readonly (readonly number[])[]): readonly number[] {
  const labels =
    typeof name === 'string'
      ? name
          .split('.')
          .filter((label) => label !== '')
          .map((label) => [...new TextEncoder().encode(label)])
      : name
  return [...labels.flatMap((label) => [label.length, ...label]), 0]
}

/** RD is set unless `flags` says otherwise. */
export function makeQuery(
  name: Parameters<typeof wireName>[0],
  sketch: QuerySketch = {},
): Uint8Array {
  const { id = 0x1234, type = 'A', flags = 0x0100, questions = 1, edns } = sketch
  const question = [...wireName(name), ...uint16(DNS_TYPE[type] ?? 0), ...uint16(sketch.class ?? 1)]
  const counts = [questions, 0, 0, edns === undefined ? 0 : 1].flatMap(uint16)
  const head = [...uint16(id), ...uint16(flags), ...counts]
  return Uint8Array.from([...head, ...question, ...(edns === undefined ? [] : optOf(edns))])
}

function optOf(edns: NonNullable<QuerySketch['edns']>): readonly number[] {
  const { udpOctets = 1_232, version = 0, dnssecOk = false, options = [] } = edns
  const flags = [0, version, dnssecOk ? 0x80 : 0, 0]
  return [0, 0, 41, ...uint16(udpOctets), ...flags, ...uint16(options.length), ...options]
}

export type ReadRecord = {
  readonly name: string
  readonly type: number
  readonly ttl: number
  readonly [field: string]: unknown
}

export type ReadMessage = {
  readonly bytes: Uint8Array
  readonly id: number
  readonly qr: number
  readonly aa: number
  readonly tc: number
  readonly rd: number
  readonly ra: number
  /** Four bits; the OPT has the rest. */
  readonly rcode: number
  readonly opcode: number
  readonly answers: readonly ReadRecord[]
  readonly authorities: readonly ReadRecord[]
  readonly additionals: readonly ReadRecord[]
}

/** Throws when `dns2` finds anything wrong with it. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const packet = Packet.parse(Buffer.from(bytes)) as unknown as {
    readonly header: Readonly<Record<string, number>>
    readonly errors: readonly unknown[]
    readonly answers: readonly ReadRecord[]
    readonly authorities: readonly ReadRecord[]
    readonly additionals: readonly ReadRecord[]
  }
  if (packet.errors.length > 0) throw new Error(`dns2 cannot read it: ${String(packet.errors[0])}`)
  const { header, answers, authorities, additionals } = packet
  const field = (name: string): number => header[name] ?? 0
  return {
    ...{ bytes, answers, authorities, additionals },
    ...{ id: field('id'), qr: field('qr'), aa: field('aa'), tc: field('tc') },
    ...{ rd: field('rd'), ra: field('ra'), rcode: field('rcode'), opcode: field('opcode') },
  }
}
