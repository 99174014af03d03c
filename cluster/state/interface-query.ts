// Read-only selectors over the network configuration of one node: what is made of what, its gateways, its MTU.
import type { InterfaceId, SystemId } from '#model/ids.ts'
import { isIpv4Cidr, type Ip } from '#model/ip.ts'
import type { Interface, InterfaceLink, Machine } from '#model/machine.ts'
import type { Subnet } from '#model/network.ts'
import type { RegionState } from './state.ts'

const DEFAULT_MTU = 1_500

export function parentsOf({ parents = [] }: Pick<Interface, 'parents'>): readonly InterfaceId[] {
  return parents
}

/** Of the node's interfaces those that are made of this one. */
export function childrenIn(all: readonly Interface[], id: InterfaceId): readonly Interface[] {
  return all.filter((nic) => parentsOf(nic).includes(id))
}

export function childrenOf(state: RegionState, nic: Interface): readonly Interface[] {
  return childrenIn(state.interfacesByMachine.rows(nic.systemId), nic.id)
}

/** Its own, else its VLAN's; never less than what is made of it needs. */
export function effectiveMtu(
  state: RegionState,
  nic: Interface,
  all: readonly Interface[] = state.interfacesByMachine.rows(nic.systemId),
): number {
  const vlan = nic.vlanId === null ? undefined : state.vlans.get(nic.vlanId)
  const own = nic.params?.mtu ?? vlan?.mtu ?? DEFAULT_MTU
  if (all.length === 1) return own
  const above = childrenIn(all, nic.id).map((child) => effectiveMtu(state, child, all))
  return Math.max(own, ...above)
}

/** A link that can lead to the world: it has an address of its own, and its subnet a gateway. */
export type Gateway = {
  readonly nic: Interface
  readonly link: InterfaceLink
  readonly subnet: Subnet
  readonly gatewayIp: Ip
}

export function gatewaysOf(state: RegionState, nic: Interface): readonly Gateway[] {
  return nic.links.flatMap((link) => {
    if (link.mode !== 'auto' && link.mode !== 'static') return []
    const subnet = link.subnetId === null ? undefined : state.subnets.get(link.subnetId)
    const gatewayIp = subnet?.gatewayIp ?? null
    return subnet === undefined || gatewayIp === null ? [] : [{ nic, link, subnet, gatewayIp }]
  })
}

/** Family of the subnet: the gateway of an IPv6 one may be link-local. */
export function gatewayFamily({ subnet }: Pick<Gateway, 'subnet'>): 'ipv4' | 'ipv6' {
  return isIpv4Cidr(subnet.cidr) ? 'ipv4' : 'ipv6'
}

export type DefaultGateways = { readonly ipv4: Gateway | null; readonly ipv6: Gateway | null }

/** The chosen ones; of a family without a choice the first, those of the boot interface before others. */
export function defaultGateways(state: RegionState, machine: Machine): DefaultGateways {
  // A bridge that was put over an interface for the time of its owner is in its place: no route changes by it.
  const placeOf = (nic: Interface): InterfaceId =>
    nic.acquired === true ? (parentsOf(nic)[0] ?? nic.id) : nic.id
  const all = state.interfacesByMachine
    .rows(machine.systemId)
    .filter(({ enabled }) => enabled)
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .flatMap((nic) => gatewaysOf(state, nic))
  const isBoot = ({ nic }: Gateway): boolean => placeOf(nic) === machine.bootInterfaceId
  const ordered = [...all.filter(isBoot), ...all.filter((each) => !isBoot(each))]
  const best = (family: 'ipv4' | 'ipv6'): Gateway | null => {
    const ofFamily = ordered.filter((each) => gatewayFamily(each) === family)
    const chosen = machine.gatewayLinks?.[family]
    return ofFamily.find(({ link }) => link.id === chosen) ?? ofFamily[0] ?? null
  }
  return { ipv4: best('ipv4'), ipv6: best('ipv6') }
}

/** Of links, in the order of interfaces and links. */
export function linkedAddresses(state: RegionState, systemId: SystemId): readonly Ip[] {
  return state.interfacesByMachine
    .rows(systemId)
    .flatMap(({ links }) => links.flatMap(({ ip }) => (ip === null ? [] : [ip])))
}
