// IP addresses as MAAS shows them (maas-api §8, §8.1): one object of `ipaddresses/`, one line of a subnet's list.
import { formatIp } from '#model/ip.ts'
import { ALLOC_TYPE } from '#model/network.ts'
import { fqdnOf } from '#state/query-dns.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import type { AllocType, KnownAddress } from '../known-addresses.ts'
import { renderControllerInterface, renderInterface } from './interface.ts'
import { isoTime, uri } from './names.ts'
import { renderSubnet } from './network.ts'
import { renderUser } from './user.ts'

const ALLOC_TYPE_NAMES: Readonly<Record<AllocType, string>> = {
  [ALLOC_TYPE.auto]: 'Automatic',
  [ALLOC_TYPE.sticky]: 'Sticky',
  [ALLOC_TYPE.userReserved]: 'User reserved',
  [ALLOC_TYPE.dhcp]: 'DHCP',
  [ALLOC_TYPE.discovered]: 'Observed',
}

export function renderIpAddress(state: RegionState, address: KnownAddress) {
  const { ip, userId, allocType } = address
  const owner = userId === null ? undefined : state.users.get(userId)
  const subnet = subnetOf(state, ip)
  return {
    created: isoTime(address.createdWall),
    ip: formatIp(ip),
    alloc_type: allocType as number,
    subnet: subnet === undefined ? null : renderSubnet(state, subnet),
    alloc_type_name: ALLOC_TYPE_NAMES[allocType],
    owner: owner === undefined ? null : renderUser(owner),
    interface_set: interfacesOf(state, address),
    resource_uri: uri('ipaddresses'),
  }
}

function interfacesOf(state: RegionState, address: KnownAddress) {
  const { controller } = address
  if (controller !== null) {
    const { row, at } = controller
    const nic = row.interfaces[at]
    if (nic === undefined) return []
    const where = { systemId: row.systemId, number: at + 1 }
    return [renderControllerInterface(state, nic, where)]
  }
  const nic = interfaceOf(state, address)
  return nic === undefined ? [] : [renderInterface(state, nic)]
}

/** Of several with one MAC (a bond and its ports) the one whose link has the address. */
function interfaceOf(state: RegionState, { mac, interfaceId }: KnownAddress) {
  const linked = interfaceId === undefined ? undefined : state.interfaces.get(interfaceId)
  return linked ?? (mac === null ? undefined : state.interfacesByMac.first(mac))
}

export type SummaryOptions = { readonly username: boolean; readonly node: boolean }

/** One line of `subnets/{id}/?op=ip_addresses`. */
export function renderAddressLine(
  state: RegionState,
  address: KnownAddress,
  { username, node }: SummaryOptions,
) {
  const { userId, allocType } = address
  const user = userId === null ? undefined : state.users.get(userId)
  const summary = node ? nodeSummary(state, address) : null
  return {
    ip: formatIp(address.ip),
    alloc_type: allocType as number,
    alloc_type_name: ALLOC_TYPE_NAMES[allocType],
    created: isoTime(address.createdWall),
    updated: isoTime(address.updatedWall),
    ...(username ? { user: user?.username ?? null } : {}),
    ...(summary === null ? {} : { node_summary: summary }),
  }
}

function nodeSummary(state: RegionState, address: KnownAddress) {
  const { controller } = address
  if (controller !== null) {
    const { systemId, hostname, kind, interfaces } = controller.row
    const via = interfaces[controller.at]?.name ?? ''
    const fqdn = fqdnOf(state, controller.row)
    return summaryOf({ systemId, hostname, fqdn, nodeType: kind === 'rack' ? 2 : 3, via })
  }
  const nic = interfaceOf(state, address)
  if (nic === undefined) return null
  const machine = state.machines.get(nic.systemId)
  const node = machine ?? state.devices.get(nic.systemId)
  if (node === undefined) return null
  const { systemId, hostname } = node
  const nodeType = machine === undefined ? 1 : 0
  return summaryOf({ systemId, hostname, fqdn: fqdnOf(state, node), nodeType, via: nic.name })
}

function summaryOf(node: {
  readonly systemId: string
  readonly hostname: string
  readonly fqdn: string
  readonly nodeType: number
  readonly via: string
}) {
  return {
    system_id: node.systemId,
    node_type: node.nodeType,
    fqdn: node.fqdn,
    hostname: node.hostname,
    is_container: false,
    via: node.via,
  }
}
