// What cannot be installed, found before a machine is asked to do anything: the script of such a layout only says so.
import type { StorageDevice, StorageGroup, StorageRef } from '#model/storage.ts'
import { filesystemProblem, isUuid } from './filesystems.ts'
import type { InstallInput, Place } from './install-input.ts'
import { fitsDisk } from './partition-plan.ts'
import {
  bootDisk,
  deviceBytes,
  isWholeDisk,
  membersOf,
  placedFilesystems,
  tablePlan,
  usedDisks,
} from './storage-view.ts'

/** Sentences in ASCII without any value of a user; none: it can be installed. */
export function layoutProblems(input: InstallInput): readonly string[] {
  const all = isWholeDisk(input)
    ? [...imageProblems(input), ...diskProblems(input)]
    : [
        ...imageProblems(input),
        ...diskProblems(input),
        ...mountProblems(input),
        ...bootProblems(input),
        ...tableProblems(input),
        ...groupProblems(input),
      ]
  return [...new Set(all)]
}

/** They are words of a file: what they are made of was checked before. */
function isPlain({ base, imageUrl }: Place): boolean {
  return [base, imageUrl].every((url) => /^https?:\/\/[!-~]+$/.test(url))
}

function* imageProblems({ image, places }: InstallInput): Generator<string> {
  if (!/^[0-9a-f]{64}$/.test(image.sha256)) yield 'the digest of the image is not a SHA-256'
  if (places.length === 0 || !places.every(isPlain)) yield 'the image is not at an HTTP URL'
  if (!Number.isSafeInteger(image.sizeBytes) || image.sizeBytes <= 0) {
    yield 'the size of the image is not known'
  }
}

function* diskProblems(input: InstallInput): Generator<string> {
  const { storage, disks } = input
  const used = usedDisks(input)
  if (used.length === 0) yield 'the layout uses no disk'
  if (used.some(({ id }) => !disks.some((disk) => disk.id === id))) {
    yield 'a disk of the layout is not one of the machine'
  }
  if (isWholeDisk(input)) return
  const boot = storage.devices.find(({ id }) => id === bootDisk(input))
  if (boot?.made !== null || boot.table === null) yield 'the boot disk has no partition table'
}

function* mountProblems(input: InstallInput): Generator<string> {
  const all = [
    ...placedFilesystems(input).map(({ filesystem }) => filesystem),
    ...input.storage.special,
  ]
  for (const filesystem of all) {
    const problem = filesystemProblem(filesystem)
    if (problem !== undefined) yield problem
  }
  const mounted = all.flatMap(({ fstype, mountPoint }) =>
    fstype === 'swap' || mountPoint === null ? [] : [mountPoint],
  )
  const root = all.find(({ mountPoint }) => mountPoint === '/')
  if (root === undefined) yield 'no filesystem is mounted at /'
  else if (!['ext2', 'ext4', 'xfs', 'btrfs'].includes(root.fstype)) {
    yield 'the root filesystem is not ext2, ext4, xfs or btrfs'
  }
  if (new Set(mounted).size < mounted.length) yield 'two filesystems have one mount point'
}

/** GRUB reads RAID and LVM, not bcache (GRUB manual, "Supported filesystems"). */
function* bootProblems(input: InstallInput): Generator<string> {
  const { devices } = input.storage
  const holder = (path: string): StorageDevice | undefined =>
    devices.find(({ filesystem, table }) =>
      [filesystem, ...(table?.partitions ?? []).map((partition) => partition.filesystem)].some(
        (one) => one?.mountPoint === path,
      ),
    )
  const device = holder('/boot') ?? holder('/')
  if (device !== undefined && groupOf(input, device)?.kind === 'bcache') {
    yield 'the kernel would lie on a bcache, which GRUB cannot read: /boot must lie elsewhere'
  }
}

function* tableProblems(input: InstallInput): Generator<string> {
  for (const device of input.storage.devices) {
    const plan = tablePlan(input, device)
    if (plan === undefined) continue
    if (device.filesystem !== null) yield 'a device has both a partition table and a filesystem'
    const group = groupOf(input, device)
    if (group?.kind === 'lvm') yield 'a logical volume has a partition table'
    const bytes = deviceBytes(input, device)
    if (bytes > 0 && !fitsDisk(plan, bytes)) yield 'partitions are larger than their disk'
    for (const { partition, sizeMib } of plan.partitions) {
      if (sizeMib < 1) yield 'a partition has no size'
      if (partition !== null && !isUuid(partition.uuid)) yield 'a partition has no UUID'
    }
  }
}

function groupOf({ storage }: InstallInput, { made }: StorageDevice): StorageGroup | undefined {
  return made === null ? undefined : storage.groups.find(({ id }) => id === made.group)
}

function* groupProblems(input: InstallInput): Generator<string> {
  const { storage } = input
  const known = new Set<string>()
  for (const device of storage.devices) {
    const group = groupOf(input, device)
    if (device.made !== null) {
      if (group === undefined) yield 'a device is made of nothing'
      else if (membersOf(group, storage).some((member) => !known.has(nameOf(member)))) {
        yield 'a device stands before what it is made of'
      }
      if (!isName(device.made.name)) yield 'a device has a name that the kernel would not take'
    }
    known.add(nameOf({ device: device.id }))
    for (const { id } of device.table?.partitions ?? []) {
      known.add(nameOf({ device: device.id, partition: id }))
    }
  }
  for (const group of storage.groups) yield* oneGroup(input, group)
}

function* oneGroup({ storage }: InstallInput, group: StorageGroup): Generator<string> {
  if (!isName(group.name)) yield 'a group has a name that the kernel would not take'
  if (!isUuid(group.uuid)) yield 'a group has no UUID'
  if (group.kind === 'lvm' && group.members.length === 0) yield 'a volume group has no members'
  if (group.kind === 'raid' && group.members.length < 2) yield 'a RAID has fewer than two members'
  if (group.kind !== 'bcache') return
  const set = storage.cacheSets.find(({ id }) => id === group.cacheSet)
  if (set === undefined) yield 'a bcache has no cache set'
  else if (!isUuid(set.uuid)) yield 'a cache set has no UUID'
}

function nameOf(ref: StorageRef): string {
  return 'partition' in ref ? `${ref.device}/${ref.partition}` : String(ref.device)
}

/** lvm(8) NAMES, narrowed to what mdadm takes too. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,100}$/.test(text) && !text.includes('..')
}
