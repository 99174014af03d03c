// Machines: enlistment, changes by the operator, deletion. The status stays New here; the life cycle's
// commands move it.
import type { BlockDeviceId, InterfaceId, SystemId, VlanId } from '#model/ids.ts'
import { MACHINE_STATUS, type Interface, type Machine } from '#model/machine.ts'
import type { CommandOf, NewInterface } from './command.ts'
import { DONE, invalid, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import type { Refusal } from './outcome.ts'
import { defaultVlanOf, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/** One label of RFC 1123 §2.1. */
const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const INTERFACES_MAX = 256
const BLOCK_DEVICES_MAX = 1024

export const createMachine: Handler<'machine.create'> = (context, command) => {
  const { state } = context
  const { systemId } = command
  if (state.machines.has(systemId) || state.controllers.has(systemId)) {
    return refuse('CONFLICT', `The system id ${systemId} is in use.`)
  }
  const hostname = command.hostname === '' ? `machine-${systemId}` : command.hostname
  const refusal = checkHostname(state, hostname, systemId) ?? checkParts(state, command)
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
  return { ok: true, value: { systemId } }
}

export const updateMachine: Handler<'machine.update'> = ({ state, wall }, { systemId, set }) => {
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  const next: Machine = { ...machine, ...set, systemId, updatedWall: wall }
  if (next.hostname !== machine.hostname) {
    const refusal = checkHostname(state, next.hostname, systemId)
    if (refusal !== null) return refusal
  }
  state.machines.put(systemId, next)
  return DONE
}

/** With its interfaces and disks; holds of its MACs run out by themselves. */
export const deleteMachine: Handler<'machine.delete'> = (context, { systemId }) => {
  const { state, actor } = context
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  if (machine.locked) return refuse('CONFLICT', `Machine ${machine.hostname} is locked.`)
  for (const key of state.interfacesByMachine.keys(systemId)) state.interfaces.delete(key)
  for (const key of state.blockDevicesByMachine.keys(systemId)) state.blockDevices.delete(key)
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

function checkHostname(state: RegionState, hostname: string, own: SystemId): Refusal | null {
  if (!HOSTNAME.test(hostname)) {
    return invalid('hostname', `${hostname.slice(0, 64)} is not a valid hostname.`)
  }
  const lower = hostname.toLowerCase()
  const namesake = state.machinesByHostname.first(lower)
  const taken = `Node with hostname ${hostname} already exists.`
  if (namesake !== undefined && namesake.systemId !== own) return invalid('hostname', taken)
  for (const controller of state.controllers.values()) {
    if (controller.hostname.toLowerCase() === lower) return invalid('hostname', taken)
  }
  return null
}

function checkParts(state: RegionState, command: CommandOf<'machine.create'>): Refusal | null {
  const { interfaces, blockDevices } = command
  if (interfaces.length === 0)
    return invalid('mac_addresses', 'One MAC address at least is needed.')
  if (interfaces.length > INTERFACES_MAX || blockDevices.length > BLOCK_DEVICES_MAX) {
    return invalid('__all__', 'The machine has more interfaces or disks than can be kept.')
  }
  const seen = new Set<string>()
  for (const { mac } of interfaces) {
    const known = state.interfacesByMac.first(mac)
    if (known !== undefined) {
      const hostname = state.machines.get(known.systemId)?.hostname ?? known.systemId
      return invalid('mac_addresses', `MAC address ${mac} already in use on ${hostname}.`)
    }
    if (seen.has(mac)) return invalid('mac_addresses', `MAC address ${mac} is given twice.`)
    seen.add(mac)
  }
  return null
}

function addInterface(
  context: Context,
  systemId: SystemId,
  nic: NewInterface,
  at: number,
): InterfaceId {
  const { state } = context
  const id = nextId<InterfaceId>(state, 'interfaces')
  const row: Interface = {
    id,
    systemId,
    name: nic.name === '' ? `eth${at}` : nic.name,
    type: 'physical',
    mac: nic.mac,
    vlanId: placeInterface(context, nic),
    enabled: true,
    tags: [],
    vendor: nic.vendor,
    product: nic.product,
    firmwareVersion: null,
    linkConnected: nic.linkConnected,
    linkSpeedMbps: nic.linkSpeedMbps,
    interfaceSpeedMbps: nic.linkSpeedMbps,
    links: [],
  }
  state.interfaces.put(id, row)
  return id
}

/** VLAN of the address it had, of the newest lease of its MAC, else the default one if it has a link. */
function placeInterface({ state, now }: Context, nic: NewInterface): VlanId | null {
  const live = state.holdsByMac.rows(nic.mac).filter((hold) => hold.until > now)
  const holds = live.toSorted((a, b) => b.boundAt - a.boundAt)
  const ip = nic.ip ?? holds[0]?.ip ?? null
  const subnet = ip === null ? undefined : subnetOf(state, ip)
  if (subnet !== undefined) return subnet.vlanId
  if (!nic.linkConnected) return null
  const [fabricId] = state.fabrics.keysAfter(undefined, 1)
  return fabricId === undefined ? null : (defaultVlanOf(state, fabricId)?.id ?? null)
}

function makeMachine(
  { wall }: Context,
  command: CommandOf<'machine.create'>,
  made: Pick<Machine, 'hostname' | 'bootInterfaceId'>,
): Machine {
  const { type: _type, interfaces: _interfaces, blockDevices: _devices, ...given } = command
  return {
    ...given,
    ...made,
    status: MACHINE_STATUS.NEW,
    ownerId: null,
    ownerData: {},
    locked: false,
    tagNames: [],
    minHweKernel: '',
    hweKernel: '',
    osSystem: '',
    distroSeries: '',
    netboot: true,
    createdWall: wall,
    updatedWall: wall,
  }
}
