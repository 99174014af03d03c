// Messages out of a TCP stream: two octets of length, then so many (RFC 1035 §4.2.2), however the stream is cut.
// Holds no more than one message.

export class StreamFramer {
  #pending: Uint8Array = new Uint8Array(0)

  /** Something of a message is here and the rest is not. */
  get isWaiting(): boolean {
    return this.#pending.length > 0
  }

  /** Whole messages, in order; they are copies. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    const all = new Uint8Array(this.#pending.length + bytes.length)
    all.set(this.#pending)
    all.set(bytes, this.#pending.length)
    const messages: Uint8Array[] = []
    let at = 0
    for (;;) {
      const length = at + 2 <= all.length ? ((all[at] ?? 0) << 8) | (all[at + 1] ?? 0) : undefined
      if (length === undefined || at + 2 + length > all.length) break
      messages.push(all.slice(at + 2, at + 2 + length))
      at += 2 + length
    }
    this.#pending = all.slice(at)
    return messages
  }
}
