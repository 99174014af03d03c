// How the script speaks of block devices: a variable per device and partition, set as each is found or made. The
// numbers are the state's own, so no name of a user is part of a variable's name.
import type { BlockDeviceId } from '#model/ids.ts'
import type { PartitionId, StorageRef } from '#model/storage.ts'
import { type Expression, sh } from './shell.ts'

export function deviceVariable(id: BlockDeviceId): string {
  return `DEV_${id}`
}

export function partitionVariable(device: BlockDeviceId, partition: PartitionId): string {
  return `PART_${device}_${partition}`
}

/** The value of a variable, quoted. */
export function valueOf(variable: string): Expression {
  return sh(`"$${variable}"`)
}

export function deviceOf(ref: StorageRef): Expression {
  return 'partition' in ref
    ? valueOf(partitionVariable(ref.device, ref.partition))
    : valueOf(deviceVariable(ref.device))
}
