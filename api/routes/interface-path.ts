// The node and the interface that a path names, and how an operation on it answers.
import { parseSystemId, type InterfaceId, type SystemId } from '#model/ids.ts'
import type { Controller } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { renderInterface } from '../render/interface.ts'
import { isVisibleDevice, isVisibleMachine } from '../visible.ts'
import { interfaceNamed } from './interface-params.ts'

/** Of a machine or device that the caller may see; its interfaces have rows. */
export function nodeIdOf(state: RegionState, call: Call): SystemId {
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound('Node')
  const machine = state.machines.get(systemId)
  const device = state.devices.get(systemId)
  const isSeen =
    state.controllers.has(systemId) ||
    (machine !== undefined && isVisibleMachine(call, machine)) ||
    (device !== undefined && isVisibleDevice(call, device))
  if (!isSeen) throw notFound('Node')
  return systemId
}

/** The row that the path names by id or name. */
export function interfaceOf(
  state: RegionState,
  call: Call,
): { readonly systemId: SystemId; readonly id: InterfaceId } {
  const systemId = nodeIdOf(state, call)
  const controller = state.controllers.get(systemId)
  if (controller !== undefined) return { systemId, id: numberIn(call, controller) as InterfaceId }
  const nic = interfaceNamed(state, systemId, call.param('id'))
  if (nic === undefined) throw notFound('Interface')
  return { systemId, id: nic.id }
}

/** Interfaces of controllers have no ids: their place in the report counts, from 1. */
function numberIn(call: Call, controller: Controller): number {
  const given = call.param('id')
  const at = controller.interfaces.findIndex(
    ({ name }, index) => name === given || String(index + 1) === given,
  )
  if (at < 0) throw notFound('Interface')
  return at + 1
}

export function shownInterface(call: Call, id: InterfaceId): Answer {
  const state = call.after()
  const nic = state.interfaces.get(id)
  return json(nic === undefined ? { id } : renderInterface(state, nic))
}
