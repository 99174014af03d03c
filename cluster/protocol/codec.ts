// msgpack, and the only importer of msgpackr. Plain maps instead of records (`useRecords: false`): equal
// values give equal bytes on every node, and bytes need no memory of earlier ones (F4). What is decoded
// owns its bytes, so that a command of 50 bytes never pins the socket chunk it came in (F3).
import { Packr } from 'msgpackr'
import { AppError } from '#model/errors.ts'
import { countPlainValues } from './well-formed.ts'

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  int64AsType: 'number',
  moreTypes: false,
  structuredClone: false,
  copyBuffers: true,
})

/**
 * Plain data only: null, booleans, numbers, strings, Uint8Array, arrays, objects. Keys keep the order of
 * the object. The result is the caller's to keep.
 */
export function encode(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value))
}

/** As `encode`, but the result shares a pool of the encoder: for bytes that are written away at once. */
export function encodeBriefly(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** One value. Throws PROTOCOL for anything that `encode` would not have written. */
export function decode(bytes: Uint8Array): unknown {
  const values = decodeMany(bytes)
  if (values.length !== 1) throw malformed(`${values.length} values where one belongs`)
  return values[0]
}

/** The values written one after the other; throws PROTOCOL when the last one is cut off. */
export function decodeMany(bytes: Uint8Array): readonly unknown[] {
  const count = countPlainValues(bytes)
  if (count === null) throw malformed('not plain msgpack')
  if (count === 0) return []
  // A plain view: the decoder's copies are then plain Uint8Arrays, whatever kind of buffer came in.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return packr.unpackMultiple(view) as unknown[]
  } catch (cause) {
    throw malformed('not plain msgpack', cause)
  }
}

function malformed(why: string, cause?: unknown): AppError {
  return new AppError('PROTOCOL', `Malformed data: ${why}.`, { cause })
}
