// The storage configuration of a machine follows its life: the default layout when it was commissioned, and a disk that
// is gone takes the configuration with it.
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import { STORAGE_LAYOUTS, type LayoutWish } from '#model/storage.ts'
import { configOf } from './config-keys.ts'
import type { Context } from './context.ts'
import { addEvent } from './events.ts'
import { deskOf } from './storage.ts'
import { buildLayout } from './storage-layouts.ts'
import { bareStorage, storageWithDisks } from './storage-query.ts'
import { isRefusal, settle } from './storage-settle.ts'

/**
 * Commissioning has ended well: the layout that the setting names, from nothing, unless it was asked to leave the
 * storage alone. A layout that these disks cannot have (no `ssd` for bcache, VMware's, custom) gives way to flat, and
 * flat to bare disks, with an event that says why.
 */
export function applyDefaultStorage(context: Context, machine: Machine): void {
  const { state } = context
  const { systemId } = machine
  const work = state.machineWork.get(systemId)?.work
  if (work?.kind === 'commission' && work.options.skipStorage) {
    reconcileStorage(context, systemId)
    return
  }
  const { bootDiskId } = storageWithDisks(state, systemId).config
  const hasBootDisk = state.blockDevicesByMachine.rows(systemId).some(({ id }) => id === bootDiskId)
  const bare = { ...bareStorage(systemId), bootDiskId: hasBootDisk ? bootDiskId : null }
  state.machineStorage.put(systemId, bare)
  if (state.blockDevicesByMachine.rows(systemId).length === 0) return
  const named = String(configOf(state, 'default_storage_layout'))
  const layout = STORAGE_LAYOUTS.find((each) => each === named) ?? 'flat'
  for (const wish of layout === 'flat' ? [layout] : [layout, 'flat' as const]) {
    if (layOut(context, machine, { layout: wish })) return
  }
}

function layOut(context: Context, machine: Machine, wish: LayoutWish): boolean {
  const { state } = context
  const { systemId } = machine
  const desk = deskOf(context, machine)
  const built = buildLayout(desk, wish)
  const settled = isRefusal(built) ? built : settle({ ...desk, config: built })
  if (!isRefusal(settled)) {
    state.machineStorage.put(systemId, settled)
    return true
  }
  const why = Object.values(settled.fields ?? {}).flat()[0] ?? settled.message
  addEvent(context, {
    ...{ systemId, username: '', level: 'WARNING', type: 'Storage layout not applied' },
    description: `${wish.layout}: ${why}`,
  })
  return false
}

/**
 * To be called by whoever changes rows of `blockDevices` on his own: what the configuration says must still be possible,
 * else all of it goes (a layout over fewer disks would be a guess) until it is commissioned or laid out again.
 */
export function reconcileStorage(context: Context, systemId: SystemId): void {
  const { state } = context
  const storage = storageWithDisks(state, systemId)
  const { config, disks } = storage
  if (!state.machineStorage.has(systemId)) return
  const settled = settle(storage)
  const isBootDiskThere =
    config.bootDiskId === null || disks.some(({ id }) => id === config.bootDiskId)
  const next = isRefusal(settled) ? bareStorage(systemId) : settled
  state.machineStorage.put(systemId, isBootDiskThere ? next : { ...next, bootDiskId: null })
  if (!isRefusal(settled)) return
  addEvent(context, {
    ...{ systemId, username: '', level: 'WARNING', type: 'Storage configuration dropped' },
    description: 'The disks have changed and do not fit it any more.',
  })
}
