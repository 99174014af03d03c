// What an owner formatted and mounted while the machine was Allocated goes when he goes.
import type { SystemId } from '#model/ids.ts'
import type { RegionState } from './state.ts'
import { bareStorage } from './storage-query.ts'
import { isRefusal, settle } from './storage-settle.ts'

export function restoreOwnersStorage(state: RegionState, systemId: SystemId): void {
  const row = state.machineStorage.get(systemId)
  if (row?.beforeOwner === undefined) return
  const { beforeOwner, ...rest } = row
  const disks = state.blockDevicesByMachine.rows(systemId)
  const settled = settle({ config: { ...rest, ...beforeOwner }, disks })
  // A disk went meanwhile: what was there before cannot come back.
  state.machineStorage.put(systemId, isRefusal(settled) ? bareStorage(systemId) : settled)
}
