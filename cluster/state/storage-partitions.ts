// Partitions: made, deleted, and given to a group in place of the boot disk, which cannot be a member itself.
import type { BlockDeviceId } from '#model/ids.ts'
import type { Partition, PartitionId, StorageConfig, StorageRef } from '#model/storage.ts'
import { invalid, refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import { changeDevice, noDevice, noPartition, type Desk, type Edit } from './storage-edit.ts'
import {
  bootDiskOf,
  deviceOf,
  nameOf,
  niceName,
  partitionOf,
  usesOf,
  whyTaken,
  refKey,
} from './storage-parts.ts'
import { ALIGNMENT, alignDown, deviceSize, partitionedBytes, tableSize } from './storage-sizes.ts'

export const createPartition: Edit<'storage.createPartition'> = (desk, command) => {
  const { device: id, sizeBytes, bootable, uuid } = command
  const device = deviceOf(desk, id)
  if (device === undefined) return noDevice()
  if (device.table === null) {
    const why = whyTaken(desk, { device: id })
    if (why !== null) {
      return invalid('__all__', `${nameOf(desk, id) ?? ''} cannot be partitioned: ${why}.`)
    }
  }
  return addPartition(desk, id, { sizeBytes, bootable, ...(uuid === undefined ? {} : { uuid }) })
}

/** `sizeBytes` null: all that is left; else rounded down to 4 MiB. A device without a table gets a GPT. */
export function addPartition(
  desk: Desk,
  id: BlockDeviceId,
  wish: Partial<Pick<Partition, 'uuid' | 'filesystem' | 'bootable'>> & {
    readonly sizeBytes: number | null
  },
): { readonly config: StorageConfig; readonly id: PartitionId } | Refusal {
  const partitions = deviceOf(desk, id)?.table?.partitions ?? []
  const left = tableSize(deviceSize(desk, id)) - partitionedBytes(partitions)
  const sizeBytes = wish.sizeBytes === null ? left : alignDown(wish.sizeBytes)
  if (left < ALIGNMENT) {
    return invalid('size', `There is no space left on ${nameOf(desk, id) ?? 'the device'}.`)
  }
  if (sizeBytes < ALIGNMENT) {
    return invalid('size', `Ensure this value is greater than or equal to ${ALIGNMENT}.`)
  }
  if (sizeBytes > left) {
    return invalid('size', `Ensure this value is less than or equal to ${left}.`)
  }
  const partition: Partition = {
    ...{ id: desk.newId<PartitionId>('partitions'), uuid: wish.uuid ?? desk.newUuid(), sizeBytes },
    ...{ bootable: wish.bootable ?? false, tags: [], filesystem: wish.filesystem ?? null },
  }
  const config = changeDevice(desk, id, (device) => ({
    ...device,
    table: { type: device.table?.type ?? 'GPT', partitions: [...partitions, partition] },
  }))
  return { config, id: partition.id }
}

/** The table goes with the last one. */
export const deletePartition: Edit<'storage.deletePartition'> = (
  desk,
  { device: id, partition },
) => {
  if (deviceOf(desk, id) === undefined) return noDevice()
  const ref: StorageRef = { device: id, partition }
  if (partitionOf(desk, ref) === undefined) return noPartition()
  const use = usesOf(desk.config).get(refKey(ref))
  if (use !== undefined) {
    return refuse('CONFLICT', `Cannot delete partition because it is part of a ${niceName(use)}.`)
  }
  const config = changeDevice(desk, id, (device) => {
    const left = device.table?.partitions.filter((each) => each.id !== partition) ?? []
    const table = device.table === null || left.length === 0 ? null : device.table
    return { ...device, table: table === null ? null : { ...table, partitions: left } }
  })
  return { config }
}

/** The boot disk gets one partition over all of it in its place: something must be there to boot from. */
export function asMembers(
  desk: Desk,
  refs: readonly StorageRef[],
): { readonly desk: Desk; readonly members: readonly StorageRef[] } | Refusal {
  const boot = bootDiskOf(desk)?.id
  let next = desk
  const members: StorageRef[] = []
  for (const ref of refs) {
    if ('partition' in ref || ref.device !== boot) {
      members.push(ref)
      continue
    }
    const added = addPartition(next, ref.device, { sizeBytes: null, bootable: true })
    if ('ok' in added) return added
    next = { ...next, config: added.config }
    members.push({ device: ref.device, partition: added.id })
  }
  return { desk: next, members }
}
