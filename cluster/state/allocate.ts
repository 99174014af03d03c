// Which address "the next free one" is. Deterministic: the search goes round the subnet from where the last
// one was found, so an address that was given back rests until all others had their turn — least recently
// used first, at the price of one address per subnet. Ranges, nested subnets and full blocks are stepped over, not
// through: what a search in a /64 costs depends on what is given there, not on its size.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import {
  compareIps,
  countOf,
  formatIpCidr,
  isIn,
  isIpv4,
  isIpv4Cidr,
  lastOf,
  maxIp,
  minIp,
  nextIp,
  type Ip,
  type IpSpan,
} from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import { refuse } from './context.ts'
import { obstacleTo } from './free.ts'
import { nestedIn, withoutRanges } from './nested-subnets.ts'
import type { Refusal } from './outcome.ts'
import { handReserved, hostRange } from './query.ts'
import type { RegionState } from './state.ts'
import { cursorName, dnsAddressesOf } from './subnets.ts'

type Chosen = { readonly ok: true; readonly ip: Ip } | Refusal

/**
 * A free address outside of every range; in a subnet that is not managed, one inside its reserved ranges.
 * Never one of a nested subnet, and never a network, broadcast, gateway, DNS server or rack address.
 */
export function chooseAddress(state: RegionState, subnet: Subnet, now: number): Chosen {
  const segments = segmentsOf(state, subnet)
  const { network } = subnet.cidr
  const last = lastGiven(state, subnet)
  const end = lastOf(subnet.cidr)
  const search: Search = { state, subnet, now, isKept: keptIn(state, subnet) }
  const ip =
    last === null
      ? firstFree(search, segments, { start: network, end })
      : (firstFree(search, segments, { start: nextIp(last), end }) ??
        firstFree(search, segments, { start: network, end: last }))
  if (ip === null) return exhausted(state, subnet)
  const name = cursorName(subnet.id)
  state.counters.put(name, isIpv4(ip) ? { name, last: ip } : { name, last: 0, lastIp: ip })
  return { ok: true, ip }
}

/** Null: nothing was given yet, or only while the subnet was of the other family. */
function lastGiven(state: RegionState, { id, cidr }: Subnet): Ip | null {
  const cursor = state.counters.get(cursorName(id))
  if (cursor === undefined) return null
  if (isIpv4Cidr(cidr)) return cursor.last as Ipv4
  return cursor.lastIp ?? null
}

/** Whether an address is kept from everybody. Below level 3 a subnet knew its own gateway and DNS servers only. */
export function keptIn(state: RegionState, subnet: Subnet): (ip: Ip) => boolean {
  if (state.featureLevel >= NETWORK_LEVEL) return (ip) => state.keptAddresses.has(ip)
  const kept = new Set(dnsAddressesOf(subnet))
  if (subnet.gatewayIp !== null) kept.add(subnet.gatewayIp)
  return (ip) => kept.has(ip)
}

/** Where an address may be given without being asked for by name: spans in order, ranges not yet taken out. */
function segmentsOf(state: RegionState, subnet: Subnet): readonly IpSpan[] {
  const spans = subnet.managed
    ? withoutRanges([hostRange(subnet)], handReserved(subnet))
    : state.ipRangesBySubnet
        .rows(subnet.id)
        .filter(({ type }) => type === 'reserved')
        .toSorted((a, b) => compareIps(a.start, b.start))
  if (state.featureLevel < NETWORK_LEVEL) return spans
  return withoutRanges(spans, nestedIn(state, subnet))
}

type Search = {
  readonly state: RegionState
  readonly subnet: Subnet
  readonly now: number
  readonly isKept: (ip: Ip) => boolean
}

function firstFree(search: Search, segments: readonly IpSpan[], within: IpSpan): Ip | null {
  for (const segment of segments) {
    const start = maxIp(segment.start, within.start)
    const end = minIp(segment.end, within.end)
    const ip = firstFreeIn(search, { start, end })
    if (ip !== null) return ip
  }
  return null
}

/** Each turn steps over a range, a full block or one address; bounded by the addresses in the span. */
function firstFreeIn(search: Search, { start, end }: IpSpan): Ip | null {
  const { state, subnet, now, isKept } = search
  let ip = start
  while (ip <= end) {
    ip = state.addressCounts.skipFull(ip)
    if (ip > end) break
    const pool = state.pools.at(ip)
    if (pool !== undefined && !isOffered(subnet, pool.range)) ip = nextIp(pool.range.end)
    else if (isKept(ip) || obstacleTo(state, now, { ip, client: null }) !== null) ip = nextIp(ip)
    else return ip
  }
  return null
}

function isOffered(subnet: Subnet, range: { readonly subnetId: number; readonly type: string }) {
  return !subnet.managed && range.type === 'reserved' && range.subnetId === subnet.id
}

function exhausted(state: RegionState, subnet: Subnet): Refusal {
  const hosts = hostRange(subnet)
  const given = state.ipAddressesBySubnet.count(subnet.id)
  const inRanges = countAll(state.ipRangesBySubnet.rows(subnet.id))
  const figures = [
    `${countOf(hosts)} in all`,
    `${inRanges} in ranges`,
    `${given} given out`,
    ...(state.featureLevel < NETWORK_LEVEL ? [] : moreFigures(state, subnet, hosts)),
  ]
  return refuse(
    'ADDRESSES_EXHAUSTED',
    `No more addresses available in subnet ${formatIpCidr(subnet.cidr)}: ${figures.join(', ')}.`,
  )
}

/** What else the addresses are for; only what there is any of. */
function moreFigures(state: RegionState, subnet: Subnet, hosts: IpSpan): readonly string[] {
  const count = (ips: Iterable<Ip>): number => {
    let found = 0
    for (const ip of ips) if (isIn(hosts, ip)) found++
    return found
  }
  const figures: readonly (readonly [number | bigint, string])[] = [
    [subnet.managed ? countAll(handReserved(subnet)) : 0, 'reserved for use by hand'],
    [countAll(nestedIn(state, subnet)), 'in nested subnets'],
    [state.keptAddresses.inside(hosts).length, 'kept for gateways and DNS servers'],
    [count(state.controllerAddresses.all()), 'of rack controllers'],
    [count(state.reservations.keys()), 'reserved for a MAC'],
  ]
  return figures.filter(([number]) => number > 0).map(([number, text]) => `${number} ${text}`)
}

function countAll(spans: readonly IpSpan[]): bigint {
  return spans.reduce((sum, span) => sum + countOf(span), 0n)
}
