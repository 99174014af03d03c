// fabrics/ with their VLANs, and vlans/{id}/ (maas-api §9, §10.3).
import type { FabricId, SystemId, VlanId } from '#model/ids.ts'
import type { Controller } from '#model/machine.ts'
import type { Fabric, Vlan } from '#model/network.ts'
import type { CommandOf } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { expectNetworkLevel } from '../network-level.ts'
import { flag, integer, list, text, type Values } from '../params.ts'
import { renderFabric, renderVlan } from '../render/network.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findFabric, findSpace, findVlan, parseId } from '../specifiers.ts'

const MTU = { min: 552, max: 65_535 }
const DEFAULT_MTU = 1_500

function fabricOf(state: RegionState, call: Call): Fabric {
  const fabric = findFabric(state, call.param('id') || call.param('fabric_id'))
  if (fabric === null) throw notFound('Fabric')
  return fabric
}

/** In a fabric's path a VLAN is named by its VID, below `vlans/` by its id. */
function vlanOf(state: RegionState, call: Call): Vlan {
  if (call.param('fabric_id') === '') {
    const vlan = findVlan(state, call.param('id'))
    if (vlan === null) throw notFound('VLAN')
    return vlan
  }
  const fabric = fabricOf(state, call)
  const vid = parseId(call.param('vid'))
  const vlan = state.vlansByFabric.rows(fabric.id).find((row) => row.vid === vid)
  if (vlan === undefined) throw notFound('VLAN')
  return vlan
}

const DESCRIPTION = text('What it is for.', { max: 4_096 })

const FABRIC = {
  name: text('Name, unique; fabric-ID when empty.'),
  description: DESCRIPTION,
  class_type: text('Kind of network, in your own words; empty: none.'),
}

async function createFabric(call: Call, values: Values<typeof FABRIC>) {
  const { name = '', description = '', class_type: classType = '' } = values
  const set = { name, description, classType: classType === '' ? null : classType }
  const { id } = await call.propose({ type: 'fabric.create', ...set })
  return json(renderFabricOf(call.after(), id))
}

async function updateFabric(call: Call, values: Values<typeof FABRIC>) {
  const { id } = fabricOf(await call.state(), call)
  const { name, description, class_type: classType } = values
  const set = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(classType === undefined ? {} : { classType: classType === '' ? null : classType }),
  }
  await call.propose({ type: 'fabric.update', id, set })
  return json(renderFabricOf(call.after(), id))
}

function renderFabricOf(state: RegionState, id: FabricId) {
  const fabric = state.fabrics.get(id)
  return fabric === undefined ? { id } : renderFabric(state, fabric)
}

const NEW_VLAN = {
  vid: integer('Tag of its frames; 0 for none.', { min: 0, max: 4_094, required: true }),
  name: text('Name, unique in the fabric.'),
  description: DESCRIPTION,
  mtu: integer('Longest packet, bytes; 1,500 by default.', MTU),
  space: text('Space it belongs to: id, name or another specifier; empty: none.'),
}

const VLAN = {
  ...NEW_VLAN,
  dhcp_on: flag('Racks answer DHCP here.'),
  primary_rack: text('Rack that answers first: system id or host name; empty: none.'),
  secondary_rack: text('Rack that stands in for it; empty: none.'),
  further_racks: list('Racks that stand in after those, in this order; empty: none.'),
  relay_vlan: text('VLAN whose racks answer for this one, by a relay; empty: none.'),
  fabric: text('Fabric it moves to.'),
}

async function createVlan(call: Call, values: Values<typeof NEW_VLAN>) {
  const state = await call.state()
  const { id: fabricId } = fabricOf(state, call)
  const { vid = 0, name = '', description = '', mtu = DEFAULT_MTU } = values
  const form = new Form(call.input)
  const spaceId = spaceField(form, state) ?? null
  form.check()
  const command = { type: 'vlan.create', fabricId, name, vid, mtu, description, spaceId } as const
  const { id } = await call.propose(command)
  return json(renderVlanOf(call.after(), id))
}

async function updateVlan(call: Call, values: Values<typeof VLAN>) {
  const state = await call.state()
  const { id } = vlanOf(state, call)
  const form = new Form(call.input)
  const set = vlanSet(form, state, values)
  form.check()
  await call.propose({ type: 'vlan.update', id, set })
  return json(renderVlanOf(call.after(), id))
}

/** `form` for what only the state can tell. */
function vlanSet(
  form: Form,
  state: RegionState,
  values: Values<typeof VLAN>,
): CommandOf<'vlan.update'>['set'] {
  const { name, vid, mtu, description, dhcp_on: dhcpOn } = values
  const found = {
    ...{ name, vid, mtu, description, dhcpOn },
    spaceId: spaceField(form, state),
    primaryRack: rackField(form, state, 'primary_rack'),
    secondaryRack: rackField(form, state, 'secondary_rack'),
    relayVlanId: relayField(form, state),
    fabricId: fabricField(form, state),
    furtherRacks: furtherRacksField(form, state),
  }
  return present(found)
}

/** Undefined absent, null cleared. */
function spaceField(form: Form, state: RegionState) {
  const given = form.text('space')
  if (given === undefined) return undefined
  if (given === '') return null
  return findSpace(state, given)?.id ?? form.report('space', `There is no space ${given}.`)
}

function fabricField(form: Form, state: RegionState) {
  const given = form.text('fabric')
  if (given === undefined || given === '') return undefined
  return findFabric(state, given)?.id ?? form.report('fabric', `There is no fabric ${given}.`)
}

function relayField(form: Form, state: RegionState) {
  const given = form.text('relay_vlan')
  if (given === undefined) return undefined
  if (given === '') return null
  return findVlan(state, given)?.id ?? form.report('relay_vlan', `There is no VLAN ${given}.`)
}

function rackField(form: Form, state: RegionState, name: string) {
  const given = form.text(name)
  if (given === undefined) return undefined
  if (given === '') return null
  return (
    findRack(state, given)?.systemId ?? form.report(name, `There is no rack controller ${given}.`)
  )
}

/** Ours, by comma or repeated; empty: none. */
function furtherRacksField(form: Form, state: RegionState): readonly SystemId[] | undefined {
  const name = 'further_racks'
  if (!form.input.has(name)) return undefined
  expectNetworkLevel(state, 'A third rack of a VLAN')
  return form.input.list(name).map((text) => findRack(state, text)?.systemId ?? (text as SystemId))
}

/** By system id or hostname. */
function findRack(state: RegionState, text: string): Controller | undefined {
  const byId = state.controllers.get(text as SystemId)
  if (byId !== undefined && isRack(byId)) return byId
  return [...state.controllers.values()].find((one) => one.hostname === text && isRack(one))
}

function isRack({ kind }: { readonly kind: string }): boolean {
  return kind === 'rack'
}

/** Without the members that are undefined. */
export function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function renderVlanOf(state: RegionState, id: VlanId) {
  const vlan = state.vlans.get(id)
  return vlan === undefined ? { id } : renderVlan(state, vlan)
}

const readVlan = read('user', 'Show a VLAN.', async (call) => {
  const state = await call.state()
  return json(renderVlan(state, vlanOf(state, call)))
})

const VLAN_ACTIONS = [
  readVlan,
  taking(VLAN, (run) => update('admin', 'Change a VLAN.', run), updateVlan),
  remove('admin', 'Delete a VLAN.', async (call) => {
    const { id } = vlanOf(await call.state(), call)
    await call.propose({ type: 'vlan.delete', id })
    return NO_CONTENT
  }),
]

export const FABRICS: readonly Resource[] = [
  {
    name: 'FabricsHandler',
    path: 'fabrics/',
    doc: 'Manage fabrics: sets of VLANs that can reach one another.',
    actions: [
      read('user', 'List fabrics.', async (call) => {
        const state = await call.state()
        return json([...state.fabrics.values()].map((fabric) => renderFabric(state, fabric)))
      }),
      taking(FABRIC, (run) => create('admin', 'Create a fabric.', run), createFabric),
    ],
  },
  {
    name: 'FabricHandler',
    path: 'fabrics/{id}/',
    doc: 'Manage one fabric.',
    actions: [
      read('user', 'Show a fabric.', async (call) => {
        const state = await call.state()
        return json(renderFabric(state, fabricOf(state, call)))
      }),
      taking(FABRIC, (run) => update('admin', 'Change a fabric.', run), updateFabric),
      remove('admin', 'Delete a fabric.', async (call) => {
        const { id } = fabricOf(await call.state(), call)
        await call.propose({ type: 'fabric.delete', id })
        return NO_CONTENT
      }),
    ],
  },
  {
    name: 'VlansHandler',
    path: 'fabrics/{fabric_id}/vlans/',
    doc: 'Manage the VLANs of a fabric.',
    actions: [
      read('user', 'List the VLANs of a fabric.', async (call) => {
        const state = await call.state()
        const vlans = state.vlansByFabric.rows(fabricOf(state, call).id)
        return json(vlans.map((vlan) => renderVlan(state, vlan)))
      }),
      taking(NEW_VLAN, (run) => create('admin', 'Create a VLAN.', run), createVlan),
    ],
  },
  {
    name: 'VlanHandler',
    path: 'fabrics/{fabric_id}/vlans/{vid}/',
    doc: 'Manage one VLAN of a fabric.',
    actions: VLAN_ACTIONS,
  },
]

/** The same by id; MAAS describes the path above only. */
export const VLAN_BY_ID: Resource = {
  name: 'VlanHandler',
  path: 'vlans/{id}/',
  doc: 'Manage one VLAN.',
  actions: VLAN_ACTIONS,
}
