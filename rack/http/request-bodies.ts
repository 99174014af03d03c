// Bodies of the requests that go on to a region. They are held whole, because a region that dies may be followed by
// another; all of them together have a limit, or a few hundred slow senders would take the memory that DHCP lives in,
// and those of one client another, or he would leave nothing to the rest.
import type { Context } from 'koa'

const BODY_BYTES_MAX = 8 << 20
/** Eight of the largest; what enlists and reports is some kilobytes. */
const ALL_BYTES_MAX = 64 << 20
const OF_CLIENT_BYTES_MAX = 16 << 20

export class RequestBodies {
  #heldBytes = 0
  readonly #ofClients = new Map<string, number>()

  /** Gives the body to `use` and forgets it afterwards. Throws 413, and 503 when too much is held. */
  async with<T>(ctx: Context, client: string, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      // To destroy the request would close the connection before the refusal is said.
      for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
        const piece = chunk as Buffer
        bytes += piece.length
        const ofClient = this.#hold(client, piece.length)
        if (bytes > BODY_BYTES_MAX) ctx.throw(413, `A body may hold ${BODY_BYTES_MAX} bytes.`)
        if (this.#heldBytes > ALL_BYTES_MAX || ofClient > OF_CLIENT_BYTES_MAX) {
          ctx.throw(503, 'This rack holds too many requests.', { headers: { 'Retry-After': '2' } })
        }
        chunks.push(piece)
      }
      return await use(Buffer.concat(chunks))
    } finally {
      this.#hold(client, -bytes)
    }
  }

  /** What the client has by then. */
  #hold(client: string, bytes: number): number {
    this.#heldBytes += bytes
    const ofClient = (this.#ofClients.get(client) ?? 0) + bytes
    if (ofClient > 0) this.#ofClients.set(client, ofClient)
    else this.#ofClients.delete(client)
    return ofClient
  }
}
