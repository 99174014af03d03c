// Physical disks: their rows are the machine's (`blockDevices`), what lies on them is the storage row's. Both change
// together, so that neither speaks of what the other lacks.
import type { BlockDeviceId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import { invalid, refuse } from './context.ts'
import { STORAGE_TAGS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import {
  changeDevice,
  missing,
  noDevice,
  whyBadName,
  type Desk,
  type Edit,
  type StorageCommandOf,
} from './storage-edit.ts'
import { niceName, partitionOf, useOfDevice } from './storage-parts.ts'
import { ALIGNMENT } from './storage-sizes.ts'

export const BLOCK_DEVICES_MAX = 1_024
const BLOCK_BYTES_MIN = 512

export function whyBadDisk(disk: Omit<BlockDevice, 'id' | 'systemId'>): Refusal | null {
  const refusal = whyBadName(disk.name)
  if (refusal !== null) return refusal
  if (disk.sizeBytes < ALIGNMENT) {
    return invalid('size', `Ensure this value is greater than or equal to ${ALIGNMENT}.`)
  }
  const { blockSizeBytes } = disk
  if (blockSizeBytes < BLOCK_BYTES_MIN || blockSizeBytes > ALIGNMENT) {
    return invalid('block_size', `Enter a number from ${BLOCK_BYTES_MIN} to ${ALIGNMENT}.`)
  }
  if (disk.idPath !== '' || (disk.model !== '' && disk.serial !== '')) return null
  // The installer must find it again.
  const text = 'serial/model are required if id_path is not provided.'
  return invalid('__all__', text)
}

/** The disks as they are afterwards. */
export function changedDisks(
  { disks }: Desk,
  { id, set }: StorageCommandOf<'blockDevice.update'>,
): readonly BlockDevice[] | Refusal {
  const disk = disks.find((each) => each.id === id)
  if (disk === undefined) return noDevice()
  const next: BlockDevice = { ...disk, ...set }
  // What was found on the machine may have a name or nothing to be found by that no form would take.
  const refusal =
    whyBadName(set.name) ??
    whyBadDisk({ ...next, name: 'x', idPath: next.idPath === '' ? 'x' : next.idPath })
  return refusal ?? disks.map((each) => (each.id === id ? next : each))
}

/** Null: it may go, with its partitions and filesystems. */
export function whyDiskStays(desk: Desk, id: BlockDeviceId): Refusal | null {
  const use = useOfDevice(desk, id)
  if (use === undefined) return null
  const text = 'Cannot delete block device because it is part of a'
  return refuse('CONFLICT', `${text} ${niceName(use)}.`)
}

/** As a row of a machine that lost the disk, which nothing is made of. */
export function withoutDisk({ config }: Desk, id: BlockDeviceId) {
  const devices = config.devices.filter((device) => device.id !== id)
  const bootDiskId = config.bootDiskId === id ? null : config.bootDiskId
  return { ...config, devices, bootDiskId }
}

export const setBootDisk: Edit<'storage.setBootDisk'> = (desk, { id }) => {
  if (desk.disks.some((disk) => disk.id === id)) {
    return { config: { ...desk.config, bootDiskId: id } }
  }
  const isMade = desk.config.devices.some((device) => device.id === id)
  if (!isMade) return noDevice()
  return refuse('VALIDATION', 'Cannot set a virtual block device as the boot disk.')
}

const TAG = /^[\w.-]{1,64}$/

/** Null: too many of them, or none that can be kept. */
export function retagged(
  tags: readonly string[],
  { tag, isOn }: { readonly tag: string; readonly isOn: boolean },
): readonly string[] | Refusal {
  const others = tags.filter((each) => each !== tag)
  if (!isOn) return others
  if (!TAG.test(tag)) return invalid('tag', 'Enter letters, digits, and any of _ . -, 64 at most.')
  if (others.length >= STORAGE_TAGS_MAX) return invalid('tag', 'It has too many tags.')
  return [...others, tag]
}

/** Of a partition or a made device; those of a physical disk are in its own row. */
export const tagPart: Edit<'storage.tag'> = (desk, command) => {
  const { at } = command
  const refusal = missing(desk, at)
  if (refusal !== null) return refusal
  const before = partitionOf(desk, at)?.tags ?? madeTags(desk, at.device)
  const tags = retagged(before, command)
  if ('ok' in tags) return tags
  const config = changeDevice(desk, at.device, (device) => {
    if (!('partition' in at)) {
      return device.made === null ? device : { ...device, made: { ...device.made, tags } }
    }
    if (device.table === null) return device
    const partitions = device.table.partitions.map((each) =>
      each.id === at.partition ? { ...each, tags } : each,
    )
    return { ...device, table: { ...device.table, partitions } }
  })
  return { config }
}

function madeTags({ config }: Desk, id: BlockDeviceId): readonly string[] {
  return config.devices.find((device) => device.id === id)?.made?.tags ?? []
}
