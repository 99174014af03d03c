// IP ranges: inside the hosts of one subnet, never overlapping another range of any subnet (addresses
// exist once, whatever subnets nest). A dynamic range holds no address that somebody else has.
import type { IpRangeId } from '#model/ids.ts'
import {
  familyOf,
  formatIp,
  formatIpCidr,
  isIn,
  isIpv4,
  previousIp,
  sizeOf,
  type Ip,
} from '#model/ip.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import type { IpRange } from '#model/network.ts'
import { created, DONE, invalid, nextId, notFound, type Handler } from './context.ts'
import { dropDhcpOptions } from './dhcp-options.ts'
import type { Refusal } from './outcome.ts'
import { dropSnippets } from './object-rules.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'
import { nameOfRoute } from './static-routes.ts'
import { dnsAddressesOf } from './subnets.ts'

export const createIpRange: Handler<'ipRange.create'> = ({ state }, command) => {
  const { rangeType: type, subnetId, start, end, comment, userId } = command
  const id = nextId<IpRangeId>(state, 'ipRanges')
  const range: IpRange = { id, type, subnetId, start, end, comment, userId }
  const refusal = checkRange(state, range)
  if (refusal !== null) return refusal
  state.ipRanges.put(range.id, range)
  return created(range.id)
}

export const updateIpRange: Handler<'ipRange.update'> = ({ state }, { id, set }) => {
  const range = state.ipRanges.get(id)
  if (range === undefined) return notFound('IPRange')
  const next: IpRange = { ...range, ...set, id }
  const refusal = checkRange(state, next)
  if (refusal !== null) return refusal
  state.ipRanges.put(id, next)
  return DONE
}

/** Holds in it stay and run out (lease-protocol §3). */
export const deleteIpRange: Handler<'ipRange.delete'> = ({ state }, { id }) => {
  if (!state.ipRanges.has(id)) return notFound('IPRange')
  dropSnippets(state, (row) => row.ipRangeId === id)
  dropDhcpOptions(state, { scope: 'range', scopeId: id })
  state.ipRanges.delete(id)
  return DONE
}

function checkRange(state: RegionState, range: IpRange): Refusal | null {
  const { start, end } = range
  const subnet = state.subnets.get(range.subnetId)
  if (subnet === undefined) return notFound('Subnet')
  if (familyOf(start) !== familyOf(end)) {
    return invalid('end_ip', 'The start and the end address must be of one family.')
  }
  if (start > end) return invalid('end_ip', 'The end address must not be below the start address.')
  const hosts = hostRange(subnet)
  const cidr = formatIpCidr(subnet.cidr)
  if (!isIn(hosts, start)) {
    return invalid('start_ip', `${formatIp(start)} is not a host address of ${cidr}.`)
  }
  if (!isIn(hosts, end)) {
    return invalid('end_ip', `${formatIp(end)} is not a host address of ${cidr}.`)
  }
  const other = state.pools.overlapping(range, range.id)
  if (other !== undefined) {
    const name = `${formatIp(other.start)}-${formatIp(other.end)}`
    return invalid('__all__', `The range overlaps the ${other.type} range ${name}.`)
  }
  return range.type === 'dynamic' ? checkDynamic(state, range) : null
}

/** MAAS's, of IPv6 only. */
const DYNAMIC_ADDRESSES_MIN = 256

function checkDynamic(state: RegionState, range: IpRange): Refusal | null {
  const { start } = range
  if (!isIpv4(start) && sizeOf(range) < DYNAMIC_ADDRESSES_MIN) {
    const text = `A dynamic range of IPv6 has at least ${DYNAMIC_ADDRESSES_MIN} addresses.`
    return invalid('__all__', text)
  }
  const inside = (ip: Ip): boolean => isIn(range, ip)
  const conflict = (what: string, ip: Ip): Refusal =>
    invalid('__all__', `The dynamic range would contain ${what} ${formatIp(ip)}.`)
  // Gateways and DNS servers of nested subnets count too: the address is the same.
  for (const subnet of state.subnets.values()) {
    if (subnet.gatewayIp !== null && inside(subnet.gatewayIp)) {
      return conflict('the gateway', subnet.gatewayIp)
    }
    const server = dnsAddressesOf(subnet).find(inside)
    if (server !== undefined) return conflict('the DNS server', server)
  }
  const route = [...state.staticRoutes.values()].find(({ gatewayIp }) => inside(gatewayIp))
  if (route !== undefined) {
    return conflict(`the gateway of ${nameOfRoute(state, route)}:`, route.gatewayIp)
  }
  const controller = state.controllerAddresses.all().find(inside)
  if (controller !== undefined) return conflict('the controller address', controller)
  const below = isIpv4(start) ? makeIpv4(Math.max(start - 1, 0)) : previousIp(start)
  const [reserved] = state.ipAddresses.keysAfter(below, 1)
  if (reserved !== undefined && inside(reserved)) return conflict('the reserved address', reserved)
  return null
}
