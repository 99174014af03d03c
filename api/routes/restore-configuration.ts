// Operations of machines that bring back what commissioning configured, and clear what was chosen (maas-api §9).
import type { SystemId } from '#model/ids.ts'
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import type { Answer, Call } from '../call.ts'
import { operation, takingNothing, type Action } from '../resource.ts'
import { machineOf, shown } from './find-machine.ts'
import { defaultLayout } from './storage-layout.ts'

type MakeCommand = (systemId: SystemId, state: RegionState) => Command

function restoring(op: string, doc: string, make: MakeCommand): Action {
  const run = async (call: Call): Promise<Answer> => {
    const state = await call.state()
    const { systemId } = machineOf(state, call)
    await call.propose(make(systemId, state))
    return shown(call, systemId)
  }
  return takingNothing(operation('POST', op, { access: 'admin', doc }, run))
}

export const RESTORE_ACTIONS: readonly Action[] = [
  restoring(
    'restore_networking_configuration',
    'Restore the default networking configuration.',
    (systemId) => ({ type: 'interface.restore', systemId }),
  ),
  restoring(
    'restore_storage_configuration',
    'Restore the default storage configuration.',
    (systemId, state) => {
      const wish = defaultLayout(state)
      return { type: 'storage.setLayout', systemId, wish, isDefault: true }
    },
  ),
  restoring(
    'restore_default_configuration',
    'Restore the default configuration, all of it or nothing.',
    (systemId, state) => {
      const hasDisks = state.blockDevicesByMachine.first(systemId) !== undefined
      const layout = hasDisks ? { layout: defaultLayout(state) } : {}
      return { type: 'interface.restore', systemId, ...layout }
    },
  ),
  restoring('clear_default_gateways', 'Forget which default gateways were chosen.', (systemId) => ({
    ...{ type: 'interface.clearGateways', systemId },
  })),
]
