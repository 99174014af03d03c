// Clients that broadcast and that nobody was seen to answer. A rack that is not the first of its VLAN
// steps in for them (design D8); nothing about safety rests on it.
import type { ClientKey } from '#model/network.ts'

/** A client that was silent so long has given up or was answered. */
const FORGET_MS = 60_000
/** Oldest forgotten first: then that client waits a little longer for its second answer. */
const CLIENTS_MAX = 4096

type Waiting = { readonly sinceMs: number; readonly lastMs: number }

export class WaitingClients {
  readonly #clients = new Map<ClientKey, Waiting>()

  /** Milliseconds since the client's first unanswered broadcast, 0 when this is the first. */
  waitedMs(client: ClientKey, nowMs: number): number {
    const waiting = this.#clients.get(client)
    if (waiting === undefined || nowMs - waiting.lastMs > FORGET_MS) return 0
    return nowMs - waiting.sinceMs
  }

  /** The client broadcast and this rack kept silent. */
  note(client: ClientKey, nowMs: number): void {
    const sinceMs = nowMs - this.waitedMs(client, nowMs)
    this.#clients.delete(client)
    this.#clients.set(client, { sinceMs, lastMs: nowMs })
    if (this.#clients.size <= CLIENTS_MAX) return
    for (const oldest of this.#clients.keys()) {
      this.#clients.delete(oldest)
      return
    }
  }

  /** Somebody answered it. */
  forget(client: ClientKey): void {
    this.#clients.delete(client)
  }

  get size(): number {
    return this.#clients.size
  }
}
