// Answers router solicitations on the links it is told to. Only solicited: nothing is ever sent unasked.
import type { MacAddress } from '#model/mac-address.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { Icmpv6Socket } from '#rack/net/icmpv6-socket.ts'
import type { Sockets } from '#rack/net/sockets.ts'
import {
  type AdvertisedPrefix,
  destinationOf,
  formatRouterAdvertisement,
  isRouterSolicitation,
} from './router-advertisement.ts'

export type RaLink = {
  readonly name: string
  readonly interfaceIndex: number
  readonly mac: MacAddress
}

export type RaOptions = {
  readonly sockets: Pick<Sockets, 'openIcmpv6' | 'backend'>
  readonly prefixes?: readonly AdvertisedPrefix[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

type Served = RaLink & { readonly socket: Icmpv6Socket }

/** Answers a second on one link; a boot storm of 500 machines sends fewer after its first second. */
const ANSWERS_PER_SECOND = 100

export class RouterAdvertiser {
  readonly #options: RaOptions
  readonly #served = new Map<string, Served>()
  /** Link → reason already logged. */
  readonly #failures = new Map<string, string>()
  #second = 0
  #answers = 0

  constructor(options: RaOptions) {
    this.#options = options
  }

  served(): readonly string[] {
    return [...this.#served.keys()]
  }

  /** Serves exactly these links from now on. A link that cannot be had is logged once and tried again. */
  follow(links: readonly RaLink[]): void {
    const wanted = new Map(links.map((link) => [link.name, link]))
    for (const served of this.#served.values()) {
      const link = wanted.get(served.name)
      const isSame = link?.interfaceIndex === served.interfaceIndex && link.mac === served.mac
      if (!isSame) this.#stop(served)
    }
    for (const link of wanted.values()) {
      if (!this.#served.has(link.name)) this.#start(link)
    }
  }

  async close(): Promise<void> {
    const closing = [...this.#served.values()].map(({ socket }) => socket.close())
    this.#served.clear()
    await Promise.all(closing)
  }

  #start(link: RaLink): void {
    const { sockets, logger } = this.#options
    const { name, interfaceIndex } = link
    try {
      const onError = (error: unknown): void =>
        logger.warn('ra.receive_failed', { link: name, error: describeError(error) })
      const socket = sockets.openIcmpv6({ device: name, interfaceIndex, onError })
      if (socket === undefined) {
        this.#fail(name, `sockets of kind ${sockets.backend} cannot do it`)
        return
      }
      this.#served.set(name, { ...link, socket })
      this.#failures.delete(name)
      const { prefixes } = this.#options
      const advertisement = formatRouterAdvertisement({
        mac: link.mac,
        prefixes: prefixes ?? [],
        mtu: undefined,
      })
      socket.onPacket((bytes, source) => {
        if (isRouterSolicitation(bytes, source)) this.#answer(socket, source, advertisement)
        else this.#count('malformed')
      })
      logger.info('ra.link_served', { link: name })
    } catch (error) {
      this.#fail(name, describeError(error))
    }
  }

  #answer(socket: Icmpv6Socket, source: Uint8Array, advertisement: Uint8Array): void {
    const second = Math.floor(this.#options.clock.monotonicMs() / 1000)
    if (second !== this.#second) this.#answers = 0
    this.#second = second
    this.#answers++
    if (this.#answers > ANSWERS_PER_SECOND) {
      this.#count('limited')
      return
    }
    this.#count(socket.send(destinationOf(source), advertisement) ? 'answered' : 'failed')
  }

  #stop(served: Served): void {
    this.#served.delete(served.name)
    void served.socket.close()
    this.#options.logger.info('ra.link_left', { link: served.name })
  }

  #fail(link: string, error: string): void {
    if (this.#failures.get(link) === error) return
    this.#failures.set(link, error)
    this.#options.logger.warn('ra.link_not_served', { link, error })
  }

  #count(result: string): void {
    this.#options.metrics.count('ironraft_rack_router_solicitations_total', { result })
  }
}
