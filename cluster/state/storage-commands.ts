// The part of the union of commands that is about the disks of machines and how they are laid out. Which status and
// which right each demands: `storage.ts`. Sizes are bytes; null: everything that is left.
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import type {
  CacheMode,
  CacheSetId,
  FilesystemType,
  LayoutWish,
  PartitionId,
  RaidLevel,
  StorageGroup,
  StorageGroupId,
  StorageRef,
} from '#model/storage.ts'

type On<T extends string, More = unknown> = {
  readonly type: T
  readonly systemId: SystemId
} & More

/** Absent: made up, or left as it is. */
type Named = { readonly name?: string; readonly uuid?: string }
type Changed = Named & {
  readonly id: StorageGroupId
  readonly add: readonly StorageRef[]
  readonly remove: readonly StorageRef[]
}
/** One tag more, or one less. */
type Tagged = { readonly tag: string; readonly isOn: boolean }

export type StorageCommand =
  | On<'blockDevice.create', { readonly device: Omit<BlockDevice, 'id' | 'systemId'> }>
  /** Of a physical disk; a made device has `storage.updateDevice`. */
  | On<
      'blockDevice.update',
      {
        readonly id: BlockDeviceId
        readonly set: Partial<Omit<BlockDevice, 'id' | 'systemId' | 'tags'>>
      }
    >
  /** Physical, with its partitions, or a made one: then its group goes, unless it is a logical volume. */
  | On<'blockDevice.delete', { readonly id: BlockDeviceId }>
  | On<'storage.setBootDisk', { readonly id: BlockDeviceId }>
  | On<'storage.tag', Tagged & { readonly at: StorageRef }>
  | On<'storage.updateDevice', Named & { readonly id: BlockDeviceId; readonly sizeBytes?: number }>
  | On<
      'storage.createPartition',
      {
        readonly device: BlockDeviceId
        readonly sizeBytes: number | null
        readonly uuid?: string
        readonly bootable: boolean
      }
    >
  | On<
      'storage.deletePartition',
      { readonly device: BlockDeviceId; readonly partition: PartitionId }
    >
  | On<
      'storage.format',
      {
        readonly at: StorageRef
        readonly fstype: FilesystemType
        readonly uuid?: string
        readonly label: string
      }
    >
  | On<'storage.unformat', { readonly at: StorageRef }>
  | On<
      'storage.mount',
      {
        readonly at: StorageRef
        /** Null for swap. */
        readonly mountPoint: string | null
        readonly mountOptions: string | null
      }
    >
  | On<'storage.unmount', { readonly at: StorageRef }>
  | On<
      'storage.mountSpecial',
      {
        readonly fstype: FilesystemType
        readonly mountPoint: string
        readonly mountOptions: string | null
      }
    >
  | On<'storage.unmountSpecial', { readonly mountPoint: string }>
  | On<
      'storage.createGroup',
      Named & { readonly kind: 'lvm' | 'vmfs6'; readonly members: readonly StorageRef[] }
    >
  | On<'storage.updateGroup', Changed & { readonly kind: 'lvm' | 'vmfs6' }>
  | On<
      'storage.createLogicalVolume',
      Named & { readonly group: StorageGroupId; readonly sizeBytes: number | null }
    >
  | On<
      'storage.createRaid',
      Named & {
        readonly level: RaidLevel
        readonly members: readonly StorageRef[]
        readonly spares: readonly StorageRef[]
      }
    >
  | On<
      'storage.updateRaid',
      Changed & {
        readonly addSpares: readonly StorageRef[]
        readonly removeSpares: readonly StorageRef[]
      }
    >
  | On<'storage.createCacheSet', { readonly cache: StorageRef }>
  | On<'storage.updateCacheSet', { readonly id: CacheSetId; readonly cache: StorageRef }>
  | On<'storage.deleteCacheSet', { readonly id: CacheSetId }>
  | On<
      'storage.createBcache',
      Named & {
        readonly cacheSet: CacheSetId
        readonly backing: StorageRef
        readonly cacheMode: CacheMode
      }
    >
  | On<
      'storage.updateBcache',
      Named & {
        readonly id: StorageGroupId
        readonly cacheSet?: CacheSetId
        readonly backing?: StorageRef
        readonly cacheMode?: CacheMode
      }
    >
  | On<'storage.deleteGroup', { readonly id: StorageGroupId; readonly kind: StorageGroup['kind'] }>
  /** `isDefault`: the layout of the setting again, for which a machine may have failed its tests. */
  | On<'storage.setLayout', { readonly wish: LayoutWish; readonly isDefault?: true }>
