// What machines say of themselves (maas-boot §7, maas-api §11), and what happens to those that say nothing: the
// deadline of a status is log time, so replicas agree on who is late.
import { lifeOf, type Move } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { SystemId } from '#model/ids.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { configureByDefault } from './default-network.ts'
import { addEvent } from './events.ts'
import { moveOn } from './life-cycle.ts'
import { beginEnlisting } from './machine-actions.ts'
import { runsFromMemory } from './query.ts'
import { failedScripts } from './script-sets.ts'
import { whyNotBelieved } from './machine-tokens.ts'
import { statusName } from './life-cycle-texts.ts'
import type { SignalStatus } from './machine-commands.ts'
import { minutesOf, signOfLife } from './status-deadline.ts'
import { applyDefaultStorage } from './storage-defaults.ts'

/** Statuses in which machines are at work and speak. */
const SIGNALLING: ReadonlySet<MachineStatus> = new Set([
  ...[S.NEW, S.COMMISSIONING, S.TESTING, S.DEPLOYING, S.DEPLOYED, S.DISK_ERASING],
  ...[S.ENTERING_RESCUE_MODE, S.RESCUE_MODE, S.RELEASING],
])
/** What comes too late is taken and changes nothing: the machine would only repeat it. */
const TOO_LATE: ReadonlySet<MachineStatus> = new Set([
  ...[S.READY, S.BROKEN, S.FAILED_COMMISSIONING, S.FAILED_TESTING, S.FAILED_DEPLOYMENT],
  ...[S.FAILED_DISK_ERASING, S.FAILED_RELEASING, S.FAILED_ENTERING_RESCUE_MODE],
  ...[S.EXITING_RESCUE_MODE, S.FAILED_EXITING_RESCUE_MODE, S.ALLOCATED],
])

export const signalMachine: Handler<'machine.signal'> = (context, command) => {
  const { systemId, status, error } = command
  const machine = context.state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotBelieved(context, command)
  if (refusal !== null) return refusal
  if (TOO_LATE.has(machine.status)) return DONE
  if (!SIGNALLING.has(machine.status)) {
    const name = statusName(machine.status)
    return refuse('CONFLICT', `Machine status isn't valid (status is ${name})`)
  }
  if (isFailure(status)) {
    const timedOut = status === 'TIMEDOUT'
    const why = error === '' ? 'The machine says so.' : error
    moveOn(context, systemId, 'failed', { error: why, timedOut })
    return DONE
  }
  if (!follow(context, machine, status)) signOfLife(context.state, machine, context.now)
  return DONE
}

function isFailure(status: SignalStatus): boolean {
  return status === 'FAILED' || status === 'TIMEDOUT'
}

/** What follows from a signal in a status; from all else nothing. */
const FOLLOWS: Partial<Record<MachineStatus, Partial<Record<SignalStatus, Move>>>> = {
  [S.NEW]: { COMMISSIONING: 'enlistmentBegun' },
  [S.COMMISSIONING]: { OK: 'commissioned', TESTING: 'testingBegun' },
  [S.TESTING]: { OK: 'tested' },
  [S.DISK_ERASING]: { OK: 'erased' },
  [S.ENTERING_RESCUE_MODE]: { OK: 'rescueBegun', WORKING: 'rescueBegun' },
}

/** False: it is a sign of life and no more. */
function follow(context: Context, machine: Machine, status: SignalStatus): boolean {
  const move = FOLLOWS[machine.status]?.[status]
  if (move === undefined) return false
  const failed = failedScripts(context.state, machine)
  if (failed.length > 0) {
    return moveOn(context, machine.systemId, 'failed', { error: `Failed: ${failed.join(', ')}.` })
  }
  if (move === 'enlistmentBegun') beginEnlisting(context, machine.systemId)
  const { enlisting } = lifeOf(machine)
  if (COMPLETING.has(move)) {
    configureCommissioned(context, machine.systemId)
    if (!enlisting) applyDefaultStorage(context, machine)
  }
  const isEnlisted = move === 'commissioned' && enlisting
  return moveOn(context, machine.systemId, isEnlisted ? 'enlisted' : move)
}

/** Moves by which commissioning is over. */
const COMPLETING: ReadonlySet<Move> = new Set(['commissioned', 'testingBegun'])

/** What MAAS configures of a machine that is known now, unless whoever commissioned it said not to. */
function configureCommissioned(context: Context, systemId: SystemId): void {
  const work = context.state.machineWork.get(systemId)?.work
  const options = work?.kind === 'commission' ? work.options : DEFAULT_PROBE
  if (!options.skipNetworking) configureByDefault(context, systemId)
}

export const heartbeatMachine: Handler<'machine.heartbeat'> = ({ state, now }, { systemId }) => {
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  signOfLife(state, machine, now)
  return DONE
}

export const setNetboot: Handler<'machine.netboot'> = (context, command) => {
  const { state, wall } = context
  const { systemId, on } = command
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotBelieved(context, command)
  if (refusal !== null) return refusal
  if (!on && runsFromMemory(state, systemId)) {
    return refuse('CONFLICT', 'The machine runs from memory: it has no disk to boot from.')
  }
  if (machine.netboot === on) return DONE
  state.machines.put(systemId, { ...machine, netboot: on, updatedWall: wall })
  return DONE
}

/** Asked for at every boot, so in every other status it means nothing. */
export const bootedMachine: Handler<'machine.booted'> = (context, command) => {
  const { systemId } = command
  if (!context.state.machines.has(systemId)) return notFound('Machine')
  const refusal = whyNotBelieved(context, command)
  if (refusal !== null) return refusal
  moveOn(context, systemId, 'booted')
  return DONE
}

/** Machines whose status lasted too long. */
export function expireMachines(context: Context, limit: number): void {
  const { state, now } = context
  for (const systemId of state.machineDeadlines.ended(now, limit)) {
    const machine = state.machines.get(systemId)
    if (machine === undefined) continue
    const after = minutesOf(state, machine.status)
    const operation = statusName(machine.status)
    const error = `Node operation '${operation}' timed out after ${after} minutes.`
    addEvent(context, {
      systemId,
      username: '',
      level: 'ERROR',
      type: 'Node timed out',
      description: error,
    })
    moveOn(context, systemId, 'failed', { error, timedOut: true })
  }
}
