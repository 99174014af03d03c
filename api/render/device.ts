// A device as MAAS shows it (maas-api §8).
import { formatIp } from '#model/ip.ts'
import type { Device } from '#model/objects.ts'
import { zoneOf } from '#state/object-query.ts'
import { fqdnOf } from '#state/query-dns.ts'
import { addressesOf, interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { renderDomainOfNode } from './dns.ts'
import { renderInterface } from './interface.ts'
import { uri } from './names.ts'
import { renderZone } from './objects.ts'

export function renderDevice(state: RegionState, device: Device) {
  const { systemId, hostname, parent } = device
  return {
    system_id: systemId,
    hostname,
    description: device.description,
    domain: renderDomainOfNode(state, device),
    fqdn: fqdnOf(state, device),
    owner: state.users.get(device.ownerId)?.username ?? null,
    owner_data: device.ownerData,
    workload_annotations: device.ownerData,
    parent,
    tag_names: device.tagNames,
    address_ttl: null,
    ip_addresses: addressesOf(state, systemId).map(formatIp),
    interface_set: interfacesOf(state, systemId).map((nic) => renderInterface(state, nic)),
    zone: renderZone(zoneOf(state, device)),
    node_type: 1,
    node_type_name: 'Device',
    resource_uri: uri('devices', systemId),
  }
}
