// Which addresses racks have where, for machines that look for another rack (`model/boot-origins.ts`).
import type { RackPlace } from '#model/boot-origins.ts'
import type { VlanId } from '#model/ids.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import type { Controller, ControllerInterface } from '#model/machine.ts'
import { racksOf, type Vlan } from '#model/network.ts'
import { isIpv4, type Ip } from '#model/ip.ts'
import { subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

type PlacesByVlan = ReadonlyMap<VlanId, readonly RackPlace[]>

/** Of IPv4, of all racks in the order of their ids. */
export function rackPlacesByVlan(state: RegionState): PlacesByVlan {
  const places = new Map<VlanId, RackPlace[]>()
  for (const controller of state.controllers.values()) {
    if (controller.kind !== 'rack') continue
    for (const nic of controller.interfaces) {
      if (nic.vlanId === null) continue
      const beside = places.get(nic.vlanId) ?? []
      places.set(nic.vlanId, [...beside, ...placesOf(controller, nic)])
    }
  }
  return places
}

/** On this VLAN: first of the racks that serve it, in their order, then of others. */
export function rackPlacesOf(places: PlacesByVlan, vlan: Vlan): readonly RackPlace[] {
  const served = racksOf(vlan)
  const rank = ({ rackId }: RackPlace): number => {
    const at = served.indexOf(rackId)
    return at < 0 ? served.length : at
  }
  return (places.get(vlan.id) ?? []).toSorted((a, b) => rank(a) - rank(b))
}

/** Beside the address of a rack; none where that is in no known subnet. */
export function rackPlacesBeside(state: RegionState, ip: Ip | undefined): readonly RackPlace[] {
  if (ip === undefined || !isIpv4(ip)) return []
  const subnet = subnetOf(state, ip)
  const vlan = subnet === undefined ? undefined : state.vlans.get(subnet.vlanId)
  return vlan === undefined ? [] : rackPlacesOf(rackPlacesByVlan(state), vlan)
}

/** Base URLs of the regions' APIs. */
export function regionApisOf(state: RegionState): readonly string[] {
  return [...state.controllers.values()].flatMap(({ kind, apiUrl }) =>
    kind === 'region' && apiUrl !== null ? [apiUrl] : [],
  )
}

function placesOf(
  { systemId: rackId, connected }: Controller,
  { addresses }: ControllerInterface,
): readonly RackPlace[] {
  return addresses.flatMap((text) => {
    const [address = '', length = ''] = text.split('/')
    const [ip, prefix] = [parseIpv4(address), Number(length)]
    const isPlace = ip !== undefined && prefix >= 1 && prefix <= 32
    return isPlace ? [{ rackId, ip, prefix, connected }] : []
  })
}
