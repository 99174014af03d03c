// Writes a message into one buffer, with name compression (RFC 1035 §4.1.4). Names are compared for compression
// octet by octet in the message itself, so that the case of each is kept as it was given and nothing is made per name.
import type { Rdata } from '#model/dns-rdata.ts'
import { ipv6Bytes } from '#model/ipv6.ts'
import { CLASS, HEADER_OCTETS, type Question, TYPE } from './wire.ts'

export const MESSAGE_OCTETS_MAX = 65_535
/** Pointers reach this far. */
const POINTER_MAX = 0x3fff
/** Labels that later names are compared with; what follows in a long answer is written out. */
const STARTS_MAX = 128
/** Nearly every answer fits; longer ones grow. */
const FIRST_OCTETS = 512

export type SoaData = {
  readonly mname: string
  readonly rname: string
  readonly serial: number
  readonly minimum: number
}

/** `owner`: a name without a final dot, or octets of an uncompressed name. */
export type WireRecord = {
  readonly owner: string | Uint8Array
  readonly ttl: number
  readonly data:
    | Rdata
    | ({ readonly type: 'SOA' } & SoaData)
    | { readonly type: 'HINFO'; readonly cpu: string; readonly os: string }
}

/** SOA timers of every zone, seconds: MAAS's. */
const SOA_TIMERS = { refresh: 600, retry: 1_800, expire: 604_800 } as const

export class MessageWriter {
  length = HEADER_OCTETS
  /** Not cleared: what was not written is never sent. */
  #bytes: Uint8Array
  readonly #octetsMax: number
  /** Where the labels of whole names begin. */
  readonly #starts: number[] = []
  #questionName: Uint8Array | undefined
  #isFull = false

  constructor(octetsMax = MESSAGE_OCTETS_MAX) {
    this.#octetsMax = octetsMax
    this.#bytes = Buffer.allocUnsafe(Math.min(octetsMax, FIRST_OCTETS))
  }

  /** Something did not fit; what is there is of no use. */
  get isFull(): boolean {
    return this.#isFull
  }

  header(id: number, flags: number, counts: readonly number[]): void {
    const end = this.length
    this.length = 0
    for (const value of [id, flags, ...counts]) this.uint16(value)
    this.length = end
  }

  /** The first thing written. */
  question({ name, type, class: of }: Question): void {
    this.#wireName(name)
    this.#questionName = name
    this.uint16(type)
    this.uint16(of)
  }

  record({ owner, ttl, data }: WireRecord): void {
    if (typeof owner === 'string') this.#name(owner)
    else if (owner === this.#questionName) this.uint16(0xc000 | HEADER_OCTETS)
    else this.#wireName(owner)
    this.uint16(TYPE[data.type])
    this.uint16(CLASS.IN)
    this.#uint32(ttl)
    const at = this.length
    this.length += 2
    this.#data(data)
    const end = this.length
    this.length = at
    this.uint16(end - at - 2)
    this.length = end
  }

  /** `extended`: the upper bits of the RCODE. */
  opt(edns: {
    readonly udpOctets: number
    readonly extended: number
    readonly dnssecOk: boolean
    readonly cookie: Uint8Array | undefined
  }): void {
    this.uint8(0)
    this.uint16(TYPE.OPT)
    this.uint16(edns.udpOctets)
    this.uint8(edns.extended)
    this.uint8(0)
    this.uint16(edns.dnssecOk ? 0x8000 : 0)
    const { cookie } = edns
    this.uint16(cookie === undefined ? 0 : 4 + cookie.length)
    if (cookie === undefined) return
    this.uint16(10)
    this.uint16(cookie.length)
    this.octets(cookie)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  uint8(value: number): void {
    if (this.#fits(1)) this.#bytes[this.length] = value
    this.length++
  }

  uint16(value: number): void {
    if (this.#fits(2)) {
      this.#bytes[this.length] = value >> 8
      this.#bytes[this.length + 1] = value
    }
    this.length += 2
  }

  octets(octets: Uint8Array): void {
    if (this.#fits(octets.length)) this.#bytes.set(octets, this.length)
    this.length += octets.length
  }

  #uint32(value: number): void {
    this.uint16(value >>> 16)
    this.uint16(value & 65_535)
  }

  #fits(octets: number): boolean {
    const end = this.length + octets
    if (end <= this.#bytes.length) return true
    if (end > this.#octetsMax) {
      this.#isFull = true
      return false
    }
    const grown = Buffer.allocUnsafe(Math.min(this.#octetsMax, end * 4))
    grown.set(this.#bytes)
    this.#bytes = grown
    return true
  }

  #data(data: WireRecord['data']): void {
    switch (data.type) {
      case 'A':
        this.#uint32(data.ip)
        return
      case 'AAAA':
        this.octets(ipv6Bytes(data.ip))
        return
      case 'CNAME':
      case 'NS':
      case 'PTR':
        this.#name(data.target)
        return
      case 'MX':
        this.uint16(data.preference)
        this.#name(data.target)
        return
      case 'SRV':
        this.uint16(data.priority)
        this.uint16(data.weight)
        this.uint16(data.port)
        // Not compressed: RFC 2782.
        this.octets(wireName(data.target))
        return
      case 'TXT':
        for (const each of data.strings) this.#string(each)
        return
      case 'SSHFP':
        this.uint8(data.algorithm)
        this.uint8(data.kind)
        this.octets(data.fingerprint)
        return
      case 'CAA':
        this.uint8(data.flags)
        this.#string(textOctets(data.tag))
        this.octets(data.value)
        return
      case 'HINFO':
        this.#string(textOctets(data.cpu))
        this.#string(textOctets(data.os))
        return
      case 'SOA':
        this.#soa(data)
        return
      default:
        data satisfies never
    }
  }

  #soa({ mname, rname, serial, minimum }: SoaData): void {
    this.#name(mname)
    this.#name(rname)
    for (const value of [serial, ...Object.values(SOA_TIMERS), minimum]) this.#uint32(value)
  }

  #string(octets: Uint8Array): void {
    this.uint8(octets.length)
    this.octets(octets)
  }

  #name(name: string): void {
    this.#wireName(wireName(name))
  }

  /** Only whole names are compared with: of this one the end is not there yet. */
  #wireName(name: Uint8Array): void {
    const known = this.#starts.length
    let at = 0
    while (at < name.length - 1) {
      const same = this.#find(name, at, known)
      if (same !== undefined) {
        this.uint16(0xc000 | same)
        return
      }
      if (this.length <= POINTER_MAX && this.#starts.length < STARTS_MAX) {
        this.#starts.push(this.length)
      }
      const end = at + (name[at] ?? 0) + 1
      if (this.#fits(end - at)) {
        for (let from = at, to = this.length; from < end; ) this.#bytes[to++] = name[from++] ?? 0
      }
      this.length += end - at
      at = end
    }
    this.uint8(0)
  }

  /** Where the rest of `name` from `at` on stands already, among the first `known` labels. */
  #find(name: Uint8Array, at: number, known: number): number | undefined {
    for (let i = 0; i < known; i++) {
      const start = this.#starts[i] ?? 0
      if (this.#isAt(start, name, at)) return start
    }
    return undefined
  }

  #isAt(start: number, name: Uint8Array, from: number): boolean {
    const bytes = this.#bytes
    for (let there = start, here = from; ; ) {
      let length = bytes[there] ?? 0
      // A name of ours ends with a pointer to what stands before it.
      while (length >= 0xc0) {
        there = ((length & 0x3f) << 8) | (bytes[there + 1] ?? 0)
        length = bytes[there] ?? 0
      }
      const end = here + length
      for (; here <= end; here++, there++) if (bytes[there] !== name[here]) return false
      if (length === 0) return true
    }
  }
}

/** Of a name we serve: its labels have no dots and no odd octets. */
function wireName(name: string): Uint8Array {
  if (name === '') return Uint8Array.of(0)
  const octets = new Uint8Array(name.length + 2)
  let start = 0
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? 46 : name.charCodeAt(i)
    if (code === 46) {
      octets[start] = i - start
      start = i + 1
    } else octets[i + 1] = code
  }
  return octets
}

/** One UTF-16 unit per octet. */
export function latin1(octets: Uint8Array): string {
  return String.fromCharCode(...octets)
}

function textOctets(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 255)
}
