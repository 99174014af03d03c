// One TCP forwarder in front of one party: partitions without root. A blocked direction is not read from, so
// its bytes wait where the kernel keeps them, as they would wait in a real network for a retransmission after
// the cut is healed; whoever has a deadline gives up before. A new connection through a cut is accepted and
// then gets no further, as if its SYN had been lost. Bytes are never dropped, changed or reordered: that is TCP's
// promise to the product.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Network } from './network.ts'

export type ProxyOptions = {
  /** 0: any port. */
  readonly port: number
  readonly forwardPort: number
  /** The party behind it. */
  readonly target: string
  /** Who connected, by the port it came from. */
  readonly sourceOf: (remotePort: number) => string | Promise<string>
  readonly network: Network
}

/** A caller says no more than its greeting before it is answered. */
const EARLY_CHUNKS_MAX = 16
const HOST = '127.0.0.1'
/** More connections at once than this are refused. */
const CONNECTIONS_MAX = 2_000

export class Proxy {
  readonly #server: Server
  readonly #links = new Set<ProxyLink>()
  #options: ProxyOptions

  private constructor(options: ProxyOptions) {
    this.#options = options
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
      near.on('error', ignore)
      void this.#accept(near, this.#options)
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  static async start(options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(options)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(options.port, HOST, () => resolve())
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** New connections go there; those that are open stay where they are. */
  redirect(to: Pick<ProxyOptions, 'forwardPort' | 'target'>): void {
    this.#options = { ...this.#options, ...to }
  }

  async #accept(near: Socket, options: ProxyOptions): Promise<void> {
    const source = await options.sourceOf(near.remotePort ?? 0)
    if (near.destroyed || !this.#server.listening) {
      near.destroy()
      return
    }
    const link = new ProxyLink(near, source, options, () => this.#links.delete(link))
    this.#links.add(link)
  }

  async close(): Promise<void> {
    for (const link of [...this.#links]) link.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class ProxyLink {
  readonly #near: Socket
  readonly #source: string
  readonly #options: ProxyOptions
  readonly #onEnd: () => void
  readonly #stopListening: () => void
  #far: Socket | null = null
  /** What came before there was anybody to send it to. */
  readonly #early: Buffer[] = []
  #isConnected = false
  /** One side is gone; the other is told when the network lets it know. */
  #lost: 'near' | 'far' | null = null

  constructor(near: Socket, source: string, options: ProxyOptions, onEnd: () => void) {
    this.#near = near
    this.#source = source
    this.#options = options
    this.#onEnd = onEnd
    this.#stopListening = options.network.onChange(() => this.#update())
    near.on('close', () => this.#onLost('near'))
    near.on('data', (chunk: Buffer) => this.#onEarly(chunk))
    // Read from at once: only who reads hears that the caller has given up.
    near.on('end', () => this.#far ?? this.destroy())
    near.resume()
    this.#update()
  }

  destroy(): void {
    this.#stopListening()
    this.#near.destroy()
    this.#far?.destroy()
    this.#onEnd()
  }

  #mayReach(to: 'near' | 'far'): boolean {
    const { network, target } = this.#options
    return to === 'far'
      ? network.allows(this.#source, target)
      : network.allows(target, this.#source)
  }

  #update(): void {
    if (this.#lost !== null) return this.#onLost(this.#lost)
    if (this.#far === null) return this.#dial()
    if (!this.#isConnected) return
    setFlow(this.#near, this.#far, this.#mayReach('far'))
    setFlow(this.#far, this.#near, this.#mayReach('near'))
  }

  #onEarly(chunk: Buffer): void {
    if (this.#isConnected) return
    this.#early.push(chunk)
    if (this.#early.length >= EARLY_CHUNKS_MAX) this.#near.pause()
  }

  /** A handshake needs both directions. */
  #dial(): void {
    if (!this.#mayReach('far') || !this.#mayReach('near')) return
    const far = connect({ host: HOST, port: this.#options.forwardPort, allowHalfOpen: true })
    this.#far = far
    far.setNoDelay(true)
    this.#near.setNoDelay(true)
    far.on('error', ignore)
    far.on('close', () => this.#onLost('far'))
    far.on('connect', () => {
      this.#isConnected = true
      for (const chunk of this.#early.splice(0)) far.write(chunk)
      pump(this.#near, far)
      pump(far, this.#near)
      if (this.#near.readableEnded) far.end()
      this.#update()
    })
    for (const socket of [this.#near, far]) socket.on('drain', () => this.#update())
  }

  #onLost(side: 'near' | 'far'): void {
    this.#lost ??= side
    if (this.#mayReach(this.#lost === 'near' ? 'far' : 'near')) this.destroy()
  }
}

function pump(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  from.on('end', () => to.end())
}

function setFlow(from: Socket, to: Socket, allowed: boolean): void {
  if (allowed && !to.writableNeedDrain) from.resume()
  else from.pause()
}

function ignore(): void {
  // 'close' follows and is acted upon.
}
