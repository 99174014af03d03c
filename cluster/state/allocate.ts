// Which address "the next free one" is. Deterministic: the search goes round the subnet from where the last
// one was found, so an address that was given back rests until all others had their turn — least recently
// used first, at the price of one number per subnet. Ranges, nested subnets and full blocks are stepped over, not
// through.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { formatCidr, type Ipv4, type Ipv4Range } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import { refuse } from './context.ts'
import { obstacleTo } from './free.ts'
import { nestedIn, withoutRanges, type Span } from './nested-subnets.ts'
import type { Refusal } from './outcome.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'
import { cursorName, dnsAddressesOf } from './subnets.ts'

type Chosen = { readonly ok: true; readonly ip: Ipv4 } | Refusal

/**
 * A free address outside of every range; in a subnet that is not managed, one inside its reserved ranges.
 * Never one of a nested subnet, and never a network, broadcast, gateway, DNS server or rack address.
 */
export function chooseAddress(state: RegionState, subnet: Subnet, now: number): Chosen {
  const segments = segmentsOf(state, subnet)
  const last = state.counters.get(cursorName(subnet.id))?.last ?? -1
  const search: Search = { state, subnet, now, isKept: keptIn(state, subnet) }
  const ip =
    firstFree(search, segments, { start: last + 1, end: 0xffffffff }) ??
    firstFree(search, segments, { start: 0, end: last })
  if (ip === null) return exhausted(state, subnet)
  state.counters.put(cursorName(subnet.id), { name: cursorName(subnet.id), last: ip })
  return { ok: true, ip }
}

/** Whether an address is kept from everybody. Below level 3 a subnet knew its own gateway and DNS servers only. */
export function keptIn(state: RegionState, subnet: Subnet): (ip: Ipv4) => boolean {
  if (state.featureLevel >= NETWORK_LEVEL) return (ip) => state.keptAddresses.has(ip)
  const kept = new Set(dnsAddressesOf(subnet))
  if (subnet.gatewayIp !== null) kept.add(subnet.gatewayIp)
  return (ip) => kept.has(ip)
}

/** Where an address may be given without being asked for by name: spans in order, ranges not yet taken out. */
function segmentsOf(state: RegionState, subnet: Subnet): readonly Span[] {
  const spans = subnet.managed
    ? [hostRange(subnet)]
    : state.ipRangesBySubnet
        .rows(subnet.id)
        .filter(({ type }) => type === 'reserved')
        .toSorted((a, b) => a.start - b.start)
  if (state.featureLevel < NETWORK_LEVEL) return spans
  return withoutRanges(spans, nestedIn(state, subnet))
}

type Search = {
  readonly state: RegionState
  readonly subnet: Subnet
  readonly now: number
  readonly isKept: (ip: Ipv4) => boolean
}

function firstFree(search: Search, segments: readonly Span[], within: Span): Ipv4 | null {
  for (const segment of segments) {
    const start = Math.max(segment.start, within.start)
    const end = Math.min(segment.end, within.end)
    const ip = firstFreeIn(search, { start, end })
    if (ip !== null) return ip
  }
  return null
}

/** Each turn steps over a range, a full block or one address; bounded by the addresses in the span. */
function firstFreeIn(search: Search, { start, end }: Span): Ipv4 | null {
  const { state, subnet, now, isKept } = search
  let at = start
  while (at <= end) {
    at = state.addressCounts.skipFull(at)
    if (at > end) break
    const ip = at as Ipv4
    const pool = state.pools.at(ip)
    if (pool !== undefined && !isOffered(subnet, pool.range)) at = pool.range.end + 1
    else if (isKept(ip) || obstacleTo(state, now, { ip, client: null }) !== null) at++
    else return ip
  }
  return null
}

function isOffered(subnet: Subnet, range: { readonly subnetId: number; readonly type: string }) {
  return !subnet.managed && range.type === 'reserved' && range.subnetId === subnet.id
}

function exhausted(state: RegionState, subnet: Subnet): Refusal {
  const { start, end } = hostRange(subnet)
  const given = state.ipAddressesBySubnet.count(subnet.id)
  let inRanges = 0
  for (const range of state.ipRangesBySubnet.rows(subnet.id))
    inRanges += range.end - range.start + 1
  const figures = [
    `${end - start + 1} in all`,
    `${inRanges} in ranges`,
    `${given} given out`,
    ...(state.featureLevel < NETWORK_LEVEL ? [] : moreFigures(state, subnet, { start, end })),
  ]
  return refuse(
    'ADDRESSES_EXHAUSTED',
    `No more addresses available in subnet ${formatCidr(subnet.cidr)}: ${figures.join(', ')}.`,
  )
}

/** What else the addresses are for; only what there is any of. */
function moreFigures(
  state: RegionState,
  subnet: Subnet,
  { start, end }: Ipv4Range,
): readonly string[] {
  const inside = (ip: Ipv4): boolean => ip >= start && ip <= end
  const count = (ips: Iterable<Ipv4>): number => {
    let found = 0
    for (const ip of ips) if (inside(ip)) found++
    return found
  }
  const nested = nestedIn(state, subnet).reduce(
    (sum, range) => sum + range.end - range.start + 1,
    0,
  )
  const figures: readonly (readonly [number, string])[] = [
    [nested, 'in nested subnets'],
    [state.keptAddresses.inside(start, end).length, 'kept for gateways and DNS servers'],
    [count(state.controllerAddresses.all()), 'of rack controllers'],
    [count(state.reservations.keys()), 'reserved for a MAC'],
  ]
  return figures.filter(([number]) => number > 0).map(([number, text]) => `${number} ${text}`)
}
