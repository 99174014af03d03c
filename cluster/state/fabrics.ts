// Fabrics and spaces. Each fabric has a default VLAN, the one with the lowest id, made with it.
import type { FabricId, SpaceId, VlanId } from '#model/ids.ts'
import { formatIpCidr } from '#model/ip.ts'
import type { Fabric, Space, Vlan } from '#model/network.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import { dropDhcpOptions } from './dhcp-options.ts'
import { dropDhcpSightings } from './dhcp-sightings.ts'
import { dropNeighbours } from './neighbours.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

const DEFAULT_FABRIC = 0
const NAME = /^[\w .:-]{1,256}$/

export const createFabric: Handler<'fabric.create'> = ({ state }, command) => {
  const { name, description, classType } = command
  const fabric = addFabric(state, { name, description, classType })
  return checkFabric(state, fabric) ?? created(fabric.id)
}

export const updateFabric: Handler<'fabric.update'> = ({ state }, { id, set }) => {
  const fabric = state.fabrics.get(id)
  if (fabric === undefined) return notFound('Fabric')
  const next: Fabric = { ...fabric, ...set, id }
  state.fabrics.put(id, next)
  return checkFabric(state, next) ?? DONE
}

export const deleteFabric: Handler<'fabric.delete'> = ({ state }, { id }) => {
  const fabric = state.fabrics.get(id)
  if (fabric === undefined) return notFound('Fabric')
  if (id === DEFAULT_FABRIC) {
    return refuse('VALIDATION', `Fabric ${fabric.name} is the default fabric and stays.`)
  }
  for (const vlan of state.vlansByFabric.rows(id)) {
    const user = userOf(state, vlan)
    if (user !== null) {
      return refuse('VALIDATION', `Fabric ${fabric.name} cannot be deleted: ${user} is on it.`)
    }
    dropVlan(state, vlan)
  }
  state.fabrics.delete(id)
  return DONE
}

export const createSpace: Handler<'space.create'> = ({ state }, { name, description }) => {
  const id = nextId<SpaceId>(state, 'spaces')
  const space: Space = { id, name: name === '' ? `space-${id}` : name, description }
  state.spaces.put(id, space)
  return checkSpace(state, space) ?? created(id)
}

export const updateSpace: Handler<'space.update'> = ({ state }, { id, set }) => {
  const space = state.spaces.get(id)
  if (space === undefined) return notFound('Space')
  const next: Space = { ...space, ...set, id }
  state.spaces.put(id, next)
  return checkSpace(state, next) ?? DONE
}

/** VLANs of a space that goes are in no space, as in MAAS since 2.2. */
export const deleteSpace: Handler<'space.delete'> = ({ state }, { id }) => {
  if (!state.spaces.has(id)) return notFound('Space')
  const vlans = [...state.vlans.values()].filter((vlan) => vlan.spaceId === id)
  for (const vlan of vlans) state.vlans.put(vlan.id, { ...vlan, spaceId: null })
  state.spaces.delete(id)
  return DONE
}

/** With its default VLAN. Name '': `fabric-<id>`. */
export function addFabric(state: RegionState, fields: Omit<Fabric, 'id'>): Fabric {
  const id = nextId<FabricId>(state, 'fabrics')
  const fabric = { id, ...fields, name: fields.name === '' ? `fabric-${id}` : fields.name }
  state.fabrics.put(id, fabric)
  addVlan(state, { fabricId: id, name: 'untagged', vid: 0, mtu: 1500, description: '' })
  return fabric
}

export function addVlan(
  state: RegionState,
  fields: Pick<Vlan, 'fabricId' | 'name' | 'vid' | 'mtu' | 'description'> & Partial<Vlan>,
): Vlan {
  const vlan: Vlan = {
    spaceId: null,
    dhcpOn: false,
    primaryRack: null,
    secondaryRack: null,
    relayVlanId: null,
    externalDhcp: null,
    ...fields,
    id: nextId<VlanId>(state, 'vlans'),
  }
  state.vlans.put(vlan.id, vlan)
  return vlan
}

/** Removes a VLAN nobody is on, and the relays that point at it. */
export function dropVlan(state: RegionState, vlan: Vlan): void {
  const relays = [...state.vlans.values()].filter((other) => other.relayVlanId === vlan.id)
  for (const relay of relays) state.vlans.put(relay.id, { ...relay, relayVlanId: null })
  dropDhcpOptions(state, { scope: 'vlan', scopeId: vlan.id })
  dropDhcpSightings(state, vlan.id)
  dropNeighbours(state, vlan.id)
  state.vlans.delete(vlan.id)
}

/** What keeps a VLAN from being deleted, for the sentence; null when nothing. */
export function userOf(state: RegionState, vlan: Vlan): string | null {
  const subnet = state.subnetsByVlan.first(vlan.id)
  if (subnet !== undefined) return `subnet ${formatIpCidr(subnet.cidr)}`
  const nic = state.interfacesByVlan.first(vlan.id)
  if (nic !== undefined) {
    return `interface ${nic.name} of ${state.machines.get(nic.systemId)?.hostname ?? nic.systemId}`
  }
  for (const controller of state.controllers.values()) {
    const own = controller.interfaces.find(({ vlanId }) => vlanId === vlan.id)
    if (own !== undefined) return `interface ${own.name} of ${controller.hostname}`
  }
  return null
}

/** Asked after the row was written; a refusal takes it back. */
function checkFabric(state: RegionState, { id, name }: Fabric): Refusal | null {
  if (!NAME.test(name)) return invalid('name', 'Invalid fabric name.')
  if (state.fabricsByName.count(name) > 1) {
    return invalid('name', `Fabric with name ${name} already exists.`)
  }
  return isForeignDefault('fabric', name, id)
    ? invalid('name', `${name} is kept for the fabric with that id.`)
    : null
}

function checkSpace(state: RegionState, { id, name }: Space): Refusal | null {
  if (!NAME.test(name)) return invalid('name', 'Invalid space name.')
  if (state.spacesByName.count(name) > 1) {
    return invalid('name', `Space with name ${name} already exists.`)
  }
  return isForeignDefault('space', name, id)
    ? invalid('name', `${name} is kept for the space with that id.`)
    : null
}

/** `fabric-7` belongs to fabric 7: its automatic name must still be free when it comes. */
function isForeignDefault(kind: 'fabric' | 'space', name: string, id: number): boolean {
  return new RegExp(`^${kind}-\\d+$`).test(name) && name !== `${kind}-${id}`
}
