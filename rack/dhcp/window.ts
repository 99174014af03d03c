// Which address to offer without asking a region: pure, and the same on every rack, so that two racks
// hearing one broadcast offer one address. RFC 2131 §4.3.1: what is kept for it, current binding, previous binding, the
// address asked for, then the pool.
import { isIpv4 } from '#model/ip.ts'
import { contains, type Ipv4, firstOf, lastOf } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey, Ipv4Subnet } from '#model/network.ts'
import type { OffersView } from './offers.ts'
import { addressAt, type Pool, rangeOf, type ViewIndex } from './view-index.ts'

/** Looked at in the pool per packet: first around the client's own place, then elsewhere. */
export const PROBES_NEAR = 64
export const PROBES_FAR = 512

export type Candidate = {
  readonly client: ClientKey
  readonly mac: MacAddress
  readonly pool: Pool
  readonly requested: Ipv4 | undefined
  /** Varies between a client's attempts: where the search goes on when its own place is full. */
  readonly xid: number
  /** Addresses of the rack itself on the link. */
  readonly own: readonly Ipv4[]
  readonly nowMs: number
}

/** Undefined when no free address was found within the probes. */
export function chooseOffer(
  index: ViewIndex,
  offers: OffersView,
  candidate: Candidate,
): Ipv4 | undefined {
  const { client, mac, pool, requested, nowMs } = candidate
  const isUsable = (ip: Ipv4): boolean =>
    rangeOf(pool, ip) !== undefined && useOf(index, offers, candidate, ip) !== 'taken'
  const isKept = (ip: Ipv4): boolean =>
    pool.subnets.some(({ cidr }) => contains(cidr, ip)) &&
    useOf(index, offers, candidate, ip) !== 'taken'
  const reserved = index.reservationsOf(client).map(({ ip }) => ip)
  const kept = [...reserved, ...index.linkedAddressesOf(mac)].find(isKept)
  if (kept !== undefined) return kept
  const bound = index
    .holdsOf(client)
    .toSorted((a, b) => b.boundAt - a.boundAt)
    .find((hold) => isUsable(hold.ip))
  if (bound !== undefined) return bound.ip
  // A retransmitted DHCPDISCOVER gets the same offer.
  const offered = offers.addressOf(client, nowMs)
  if (offered !== undefined && isUsable(offered)) return offered
  if (requested !== undefined && isUsable(requested)) return requested
  if (pool.size === 0) return undefined

  const home = hash(client, 0) % pool.size
  const near = { from: home, count: Math.min(PROBES_NEAR, pool.size) }
  const found = walk(index, offers, candidate, near)
  if (found !== undefined || pool.size <= PROBES_NEAR) return found
  const away = hash(client, candidate.xid) % pool.size
  const far = { from: away, count: Math.min(PROBES_FAR, pool.size) }
  return walk(index, offers, candidate, far)
}

/** The first address never used, else the one whose hold ended longest ago (§7a: LRU). */
function walk(
  index: ViewIndex,
  offers: OffersView,
  candidate: Candidate,
  stretch: { readonly from: number; readonly count: number },
): Ipv4 | undefined {
  const { pool } = candidate
  let oldest: Ipv4 | undefined
  let oldestUntil = Number.POSITIVE_INFINITY
  for (let i = 0; i < stretch.count; i++) {
    const ip = addressAt(pool, (stretch.from + i) % pool.size)
    if (ip === undefined) continue
    const use = useOf(index, offers, candidate, ip)
    if (use === 'free') return ip
    if (use === 'taken' || use >= oldestUntil) continue
    oldest = ip
    oldestUntil = use
  }
  return oldest
}

/** A number: free now, held by another until then. */
function useOf(
  index: ViewIndex,
  offers: OffersView,
  candidate: Candidate,
  ip: Ipv4,
): 'free' | 'taken' | number {
  const { client, mac, pool, own, nowMs } = candidate
  const hold = index.hold(ip)
  const isOther = hold !== undefined && hold.client !== client
  if (isOther && hold.until > index.stamp) return 'taken'
  const keptFor = index.reservation(ip)?.client
  if (keptFor !== undefined && keptFor !== client) return 'taken'
  // Of any rack, this one too: what may be bound offline is not bound through a region (§4).
  if (index.reserve(ip) !== undefined && hold?.client !== client) return 'taken'
  const offeredTo = offers.clientOf(ip, nowMs)
  if (offeredTo !== undefined && offeredTo !== client) return 'taken'
  if (index.isBarred(ip, mac) || own.includes(ip)) return 'taken'
  const subnet = rangeOf(pool, ip)?.subnet ?? subnetOf(pool, ip)
  if (subnet === undefined || subnet.gatewayIp === ip) return 'taken'
  const { cidr } = subnet
  if (cidr.prefix < 31 && (ip === firstOf(cidr) || ip === lastOf(cidr))) return 'taken'
  return isOther ? hold.until : 'free'
}

function subnetOf(pool: Pool, ip: Ipv4): Ipv4Subnet | undefined {
  return pool.subnets.find(({ cidr }) => contains(cidr, ip))
}

/** Addresses this rack may offer to anybody without asking: what no row of its view says is somebody's. */
export function windowSize(index: ViewIndex): number {
  const { view, pools } = index
  const isInPool = (ip: Ipv4): boolean => {
    const subnet = index.subnetOf(ip)
    const pool = subnet === undefined ? undefined : pools.get(subnet.vlanId)
    return pool !== undefined && rangeOf(pool, ip) !== undefined
  }
  const taken = new Set<Ipv4>()
  const tables = [view.table('reserves'), view.table('reservations'), view.table('ipAddresses')]
  for (const table of tables) {
    for (const { ip } of table.values()) if (isIpv4(ip)) taken.add(ip)
  }
  for (const table of [view.table('holds'), view.table('quarantines')]) {
    for (const { ip, until } of table.values()) if (until > index.stamp) taken.add(ip)
  }
  let size = 0
  for (const pool of pools.values()) size += pool.size
  for (const ip of taken) if (isInPool(ip)) size--
  return size
}

/** FNV-1a with a final mix: neighbouring MAC addresses must not crowd one stretch of the pool. */
export function hash(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
