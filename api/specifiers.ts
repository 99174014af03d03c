// MAAS lets a parameter name an object by id or by something else (maas-api §8.2). These find it in the
// state; null when nothing fits or the text is malformed.
import type { FabricId, SpaceId, SubnetId, VlanId } from '#model/ids.ts'
import { parseCidr } from '#model/ipv4.ts'
import type { Fabric, Space, Subnet, Vlan } from '#model/network.ts'
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
  const id = parseId(value)
  const byId = id === null || prefix === 'name' ? undefined : state.spaces.get(id as SpaceId)
  return byId ?? (prefix === 'id' ? null : (state.spacesByName.first(value) ?? null))
}

export function findVlan(state: RegionState, text: string): Vlan | null {
  const { prefix, value } = split(text)
  switch (prefix) {
    case '':
    case 'id': {
      const id = parseId(value)
      return id === null ? null : (state.vlans.get(id as VlanId) ?? null)
    }
    case 'vid':
      return [...state.vlans.values()].find(({ vid }) => String(vid) === value) ?? null
    case 'name':
      return [...state.vlans.values()].find(({ name }) => name === value) ?? null
    case 'fabric': {
      const fabric = findFabric(state, value)
      return fabric === null ? null : (state.vlansByFabric.first(fabric.id) ?? null)
    }
    case 'subnet': {
      const subnet = findSubnet(state, value)
      return subnet === null ? null : (state.vlans.get(subnet.vlanId) ?? null)
    }
    default:
      return null
  }
}

export function findSubnet(state: RegionState, text: string): Subnet | null {
  const { prefix, value } = split(text)
  switch (prefix) {
    case '':
      return byCidr(state, value) ?? byId(state, value) ?? byName(state, value)
    case 'id':
      return byId(state, value)
    case 'cidr':
      return byCidr(state, value)
    case 'name':
      return byName(state, value)
    case 'vlan':
    case 'vid':
    case 'fabric': {
      const vlan = findVlan(state, prefix === 'vlan' ? value : text)
      return vlan === null ? null : (state.subnetsByVlan.first(vlan.id) ?? null)
    }
    case 'space': {
      const space = findSpace(state, value)
      const vlan = [...state.vlans.values()].find(({ spaceId }) => spaceId === space?.id)
      return vlan === undefined ? null : (state.subnetsByVlan.first(vlan.id) ?? null)
    }
    default:
      return null
  }
}

function byCidr(state: RegionState, text: string): Subnet | null {
  const cidr = parseCidr(text)
  if (cidr === undefined) return null
  const { network, prefix } = cidr
  for (const subnet of state.subnets.values()) {
    if (subnet.cidr.network === network && subnet.cidr.prefix === prefix) return subnet
  }
  return null
}

function byId(state: RegionState, text: string): Subnet | null {
  const id = parseId(text)
  return id === null ? null : (state.subnets.get(id as SubnetId) ?? null)
}

function byName(state: RegionState, text: string): Subnet | null {
  return [...state.subnets.values()].find(({ name }) => name === text) ?? null
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
