// Byte ranges (RFC 9110 §14): pure. One range is served; several at once are answered with the whole
// file, as §14.2 allows.

export type ByteRange = { readonly start: number; readonly end: number }

/** Undefined: serve everything. `unsatisfiable`: 416. Bounds are inclusive. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.replaceAll(' ', '') ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const suffixBytes = Number(match[2])
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable'
    return { start: Math.max(0, sizeBytes - suffixBytes), end: sizeBytes - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? sizeBytes - 1 : Number(match[2])
  // An end before the start is no range at all (§14.1.1): the header is ignored.
  if (match[2] !== '' && end < start) return undefined
  if (start >= sizeBytes) return 'unsatisfiable'
  return { start, end: Math.min(end, sizeBytes - 1) }
}

/** If-None-Match (§13.1.2): weak comparison, `*` matches all. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((each) => {
    const candidate = each.trim().replace(/^W\//, '')
    return candidate === '*' || candidate === etag
  })
}
