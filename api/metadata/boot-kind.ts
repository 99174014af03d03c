// What a machine is booted for, by its status: what its preseed says and which script its user data is.
import { bootsDeployed, purposeOf } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import { runsFromMemory } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

/**
 * `scripts`: commissioning and testing. `memory`: its own system, which runs from memory. `off`: it has nothing to do, and
 * is told so without any secret.
 */
export type BootKind = 'scripts' | 'erase' | 'rescue' | 'install' | 'memory' | 'off'

const KINDS: Partial<Record<MachineStatus, BootKind>> = {
  [S.NEW]: 'scripts',
  [S.COMMISSIONING]: 'scripts',
  [S.TESTING]: 'scripts',
  [S.DISK_ERASING]: 'erase',
  [S.ENTERING_RESCUE_MODE]: 'rescue',
  [S.RESCUE_MODE]: 'rescue',
  // It is being switched off: nothing may begin.
  [S.RELEASING]: 'off',
}

/** Null: it boots its own system from its disk, or what it boots is not ours to say. */
export function bootKindOf(state: RegionState, machine: Machine): BootKind | null {
  const kind = KINDS[machine.status]
  if (kind !== undefined) return kind
  const fromMemory = runsFromMemory(state, machine.systemId)
  if (fromMemory && bootsDeployed(machine)) return 'memory'
  const purpose = purposeOf(machine, fromMemory)
  if (purpose === 'xinstall') return 'install'
  return purpose === 'poweroff' ? 'off' : null
}
