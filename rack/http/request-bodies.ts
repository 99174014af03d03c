// Bodies of the requests that go on to a region: held whole, because a region that dies may be followed by another.
import type { Context } from 'koa'
import { HeldBodies } from '#platform/held-bodies.ts'

const BODY_BYTES_MAX = 8 << 20
/** Eight of the largest in all; what enlists and reports is some kilobytes. */
const LIMITS = { ofClientBytes: 16 << 20, allBytes: 64 << 20 } as const

export class RequestBodies {
  readonly #held = new HeldBodies(LIMITS)

  /** Gives the body to `use` and forgets it afterwards. Throws 413, and 503 when too much is held. */
  with<T>(ctx: Context, client: string, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    const refuse = (why: 'tooLong' | 'tooMuch'): never => {
      if (why === 'tooLong') ctx.throw(413, `A body may hold ${BODY_BYTES_MAX} bytes.`)
      ctx.throw(503, 'This rack holds too many requests.', { headers: { 'Retry-After': '2' } })
    }
    return this.#held.with(ctx.req, { client, bytesMax: BODY_BYTES_MAX, refuse }, use)
  }
}
