// Commands on the storage of machines: found, allowed, in a status for it, edited, settled, kept. How the firmware and
// the state look from inside of an edit is here as well.
import { deriveUuid } from '#model/derived-uuid.ts'
import type { BlockDeviceId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import type { StorageConfig } from '#model/storage.ts'
import { invalid, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { machineFor, whyNotAllowed } from './life-cycle.ts'
import type { Refusal } from './outcome.ts'
import {
  createBcache,
  createCacheSet,
  deleteCacheSet,
  updateBcache,
  updateCacheSet,
} from './storage-bcache.ts'
import type { StorageCommand } from './storage-commands.ts'
import {
  BLOCK_DEVICES_MAX,
  changedDisks,
  retagged,
  setBootDisk,
  tagPart,
  whyBadDisk,
  whyDiskStays,
  withoutDisk,
} from './storage-disks.ts'
import type { Desk, Edit, Edited, StorageCommandOf } from './storage-edit.ts'
import {
  formatPart,
  mountPart,
  mountSpecial,
  unformatPart,
  unmountPart,
  unmountSpecial,
} from './storage-filesystems.ts'
import {
  createGroup,
  createLogicalVolume,
  deleteGroup,
  deleteMade,
  updateGroup,
  updateMade,
} from './storage-groups.ts'
import { setLayout } from './storage-layouts.ts'
import { createPartition, deletePartition } from './storage-partitions.ts'
import { isUefi, storageWithDisks } from './storage-query.ts'
import { createRaid, updateRaid } from './storage-raid.ts'
import { isRefusal, settle } from './storage-settle.ts'

type Type = StorageCommand['type']
/** What MAAS says may not be done, and who may do it where: only administrators change what is made of what. */
type Rule = {
  readonly what: string
  readonly by: 'admin' | 'owner'
  readonly from: readonly MachineStatus[]
}

const READY: readonly MachineStatus[] = [S.READY]
const HELD: readonly MachineStatus[] = [S.READY, S.ALLOCATED]
const admin = (what: string): Rule => ({ what, by: 'admin', from: READY })
const owner = (what: string): Rule => ({ what, by: 'owner', from: HELD })

const RULES: { readonly [T in Type]: Rule } = {
  'blockDevice.create': admin('create block device'),
  'blockDevice.update': { ...admin('update block device'), from: [S.READY, S.DEPLOYED] },
  'blockDevice.delete': admin('delete block device'),
  'storage.setBootDisk': admin('set as boot disk'),
  'storage.tag': admin('update block device'),
  'storage.updateDevice': admin('update block device'),
  'storage.createPartition': admin('create partition'),
  'storage.deletePartition': admin('delete block device'),
  'storage.format': owner('format block device'),
  'storage.unformat': owner('unformat block device'),
  'storage.mount': owner('mount block device'),
  'storage.unmount': owner('unmount block device'),
  'storage.mountSpecial': owner('mount the filesystem'),
  'storage.unmountSpecial': owner('unmount the filesystem'),
  'storage.createGroup': admin('create volume group'),
  'storage.updateGroup': admin('update volume group'),
  'storage.createLogicalVolume': admin('create logical volume'),
  'storage.createRaid': admin('create RAID'),
  'storage.updateRaid': admin('update RAID'),
  'storage.createCacheSet': admin('create cache set'),
  'storage.updateCacheSet': admin('update cache set'),
  'storage.deleteCacheSet': admin('delete cache set'),
  'storage.createBcache': admin('create Bcache'),
  'storage.updateBcache': admin('update Bcache'),
  'storage.deleteGroup': admin('delete group'),
  'storage.setLayout': { ...admin('change the storage layout'), from: READY },
}

const EDITS: { readonly [T in Exclude<Type, DiskType>]: Edit<T> } = {
  'storage.setBootDisk': setBootDisk,
  'storage.updateDevice': updateMade,
  'storage.createPartition': createPartition,
  'storage.deletePartition': deletePartition,
  'storage.format': formatPart,
  'storage.unformat': unformatPart,
  'storage.mount': mountPart,
  'storage.unmount': unmountPart,
  'storage.mountSpecial': mountSpecial,
  'storage.unmountSpecial': unmountSpecial,
  'storage.createGroup': createGroup,
  'storage.updateGroup': updateGroup,
  'storage.createLogicalVolume': createLogicalVolume,
  'storage.createRaid': createRaid,
  'storage.updateRaid': updateRaid,
  'storage.createCacheSet': createCacheSet,
  'storage.updateCacheSet': updateCacheSet,
  'storage.deleteCacheSet': deleteCacheSet,
  'storage.createBcache': createBcache,
  'storage.updateBcache': updateBcache,
  'storage.deleteGroup': deleteGroup,
  'storage.setLayout': setLayout,
}

/** Those that may be about a physical disk, whose row is the machine's. */
type DiskType = 'blockDevice.create' | 'blockDevice.update' | 'blockDevice.delete' | 'storage.tag'

/** The one handler of all of them. */
export const STORAGE_HANDLERS = Object.fromEntries(
  Object.keys(RULES).map((type) => [type, editStorage]),
) as unknown as { readonly [T in Type]: Handler<T> }

type Done = { readonly ok: true; readonly value: { readonly id: number } | null } | Refusal

function editStorage(context: Context, command: StorageCommand): Done {
  const { state } = context
  const machine = machineFor(context, command.systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotNow(context, machine, command)
  if (refusal !== null) return refusal
  const desk = deskOf(context, machine)
  const edited = edit(context, desk, command)
  if ('ok' in edited) return edited
  // Disks may be others than before.
  const disks = state.blockDevicesByMachine.rows(machine.systemId)
  const settled = settle({ config: edited.config, disks })
  if (isRefusal(settled)) return settled
  keepStorage(context, machine, desk.config, settled)
  return { ok: true, value: edited.id === undefined ? null : { id: edited.id } }
}

function whyNotNow(context: Context, machine: Machine, command: StorageCommand): Refusal | null {
  const { what, by, from } = RULES[command.type]
  const refusal = whyNotAllowed(context, machine, by)
  if (refusal !== null) return refusal
  if (from.includes(machine.status)) return null
  if (command.type === 'storage.setLayout') {
    if (command.isDefault !== true) {
      return refuse('CONFLICT', 'Cannot change the storage layout on a machine that is not Ready.')
    }
    if (machine.status === S.FAILED_TESTING) return null
    const where = 'a ready or failed testing state to restore storage configuration'
    return refuse('CONFLICT', `Machine must be in ${where}`)
  }
  const states = by === 'owner' ? 'Ready or Allocated' : 'Ready'
  return refuse('CONFLICT', `Cannot ${what} because the machine is not ${states}.`)
}

/** `salt`: of desks of one command, each its own; UUIDs would be the same without. */
export function deskOf({ state }: Context, machine: Machine, salt = ''): Desk {
  let made = 0
  const end = salt === '' ? '' : ` ${salt}`
  return {
    ...storageWithDisks(state, machine.systemId),
    newId: (counter) => nextId(state, counter),
    // A log index is used once in a cluster, so the text is.
    newUuid: () => deriveUuid(`${state.clusterId} ${state.revision} ${made++}${end}`),
    isUefi: isUefi(machine),
  }
}

/** What an owner changes is his: it goes with him. */
function keepStorage(
  { state }: Context,
  { systemId, status }: Machine,
  before: StorageConfig,
  after: StorageConfig,
): void {
  const { devices, special } = before
  const isOwners = status === S.ALLOCATED && after.beforeOwner === undefined
  const row = isOwners ? { ...after, beforeOwner: { devices, special } } : after
  state.machineStorage.put(systemId, row)
}

function edit(context: Context, desk: Desk, command: StorageCommand): Edited {
  if (command.type === 'blockDevice.create') return createDisk(context, desk, command)
  if (command.type === 'blockDevice.update') return updateDisk(context, desk, command)
  if (command.type === 'blockDevice.delete') return deleteDisk(context, desk, command)
  if (command.type === 'storage.tag') return tagDisk(context, desk, command)
  // Which command it takes is known by the key it was found under.
  return (EDITS[command.type] as (desk: Desk, command: StorageCommand) => Edited)(desk, command)
}

function createDisk(
  { state }: Context,
  desk: Desk,
  { systemId, device }: StorageCommandOf<'blockDevice.create'>,
): Edited {
  const refusal = whyBadDisk(device)
  if (refusal !== null) return refusal
  if (desk.disks.length >= BLOCK_DEVICES_MAX) return invalid('__all__', 'It has too many disks.')
  const id = desk.newId<BlockDeviceId>('blockDevices')
  state.blockDevices.put(id, { ...device, id, systemId })
  return { config: desk.config, id }
}

function updateDisk(
  { state }: Context,
  desk: Desk,
  command: StorageCommandOf<'blockDevice.update'>,
): Edited {
  const disks = changedDisks(desk, command)
  if ('ok' in disks) return disks
  const changed = disks.find(({ id }) => id === command.id)
  if (changed !== undefined) state.blockDevices.put(command.id, changed)
  return { config: desk.config }
}

function deleteDisk(
  { state }: Context,
  desk: Desk,
  command: StorageCommandOf<'blockDevice.delete'>,
): Edited {
  const { id } = command
  if (!desk.disks.some((disk) => disk.id === id)) return deleteMade(desk, command)
  const refusal = whyDiskStays(desk, id)
  if (refusal !== null) return refusal
  state.blockDevices.delete(id)
  return { config: withoutDisk(desk, id) }
}

function tagDisk({ state }: Context, desk: Desk, command: StorageCommandOf<'storage.tag'>): Edited {
  const { at } = command
  const disk = 'partition' in at ? undefined : desk.disks.find(({ id }) => id === at.device)
  if (disk === undefined) return tagPart(desk, command)
  const tags = retagged(disk.tags, command)
  if ('ok' in tags) return tags
  state.blockDevices.put(disk.id, { ...disk, tags })
  return { config: desk.config }
}
