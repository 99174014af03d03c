// Where a machine finds its boot files and its metadata, and where else when that one dies: pure, and the same for boot
// files (of racks), preseeds, scripts and the installer (of regions), so that all of them name the same places.
import type { SystemId } from './ids.ts'
import { contains, formatIpv4, makeIpv4, maskOf, parseIpv4, type Ipv4 } from './ipv4.ts'

/** An address that a rack has on a VLAN. */
export type RackPlace = {
  readonly rackId: SystemId
  readonly ip: Ipv4
  readonly prefix: number
  /** Some region hears it. */
  readonly connected: boolean
}

export type BootOrigin = {
  /** Scheme, host and port, `http://192.0.2.1:5248`; nothing in it means anything to a shell, a loader or a kernel. */
  readonly url: string
  /** A rack has images at `/images/…`, a region below `/MAAS/boot-resources/`; both have `/MAAS/metadata/`. */
  readonly isRack: boolean
}

/** A kernel's command line has room for so many, and nobody waits for more dead hosts than that. */
export const BOOT_ORIGINS_MAX = 4

const ORIGIN =
  /^https?:\/\/([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?(?:\/[A-Za-z0-9._~-]+)*$/

export type Reached = BootOrigin & {
  /** On the VLAN of the address that was reached, in order of precedence. */
  readonly places: readonly RackPlace[]
  /** Base URLs of the regions' APIs; what is no plain URL is left out. */
  readonly regionApis: readonly string[]
}

/**
 * First what the machine has just reached; then the other racks, connected ones before others, those of the same subnet
 * before the rest of the VLAN, each once; then regions, for who has a way to them. Other racks are expected at the port
 * of the first one, by HTTP.
 */
export function bootOriginsOf({ url, isRack, places, regionApis }: Reached): readonly BootOrigin[] {
  const [, host = '', port] = ORIGIN.exec(url) ?? []
  const others = isRack ? racksBeside(parseIpv4(host), places) : []
  const colon = port === undefined ? '' : `:${port}`
  const all: readonly BootOrigin[] = [
    { url, isRack },
    ...others.map((ip) => ({ url: `http://${formatIpv4(ip)}${colon}`, isRack: true })),
    ...regionApis
      .map((api) => ({ url: api.replace(/\/+$/, ''), isRack: false }))
      .filter((region) => isReachable(region.url, host)),
  ]
  const first = new Map(all.toReversed().map((each) => [each.url, each]))
  return all.filter((each) => first.get(each.url) === each).slice(0, BOOT_ORIGINS_MAX)
}

function racksBeside(reached: Ipv4 | undefined, places: readonly RackPlace[]): readonly Ipv4[] {
  const own = places.find(({ ip }) => ip === reached)
  const rank = (place: RackPlace): number =>
    (place.connected ? 0 : 2) + (reached !== undefined && isBeside(place, reached) ? 0 : 1)
  const ranked = places
    .filter(({ rackId, ip }) => rackId !== own?.rackId && ip !== reached)
    .toSorted((a, b) => rank(a) - rank(b))
  const firsts = new Map(ranked.toReversed().map((place) => [place.rackId, place]))
  return ranked.filter((place) => firsts.get(place.rackId) === place).map(({ ip }) => ip)
}

function isBeside({ ip, prefix }: RackPlace, reached: Ipv4): boolean {
  return contains({ network: makeIpv4(ip & maskOf(prefix)), prefix }, reached)
}

/** A region of a laptop is at 127.0.0.1: to a machine that would be itself. */
function isReachable(url: string, from: string): boolean {
  const host = ORIGIN.exec(url)?.[1]
  return host !== undefined && (!isHere(host) || isHere(from))
}

function isHere(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
