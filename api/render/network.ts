// Fabrics, VLANs, spaces, subnets, ranges and addresses as MAAS shows them (maas-api §8).
import { formatIp, formatIpCidr } from '#model/ip.ts'
import type {
  Fabric,
  IpRange,
  Reservation,
  Space,
  StaticRoute,
  Subnet,
  Vlan,
} from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { uri } from './names.ts'
import { renderUser } from './user.ts'

/** What MAAS prints for a VLAN without a space. */
export const NO_SPACE = 'undefined'

export function renderFabric(state: RegionState, fabric: Fabric) {
  const { id, name, classType } = fabric
  return {
    id,
    name,
    class_type: classType,
    vlans: state.vlansByFabric.rows(id).map((vlan) => renderVlan(state, vlan)),
    resource_uri: uri('fabrics', id),
  }
}

type VlanWithout = ReturnType<typeof vlanFields>
export type RenderedVlan = VlanWithout & {
  /** Its own relay is not shown again. */
  readonly relay_vlan: (VlanWithout & { readonly relay_vlan: null }) | null
}

/** What a VLAN was shown as, and the rows that decide it besides its own; rows never change, so the same make the same. */
type ShownVlan = { readonly made: readonly unknown[]; readonly shown: RenderedVlan }
const shownVlans = new WeakMap<Vlan, ShownVlan>()

/** The same object as long as nothing in it differs: every interface and subnet of a list has one. */
export function renderVlan(state: RegionState, vlan: Vlan): RenderedVlan {
  const relay = vlan.relayVlanId === null ? undefined : state.vlans.get(vlan.relayVlanId)
  const made = [...placesOf(state, vlan), relay, ...(relay ? placesOf(state, relay) : [])]
  const known = shownVlans.get(vlan)
  if (known !== undefined && isSame(known.made, made)) return known.shown
  const shown = Object.freeze({
    ...vlanFields(state, vlan),
    relay_vlan: relay === undefined ? null : { ...vlanFields(state, relay), relay_vlan: null },
  })
  shownVlans.set(vlan, { made, shown })
  return shown
}

/** Rows whose names a VLAN is shown with. */
function placesOf(state: RegionState, { fabricId, spaceId }: Vlan): readonly unknown[] {
  return [state.fabrics.get(fabricId), spaceId === null ? undefined : state.spaces.get(spaceId)]
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((row, at) => row === b[at])
}

function vlanFields(state: RegionState, vlan: Vlan) {
  const { id, fabricId, spaceId } = vlan
  return {
    id,
    name: vlan.name,
    vid: vlan.vid,
    fabric: state.fabrics.get(fabricId)?.name ?? '',
    fabric_id: fabricId,
    mtu: vlan.mtu,
    primary_rack: vlan.primaryRack,
    secondary_rack: vlan.secondaryRack,
    dhcp_on: vlan.dhcpOn,
    external_dhcp: vlan.externalDhcp,
    space: (spaceId === null ? undefined : state.spaces.get(spaceId)?.name) ?? NO_SPACE,
    resource_uri: uri('vlans', id),
    // MAAS has no such key; who never asks for a third rack never sees it.
    ...(vlan.furtherRacks?.length ? { further_racks: vlan.furtherRacks } : {}),
  }
}

export function renderSpace(state: RegionState, space: Space) {
  const { id, name, description } = space
  const resourceUri = uri('spaces', id)
  return { resource_uri: resourceUri, id, name, description, ...contentsOf(state, id) }
}

/** MAAS's stand-in for the space of everything that is in none. */
export function renderNoSpace(state: RegionState) {
  const fields = { resource_uri: uri('spaces', NO_SPACE), id: -1, name: NO_SPACE, description: '' }
  return { ...fields, ...contentsOf(state, null) }
}

function contentsOf(state: RegionState, id: Space['id'] | null) {
  const vlans = [...state.vlans.values()].filter((vlan) => vlan.spaceId === id)
  const subnets = vlans.flatMap((vlan) => state.subnetsByVlan.rows(vlan.id))
  return {
    vlans: vlans.map((vlan) => renderVlan(state, vlan)),
    subnets: subnets.map((subnet) => renderSubnet(state, subnet)),
  }
}

const shownSubnets = new WeakMap<Subnet, ReturnType<typeof subnetFields>>()

/** As of VLANs the same object as long as nothing in it differs. */
export function renderSubnet(state: RegionState, subnet: Subnet) {
  const vlan = state.vlans.get(subnet.vlanId)
  const rendered = vlan === undefined ? null : renderVlan(state, vlan)
  const known = shownSubnets.get(subnet)
  if (known !== undefined && known.vlan === rendered) return known
  const shown = Object.freeze(subnetFields(subnet, rendered))
  shownSubnets.set(subnet, shown)
  return shown
}

function subnetFields(subnet: Subnet, vlan: RenderedVlan | null) {
  return {
    id: subnet.id,
    name: subnet.name,
    description: subnet.description,
    vlan,
    space: vlan?.space ?? NO_SPACE,
    cidr: formatIpCidr(subnet.cidr),
    gateway_ip: subnet.gatewayIp === null ? null : formatIp(subnet.gatewayIp),
    dns_servers: subnet.dnsServers,
    rdns_mode: subnet.rdnsMode,
    active_discovery: subnet.activeDiscovery,
    allow_dns: subnet.allowDns,
    allow_proxy: subnet.allowProxy,
    managed: subnet.managed,
    disabled_boot_architectures: subnet.disabledBootArchitectures,
    resource_uri: uri('subnets', subnet.id),
  }
}

export function renderIpRange(state: RegionState, range: IpRange) {
  const user = range.userId === null ? undefined : state.users.get(range.userId)
  const subnet = state.subnets.get(range.subnetId)
  return {
    id: range.id,
    type: range.type,
    start_ip: formatIp(range.start),
    end_ip: formatIp(range.end),
    comment: range.comment,
    user: user === undefined ? null : renderUser(user),
    subnet: subnet === undefined ? null : renderSubnet(state, subnet),
    resource_uri: uri('ipranges', range.id),
  }
}

export function renderStaticRoute(state: RegionState, route: StaticRoute) {
  const rendered = (id: Subnet['id']) => {
    const subnet = state.subnets.get(id)
    return subnet === undefined ? null : renderSubnet(state, subnet)
  }
  return {
    id: route.id,
    source: rendered(route.source),
    destination: rendered(route.destination),
    gateway_ip: formatIp(route.gatewayIp),
    metric: route.metric,
    resource_uri: uri('static-routes', route.id),
  }
}

/** Of a reservation that has an id. */
export function renderReservedIp(state: RegionState, reservation: Reservation) {
  const { id = 0, ip, mac, comment = '' } = reservation
  const subnet = subnetOf(state, ip)
  return {
    id,
    ip: formatIp(ip),
    subnet: subnet === undefined ? null : renderSubnet(state, subnet),
    mac_address: mac,
    comment,
    resource_uri: uri('reservedips', id),
  }
}
