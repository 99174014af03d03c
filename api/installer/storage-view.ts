// Questions about a layout that more than one step of the installer asks.
import type { BlockDeviceId } from '#model/ids.ts'
import type {
  Filesystem,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import { deviceOf } from './device-names.ts'
import type { InstallInput } from './install-input.ts'
import {
  addedEsp,
  isEsp,
  planTable,
  type PlannedPartition,
  type TablePlan,
} from './partition-plan.ts'
import type { Expression } from './shell.ts'

/** A filesystem and what it lies on. */
export type PlacedFilesystem = { readonly filesystem: Filesystem; readonly device: Expression }

export function isWholeDisk({ image }: InstallInput): boolean {
  return image.kind.startsWith('dd')
}

export function bootDisk({ storage, disks }: InstallInput): BlockDeviceId | undefined {
  const physical = storage.devices.find((device) => device.made === null)
  return storage.bootDiskId ?? physical?.id ?? disks[0]?.id
}

/** Of a physical disk what was told of it, of others what the layout says; 0: not known. */
export function deviceBytes({ disks }: InstallInput, device: StorageDevice): number {
  return device.made?.sizeBytes ?? disks.find(({ id }) => id === device.id)?.sizeBytes ?? 0
}

export function membersOf(group: StorageGroup, storage: StorageConfig): readonly StorageRef[] {
  switch (group.kind) {
    case 'lvm':
    case 'vmfs6':
      return group.members
    case 'raid':
      return [...group.members, ...group.spares]
    case 'bcache':
      return [group.backing, ...cacheOf(group, storage)]
    default:
      return group satisfies never
  }
}

function cacheOf(
  { cacheSet }: Extract<StorageGroup, { kind: 'bcache' }>,
  storage: StorageConfig,
): readonly StorageRef[] {
  return storage.cacheSets.filter(({ id }) => id === cacheSet).map(({ cache }) => cache)
}

/** Disks that will be written, and no others: those with a table, a filesystem or a part in something. */
export function usedDisks(input: InstallInput): readonly StorageDevice[] {
  const { storage } = input
  const physical = storage.devices.filter((device) => device.made === null)
  if (isWholeDisk(input)) return physical.filter(({ id }) => id === bootDisk(input))
  const members = [
    ...storage.groups
      .filter((group) => group.kind !== 'vmfs6')
      .flatMap((group) => membersOf(group, storage)),
    ...storage.cacheSets.map(({ cache }) => cache),
  ]
  const inUse = new Set(members.map(({ device }) => device))
  return physical.filter(
    ({ id, table, filesystem }) => table !== null || filesystem !== null || inUse.has(id),
  )
}

/** In the order of the layout; ramfs and tmpfs are not among them. */
export function placedFilesystems({ storage }: InstallInput): readonly PlacedFilesystem[] {
  return storage.devices.flatMap(({ id, table, filesystem }) => [
    ...(filesystem === null ? [] : [{ filesystem, device: deviceOf({ device: id }) }]),
    ...(table?.partitions ?? []).flatMap((partition) =>
      partition.filesystem === null
        ? []
        : [
            {
              filesystem: partition.filesystem,
              device: deviceOf({ device: id, partition: partition.id }),
            },
          ],
    ),
  ])
}

/**
 * Where GRUB for BIOS goes: the boot disk, and each other disk with a table and a member of a RAID, so that a machine
 * whose first disk died still starts.
 */
export function biosDisks(input: InstallInput): readonly BlockDeviceId[] {
  if (input.architecture !== 'amd64') return []
  const { storage } = input
  const raids = storage.groups.filter((group) => group.kind === 'raid')
  const mirrored = new Set(
    raids.flatMap((group) => membersOf(group, storage)).map((member) => member.device),
  )
  const boot = bootDisk(input)
  return storage.devices
    .filter(({ made, table }) => made === null && table !== null)
    .filter(({ id }) => id === boot || mirrored.has(id))
    .map(({ id }) => id)
}

export function tablePlan(input: InstallInput, device: StorageDevice): TablePlan | undefined {
  if (device.table === null) return undefined
  return planTable(device.table, biosDisks(input).includes(device.id))
}

/**
 * How the machine can start by UEFI: the layout has an EFI system partition on the boot disk, one is added behind the
 * others when that is the firmware in use, or neither: no space.
 */
export function espOf(
  input: InstallInput,
): 'configured' | { readonly added: PlannedPartition } | 'none' {
  const device = input.storage.devices.find(({ id }) => id === bootDisk(input))
  const plan = device && tablePlan(input, device)
  if (device === undefined || plan === undefined) return 'none'
  const configured = device.table?.partitions.some(
    (partition) => isEsp(partition) && partition.filesystem?.mountPoint === '/boot/efi',
  )
  if (configured === true) return 'configured'
  const added = addedEsp(plan, deviceBytes(input, device))
  return added === undefined ? 'none' : { added }
}
