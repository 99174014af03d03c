// Machines: enlistment, changes by the operator, deletion. The status stays New here; the life cycle's
// commands move it (`life-cycle.ts`).
import type { BlockDeviceId } from '#model/ids.ts'
import { MACHINE_STATUS, type Machine } from '#model/machine.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { dropDevicesOf } from './devices.ts'
import { checkDomainOfNode } from './domains.ts'
import { addEvent } from './events.ts'
import { beginCommissioning } from './machine-actions.ts'
import { dropInterfaces } from './interface-links.ts'
import { checkPlace } from './node-places.ts'
import { addInterface, checkHostname, checkMacs, INTERFACES_MAX } from './node-parts.ts'
import { bidFarewell, takeBmc } from './power-farewells.ts'
import { dropSnippets } from './object-rules.ts'
import type { Refusal } from './outcome.ts'
import { powerOfEnlisted } from './found-bmc.ts'
import { dropFound } from './found-devices.ts'
import { dropSets } from './script-sets.ts'
import type { RegionState } from './state.ts'
import { BLOCK_DEVICES_MAX } from './storage-disks.ts'

export const createMachine: Handler<'machine.create'> = (context, command) => {
  const { state } = context
  const { systemId } = command
  const { machines, controllers, devices } = state
  const isTaken = machines.has(systemId) || controllers.has(systemId) || devices.has(systemId)
  if (isTaken || state.powerFarewells.has(systemId)) {
    return refuse('CONFLICT', `The system id ${systemId} is in use.`)
  }
  const hostname = command.hostname === '' ? `machine-${systemId}` : command.hostname
  const power = powerOfEnlisted(context, systemId, command)
  const refusal =
    checkHostname(state, hostname, systemId) ??
    checkParts(state, command) ??
    checkDomainOfNode(state, command.domainId) ??
    checkPlace(state, command) ??
    takeBmc(context, power)
  if (refusal !== null) return refusal
  const interfaceIds = command.interfaces.map((nic, at) => addInterface(context, systemId, nic, at))
  for (const device of command.blockDevices) {
    const id = nextId<BlockDeviceId>(state, 'blockDevices')
    state.blockDevices.put(id, { id, systemId, ...device })
  }
  // The interface that had an address while enlisting is the one it booted from.
  const bootAt = Math.max(
    command.interfaces.findIndex(({ ip }) => ip !== null),
    0,
  )
  state.machines.put(
    systemId,
    makeMachine(context, command, {
      ...power,
      hostname,
      bootInterfaceId: interfaceIds[bootAt] ?? null,
    }),
  )
  addEvent(context, {
    systemId,
    username: context.actor.username,
    level: 'INFO',
    type: context.actor.kind === 'anonymous' ? 'Machine enlisted' : 'Machine added',
    description: `${hostname} with ${command.interfaces.map(({ mac }) => mac).join(', ')}`,
  })
  return begin(context, command) ?? { ok: true, value: { systemId } }
}

/** Administrators' machines go on at once. */
function begin(
  context: Context,
  { systemId, begin: how }: CommandOf<'machine.create'>,
): Refusal | null {
  if (how === undefined) return null
  if (how !== 'deployed') return beginCommissioning(context, { systemId, comment: '' }, how)
  const { state, actor } = context
  const machine = state.machines.get(systemId)
  if (machine === undefined || actor.userId === null) {
    return refuse('FORBIDDEN', 'User is not allowed access to this API.')
  }
  const { DEPLOYED: status } = MACHINE_STATUS
  state.machines.put(systemId, { ...machine, status, ownerId: actor.userId, netboot: false })
  return null
}

export const updateMachine: Handler<'machine.update'> = (context, { systemId, set }) => {
  const { state, wall } = context
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  if (machine.locked) return refuse('CONFLICT', `Machine ${machine.hostname} is locked.`)
  const next: Machine = { ...machine, ...set, systemId, updatedWall: wall }
  if (next.hostname !== machine.hostname) {
    const refusal = checkHostname(state, next.hostname, systemId)
    if (refusal !== null) return refusal
  }
  if (set.powerType !== undefined || set.powerParameters !== undefined) {
    const refusal = takeBmc(context, next)
    if (refusal !== null) return refusal
  }
  state.machines.put(systemId, next)
  return DONE
}

/** With its interfaces and disks; holds of its MACs run out by themselves. One that is on is switched off. */
export const deleteMachine: Handler<'machine.delete'> = (context, { systemId }) => {
  const { state, actor } = context
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  if (machine.locked) return refuse('CONFLICT', `Machine ${machine.hostname} is locked.`)
  bidFarewell(context, machine)
  dropInterfaces(context, systemId)
  for (const key of state.blockDevicesByMachine.keys(systemId)) state.blockDevices.delete(key)
  const { deployments, machineWork, machineStorage, machineTokens } = state
  const ofMachine = [deployments, machineWork, machineStorage, machineTokens]
  for (const table of ofMachine) table.delete(systemId)
  dropSets(state, systemId)
  dropFound(state, systemId)
  dropDevicesOf(context, systemId)
  dropSnippets(state, (row) => row.systemId === systemId)
  const { hostname } = machine
  addEvent(context, {
    systemId,
    username: actor.username,
    level: 'INFO',
    type: 'Machine deleted',
    description: hostname,
  })
  state.machines.delete(systemId)
  return DONE
}

function checkParts(state: RegionState, command: CommandOf<'machine.create'>): Refusal | null {
  const { interfaces, blockDevices } = command
  if (interfaces.length === 0) return checkMacs(state, [])
  if (interfaces.length > INTERFACES_MAX || blockDevices.length > BLOCK_DEVICES_MAX) {
    return invalid('__all__', 'The machine has more interfaces or disks than can be kept.')
  }
  return checkMacs(
    state,
    interfaces.map(({ mac }) => mac),
  )
}

function makeMachine(
  { wall }: Context,
  command: CommandOf<'machine.create'>,
  made: Pick<Machine, 'hostname' | 'bootInterfaceId' | 'powerType' | 'powerParameters'>,
): Machine {
  const { type: _type, interfaces: _interfaces, blockDevices: _devices, ...rest } = command
  const { begin: _begin, ...given } = rest
  return {
    ...given,
    ...made,
    status: MACHINE_STATUS.NEW,
    ownerId: null,
    ownerData: {},
    locked: false,
    tagNames: [],
    minHweKernel: command.minHweKernel ?? '',
    hweKernel: '',
    osSystem: '',
    distroSeries: '',
    netboot: true,
    createdWall: wall,
    updatedWall: wall,
  }
}
