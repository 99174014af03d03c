// Requests a rack sent over its present connection and that wait for their reply. Ids count up per
// connection. A request is never sent twice: a client's next packet is a new request (lease-protocol §3).
import type { RackToRegionReply } from '#protocol/rack.ts'

export const UNKNOWN: RackToRegionReply = { ok: false, reason: 'noQuorum' }
const OVERLOADED: RackToRegionReply = { ok: false, reason: 'overloaded' }

type Pending = {
  readonly deadlineMs: number
  readonly resolve: (reply: RackToRegionReply) => void
}

export class PendingRequests {
  readonly #inFlightMax: number
  readonly #timeoutMs: number
  /** In the order of sending, hence of deadlines. */
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  constructor(options: { readonly inFlightMax: number; readonly timeoutMs: number }) {
    this.#inFlightMax = options.inFlightMax
    this.#timeoutMs = options.timeoutMs
  }

  get size(): number {
    return this.#pending.size
  }

  /** `send` gets the id and tells whether the connection took the request. */
  add(nowMs: number, send: (id: number) => boolean): Promise<RackToRegionReply> {
    if (this.#pending.size >= this.#inFlightMax) return Promise.resolve(OVERLOADED)
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#pending.set(id, { deadlineMs: nowMs + this.#timeoutMs, resolve })
      if (!send(id)) this.settle(id, OVERLOADED)
    })
  }

  /** A reply nobody waits for any more is dropped. */
  settle(id: number, reply: RackToRegionReply): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.resolve(reply)
  }

  expire(nowMs: number): void {
    for (const [id, { deadlineMs }] of this.#pending) {
      if (deadlineMs > nowMs) return
      this.settle(id, UNKNOWN)
    }
  }

  /** The connection broke: nothing is known about any of them. The next connection counts from 1. */
  failAll(): void {
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    this.#nextId = 1
    for (const { resolve } of waiting) resolve(UNKNOWN)
  }
}
