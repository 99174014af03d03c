// Neighbours that racks heard, as MAAS's discoveries (maas-api §8).
import { formatIpv4 } from '#model/ipv4.ts'
import type { Neighbour } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { isoTime, uri } from './names.ts'

/** MAAS's own form: both addresses, so that it names the same neighbour wherever it was heard. */
function discoveryId({ id }: Pick<Neighbour, 'id'>): string {
  return Buffer.from(id).toString('base64url')
}

/** Undefined when it is none. */
export function neighbourIdOf(discovery: string): string | undefined {
  const text = Buffer.from(discovery, 'base64url').toString('latin1')
  return /^[\d.]{7,15},[0-9a-f:]{17}$/.test(text) ? text : undefined
}

export function renderDiscovery(state: RegionState, row: Neighbour) {
  const { ip, mac, vlanId, rackId, lastWall } = row
  const vlan = state.vlans.get(vlanId)
  const fabric = vlan === undefined ? undefined : state.fabrics.get(vlan.fabricId)
  const rack = state.controllers.get(rackId)
  const at = rack?.interfaces.findIndex((nic) => nic.vlanId === vlanId) ?? -1
  return {
    discovery_id: discoveryId(row),
    ip: formatIpv4(ip),
    mac_address: mac,
    mac_organization: null,
    last_seen: isoTime(lastWall),
    hostname: null,
    fabric_name: fabric?.name ?? '',
    vid: vlan?.vid ?? 0,
    observer: {
      ...{ system_id: rackId, hostname: rack?.hostname ?? rackId, interface_id: at },
      interface_name: rack?.interfaces[at]?.name ?? '',
    },
    resource_uri: uri('discovery', discoveryId(row)),
  }
}
