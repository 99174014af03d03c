// VLANs: unique by VID in their fabric; DHCP only with a rack to answer and a range to answer from.
import type { SystemId } from '#model/ids.ts'
import type { Vlan } from '#model/network.ts'
import { created, DONE, invalid, notFound, refuse, type Handler } from './context.ts'
import { addVlan, dropVlan, userOf } from './fabrics.ts'
import { FURTHER_RACKS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

export const createVlan: Handler<'vlan.create'> = ({ state }, command) => {
  const { fabricId, vid, mtu, description, spaceId } = command
  const name = command.name === '' ? String(vid) : command.name
  const vlan = addVlan(state, { fabricId, name, vid, mtu, description, spaceId })
  return checkVlan(state, vlan) ?? created(vlan.id)
}

export const updateVlan: Handler<'vlan.update'> = ({ state }, { id, set }) => {
  const vlan = state.vlans.get(id)
  if (vlan === undefined) return notFound('VLAN')
  const next: Vlan = { ...vlan, ...set, id }
  const isDefault = state.vlansByFabric.first(vlan.fabricId)?.id === id
  if (isDefault && next.fabricId !== vlan.fabricId) {
    return invalid('fabric', 'The default VLAN of a fabric cannot move to another one.')
  }
  state.vlans.put(id, next)
  return checkVlan(state, next) ?? checkService(state, next) ?? DONE
}

export const deleteVlan: Handler<'vlan.delete'> = ({ state }, { id }) => {
  const vlan = state.vlans.get(id)
  if (vlan === undefined) return notFound('VLAN')
  const fabric = state.fabrics.get(vlan.fabricId)?.name ?? ''
  if (state.vlansByFabric.first(vlan.fabricId)?.id === id) {
    return refuse('VALIDATION', `VLAN ${vlan.name} is the default VLAN of ${fabric} and stays.`)
  }
  const user = userOf(state, vlan)
  if (user !== null) {
    return refuse('VALIDATION', `VLAN ${vlan.name} cannot be deleted: ${user} is on it.`)
  }
  dropVlan(state, vlan)
  return DONE
}

/** Asked after the row was written; a refusal takes it back. */
function checkVlan(state: RegionState, vlan: Vlan): Refusal | null {
  const { vid, mtu, fabricId, spaceId } = vlan
  const fabric = state.fabrics.get(fabricId)
  if (fabric === undefined) return notFound('Fabric')
  if (!(Number.isInteger(vid) && vid >= 0 && vid <= 4094)) {
    return invalid('vid', 'The VID must be between 0 and 4094.')
  }
  if (!(Number.isInteger(mtu) && mtu >= 552 && mtu <= 65_535)) {
    return invalid('mtu', 'The MTU must be between 552 and 65535.')
  }
  const same = state.vlansByFabric.rows(fabricId).filter((other) => other.vid === vid)
  if (same.length > 1) return invalid('vid', `Fabric ${fabric.name} has a VLAN ${vid} already.`)
  return spaceId !== null && !state.spaces.has(spaceId) ? notFound('Space') : null
}

function checkService(state: RegionState, vlan: Vlan): Refusal | null {
  const { dhcpOn, primaryRack, secondaryRack, relayVlanId } = vlan
  if (primaryRack !== null && !isRack(state, primaryRack)) {
    return invalid('primary_rack', `There is no rack controller ${primaryRack}.`)
  }
  if (secondaryRack !== null && !isRack(state, secondaryRack)) {
    return invalid('secondary_rack', `There is no rack controller ${secondaryRack}.`)
  }
  if (secondaryRack !== null && secondaryRack === primaryRack) {
    return invalid('secondary_rack', 'Primary and secondary rack must differ.')
  }
  if (secondaryRack !== null && primaryRack === null) {
    return invalid('secondary_rack', 'A secondary rack needs a primary one.')
  }
  const further = checkFurtherRacks(state, vlan)
  if (further !== null) return further
  if (relayVlanId !== null && (relayVlanId === vlan.id || !state.vlans.has(relayVlanId))) {
    return invalid('relay_vlan', 'The relay must point at another VLAN that exists.')
  }
  if (!dhcpOn) return null
  if (relayVlanId !== null) return invalid('relay_vlan', 'A VLAN with DHCP on cannot be relayed.')
  if (primaryRack === null) return invalid('dhcp_on', 'DHCP needs a primary rack controller.')
  return hasDynamicRange(state, vlan)
    ? null
    : invalid('dhcp_on', 'DHCP needs a dynamic range in a subnet of the VLAN.')
}

/** MAAS has two racks; who wants more names them after those. */
function checkFurtherRacks(state: RegionState, vlan: Vlan): Refusal | null {
  const { primaryRack, secondaryRack, furtherRacks = [] } = vlan
  if (furtherRacks.length === 0) return null
  const refusal = (text: string): Refusal => invalid('further_racks', text)
  if (secondaryRack === null) return refusal('Further racks need a primary and a secondary one.')
  if (furtherRacks.length > FURTHER_RACKS_MAX) {
    return refusal(`A VLAN has ${FURTHER_RACKS_MAX} further racks at most.`)
  }
  const unknown = furtherRacks.find((id) => !isRack(state, id))
  if (unknown !== undefined) return refusal(`There is no rack controller ${unknown}.`)
  const all = new Set([primaryRack, secondaryRack, ...furtherRacks])
  if (all.size < furtherRacks.length + 2) return refusal('Every rack of a VLAN is named once.')
  return null
}

function isRack(state: RegionState, id: SystemId): boolean {
  return state.controllers.get(id)?.kind === 'rack'
}

function hasDynamicRange(state: RegionState, vlan: Vlan): boolean {
  return state.subnetsByVlan
    .rows(vlan.id)
    .some(({ id }) => state.ipRangesBySubnet.rows(id).some(({ type }) => type === 'dynamic'))
}
