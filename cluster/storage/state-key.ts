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
  const tableBytes = Buffer.byteLength(table)
  const parts = typeof key === 'object' ? key : [key]
  let length = 2 + tableBytes
  for (const part of parts) length += partBytes(part)
  const bytes = Buffer.allocUnsafe(length)
  bytes[0] = ROW_PREFIX
  bytes.write(table, 1)
  bytes[1 + tableBytes] = 0
  let at = 2 + tableBytes
  for (const part of parts) {
    at = typeof part === 'number' ? writeNumber(bytes, at, part) : writeString(bytes, at, part)
  }
  return bytes
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

const NUL = /\0/g

function partBytes(part: StateKeyPart): number {
  if (typeof part === 'number') return 9
  const bytes = Buffer.byteLength(part)
  // Plain ASCII, which nearly every key is, has no surrogates.
  assert(bytes === part.length || !/\p{Surrogate}/u.test(part), 'a key is well-formed text')
  return 3 + bytes + (part.includes('\0') ? (part.match(NUL)?.length ?? 0) : 0)
}

/** Returns where the next part begins. */
function writeNumber(bytes: Buffer, at: number, value: number): number {
  assert(!Number.isNaN(value), 'a key is a number')
  bytes[at] = NUMBER
  // -0 and 0 are the same key.
  bytes.writeDoubleBE(value === 0 ? 0 : value, at + 1)
  flipSign(bytes.subarray(at, at + 9), value < 0)
  return at + 9
}

/** Returns where the next part begins. */
function writeString(bytes: Buffer, at: number, text: string): number {
  bytes[at] = STRING
  const escaped = text.includes('\0')
    ? Buffer.from(text).toString('latin1').replace(NUL, '\0\xff')
    : null
  const end =
    at + 1 + (escaped === null ? bytes.write(text, at + 1) : bytes.write(escaped, at + 1, 'latin1'))
  bytes[end] = 0
  bytes[end + 1] = 0
  return end + 2
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
