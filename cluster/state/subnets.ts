// Subnets. A CIDR exists once; subnets may nest, as in MAAS: an address belongs to the longest prefix.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { SubnetId } from '#model/ids.ts'
import {
  contains,
  formatIp,
  formatIpCidr,
  isIn,
  isIpv4,
  isIpv4Cidr,
  parseIp,
  spanOf,
  type Ip,
} from '#model/ip.ts'
import { isLinkLocal } from '#model/ipv6.ts'
import type { StaticRoute, Subnet } from '#model/network.ts'
import {
  created,
  DONE,
  invalid,
  nextId,
  notFound,
  refuse,
  type Context,
  type Handler,
} from './context.ts'
import { dropDhcpOptions } from './dhcp-options.ts'
import { dropLinksTo } from './interface-links.ts'
import type { Refusal } from './outcome.ts'
import { dropSnippets } from './object-rules.ts'
import { hostRange, keysWithin, subnetOf } from './query.ts'
import { dropReservation, reservationsIn } from './reservations.ts'
import { nameOfRoute } from './static-routes.ts'
import { cidrKey, type RegionState } from './state.ts'

export const createSubnet: Handler<'subnet.create'> = ({ state }, command) => {
  const { type: _type, ...fields } = command
  const subnet = addSubnet(state, fields)
  return checkSubnet(state, subnet) ?? created(subnet.id)
}

export const updateSubnet: Handler<'subnet.update'> = ({ state }, { id, set }) => {
  const subnet = state.subnets.get(id)
  if (subnet === undefined) return notFound('Subnet')
  const next: Subnet = { ...subnet, ...set, id }
  state.subnets.put(id, next)
  return (
    checkSubnet(state, next) ??
    checkContents(state, next) ??
    (state.featureLevel < NETWORK_LEVEL ? null : checkMove(state, subnet, next)) ??
    DONE
  )
}

/**
 * Holds in it stay and run out (lease-protocol §3). Refused while DHCP serves it or while addresses
 * of it are given out, unless forced; its ranges go with it.
 */
export const deleteSubnet: Handler<'subnet.delete'> = (context, { id, force }) => {
  const { state } = context
  const subnet = state.subnets.get(id)
  if (subnet === undefined) return notFound('Subnet')
  const obstacle = obstacleToDeletion(state, subnet)
  if (force === true) dropContents(context, subnet)
  else if (obstacle !== null) {
    const cidr = formatIpCidr(subnet.cidr)
    return refuse('VALIDATION', `Subnet ${cidr} cannot be deleted: ${obstacle}.`)
  }
  for (const key of state.ipRangesBySubnet.keys(id)) {
    dropSnippets(state, (row) => row.ipRangeId === key)
    dropDhcpOptions(state, { scope: 'range', scopeId: key })
    state.ipRanges.delete(key)
  }
  dropDhcpOptions(state, { scope: 'subnet', scopeId: id })
  dropSnippets(state, (row) => row.subnetId === id)
  state.counters.delete(cursorName(id))
  dropLinksTo(context, subnet)
  state.subnets.delete(id)
  return DONE
}

/** Name '': the CIDR. */
export function addSubnet(state: RegionState, fields: Omit<Subnet, 'id'>): Subnet {
  const id = nextId<SubnetId>(state, 'subnets')
  const name = fields.name === '' ? formatIpCidr(fields.cidr) : fields.name
  const subnet = { id, ...fields, name }
  state.subnets.put(id, subnet)
  return subnet
}

/** Counter that remembers where the last automatic allocation was made. */
export function cursorName(id: SubnetId): string {
  return `allocated/${id}`
}

/** Addresses in `dnsServers` as values; what is no address is left out. */
export function dnsAddressesOf(subnet: Subnet): readonly Ip[] {
  return subnet.dnsServers.flatMap((text) => parseIp(text) ?? [])
}

/** Asked after the row was written; a refusal takes it back. */
function checkSubnet(state: RegionState, subnet: Subnet): Refusal | null {
  const { cidr, gatewayIp, vlanId, rdnsMode } = subnet
  if (!state.vlans.has(vlanId)) return notFound('VLAN')
  if (!isIpv4Cidr(cidr) && state.featureLevel < NETWORK_LEVEL) {
    return invalid('cidr', `IPv6 subnets need feature level ${NETWORK_LEVEL}.`)
  }
  if (cidr.prefix < 1) return invalid('cidr', 'The prefix length must be greater than 0.')
  if (state.subnetsByCidr.count(cidrKey(cidr)) > 1) {
    return invalid('cidr', `Subnet with CIDR ${formatIpCidr(cidr)} already exists.`)
  }
  if (![0, 1, 2].includes(rdnsMode)) return invalid('rdns_mode', 'The mode must be 0, 1 or 2.')
  // The pools of all subnets: where subnets nest, the address is the same.
  const isDynamic = (ip: Ip): boolean => state.pools.at(ip)?.range.type === 'dynamic'
  const server = dnsAddressesOf(subnet).find(isDynamic)
  if (server !== undefined) {
    const text = `DNS server ${formatIp(server)} would be inside of a dynamic range.`
    return invalid('dns_servers', text)
  }
  if (gatewayIp === null) return null
  if (isDynamic(gatewayIp)) {
    const text = `Gateway ${formatIp(gatewayIp)} would be inside of a dynamic range.`
    return invalid('gateway_ip', text)
  }
  // Routers of IPv6 announce themselves with link-local addresses (RFC 4861 §6.1.2).
  const isOnLink = !isIpv4Cidr(cidr) && !isIpv4(gatewayIp) && isLinkLocal(gatewayIp)
  if (isOnLink || isIn(hostRange(subnet), gatewayIp)) return null
  return invalid('gateway_ip', `The gateway must be a host address of ${formatIpCidr(cidr)}.`)
}

/** A changed CIDR must leave what the subnet has inside. */
function checkContents(state: RegionState, subnet: Subnet): Refusal | null {
  const cidr = formatIpCidr(subnet.cidr)
  const hosts = hostRange(subnet)
  for (const range of state.ipRangesBySubnet.rows(subnet.id)) {
    const name = `IP range ${formatIp(range.start)}-${formatIp(range.end)}`
    if (!isIn(hosts, range.start) || !isIn(hosts, range.end)) {
      return invalid('cidr', `${name} would be outside of ${cidr}.`)
    }
  }
  for (const route of state.staticRoutesBySource.rows(subnet.id)) {
    if (!isIn(hosts, route.gatewayIp)) {
      return invalid('cidr', `The gateway of ${nameOfRoute(state, route)} would be outside.`)
    }
  }
  for (const ip of state.ipAddressesBySubnet.keys(subnet.id)) {
    if (!contains(subnet.cidr, ip)) {
      return invalid('cidr', `Reserved address ${formatIp(ip)} would be outside of ${cidr}.`)
    }
  }
  return null
}

function obstacleToDeletion(state: RegionState, subnet: Subnet): string | null {
  const served = servedRange(state, subnet)
  if (served !== null) return `DHCP serves its dynamic range ${served}`
  const [ip] = state.ipAddressesBySubnet.keys(subnet.id)
  if (ip !== undefined) return `address ${formatIp(ip)} is reserved`
  if (state.featureLevel < NETWORK_LEVEL) return null
  const [reservation] = reservationsIn(state, subnet)
  if (reservation !== undefined) {
    return `${formatIp(reservation.ip)} is reserved for ${reservation.mac}`
  }
  const [route] = routesOf(state, subnet)
  return route === undefined ? null : `${nameOfRoute(state, route)} uses it`
}

function routesOf(state: RegionState, { id }: Subnet): readonly StaticRoute[] {
  return [...state.staticRoutesBySource.rows(id), ...state.staticRoutesByDestination.rows(id)]
}

/** Everything that keeps a subnet from being deleted. What DHCP promised runs out as ever. */
function dropContents(context: Context, subnet: Subnet): void {
  const { state } = context
  for (const ip of state.ipAddressesBySubnet.keys(subnet.id)) state.ipAddresses.delete(ip)
  for (const reservation of reservationsIn(state, subnet)) dropReservation(context, reservation)
  for (const { id } of routesOf(state, subnet)) state.staticRoutes.delete(id)
}

/**
 * A subnet that DHCP serves stays on its VLAN: its clients would renew at racks that no longer serve them. A
 * changed CIDR takes no reserved IP of the subnet out of it.
 */
function checkMove(state: RegionState, before: Subnet, after: Subnet): Refusal | null {
  if (after.vlanId !== before.vlanId) {
    const served = servedRange(state, before)
    if (served !== null) {
      const vlan = state.vlans.get(before.vlanId)
      return invalid('vlan', `DHCP of VLAN ${vlan?.name ?? ''} serves its dynamic range ${served}.`)
    }
  }
  for (const ip of keysWithin(state.reservations, spanOf(before.cidr))) {
    if (!contains(after.cidr, ip) && subnetOf(state, ip) === undefined) {
      return invalid('cidr', `Reserved IP ${formatIp(ip)} would be in no subnet.`)
    }
  }
  return null
}

/** `start-end` of a dynamic range that DHCP gives addresses of now; racks serve IPv4 only. */
function servedRange(state: RegionState, subnet: Subnet): string | null {
  if (state.vlans.get(subnet.vlanId)?.dhcpOn !== true) return null
  const range = state.ipRangesBySubnet
    .rows(subnet.id)
    .find(({ type, start }) => type === 'dynamic' && isIpv4(start))
  return range === undefined ? null : `${formatIp(range.start)}-${formatIp(range.end)}`
}
