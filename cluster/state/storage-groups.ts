// Volume groups with their logical volumes, VMware's datastores (kept, never written by us), and what all groups
// have in common: members come and go, a group is deleted.
import type { BlockDeviceId } from '#model/ids.ts'
import type {
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageGroupId,
  StorageRef,
} from '#model/storage.ts'
import { invalid, notFound, refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import {
  freeName,
  whyBadName,
  whyNotMembers,
  withDevice,
  type Desk,
  type Edit,
  type MemberFields,
} from './storage-edit.ts'
import { groupOf, madeBy, niceName, refKey, useOfDevice } from './storage-parts.ts'
import { asMembers } from './storage-partitions.ts'
import { ALIGNMENT, alignDown, groupSize } from './storage-sizes.ts'

/** MAAS's names of the kinds in `No … matches the given query.` */
const MODELS = { lvm: 'VolumeGroup', vmfs6: 'VMFS', raid: 'RAID', bcache: 'Bcache' } as const

export function noGroup(kind: StorageGroup['kind']): Refusal {
  return notFound(MODELS[kind])
}

export const MEMBERS: MemberFields = { devices: 'block_devices', partitions: 'partitions' }
const ADDED: MemberFields = { devices: 'add_block_devices', partitions: 'add_partitions' }

export const createGroup: Edit<'storage.createGroup'> = (desk, command) => {
  const { kind, name = '', uuid, members } = command
  const refusal = whyBadName(name) ?? whyNotMembers(desk, members, MEMBERS)
  if (refusal !== null) return refusal
  if (members.length === 0) {
    return invalid('__all__', 'At least one valid block device or partition is required.')
  }
  const taken = asMembers(desk, members)
  if ('ok' in taken) return taken
  const id = desk.newId<StorageGroupId>('storageGroups')
  const group = { id, uuid: uuid ?? desk.newUuid(), name, kind, members: taken.members }
  return { config: withGroup(taken.desk.config, group), id }
}

/** In place of the group of its id, or new. */
export function withGroup(config: StorageConfig, group: StorageGroup): StorageConfig {
  const isThere = config.groups.some(({ id }) => id === group.id)
  const groups = isThere
    ? config.groups.map((each) => (each.id === group.id ? group : each))
    : [...config.groups, group]
  return { ...config, groups }
}

export const updateGroup: Edit<'storage.updateGroup'> = (desk, command) => {
  const { id, kind, name, uuid, add, remove } = command
  const group = groupOf(desk.config, id)
  if (group?.kind !== kind) return noGroup(kind)
  const refusal = whyBadName(name) ?? whyNotRemoved(group.members, remove)
  if (refusal !== null) return refusal
  const changed = changeMembers(desk, group.members, { add, remove })
  if ('ok' in changed) return changed
  if (changed.members.length === 0) {
    return invalid('__all__', 'At least one valid block device or partition is required.')
  }
  const next = { ...group, ...named({ name, uuid }), members: changed.members }
  return { config: withGroup(changed.desk.config, next) }
}

/** What was given. */
export function named(given: {
  readonly name: string | undefined
  readonly uuid: string | undefined
}): { readonly name?: string; readonly uuid?: string } {
  const { name, uuid } = given
  return { ...(name === undefined ? {} : { name }), ...(uuid === undefined ? {} : { uuid }) }
}

/** `remove` first; those to be added must be free. */
export function changeMembers(
  desk: Desk,
  members: readonly StorageRef[],
  { add, remove }: { readonly add: readonly StorageRef[]; readonly remove: readonly StorageRef[] },
): { readonly desk: Desk; readonly members: readonly StorageRef[] } | Refusal {
  const refusal = whyNotMembers(desk, add, ADDED)
  if (refusal !== null) return refusal
  const gone = new Set(remove.map(refKey))
  const added = asMembers(desk, add)
  if ('ok' in added) return added
  const kept = members.filter((ref) => !gone.has(refKey(ref)))
  return { desk: added.desk, members: [...kept, ...added.members] }
}

export function whyNotRemoved(
  members: readonly StorageRef[],
  remove: readonly StorageRef[],
  fields: MemberFields = { devices: 'remove_block_devices', partitions: 'remove_partitions' },
): Refusal | null {
  const keys = new Set(members.map(refKey))
  const stranger = remove.find((ref) => !keys.has(refKey(ref)))
  if (stranger === undefined) return null
  const field = 'partition' in stranger ? fields.partitions : fields.devices
  return invalid(field, 'Select a valid choice.')
}

/** `sizeBytes` null: all that is left; else rounded down to extents of 4 MiB. */
export const createLogicalVolume: Edit<'storage.createLogicalVolume'> = (desk, command) => {
  const { group: groupId, name = '', uuid, sizeBytes } = command
  const group = groupOf(desk.config, groupId)
  if (group?.kind !== 'lvm') return noGroup('lvm')
  const refusal = whyBadName(name)
  if (refusal !== null) return refusal
  const left = leftIn(desk, group)
  const size = sizeBytes === null ? left : alignDown(sizeBytes)
  if (size < ALIGNMENT) {
    return invalid('size', `Ensure this value is greater than or equal to ${ALIGNMENT}.`)
  }
  if (size > left) return invalid('size', `Ensure this value is less than or equal to ${left}.`)
  const { config, id } = withMade(desk, { groupId, name, uuid, sizeBytes: size })
  return { config, id }
}

/** Of a volume group: what no volume has. */
function leftIn(desk: Desk, group: StorageGroup): number {
  const volumes = madeBy(desk.config, group.id)
  const used = volumes.reduce((sum, { made }) => sum + (made?.sizeBytes ?? 0), 0)
  return groupSize(desk, group) - used
}

/** A new device made by the group. */
export function withMade(
  desk: Desk,
  of: {
    readonly groupId: StorageGroupId
    readonly name: string
    readonly uuid: string | undefined
    readonly sizeBytes: number
  },
): { readonly config: StorageConfig; readonly id: BlockDeviceId } {
  const { groupId: group, name, uuid = desk.newUuid(), sizeBytes } = of
  const device: StorageDevice = {
    id: desk.newId<BlockDeviceId>('blockDevices'),
    made: { group, name, uuid, sizeBytes, tags: [] },
    ...{ table: null, filesystem: null },
  }
  return { config: withDevice(desk.config, device), id: device.id }
}

/** With what it makes, if nothing is made of that. */
export const deleteGroup: Edit<'storage.deleteGroup'> = (desk, { id, kind }) => {
  const group = groupOf(desk.config, id)
  if (group?.kind !== kind) return noGroup(kind)
  const made = madeBy(desk.config, id)
  if (kind === 'lvm' && made.length > 0) {
    return refuse('CONFLICT', 'This volume group has logical volumes; it cannot be deleted.')
  }
  const refusal = whyInUse(desk, made)
  return refusal ?? { config: withoutGroup(desk.config, id) }
}

function whyInUse(desk: Desk, devices: readonly StorageDevice[]): Refusal | null {
  for (const { id } of devices) {
    const use = useOfDevice(desk, id)
    if (use === undefined) continue
    const text = 'Cannot delete block device because it is part of a'
    return refuse('CONFLICT', `${text} ${niceName(use)}.`)
  }
  return null
}

function withoutGroup(config: StorageConfig, id: StorageGroupId): StorageConfig {
  return {
    ...config,
    groups: config.groups.filter((group) => group.id !== id),
    devices: config.devices.filter(({ made }) => made?.group !== id),
  }
}

/** A logical volume goes alone; with any other made device goes its group. Physical disks: `storage-disks.ts`. */
export const deleteMade: Edit<'blockDevice.delete'> = (desk, { id }) => {
  const device = desk.config.devices.find((each) => each.id === id)
  if (device?.made == null) return notFound('BlockDevice')
  const refusal = whyInUse(desk, [device])
  if (refusal !== null) return refusal
  const { group } = device.made
  if (groupOf(desk.config, group)?.kind !== 'lvm')
    return { config: withoutGroup(desk.config, group) }
  const devices = desk.config.devices.filter((each) => each.id !== id)
  return { config: { ...desk.config, devices } }
}

/** Name of a made device; of RAID and bcache the group's, too. Only logical volumes have a size of their own. */
export const updateMade: Edit<'storage.updateDevice'> = (desk, { id, name, uuid, sizeBytes }) => {
  const device = desk.config.devices.find((each) => each.id === id)
  if (device?.made == null) return notFound('BlockDevice')
  const group = groupOf(desk.config, device.made.group)
  if (group === undefined) return notFound('BlockDevice')
  const refusal = whyBadName(name)
  if (refusal !== null) return refusal
  const isVolume = group.kind === 'lvm'
  if (sizeBytes !== undefined && !isVolume) {
    return invalid('size', 'Size cannot be changed on this device.')
  }
  const size = sizeBytes === undefined ? device.made.sizeBytes : alignDown(sizeBytes)
  if (size < ALIGNMENT) {
    return invalid('size', `Ensure this value is greater than or equal to ${ALIGNMENT}.`)
  }
  const made = { ...device.made, ...named({ name, uuid }), sizeBytes: size }
  const config = withDevice(desk.config, { ...device, made })
  if (isVolume || name === undefined) return { config }
  return { config: withGroup(config, { ...group, name }) }
}

/** `md` and `bcache` are numbered where no name is given. */
export function nameFor(desk: Desk, given: string | undefined, prefix: string): string {
  return given === undefined || given === '' ? freeName(desk, prefix) : given
}
