// nodes/: machines, devices and controllers in one list (maas-api §9).
import { parseSystemId } from '#model/ids.ts'
import type { Device } from '#model/objects.ts'
import { json, jsonList, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { renderController } from '../render/controller.ts'
import { renderDevice } from '../render/device.ts'
import { renderMachine } from '../render/machine.ts'
import { operation, read, remove, update, type Resource } from '../resource.ts'
import { isVisibleDevice, isVisibleMachine as isVisible } from '../visible.ts'
import { CONTROLLERS } from './controllers.ts'
import { DEVICES } from './devices.ts'
import { IS_REGISTERED, machineOf, updateMachine } from './machines.ts'
import { detailsOf } from './node-details.ts'
import { filterMachines } from './node-filters.ts'
import { SET_ZONE } from './set-zone.ts'

async function listNodes(call: Call): Promise<Answer> {
  const state = await call.state()
  const machines = filterMachines(state, call.input).filter((machine) => isVisible(call, machine))
  const filters = call.input.names().filter((name) => name !== 'op' && name !== 'consistency')
  const controllers = filters.length === 0 ? [...state.controllers.values()] : []
  const visible = (device: Device): boolean => isVisibleDevice(call, device)
  const devices = filters.length === 0 ? [...state.devices.values()].filter(visible) : []
  const rows = [
    ...machines.map((machine) => () => renderMachine(state, machine)),
    ...devices.map((device) => () => renderDevice(state, device)),
    ...controllers.map((controller) => () => renderController(state, controller)),
  ]
  return jsonList<() => unknown>(rows, (render) => render())
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

/** PUT of early MAAS 2.0, for administrators: what the node's own resource does with it. */
async function updateNode(call: Call): Promise<Answer> {
  const state = await call.state()
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound('Node')
  const kind = state.controllers.get(systemId)?.kind
  const own =
    kind !== undefined
      ? updateOf(CONTROLLERS, `${kind}controllers/{system_id}/`)
      : state.devices.has(systemId)
        ? updateOf(DEVICES, 'devices/{system_id}/')
        : updateMachine
  return own(call)
}

function updateOf(resources: readonly Resource[], path: string) {
  const resource = resources.find((each) => each.path === path)
  const action = resource?.actions.find(({ method }) => method === 'PUT')
  if (action === undefined) throw new Error(`${path} has no PUT`)
  return action.run
}

export const NODES: readonly Resource[] = [
  {
    name: 'NodesHandler',
    path: 'nodes/',
    doc: 'List machines and controllers.',
    anonName: 'AnonNodesHandler',
    actions: [read('user', 'List nodes.', listNodes), IS_REGISTERED, SET_ZONE],
  },
  {
    name: 'NodeHandler',
    path: 'nodes/{system_id}/',
    doc: 'Show one node.',
    actions: [
      read('user', 'Show a node.', readNode),
      update('admin', 'Change a node.', updateNode),
      detailsOf(readNode),
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
