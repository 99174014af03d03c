// Operations of machines that bring back what commissioning configured, and clear what was chosen (maas-api §9).
import type { SystemId } from '#model/ids.ts'
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import type { Answer, Call } from '../call.ts'
import { operation, takingNothing, type Action } from '../resource.ts'
import { machineOf, shown } from './find-machine.ts'
import { restoredLayout } from './storage-layout.ts'

type MakeCommand = (systemId: SystemId, state: RegionState) => Command
type PartsOf = (state: RegionState, systemId: SystemId) => readonly MakeCommand[]

/** One command of each part. */
const PARTS = {
  networking: (systemId: SystemId) => ({ type: 'interface.restore', systemId }),
  storage: restoredLayout,
} satisfies Readonly<Record<string, MakeCommand>>

function proposing(op: string, doc: string, partsOf: PartsOf): Action {
  const run = async (call: Call): Promise<Answer> => {
    const state = await call.state()
    const { systemId } = machineOf(state, call)
    const commands = partsOf(state, systemId).map((make) => make(systemId, state))
    for (const command of commands) await call.propose(command)
    return shown(call, systemId)
  }
  return takingNothing(operation('POST', op, { access: 'admin', doc }, run))
}

export const RESTORE_ACTIONS: readonly Action[] = [
  ...Object.entries(PARTS).map(([part, make]) =>
    proposing(`restore_${part}_configuration`, `Restore the default ${part} configuration.`, () => [
      make,
    ]),
  ),
  proposing(
    'restore_default_configuration',
    'Restore the default configuration.',
    // Storage first: it is what may not be had, and then nothing is restored.
    (state, systemId) => {
      const hasDisks = state.blockDevicesByMachine.first(systemId) !== undefined
      return [...(hasDisks ? [PARTS.storage] : []), PARTS.networking]
    },
  ),
  proposing('clear_default_gateways', 'Forget which default gateways were chosen.', () => [
    (id) => ({ type: 'interface.clearGateways', systemId: id }),
  ]),
]
