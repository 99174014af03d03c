// Sizes as MAAS computes them, all in bytes. Partitions are multiples of 4 MiB and lie from 4 MiB on; the last MiB is the
// second GPT's. LVM gives extents of 4 MiB and keeps one of each member, RAID keeps 1 MiB for its superblock.
import type { BlockDeviceId } from '#model/ids.ts'
import type { Partition, RaidLevel, SizeWish, StorageGroup, StorageRef } from '#model/storage.ts'
import { deviceIn, partitionOf, refsOf, type Storage } from './storage-parts.ts'

export const MIB = 1 << 20
/** Of partitions; also the extent of LVM. */
export const ALIGNMENT = 4 * MIB
const TABLE_OVERHEAD = 5 * MIB
const RAID_OVERHEAD = MIB

export function alignDown(bytes: number): number {
  return Math.max(bytes - (bytes % ALIGNMENT), 0)
}

/** 0: there is no such device. */
export function deviceSize({ config, disks }: Storage, id: BlockDeviceId): number {
  const made = deviceIn(config, id)?.made
  return made?.sizeBytes ?? disks.find((disk) => disk.id === id)?.sizeBytes ?? 0
}

export function sizeOf(storage: Storage, ref: StorageRef): number {
  if ('partition' in ref) return partitionOf(storage, ref)?.sizeBytes ?? 0
  return deviceSize(storage, ref.device)
}

/** What partitions may have together on a device of this size. */
export function tableSize(deviceBytes: number): number {
  return alignDown(deviceBytes - TABLE_OVERHEAD)
}

export function partitionedBytes(partitions: readonly Partition[]): number {
  return partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/** Of LVM what volumes may have, of the others the size of what they make. */
export function groupSize(storage: Storage, group: StorageGroup): number {
  const sizes = refsOf(group).map((ref) => sizeOf(storage, ref))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (group.kind === 'lvm') return Math.max(alignDown(total) - sizes.length * ALIGNMENT, 0)
  if (group.kind !== 'raid') return total
  const parts = { total, least: Math.min(...sizes), count: sizes.length }
  return Math.max(raidSize(group.level, { ...parts, active: group.members.length }), 0)
}

/** The smallest of members and spares decides. */
function raidSize(
  level: RaidLevel,
  of: {
    readonly total: number
    readonly least: number
    readonly count: number
    readonly active: number
  },
): number {
  const { total, least, count, active } = of
  switch (level) {
    case 'raid-0':
      return total - count * RAID_OVERHEAD
    case 'raid-1':
      return least - RAID_OVERHEAD
    case 'raid-5':
      return least * (active - 1) - RAID_OVERHEAD
    case 'raid-6':
      return least * (active - 2) - RAID_OVERHEAD
    case 'raid-10':
      return Math.floor((least * active) / 2) - RAID_OVERHEAD
    default:
      return level satisfies never
  }
}

/** Hundredths of a per cent are of `all`. */
export function wishedBytes(wish: SizeWish, all: number): number {
  return 'bytes' in wish ? wish.bytes : Math.floor((all / 10_000) * wish.hundredths)
}
