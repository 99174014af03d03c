// The window of AppendEntries on their way to one peer, limited in messages and in bytes.
// First in, first out: an acknowledgement of index i frees every message that ends at or before i.
import assert from 'node:assert/strict'
import type { LogIndex } from './types.ts'

type Inflight = { readonly lastIndex: LogIndex; readonly bytes: number }

export class Inflights {
  readonly #messagesMax: number
  readonly #bytesMax: number
  #queue: Inflight[] = []
  /** The queue's first live element; the array is cut when half of it is dead. */
  #head = 0
  #bytes = 0

  constructor(limits: { readonly messagesMax: number; readonly bytesMax: number }) {
    assert(limits.messagesMax > 0)
    assert(limits.bytesMax > 0)
    this.#messagesMax = limits.messagesMax
    this.#bytesMax = limits.bytesMax
  }

  get count(): number {
    return this.#queue.length - this.#head
  }

  /** The byte limit may be passed by one message, never by two. */
  get isFull(): boolean {
    return this.count >= this.#messagesMax || this.#bytes >= this.#bytesMax
  }

  add(lastIndex: LogIndex, bytes: number): void {
    assert(!this.isFull, 'nothing is sent through a full window')
    const previous = this.#queue.at(-1)
    assert(this.count === 0 || previous === undefined || previous.lastIndex < lastIndex)
    this.#queue.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  freeTo(index: LogIndex): void {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const inflight = this.#queue[i]
      if (inflight === undefined || inflight.lastIndex > index) break
      this.#bytes -= inflight.bytes
      this.#head = i + 1
    }
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    assert(this.#bytes >= 0)
  }

  clear(): void {
    this.#queue = []
    this.#head = 0
    this.#bytes = 0
  }
}
