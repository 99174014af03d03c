// nodes/{id}/interfaces/: the network configuration of a machine, the cards of a device, and what a controller reports
// (maas-api §9). When and by whom it may be changed is decided when the command is applied.
import type { SystemId } from '#model/ids.ts'
import { interfacesOf } from '#state/query.ts'
import type { CommandOf } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { list, mac, text, type Params, type Values } from '../params.ts'
import { renderControllerInterface, renderInterface } from '../render/interface.ts'
import { operation, read, remove, taking, update, type Resource } from '../resource.ts'
import { present } from './fabrics.ts'
import { LINK_ACTIONS } from './interface-links.ts'
import { BOND, BRIDGE, COMMON, paramsOf, parentIds, SPEEDS, vlanIdOf } from './interface-params.ts'
import { interfaceOf, nodeIdOf, shownInterface } from './interface-path.ts'

async function listInterfaces(call: Call): Promise<Answer> {
  const state = await call.state()
  const systemId = nodeIdOf(state, call)
  const controller = state.controllers.get(systemId)
  if (controller === undefined) {
    const all = interfacesOf(state, systemId)
    return json(all.map((nic) => renderInterface(state, nic, all)))
  }
  const rendered = controller.interfaces.map((nic, at) =>
    renderControllerInterface(state, nic, { systemId, number: at + 1 }),
  )
  return json(rendered)
}

async function readInterface(call: Call): Promise<Answer> {
  const state = await call.state()
  const { systemId, id } = interfaceOf(state, call)
  const nic = state.controllers.get(systemId)?.interfaces[id - 1]
  if (nic !== undefined) {
    return json(renderControllerInterface(state, nic, { systemId, number: id }))
  }
  const row = state.interfaces.get(id)
  if (row === undefined) throw notFound('Interface')
  return json(renderInterface(state, row))
}

type Made = Pick<CommandOf<'interface.create'>, 'kind' | 'parents'>

/** `make` says of what; the rest all kinds have in common. */
function creating<P extends Params>(
  op: string,
  doc: string,
  params: P,
  make: (state: RegionState, systemId: SystemId, values: Values<P>) => Made,
) {
  const all = { name: text('Its name.', { max: 15 }), ...COMMON, ...params }
  return taking(
    all,
    (run) => operation('POST', op, { doc }, run),
    async (call, given) => {
      const state = await call.state()
      const systemId = nodeIdOf(state, call)
      const values = given as Values<typeof COMMON> & { readonly name?: string } & Values<P>
      const vlanId = vlanIdOf(state, values.vlan)
      const { id } = await call.propose({
        ...{ type: 'interface.create', systemId, ...make(state, systemId, values) },
        ...{ name: values.name ?? '', mac: values.mac_address ?? null, tags: values.tags ?? [] },
        params: paramsOf(values),
        ...(vlanId === undefined ? {} : { vlanId }),
      })
      return shownInterface(call, id)
    },
  )
}

/** One of the two names: clients of MAAS send either. */
const PARENT = {
  parent: text('Id or name of what it is made of.'),
  parents: list('The same, one.', { itemMax: 64 }),
}
const PARENTS = { parents: list('Ids or names of its ports.', { required: true, itemMax: 64 }) }

const ofParent =
  (kind: 'bridge' | 'vlan') =>
  (state: RegionState, systemId: SystemId, { parent, parents }: Values<typeof PARENT>): Made => {
    const given = (parent ?? '') === '' ? (parents ?? []) : [parent ?? '']
    if (given.length === 0) throw fieldError('parent', 'This field is required.')
    if (given.length > 1) throw fieldError('parents', `A ${kind} interface has one parent.`)
    return { kind, parents: parentIds(state, systemId, { name: 'parent', given }) }
  }

const CHANGED = {
  name: text('Its name.', { max: 15 }),
  ...COMMON,
  ...{ parents: list('Ids or names of the ports of a bond.', { itemMax: 64 }) },
  ...{ parent: text('Id or name of what a bridge or VLAN interface is made of.') },
  ...{ ...BOND, ...BRIDGE, ...SPEEDS },
}

async function updateInterface(call: Call, values: Values<typeof CHANGED>): Promise<Answer> {
  const state = await call.state()
  const { systemId, id } = interfaceOf(state, call)
  const { parent, parents } = values
  const params = paramsOf(values)
  const set = present({
    name: values.name === '' ? undefined : values.name,
    mac: values.mac_address,
    vlanId: vlanIdOf(state, values.vlan),
    parents:
      parents === undefined
        ? parent && parentIds(state, systemId, { name: 'parent', given: [parent] })
        : parentIds(state, systemId, { name: 'parents', given: parents }),
    tags: values.tags,
    params: Object.keys(params).length === 0 ? undefined : params,
    linkConnected: values.link_connected,
    linkSpeedMbps: values.link_speed,
    interfaceSpeedMbps: values.interface_speed,
  }) as CommandOf<'interface.update'>['set']
  await call.propose({ type: 'interface.update', systemId, id, set })
  return shownInterface(call, id)
}

async function deleteInterface(call: Call): Promise<Answer> {
  const { systemId, id } = interfaceOf(await call.state(), call)
  await call.propose({ type: 'interface.delete', systemId, id })
  return NO_CONTENT
}

const PHYSICAL = { mac_address: mac('Its MAC address.', { required: true }) }
const NAMED = { name: text('Its name.', { required: true, max: 15 }) }

export const INTERFACES: readonly Resource[] = [
  {
    name: 'InterfacesHandler',
    path: 'nodes/{system_id}/interfaces/',
    doc: 'Manage the interfaces of a node.',
    actions: [
      read('user', 'List interfaces.', listInterfaces),
      creating('create_physical', 'Add a network card.', PHYSICAL, () => ({
        kind: 'physical',
        parents: [],
      })),
      creating(
        'create_bond',
        'Make a bond.',
        { ...NAMED, ...PARENTS, ...BOND },
        (state, systemId, { parents = [] }) => ({
          kind: 'bond',
          parents: parentIds(state, systemId, { name: 'parents', given: parents }),
        }),
      ),
      creating('create_bridge', 'Make a bridge.', { ...PARENT, ...BRIDGE }, ofParent('bridge')),
      creating(
        'create_vlan',
        'Make a VLAN interface.',
        { ...PARENT, vlan: text('VLAN with a VID: id or specifier.', { required: true }) },
        ofParent('vlan'),
      ),
    ],
  },
  {
    name: 'InterfaceHandler',
    path: 'nodes/{system_id}/interfaces/{id}/',
    doc: 'Manage one interface of a node.',
    actions: [
      read('user', 'Show an interface.', readInterface),
      taking(CHANGED, (run) => update('user', 'Change an interface.', run), updateInterface),
      remove('user', 'Delete an interface.', deleteInterface),
      ...LINK_ACTIONS,
    ],
  },
]
