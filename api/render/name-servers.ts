// Whom the machines of a subnet ask for names: the servers that it names, else the racks that serve its VLAN, else the
// regions, all of which answer from the same rows.
import { contains, familyOf, formatIp, parseIp, type Ip } from '#model/ip.ts'
import { isLinkLocal } from '#model/ipv6.ts'
import type { Controller } from '#model/machine.ts'
import { racksOf, type Subnet } from '#model/network.ts'
import { servingVlanOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

/** Of the subnet's family, but for those that the subnet names itself. */
export function nameServersOf(state: RegionState, subnet: Subnet): readonly string[] {
  if (subnet.dnsServers.length > 0 || !subnet.allowDns) return subnet.dnsServers
  const vlan = state.vlans.get(subnet.vlanId)
  const serving = vlan === undefined ? undefined : servingVlanOf(state, vlan)
  const racks = serving === undefined ? [] : racksOf(serving)
  const ofRacks = racks.flatMap((id) => addressIn(subnet, state.controllers.get(id)) ?? [])
  if (ofRacks.length > 0) return ofRacks
  const regions = [...state.controllers.values()].filter(({ kind }) => kind === 'region')
  return regions.flatMap((region) => addressIn(subnet, region) ?? [])
}

/** In the subnet, where it has one there. */
function addressIn(subnet: Subnet, controller: Controller | undefined): string | undefined {
  if (controller === undefined) return undefined
  const own = controller.interfaces.flatMap(({ addresses }) => addresses)
  const api = /^https?:\/\/(?:\[([^\]]+)\]|([\d.]+))/.exec(controller.apiUrl ?? '')
  const texts = [...own, api?.[1] ?? api?.[2] ?? '']
  const usable = texts
    .flatMap((text) => parseIp(text.split('/', 1)[0] ?? '') ?? [])
    .filter((ip) => familyOf(ip) === familyOf(subnet.cidr.network) && isReachable(ip))
  const best = usable.find((ip) => contains(subnet.cidr, ip)) ?? usable[0]
  return best === undefined ? undefined : formatIp(best)
}

function isReachable(ip: Ip): boolean {
  const text = formatIp(ip)
  if (typeof ip === 'number') return !text.startsWith('127.')
  return text !== '::1' && !isLinkLocal(ip)
}
