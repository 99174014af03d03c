// networks/: what subnets were called before MAAS 2.0. Read only, as in MAAS: writing answers 410.
import { formatIp, isIpv4Cidr, type IpCidr } from '#model/ip.ts'
import { formatIpv4, maskOf } from '#model/ipv4.ts'
import { makeIpv6 } from '#model/ipv6.ts'
import { parseSystemId } from '#model/ids.ts'
import type { Subnet } from '#model/network.ts'
import { interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { list } from '../params.ts'
import { uri } from '../render/names.ts'
import { create, operation, read, remove, taking, takingNothing, update } from '../resource.ts'
import type { Resource } from '../resource.ts'

function render(state: RegionState, subnet: Subnet) {
  const { cidr, gatewayIp } = subnet
  const vid = state.vlans.get(subnet.vlanId)?.vid ?? 0
  return {
    name: subnet.name,
    ip: formatIp(cidr.network),
    netmask: netmaskOf(cidr),
    vlan_tag: vid === 0 ? null : vid,
    description: subnet.description,
    default_gateway: gatewayIp === null ? null : formatIp(gatewayIp),
    dns_servers: subnet.dnsServers.join(' '),
    resource_uri: uri('networks', subnet.name),
  }
}

function netmaskOf(cidr: IpCidr): string {
  const { prefix } = cidr
  if (isIpv4Cidr(cidr)) return formatIpv4(maskOf(prefix))
  return formatIp(makeIpv6((2n ** BigInt(prefix) - 1n) << BigInt(128 - prefix)))
}

function subnetOf(state: RegionState, call: Call): Subnet {
  const subnet = [...state.subnets.values()].find(({ name }) => name === call.param('name'))
  if (subnet === undefined) throw notFound('Subnet')
  return subnet
}

function gone(): never {
  throw new Rejection('BAD_REQUEST', 'Networks are read only: use the subnets resource.', {
    status: 410,
  })
}

const GONE = { access: 'admin', doc: 'Not possible any more.' } as const

/** Interfaces of machines whose VLAN the subnet is on. */
function macsOf(state: RegionState, { vlanId }: Subnet): readonly string[] {
  return state.interfacesByVlan.rows(vlanId).flatMap(({ mac }) => mac ?? [])
}

export const NETWORKS: readonly Resource[] = [
  {
    name: 'NetworksHandler',
    path: 'networks/',
    doc: 'Networks as MAAS 1 had them; use subnets.',
    actions: [
      taking(
        { node: list('System ids: only networks that one of these nodes is on.') },
        (run) => read('user', 'List networks.', run),
        async (call, { node = [] }) => {
          const state = await call.state()
          const ids = node.flatMap((id) => parseSystemId(id) ?? [])
          const vlans = new Set(
            ids.flatMap((id) => interfacesOf(state, id).map((nic) => nic.vlanId)),
          )
          const all = [...state.subnets.values()]
          const rows = node.length === 0 ? all : all.filter(({ vlanId }) => vlans.has(vlanId))
          return json(rows.map((subnet) => render(state, subnet)))
        },
      ),
      takingNothing(create('admin', 'Not possible any more.', gone)),
    ],
  },
  {
    name: 'NetworkHandler',
    path: 'networks/{name}/',
    doc: 'One network as MAAS 1 had it; use subnets.',
    actions: [
      read('user', 'Show a network.', async (call) => {
        const state = await call.state()
        return json(render(state, subnetOf(state, call)))
      }),
      takingNothing(update('admin', 'Not possible any more.', gone)),
      remove('admin', 'Not possible any more.', gone),
      takingNothing(operation('POST', 'connect_macs', GONE, gone)),
      takingNothing(operation('POST', 'disconnect_macs', GONE, gone)),
      operation(
        'GET',
        'list_connected_macs',
        { doc: 'List the MAC addresses on the VLAN of the network.' },
        async (call) => {
          const state = await call.state()
          const macs = macsOf(state, subnetOf(state, call))
          return json(macs.map((mac) => ({ mac_address: mac })))
        },
      ),
    ],
  },
]
