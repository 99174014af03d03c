// Messages out of a TCP stream: two octets of length, then so many (RFC 1035 §4.2.2), however the stream is cut.
// Holds no more than one message.

export class StreamFramer {
  readonly #octetsMax: number
  #pending: Uint8Array = new Uint8Array(0)
  #isOver = false

  /** `octetsMax`: of one message; what announces more is not waited for. */
  constructor(octetsMax = 65_535) {
    this.#octetsMax = octetsMax
  }

  /** A message longer than allowed was announced; nothing is read any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Something of a message is here and the rest is not. */
  get isWaiting(): boolean {
    return this.#pending.length > 0
  }

  /** Whole messages, in order; they are copies. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#isOver) return []
    const all = new Uint8Array(this.#pending.length + bytes.length)
    all.set(this.#pending)
    all.set(bytes, this.#pending.length)
    const messages: Uint8Array[] = []
    let at = 0
    for (;;) {
      const length = at + 2 <= all.length ? ((all[at] ?? 0) << 8) | (all[at + 1] ?? 0) : undefined
      this.#isOver = length !== undefined && length > this.#octetsMax
      if (length === undefined || this.#isOver || at + 2 + length > all.length) break
      messages.push(all.slice(at + 2, at + 2 + length))
      at += 2 + length
    }
    this.#pending = this.#isOver ? new Uint8Array(0) : all.slice(at)
    return messages
  }
}
