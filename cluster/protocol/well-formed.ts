// Looks over msgpack bytes before they are decoded: complete values, plain types, bounded depth. The
// decoder behind it would otherwise build regular expressions, dates, sets and record readers for
// whoever sends their extension types, and recurse as deep as the sender likes (F4). Iterative, reads
// each header once, skips over payloads.
import { FRAME_LIMITS } from './limits.ts'

/** Number of complete plain values the bytes hold; null when malformed, cut off or not plain. */
export function countPlainValues(bytes: Uint8Array): number | null {
  const open: number[] = []
  const scan = new Scan(bytes)
  let values = 0
  while (scan.at < bytes.length || open.length > 0) {
    const children = scan.header()
    if (children < 0 || scan.at > bytes.length) return null
    if (children > 0) {
      if (open.length === FRAME_LIMITS.depthMax) return null
      open.push(children)
      continue
    }
    // A value ended; with it every container whose last value it was.
    let depth = open.length - 1
    while (depth >= 0 && open[depth] === 1) {
      open.pop()
      depth--
    }
    if (depth < 0) values++
    else open[depth] = (open[depth] ?? 0) - 1
  }
  return values
}

class Scan {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Steps over one header and its payload; number of values inside, negative when refused. */
  header(): number {
    const token = this.#bytes[this.at++]
    if (token === undefined) return -1
    if (token < 0x80 || token >= 0xe0) return 0
    if (token < 0x90) return (token - 0x80) * 2
    if (token < 0xa0) return token - 0x90
    if (token < 0xc0) return this.#skip(token - 0xa0)
    switch (token) {
      case 0xc0: // nil, false, true
      case 0xc2:
      case 0xc3:
        return 0
      case 0xc4: // bin and str: 1, 2 and 4 bytes of length
      case 0xd9:
        return this.#skip(this.#length(1))
      case 0xc5:
      case 0xda:
        return this.#skip(this.#length(2))
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#length(4))
      case 0xcc: // numbers
      case 0xd0:
        return this.#skip(1)
      case 0xcd:
      case 0xd1:
        return this.#skip(2)
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4)
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return this.#skip(8)
      case 0xd4: // the one extension we write: undefined
        return this.#length(1) === 0 ? this.#skip(1) : -1
      case 0xdc:
        return this.#length(2)
      case 0xdd:
        return this.#length(4)
      case 0xde:
        return this.#length(2) * 2
      case 0xdf:
        return this.#length(4) * 2
      default:
        return -1
    }
  }

  #skip(count: number): number {
    if (count < 0) return -1
    this.at += count
    return 0
  }

  /** Negative when the bytes end before it. */
  #length(width: 1 | 2 | 4): number {
    const at = this.at
    this.at += width
    if (this.at > this.#bytes.length) return -1
    if (width === 1) return this.#view.getUint8(at)
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }
}
