// What administrators and owners do with a machine besides claiming it.
import { lifeOf } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type Machine } from '#model/machine.ts'
import { DEFAULT_PROBE, type MachineWork, type ProbeOptions } from '#model/machine-work.ts'
import type { SystemId } from '#model/ids.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, notFound, refuse, type Context, type Handler } from './context.ts'
import { act, machineFor, noteRequest, whyNotAllowed, type Moved } from './life-cycle.ts'
import { statusName } from './life-cycle-texts.ts'
import { MACHINES_AT_ONCE_MAX, OWNER_DATA_KEYS_MAX } from './limits.ts'
import { machinesNamed } from './machine-claims.ts'
import type { Refusal } from './outcome.ts'
import { cancelIntent, wishPower } from './power-wishes.ts'
import { beginProbe } from './script-sets.ts'

/** Whoever sets a machine that is nobody's to work has it until it is done. */
function borrowed({ state, actor }: Context, systemId: SystemId): Moved {
  const machine = state.machines.get(systemId)
  if (machine === undefined || machine.ownerId !== null || actor.userId === null) return {}
  return { set: { ownerId: actor.userId }, life: { lent: true } }
}

function remember({ state }: Context, systemId: SystemId, work: MachineWork['work']): void {
  state.machineWork.put(systemId, { systemId, work, revision: state.revision })
}

export const commissionMachine: Handler<'machine.commission'> = (context, command) =>
  beginCommissioning(context, command, command.options) ?? DONE

export function beginCommissioning(
  context: Context,
  command: { readonly systemId: SystemId; readonly comment: string },
  options: ProbeOptions,
): Refusal | null {
  const { systemId } = command
  const work = { kind: 'commission', options } as const
  remember(context, systemId, work)
  return (
    act(context, command, 'commission', borrowed(context, systemId)) ??
    beginProbe(context, systemId, work)
  )
}

/** By the machine itself, in the boot that enlisted it: nobody could say how. */
export function beginEnlisting(context: Context, systemId: SystemId): void {
  const work = { kind: 'commission', options: DEFAULT_PROBE } as const
  remember(context, systemId, work)
  beginProbe(context, systemId, { ...work, enlisting: true })
}

export const acceptMachines: Handler<'machine.accept'> = (context, command) => {
  const { systemIds } = command
  const found =
    systemIds === null
      ? context.state.machinesByStatus.rows(S.NEW).slice(0, MACHINES_AT_ONCE_MAX)
      : machinesNamed(context, { systemIds })
  if ('ok' in found) return found
  const accepted: SystemId[] = []
  for (const { systemId, status } of found) {
    // Accepted before: nothing is left to do.
    if (status === S.READY || status === S.COMMISSIONING) continue
    if (status !== S.NEW) {
      const text = `Cannot accept node enlistment: node ${systemId} is in state`
      return refuse('CONFLICT', `${text} ${statusName(status)}.`)
    }
    const refusal = beginCommissioning(context, { systemId, comment: '' }, DEFAULT_PROBE)
    if (refusal !== null) return refusal
    accepted.push(systemId)
  }
  return { ok: true, value: { systemIds: accepted } }
}

export const testMachine: Handler<'machine.test'> = (context, command) => {
  const { systemId, options } = command
  const work = { kind: 'test', options } as const
  remember(context, systemId, work)
  const refusal =
    act(context, command, 'test', borrowed(context, systemId)) ??
    beginProbe(context, systemId, work)
  return refusal ?? DONE
}

export const abortMachine: Handler<'machine.abort'> = (context, command) => {
  const error = 'Aborted by a user.'
  return act(context, command, 'abort', isFailure(context, command) ? { error } : {}) ?? DONE
}

function isFailure({ state }: Context, { systemId }: CommandOf<'machine.abort'>): boolean {
  const status = state.machines.get(systemId)?.status
  return status === S.DISK_ERASING || status === S.RELEASING || status === S.EXITING_RESCUE_MODE
}

export const markBroken: Handler<'machine.markBroken'> = (context, command) => {
  const { state } = context
  const { systemId, error } = command
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  if (machine.status !== S.BROKEN) {
    return act(context, command, 'markBroken', { error }) ?? DONE
  }
  const refusal = whyNotAllowed(context, machine, 'owner')
  if (refusal !== null) return refusal
  state.machines.put(systemId, { ...machine, life: { ...lifeOf(machine), error } })
  return DONE
}

export const markFixed: Handler<'machine.markFixed'> = (context, command) =>
  act(context, command, 'markFixed') ?? DONE

export const overrideFailedTesting: Handler<'machine.overrideFailedTesting'> = (context, command) =>
  act(context, command, 'overrideFailedTesting') ?? DONE

export const enterRescue: Handler<'machine.rescue'> = (context, command) => {
  const { systemId } = command
  remember(context, systemId, { kind: 'rescue' })
  return act(context, command, 'rescue', borrowed(context, systemId)) ?? DONE
}

export const exitRescue: Handler<'machine.exitRescue'> = (context, command) =>
  act(context, command, 'exitRescue') ?? DONE

export const lockMachine: Handler<'machine.lock'> = (context, command) => {
  const machine = machineFor(context, command.systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotAllowed(context, { ...machine, locked: false }, 'owner')
  if (refusal !== null) return refusal
  if (machine.locked) return refuse('CONFLICT', 'Machine is already locked')
  if (machine.status !== S.DEPLOYED && machine.status !== S.DEPLOYING) {
    return refuse('CONFLICT', `Can't lock, machine isn't deployed`)
  }
  return setLock(context, machine, command)
}

export const unlockMachine: Handler<'machine.unlock'> = (context, command) => {
  const machine = machineFor(context, command.systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotAllowed(context, { ...machine, locked: false }, 'owner')
  if (refusal !== null) return refusal
  return machine.locked
    ? setLock(context, machine, command)
    : refuse('CONFLICT', 'Machine is not locked')
}

function setLock(
  context: Context,
  machine: Machine,
  { type, comment }: CommandOf<'machine.lock'> | CommandOf<'machine.unlock'>,
): typeof DONE {
  const { state, wall } = context
  const locked = type === 'machine.lock'
  noteRequest(context, machine, locked ? 'User locking node' : 'User unlocking node', comment)
  state.machines.put(machine.systemId, { ...machine, locked, updatedWall: wall })
  return DONE
}

export const switchPower: Handler<'machine.power'> = (context, command) => {
  const { state } = context
  const { systemId, action, soft, comment, userData } = command
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotAllowed(context, machine, 'owner')
  if (refusal !== null) return refusal
  if (machine.ownerId === null && action !== 'off') {
    return refuse('CONFLICT', `Can't start node: it hasn't been allocated.`)
  }
  const isOff = action === 'off'
  noteRequest(
    context,
    machine,
    isOff ? 'User powering down node' : 'User powering up node',
    comment,
  )
  const deployment = state.deployments.get(systemId)
  if (userData !== undefined && deployment !== undefined) {
    state.deployments.put(systemId, { ...deployment, userData })
  }
  cancelIntent(state, systemId)
  return {
    ok: true,
    value: { sent: wishPower(context, systemId, { action, soft, isOfMove: false }) },
  }
}

export const annotateMachine: Handler<'machine.annotate'> = (context, { systemId, set }) => {
  const { state, wall } = context
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotAllowed(context, machine, 'owner')
  if (refusal !== null) return refusal
  const next = new Map(Object.entries(machine.ownerData))
  for (const [key, value] of Object.entries(set)) {
    if (value === null) next.delete(key)
    else next.set(key, value)
  }
  if (next.size > OWNER_DATA_KEYS_MAX) {
    return invalid('__all__', `At most ${OWNER_DATA_KEYS_MAX} keys are kept.`)
  }
  const ownerData = Object.fromEntries(next)
  state.machines.put(systemId, { ...machine, ownerData, updatedWall: wall })
  return DONE
}
