// MAAS lets a parameter name an object by id or by something else (maas-api §8.2). These find it in the
// state; null when nothing fits or the text is malformed.
import type { FabricId, SpaceId, SubnetId, VlanId } from '#model/ids.ts'
import { parseIp, parseIpCidr } from '#model/ip.ts'
import type { Fabric, Space, Subnet, Vlan } from '#model/network.ts'
import { subnetByCidr, subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

export function findFabric(state: RegionState, text: string): Fabric | null {
  const { prefix, value } = split(text)
  if (prefix === 'class') {
    return [...state.fabrics.values()].find(({ classType }) => classType === value) ?? null
  }
  const id = parseId(value)
  const byId = id === null || prefix === 'name' ? undefined : state.fabrics.get(id as FabricId)
  return byId ?? (prefix === 'id' ? null : (state.fabricsByName.first(value) ?? null))
}

export function findSpace(state: RegionState, text: string): Space | null {
  const { prefix, value } = split(text)
  if (prefix === 'subnet') {
    const spaceId = vlanOfSubnet(state, value)?.spaceId ?? null
    return spaceId === null ? null : (state.spaces.get(spaceId) ?? null)
  }
  const id = parseId(value)
  const byId = id === null || prefix === 'name' ? undefined : state.spaces.get(id as SpaceId)
  return byId ?? (prefix === 'id' ? null : (state.spacesByName.first(value) ?? null))
}

export function findVlan(state: RegionState, text: string): Vlan | null {
  return allOf(text, (part) => vlansFor(state, part))[0] ?? null
}

export function findSubnet(state: RegionState, text: string): Subnet | null {
  return allOf(text, (part) => subnetsFor(state, part))[0] ?? null
}

/** Parts joined by commas must all fit; in the order of the first part's rows. */
function allOf<Row>(text: string, find: (part: string) => readonly Row[]): readonly Row[] {
  const [first = [], ...others] = text.split(',').map(find)
  return first.filter((row) => others.every((rows) => rows.includes(row)))
}

function vlansFor(state: RegionState, text: string): readonly Vlan[] {
  const { prefix, value } = split(text)
  switch (prefix) {
    case '':
    case 'id': {
      const id = parseId(value)
      return present(id === null ? undefined : state.vlans.get(id as VlanId))
    }
    case 'vid':
      return [...state.vlans.values()].filter(({ vid }) => String(vid) === value)
    case 'name':
      return [...state.vlans.values()].filter(({ name }) => name === value)
    case 'fabric': {
      const fabric = findFabric(state, value)
      return fabric === null ? [] : state.vlansByFabric.rows(fabric.id)
    }
    case 'space': {
      const space = findSpace(state, value)
      return [...state.vlans.values()].filter(({ spaceId }) => spaceId === (space?.id ?? -1))
    }
    case 'subnet':
      return present(vlanOfSubnet(state, value))
    default:
      return []
  }
}

function subnetsFor(state: RegionState, text: string): readonly Subnet[] {
  const { prefix, value } = split(text)
  switch (prefix) {
    case '': {
      const cidr = byCidr(state, value)
      if (cidr.length > 0) return cidr
      const id = byId(state, value)
      return id.length > 0 ? id : byName(state, value)
    }
    case 'id':
      return byId(state, value)
    case 'cidr':
      return byCidr(state, value)
    case 'name':
      return byName(state, value)
    case 'ip': {
      const ip = parseIp(value)
      return present(ip === undefined ? undefined : subnetOf(state, ip))
    }
    case 'vlan':
    case 'vid':
    case 'fabric':
    case 'space':
      return vlansFor(state, prefix === 'vlan' ? value : text).flatMap(({ id }) =>
        state.subnetsByVlan.rows(id),
      )
    default: {
      // No prefix but the beginning of an IPv6 network, which is also the name of one that was given none.
      const cidr = byCidr(state, text.trim())
      return cidr.length > 0 ? cidr : byName(state, text.trim())
    }
  }
}

function vlanOfSubnet(state: RegionState, text: string): Vlan | undefined {
  const subnet = findSubnet(state, text)
  return subnet === null ? undefined : state.vlans.get(subnet.vlanId)
}

function present<Row>(row: Row | undefined): readonly Row[] {
  return row === undefined ? [] : [row]
}

function byCidr(state: RegionState, text: string): readonly Subnet[] {
  const cidr = parseIpCidr(text)
  return cidr === undefined ? [] : present(subnetByCidr(state, cidr))
}

function byId(state: RegionState, text: string): readonly Subnet[] {
  const id = parseId(text)
  return present(id === null ? undefined : state.subnets.get(id as SubnetId))
}

function byName(state: RegionState, text: string): readonly Subnet[] {
  return [...state.subnets.values()].filter(({ name }) => name === text)
}

/** Whole number below 2^31; null otherwise. */
export function parseId(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null
  const id = Number(text)
  return id < 2 ** 31 ? id : null
}

function split(text: string): { readonly prefix: string; readonly value: string } {
  const colon = text.indexOf(':')
  if (colon < 0) return { prefix: '', value: text.trim() }
  return { prefix: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() }
}
