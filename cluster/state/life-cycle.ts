// Moves machines: the one place that changes a status. What may follow what is `model/life-cycle.ts`; here are the
// rights, the deadline of the new status, what a machine loses when it goes back to the pool, and the events.
import {
  destinationOf,
  lifeOf,
  STATUS_RULES,
  transitionOf,
  type Move,
  type MoveBy,
  type PowerWish,
  type Transition,
} from '#model/life-cycle.ts'
import {
  MACHINE_STATUS as S,
  type Machine,
  type MachineLife,
  type MachineStatus,
} from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { isByHand, type PowerAction } from '#model/power.ts'
import { releaseBridges } from './acquired-bridges.ts'
import { notFound, refuse, type Context } from './context.ts'
import { addEvent } from './events.ts'
import { freeAutoAddresses } from './interface-links.ts'
import { requestName, statusName, wrongStatus } from './life-cycle-texts.ts'
import { followMove } from './machine-tokens.ts'
import type { Refusal } from './outcome.ts'
import { cancelIntent, wishPower } from './power-wishes.ts'
import { closeResults } from './script-sets.ts'
import type { RegionState } from './state.ts'
import { deadlineOf } from './status-deadline.ts'
import { restoreOwnersStorage } from './storage-owner.ts'

export type Moved = {
  /** Why it failed or is broken. */
  readonly error?: string
  readonly set?: Partial<Omit<Machine, 'life'>>
  readonly life?: Partial<MachineLife>
  /** It failed because it took too long. */
  readonly timedOut?: boolean
}

/** The machine as it is now, if whoever asks may see it. */
export function machineFor({ state, actor }: Context, systemId: SystemId): Machine | undefined {
  const machine = state.machines.get(systemId)
  if (machine === undefined || actor.kind === 'system') return machine
  const isVisible =
    isAdministrator(state, actor) || machine.ownerId === null || machine.ownerId === actor.userId
  return isVisible ? machine : undefined
}

/** Null: allowed. What is locked can be unlocked and nothing else. */
export function whyNotAllowed(
  { state, actor }: Context,
  machine: Machine,
  by: MoveBy,
): Refusal | null {
  if (actor.kind !== 'system') {
    const isOwner = actor.userId !== null && machine.ownerId === actor.userId
    const may =
      isAdministrator(state, actor) ||
      (by === 'owner' && isOwner) ||
      (by === 'user' && actor.userId !== null)
    if (!may) return refuse('FORBIDDEN', 'User is not allowed access to this API.')
  }
  if (!machine.locked) return null
  return refuse('CONFLICT', `Machine ${machine.hostname} is locked.`)
}

/** Of a user that is known. */
export function isAdministrator(state: RegionState, actor: Context['actor']): boolean {
  return actor.userId !== null && state.users.get(actor.userId)?.isSuperuser === true
}

/** An action of a person on one machine: found, allowed, possible, done; or why not. */
export function act(
  context: Context,
  command: { readonly systemId: SystemId; readonly comment: string },
  move: Move,
  moved: Moved = {},
): Refusal | null {
  const machine = machineFor(context, command.systemId)
  if (machine === undefined) return notFound('Machine')
  const transition = transitionOf(move, machine.status)
  const refusal = whyNotAllowed(context, machine, transition?.by ?? rightFor(move))
  if (refusal !== null) return refusal
  if (transition === undefined) return wrongStatus(move, machine)
  noteRequest(context, machine, requestName(move, machine.status), command.comment)
  applyMove(context, machine, transition, moved)
  return null
}

/** Of a move that is not possible now: who may ask at all. */
function rightFor(move: Move): MoveBy {
  return transitionOf(move, S.ALLOCATED)?.by ?? (move === 'abort' ? 'owner' : 'admin')
}

/** By its own or the cluster's word. False: nothing follows from it in this status. */
export function moveOn(
  context: Context,
  systemId: SystemId,
  move: Move,
  moved: Moved = {},
): boolean {
  const machine = context.state.machines.get(systemId)
  const transition = machine === undefined ? undefined : transitionOf(move, machine.status)
  if (machine === undefined || transition === undefined) return false
  applyMove(context, machine, transition, moved)
  return true
}

function applyMove(
  context: Context,
  machine: Machine,
  transition: Transition,
  { error = '', set = {}, life: more = {}, timedOut = false }: Moved,
): void {
  const { state, wall } = context
  closeResults(context, machine, { move: transition.move, timedOut })
  const before = lifeOf(machine)
  const status = destinationOf(transition, before)
  const power = powerFor(transition, machine, status)
  const remembered = lifeIn(context, status, whatWas(machine, transition, before))
  const life = settle({ ...remembered, error, ...more }, status)
  const next: Machine = { ...machine, ...set, status, life, updatedWall: wall }
  const kept = before.lent && !life.lent ? { ...next, ownerId: null } : next
  state.machines.put(machine.systemId, kept)
  followMove(context, transition.move, kept)
  addEvent(context, {
    ...{ systemId: machine.systemId, username: '', level: 'INFO', type: 'Node changed status' },
    description: `From '${statusName(machine.status)}' to '${statusName(status)}'`,
  })
  if (transition.move === 'failed' || transition.move === 'markBroken') {
    addEvent(context, {
      ...{ systemId: machine.systemId, username: '', level: 'ERROR' },
      ...{ type: 'Marking node failed', description: error },
    })
  }
  if (leavesOwner(transition.move, kept)) dropOwner(context, machine.systemId)
  if (POOL.has(status)) {
    releaseBridges(context, machine.systemId)
    freeAutoAddresses(context, machine.systemId)
  }
  cancelIntent(state, machine.systemId)
  if (power !== null) {
    wishPower(context, machine.systemId, { action: power, soft: false, isOfMove: true })
  }
  settleWithoutPower(context, machine.systemId)
}

/** Nobody can tell the power of a machine without a BMC, and one that is off needs no switching off. */
function settleWithoutPower(context: Context, systemId: SystemId): void {
  const machine = context.state.machines.get(systemId)
  if (machine === undefined || transitionOf('powered', machine.status) === undefined) return
  const isOff = machine.status === S.RELEASING && machine.powerState === 'off'
  if (isByHand(machine.powerType) || isOff) moveOn(context, systemId, 'powered')
}

const RESCUE: ReadonlySet<MachineStatus> = new Set([
  ...[S.RESCUE_MODE, S.ENTERING_RESCUE_MODE, S.FAILED_ENTERING_RESCUE_MODE],
  ...[S.EXITING_RESCUE_MODE, S.FAILED_EXITING_RESCUE_MODE],
])
const TESTS: ReadonlySet<MachineStatus> = new Set([S.TESTING, S.FAILED_TESTING])

/** What the machine must know of where it comes from. */
function whatWas({ status }: Machine, { move }: Transition, life: MachineLife): MachineLife {
  if (move === 'commission') return { ...life, enlisting: false }
  if (move === 'enlistmentBegun') return { ...life, enlisting: true }
  if (move === 'testingBegun') return { ...life, beforeTesting: life.enlisting ? S.NEW : S.READY }
  if (move === 'test') {
    return status === S.FAILED_TESTING ? life : { ...life, beforeTesting: status }
  }
  if (move === 'rescue' && !RESCUE.has(status)) {
    // A test that ran in rescue mode and failed leads back to where the rescue came from.
    const isTested = status === S.FAILED_TESTING && life.beforeTesting === S.RESCUE_MODE
    return isTested ? { ...life, beforeTesting: null } : { ...life, beforeRescue: status }
  }
  return status === S.TESTING && move !== 'failed' ? { ...life, beforeTesting: null } : life
}

function lifeIn({ state, now }: Context, status: MachineStatus, life: MachineLife): MachineLife {
  return { ...life, enteredAt: now, deadlineAt: deadlineOf(state, status, now) }
}

/** Forgets what a status that lasts has no use for. */
function settle(life: MachineLife, status: MachineStatus): MachineLife {
  const isWork = STATUS_RULES[status].transient !== null || status === S.RESCUE_MODE
  const inTests = TESTS.has(status)
  const inRescue = RESCUE.has(status)
  return {
    ...life,
    beforeTesting: inTests || inRescue ? life.beforeTesting : null,
    beforeRescue: inTests || inRescue ? life.beforeRescue : null,
    enlisting: (status === S.COMMISSIONING || inTests) && life.enlisting,
    lent: isWork && life.lent,
  }
}

function powerFor(
  { power }: Transition,
  machine: Machine,
  status: MachineStatus,
): PowerAction | null {
  if (power === undefined) return null
  return actionOf(power, machine, status)
}

function actionOf(wish: PowerWish, machine: Machine, status: MachineStatus): PowerAction | null {
  if (wish === 'ifOwned') return machine.ownerId === null ? null : 'off'
  if (wish !== 'restore') return wish
  const returnsTo =
    status === S.EXITING_RESCUE_MODE ? (lifeOf(machine).beforeRescue ?? S.READY) : status
  return returnsTo === S.DEPLOYED || returnsTo === S.RESCUE_MODE ? 'cycle' : 'off'
}

/** In the pool, or on the way to it: such a machine is nobody's. */
const POOL: ReadonlySet<MachineStatus> = new Set([S.NEW, S.READY, S.FAILED_COMMISSIONING])

function leavesOwner(move: Move, machine: Machine): boolean {
  return move === 'markBroken' || (POOL.has(machine.status) && machine.ownerId !== null)
}

/** Back to the pool: nothing of the one who had it stays. */
function dropOwner({ state }: Context, systemId: SystemId): void {
  const machine = state.machines.get(systemId)
  if (machine === undefined) return
  state.machines.put(systemId, {
    ...machine,
    ...{ ownerId: null, ownerData: {}, osSystem: '', distroSeries: '', hweKernel: '' },
    ...{ netboot: true, locked: false, life: { ...lifeOf(machine), agentName: '', lent: false } },
  })
  state.deployments.delete(systemId)
  restoreOwnersStorage(state, systemId)
}

/** The user's request, with what he says about it. */
export function noteRequest(
  context: Context,
  { systemId }: Machine,
  type: string,
  comment: string,
): void {
  const { username } = context.actor
  const description = comment === '' ? `(${username})` : `(${username}) - ${comment}`
  addEvent(context, { systemId, username, level: 'INFO', type, description })
}
