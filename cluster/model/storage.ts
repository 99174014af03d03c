// How a machine's disks are to be laid out, in MAAS's words (maas-api §8, maas-features §11): partition tables,
// filesystems, RAID, LVM, bcache. One row per machine, `StorageConfig`; a machine without one has bare disks. The
// physical disks themselves are rows of `blockDevices`; devices made of others share their numbers.
import type { BlockDeviceId, SystemId } from './ids.ts'

/** Of this machine; partitions, groups and cache sets have counters of their own in the state. */
export type PartitionId = number
export type StorageGroupId = number
export type CacheSetId = number

export type FilesystemType =
  | ('ext2' | 'ext4' | 'xfs' | 'btrfs' | 'fat32' | 'vfat' | 'swap' | 'zfsroot')
  /** Of what has no device. */
  | ('ramfs' | 'tmpfs')

export type Filesystem = {
  readonly fstype: FilesystemType
  /** Lower-case; what mkfs is told and fstab names. Given, or made from the log index (`derived-uuid.ts`). */
  readonly uuid: string
  readonly label: string
  /** Absolute, `none` for swap; null: not mounted. */
  readonly mountPoint: string | null
  readonly mountOptions: string | null
}

export type Partition = {
  readonly id: PartitionId
  readonly uuid: string
  /**
   * A multiple of 4 MiB, as in MAAS. They lie in this order from 4 MiB on; their number on disk is their place. The
   * BIOS's GRUB needs a partition of its own on GPT: it has no row, it is the 1 MiB from 1 MiB on, before the first.
   */
  readonly sizeBytes: number
  readonly bootable: boolean
  readonly tags: readonly string[]
  readonly filesystem: Filesystem | null
}

/** What a filesystem, a member of a group or a cache lies on. */
export type StorageRef =
  | { readonly device: BlockDeviceId }
  | { readonly device: BlockDeviceId; readonly partition: PartitionId }

/** A physical disk as it is used, or a device made by a group. */
export type StorageDevice = {
  readonly id: BlockDeviceId
  /** Null: a physical disk, whose name and size are in its row. */
  readonly made: {
    readonly group: StorageGroupId
    /** Of a logical volume its own name (`lvroot`), of RAID and bcache the group's (`md0`, `bcache0`). */
    readonly name: string
    readonly uuid: string
    readonly sizeBytes: number
    readonly tags: readonly string[]
  } | null
  /** Without partitions: the boot disk's, where all else is elsewhere. */
  readonly table: {
    readonly type: 'GPT' | 'MBR'
    readonly partitions: readonly Partition[]
  } | null
  /** Never beside a partition table. */
  readonly filesystem: Filesystem | null
}

export type RaidLevel = 'raid-0' | 'raid-1' | 'raid-5' | 'raid-6' | 'raid-10'
export type CacheMode = 'writeback' | 'writethrough' | 'writearound'

type Group = {
  readonly id: StorageGroupId
  readonly uuid: string
  readonly name: string
}

export type StorageGroup =
  /** Its logical volumes are the devices made by it. */
  | (Group & { readonly kind: 'lvm'; readonly members: readonly StorageRef[] })
  | (Group & {
      readonly kind: 'raid'
      readonly level: RaidLevel
      readonly members: readonly StorageRef[]
      readonly spares: readonly StorageRef[]
    })
  | (Group & {
      readonly kind: 'bcache'
      readonly cacheMode: CacheMode
      readonly backing: StorageRef
      readonly cacheSet: CacheSetId
    })
  /** A VMware datastore: kept, never written by us. */
  | (Group & { readonly kind: 'vmfs6'; readonly members: readonly StorageRef[] })

export type CacheSet = {
  readonly id: CacheSetId
  readonly uuid: string
  readonly cache: StorageRef
}

/** Keyed by `systemId`. Members stand before what is made of them, so the order is one to work in. */
export type StorageConfig = {
  readonly systemId: SystemId
  /** Disks that are in use, also as members of something, and all made devices. */
  readonly devices: readonly StorageDevice[]
  readonly groups: readonly StorageGroup[]
  readonly cacheSets: readonly CacheSet[]
  /** ramfs, tmpfs. */
  readonly special: readonly Filesystem[]
  /** Null: the first physical disk. */
  readonly bootDiskId: BlockDeviceId | null
  /** Given: as it was before its owner, while it is Allocated, formatted or mounted something; comes back at release. */
  readonly beforeOwner?: Pick<StorageConfig, 'devices' | 'special'>
}

/** Of a size: bytes, or hundredths of a per cent of what there is. */
export type SizeWish = { readonly bytes: number } | { readonly hundredths: number }

/** `custom` and VMware's have no data here; they are known, to be refused by name. */
export const STORAGE_LAYOUTS = [
  ...(['flat', 'lvm', 'bcache', 'blank'] as const),
  ...(['custom', 'vmfs6', 'vmfs7'] as const),
] as const
export type StorageLayout = (typeof STORAGE_LAYOUTS)[number]

/** What `set_storage_layout` takes; absent: MAAS's default. */
export type LayoutWish = {
  readonly layout: StorageLayout
  readonly bootSize?: SizeWish
  readonly rootSize?: SizeWish
  readonly rootDevice?: BlockDeviceId
  readonly vgName?: string
  readonly lvName?: string
  readonly lvSize?: SizeWish
  readonly cacheDevice?: BlockDeviceId
  readonly cacheMode?: CacheMode
  readonly cacheSize?: SizeWish
  readonly cacheNoPart?: boolean
}
