// The disks of a layout as lines of sh, in three parts that run one after another: find all disks (nothing is written),
// clear those that are used, make what the layout says. The functions they call are in `disk-functions.ts`.
import type { StorageDevice } from '#model/storage.ts'
import { deviceVariable, partitionVariable, valueOf } from './device-names.ts'
import { byPath, isFat, mkfs } from './filesystems.ts'
import { makeDevice, makeVolumeGroup } from './groups.ts'
import type { InstallInput } from './install-input.ts'
import { formatSfdisk } from './partition-plan.ts'
import { call } from './shell.ts'
import {
  bootDisk,
  espOf,
  isWholeDisk,
  placedFilesystems,
  tablePlan,
  usedDisks,
} from './storage-view.ts'

/** Sets a variable per used disk; the script ends here when one is missing, has another size or is found twice. */
export function findSteps(input: InstallInput): readonly string[] {
  const used = usedDisks(input)
  return [
    call('tools', ...neededTools(input)),
    ...used.flatMap(({ id }) => {
      const disk = input.disks.find((one) => one.id === id)
      if (disk === undefined) return []
      const { idPath, serial, name, sizeBytes } = disk
      const variable = deviceVariable(id)
      return [
        call('find_disk', idPath, serial, name, sizeBytes),
        `${variable}=$FOUND`,
        `DISKS="$DISKS $${variable}"`,
      ]
    }),
    ...used
      .filter(({ id }) => id === bootDisk(input))
      .map(({ id }) => `BOOT_DISK=$${deviceVariable(id)}`),
    ...(isWholeDisk(input) ? [] : checkSteps(input)),
  ]
}

function neededTools(input: InstallInput): readonly string[] {
  const kinds = new Set(input.storage.groups.map(({ kind }) => kind))
  const makers = placedFilesystems(input).flatMap(({ filesystem, device }) => {
    const line = mkfs(filesystem, device)
    return line === undefined ? [] : [line.split(' ', 1).join('')]
  })
  const rootTools = isWholeDisk(input) ? [] : ['sfdisk', 'chroot', ...new Set(makers)]
  return [
    ...['lsblk', 'wipefs', 'blockdev', 'partx', 'udevadm', 'mountpoint', 'sha256sum'],
    ...rootTools,
    ...(input.image.kind === 'squashfs' ? ['unsquashfs'] : []),
    ...(kinds.has('raid') && !isWholeDisk(input) ? ['mdadm'] : []),
    ...(kinds.has('lvm') && !isWholeDisk(input) ? ['pvs', 'vgcreate', 'lvcreate'] : []),
    ...(kinds.has('bcache') && !isWholeDisk(input) ? ['make-bcache'] : []),
  ]
}

function checkSteps(input: InstallInput): readonly string[] {
  const groups = input.storage.groups.filter((group) => group.kind === 'lvm')
  return [
    ...groups.map(({ name }) => call('volume_group_is_ours', name)),
    ...(espOf(input) === 'none' ? ['uefi_needs_esp'] : []),
  ]
}

export function makeSteps(input: InstallInput): readonly string[] {
  const { storage } = input
  const made = new Set<number>()
  const devices = storage.devices.flatMap((device) => {
    const lines: string[] = []
    const group = storage.groups.find(({ id }) => id === device.made?.group)
    if (device.made !== null && group !== undefined) {
      const { name, sizeBytes } = device.made
      const isFirst = !made.has(group.id)
      lines.push(...makeDevice(storage, group, { id: device.id, name, sizeBytes }, isFirst))
      made.add(group.id)
    }
    return [...lines, ...tableSteps(input, device)]
  })
  const empty = storage.groups.flatMap((group) =>
    group.kind === 'lvm' && !made.has(group.id) ? makeVolumeGroup(group) : [],
  )
  return [...devices, ...empty, ...filesystemSteps(input)]
}

function tableSteps(input: InstallInput, device: StorageDevice): readonly string[] {
  const plan = tablePlan(input, device)
  if (plan === undefined) return []
  const variable = valueOf(deviceVariable(device.id))
  const esp = device.id === bootDisk(input) ? espOf(input) : 'none'
  const parts = plan.partitions
  const write = call('write_table', variable, formatSfdisk(plan.type, parts))
  const lines =
    typeof esp === 'object'
      ? [
          'if [ "$FIRMWARE" = uefi ]; then',
          `  ${call('write_table', variable, formatSfdisk(plan.type, [...parts, esp.added]))}`,
          `  ADDED_ESP=$(${call('part', variable, esp.added.number)})`,
          'else',
          `  ${write}`,
          'fi',
        ]
      : [write]
  return [
    ...lines,
    ...parts.flatMap(({ number, partition }) => {
      if (partition === null) return []
      const name = partitionVariable(device.id, partition.id)
      return [`${name}=$(${call('part', variable, number)})`, call('clear_part', valueOf(name))]
    }),
  ]
}

function filesystemSteps(input: InstallInput): readonly string[] {
  return placedFilesystems(input).flatMap(({ filesystem, device }) => {
    const line = mkfs(filesystem, device)
    return line === undefined ? [] : [line]
  })
}

/** In order of path. FAT comes after the image is unpacked (`mountFatSteps`): it has no owners. */
export function mountSteps(input: InstallInput): readonly string[] {
  return mounted(input)
    .filter(({ filesystem }) => !isFat(filesystem.fstype))
    .map(({ filesystem, device }) => call('mount_at', device, filesystem.mountPoint ?? ''))
}

export function mountFatSteps(input: InstallInput): readonly string[] {
  return mounted(input)
    .filter(({ filesystem }) => isFat(filesystem.fstype))
    .map(({ filesystem, device }) => call('mount_fat', device, filesystem.mountPoint ?? ''))
}

function mounted(input: InstallInput) {
  return placedFilesystems(input)
    .filter(({ filesystem }) => filesystem.mountPoint !== null && filesystem.fstype !== 'swap')
    .toSorted((a, b) => byPath(a.filesystem, b.filesystem))
}
