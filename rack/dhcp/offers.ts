// Addresses offered and not yet requested, kept for ten seconds so that this rack does not offer one to
// two clients at once. A courtesy to clients, not a promise: only the region's commit decides.
import type { Ipv4 } from '#model/ipv4.ts'
import type { ClientKey } from '#model/network.ts'

/** Lease-protocol §6. */
export const OFFER_MS = 10_000
/** New clients within ten seconds; past it they are not answered, and ask again. About 3 MB. */
export const OFFERS_MAX = 16_384

type Offer = { readonly client: ClientKey; readonly endsAtMs: number }

export interface OffersView {
  /** Client the address is offered to now. */
  readonly clientOf: (ip: Ipv4, nowMs: number) => ClientKey | undefined
  readonly addressOf: (client: ClientKey, nowMs: number) => Ipv4 | undefined
}

export class Offers implements OffersView {
  readonly #byAddress = new Map<Ipv4, Offer>()
  readonly #byClient = new Map<ClientKey, Ipv4>()

  clientOf(ip: Ipv4, nowMs: number): ClientKey | undefined {
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
