// What a machine is booted for, by its status: what its preseed says and which script its user data is.
import { purposeOf } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'

/** `scripts`: commissioning and testing. `off`: it has nothing to do, and is told so without any secret. */
export type BootKind = 'scripts' | 'erase' | 'rescue' | 'install' | 'off'

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

/** Null: it boots its own system, or what it boots is not ours to say. */
export function bootKindOf(machine: Machine): BootKind | null {
  const kind = KINDS[machine.status]
  if (kind !== undefined) return kind
  const purpose = purposeOf(machine)
  if (purpose === 'xinstall') return 'install'
  return purpose === 'poweroff' ? 'off' : null
}
