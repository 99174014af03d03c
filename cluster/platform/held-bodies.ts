// Bodies of requests that are held whole while they are used: each has a limit, those of one client together, and all of
// them, or a few hundred slow senders would take the memory that everything else lives in.
import type { Readable } from 'node:stream'

export type HeldBodiesLimits = { readonly ofClientBytes: number; readonly allBytes: number }

export type BodyWanted = {
  /** Whose limit it counts for. */
  readonly client: string
  readonly bytesMax: number
  /** Throws what the client is told: this body is longer than it may be, or too much is held already. */
  readonly refuse: (why: 'tooLong' | 'tooMuch') => never
}

export class HeldBodies {
  readonly #limits: HeldBodiesLimits
  #heldBytes = 0
  readonly #ofClients = new Map<string, number>()

  constructor(limits: HeldBodiesLimits) {
    this.#limits = limits
  }

  /** Gives the body to `use` and forgets it afterwards. Throws what `refuse` and `use` throw. */
  async with<T>(
    request: Readable,
    { client, bytesMax, refuse }: BodyWanted,
    use: (body: Buffer) => Promise<T>,
  ): Promise<T> {
    const { ofClientBytes, allBytes } = this.#limits
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      // To destroy the request would close the connection before the refusal is said.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const piece = chunk as Buffer
        bytes += piece.length
        const ofClient = this.#hold(client, piece.length)
        if (bytes > bytesMax) refuse('tooLong')
        if (ofClient > ofClientBytes || this.#heldBytes > allBytes) refuse('tooMuch')
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
