// Looking into a storage configuration: which device, what a thing lies on, what is made of it. Pure, over one row and
// the machine's disks; every edit begins here.
import type { BlockDeviceId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import type {
  CacheSet,
  Filesystem,
  Partition,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageGroupId,
  StorageRef,
} from '#model/storage.ts'

/** A row and the disks it is about. */
export type Storage = {
  readonly config: StorageConfig
  readonly disks: readonly BlockDevice[]
}

/** What something is a member of. */
export type Use =
  | { readonly kind: 'group'; readonly group: StorageGroup; readonly isSpare: boolean }
  | { readonly kind: 'cacheSet'; readonly cacheSet: CacheSet }

export function refKey(ref: StorageRef): string {
  return 'partition' in ref ? `${ref.device}/${ref.partition}` : String(ref.device)
}

export function deviceIn(config: StorageConfig, id: BlockDeviceId): StorageDevice | undefined {
  return config.devices.find((device) => device.id === id)
}

/** A disk that is not in use has no entry in the row. */
export function deviceOf({ config, disks }: Storage, id: BlockDeviceId): StorageDevice | undefined {
  const found = deviceIn(config, id)
  if (found !== undefined) return found
  if (!disks.some((disk) => disk.id === id)) return undefined
  return { id, made: null, table: null, filesystem: null }
}

export function partitionOf(storage: Storage, ref: StorageRef): Partition | undefined {
  if (!('partition' in ref)) return undefined
  const { table } = deviceOf(storage, ref.device) ?? { table: null }
  return table?.partitions.find(({ id }) => id === ref.partition)
}

/** A device, or a partition of one. */
export function exists(storage: Storage, ref: StorageRef): boolean {
  if ('partition' in ref) return partitionOf(storage, ref) !== undefined
  return deviceOf(storage, ref.device) !== undefined
}

export function filesystemAt(storage: Storage, ref: StorageRef): Filesystem | null {
  if ('partition' in ref) return partitionOf(storage, ref)?.filesystem ?? null
  return deviceOf(storage, ref.device)?.filesystem ?? null
}

/** What a group lies on: its members, spares after them. */
export function refsOf(group: StorageGroup): readonly StorageRef[] {
  if (group.kind === 'bcache') return [group.backing]
  return group.kind === 'raid' ? [...group.members, ...group.spares] : group.members
}

export function groupOf(config: StorageConfig, id: StorageGroupId): StorageGroup | undefined {
  return config.groups.find((group) => group.id === id)
}

/** Devices made by the group, oldest first. */
export function madeBy(config: StorageConfig, id: StorageGroupId): readonly StorageDevice[] {
  return config.devices.filter(({ made }) => made?.group === id)
}

/** Every member of something, by `refKey`. */
export function usesOf(config: StorageConfig): ReadonlyMap<string, Use> {
  const uses = new Map<string, Use>()
  for (const group of config.groups) {
    const spares = new Set(group.kind === 'raid' ? group.spares.map(refKey) : [])
    for (const ref of refsOf(group)) {
      const key = refKey(ref)
      uses.set(key, { kind: 'group', group, isSpare: spares.has(key) })
    }
  }
  for (const cacheSet of config.cacheSets) {
    uses.set(refKey(cacheSet.cache), { kind: 'cacheSet', cacheSet })
  }
  return uses
}

/** Of the device or any of its partitions. */
export function useOfDevice(storage: Storage, id: BlockDeviceId): Use | undefined {
  const uses = usesOf(storage.config)
  const own = uses.get(refKey({ device: id }))
  if (own !== undefined) return own
  for (const { id: partition } of deviceOf(storage, id)?.table?.partitions ?? []) {
    const use = uses.get(refKey({ device: id, partition }))
    if (use !== undefined) return use
  }
  return undefined
}

/** MAAS's names of the kinds. */
export function niceName(use: Use): string {
  if (use.kind === 'cacheSet') return 'cache set'
  const { kind } = use.group
  if (kind === 'lvm') return 'volume group'
  return kind === 'vmfs6' ? 'VMFS' : kind === 'raid' ? 'RAID' : 'bcache'
}

/** Null: nothing is on it and nothing made of it. A disk to be a member must have no partitions. */
export function whyTaken(storage: Storage, ref: StorageRef): string | null {
  const use = usesOf(storage.config).get(refKey(ref))
  if (use !== undefined) return `it is part of a ${niceName(use)}`
  if (filesystemAt(storage, ref) !== null) return 'it has a filesystem'
  const table = 'partition' in ref ? null : (deviceOf(storage, ref.device)?.table ?? null)
  return table === null || table.partitions.length === 0 ? null : 'it has partitions'
}

/** The disk that the firmware boots from; undefined when there is none. */
export function bootDiskOf({ config, disks }: Storage): BlockDevice | undefined {
  return disks.find(({ id }) => id === config.bootDiskId) ?? disks[0]
}

/** As MAAS shows it: of a logical volume `<group>-<volume>`; undefined: there is no such device. */
export function nameOf({ config, disks }: Storage, id: BlockDeviceId): string | undefined {
  const made = deviceIn(config, id)?.made
  if (made == null) return disks.find((disk) => disk.id === id)?.name
  const group = groupOf(config, made.group)
  return group?.kind === 'lvm' ? `${group.name}-${made.name}` : made.name
}
