// Devices: things with a MAC address and a name that nobody deploys. Their interfaces share the table, and so
// the uniqueness of MACs, with those of machines.
import type { SystemId } from '#model/ids.ts'
import type { Device } from '#model/objects.ts'
import { DEFAULT_ZONE_ID } from '#model/objects.ts'
import { DONE, invalid, notFound, refuse, type Context, type Handler } from './context.ts'
import { checkDomainOfNode } from './domains.ts'
import { addEvent } from './events.ts'
import { dropInterfaces } from './interface-links.ts'
import { DEVICES_MAX } from './limits.ts'
import { addInterface, checkHostname, checkMacs } from './node-parts.ts'
import { objectOf } from './object-query.ts'
import { dropSnippets } from './object-rules.ts'

export const createDevice: Handler<'device.create'> = (context, command) => {
  const { state, wall } = context
  const { systemId, description, parent, ownerId, macs } = command
  if (state.machines.has(systemId) || state.controllers.has(systemId)) return taken(systemId)
  if (state.devices.has(systemId)) return taken(systemId)
  if (state.devices.size >= DEVICES_MAX) {
    return refuse('OVERLOADED', `At most ${DEVICES_MAX} devices are kept.`)
  }
  if (parent !== null && !state.machines.has(parent)) return noParent()
  const hostname = command.hostname === '' ? `device-${systemId}` : command.hostname
  const { domainId } = command
  const refusal =
    checkHostname(state, hostname, systemId) ??
    checkMacs(state, macs) ??
    checkDomainOfNode(state, domainId)
  if (refusal !== null) return refusal
  for (const [at, mac] of macs.entries()) addInterface(context, systemId, nicOf(mac), at)
  state.devices.put(systemId, {
    ...{ systemId, hostname, description, parent, ownerId, ownerData: {}, tagNames: [] },
    ...{ zoneId: DEFAULT_ZONE_ID, createdWall: wall, updatedWall: wall },
    ...(domainId === undefined ? {} : { domainId }),
  })
  announce(context, systemId, 'Device added', hostname)
  return DONE
}

export const updateDevice: Handler<'device.update'> = ({ state, wall }, { systemId, set }) => {
  const device = state.devices.get(systemId)
  if (device === undefined) return notFound('Device')
  const next: Device = { ...device, ...set, systemId, updatedWall: wall }
  if (next.parent !== null && !state.machines.has(next.parent)) return noParent()
  if (objectOf(state, 'zones', next.zoneId) === undefined) return notFound('Zone')
  const noDomain = checkDomainOfNode(state, set.domainId)
  if (noDomain !== null) return noDomain
  if (next.hostname !== device.hostname) {
    const refusal = checkHostname(state, next.hostname, systemId)
    if (refusal !== null) return refusal
  }
  state.devices.put(systemId, next)
  return DONE
}

export const deleteDevice: Handler<'device.delete'> = (context, { systemId }) => {
  const device = context.state.devices.get(systemId)
  if (device === undefined) return notFound('Device')
  dropDevice(context, device)
  return DONE
}

/** With the machine they are part of. */
export function dropDevicesOf(context: Context, parent: SystemId): void {
  const own = [...context.state.devices.values()].filter((device) => device.parent === parent)
  for (const device of own) dropDevice(context, device)
}

function dropDevice(context: Context, { systemId, hostname }: Device): void {
  const { state } = context
  dropInterfaces(context, systemId)
  dropSnippets(state, (row) => row.systemId === systemId)
  announce(context, systemId, 'Device deleted', hostname)
  state.devices.delete(systemId)
}

function nicOf(mac: Parameters<typeof checkMacs>[1][number]) {
  const unknown = { name: '', linkConnected: true, linkSpeedMbps: 0, vendor: null, product: null }
  return { ...unknown, mac, ip: null }
}

function announce(context: Context, systemId: SystemId, type: string, description: string): void {
  const { username } = context.actor
  addEvent(context, { systemId, username, level: 'INFO', type, description })
}

function taken(systemId: SystemId) {
  return refuse('CONFLICT', `The system id ${systemId} is in use.`)
}

function noParent() {
  return invalid('parent', 'There is no such machine.')
}
