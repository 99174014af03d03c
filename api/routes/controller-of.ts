// The controller that a path names.
import { parseSystemId } from '#model/ids.ts'
import type { Controller } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'

type Kind = Controller['kind']

export const CONTROLLER_MODEL = { rack: 'RackController', region: 'RegionController' } as const

/** Throws NOT_FOUND, with MAAS's word for the kind. */
export function controllerOf(state: RegionState, call: Call, kind: Kind): Controller {
  const systemId = parseSystemId(call.param('system_id'))
  const controller = systemId === undefined ? undefined : state.controllers.get(systemId)
  if (controller === undefined || controller.kind !== kind) throw notFound(CONTROLLER_MODEL[kind])
  return controller
}
