// The machine that a path names, and how an operation on it answers.
import { parseSystemId, type SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { renderMachine } from '../render/machine.ts'
import { isVisibleMachine } from '../visible.ts'

export function machineOf(state: RegionState, call: Call, model = 'Machine'): Machine {
  const machine = state.machines.get(systemIdOf(call, model))
  if (machine === undefined || !isVisibleMachine(call, machine)) throw notFound(model)
  return machine
}

/** Whether there is such a machine is for the command to say. */
export function systemIdOf(call: Call, model = 'Machine'): SystemId {
  const systemId = parseSystemId(call.param('system_id'))
  if (systemId === undefined) throw notFound(model)
  return systemId
}

/** As it is now. */
export function shown(call: Call, systemId: SystemId): Answer {
  const state = call.after()
  const machine = state.machines.get(systemId)
  return json(machine === undefined ? { system_id: systemId } : renderMachine(state, machine))
}
