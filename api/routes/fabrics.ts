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
import { renderFabric, renderVlan } from '../render/network.ts'
import { create, read, remove, update, type Resource } from '../resource.ts'
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

async function createFabric(call: Call) {
  const form = new Form(call.input)
  const name = form.text('name') ?? ''
  const description = form.text('description', { max: 4_096 }) ?? ''
  const classType = form.text('class_type') ?? ''
  form.check()
  const set = { name, description, classType: classType === '' ? null : classType }
  const { id } = await call.propose({ type: 'fabric.create', ...set })
  return json(renderFabricOf(call.after(), id))
}

async function updateFabric(call: Call) {
  const { id } = fabricOf(await call.state(), call)
  const form = new Form(call.input)
  const name = form.text('name')
  const description = form.text('description', { max: 4_096 })
  const classType = form.text('class_type')
  form.check()
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

async function createVlan(call: Call) {
  const state = await call.state()
  const { id: fabricId } = fabricOf(state, call)
  const form = new Form(call.input)
  form.require('vid')
  const vid = form.integer('vid', { min: 0, max: 4_094 }) ?? 0
  const name = form.text('name') ?? ''
  const description = form.text('description', { max: 4_096 }) ?? ''
  const mtu = form.integer('mtu', MTU) ?? DEFAULT_MTU
  const spaceId = spaceField(form, state) ?? null
  form.check()
  const command = { type: 'vlan.create', fabricId, name, vid, mtu, description, spaceId } as const
  const { id } = await call.propose(command)
  return json(renderVlanOf(call.after(), id))
}

async function updateVlan(call: Call) {
  const state = await call.state()
  const { id } = vlanOf(state, call)
  const form = new Form(call.input)
  const set = vlanSet(form, state)
  form.check()
  await call.propose({ type: 'vlan.update', id, set })
  return json(renderVlanOf(call.after(), id))
}

function vlanSet(form: Form, state: RegionState): CommandOf<'vlan.update'>['set'] {
  const found = {
    name: form.text('name'),
    vid: form.integer('vid', { min: 0, max: 4_094 }),
    mtu: form.integer('mtu', MTU),
    description: form.text('description', { max: 4_096 }),
    spaceId: spaceField(form, state),
    dhcpOn: form.flag('dhcp_on'),
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
  const text = form.text('space')
  if (text === undefined) return undefined
  if (text === '') return null
  return findSpace(state, text)?.id ?? form.report('space', `There is no space ${text}.`)
}

function fabricField(form: Form, state: RegionState) {
  const text = form.text('fabric')
  if (text === undefined || text === '') return undefined
  return findFabric(state, text)?.id ?? form.report('fabric', `There is no fabric ${text}.`)
}

function relayField(form: Form, state: RegionState) {
  const text = form.text('relay_vlan')
  if (text === undefined) return undefined
  if (text === '') return null
  return findVlan(state, text)?.id ?? form.report('relay_vlan', `There is no VLAN ${text}.`)
}

function rackField(form: Form, state: RegionState, name: string) {
  const text = form.text(name)
  if (text === undefined) return undefined
  if (text === '') return null
  return (
    findRack(state, text)?.systemId ?? form.report(name, `There is no rack controller ${text}.`)
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
  update('admin', 'Change a VLAN.', updateVlan),
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
      create('admin', 'Create a fabric.', createFabric),
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
      update('admin', 'Change a fabric.', updateFabric),
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
      create('admin', 'Create a VLAN.', createVlan),
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
