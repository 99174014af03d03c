// Read-only selectors over the state, for the API, the racks' views and the command handlers. All lists
// are in key order unless they say otherwise.
import type { MachineBoot } from '#model/boot.ts'
import { RELAYED_VLAN_LEVEL } from '#model/feature-level.ts'
import type { SystemId } from '#model/ids.ts'
import { bootsDeployed, purposeOf } from '#model/life-cycle.ts'
import {
  compareIps,
  isIpv4,
  isIpv4Cidr,
  nextIp,
  previousIp,
  spanOf,
  type Ip,
  type IpCidr,
  type IpSpan,
} from '#model/ip.ts'
import { makeIpv4, maskOf } from '#model/ipv4.ts'
import { lastOfIpv6, networkOf, type Ipv6 } from '#model/ipv6.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Interface, Machine } from '#model/machine.ts'
import { isByHand } from '#model/power.ts'
import type { MachinePower } from '#model/power-poll.ts'
import { racksOf, type Hold, type Subnet, type Vlan } from '#model/network.ts'
import { linkedAddresses } from './interface-query.ts'
import { cidrKey, type RegionState } from './state.ts'
import type { SettingValue } from './tables.ts'
import type { Key } from './sorted-keys.ts'
import type { Table } from './table.ts'

export function settingOf(state: RegionState, name: string): SettingValue | undefined {
  return state.settings.get(name)?.value
}

export function machineByMac(state: RegionState, mac: MacAddress): Machine | undefined {
  const found = state.interfacesByMac.first(mac)
  return found === undefined ? undefined : state.machines.get(found.systemId)
}

export function interfacesOf(state: RegionState, systemId: SystemId): readonly Interface[] {
  return state.interfacesByMachine.rows(systemId)
}

export function machineBootOf(state: RegionState, systemId: SystemId): MachineBoot | undefined {
  const machine = state.machines.get(systemId)
  if (machine === undefined) return undefined
  // A bond has the MAC of one of its ports.
  const macs = [...new Set(interfacesOf(state, systemId).flatMap(({ mac }) => mac ?? []))]
  const { hostname, architecture } = machine
  const { domainId } = machine
  const kernelOptions = tagOptionsOf(state, machine)
  const power = powerOf(machine)
  const fromMemory = runsFromMemory(state, systemId)
  const { osSystem, distroSeries } = machine
  return {
    ...{ systemId, hostname, macs, architecture, purpose: purposeOf(machine, fromMemory) },
    ...(fromMemory && bootsDeployed(machine) ? { memoryImage: `${osSystem}/${distroSeries}` } : {}),
    ...(domainId === undefined ? {} : { domainId }),
    ...(kernelOptions === '' ? {} : { kernelOptions }),
    ...(power === null ? {} : { power }),
  }
}

/** It was deployed so: nothing of it is on its disks, and it boots from the network each time. */
export function runsFromMemory(state: RegionState, systemId: SystemId): boolean {
  return state.deployments.get(systemId)?.ephemeralDeploy === true
}

/** Kernel options of its tags, in the order of their names, which is theirs on the machine. */
function tagOptionsOf(state: RegionState, { tagNames }: Machine): string {
  const options = tagNames.map((name) => state.tagsByName.first(name)?.kernelOpts ?? '')
  return options.filter((option) => option !== '').join(' ')
}

/** Null: it has no BMC. */
export function powerOf({ powerType, powerState, powerRackId }: Machine): MachinePower | null {
  if (isByHand(powerType)) return null
  return { type: powerType, state: powerState, rackId: powerRackId ?? null }
}

/** Racks that some region hears, in the order of their ids. */
export function liveRacks(state: RegionState): readonly SystemId[] {
  return [...state.controllers.values()]
    .filter(({ kind, connected }) => kind === 'rack' && connected)
    .map(({ systemId }) => systemId)
    .toSorted()
}

export function subnetByCidr(state: RegionState, cidr: IpCidr): Subnet | undefined {
  return state.subnetsByCidr.first(cidrKey(cidr))
}

/** Longest prefix that contains `ip`. */
export function subnetOf(state: RegionState, ip: Ip): Subnet | undefined {
  if (!isIpv4(ip)) return subnetOfIpv6(state, ip)
  for (let prefix = 32; prefix >= 0; prefix--) {
    const network = makeIpv4(ip & maskOf(prefix))
    const subnet = state.subnetsByCidr.first(network * 64 + prefix)
    if (subnet !== undefined) return subnet
  }
  return undefined
}

function subnetOfIpv6(state: RegionState, ip: Ipv6): Subnet | undefined {
  for (const prefix of state.ipv6Prefixes.longestFirst) {
    const subnet = state.subnetsByCidr.first(cidrKey({ network: networkOf(ip, prefix), prefix }))
    if (subnet !== undefined) return subnet
  }
  return undefined
}

export function defaultVlanOf(state: RegionState, fabricId: Vlan['fabricId']): Vlan | undefined {
  return state.vlansByFabric.first(fabricId)
}

/**
 * The VLAN whose racks answer the clients of this one: itself, or the one that its relay points to. Entries of
 * before the level that brought relays mean what they meant: nobody serves a relayed VLAN.
 */
export function servingVlanOf(state: RegionState, vlan: Vlan): Vlan | undefined {
  const { relayVlanId } = vlan
  if (relayVlanId === null || state.featureLevel < RELAYED_VLAN_LEVEL) return vlan
  return state.vlans.get(relayVlanId)
}

/** The VLAN has DHCP, by itself or by its relay, and this rack is one of those that answer. */
export function isServedBy(state: RegionState, vlan: Vlan, rackId: SystemId): boolean {
  const serving = servingVlanOf(state, vlan)
  if (serving?.dhcpOn !== true) return false
  return racksOf(serving).includes(rackId)
}

/** A hold that protects its address at log time `now`. */
export function isLive(hold: Hold, now: number): boolean {
  return hold.until > now
}

export type Page<Row> = { readonly rows: readonly Row[]; readonly more: boolean }

/** Rows with key greater than `after` (from the start when undefined), in key order. */
export function pageOf<Row, K extends Key>(
  table: Table<Row, K>,
  after: K | undefined,
  limit: number,
): Page<Row> {
  const keys = table.keysAfter(after, limit + 1)
  const rows: Row[] = []
  for (const key of keys.slice(0, limit)) {
    const row = table.get(key)
    if (row !== undefined) rows.push(row)
  }
  return { rows, more: keys.length > limit }
}

/**
 * Addresses a host of the subnet may have: all but network and broadcast (RFC 3021: a /31 has two). IPv6 has no
 * broadcast, its first address is the anycast one of the routers (RFC 4291 §2.6.1; RFC 6164: not in a /127).
 */
export function hostRange({ cidr }: Subnet): IpSpan {
  const { start, end } = spanOf(cidr)
  if (!isIpv4Cidr(cidr)) return { start: cidr.prefix >= 127 ? start : nextIp(start), end }
  if (cidr.prefix >= 31) return { start, end }
  return { start: nextIp(start), end: previousIp(end) }
}

/** What MAAS leaves to operators: `::1` to `::ffff:ffff` of a /64 are given to who names one, never as the next. */
export function handReserved({ cidr }: Subnet): readonly IpSpan[] {
  if (isIpv4Cidr(cidr) || cidr.prefix !== 64) return []
  const { network } = cidr
  return [{ start: nextIp(network), end: lastOfIpv6({ network: network as Ipv6, prefix: 96 }) }]
}

const ROWS_MAX = 1_000_000

/** Keys of the table from `start` to `end`, ascending. */
export function keysWithin<K extends Ip>(
  table: Pick<Table<unknown, K>, 'keysAfter'>,
  span: IpSpan,
): readonly K[] {
  const keys: K[] = []
  // What is one below the first address of all is no key, which is what is wanted.
  for (const ip of table.keysAfter(previousIp(span.start) as K, ROWS_MAX)) {
    // Of the other family neither is greater: the end is where it is not less any more.
    if (!(ip <= span.end)) break
    keys.push(ip)
  }
  return keys
}

/** Addresses a machine is known to have: those of its links and live DHCP holds of its MACs. */
export function addressesOf(state: RegionState, systemId: SystemId): readonly Ip[] {
  const addresses = new Set<Ip>(linkedAddresses(state, systemId))
  for (const { mac } of interfacesOf(state, systemId)) {
    if (mac === null) continue
    for (const hold of state.holdsByMac.rows(mac)) {
      if (isLive(hold, state.stamp) && !hold.released) addresses.add(hold.ip)
    }
  }
  return [...addresses].sort(compareIps)
}
