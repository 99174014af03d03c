// How a subnet's addresses are used: the ranges behind MAAS's `statistics`, `reserved_ip_ranges` and
// `unreserved_ip_ranges`. Network and broadcast addresses are counted nowhere, as in MAAS.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { SubnetId } from '#model/ids.ts'
import { contains, makeIpv4, type Ipv4, type Ipv4Range } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import { liveReserve } from './free.ts'
import type { KeptAs } from './kept-addresses.ts'
import { nestedIn, withoutRanges } from './nested-subnets.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'
import { dnsAddressesOf } from './subnets.ts'
import type { Table } from './table.ts'

/** Why an address is not free, in MAAS's words. */
export type RangePurpose =
  | 'gateway-ip'
  | 'dns-server'
  | 'dynamic'
  | 'reserved'
  | 'assigned-ip'
  | 'rack-controller'
  /** Outside of the reserved ranges of a subnet that is not managed. */
  | 'unmanaged'
  /** Of a nested subnet; MAAS does not tell these apart. */
  | 'subnet'

export type PurposeRange = Ipv4Range & {
  /** Sorted; never empty. */
  readonly purpose: readonly RangePurpose[]
}

export type SubnetStatistics = {
  readonly totalAddresses: number
  readonly availableCount: number
  readonly unavailableCount: number
  /** Addresses in the longest run of free ones. */
  readonly largestAvailable: number
  readonly firstAddress: Ipv4
  readonly lastAddress: Ipv4
  readonly used: readonly PurposeRange[]
  readonly unused: readonly Ipv4Range[]
}

/**
 * Used ranges, ascending, not overlapping; neighbours of equal purpose are one. DHCP's own leases are not
 * listed: their range is used as `dynamic` whether leased or not; a lease outside of one is assigned.
 */
export function usedRanges(state: RegionState, subnetId: SubnetId): readonly PurposeRange[] {
  const subnet = state.subnets.get(subnetId)
  if (subnet === undefined) return []
  const hosts = hostRange(subnet)
  const parts = partsOf(state, subnet).filter(({ end }) => end >= hosts.start)
  const cuts = new Set<number>()
  for (const { start, end } of parts) cuts.add(Math.max(start, hosts.start)).add(end + 1)
  return merge(
    [...cuts].sort((a, b) => a - b),
    parts,
    hosts.end,
  )
}

/** The gaps between the used ranges. */
export function unusedRanges(state: RegionState, subnetId: SubnetId): readonly Ipv4Range[] {
  const subnet = state.subnets.get(subnetId)
  if (subnet === undefined) return []
  const hosts = hostRange(subnet)
  const gaps: Ipv4Range[] = []
  let at: number = hosts.start
  for (const { start, end } of usedRanges(state, subnetId)) {
    if (start > at) gaps.push({ start: makeIpv4(at), end: makeIpv4(start - 1) })
    at = end + 1
  }
  if (at <= hosts.end) gaps.push({ start: makeIpv4(at), end: hosts.end })
  return gaps
}

export function subnetStatistics(
  state: RegionState,
  subnetId: SubnetId,
): SubnetStatistics | undefined {
  const subnet = state.subnets.get(subnetId)
  if (subnet === undefined) return undefined
  const { start, end } = hostRange(subnet)
  const unused = unusedRanges(state, subnetId)
  const sizes = unused.map((range) => range.end - range.start + 1)
  const availableCount = sizes.reduce((sum, size) => sum + size, 0)
  const totalAddresses = end - start + 1
  return {
    totalAddresses,
    availableCount,
    unavailableCount: totalAddresses - availableCount,
    largestAvailable: sizes.reduce((largest, size) => Math.max(largest, size), 0),
    firstAddress: start,
    lastAddress: end,
    used: usedRanges(state, subnetId),
    unused,
  }
}

type Part = { readonly start: number; readonly end: number; readonly purpose: RangePurpose }

/** Everything that uses addresses of the subnet, overlapping and unsorted. */
function partsOf(state: RegionState, subnet: Subnet): readonly Part[] {
  const { cidr, id, gatewayIp, managed } = subnet
  const hosts = hostRange(subnet)
  const parts: Part[] = []
  const add = (ip: Ipv4, purpose: RangePurpose): void => {
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
  for (const ip of clientAddresses(state, hosts)) add(ip, 'assigned-ip')
  for (const ip of reservedAddresses(state, hosts)) add(ip, 'reserved')
  return state.featureLevel < NETWORK_LEVEL ? parts : [...parts, ...partsOfOthers(state, subnet)]
}

/** Of a subnet that is not managed, everything but its reserved ranges is somebody else's. */
function unmanagedParts(state: RegionState, subnet: Subnet): readonly Part[] {
  const ours = state.ipRangesBySubnet
    .rows(subnet.id)
    .filter(({ type }) => type === 'reserved')
    .toSorted((a, b) => a.start - b.start)
  return withoutRanges([hostRange(subnet)], ours).map((span) => ({ ...span, purpose: 'unmanaged' }))
}

/** What DHCP gave or must not give, outside of dynamic ranges: those are used as a whole. */
function clientAddresses(state: RegionState, hosts: Ipv4Range): readonly Ipv4[] {
  const now = state.stamp
  const held = keysIn(state.holds, hosts).filter((ip) => (state.holds.get(ip)?.until ?? 0) > now)
  const declined = keysIn(state.quarantines, hosts).filter(
    (ip) => (state.quarantines.get(ip)?.until ?? 0) > now,
  )
  const seen = keysIn(state.observed, hosts).filter(
    (ip) => (state.observed.get(ip)?.until ?? 0) > now,
  )
  return [...held, ...declined, ...seen].filter(
    (ip) => state.pools.at(ip)?.range.type !== 'dynamic',
  )
}

function reservedAddresses(state: RegionState, hosts: Ipv4Range): readonly Ipv4[] {
  const offline = keysIn(state.reserves, hosts).filter(
    (ip) => liveReserve(state, state.stamp, ip) !== undefined,
  )
  return [...keysIn(state.reservations, hosts), ...offline].filter(
    (ip) => state.pools.at(ip)?.range.type !== 'dynamic',
  )
}

const ROWS_MAX = 1_000_000

function keysIn<Row>(table: Table<Row, Ipv4>, { start, end }: Ipv4Range): readonly Ipv4[] {
  const keys: Ipv4[] = []
  // One below the first address of all is no key, which is what is wanted.
  for (const ip of table.keysAfter((start - 1) as Ipv4, ROWS_MAX)) {
    if (ip > end) break
    keys.push(ip)
  }
  return keys
}

/** Nested subnets, ranges of enclosing ones, and what other subnets and static routes keep. */
function partsOfOthers(state: RegionState, subnet: Subnet): readonly Part[] {
  const hosts = hostRange(subnet)
  const nested = nestedIn(state, subnet).map((range) => ({ ...range, purpose: 'subnet' as const }))
  const ranges = state.pools
    .within(hosts)
    .filter(({ subnetId }) => subnetId !== subnet.id)
    .map(({ start, end, type }) => ({
      start: Math.max(start, hosts.start),
      end: Math.min(end, hosts.end),
      purpose: type,
    }))
  const own = new Set([subnet.gatewayIp, ...dnsAddressesOf(subnet)])
  const kept = state.keptAddresses
    .inside(hosts.start, hosts.end)
    .filter((ip) => !own.has(ip))
    .map((ip) => {
      const as = state.keptAddresses.reason(ip)?.as
      return { start: ip, end: ip, purpose: as === undefined ? 'reserved' : KEPT_PURPOSES[as] }
    })
  return [...nested, ...ranges, ...kept]
}

const KEPT_PURPOSES: Readonly<Record<KeptAs, RangePurpose>> = {
  gateway: 'gateway-ip',
  'route-gateway': 'gateway-ip',
  'dns-server': 'dns-server',
  network: 'reserved',
  broadcast: 'reserved',
}

/** Sweeps over the cuts: between two of them the purposes do not change. */
function merge(
  cuts: readonly number[],
  parts: readonly Part[],
  last: number,
): readonly PurposeRange[] {
  const sorted = [...parts].sort((a, b) => a.start - b.start)
  const ranges: { start: Ipv4; end: Ipv4; purpose: readonly RangePurpose[] }[] = []
  let active: Part[] = []
  let next = 0
  for (const [index, cut] of cuts.entries()) {
    const end = Math.min((cuts[index + 1] ?? cut) - 1, last)
    for (; (sorted[next]?.start ?? Infinity) <= cut; next++) active.push(sorted[next] as Part)
    active = active.filter((part) => part.end >= cut)
    if (active.length === 0 || end < cut) continue
    const purpose = [...new Set(active.map((part) => part.purpose))].sort()
    const previous = ranges.at(-1)
    if (previous?.end === cut - 1 && previous.purpose.join() === purpose.join()) {
      previous.end = makeIpv4(end)
    } else {
      ranges.push({ start: makeIpv4(cut), end: makeIpv4(end), purpose })
    }
  }
  return ranges
}
