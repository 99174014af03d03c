// Why somebody cannot have an address, with the object in the way named: the end of a sentence that begins with
// the address. One text for refusals and for `explain`.
import { formatIp, formatIpCidr, isIn, isIpv4, type Ip } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey, Subnet } from '#model/network.ts'
import { liveHold, liveReserve, obstacleTo, type Obstacle } from './free.ts'
import { hostRange, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/**
 * Why the API cannot give `ip` of `subnet` to who asks for it by name; null when it can. It may lie in a
 * reserved range, not in a dynamic one. `mac`: who is to have it, and may have been seen with it.
 */
export function whyNotGiven(
  state: RegionState,
  now: number,
  of: { readonly subnet: Subnet; readonly ip: Ip; readonly mac?: MacAddress | null },
): string | null {
  const { subnet, ip, mac } = of
  if (!isIn(hostRange(subnet), ip)) return `is not a host address of ${formatIpCidr(subnet.cidr)}`
  const owner = subnetOf(state, ip)
  if (owner !== undefined && owner.id !== subnet.id) {
    return `belongs to subnet ${formatIpCidr(owner.cidr)}, which is inside of ${formatIpCidr(subnet.cidr)}`
  }
  const range = state.pools.at(ip)?.range
  if (range?.type === 'dynamic') {
    return `is in the dynamic range ${formatIp(range.start)}-${formatIp(range.end)}`
  }
  const kept = state.keptAddresses.reason(ip)
  if (kept !== undefined) return `is ${kept.text}`
  const client = mac ? ownRest(state, now, { ip, mac }) : null
  const obstacle = obstacleTo(state, now, { ip, client, ...(mac ? { mac } : {}) })
  return obstacle === null ? null : describeObstacle(state, ip, obstacle)
}

/** Who a lease of the address that runs out belongs to, when that is the very interface that asks for it. */
function ownRest(
  state: RegionState,
  now: number,
  { ip, mac }: { readonly ip: Ip; readonly mac: MacAddress },
): ClientKey | null {
  const hold = liveHold(state, now, ip)
  if (hold?.mac !== mac || state.ipAddresses.has(ip) || state.reservations.has(ip)) return null
  return liveReserve(state, now, ip) === undefined ? hold.client : null
}

export function describeObstacle(state: RegionState, ip: Ip, obstacle: Obstacle): string {
  switch (obstacle) {
    case 'allocated':
      return 'is already in use'
    case 'reservation':
      return `is reserved for ${state.reservations.get(ip)?.mac ?? 'a DHCP client'}`
    case 'held':
      return `is leased to ${holdOf(state, ip)?.mac ?? 'a DHCP client'}`
    case 'quarantined':
      return 'was found in use by a machine nobody knows'
    case 'observed':
      return 'was seen in use by another machine'
    case 'reserve': {
      const rackId = isIpv4(ip) ? state.reserves.get(ip)?.rackId : undefined
      const rack = rackId === undefined ? undefined : state.controllers.get(rackId)
      return `is kept by rack ${rack?.hostname ?? rackId ?? ''} for clients while it is cut off`
    }
    case 'controller':
      return `belongs to rack controller ${state.controllerAddresses.ownerOf(ip) ?? ''}`.trimEnd()
    case 'restoring':
      return 'may be in use since before the region was restored'
    default:
      return obstacle satisfies never
  }
}

function holdOf(state: RegionState, ip: Ip) {
  return isIpv4(ip) ? state.holds.get(ip) : undefined
}
