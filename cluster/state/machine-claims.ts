// Machines of the pool become somebody's and go back: allocate, deploy, release. The choice of an allocation is made
// here, by the state at this entry, so that claims through different regions cannot get one machine twice.
import { RELEASABLE } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type Machine } from '#model/machine.ts'
import type { DeployOptions } from '#model/machine-work.ts'
import type { SystemId } from '#model/ids.ts'
import { acquireBridges } from './acquired-bridges.ts'
import { deployableNames, imageFor, memoryImageFor } from './boot-image.ts'
import { chooseMachine, nothingFits } from './choose-machine.ts'
import type { CommandOf } from './command.ts'
import { configOf } from './config-keys.ts'
import { DONE, invalid, notFound, refuse, type Context, type Handler } from './context.ts'
import { act, machineFor, moveOn, noteRequest, whyNotAllowed } from './life-cycle.ts'
import { statusName } from './life-cycle-texts.ts'
import { MACHINES_AT_ONCE_MAX, USER_DATA_CHARACTERS_MAX } from './limits.ts'
import { takeAutoAddresses } from './link-addresses.ts'
import type { EraseOptions } from './machine-commands.ts'
import type { Refusal } from './outcome.ts'
import { beginInstallation } from './script-sets.ts'

export const allocateMachine: Handler<'machine.allocate'> = (context, command) => {
  const { state, actor } = context
  const { constraints, asked, agentName, comment, bridges } = command
  const ownerId = actor.userId
  if (ownerId === null || !state.users.has(ownerId)) {
    return refuse('FORBIDDEN', 'User is not allowed access to this API.')
  }
  const choice = chooseMachine(state, constraints)
  if (choice === null) return refuse('CONFLICT', nothingFits(constraints, asked))
  const { machine, constraintsByType } = choice
  noteRequest(context, machine, 'User acquiring node', comment)
  const moved = { set: { ownerId }, life: { agentName, lent: false } }
  moveOn(context, machine.systemId, 'allocate', moved)
  const refusal = bridges === undefined ? null : acquireBridges(context, machine.systemId, bridges)
  if (refusal !== null) return refusal
  return { ok: true, value: { systemId: machine.systemId, constraintsByType } }
}

export const deployMachine: Handler<'machine.deploy'> = (context, command) => {
  const { state, actor } = context
  const { systemId, comment, options, agentName } = command
  if (options.userData.length > USER_DATA_CHARACTERS_MAX) {
    return invalid('user_data', `At most ${USER_DATA_CHARACTERS_MAX} characters of base64.`)
  }
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  if (machine.status === S.READY) {
    const ownerId = actor.userId
    const refusal = whyNotAllowed(context, machine, 'user')
    if (refusal !== null || ownerId === null) return refusal ?? refuse('FORBIDDEN', 'Nobody asks.')
    noteRequest(context, machine, 'User acquiring node', '')
    moveOn(context, systemId, 'allocate', { set: { ownerId }, life: { lent: false } })
  }
  const refusal =
    act(context, { systemId, comment }, 'deploy', deployed(options, agentName)) ??
    whyNoImage(context, machine, options) ??
    whyNotFromMemory(context, machine, options)
  if (refusal !== null) return refusal
  const { bridges, ephemeralDeploy } = options
  const unbridged = bridges === undefined ? null : acquireBridges(context, systemId, bridges)
  if (unbridged !== null) return unbridged
  state.deployments.put(systemId, { systemId, ...options })
  if (!ephemeralDeploy) beginInstallation(context, systemId)
  return takeAutoAddresses(context, systemId) ?? DONE
}

const NAMES_SHOWN = 20

/** A release that nobody uploaded or imported for this architecture. */
function whyNoImage(
  { state }: Context,
  { architecture }: Machine,
  { osSystem, distroSeries }: DeployOptions,
): Refusal | null {
  if (imageFor(state, osSystem, distroSeries, architecture) !== undefined) return null
  const names = deployableNames(state).slice(0, NAMES_SHOWN)
  const choices = ['', ...names].map((name) => `'${name}'`).join(', ')
  const text = `'${osSystem}/${distroSeries}' is not a valid distro_series.`
  return invalid('distro_series', `${text}  It should be one of: ${choices}.`)
}

/** Of a deployment to memory; null: it can be, or is none. */
function whyNotFromMemory(
  { state }: Context,
  { architecture }: Machine,
  { osSystem, distroSeries, ephemeralDeploy, bridges }: DeployOptions,
): Refusal | null {
  if (!ephemeralDeploy) return null
  if (bridges !== undefined) {
    return invalid('bridge_all', 'What runs from memory has the network of its boot, no bridges.')
  }
  if (memoryImageFor(state, { osSystem, distroSeries, architecture }) !== undefined) return null
  const text = `'${osSystem}/${distroSeries}' cannot run from memory: `
  const needs = 'it takes boot-kernel, boot-initrd and squashfs of debian or a custom image.'
  return invalid('ephemeral_deploy', `${text}${needs}`)
}

function deployed(options: DeployOptions, agentName?: string) {
  const { osSystem, distroSeries, hweKernel } = options
  return {
    set: { osSystem, distroSeries, hweKernel, netboot: true },
    life: agentName === undefined ? {} : { agentName },
  }
}

export const releaseMachine: Handler<'machine.release'> = (context, command) => {
  const { systemId } = command
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  return isReleased(machine) ? DONE : (release(context, machine, command) ?? DONE)
}

/** A client that asks again is not told that it failed. */
function isReleased({ status }: Machine): boolean {
  return status === S.READY || status === S.RELEASING
}

function release(
  context: Context,
  { systemId }: Machine,
  command: EraseOptions & { readonly comment: string },
): Refusal | null {
  const { state } = context
  const { comment } = command
  const setting = (name: string): boolean => configOf(state, name) === true
  const isErased = command.erase ?? setting('enable_disk_erasing_on_release')
  if (!isErased) return act(context, { systemId, comment }, 'release')
  const secure = command.secureErase ?? setting('disk_erase_with_secure_erase')
  const quick = command.quickErase ?? setting('disk_erase_with_quick_erase')
  const work = { kind: 'erase', secure, quick } as const
  state.machineWork.put(systemId, { systemId, work, revision: state.revision })
  return act(context, { systemId, comment }, 'erase', { set: { netboot: true } })
}

export const releaseMachines: Handler<'machine.releaseAll'> = (context, command) => {
  const found = machinesNamed(context, command)
  if ('ok' in found) return found
  const forbidden = found.filter((machine) => {
    return !isReleased(machine) && whyNotAllowed(context, machine, 'owner')?.code === 'FORBIDDEN'
  })
  if (forbidden.length > 0) {
    const text = `You don't have the required permission to release the following machine(s): `
    return refuse('FORBIDDEN', `${text}${forbidden.map(({ systemId }) => systemId).join(', ')}.`)
  }
  const wrong = found.filter((each) => !isReleased(each) && !RELEASABLE.includes(each.status))
  if (wrong.length > 0) {
    const states = wrong.map(({ systemId, status }) => `${systemId} ('${statusName(status)}')`)
    const text = 'Machine(s) cannot be released in their current state: '
    return refuse('CONFLICT', `${text}${states.join(', ')}.`)
  }
  const systemIds: SystemId[] = []
  for (const machine of found.filter((each) => !isReleased(each))) {
    const refusal = release(context, machine, command)
    if (refusal !== null) return refusal
    systemIds.push(machine.systemId)
  }
  return { ok: true, value: { systemIds } }
}

/** In the order of their ids, each once. */
export function machinesNamed(
  context: Context,
  { systemIds }: Pick<CommandOf<'machine.releaseAll'>, 'systemIds'>,
): readonly Machine[] | Refusal {
  if (systemIds.length > MACHINES_AT_ONCE_MAX) {
    return invalid('machines', `At most ${MACHINES_AT_ONCE_MAX} machines.`)
  }
  const ids = [...new Set(systemIds)].toSorted()
  const machines = ids.flatMap((id) => machineFor(context, id) ?? [])
  const known = new Set(machines.map(({ systemId }) => systemId))
  const unknown = ids.filter((id) => !known.has(id))
  if (unknown.length === 0) return machines
  return invalid('machines', `Unknown machine(s): ${unknown.join(', ')}.`)
}
