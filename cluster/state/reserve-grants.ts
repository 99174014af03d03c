// Which addresses a rack gets to keep in reserve (lease-protocol §3, §6): free ones of the pool of one VLAN,
// never more than a share of what is free, so that the last free address of a small pool stays reachable.
import type { SystemId, VlanId } from '#model/ids.ts'
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import { isIpv4Range, racksOf, type Ipv4SubnetRange, type Vlan } from '#model/network.ts'
import { notFound, refuse, type Handler } from './context.ts'
import { liveHold, obstacleTo } from './free.ts'
import { RESERVE_FREE_SHARE, RESERVE_PER_RACK_MAX, RESERVE_PROBES_MAX } from './limits.ts'
import { isServedBy, servingVlanOf } from './query.ts'
import type { RegionState } from './state.ts'
import { checkRestore, currentTenure, lapsed } from './tenures.ts'

/** May grant fewer than asked for, also none: that is no refusal. */
export const grantReserves: Handler<'reserve.grant'> = (context, command) => {
  const { state, now } = context
  const { rackId, epoch, vlanId, count } = command
  const refusal = checkRestore(context)
  if (refusal !== null) return refusal
  if (currentTenure(state, now, rackId, epoch) === undefined) return lapsed()
  const vlan = state.vlans.get(vlanId)
  if (vlan === undefined) return notFound('VLAN')
  const serving = servingVlanOf(state, vlan)
  if (serving === undefined || !isServedBy(state, vlan, rackId)) {
    return refuse('RACK_REFUSED', 'The rack does not serve the VLAN.')
  }
  const ranges = dynamicRanges(state, vlanId)
  const wanted = Math.min(count, roomFor(state, { rackId, serving, ranges }))
  const generation = state.revision
  const addresses = wanted < 1 ? [] : freeAddresses(state, { now, ranges, wanted, vlanId })
  for (const ip of addresses) state.reserves.put(ip, { ip, rackId, epoch, generation })
  return { ok: true, value: { generation, addresses } }
}

/** In address order. */
function dynamicRanges(state: RegionState, vlanId: VlanId): readonly Ipv4SubnetRange[] {
  return state.subnetsByVlan
    .rows(vlanId)
    .flatMap(({ id }) => state.ipRangesBySubnet.rows(id))
    .filter(isIpv4Range)
    .filter(({ type }) => type === 'dynamic')
    .toSorted((a, b) => a.start - b.start)
}

/** How many more the rack may have here. */
function roomFor(
  state: RegionState,
  of: {
    readonly rackId: SystemId
    readonly serving: Vlan
    readonly ranges: readonly Ipv4SubnetRange[]
  },
): number {
  const { rackId, serving, ranges } = of
  let free = 0
  for (const range of ranges) {
    const pool = state.pools.at(range.start)
    if (pool !== undefined) free += pool.size - pool.heldCount - pool.reservedCount
  }
  const inside = (ip: Ipv4): boolean => ranges.some(({ start, end }) => ip >= start && ip <= end)
  const had = [...state.reservesByRack.keys(rackId)].filter(inside).length
  const racks = racksOf(serving).length
  const share = Math.floor((free + had) / (RESERVE_FREE_SHARE * Math.max(racks, 1)))
  return Math.min(RESERVE_PER_RACK_MAX, share) - had
}

/** Round the pool from where the last grant ended: what was returned rests the longest. */
function freeAddresses(
  state: RegionState,
  of: {
    readonly now: number
    readonly ranges: readonly Ipv4SubnetRange[]
    readonly wanted: number
    readonly vlanId: VlanId
  },
): readonly Ipv4[] {
  const { now, ranges, wanted, vlanId } = of
  const size = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  const name = `reserve/${vlanId}`
  const first = (state.counters.get(name)?.last ?? -1) + 1
  const found: Ipv4[] = []
  let looked = 0
  for (; looked < Math.min(size, RESERVE_PROBES_MAX) && found.length < wanted; looked++) {
    const ip = addressAt(ranges, (first + looked) % size)
    const isTaken =
      liveHold(state, now, ip) !== undefined ||
      obstacleTo(state, now, { ip, client: null }) !== null
    if (!isTaken) found.push(ip)
  }
  if (looked > 0) state.counters.put(name, { name, last: (first + looked - 1) % size })
  return found
}

function addressAt(ranges: readonly Ipv4SubnetRange[], number: number): Ipv4 {
  let left = number
  for (const { start, end } of ranges) {
    const size = end - start + 1
    if (left < size) return makeIpv4(start + left)
    left -= size
  }
  throw new Error(`no address ${number} in the pool`)
}
