// Hosts heard by ARP on the rack's links, told to the regions in few and small reports (MAAS's network discovery).
// Passive: what is heard is heard by the sockets that ask before a first offer. Nothing here changes what is answered.
import { contains, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { SystemId, VlanId } from '#model/ids.ts'
import type { Clock, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import type { DhcpLink } from './locate.ts'
import type { DhcpView } from './view-index.ts'

/** A neighbour is told again after this time, so that the regions know that it is still there. */
const AGAIN_MS = 600_000
const REPORT_EVERY_MS = 10_000
/** In one report; what is more waits for the next. */
const REPORT_MAX = 256
/** Remembered; who forges more makes the oldest be told again. */
const KNOWN_MAX = 8_192
/** Regions below this feature level of the cluster do not know `neighbour.report`. */
const LEVEL = 3

type Heard = { readonly vlanId: VlanId; readonly ip: Ipv4; readonly mac: MacAddress }

export type NeighboursOptions = {
  readonly rackId: SystemId
  readonly view: Pick<DhcpView, 'settings' | 'subnetsOfVlan'>
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly clock: Clock
  readonly metrics: Metrics
}

export class Neighbours {
  readonly #options: NeighboursOptions
  /** `address,mac` → told when; oldest first. */
  readonly #told = new Map<string, number>()
  readonly #waiting = new Map<string, Heard>()
  #reportedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: NeighboursOptions) {
    this.#options = options
  }

  /** The site wants to know, and its regions can be told. */
  get isWanted(): boolean {
    const settings = this.#options.view.settings()
    return settings?.discovery !== undefined && (settings.featureLevel ?? 0) >= LEVEL
  }

  heard(link: Pick<DhcpLink, 'vlanId' | 'mac' | 'addresses'>, sender: Omit<Heard, 'vlanId'>): void {
    const { vlanId, addresses } = link
    const { ip, mac } = sender
    if (vlanId === null || !this.isWanted || mac === link.mac || !isStation(mac)) return
    if (addresses.some((own) => own.ip === ip)) return
    const key = `${ip},${mac}`
    const toldAtMs = this.#told.get(key)
    const { clock, view } = this.#options
    if (toldAtMs !== undefined && clock.monotonicMs() - toldAtMs < AGAIN_MS) return
    if (this.#waiting.size >= KNOWN_MAX) return
    // An address of another network is a mistake of its owner, or a lie.
    if (!view.subnetsOfVlan(vlanId).some(({ cidr }) => contains(cidr, ip))) return
    this.#waiting.set(key, { vlanId, ip, mac })
  }

  /** Often: tells what is due. */
  tick(): void {
    const { rackId, request, clock, metrics } = this.#options
    const now = clock.monotonicMs()
    if (this.#waiting.size === 0 || now - this.#reportedAtMs < REPORT_EVERY_MS) return
    this.#reportedAtMs = now
    const chosen = [...this.#waiting].slice(0, REPORT_MAX)
    for (const [key] of chosen) {
      this.#waiting.delete(key)
      this.#remember(key, now)
    }
    const neighbours = chosen.map(([, heard]) => heard)
    const forget = (): void => {
      for (const [key] of chosen) this.#told.delete(key)
    }
    request({ type: 'neighbour.report', rackId, neighbours }).then(({ ok }) => {
      if (!ok) return forget()
      metrics.count('ironraft_rack_neighbour_reports_total')
    }, forget)
  }

  #remember(key: string, now: number): void {
    this.#told.delete(key)
    this.#told.set(key, now)
    if (this.#told.size <= KNOWN_MAX) return
    const [oldest] = this.#told.keys()
    if (oldest !== undefined) this.#told.delete(oldest)
  }
}

/** Not a group address, not all zero. */
function isStation(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && mac !== '00:00:00:00:00:00'
}
