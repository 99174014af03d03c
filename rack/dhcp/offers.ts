// Addresses offered and not yet requested, kept for ten seconds so that this rack does not offer one to
// two clients at once. A courtesy to clients, not a promise: only the region's commit decides.
import type { Ipv4 } from '#model/ipv4.ts'
import type { ClientKey } from '#model/network.ts'

/** Lease-protocol §6. */
export const OFFER_MS = 10_000
/** New clients within ten seconds; past it they are not answered, and ask again. About 3 MB. */
export const OFFERS_MAX = 16_384

/** Seen in use by somebody else (lease-protocol §6). */
const BARRED_MS = 3_600_000
const BARRED_MAX = 1_024
/** No client has this key. */
const NOBODY: ClientKey = ''

type Offer = { readonly client: ClientKey; readonly endsAtMs: number }

export interface OffersView {
  /** Client the address is offered to now. */
  readonly clientOf: (ip: Ipv4, nowMs: number) => ClientKey | undefined
  readonly addressOf: (client: ClientKey, nowMs: number) => Ipv4 | undefined
}

export class Offers implements OffersView {
  readonly #byAddress = new Map<Ipv4, Offer>()
  readonly #byClient = new Map<ClientKey, Ipv4>()
  /** Until when, oldest first. */
  readonly #barred = new Map<Ipv4, number>()

  clientOf(ip: Ipv4, nowMs: number): ClientKey | undefined {
    if ((this.#barred.get(ip) ?? 0) > nowMs) return NOBODY
    const offer = this.#byAddress.get(ip)
    return offer !== undefined && offer.endsAtMs > nowMs ? offer.client : undefined
  }

  addressOf(client: ClientKey, nowMs: number): Ipv4 | undefined {
    const ip = this.#byClient.get(client)
    return ip !== undefined && this.clientOf(ip, nowMs) === client ? ip : undefined
  }

  /**
   * Renews or replaces the client's offer. False, and nothing kept, when the table is full or the
   * address is offered to another.
   */
  put(ip: Ipv4, client: ClientKey, nowMs: number): boolean {
    const other = this.clientOf(ip, nowMs)
    if (other !== undefined && other !== client) return false
    this.#removeEnded(nowMs)
    this.forget(client)
    const stale = this.#byAddress.get(ip)
    if (stale !== undefined) this.forget(stale.client)
    if (this.#byAddress.size >= OFFERS_MAX) return false
    this.#byAddress.set(ip, { client, endsAtMs: nowMs + OFFER_MS })
    this.#byClient.set(client, ip)
    return true
  }

  forget(client: ClientKey): void {
    const ip = this.#byClient.get(client)
    if (ip === undefined) return
    this.#byClient.delete(client)
    this.#byAddress.delete(ip)
  }

  /** Offered to nobody for an hour, whatever the regions hear of it. */
  bar(ip: Ipv4, nowMs: number): void {
    this.#barred.delete(ip)
    const [oldest] = this.#barred.keys()
    if (oldest !== undefined && this.#barred.size >= BARRED_MAX) this.#barred.delete(oldest)
    this.#barred.set(ip, nowMs + BARRED_MS)
  }

  get size(): number {
    return this.#byAddress.size
  }

  /** All offers last equally long, so the map's order is the order of ending. */
  #removeEnded(nowMs: number): void {
    for (const offer of this.#byAddress.values()) {
      if (offer.endsAtMs > nowMs) return
      this.forget(offer.client)
    }
  }
}
