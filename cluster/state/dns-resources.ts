// DNS resources: names in a domain with their addresses. An address of a subnet that nobody has is reserved for
// the user who names it, as MAAS does, and goes free when the name gives it up.
import { isOwnerName, isTooLong } from '#model/dns-name.ts'
import type { DnsResource } from '#model/dns.ts'
import type { DnsResourceId, DomainId, UserId } from '#model/ids.ts'
import { isIn, type Ip } from '#model/ip.ts'
import { ALLOC_TYPE } from '#model/network.ts'
import { keptIn } from './allocate.ts'
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
import { isTtl, makeFirstDomain } from './domains.ts'
import { obstacleTo } from './free.ts'
import { DNS_ADDRESSES_MAX, DNS_RESOURCES_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import { hostRange, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

export const createDnsResource: Handler<'dnsResource.create'> = (context, command) => {
  const { state } = context
  makeFirstDomain(state)
  const { name, domainId, addressTtl, addresses, userId } = command
  if (addresses.length === 0) return invalid('ip_addresses', 'This field is required.')
  const resource = addResource(state, { name, domainId, addressTtl })
  if ('ok' in resource) return resource
  const next = { ...resource, addresses, reserved: [] }
  const refusal = checkResource(state, next)
  if (refusal !== null) return refusal
  state.dnsResources.put(next.id, { ...next, reserved: reserveFor(context, next, userId) })
  return created(next.id)
}

export const updateDnsResource: Handler<'dnsResource.update'> = (context, command) => {
  const { state } = context
  const { id, userId, set } = command
  const resource = state.dnsResources.get(id)
  if (resource === undefined) return notFound('DNSResource')
  const kept = resource.reserved.filter((ip) => set.addresses?.includes(ip) ?? true)
  release(
    state,
    resource.reserved.filter((ip) => !kept.includes(ip)),
  )
  const next: DnsResource = { ...resource, ...set, id, reserved: kept }
  state.dnsResources.put(id, next)
  const refusal = checkResource(state, next)
  if (refusal !== null) return refusal
  const reserved = [...kept, ...reserveFor(context, next, userId)]
  state.dnsResources.put(id, { ...next, reserved })
  return DONE
}

export const deleteDnsResource: Handler<'dnsResource.delete'> = ({ state }, { id }) => {
  const resource = state.dnsResources.get(id)
  if (resource === undefined) return notFound('DNSResource')
  for (const key of state.dnsRecordsByResource.keys(id)) state.dnsRecords.delete(key)
  dropResource(state, resource)
  return DONE
}

/** Without addresses; checked by the caller once it has them. */
export function addResource(
  state: RegionState,
  fields: Pick<DnsResource, 'name' | 'domainId' | 'addressTtl'>,
): DnsResource | Refusal {
  if (!state.domains.has(fields.domainId)) return notFound('Domain')
  if (state.dnsResources.size >= DNS_RESOURCES_MAX) {
    return refuse('OVERLOADED', `At most ${DNS_RESOURCES_MAX} DNS resources are kept.`)
  }
  const id = nextId<DnsResourceId>(state, 'dnsResources')
  const resource: DnsResource = { id, ...fields, addresses: [], reserved: [] }
  state.dnsResources.put(id, resource)
  return resource
}

export function dropResource(state: RegionState, resource: DnsResource): void {
  release(state, resource.reserved)
  state.dnsResources.delete(resource.id)
}

export function resourceNamed(
  state: RegionState,
  domainId: DomainId,
  name: string,
): DnsResource | undefined {
  return state.dnsResourcesByName.first(`${domainId}/${name.toLowerCase()}`)
}

/** Asked after the row was written; a refusal takes it back. */
export function checkResource(state: RegionState, resource: DnsResource): Refusal | null {
  const { id, name, domainId, addressTtl, addresses } = resource
  const domain = state.domains.get(domainId)
  if (domain === undefined) return notFound('Domain')
  if (!isOwnerName(name)) return invalid('name', 'Invalid dnsresource name.')
  if (isTooLong(name, domain.name)) return invalid('name', 'The name is too long.')
  if (state.dnsResourcesByName.count(`${domainId}/${name.toLowerCase()}`) > 1) {
    return invalid('name', 'Labels must be unique within their zone.')
  }
  if (addressTtl !== null && !isTtl(addressTtl)) return invalid('address_ttl', 'Invalid TTL.')
  if (addresses.length > DNS_ADDRESSES_MAX) {
    return invalid('ip_addresses', `A name has at most ${DNS_ADDRESSES_MAX} addresses.`)
  }
  const records = state.dnsRecordsByResource.rows(id)
  if (addresses.length === 0) {
    return records.length > 0 ? null : invalid('ip_addresses', 'This field is required.')
  }
  return records.some(({ rrtype }) => rrtype === 'CNAME')
    ? invalid('__all__', 'Cannot add address: CNAME present.')
    : null
}

/** Those that were free; others keep whom they belong to and are only named. */
function reserveFor(
  { state, now, wall }: Context,
  resource: DnsResource,
  userId: UserId,
): readonly Ip[] {
  const reserved: Ip[] = []
  for (const ip of resource.addresses) {
    const subnet = subnetOf(state, ip)
    if (subnet === undefined || reserved.includes(ip)) continue
    const mayBeGiven =
      isIn(hostRange(subnet), ip) &&
      !keptIn(state, subnet)(ip) &&
      state.pools.at(ip)?.range.type !== 'dynamic' &&
      obstacleTo(state, now, { ip, client: null }) === null
    if (!mayBeGiven) continue
    const times = { createdWall: wall, updatedWall: wall }
    const allocType = ALLOC_TYPE.userReserved
    const row = { ip, allocType, subnetId: subnet.id, userId, hostname: '', mac: null, ...times }
    state.ipAddresses.put(ip, row)
    reserved.push(ip)
  }
  return reserved
}

/** Only what is still as it was reserved: somebody may have released it and another taken it since. */
function release(state: RegionState, addresses: readonly Ip[]): void {
  for (const ip of addresses) {
    const row = state.ipAddresses.get(ip)
    const isOurs = row?.allocType === ALLOC_TYPE.userReserved && row.hostname === '' && !row.mac
    if (isOurs) state.ipAddresses.delete(ip)
  }
}
