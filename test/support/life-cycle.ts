// Machines in the statuses that tests begin with.
import type { SystemId, UserId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type MachineStatus } from '#model/machine.ts'
import { DEFAULT_PROBE, type DeployOptions } from '#model/machine-work.ts'
import type { Actor, CommandOf } from '#state/command.ts'
import { ADMIN, makeNewestLab, newMachine, type Lab } from '#test/support/region-state.ts'

export const SYSTEM: Actor = {
  ...{ kind: 'system', userId: null, username: '', remoteAddress: '', requestId: '' },
}

export const DEPLOY: DeployOptions = {
  ...{ osSystem: 'debian', distroSeries: 'bookworm', hweKernel: '', userData: '' },
  ...{ installRackd: false, installKvm: false, registerVmhost: false, ephemeralDeploy: false },
  ...{ enableKernelCrashDump: false, vcenterRegistration: false, enableHwSync: false },
  licenseKey: '',
}

/** Something to deploy: kernel, initrd and root of `name`. */
export function newImage(
  name = 'debian/bookworm',
  architecture = 'amd64/generic',
): CommandOf<'bootResource.put'> {
  const kinds = ['boot-kernel', 'boot-initrd', 'squashfs'] as const
  const files = kinds.map((kind, at) => ({
    ...{ kind, filename: kind, sha256: String(at).repeat(64), sizeBytes: 9 },
  }))
  return { type: 'bootResource.put', name, architecture, title: name, files }
}

export const BOB = { ...ADMIN, userId: 2 as UserId, username: 'bob' }

/** At the newest level, with the plain user bob (id 2) and an image of Debian. */
export function makeRoom(): Lab {
  const lab = makeNewestLab()
  lab.ok({
    ...{ type: 'user.create', username: 'bob', email: 'b@example.org' },
    ...{ isSuperuser: false, passwordHash: 'x' },
  })
  lab.ok(newImage())
  return lab
}

export const idOf = (n: number): SystemId => n.toString(36).padStart(6, '0') as SystemId

/** New, switched by hand unless told otherwise. */
export function addMachine(
  lab: Lab,
  n: number,
  change: Partial<CommandOf<'machine.create'>> = {},
): SystemId {
  lab.actor = ADMIN
  return lab.ok({ ...newMachine(n), powerType: 'manual', ...change }).systemId
}

/** As the administrator and the machine get it there; allocated to bob. */
export function bring(lab: Lab, systemId: SystemId, status: MachineStatus): void {
  const verb = { systemId, comment: '' }
  lab.actor = ADMIN
  lab.ok({ type: 'machine.commission', ...verb, options: DEFAULT_PROBE })
  if (status === S.COMMISSIONING) return
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  if (status === S.READY) return
  lab.actor = BOB
  const constraints = { systemId }
  lab.ok({ type: 'machine.allocate', constraints, asked: 'x', agentName: 'juju', comment: '' })
  if (status === S.ALLOCATED) return
  lab.ok({ type: 'machine.deploy', ...verb, options: DEPLOY })
  if (status === S.DEPLOYING) return
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.booted', systemId })
  if (status === S.DEPLOYED) return
  throw new Error(`no way to ${status} here`)
}

export function statusOf(lab: Lab, systemId: SystemId): MachineStatus | undefined {
  return lab.state.machines.get(systemId)?.status
}
