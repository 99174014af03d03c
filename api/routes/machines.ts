// machines/ and nodes/: inventory, enlistment (maas-api §9, §10.1).
import { parseSystemId, type SystemId } from '#model/ids.ts'
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { lifeOf } from '#model/life-cycle.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Machine } from '#model/machine.ts'
import type { Device } from '#model/objects.ts'
import { FOUND_POWER_TYPES } from '#model/power-types.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonTexts, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound, Rejection } from '../errors.ts'
import { Form, type Input } from '../input.ts'
import { freshSystemId, ID_DRAWS_MAX } from '../fresh-id.ts'
import { renderController } from '../render/controller.ts'
import { renderDevice } from '../render/device.ts'
import { machineText, renderEnlisted, renderMachine } from '../render/machine.ts'
import { expectNetworkLevel } from '../network-level.ts'
import { mandatory, text } from '../params.ts'
import { create, operation, read, remove, taking, update, type Resource } from '../resource.ts'
import { CURTIN_CONFIG } from './curtin-config.ts'
import { machineOf } from './find-machine.ts'
import { GET_TOKEN } from './machine-token.ts'
import { MACHINE_ACTIONS, newMachineProbe } from './machine-actions.ts'
import { MACHINES_ACTIONS } from './machine-claims.ts'
import { readMachineChanges, readNewMachine, type NewMachine } from './machine-input.ts'
import { CHANGED_MACHINE, NEW_MACHINE } from './machine-params.ts'
import { evaluateMachine } from '../tag-evaluation.ts'
import { isVisibleDevice, isVisibleMachine as isVisible } from '../visible.ts'
import { present } from './fabrics.ts'
import { domainIdIn } from './node-domain.ts'
import { filterMachines, MACHINE_FILTERS } from './node-filters.ts'
import { poolIdNamed, SET_ZONE, zoneIdNamed } from './set-zone.ts'
import { STORAGE_ACTIONS } from './storage-layout.ts'
import { RESTORE_ACTIONS } from './restore-configuration.ts'

async function listMachines(call: Call): Promise<Answer> {
  const state = await call.state()
  const machines = filterMachines(state, call.input).filter((machine) => isVisible(call, machine))
  return jsonTexts(machines, (machine) => machineText(state, machine))
}

async function createMachine(call: Call): Promise<Answer> {
  const form = new Form(call.input)
  const fields = readNewMachine(form)
  const begin = await beginning(call, form)
  if (!call.isAdmin && !FOUND_POWER_TYPES.has(fields.powerType)) {
    form.report('power_type', 'Only an administrator may choose this power type.')
  }
  form.check()
  const place = newPlace(await call.state(), call)
  const systemId = await proposeMachine(call, { ...fields, ...begin, ...place })
  await evaluateMachine(call, systemId)
  const state = call.after()
  const machine = state.machines.get(systemId)
  if (machine === undefined) return json({ system_id: systemId })
  return json(call.isAnonymous ? renderEnlisted(state, machine) : renderMachine(state, machine))
}

/** Whoever enlists says where it is, by its domain, and nothing of what operators decide. */
function newPlace(state: RegionState, { input, isAnonymous }: Call) {
  if (isAnonymous) return present({ domainId: domainIdIn(state, input, { isAnonymous }) })
  const minHweKernel = input.text('min_hwe_kernel') || undefined
  const place = { ...placeIn(state, input), ...present({ minHweKernel }) }
  if (Object.keys(place).length > 0) expectNetworkLevel(state, 'To place a new machine')
  return place
}

/** What administrators add is commissioned unless they say otherwise; others wait until it is accepted. */
async function beginning(call: Call, form: Form): Promise<Pick<NewMachine, 'begin'>> {
  const commission = form.flag('commission')
  const deployed = form.flag('deployed') === true
  if (call.isAnonymous || !call.isAdmin) return {}
  const state = await call.state()
  if (deployed || commission === true) expectNetworkLevel(state, 'To commission a new machine')
  if (deployed) return { begin: 'deployed' }
  const isWanted = (commission ?? true) && state.featureLevel >= NETWORK_LEVEL
  return isWanted ? { begin: newMachineProbe(call.input) } : {}
}

async function proposeMachine(call: Call, fields: NewMachine): Promise<SystemId> {
  for (let draw = 1; ; draw++) {
    const systemId = freshSystemId(call)
    try {
      const made = await call.propose({ type: 'machine.create', systemId, ...fields })
      return made.systemId
    } catch (error) {
      if (isKnownMac(error) && call.isAnonymous) throw alreadyEnlisted(error)
      // The only conflict of this command is an id that somebody else took in the meantime.
      const taken = error instanceof Rejection && error.code === 'CONFLICT'
      if (!taken || draw >= ID_DRAWS_MAX) throw error
    }
  }
}

function isKnownMac(error: unknown): error is Rejection {
  if (!(error instanceof Rejection)) return false
  return (error.fields?.['mac_addresses'] ?? []).some((text) => text.includes('already in use'))
}

/** A machine that enlists twice: 409 tells its agent that there is nothing left to do. */
function alreadyEnlisted(error: Rejection): Rejection {
  return new Rejection('CONFLICT', error.message, { fields: error.fields })
}

async function updateMachine(call: Call): Promise<Answer> {
  const state = await call.state()
  const machine = machineOf(state, call)
  const form = new Form(call.input)
  const set = readMachineChanges(form, machine)
  form.check()
  const { systemId } = machine
  // Looked up before anything is changed: a name that is nobody's changes nothing.
  const place = placeIn(state, call.input, machine)
  await call.propose({ type: 'machine.update', systemId, set })
  if (Object.keys(place).length > 0)
    await call.propose({ type: 'node.place', systemIds: [systemId], ...place })
  await evaluateMachine(call, systemId)
  const after = call.after()
  const changed = after.machines.get(systemId)
  return json(changed === undefined ? { system_id: systemId } : renderMachine(after, changed))
}

/** `zone`, `pool` and `domain` by name, as MAAS has them; those that are given. */
function placeIn(state: RegionState, input: Input, { domainId }: Partial<Machine> = {}) {
  const zone = input.text('zone')
  const pool = input.text('pool')
  return present({
    zoneId: zone === undefined ? undefined : zoneIdNamed(state, zone),
    poolId: pool === undefined ? undefined : poolIdNamed(state, pool),
    domainId: domainIdIn(state, input, { domainId }),
  })
}

async function deleteMachine(call: Call): Promise<Answer> {
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound('Machine')
  await call.propose({ type: 'machine.delete', systemId })
  return NO_CONTENT
}

async function isRegistered(call: Call): Promise<Answer> {
  const mac = parseMac(call.input.mandatory('mac_address'))
  if (mac === undefined) throw fieldError('mac_address', 'Enter a valid MAC address.')
  return json((await call.state()).interfacesByMac.has(mac))
}

async function listAllocated(call: Call): Promise<Answer> {
  const state = await call.state()
  const isMine = (machine: Machine): boolean => {
    const { ownerId } = machine
    // Who commissions a machine has it for that long and was not given it.
    if (ownerId === null || lifeOf(machine).lent) return false
    return call.isAdmin || ownerId === call.user.id
  }
  const machines = filterMachines(state, call.input).filter(isMine)
  return jsonTexts(machines, (machine) => machineText(state, machine))
}

async function powerParameters(call: Call): Promise<Answer> {
  return json(machineOf(await call.state(), call).powerParameters)
}

async function listNodes(call: Call): Promise<Answer> {
  const state = await call.state()
  const machines = filterMachines(state, call.input).filter((machine) => isVisible(call, machine))
  const filters = call.input.names().filter((name) => name !== 'op' && name !== 'consistency')
  const controllers = filters.length === 0 ? [...state.controllers.values()] : []
  const visible = (device: Device): boolean => isVisibleDevice(call, device)
  const devices = filters.length === 0 ? [...state.devices.values()].filter(visible) : []
  const rows = [
    ...machines.map((machine) => () => machineText(state, machine)),
    ...devices.map((device) => () => JSON.stringify(renderDevice(state, device))),
    ...controllers.map((controller) => () => JSON.stringify(renderController(state, controller))),
  ]
  return jsonTexts<() => string>(rows, (text) => text())
}

async function readNode(call: Call): Promise<Answer> {
  const state = await call.state()
  const systemId = parseSystemId(call.param('system_id'))
  const controller = systemId === undefined ? undefined : state.controllers.get(systemId)
  if (controller !== undefined) return json(renderController(state, controller))
  const device = systemId === undefined ? undefined : state.devices.get(systemId)
  if (device !== undefined && isVisibleDevice(call, device))
    return json(renderDevice(state, device))
  return json(renderMachine(state, machineOf(state, call, 'Node')))
}

/** A region leaves through the membership of the cluster, so that the quorum is asked. */
async function deleteNode(call: Call): Promise<Answer> {
  const state = await call.state()
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound('Node')
  const kind = state.controllers.get(systemId)?.kind
  if (kind === 'region') {
    throw new Rejection('VALIDATION', 'A region controller is removed as a member of the cluster.')
  }
  if (kind === 'rack') await call.propose({ type: 'rack.delete', systemId })
  else if (state.devices.has(systemId)) await call.propose({ type: 'device.delete', systemId })
  else if (state.machines.has(systemId)) await call.propose({ type: 'machine.delete', systemId })
  else throw notFound('Node')
  return NO_CONTENT
}

async function nodePowerParameters(call: Call): Promise<Answer> {
  const state = await call.state()
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound('Node')
  if (state.controllers.has(systemId) || state.devices.has(systemId)) return json({})
  return json(machineOf(state, call, 'Node').powerParameters)
}

export const IS_REGISTERED = taking(
  { mac_address: mandatory(text('MAC address.', { max: 64 })) },
  (run) => {
    const doc = 'Say whether a MAC address is known.'
    return operation('GET', 'is_registered', { access: 'anyone', doc }, run)
  },
  isRegistered,
)

export const MACHINES: readonly Resource[] = [
  {
    name: 'MachinesHandler',
    anonName: 'AnonMachinesHandler',
    path: 'machines/',
    doc: 'Manage the machines of this region.',
    actions: [
      taking(MACHINE_FILTERS, (run) => read('user', 'List machines.', run), listMachines),
      taking(
        NEW_MACHINE,
        (run) => create('anyone', 'Add a machine, or enlist the one that asks.', run),
        createMachine,
      ),
      IS_REGISTERED,
      taking(
        MACHINE_FILTERS,
        (run) => operation('GET', 'list_allocated', { doc: 'List your machines.' }, run),
        listAllocated,
      ),
      SET_ZONE,
      ...MACHINES_ACTIONS,
    ],
  },
  {
    name: 'MachineHandler',
    path: 'machines/{system_id}/',
    doc: 'Manage one machine.',
    actions: [
      read('user', 'Show a machine.', async (call) => {
        const state = await call.state()
        return json(renderMachine(state, machineOf(state, call)))
      }),
      taking(CHANGED_MACHINE, (run) => update('admin', 'Change a machine.', run), updateMachine),
      remove('admin', 'Delete a machine.', deleteMachine),
      operation(
        'GET',
        'power_parameters',
        { access: 'admin', doc: 'Show power parameters.' },
        powerParameters,
      ),
      ...MACHINE_ACTIONS,
      ...STORAGE_ACTIONS,
      ...RESTORE_ACTIONS,
      ...[CURTIN_CONFIG, GET_TOKEN],
    ],
  },
  {
    name: 'NodesHandler',
    path: 'nodes/',
    doc: 'List machines and controllers.',
    anonName: 'AnonNodesHandler',
    actions: [
      taking(MACHINE_FILTERS, (run) => read('user', 'List nodes.', run), listNodes),
      IS_REGISTERED,
      SET_ZONE,
    ],
  },
  {
    name: 'NodeHandler',
    path: 'nodes/{system_id}/',
    doc: 'Show one node.',
    actions: [
      read('user', 'Show a node.', readNode),
      remove('admin', 'Delete a machine, device or rack controller.', deleteNode),
      operation(
        'GET',
        'power_parameters',
        { access: 'admin', doc: 'Show power parameters.' },
        nodePowerParameters,
      ),
    ],
  },
]
