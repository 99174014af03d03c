// Whose network may be configured, by whom and when (MAAS's rules): that of a machine by administrators while nothing
// runs on it, that of a device by its owner. What a controller has it reports itself.
import type { InterfaceId, SystemId } from '#model/ids.ts'
import {
  MACHINE_STATUS as S,
  type Interface,
  type Machine,
  type MachineStatus,
} from '#model/machine.ts'
import { notFound, refuse, type Context } from './context.ts'
import { isAdministrator, machineFor, whyNotAllowed } from './life-cycle.ts'
import type { Refusal } from './outcome.ts'

const CHANGEABLE: ReadonlySet<MachineStatus> = new Set([S.NEW, S.READY, S.ALLOCATED, S.BROKEN])
const RESTORABLE: ReadonlySet<MachineStatus> = new Set([S.READY, S.FAILED_TESTING])

export type Verb =
  | 'create'
  | 'update'
  /** What does not change how the system sees its network. */
  | 'describe'
  | 'delete'
  | 'link subnet'
  | 'unlink subnet'
  | 'disconnect'
  | 'set default gateway'
  | 'restore'

/** Null: it may be done. */
export function whyNotConfigured(context: Context, systemId: SystemId, verb: Verb): Refusal | null {
  const { state, actor } = context
  const device = state.devices.get(systemId)
  if (device !== undefined) {
    const may =
      actor.kind === 'system' ||
      isAdministrator(state, actor) ||
      (actor.userId !== null && device.ownerId === actor.userId)
    return may ? null : notFound('Device')
  }
  const controller = state.controllers.get(systemId)
  if (controller !== undefined) {
    return refuse('CONFLICT', `${controller.hostname} reports its interfaces itself.`)
  }
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Node')
  const refusal = whyNotAllowed(context, machine, 'admin')
  return refusal ?? whyNotNow(context, machine, verb)
}

function whyNotNow({ state }: Context, machine: Machine, verb: Verb): Refusal | null {
  const { status, systemId } = machine
  if (verb === 'restore') {
    // One that was deployed when its test failed may go on with the addresses that it has.
    if (RESTORABLE.has(status) && !state.deployments.has(systemId)) return null
    const text = 'Machine must be in a ready or failed testing state to restore networking'
    return refuse('CONFLICT', `${text} configuration`)
  }
  if (CHANGEABLE.has(status) || (verb === 'describe' && status === S.DEPLOYED)) return null
  const what = verb === 'describe' ? 'update' : verb
  const text = 'because the machine is not New, Ready, Allocated, or Broken.'
  return refuse('CONFLICT', `Cannot ${what} interface ${text}`)
}

/** The interface as it is, if it is the node's and may be configured now. */
export function interfaceToConfigure(
  context: Context,
  of: { readonly systemId: SystemId; readonly id: InterfaceId },
  verb: Verb,
): { readonly ok: true; readonly nic: Interface } | Refusal {
  const refusal = whyNotConfigured(context, of.systemId, verb)
  if (refusal !== null) return refusal
  const nic = context.state.interfaces.get(of.id)
  return nic?.systemId === of.systemId ? { ok: true, nic } : notFound('Interface')
}
