// How a subnet's addresses are used: the ranges behind MAAS's `statistics`, `reserved_ip_ranges` and
// `unreserved_ip_ranges`. IPv4 network and broadcast addresses are counted nowhere, an IPv6 subnet counts whole, as in
// MAAS.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { SubnetId } from '#model/ids.ts'
import {
  compareIps,
  contains,
  countOf,
  isIpv4Cidr,
  maxIp,
  minIp,
  nextIp,
  previousIp,
  spanOf,
  type Ip,
  type IpSpan,
} from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import { liveReserve } from './free.ts'
import type { KeptAs } from './kept-addresses.ts'
import { nestedIn, withoutRanges } from './nested-subnets.ts'
import { handReserved, hostRange, keysWithin } from './query.ts'
import type { RegionState } from './state.ts'
import { dnsAddressesOf } from './subnets.ts'

/** Why an address is not free, in MAAS's words. */
export type RangePurpose =
  | 'gateway-ip'
  | 'dns-server'
  | 'dynamic'
  | 'reserved'
  | 'assigned-ip'
  | 'rack-controller'
  /** The subnet-router anycast address. */
  | 'rfc-4291-2.6.1'
  /** Outside of the reserved ranges of a subnet that is not managed. */
  | 'unmanaged'
  /** Of a nested subnet; MAAS does not tell these apart. */
  | 'subnet'

export type PurposeRange = IpSpan & {
  /** Sorted; never empty. */
  readonly purpose: readonly RangePurpose[]
}

/** Counts beyond 2^53 are the nearest number that there is. */
export type SubnetStatistics = {
  readonly totalAddresses: number
  readonly availableCount: number
  readonly unavailableCount: number
  /** Addresses in the longest run of free ones. */
  readonly largestAvailable: number
  readonly firstAddress: Ip
  readonly lastAddress: Ip
  readonly used: readonly PurposeRange[]
  readonly unused: readonly IpSpan[]
}

/**
 * Used ranges, ascending, not overlapping; neighbours of equal purpose are one. DHCP's own leases are not
 * listed: their range is used as `dynamic` whether leased or not; a lease outside of one is assigned.
 */
export function usedRanges(state: RegionState, subnetId: SubnetId): readonly PurposeRange[] {
  const subnet = state.subnets.get(subnetId)
  if (subnet === undefined) return []
  const counted = countedSpan(subnet)
  const parts = partsOf(state, subnet).filter(({ end }) => end >= counted.start)
  const cuts = new Set<Ip>()
  for (const { start, end } of parts) cuts.add(maxIp(start, counted.start)).add(nextIp(end))
  return merge([...cuts].sort(compareIps), parts, counted.end)
}

/** The gaps between the used ranges. */
export function unusedRanges(state: RegionState, subnetId: SubnetId): readonly IpSpan[] {
  const subnet = state.subnets.get(subnetId)
  return subnet === undefined
    ? []
    : withoutRanges([countedSpan(subnet)], usedRanges(state, subnetId))
}

export function subnetStatistics(
  state: RegionState,
  subnetId: SubnetId,
): SubnetStatistics | undefined {
  const subnet = state.subnets.get(subnetId)
  if (subnet === undefined) return undefined
  const counted = countedSpan(subnet)
  const unused = unusedRanges(state, subnetId)
  const sizes = unused.map(countOf)
  const available = sizes.reduce((sum, size) => sum + size, 0n)
  const total = countOf(counted)
  return {
    totalAddresses: Number(total),
    availableCount: Number(available),
    unavailableCount: Number(total - available),
    largestAvailable: Number(
      sizes.reduce((largest, size) => (size > largest ? size : largest), 0n),
    ),
    firstAddress: counted.start,
    lastAddress: counted.end,
    used: usedRanges(state, subnetId),
    unused,
  }
}

function countedSpan(subnet: Subnet): IpSpan {
  return isIpv4Cidr(subnet.cidr) ? hostRange(subnet) : spanOf(subnet.cidr)
}

type Part = IpSpan & { readonly purpose: RangePurpose }

/** Everything that uses addresses of the subnet, overlapping and unsorted. */
function partsOf(state: RegionState, subnet: Subnet): readonly Part[] {
  const { cidr, id, gatewayIp, managed } = subnet
  const hosts = hostRange(subnet)
  const parts: Part[] = []
  const add = (ip: Ip, purpose: RangePurpose): void => {
    if (contains(cidr, ip)) parts.push({ start: ip, end: ip, purpose })
  }
  if (gatewayIp !== null) add(gatewayIp, 'gateway-ip')
  for (const ip of dnsAddressesOf(subnet)) add(ip, 'dns-server')
  for (const ip of state.controllerAddresses.all()) add(ip, 'rack-controller')
  for (const ip of state.ipAddressesBySubnet.keys(id)) add(ip, 'assigned-ip')
  for (const { start, end, type } of state.ipRangesBySubnet.rows(id)) {
    if (type === 'dynamic' || managed) parts.push({ start, end, purpose: type })
  }
  if (!managed) parts.push(...unmanagedParts(state, subnet))
  for (const ip of clientAddresses(state, subnet)) add(ip, 'assigned-ip')
  for (const ip of reservedAddresses(state, subnet)) add(ip, 'reserved')
  if (!isIpv4Cidr(cidr)) parts.push(...ipv6Parts(subnet, hosts))
  return state.featureLevel < NETWORK_LEVEL ? parts : [...parts, ...partsOfOthers(state, subnet)]
}

function ipv6Parts(subnet: Subnet, hosts: IpSpan): readonly Part[] {
  const { start } = spanOf(subnet.cidr)
  const parts: Part[] = []
  if (start < hosts.start) parts.push({ start, end: start, purpose: 'rfc-4291-2.6.1' })
  if (!subnet.managed) return parts
  const byHand = handReserved(subnet).map((span): Part => ({ ...span, purpose: 'reserved' }))
  return [...parts, ...byHand]
}

/** Of a subnet that is not managed, everything but its reserved ranges is somebody else's. */
function unmanagedParts(state: RegionState, subnet: Subnet): readonly Part[] {
  const ours = state.ipRangesBySubnet
    .rows(subnet.id)
    .filter(({ type }) => type === 'reserved')
    .toSorted((a, b) => compareIps(a.start, b.start))
  return withoutRanges([hostRange(subnet)], ours).map((span) => ({ ...span, purpose: 'unmanaged' }))
}

/** What DHCP gave or must not give, outside of dynamic ranges: those are used as a whole. */
function clientAddresses(state: RegionState, subnet: Subnet): readonly Ipv4[] {
  const now = state.stamp
  const hosts = hostRange(subnet)
  const held = keysWithin(state.holds, hosts).filter(
    (ip) => (state.holds.get(ip)?.until ?? 0) > now,
  )
  const declined = keysWithin(state.quarantines, hosts).filter(
    (ip) => (state.quarantines.get(ip)?.until ?? 0) > now,
  )
  const seen = keysWithin(state.observed, hosts).filter(
    (ip) => (state.observed.get(ip)?.until ?? 0) > now,
  )
  return [...held, ...declined, ...seen].filter((ip) => !isDynamic(state, ip))
}

function reservedAddresses(state: RegionState, subnet: Subnet): readonly Ip[] {
  const hosts = hostRange(subnet)
  const offline = keysWithin(state.reserves, hosts).filter(
    (ip) => liveReserve(state, state.stamp, ip) !== undefined,
  )
  return [...keysWithin(state.reservations, hosts), ...offline].filter(
    (ip) => !isDynamic(state, ip),
  )
}

function isDynamic(state: RegionState, ip: Ip): boolean {
  return state.pools.at(ip)?.range.type === 'dynamic'
}

/** Nested subnets, ranges of enclosing ones, and what other subnets and static routes keep. */
function partsOfOthers(state: RegionState, subnet: Subnet): readonly Part[] {
  const hosts = hostRange(subnet)
  const nested = nestedIn(state, subnet).map((range) => ({ ...range, purpose: 'subnet' as const }))
  const ranges = state.pools
    .within(hosts)
    .filter(({ subnetId }) => subnetId !== subnet.id)
    .map(({ start, end, type }) => ({
      start: maxIp(start, hosts.start),
      end: minIp(end, hosts.end),
      purpose: type,
    }))
  const own = new Set([subnet.gatewayIp, ...dnsAddressesOf(subnet)])
  const kept = state.keptAddresses
    .inside(hosts)
    .filter((ip) => !own.has(ip))
    .map((ip) => {
      const as = state.keptAddresses.reason(ip)?.as
      return {
        start: ip,
        end: ip,
        purpose: as === undefined ? ('reserved' as const) : KEPT_PURPOSES[as],
      }
    })
  return [...nested, ...ranges, ...kept]
}

const KEPT_PURPOSES: Readonly<Record<KeptAs, RangePurpose>> = {
  gateway: 'gateway-ip',
  'route-gateway': 'gateway-ip',
  'dns-server': 'dns-server',
  network: 'reserved',
  anycast: 'rfc-4291-2.6.1',
  broadcast: 'reserved',
}

/** Sweeps over the cuts: between two of them the purposes do not change. */
function merge(cuts: readonly Ip[], parts: readonly Part[], last: Ip): readonly PurposeRange[] {
  const sorted = [...parts].sort((a, b) => compareIps(a.start, b.start))
  const ranges: { start: Ip; end: Ip; purpose: readonly RangePurpose[] }[] = []
  let active: Part[] = []
  let next = 0
  for (const [index, cut] of cuts.entries()) {
    const end = minIp(previousIp(cuts[index + 1] ?? cut), last)
    for (; isBegun(sorted[next], cut); next++) active.push(sorted[next] as Part)
    active = active.filter((part) => part.end >= cut)
    if (active.length === 0 || end < cut) continue
    const purpose = [...new Set(active.map((part) => part.purpose))].sort()
    const previous = ranges.at(-1)
    if (previous?.end === previousIp(cut) && previous.purpose.join() === purpose.join()) {
      previous.end = end
    } else {
      ranges.push({ start: cut, end, purpose })
    }
  }
  return ranges
}

function isBegun(part: Part | undefined, cut: Ip): boolean {
  return part !== undefined && part.start <= cut
}
