// Deletion of a user who owns things: another one gets them, in the same command.
import { notFound, refuse, type Handler } from './context.ts'
import type { UserId } from '#model/ids.ts'
import type { RegionState } from './state.ts'
import { deleteUser } from './users.ts'

export const transferUser: Handler<'user.transfer'> = (context, { username, to }) => {
  const { state } = context
  const from = state.usersByUsername.first(username)
  const heir = state.usersByUsername.first(to)
  if (from === undefined || heir === undefined) return notFound('User')
  if (from.id === heir.id) {
    return refuse('VALIDATION', `User ${username} cannot inherit from itself.`)
  }
  transfer(state, from.id, heir.id)
  // Refused (the last administrator): `apply` takes the transfer back too.
  return deleteUser(context, { type: 'user.delete', username })
}

function transfer(state: RegionState, from: UserId, to: UserId): void {
  for (const machine of state.machinesByOwner.rows(from)) {
    state.machines.put(machine.systemId, { ...machine, ownerId: to })
  }
  for (const device of [...state.devices.values()].filter(({ ownerId }) => ownerId === from)) {
    state.devices.put(device.systemId, { ...device, ownerId: to })
  }
  const ranges = [...state.ipRanges.values()].filter(({ userId }) => userId === from)
  for (const range of ranges) state.ipRanges.put(range.id, { ...range, userId: to })
  const addresses = [...state.ipAddresses.entries()].filter(([, { userId }]) => userId === from)
  for (const [ip, address] of addresses) state.ipAddresses.put(ip, { ...address, userId: to })
}
