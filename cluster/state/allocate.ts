// Which address "the next free one" is. Deterministic: the search goes round the subnet from where the last
// one was found, so an address that was given back rests until all others had their turn — least recently
// used first, at the price of one number per subnet. Ranges and full blocks are stepped over, not through.
import { formatCidr, type Ipv4, type Ipv4Range } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import { refuse } from './context.ts'
import { obstacleTo } from './free.ts'
import type { Refusal } from './outcome.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'
import { cursorName, dnsAddressesOf } from './subnets.ts'

type Chosen = { readonly ok: true; readonly ip: Ipv4 } | Refusal

/**
 * A free address outside of every range; in a subnet that is not managed, one inside its reserved ranges.
 * Never the network, broadcast, gateway, a DNS server or an address of a rack.
 */
export function chooseAddress(state: RegionState, subnet: Subnet, now: number): Chosen {
  const segments = segmentsOf(state, subnet)
  const last = state.counters.get(cursorName(subnet.id))?.last ?? -1
  const search: Search = { state, subnet, now, avoided: avoidedIn(subnet) }
  const ip =
    firstFree(search, segments, { start: last + 1, end: 0xffffffff }) ??
    firstFree(search, segments, { start: 0, end: last })
  if (ip === null) return exhausted(state, subnet)
  state.counters.put(cursorName(subnet.id), { name: cursorName(subnet.id), last: ip })
  return { ok: true, ip }
}

/** Addresses of the subnet itself that are never given: its gateway and DNS servers. */
export function avoidedIn(subnet: Subnet): ReadonlySet<Ipv4> {
  const avoided = new Set(dnsAddressesOf(subnet))
  if (subnet.gatewayIp !== null) avoided.add(subnet.gatewayIp)
  return avoided
}

type Search = {
  readonly state: RegionState
  readonly subnet: Subnet
  readonly now: number
  readonly avoided: ReadonlySet<Ipv4>
}
/** Ends are plain numbers: one below the first address and one above the last occur. */
type Span = { readonly start: number; readonly end: number }

function segmentsOf(state: RegionState, subnet: Subnet): readonly Ipv4Range[] {
  if (subnet.managed) return [hostRange(subnet)]
  return state.ipRangesBySubnet
    .rows(subnet.id)
    .filter(({ type }) => type === 'reserved')
    .toSorted((a, b) => a.start - b.start)
}

function firstFree(search: Search, segments: readonly Ipv4Range[], within: Span): Ipv4 | null {
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
  const { state, subnet, now, avoided } = search
  let at = start
  while (at <= end) {
    at = state.addressCounts.skipFull(at)
    if (at > end) break
    const ip = at as Ipv4
    const pool = state.pools.at(ip)
    if (pool !== undefined && !isOffered(subnet, pool.range)) at = pool.range.end + 1
    else if (avoided.has(ip) || obstacleTo(state, now, { ip, client: null }) !== null) at++
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
  return refuse(
    'ADDRESSES_EXHAUSTED',
    `No more addresses available in subnet ${formatCidr(subnet.cidr)}: ` +
      `${end - start + 1} in all, ${inRanges} in ranges, ${given} given out.`,
  )
}
