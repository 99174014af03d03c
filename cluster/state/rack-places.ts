// Which addresses racks have where, for machines that look for another rack (`model/boot-origins.ts`).
import type { RackPlace } from '#model/boot-origins.ts'
import type { VlanId } from '#model/ids.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import { racksOf, type Vlan } from '#model/network.ts'
import { isIpv4, type Ip } from '#model/ip.ts'
import { subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/** Of IPv4, on this VLAN: first of the racks that serve it, in their order, then of others by their id. */
export function rackPlacesOf(state: RegionState, vlan: Vlan): readonly RackPlace[] {
  const served = racksOf(vlan)
  const others = [...state.controllers.values()]
    .map(({ systemId }) => systemId)
    .filter((id) => !served.includes(id))
    .toSorted()
  return [...served, ...others].flatMap((id) => placesOn(state, id, vlan.id))
}

/** Beside the address of a rack; none where that is in no known subnet. */
export function rackPlacesBeside(state: RegionState, ip: Ip | undefined): readonly RackPlace[] {
  if (ip === undefined || !isIpv4(ip)) return []
  const subnet = subnetOf(state, ip)
  const vlan = subnet === undefined ? undefined : state.vlans.get(subnet.vlanId)
  return vlan === undefined ? [] : rackPlacesOf(state, vlan)
}

/** Base URLs of the regions' APIs. */
export function regionApisOf(state: RegionState): readonly string[] {
  return [...state.controllers.values()].flatMap(({ kind, apiUrl }) =>
    kind === 'region' && apiUrl !== null ? [apiUrl] : [],
  )
}

function placesOn(
  state: RegionState,
  rackId: RackPlace['rackId'],
  vlanId: VlanId,
): readonly RackPlace[] {
  const controller = state.controllers.get(rackId)
  if (controller?.kind !== 'rack') return []
  const { connected } = controller
  return controller.interfaces
    .filter((each) => each.vlanId === vlanId)
    .flatMap(({ addresses }) => addresses)
    .flatMap((text) => {
      const [address = '', length = ''] = text.split('/')
      const [ip, prefix] = [parseIpv4(address), Number(length)]
      return ip === undefined || !(prefix >= 1 && prefix <= 32)
        ? []
        : [{ rackId, ip, prefix, connected }]
    })
}
