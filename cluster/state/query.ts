// Read-only selectors over the state, for the API, the racks' views and the command handlers. All lists
// are in key order unless they say otherwise.
import type { MachineBoot } from '#model/boot.ts'
import { RELAYED_VLAN_LEVEL } from '#model/feature-level.ts'
import type { SystemId } from '#model/ids.ts'
import { purposeOf } from '#model/life-cycle.ts'
import {
  firstOf,
  lastOf,
  makeIpv4,
  maskOf,
  type Cidr,
  type Ipv4,
  type Ipv4Range,
} from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Interface, Machine } from '#model/machine.ts'
import { racksOf, type Hold, type Subnet, type Vlan } from '#model/network.ts'
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
  const macs = interfacesOf(state, systemId).flatMap(({ mac }) => (mac === null ? [] : [mac]))
  const { hostname, architecture } = machine
  return { systemId, hostname, macs, architecture, purpose: purposeOf(machine) }
}

export function subnetByCidr(state: RegionState, cidr: Cidr): Subnet | undefined {
  return state.subnetsByCidr.first(cidrKey(cidr))
}

/** Longest prefix that contains `ip`. */
export function subnetOf(state: RegionState, ip: Ipv4): Subnet | undefined {
  for (let prefix = 32; prefix >= 0; prefix--) {
    const network = makeIpv4(ip & maskOf(prefix))
    const subnet = state.subnetsByCidr.first(network * 64 + prefix)
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

/** Addresses a host of the subnet may have: all but network and broadcast (RFC 3021: a /31 has two). */
export function hostRange(subnet: Subnet): Ipv4Range {
  const start = firstOf(subnet.cidr)
  const end = lastOf(subnet.cidr)
  if (subnet.cidr.prefix >= 31) return { start, end }
  return { start: makeIpv4(start + 1), end: makeIpv4(end - 1) }
}

/** Addresses a machine is known to have: static links and live DHCP holds of its MACs. */
export function addressesOf(state: RegionState, systemId: SystemId): readonly Ipv4[] {
  const addresses = new Set<Ipv4>()
  for (const { mac } of interfacesOf(state, systemId)) {
    if (mac === null) continue
    for (const hold of state.holdsByMac.rows(mac)) {
      if (isLive(hold, state.stamp) && !hold.released) addresses.add(hold.ip)
    }
  }
  return [...addresses].sort((a, b) => a - b)
}
