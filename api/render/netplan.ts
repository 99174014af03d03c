// The network of a machine as netplan's version 2 has it, for the installed system and for curtin: pure, from the rows.
// Cards are found by their MAC and named as they are here. https://netplan.readthedocs.io/en/stable/netplan-yaml/
import { formatIp, formatIpCidr } from '#model/ip.ts'
import type { InterfaceParams } from '#model/interface.ts'
import type { SystemId } from '#model/ids.ts'
import type { Interface, InterfaceLink, Machine } from '#model/machine.ts'
import { isIpv4Subnet, type Subnet } from '#model/network.ts'
import {
  childrenIn,
  defaultGateways,
  effectiveMtu,
  parentsOf,
  type DefaultGateways,
} from '#state/interface-query.ts'
import { defaultDomainOf, domainOfNode } from '#state/query-dns.ts'
import { interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { nameServersOf } from './name-servers.ts'
import { formatYaml, type Plain } from './yaml.ts'

type Fields = { readonly [name: string]: Plain }

/** '' when nothing is configured: then the image's own configuration stays. */
export function renderNetplan(state: RegionState, systemId: SystemId): string {
  const { network } = renderCurtinNetwork(state, systemId)
  return network === null ? '' : formatYaml({ network }, 'readable')
}

/** Null when nothing is configured, or there is no such machine. */
export function renderCurtinNetwork(
  state: RegionState,
  systemId: SystemId,
): { readonly network: Fields | null } {
  const machine = state.machines.get(systemId)
  const all = interfacesOf(state, systemId).filter(({ enabled }) => enabled)
  if (machine === undefined || all.every(({ links }) => links.length === 0)) {
    return { network: null }
  }
  const site: Site = { state, machine, all, gateways: defaultGateways(state, machine) }
  const kinds = {
    ethernets: section(site, ['physical', 'unknown'], (nic) => ethernetOf(site, nic)),
    bonds: section(site, ['bond'], (nic) => bondOf(site, nic)),
    bridges: section(site, ['bridge'], (nic) => bridgeOf(site, nic)),
    vlans: section(site, ['vlan'], (nic) => vlanOf(site, nic)),
  }
  const present = Object.entries(kinds).filter(([, section]) => Object.keys(section).length > 0)
  return { network: { version: 2, ...Object.fromEntries(present) } }
}

type Site = {
  readonly state: RegionState
  readonly machine: Machine
  readonly all: readonly Interface[]
  readonly gateways: DefaultGateways
}

function section(
  { all }: Site,
  types: readonly Interface['type'][],
  render: (nic: Interface) => Fields,
): Fields {
  const own = all.filter(({ type }) => types.includes(type))
  return Object.fromEntries(own.map((nic) => [nic.name, render(nic)]))
}

function ethernetOf(site: Site, nic: Interface): Fields {
  // Nobody waits for a cable that may not be in.
  const isIdle = !hasAddress(nic) && childrenIn(site.all, nic.id).length === 0
  return {
    ...(nic.mac === null ? {} : { match: { macaddress: nic.mac }, 'set-name': nic.name }),
    ...(isIdle ? { optional: true } : {}),
    ...common(site, nic),
  }
}

function bondOf(site: Site, nic: Interface): Fields {
  return { ...made(site, nic), ...common(site, nic), parameters: bondParameters(nic.params ?? {}) }
}

function bridgeOf(site: Site, nic: Interface): Fields {
  const { bridgeType, bridgeStp = false, bridgeFd } = nic.params ?? {}
  // Open vSwitch has no forward delay to set.
  const isOvs = bridgeType === 'ovs'
  const parameters = present([
    ['stp', bridgeStp],
    ['forward-delay', isOvs ? undefined : bridgeFd],
  ])
  return {
    ...{ ...made(site, nic), ...common(site, nic), parameters },
    ...(isOvs ? { openvswitch: {} } : {}),
  }
}

function vlanOf(site: Site, nic: Interface): Fields {
  const vlan = nic.vlanId === null ? undefined : site.state.vlans.get(nic.vlanId)
  const [link = ''] = namesOfParents(site, nic)
  return { id: vlan?.vid ?? 0, link, ...common(site, nic) }
}

function made(site: Site, nic: Interface): Fields {
  return {
    interfaces: namesOfParents(site, nic),
    ...(nic.mac === null ? {} : { macaddress: nic.mac }),
  }
}

function namesOfParents({ all }: Site, nic: Interface): readonly string[] {
  return parentsOf(nic).flatMap((id) => all.find((each) => each.id === id)?.name ?? [])
}

const LACP = new Set<InterfaceParams['bondMode']>(['802.3ad'])
const HASHED = new Set<InterfaceParams['bondMode']>(['balance-xor', '802.3ad', 'balance-tlb'])
const FAILOVER = new Set<InterfaceParams['bondMode']>(['active-backup'])

/** The kernel refuses what its mode has no use for. */
function bondParameters(params: InterfaceParams): Fields {
  const { bondMode: mode = 'active-backup' } = params
  const entries: readonly (readonly [string, Plain | undefined])[] = [
    ['mode', mode],
    ['mii-monitor-interval', params.bondMiimon],
    ['down-delay', params.bondDowndelay],
    ['up-delay', params.bondUpdelay],
    ['lacp-rate', LACP.has(mode) ? params.bondLacpRate : undefined],
    ['transmit-hash-policy', HASHED.has(mode) ? params.bondXmitHashPolicy : undefined],
    ['gratuitous-arp', FAILOVER.has(mode) ? params.bondNumGratArp : undefined],
  ]
  return present(entries)
}

function hasAddress({ links }: Interface): boolean {
  return links.some(({ ip, mode }) => ip !== null || mode === 'dhcp')
}

type Linked = { readonly link: InterfaceLink; readonly subnet: Subnet }

/** What every kind may have: addresses, routes, name servers. */
function common(site: Site, nic: Interface): Fields {
  const { state, all } = site
  const linked = nic.links.flatMap((link): readonly Linked[] => {
    const subnet = link.subnetId === null ? undefined : state.subnets.get(link.subnetId)
    return link.ip === null || subnet === undefined ? [] : [{ link, subnet }]
  })
  const routes = linked.flatMap((each) => routesOf(site, each))
  const acceptRa = nic.params?.acceptRa
  return present([
    ['mtu', effectiveMtu(state, nic, all)],
    ...dhcpOf(state, nic),
    ['accept-ra', acceptRa],
    ['addresses', someOf(linked.map(addressOf))],
    ['routes', someOf(routes)],
    ['nameservers', nameServers(site, linked)],
  ])
}

function addressOf({ link, subnet }: Linked): string {
  return `${link.ip === null ? '' : formatIp(link.ip)}/${subnet.cidr.prefix}`
}

function dhcpOf(state: RegionState, { links }: Interface): readonly (readonly [string, true])[] {
  const families = links
    .filter(({ mode }) => mode === 'dhcp')
    .map(({ subnetId }) => {
      const subnet = subnetId === null ? undefined : state.subnets.get(subnetId)
      return subnet === undefined || isIpv4Subnet(subnet) ? 'dhcp4' : 'dhcp6'
    })
  return [...new Set(families)].toSorted().map((family) => [family, true] as const)
}

/** The default one where this link leads to the world, and those that the operator set for its subnet. */
function routesOf({ state, all, gateways }: Site, { link, subnet }: Linked): readonly Fields[] {
  const routes: Fields[] = []
  for (const [family, to] of [
    ['ipv4', '0.0.0.0/0'],
    ['ipv6', '::/0'],
  ] as const) {
    const gateway = gateways[family]
    if (gateway?.link.id === link.id) routes.push({ to, via: formatIp(gateway.gatewayIp) })
  }
  // Of several addresses on one subnet the first leads there.
  if (firstLinkOn(all, subnet)?.id !== link.id) return routes
  for (const { destination, gatewayIp, metric } of state.staticRoutesBySource.rows(subnet.id)) {
    const target = state.subnets.get(destination)
    if (target === undefined) continue
    routes.push({ to: formatIpCidr(target.cidr), via: formatIp(gatewayIp), metric })
  }
  return routes
}

function firstLinkOn(all: readonly Interface[], { id }: Subnet): InterfaceLink | undefined {
  return all
    .flatMap(({ links }) => links)
    .find(({ ip, subnetId }) => ip !== null && subnetId === id)
}

function nameServers({ state, machine }: Site, linked: readonly Linked[]): Fields | undefined {
  const servers = new Set(linked.flatMap(({ subnet }) => nameServersOf(state, subnet)))
  if (servers.size === 0) return undefined
  const domains = [domainOfNode(state, machine).name, defaultDomainOf(state).name]
  return { addresses: [...servers], search: [...new Set(domains)] }
}

function someOf<T extends Plain>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}

function present(entries: readonly (readonly [string, Plain | undefined])[]): Fields {
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, Plain] => entry[1] !== undefined),
  )
}
