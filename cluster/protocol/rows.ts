// Rows of the replicated tables as bytes, for the state database and for snapshots. Rows are written by
// this program and guarded by checksums where they lie; what they mean is checked by the state.
import { decode, encode, encodeBriefly } from './codec.ts'
import { malformedShape } from './shape.ts'

/** Shares the encoder's pool: write it away at once. */
export function encodeRow(row: unknown): Uint8Array {
  return encodeBriefly(row)
}

/** Throws PROTOCOL when the bytes are not one plain value. */
export function decodeRow(bytes: Uint8Array): unknown {
  return decode(bytes)
}

/** One chunk of a snapshot. */
export function encodeRows(rows: readonly unknown[]): Uint8Array {
  return encode(rows)
}

/** Throws PROTOCOL when the bytes are not one array. */
export function decodeRows(bytes: Uint8Array): readonly unknown[] {
  const rows = decode(bytes)
  if (!Array.isArray(rows)) throw malformedShape('rows', 'not an array')
  return rows
}
