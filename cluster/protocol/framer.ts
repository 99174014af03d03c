// Frames: four bytes of length, big-endian, then the body. The parser takes socket chunks as they come,
// any cutting of them gives the same frames. A body inside one chunk is handed out as a view of it; one
// that spans chunks is gathered in a buffer that grows with what has really arrived, so that neither a
// giant length nor a byte at a time costs memory.
import { AppError } from '#model/errors.ts'

const HEADER_BYTES = 4
const FIRST_GATHER_BYTES = 4096

export type FramerOptions = {
  readonly frameBytesMax: number
  /** Whether an empty frame means something (ping, end of a snapshot) or is a protocol error. */
  readonly allowEmpty: boolean
}

export class Framer {
  frameBytesMax: number
  readonly #allowEmpty: boolean
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #headerBytes = 0
  #length = 0
  /** Body gathered so far, when it spans chunks. */
  #gathered: Uint8Array | null = null
  #gatheredBytes = 0

  constructor(options: FramerOptions) {
    this.frameBytesMax = options.frameBytesMax
    this.#allowEmpty = options.allowEmpty
  }

  /** Bytes of an unfinished frame that are held. */
  get heldBytes(): number {
    return this.#headerBytes + this.#gatheredBytes
  }

  /** The next chunk; only after `next` has answered null for the one before. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#at = 0
  }

  /** The next whole frame, null when more bytes are needed. Throws PROTOCOL for a forbidden length. */
  next(): Uint8Array | null {
    if (!this.#readHeader()) return null
    const here = this.#chunk.length - this.#at
    if (this.#gathered === null && here >= this.#length) {
      const body = this.#chunk.subarray(this.#at, this.#at + this.#length)
      this.#at += this.#length
      this.#headerBytes = 0
      return body
    }
    return this.#gather(Math.min(here, this.#length - this.#gatheredBytes))
  }

  /** True when the length is known and allowed. */
  #readHeader(): boolean {
    if (this.#headerBytes === HEADER_BYTES) return true
    if (this.#headerBytes === 0) this.#length = 0
    while (this.#headerBytes < HEADER_BYTES) {
      const byte = this.#chunk[this.#at]
      if (byte === undefined) return false
      this.#at++
      this.#headerBytes++
      this.#length = this.#length * 256 + byte
    }
    if (this.#length > this.frameBytesMax) {
      throw new AppError('PROTOCOL', `A frame may hold ${this.frameBytesMax} bytes.`)
    }
    if (this.#length === 0 && !this.#allowEmpty) {
      throw new AppError('PROTOCOL', 'An empty frame means nothing here.')
    }
    return true
  }

  #gather(count: number): Uint8Array | null {
    const bytes = this.#chunk.subarray(this.#at, this.#at + count)
    this.#at += count
    this.#reserve(this.#gatheredBytes + count).set(bytes, this.#gatheredBytes)
    this.#gatheredBytes += count
    if (this.#gatheredBytes < this.#length) return null
    const body = this.#gathered?.subarray(0, this.#length) ?? bytes
    this.#gathered = null
    this.#gatheredBytes = 0
    this.#headerBytes = 0
    return body
  }

  #reserve(bytes: number): Uint8Array {
    if (this.#gathered !== null && this.#gathered.length >= bytes) return this.#gathered
    const doubled = Math.max(FIRST_GATHER_BYTES, (this.#gathered?.length ?? 0) * 2)
    const grown = new Uint8Array(Math.min(this.#length, Math.max(bytes, doubled)))
    if (this.#gathered !== null) grown.set(this.#gathered.subarray(0, this.#gatheredBytes))
    this.#gathered = grown
    return grown
  }
}

/** One frame out of `parts`, in a buffer of its own. */
export function frame(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + length)
  bytes.writeUInt32BE(length, 0)
  let at = HEADER_BYTES
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
