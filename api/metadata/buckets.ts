// Token buckets by key, of a bounded number of keys: how often a machine may ask, and how often its word may reach the
// log. Of each region for itself.
import type { Clock } from '#model/ports.ts'

/** Some 2 MB; beyond it the key that was used least lately is forgotten, and begins with a full bucket. */
const KEYS_MAX = 10_000

type Bucket = { readonly tokens: number; readonly atMs: number }

export class Buckets {
  readonly #clock: Clock
  readonly #burst: number
  readonly #perSecond: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, rate: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock
    this.#burst = rate.burst
    this.#perSecond = rate.perSecond
  }

  /** False: too often. */
  take(key: string): boolean {
    const atMs = this.#clock.monotonicMs()
    const known = this.#buckets.get(key) ?? { tokens: this.#burst, atMs }
    const filled = known.tokens + ((atMs - known.atMs) / 1_000) * this.#perSecond
    const tokens = Math.min(this.#burst, filled)
    const isGiven = tokens >= 1
    // At the end of the map again: the first one is the oldest.
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: isGiven ? tokens - 1 : tokens, atMs })
    if (this.#buckets.size > KEYS_MAX) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return isGiven
  }
}
