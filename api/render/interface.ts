// Interfaces as MAAS shows them (maas-api §8).
import type { SystemId } from '#model/ids.ts'
import { contains, formatIp, parseIp } from '#model/ip.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import type { ControllerInterface, Interface, InterfaceLink } from '#model/machine.ts'
import { childrenIn, effectiveMtu, parentsOf } from '#state/interface-query.ts'
import { interfacesOf, isLive, subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { keyOf, keysOf, listOf, objectOf, sharedText } from './json-text.ts'
import { uri } from './names.ts'
import { type RenderedVlan, renderSubnet, renderVlan } from './network.ts'

const DEFAULT_MTU = 1_500

/** `all`: those of its node, where they are at hand. */
export function renderInterface(
  state: RegionState,
  nic: Interface,
  all: readonly Interface[] = interfacesOf(state, nic.systemId),
) {
  return {
    ...nameOf(nic),
    vlan: vlanOf(state, nic),
    ...makeOf(nic, all),
    links: nic.links.map((link) => renderLink(state, link)),
    ...factsOf(state, nic, all),
  }
}

/** `JSON.stringify` of it, with the texts of VLANs and subnets that are known. */
export function interfaceText(
  state: RegionState,
  nic: Interface,
  all: readonly Interface[],
): string {
  const vlan = vlanOf(state, nic)
  return objectOf(
    keysOf(nameOf(nic)),
    keyOf('vlan', vlan === null ? 'null' : sharedText(vlan)),
    keysOf(makeOf(nic, all)),
    keyOf('links', listOf(nic.links.map((link) => linkText(state, link)))),
    keysOf(factsOf(state, nic, all)),
  )
}

function nameOf({ systemId, id, name, type }: Interface) {
  return { system_id: systemId, id, name, type }
}

function vlanOf(state: RegionState, { vlanId }: Interface): RenderedVlan | null {
  const vlan = vlanId === null ? undefined : state.vlans.get(vlanId)
  return vlan === undefined ? null : renderVlan(state, vlan)
}

function makeOf(nic: Interface, all: readonly Interface[]) {
  return {
    mac_address: nic.mac ?? '',
    parents: parentsOf(nic).flatMap((id) => all.find((each) => each.id === id)?.name ?? []),
    children: childrenIn(all, nic.id).map(({ name }) => name),
    tags: nic.tags,
    enabled: nic.enabled,
  }
}

function factsOf(state: RegionState, nic: Interface, all: readonly Interface[]) {
  return {
    params: renderParams(nic),
    discovered: discoveredOf(state, nic),
    effective_mtu: effectiveMtu(state, nic, all),
    vendor: nic.vendor,
    product: nic.product,
    firmware_version: nic.firmwareVersion,
    link_connected: nic.linkConnected,
    interface_speed: nic.interfaceSpeedMbps,
    link_speed: nic.linkSpeedMbps,
    numa_node: null,
    sriov_max_vf: 0,
    resource_uri: uri('nodes', nic.systemId, 'interfaces', nic.id),
  }
}

/** MAAS's names of them, `bond_mode` and so on. An object also when there are none: clients look into it. */
function renderParams({ params = {} }: Interface): Readonly<Record<string, unknown>> {
  const entries = Object.entries(params).map(([name, value]) => [
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ])
  return Object.fromEntries(entries)
}

function renderLink(state: RegionState, link: InterfaceLink) {
  const subnet = link.subnetId === null ? undefined : state.subnets.get(link.subnetId)
  return {
    ...linkFields(link),
    ...(subnet === undefined ? {} : { subnet: renderSubnet(state, subnet) }),
  }
}

function linkText(state: RegionState, link: InterfaceLink): string {
  const subnet = link.subnetId === null ? undefined : state.subnets.get(link.subnetId)
  const fields = keysOf(linkFields(link))
  if (subnet === undefined) return objectOf(fields)
  return objectOf(fields, keyOf('subnet', sharedText(renderSubnet(state, subnet))))
}

function linkFields({ id, mode, ip }: InterfaceLink) {
  return { id, mode, ...(ip === null ? {} : { ip_address: formatIp(ip) }) }
}

/** Addresses that DHCP gave to this MAC and that are still held. */
function discoveredOf(state: RegionState, nic: Interface) {
  if (nic.mac === null) return null
  const live = state.holdsByMac
    .rows(nic.mac)
    .filter((hold) => isLive(hold, state.stamp) && !hold.released)
  if (live.length === 0) return null
  return live.map(({ ip }) => {
    const subnet = subnetOf(state, ip)
    return {
      subnet: subnet === undefined ? null : renderSubnet(state, subnet),
      ip_address: formatIpv4(ip),
    }
  })
}

/** `number`: position in the controller's report, from 1; controllers' interfaces have no ids. */
export function renderControllerInterface(
  state: RegionState,
  nic: ControllerInterface,
  where: { readonly systemId: SystemId; readonly number: number },
) {
  const vlan = nic.vlanId === null ? undefined : state.vlans.get(nic.vlanId)
  const addresses = nic.addresses.map((address) => address.split('/', 1)[0] ?? '')
  return {
    system_id: where.systemId,
    id: where.number,
    name: nic.name,
    type: 'physical',
    vlan: vlan === undefined ? null : renderVlan(state, vlan),
    mac_address: nic.mac,
    parents: [],
    children: [],
    tags: [],
    enabled: true,
    links: addresses.map((ip, at) => {
      const link = { id: where.number * 100 + at, mode: 'static', ip_address: ip }
      const parsed = parseIp(ip)
      const subnet = parsed === undefined ? undefined : subnetOf(state, parsed)
      if (parsed === undefined || subnet === undefined || !contains(subnet.cidr, parsed))
        return link
      return { ...link, subnet: renderSubnet(state, subnet) }
    }),
    params: {},
    discovered: null,
    effective_mtu: vlan?.mtu ?? DEFAULT_MTU,
    vendor: null,
    product: null,
    firmware_version: null,
    link_connected: true,
    interface_speed: 0,
    link_speed: 0,
    numa_node: null,
    sriov_max_vf: 0,
    resource_uri: uri('nodes', where.systemId, 'interfaces', where.number),
  }
}
