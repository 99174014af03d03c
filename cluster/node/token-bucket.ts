// A limit on bytes per second. The last taker may overdraw, so that no piece is too large for it; the next
// one waits until the debt is paid.
import type { Clock, Scheduler } from '#model/ports.ts'
import { systemScheduler } from '#platform/system.ts'

export class TokenBucket {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  /** What an idle bucket holds: this much may leave at once. */
  readonly #burstBytes: number
  #bytes: number
  #filledMs: number

  constructor(
    clock: Clock,
    limit: { readonly bytesPerSecond: number; readonly burstBytes: number },
  ) {
    this.#clock = clock
    this.#bytesPerSecond = limit.bytesPerSecond
    this.#burstBytes = limit.burstBytes
    this.#bytes = limit.burstBytes
    this.#filledMs = clock.monotonicMs()
  }

  /** Takes `bytes`; ms to wait before they may leave, 0 for none. */
  take(bytes: number): number {
    const nowMs = this.#clock.monotonicMs()
    const filled = this.#bytes + ((nowMs - this.#filledMs) * this.#bytesPerSecond) / 1_000
    this.#bytes = Math.min(this.#burstBytes, filled)
    this.#filledMs = nowMs
    const waitMs = Math.ceil((Math.max(0, -this.#bytes) * 1_000) / this.#bytesPerSecond)
    this.#bytes -= bytes
    return waitMs
  }
}

/** The same chunks, no faster than the bucket allows. */
export async function* throttled(
  chunks: AsyncIterable<Uint8Array>,
  bucket: TokenBucket,
  after: Scheduler['after'] = systemScheduler.after,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const waitMs = bucket.take(chunk.byteLength)
    if (waitMs > 0) await new Promise<void>((resolve) => void after(waitMs, resolve))
    yield chunk
  }
}
