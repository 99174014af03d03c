// The configuration of one machine on others (MAAS 3.x's `op=clone`): their storage, their network, or both. All of them
// or none: what is wrong with each destination is said at once, and a refusal leaves everything as it was.
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import { cloneNetwork } from './clone-network.ts'
import { cloneStorage } from './clone-storage.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, refuse, type Context, type Handler } from './context.ts'
import { isAdministrator, machineFor, noteRequest, whyNotAllowed } from './life-cycle.ts'
import { statusName } from './life-cycle-texts.ts'
import { CLONE_DESTINATIONS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import { deskOf } from './storage.ts'
import { isUefi, storageWithDisks } from './storage-query.ts'
import { isRefusal } from './storage-settle.ts'

type Clone = CommandOf<'machine.clone'>

const CLONABLE: ReadonlySet<MachineStatus> = new Set([S.READY, S.FAILED_TESTING])

/** VALIDATION, with a message per destination that cannot be; FORBIDDEN to all but administrators. */
export const cloneMachine: Handler<'machine.clone'> = (context, command) => {
  const { state, actor } = context
  const { destinations, storage, interfaces } = command
  if (actor.kind !== 'system' && !isAdministrator(state, actor)) {
    return refuse('FORBIDDEN', 'User is not allowed access to this API.')
  }
  const source = machineFor(context, command.source)
  if (source === undefined) return invalid('source', `Unknown machine: ${command.source}.`)
  if (!storage && !interfaces) return invalid('__all__', 'Clone storage, interfaces, or both.')
  const ids = [...new Set(destinations)]
  if (ids.length === 0) return invalid('destinations', 'This field is required.')
  if (ids.length > CLONE_DESTINATIONS_MAX) {
    return invalid('destinations', `At most ${CLONE_DESTINATIONS_MAX} machines.`)
  }
  const messages = ids.flatMap((id) => {
    const destination = machineFor(context, id)
    if (destination === undefined) return [`Unknown machine: ${id}.`]
    const refusal = cloneTo(context, { source, destination, command })
    return refusal === null ? [] : [`${destination.hostname} (${id}): ${reasonOf(refusal)}.`]
  })
  const [message] = messages
  if (message === undefined) return DONE
  return { ok: false, code: 'VALIDATION', message, fields: { destinations: messages } }
}

/** Of a rule about a row its sentence. */
function reasonOf({ message, fields }: Refusal): string {
  const [first = message] = Object.values(fields ?? {}).flat()
  return first.replace(/\.$/, '')
}

type Pair = {
  readonly source: Machine
  readonly destination: Machine
  readonly command: Clone
}

function cloneTo(context: Context, pair: Pair): Refusal | null {
  const { source, destination, command } = pair
  const refusal =
    whyNotCloned(context, pair) ??
    (command.interfaces ? cloneNetwork(context, source, destination) : null) ??
    (command.storage ? copyStorage(context, pair) : null)
  if (refusal !== null) return refusal
  noteRequest(context, destination, 'User cloning configuration', `from ${source.hostname}`)
  return null
}

function whyNotCloned(context: Context, { source, destination }: Pair): Refusal | null {
  const { systemId, status } = destination
  if (systemId === source.systemId) return refuse('CONFLICT', 'it is the source')
  // One that was deployed when its test failed still runs on what it has.
  if (!CLONABLE.has(status) || context.state.deployments.has(systemId)) {
    return refuse('CONFLICT', `it is ${statusName(status)}, not Ready or Failed testing`)
  }
  return whyNotAllowed(context, destination, 'admin')
}

function copyStorage(context: Context, { source, destination }: Pair): Refusal | null {
  const { state } = context
  const from = storageWithDisks(state, source.systemId)
  if (from.disks.length === 0) return refuse('CONFLICT', 'the source has no disks')
  if (isUefi(source) !== isUefi(destination)) {
    const [theirs, its] = [source, destination].map((each) => (isUefi(each) ? 'UEFI' : 'BIOS'))
    return refuse('CONFLICT', `it boots by ${its}, the source by ${theirs}`)
  }
  // Several destinations of one command must not share their UUIDs.
  const config = cloneStorage(deskOf(context, destination, destination.systemId), from)
  if (isRefusal(config)) return config
  state.machineStorage.put(destination.systemId, config)
  return null
}
