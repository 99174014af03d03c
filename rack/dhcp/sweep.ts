// Asks every address of some subnets by ARP, slowly, one sweep at a time: on request of an operator, and regularly for
// subnets with active discovery. Who answers is heard like everybody else (`neighbours.ts`).
import { type Cidr, cidrsOverlap, type Ipv4, firstOf, lastOf, makeIpv4 } from '#model/ipv4.ts'
import type { Clock, Logger } from '#model/ports.ts'
import type { DhcpLink } from './locate.ts'
import type { DhcpView } from './view-index.ts'

/** 100 probes of 42 octets a second: nothing for a link, and a /24 is asked in 3 s. */
const STEP_MS = 100
const PROBES_PER_STEP = 10
/** In one sweep; a /16 takes eleven minutes. */
const ADDRESSES_MAX = 65_536

export type SweepOptions = {
  readonly view: Pick<DhcpView, 'settings' | 'subnetsOfVlan' | 'table' | 'stamp'>
  /** False: cannot ask there. */
  readonly ask: (link: DhcpLink, ip: Ipv4) => boolean
  readonly clock: Clock
  readonly logger: Logger
}

export class Sweep {
  readonly #options: SweepOptions
  #targets: Iterator<readonly [DhcpLink, Ipv4]> | undefined
  #timer: NodeJS.Timeout | undefined
  #left = 0
  /** Of the last request that was looked at; undefined until the first view. */
  #number: number | undefined
  #nextAtMs: number | undefined

  constructor(options: SweepOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#targets !== undefined
  }

  /** Often: begins what is due. A new request ends the sweep under way. */
  follow(links: readonly DhcpLink[]): void {
    const { view, clock } = this.#options
    const discovery = view.settings()?.discovery
    if (discovery === undefined) return
    const scan = view.table('scans').get('scan')
    if (scan !== undefined && scan.number !== this.#number) {
      this.#number = scan.number
      const { cidrs } = scan
      if (scan.until > view.stamp) this.#start(links, (cidr) => isIn(cidr, cidrs))
    }
    const now = clock.monotonicMs()
    this.#nextAtMs ??= now + discovery.scanSeconds * 1_000
    if (discovery.scanSeconds === 0 || now < this.#nextAtMs || this.isRunning) return
    this.#nextAtMs = now + discovery.scanSeconds * 1_000
    this.#start(links, (_cidr, isActive) => isActive)
  }

  /** Sends what one step may. Called by the sweep's own timer, and by tests. */
  step(): void {
    for (let i = 0; i < PROBES_PER_STEP; i++) {
      const next = this.#targets?.next()
      if (next === undefined || next.done === true || this.#left-- <= 0) return this.close()
      const [link, ip] = next.value
      this.#options.ask(link, ip)
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#targets = undefined
  }

  #start(links: readonly DhcpLink[], isWanted: (cidr: Cidr, isActive: boolean) => boolean): void {
    this.close()
    const { view, logger } = this.#options
    const stretches = links.flatMap((link) => {
      const subnets = link.vlanId === null ? [] : view.subnetsOfVlan(link.vlanId)
      const wanted = subnets.filter((each) => isWanted(each.cidr, each.activeDiscovery))
      return wanted.map(({ cidr }) => ({ link, cidr }))
    })
    if (stretches.length === 0) return
    logger.info('dhcp.scan_started', {
      links: [...new Set(stretches.map(({ link }) => link.name))],
    })
    this.#left = ADDRESSES_MAX
    this.#targets = addressesIn(stretches)
    this.#timer = setInterval(() => this.step(), STEP_MS).unref()
  }
}

function isIn(cidr: Cidr, cidrs: readonly Cidr[]): boolean {
  return cidrs.length === 0 || cidrs.some((each) => cidrsOverlap(each, cidr))
}

function* addressesIn(
  stretches: readonly { readonly link: DhcpLink; readonly cidr: Cidr }[],
): Generator<readonly [DhcpLink, Ipv4]> {
  for (const { link, cidr } of stretches) {
    for (let ip: number = firstOf(cidr); ip <= lastOf(cidr); ip++) {
      if (!link.addresses.some((own) => own.ip === ip)) yield [link, makeIpv4(ip)]
    }
  }
}
