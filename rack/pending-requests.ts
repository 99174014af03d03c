// Requests a rack sent over its present connection and that wait for their reply. Ids count up per
// connection. A request is never sent twice: a client's next packet is a new request (lease-protocol §3).
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'

export const UNKNOWN: RackToRegionReply = { ok: false, reason: 'noQuorum' }
const OVERLOADED: RackToRegionReply = { ok: false, reason: 'overloaded' }

/** A client does not wait for more: what no region answered by then is answered by the rack's own rights. */
const REQUEST_TIMEOUT_MS = 800
/** A tenure whose answer was lost cannot be used and keeps the next one away until it lapses: worth waiting for. */
const TENURE_TIMEOUT_MS = 10_000

export function requestTimeoutMs({ type }: Pick<RackRequest, 'type'>): number {
  return type === 'tenure.hello' || type === 'tenure.beat' ? TENURE_TIMEOUT_MS : REQUEST_TIMEOUT_MS
}

type Pending = {
  readonly deadlineMs: number
  readonly resolve: (reply: RackToRegionReply) => void
}

export class PendingRequests {
  readonly #inFlightMax: number
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  constructor(options: { readonly inFlightMax: number }) {
    this.#inFlightMax = options.inFlightMax
  }

  get size(): number {
    return this.#pending.size
  }

  /** Waits until `deadlineMs`. `send` gets the id and tells whether the connection took the request. */
  add(deadlineMs: number, send: (id: number) => boolean): Promise<RackToRegionReply> {
    if (this.#pending.size >= this.#inFlightMax) return Promise.resolve(OVERLOADED)
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#pending.set(id, { deadlineMs, resolve })
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
      if (deadlineMs <= nowMs) this.settle(id, UNKNOWN)
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
