// MAAS's storage layouts: flat, lvm, bcache and blank over the physical disks, from nothing. By UEFI the boot disk
// begins with 512 MiB for it; `boot_size` puts /boot before the root. VMware's layouts and custom ones need data that
// is not here (an image of ESXi, a description by a commissioning script) and are refused.
import type { BlockDeviceId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import type { Filesystem, LayoutWish, SizeWish, StorageConfig, StorageRef } from '#model/storage.ts'
import { invalid, refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import { createBcache, createCacheSet } from './storage-bcache.ts'
import {
  changeDevice,
  newFilesystem,
  withFilesystem,
  type Desk,
  type Edit,
} from './storage-edit.ts'
import { createGroup, createLogicalVolume } from './storage-groups.ts'
import { bootDiskOf } from './storage-parts.ts'
import { addPartition } from './storage-partitions.ts'
import { groupSize, MIB, wishedBytes } from './storage-sizes.ts'

const EFI_BYTES = 512 * MIB
/** Given ones below are refused; of a bcache's boot partition it is the default. */
const BOOT_BYTES_MIN = 512 * MIB
const BOOT_BYTES_OF_BCACHE = 1_024 * MIB
const ROOT_BYTES_MIN = 3 * 1_024 * MIB

type Built<More = unknown> = ({ readonly desk: Desk } & More) | Refusal

export const setLayout: Edit<'storage.setLayout'> = (desk, { wish }) => {
  const built = buildLayout(desk, wish)
  return 'ok' in built ? built : { config: built }
}

/** Nothing of what was there stays but the boot disk. */
export function buildLayout(desk: Desk, wish: LayoutWish): StorageConfig | Refusal {
  const { layout } = wish
  if (layout === 'custom') {
    return refuse('VALIDATION', 'No custom storage layout configuration found')
  }
  if (layout === 'vmfs6' || layout === 'vmfs7') {
    const text = `The ${layout} layout is that of an ESXi image, which is not supported.`
    return invalid('storage_layout', text)
  }
  if (layout !== 'blank' && !Object.hasOwn(LAYOUTS, layout)) {
    return invalid('storage_layout', 'The layout is not known.')
  }
  if (desk.disks.length === 0) {
    return invalid('__all__', `There are no disks to lay out; commission the machine first.`)
  }
  const { systemId, bootDiskId } = desk.config
  const config: StorageConfig = {
    ...{ systemId, bootDiskId, devices: [], groups: [], cacheSets: [], special: [] },
  }
  const bare = { ...desk, config }
  if (layout === 'blank') return config
  const built = LAYOUTS[layout](bare, wish)
  return 'ok' in built ? built : built.desk.config
}

type Build = (desk: Desk, wish: LayoutWish) => Built

const LAYOUTS = { flat: buildFlat, lvm: buildLvm, bcache: buildBcache } satisfies Record<
  string,
  Build
>

function buildFlat(desk: Desk, wish: LayoutWish): Built {
  const root = rootPartition(desk, wish)
  return 'ok' in root ? root : { desk: mounted(root.desk, root.ref, rootFilesystem(desk)) }
}

function rootFilesystem(desk: Desk): Filesystem {
  return newFilesystem(desk, 'ext4', { label: 'root', mountPoint: '/' })
}

function mounted(desk: Desk, ref: StorageRef, filesystem: Filesystem): Desk {
  return { ...desk, config: withFilesystem(desk, ref, filesystem) }
}

/** What every layout begins with: for UEFI, for /boot, and the rest or `root_size` for the root. */
function rootPartition(
  desk: Desk,
  wish: LayoutWish,
  bootBytes = 0,
): Built<{ readonly ref: StorageRef }> {
  const disk = bootDiskOf(desk)
  if (disk === undefined) return invalid('__all__', 'There is no boot disk.')
  const rootDisk = diskOf(desk, wish.rootDevice, disk)
  if (rootDisk === undefined) return invalid('root_device', 'Select a valid choice.')
  const boot = bootSize(desk, wish, disk) ?? bootBytes
  if (typeof boot !== 'number') return boot
  const begun = bootPartitions(desk, disk, boot)
  if ('ok' in begun) return begun
  const sizeBytes = rootSize(desk, wish, { disk, rootDisk, boot })
  if (sizeBytes !== null && typeof sizeBytes !== 'number') return sizeBytes
  // Who boots by the BIOS and has no /boot boots from the root.
  const bootable = rootDisk.id === disk.id && boot === 0 && !desk.isUefi
  const added = addPartition(begun.desk, rootDisk.id, { sizeBytes, bootable })
  if ('ok' in added) return added
  const ref = { device: rootDisk.id, partition: added.id }
  const config = withTable({ ...desk, config: added.config }, disk.id)
  return { desk: { ...desk, config }, ref }
}

/** A boot loader needs a table, also where all else is on another disk. */
function withTable(desk: Desk, id: BlockDeviceId): StorageConfig {
  return changeDevice(desk, id, (device) => ({
    ...device,
    table: device.table ?? { type: 'GPT', partitions: [] },
  }))
}

function diskOf(
  { disks }: Desk,
  id: BlockDeviceId | undefined,
  standard: BlockDevice,
): BlockDevice | undefined {
  return id === undefined ? standard : disks.find((disk) => disk.id === id)
}

function bootPartitions(desk: Desk, { id }: BlockDevice, boot: number): Built {
  let next = desk
  const wishes = [
    {
      ...{ wanted: desk.isUefi, sizeBytes: EFI_BYTES, fstype: 'fat32' as const },
      ...{ label: 'efi', mountPoint: '/boot/efi' },
    },
    {
      ...{ wanted: boot > 0, sizeBytes: boot, fstype: 'ext4' as const },
      ...{ label: 'boot', mountPoint: '/boot' },
    },
  ].filter(({ wanted }) => wanted)
  for (const { sizeBytes, fstype, label, mountPoint } of wishes) {
    const filesystem = newFilesystem(desk, fstype, { label, mountPoint })
    const added = addPartition(next, id, { sizeBytes, bootable: true, filesystem })
    if ('ok' in added) return added
    next = { ...next, config: added.config }
  }
  return { desk: next }
}

function efiBytes({ isUefi }: Desk): number {
  return isUefi ? EFI_BYTES : 0
}

/** Undefined: none was asked for. */
function bootSize(
  desk: Desk,
  { bootSize: wish }: LayoutWish,
  disk: BlockDevice,
): number | undefined | Refusal {
  if (wish === undefined || ('bytes' in wish && wish.bytes === 0)) return undefined
  const all = disk.sizeBytes - efiBytes(desk)
  return within('boot_size', wish, { all, min: BOOT_BYTES_MIN, max: all - ROOT_BYTES_MIN })
}

/** Null: all that is left. */
function rootSize(
  desk: Desk,
  { rootSize: wish }: LayoutWish,
  of: { readonly disk: BlockDevice; readonly rootDisk: BlockDevice; readonly boot: number },
): number | null | Refusal {
  if (wish === undefined || isAll(wish)) return null
  const isShared = of.disk.id === of.rootDisk.id
  const all = of.rootDisk.sizeBytes - (isShared ? efiBytes(desk) : 0)
  const max = all - (isShared ? of.boot : 0)
  return within('root_size', wish, { all, min: ROOT_BYTES_MIN, max })
}

function isAll(wish: SizeWish): boolean {
  return 'hundredths' in wish && wish.hundredths === 10_000
}

function within(
  field: string,
  wish: SizeWish,
  { all, min, max }: { readonly all: number; readonly min: number; readonly max: number },
): number | Refusal {
  const bytes = wishedBytes(wish, all)
  if (bytes < min) return invalid(field, `Size is too small. Minimum size is ${min}.`)
  if (bytes > max) return invalid(field, `Size is too large. Maximum size is ${Math.max(max, 0)}.`)
  return bytes
}

function buildLvm(desk: Desk, wish: LayoutWish): Built {
  const root = rootPartition(desk, wish)
  if ('ok' in root) return root
  const { systemId } = desk.config
  const made = createGroup(root.desk, {
    ...{ type: 'storage.createGroup', systemId, kind: 'lvm', name: wish.vgName ?? 'vgroot' },
    members: [root.ref],
  })
  if ('ok' in made) return renameField(made, 'vg_name')
  const inGroup = { ...desk, config: made.config }
  const group = made.config.groups[0]
  if (group === undefined) return invalid('vg_name', 'There is no volume group.')
  const all = groupSize(inGroup, group)
  const { lvSize } = wish
  const size = lvSize === undefined || isAll(lvSize) ? null : lvBytes(lvSize, all)
  if (size !== null && typeof size !== 'number') return size
  const volume = createLogicalVolume(inGroup, {
    ...{ type: 'storage.createLogicalVolume', systemId, group: group.id, sizeBytes: size },
    name: wish.lvName ?? 'lvroot',
  })
  if ('ok' in volume) return renameField(volume, 'lv_name')
  const onVolume = { ...desk, config: volume.config }
  const device = volume.id as BlockDeviceId
  return { desk: mounted(onVolume, { device }, rootFilesystem(desk)) }
}

function lvBytes(wish: SizeWish, all: number): number | Refusal {
  return within('lv_size', wish, { all, min: Math.min(ROOT_BYTES_MIN, all), max: all })
}

/** A name is told under the parameter that it came by. */
function renameField(refusal: Refusal, field: string): Refusal {
  const { fields } = refusal
  const messages = fields?.['name']
  return messages === undefined ? refusal : { ...refusal, fields: { [field]: messages } }
}

/** The cache is the smallest disk with the tag `ssd` unless one is named. */
function buildBcache(desk: Desk, wish: LayoutWish): Built {
  const cacheDisk = cacheDiskOf(desk, wish)
  if (cacheDisk === undefined) {
    const text = 'There is no disk with the tag ssd besides the boot disk to be the cache.'
    return invalid('cache_device', wish.cacheDevice === undefined ? text : 'Select a valid choice.')
  }
  const root = rootPartition(desk, wish, BOOT_BYTES_OF_BCACHE)
  if ('ok' in root) return root
  const cache = cachePart(root.desk, cacheDisk, wish)
  if ('ok' in cache) return cache
  const { systemId } = desk.config
  const set = createCacheSet(cache.desk, {
    ...{ type: 'storage.createCacheSet', systemId, cache: cache.ref },
  })
  if ('ok' in set) return set
  const inSet = { ...desk, config: set.config }
  const [cacheSet] = set.config.cacheSets
  if (cacheSet === undefined) return invalid('cache_device', 'There is no cache set.')
  const made = createBcache(inSet, {
    ...{ type: 'storage.createBcache', systemId, cacheSet: cacheSet.id, backing: root.ref },
    cacheMode: wish.cacheMode ?? 'writethrough',
  })
  if ('ok' in made) return made
  const device = made.config.devices.find((each) => each.made?.group === made.id)?.id
  if (device === undefined) return invalid('__all__', 'There is no bcache device.')
  return { desk: mounted({ ...desk, config: made.config }, { device }, rootFilesystem(desk)) }
}

function cacheDiskOf(desk: Desk, { cacheDevice, rootDevice }: LayoutWish): BlockDevice | undefined {
  const used = new Set([bootDiskOf(desk)?.id, rootDevice])
  const others = desk.disks.filter(({ id }) => !used.has(id))
  if (cacheDevice !== undefined) return others.find(({ id }) => id === cacheDevice)
  const fast = others.filter(({ tags }) => tags.includes('ssd'))
  return fast.toSorted((a, b) => a.sizeBytes - b.sizeBytes || a.id - b.id)[0]
}

function cachePart(
  desk: Desk,
  disk: BlockDevice,
  { cacheNoPart = false, cacheSize }: LayoutWish,
): Built<{ readonly ref: StorageRef }> {
  if (cacheNoPart) {
    if (cacheSize === undefined) return { desk, ref: { device: disk.id } }
    return invalid('cache_size', 'Cannot use cache_size and cache_no_part at the same time.')
  }
  const all = disk.sizeBytes
  const sizeBytes =
    cacheSize === undefined || isAll(cacheSize)
      ? null
      : within('cache_size', cacheSize, { all, min: Math.min(64 * MIB, all), max: all })
  if (sizeBytes !== null && typeof sizeBytes !== 'number') return sizeBytes
  const added = addPartition(desk, disk.id, { sizeBytes, bootable: false })
  if ('ok' in added) return added
  const ref = { device: disk.id, partition: added.id }
  return { desk: { ...desk, config: added.config }, ref }
}
