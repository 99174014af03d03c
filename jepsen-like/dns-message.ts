// DNS messages as a client needs them, to ask for A, PTR and SOA: our own reading of RFC 1035, which shares nothing
// with the code that answers. Pure.

export type QuestionType = 'A' | 'PTR' | 'SOA'
export type Question = { readonly name: string; readonly type: QuestionType }

export type Answer = {
  readonly id: number
  readonly rcode: number
  readonly truncated: boolean
  /** Of the asked type, as text, sorted: an address, a name without a final dot, or a serial. */
  readonly values: readonly string[]
  /** Of every SOA in it, by the name of the server that it names. */
  readonly serials: readonly { readonly server: string; readonly serial: number }[]
}

const TYPES = { A: 1, SOA: 6, PTR: 12 } as const
const CLASS_IN = 1
/** Jumps while reading one name; a longer chain is a loop. */
const JUMPS_MAX = 32

export function makeQuery(id: number, { name, type }: Question): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')])
  const head = [...uint16(id), ...uint16(0), ...[1, 0, 0, 0].flatMap(uint16)]
  return Buffer.from([...head, ...labels, 0, ...uint16(TYPES[type]), ...uint16(CLASS_IN)])
}

/** `10.204.0.7` → `7.0.204.10.in-addr.arpa`. */
export function reverseName(ip: string): string {
  return `${ip.split('.').toReversed().join('.')}.in-addr.arpa`
}

/** Throws a RangeError for what is no answer to a question of `type`. */
export function readAnswer(bytes: Buffer, type: QuestionType): Answer {
  const flags = bytes.readUInt16BE(2)
  if ((flags & 0x8000) === 0) throw new RangeError('a query came instead of an answer')
  const [questions = 0, ...sections] = [4, 6, 8].map((at) => bytes.readUInt16BE(at))
  let at = 12
  for (let i = 0; i < questions; i++) at = readName(bytes, at).end + 4
  const values: string[] = []
  const serials: { server: string; serial: number }[] = []
  for (const [section, count] of sections.entries()) {
    for (let i = 0; i < count; i++) {
      const owner = readName(bytes, at)
      const recordType = bytes.readUInt16BE(owner.end)
      const data = owner.end + 10
      at = data + bytes.readUInt16BE(owner.end + 8)
      if (at > bytes.length) throw new RangeError('a record goes on behind the message')
      if (recordType === TYPES.SOA) serials.push(readSoa(bytes, data))
      if (section === 0 && recordType === TYPES[type]) values.push(readValue(bytes, data, type))
    }
  }
  return {
    ...{ id: bytes.readUInt16BE(0), rcode: flags & 15, truncated: (flags & 0x0200) !== 0 },
    ...{ values: values.toSorted(), serials },
  }
}

function readValue(bytes: Buffer, at: number, type: QuestionType): string {
  if (type === 'A') return [...bytes.subarray(at, at + 4)].join('.')
  return type === 'PTR' ? readName(bytes, at).name : String(readSoa(bytes, at).serial)
}

function readSoa(bytes: Buffer, at: number) {
  const server = readName(bytes, at)
  return { server: server.name, serial: bytes.readUInt32BE(readName(bytes, server.end).end) }
}

/** In lower case; `end` is behind it where it stands. */
function readName(bytes: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let end: number | undefined
  for (let at = from, jumps = 0; ; ) {
    const length = bytes.readUInt8(at)
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: end ?? at + 1 }
    if (length >= 0xc0) {
      end ??= at + 2
      at = bytes.readUInt16BE(at) & 0x3fff
      if (++jumps > JUMPS_MAX) throw new RangeError('a name that never ends')
    } else {
      labels.push(bytes.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
  }
}

function uint16(value: number): readonly number[] {
  return [value >> 8, value & 255]
}
