// Subnets. A CIDR exists once; subnets may nest, as in MAAS: an address belongs to the longest prefix.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { SubnetId } from '#model/ids.ts'
import { contains, formatCidr, formatIpv4, lastOf, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
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
import { RESERVATIONS_MAX } from './limits.ts'
import { dropDhcpOptions } from './dhcp-options.ts'
import type { Refusal } from './outcome.ts'
import { dropSnippets } from './object-rules.ts'
import { hostRange, subnetOf } from './query.ts'
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
    const cidr = formatCidr(subnet.cidr)
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
  state.subnets.delete(id)
  return DONE
}

/** Name '': the CIDR. */
export function addSubnet(state: RegionState, fields: Omit<Subnet, 'id'>): Subnet {
  const id = nextId<SubnetId>(state, 'subnets')
  const name = fields.name === '' ? formatCidr(fields.cidr) : fields.name
  const subnet = { id, ...fields, name }
  state.subnets.put(id, subnet)
  return subnet
}

/** Counter that remembers where the last automatic allocation was made. */
export function cursorName(id: SubnetId): string {
  return `allocated/${id}`
}

/** Addresses in `dnsServers` as values; what is no IPv4 address is left out. */
export function dnsAddressesOf(subnet: Subnet): readonly Ipv4[] {
  return subnet.dnsServers.flatMap((text) => parseIpv4(text) ?? [])
}

/** Asked after the row was written; a refusal takes it back. */
function checkSubnet(state: RegionState, subnet: Subnet): Refusal | null {
  const { cidr, gatewayIp, vlanId, rdnsMode } = subnet
  if (!state.vlans.has(vlanId)) return notFound('VLAN')
  if (cidr.prefix < 1) return invalid('cidr', 'The prefix length must be greater than 0.')
  if (state.subnetsByCidr.count(cidrKey(cidr)) > 1) {
    return invalid('cidr', `Subnet with CIDR ${formatCidr(cidr)} already exists.`)
  }
  if (![0, 1, 2].includes(rdnsMode)) return invalid('rdns_mode', 'The mode must be 0, 1 or 2.')
  // The pools of all subnets: where subnets nest, the address is the same.
  const isDynamic = (ip: Ipv4): boolean => state.pools.at(ip)?.range.type === 'dynamic'
  const server = dnsAddressesOf(subnet).find(isDynamic)
  if (server !== undefined) {
    const text = `DNS server ${formatIpv4(server)} would be inside of a dynamic range.`
    return invalid('dns_servers', text)
  }
  if (gatewayIp === null) return null
  if (isDynamic(gatewayIp)) {
    const text = `Gateway ${formatIpv4(gatewayIp)} would be inside of a dynamic range.`
    return invalid('gateway_ip', text)
  }
  const hosts = hostRange(subnet)
  if (gatewayIp < hosts.start || gatewayIp > hosts.end) {
    return invalid('gateway_ip', `The gateway must be a host address of ${formatCidr(cidr)}.`)
  }
  return null
}

/** A changed CIDR must leave what the subnet has inside. */
function checkContents(state: RegionState, subnet: Subnet): Refusal | null {
  const cidr = formatCidr(subnet.cidr)
  const hosts = hostRange(subnet)
  for (const range of state.ipRangesBySubnet.rows(subnet.id)) {
    const name = `IP range ${formatIpv4(range.start)}-${formatIpv4(range.end)}`
    if (range.start < hosts.start || range.end > hosts.end) {
      return invalid('cidr', `${name} would be outside of ${cidr}.`)
    }
  }
  for (const route of state.staticRoutesBySource.rows(subnet.id)) {
    if (route.gatewayIp < hosts.start || route.gatewayIp > hosts.end) {
      return invalid('cidr', `The gateway of ${nameOfRoute(state, route)} would be outside.`)
    }
  }
  for (const ip of state.ipAddressesBySubnet.keys(subnet.id)) {
    if (!contains(subnet.cidr, ip)) {
      return invalid('cidr', `Reserved address ${formatIpv4(ip)} would be outside of ${cidr}.`)
    }
  }
  return null
}

function obstacleToDeletion(state: RegionState, subnet: Subnet): string | null {
  const served = servedRange(state, subnet)
  if (served !== null) return `DHCP serves its dynamic range ${served}`
  const [ip] = state.ipAddressesBySubnet.keys(subnet.id)
  if (ip !== undefined) return `address ${formatIpv4(ip)} is reserved`
  if (state.featureLevel < NETWORK_LEVEL) return null
  const [reservation] = reservationsIn(state, subnet)
  if (reservation !== undefined) {
    return `${formatIpv4(reservation.ip)} is reserved for ${reservation.mac}`
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
  const { start, end } = { start: before.cidr.network, end: lastOf(before.cidr) }
  for (const ip of state.reservations.keysAfter((start - 1) as Ipv4, RESERVATIONS_MAX)) {
    if (ip > end) break
    if (!contains(after.cidr, ip) && subnetOf(state, ip) === undefined) {
      return invalid('cidr', `Reserved IP ${formatIpv4(ip)} would be in no subnet.`)
    }
  }
  return null
}

/** `start-end` of a dynamic range that DHCP gives addresses of now. */
function servedRange(state: RegionState, subnet: Subnet): string | null {
  if (state.vlans.get(subnet.vlanId)?.dhcpOn !== true) return null
  const range = state.ipRangesBySubnet.rows(subnet.id).find(({ type }) => type === 'dynamic')
  return range === undefined ? null : `${formatIpv4(range.start)}-${formatIpv4(range.end)}`
}
