// Answers of other servers for as long as their TTLs say, the least lately used first to go. Pure: the time comes in.
import type { UpstreamAnswer } from './upstream-message.ts'

type Kept = { readonly answer: UpstreamAnswer; readonly atMs: number; readonly untilMs: number }

/** Longest times, seconds, whatever the TTL: RFC 8767 §4, RFC 2308 §5. */
const POSITIVE_SECONDS_MAX = 86_400
const NEGATIVE_SECONDS_MAX = 10_800
/** Per entry besides its octets, about. */
const ENTRY_OCTETS = 400

export type CacheLimits = { readonly entries: number; readonly octets: number }

export class ForwardCache {
  readonly #limits: CacheLimits
  readonly #entries = new Map<string, Kept>()
  #octets = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** With how old it is, seconds. */
  get(
    key: string,
    nowMs: number,
  ): { readonly answer: UpstreamAnswer; readonly ageSeconds: number } | undefined {
    const kept = this.#entries.get(key)
    if (kept === undefined) return undefined
    this.#drop(key)
    if (kept.untilMs <= nowMs) return undefined
    this.#keep(key, kept)
    return { answer: kept.answer, ageSeconds: Math.floor((nowMs - kept.atMs) / 1_000) }
  }

  put(key: string, answer: UpstreamAnswer, nowMs: number): void {
    const isPositive = answer.rcode === 0 && answer.answers > 0
    const max = isPositive ? POSITIVE_SECONDS_MAX : NEGATIVE_SECONDS_MAX
    const seconds = Math.min(answer.ttl, max)
    if (seconds <= 0 || answer.truncated) return
    this.#drop(key)
    this.#keep(key, { answer, atMs: nowMs, untilMs: nowMs + seconds * 1_000 })
    for (const [oldest] of this.#entries) {
      const { entries, octets } = this.#limits
      if (this.#entries.size <= entries && this.#octets <= octets) return
      this.#drop(oldest)
    }
  }

  #keep(key: string, kept: Kept): void {
    this.#entries.set(key, kept)
    this.#octets += octetsOf(key, kept)
  }

  #drop(key: string): void {
    const kept = this.#entries.get(key)
    if (kept === undefined) return
    this.#entries.delete(key)
    this.#octets -= octetsOf(key, kept)
  }
}

function octetsOf(key: string, { answer }: Kept): number {
  return ENTRY_OCTETS + key.length + answer.bytes.length + answer.ttlOffsets.length * 8
}
