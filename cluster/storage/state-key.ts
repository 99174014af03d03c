// Keys of the state database: table, then key, in an encoding whose byte order is the order of the parts
// (numbers by value, strings by code point), and in which no key is a prefix of another table's.
//
//   01 | table UTF-8 | 00 | parts: 01 + double, sign-flipped, big endian
//                                  02 + UTF-8 with 00 written as 00 ff, then 00 00
import assert from 'node:assert/strict'

export type StateKeyPart = string | number
export type StateKey = StateKeyPart | readonly StateKeyPart[]

const ROW_PREFIX = 0x01
const NUMBER = 0x01
const STRING = 0x02

/** The one key that is no row's. */
export const STATE_META_KEY = Buffer.from([0x00])

export function encodeStateKey(table: string, key: StateKey): Buffer {
  assert(table !== '' && !table.includes('\0'), 'a table has a plain name')
  const parts = typeof key === 'object' ? key : [key]
  const encoded = parts.map((part) =>
    typeof part === 'number' ? encodeNumber(part) : encodeString(part),
  )
  return Buffer.concat([Buffer.from([ROW_PREFIX]), Buffer.from(`${table}\0`), ...encoded])
}

/** A key of one part comes back as that part. Undefined when malformed. */
export function decodeStateKey(
  bytes: Buffer,
): { readonly table: string; readonly key: StateKey } | undefined {
  const tableEnd = bytes.indexOf(0)
  if (bytes[0] !== ROW_PREFIX || tableEnd < 2) return undefined
  const parts: StateKeyPart[] = []
  let position = tableEnd + 1
  while (position < bytes.length) {
    const read =
      bytes[position] === NUMBER ? readNumber(bytes, position) : readString(bytes, position)
    if (read === undefined) return undefined
    parts.push(read.part)
    position = read.end
  }
  const [only] = parts
  if (only === undefined) return undefined
  return { table: bytes.toString('utf8', 1, tableEnd), key: parts.length === 1 ? only : parts }
}

type Read = { readonly part: StateKeyPart; readonly end: number }

function encodeNumber(value: number): Buffer {
  assert(!Number.isNaN(value), 'a key is a number')
  const bytes = Buffer.alloc(9)
  bytes[0] = NUMBER
  // -0 and 0 are the same key.
  bytes.writeDoubleBE(value === 0 ? 0 : value, 1)
  flipSign(bytes, value < 0)
  return bytes
}

function readNumber(bytes: Buffer, at: number): Read | undefined {
  if (bytes.length < at + 9) return undefined
  const copy = Buffer.from(bytes.subarray(at, at + 9))
  flipSign(copy, (copy[1] ?? 0) < 0x80)
  return { part: copy.readDoubleBE(1), end: at + 9 }
}

/** Negative doubles order backwards by their bits: invert them all; positive: only the sign. */
function flipSign(bytes: Buffer, negative: boolean): void {
  if (negative) for (let i = 1; i < 9; i++) bytes[i] = ~(bytes[i] ?? 0)
  else bytes[1] = (bytes[1] ?? 0) ^ 0x80
}

function encodeString(text: string): Buffer {
  assert(!/\p{Surrogate}/u.test(text), 'a key is well-formed text')
  const bytes = [STRING]
  for (const byte of Buffer.from(text)) {
    bytes.push(byte)
    if (byte === 0) bytes.push(0xff)
  }
  bytes.push(0, 0)
  return Buffer.from(bytes)
}

function readString(bytes: Buffer, at: number): Read | undefined {
  if (bytes[at] !== STRING) return undefined
  const text: number[] = []
  for (let i = at + 1; i < bytes.length - 1; i++) {
    const byte = bytes[i] ?? 0
    if (byte !== 0) text.push(byte)
    else if (bytes[i + 1] === 0) return { part: Buffer.from(text).toString(), end: i + 2 }
    else {
      text.push(0)
      i++
    }
  }
  return undefined
}
