// Who may see a node: administrators all of them, users their own and machines that nobody owns (maas-api §5.3).
import type { Machine } from '#model/machine.ts'
import type { Device } from '#model/objects.ts'
import type { Call } from './call.ts'

export function isVisibleMachine(call: Call, { ownerId }: Machine): boolean {
  return call.isAdmin || ownerId === null || ownerId === call.user.id
}

export function isVisibleDevice(call: Call, { ownerId }: Device): boolean {
  return call.isAdmin || ownerId === call.user.id
}
