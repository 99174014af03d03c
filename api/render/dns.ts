// Domains, DNS resources and records as MAAS shows them (maas-api §8).
import { fullName } from '#model/dns-name.ts'
import type { DnsRecord, DnsResource, Domain } from '#model/dns.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import { defaultDomainOf, domainOf, domainOfNode } from '#state/query-dns.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { isoTime, uri } from './names.ts'
import { fromTheApi } from '../known-addresses.ts'
import { renderIpAddress } from './address.ts'
import { renderSubnet } from './network.ts'

export function renderDomain(state: RegionState, domain: Domain) {
  const { id, name, ttl, authoritative } = domain
  return {
    id,
    name,
    ttl,
    authoritative,
    resource_record_count: recordCount(state, domain),
    is_default: defaultDomainOf(state).id === id,
    forward_dns_servers: domain.forwardDnsServers,
    resource_uri: uri('domains', id),
  }
}

/** As part of a node that is in it: its records are not counted for each. */
export function renderDomainOfNode(state: RegionState, node: { readonly domainId?: Domain['id'] }) {
  const { id, name, ttl, authoritative } = domainOfNode(state, node)
  const isDefault = defaultDomainOf(state).id === id
  return {
    ...{ id, name, ttl, authoritative, resource_record_count: 0 },
    is_default: isDefault,
    resource_uri: uri('domains', id),
  }
}

/** Addresses and other records of its resources, as MAAS counts. */
function recordCount(state: RegionState, { id }: Domain): number {
  return state.dnsResourcesByDomain
    .rows(id)
    .reduce((sum, row) => sum + row.addresses.length + state.dnsRecordsByResource.count(row.id), 0)
}

export function fqdnOfResource(state: RegionState, resource: DnsResource): string {
  return fullName(resource.name, domainOf(state, resource.domainId)?.name ?? '')
}

export function renderDnsResource(state: RegionState, resource: DnsResource) {
  const { id, addressTtl, addresses } = resource
  return {
    id,
    fqdn: fqdnOfResource(state, resource),
    address_ttl: addressTtl,
    ip_addresses: addresses.map((ip) => renderAddress(state, ip)),
    resource_records: state.dnsRecordsByResource
      .rows(id)
      .map((record) => renderDnsRecord(state, record)),
    resource_uri: uri('dnsresources', id),
  }
}

export function renderDnsRecord(state: RegionState, record: DnsRecord) {
  const resource = state.dnsResources.get(record.resourceId)
  return {
    id: record.id,
    fqdn: resource === undefined ? '' : fqdnOfResource(state, resource),
    ttl: record.ttl,
    rrtype: record.rrtype,
    rrdata: record.rrdata,
    resource_uri: uri('dnsresourcerecords', record.id),
  }
}

/** Named only, allocated to nobody: outside of all subnets, or leased by DHCP. */
const USER_RESERVED = { alloc_type: 4, alloc_type_name: 'User reserved' }

function renderAddress(state: RegionState, ip: Ip) {
  const row = state.ipAddresses.get(ip)
  if (row !== undefined) return renderIpAddress(state, fromTheApi(row))
  const subnet = subnetOf(state, ip)
  return {
    created: isoTime(0),
    ip: formatIp(ip),
    ...USER_RESERVED,
    subnet: subnet === undefined ? null : renderSubnet(state, subnet),
    owner: null,
    interface_set: [],
    resource_uri: uri('ipaddresses'),
  }
}
