// Disks and what is made of them as MAAS shows them (maas-api §8). Whatever is a member of something shows a
// filesystem of that kind (`lvm-pv`, `raid`, …), as in MAAS; in the state it has none.
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type {
  CacheSet,
  Filesystem,
  Partition,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import type { RegionState } from '#state/state.ts'
import {
  bootDiskOf,
  deviceOf,
  madeBy,
  nameOf,
  partitionOf,
  refKey,
  usesOf,
  type Storage,
  type Use,
} from '#state/storage-parts.ts'
import { storageWithDisks } from '#state/storage-query.ts'
import { deviceSize, groupSize, partitionedBytes, tableSize } from '#state/storage-sizes.ts'
import { keyOf, keysOf, listOf } from './json-text.ts'
import { uri } from './names.ts'

/** The storage of one machine with what is looked up often. */
export type StorageView = Storage & {
  readonly systemId: SystemId
  readonly uses: ReadonlyMap<string, Use>
}

export function storageView(state: RegionState, systemId: SystemId): StorageView {
  const storage = storageWithDisks(state, systemId)
  return { ...storage, systemId, uses: usesOf(storage.config) }
}

/** The storage keys of a machine. */
export function renderMachineStorage(state: RegionState, systemId: SystemId) {
  const view = storageView(state, systemId)
  const { physical, virtual, boot } = devicesOf(view)
  return {
    ...totals(view),
    boot_disk: boot,
    blockdevice_set: [...physical, ...virtual],
    physicalblockdevice_set: physical,
    virtualblockdevice_set: virtual,
    ...groups(view),
  }
}

/** The same as JSON without its braces; a disk is shown up to three times. */
export function machineStorageText(state: RegionState, systemId: SystemId): string {
  const view = storageView(state, systemId)
  const { physical, virtual, boot } = devicesOf(view)
  const disks = physical.map((device) => JSON.stringify(device))
  const made = virtual.map((device) => JSON.stringify(device))
  const pieces = [
    keysOf(totals(view)),
    keyOf('boot_disk', boot === null ? 'null' : (disks[physical.indexOf(boot)] ?? 'null')),
    keyOf('blockdevice_set', listOf([...disks, ...made])),
    keyOf('physicalblockdevice_set', listOf(disks)),
    keyOf('virtualblockdevice_set', listOf(made)),
    keysOf(groups(view)),
  ]
  return pieces.join(',')
}

function devicesOf(view: StorageView) {
  const physical = view.disks.map((disk) => renderBlockDevice(view, disk.id))
  const virtual = madeDevices(view.config).map(({ id }) => renderBlockDevice(view, id))
  const bootId = bootDiskOf(view)?.id
  return { physical, virtual, boot: physical.find(({ id }) => id === bootId) ?? null }
}

function totals({ disks }: StorageView) {
  const bytes = disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return { storage: Math.round(bytes / 100_000) / 10, swap_size: null }
}

function groups({ systemId, config }: StorageView) {
  const groupsOf = (kind: StorageGroup['kind']) =>
    config.groups.filter((group) => group.kind === kind).map(({ id }) => stub(systemId, id))
  return {
    special_filesystems: config.special.map(renderFilesystem),
    volume_groups: groupsOf('lvm'),
    raids: groupsOf('raid'),
    cache_sets: config.cacheSets.map(({ id }) => stub(systemId, id)),
    bcaches: groupsOf('bcache'),
  }
}

function stub(systemId: SystemId, id: number) {
  return { system_id: systemId, id, __incomplete__: true }
}

export function madeDevices({ devices }: StorageConfig): readonly StorageDevice[] {
  return devices.filter(({ made }) => made !== null).toSorted((a, b) => a.id - b.id)
}

export function renderBlockDevice(view: StorageView, id: BlockDeviceId) {
  const { systemId } = view
  const device = deviceOf(view, id)
  const disk = view.disks.find((each) => each.id === id)
  const name = nameOf(view, id) ?? ''
  const size = deviceSize(view, id)
  const table = device?.table ?? null
  const filesystem = effectiveFilesystem(view, { device: id })
  const available = availableBytes({ size, table, isTaken: filesystem !== null })
  return {
    system_id: systemId,
    id,
    name,
    uuid: device?.made?.uuid ?? null,
    type: device?.made == null ? 'physical' : 'virtual',
    path: `/dev/disk/by-dname/${name}`,
    model: known(disk?.model),
    serial: known(disk?.serial),
    id_path: known(disk?.idPath),
    block_size: disk?.blockSizeBytes ?? 4_096,
    size,
    available_size: available,
    used_size: size - available,
    used_for: usedFor(view, { device: id }),
    tags: device?.made?.tags ?? disk?.tags ?? [],
    filesystem: filesystem === null ? null : renderFilesystem(filesystem),
    partition_table_type: table?.type ?? null,
    partitions: (table?.partitions ?? []).map((each) => renderPartition(view, id, each)),
    firmware_version: null,
    storage_pool: null,
    numa_node: disk === undefined ? null : 0,
    resource_uri: uri('nodes', systemId, 'blockdevices', id),
  }
}

/** What a disk does not say is null. */
function known(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text
}

function availableBytes(of: {
  readonly size: number
  readonly table: StorageDevice['table']
  readonly isTaken: boolean
}): number {
  if (of.isTaken) return 0
  if (of.table === null) return of.size
  return Math.max(tableSize(of.size) - partitionedBytes(of.table.partitions), 0)
}

/** By its place in the table. */
export function partitionName(view: Storage, device: BlockDeviceId, { id }: Partition): string {
  const partitions = deviceOf(view, device)?.table?.partitions ?? []
  const place = partitions.findIndex((each) => each.id === id) + 1
  return `${nameOf(view, device) ?? ''}-part${place}`
}

export function renderPartition(view: StorageView, device: BlockDeviceId, partition: Partition) {
  const { systemId } = view
  const at = { device, partition: partition.id }
  const filesystem = effectiveFilesystem(view, at)
  return {
    system_id: systemId,
    device_id: device,
    id: partition.id,
    uuid: partition.uuid,
    path: `/dev/disk/by-dname/${partitionName(view, device, partition)}`,
    type: 'partition',
    size: partition.sizeBytes,
    bootable: partition.bootable,
    filesystem: filesystem === null ? null : renderFilesystem(filesystem),
    used_for: usedFor(view, at),
    tags: partition.tags,
    // Without the slash at the end, as MAAS's path is.
    resource_uri: uri(
      ...['nodes', systemId, 'blockdevices', device, 'partition', partition.id],
    ).slice(0, -1),
  }
}

function renderFilesystem({ fstype, label, uuid, mountPoint, mountOptions }: ShownFilesystem) {
  return { fstype, label, uuid, mount_point: mountPoint, mount_options: mountOptions }
}

type ShownFilesystem = Omit<Filesystem, 'fstype'> & { readonly fstype: string }

function effectiveFilesystem(view: StorageView, at: StorageRef): ShownFilesystem | null {
  const use = view.uses.get(refKey(at))
  if (use === undefined) {
    const own = 'partition' in at ? partitionOf(view, at) : deviceOf(view, at.device)
    return own?.filesystem ?? null
  }
  const { uuid } = use.kind === 'group' ? use.group : use.cacheSet
  return { fstype: memberType(use), label: '', uuid, mountPoint: null, mountOptions: null }
}

function memberType(use: Use): string {
  if (use.kind === 'cacheSet') return 'bcache-cache'
  switch (use.group.kind) {
    case 'lvm':
      return 'lvm-pv'
    case 'raid':
      return use.isSpare ? 'raid-spare' : 'raid'
    case 'bcache':
      return 'bcache-backing'
    case 'vmfs6':
      return 'vmfs6'
    default:
      return use.group satisfies never
  }
}

/** MAAS's phrases. */
function usedFor(view: StorageView, at: StorageRef): string {
  const use = view.uses.get(refKey(at))
  if (use !== undefined) return memberOf(view, use)
  const own = 'partition' in at ? partitionOf(view, at) : deviceOf(view, at.device)
  const filesystem = own?.filesystem ?? null
  if (filesystem !== null) {
    const { fstype, mountPoint } = filesystem
    if (mountPoint === null) return `Unmounted ${fstype} formatted filesystem`
    return `${fstype} formatted filesystem mounted at ${mountPoint}`
  }
  const table = 'partition' in at ? null : (deviceOf(view, at.device)?.table ?? null)
  if (table === null) return 'Unused'
  const count = table.partitions.length
  return `${table.type} partitioned with ${count} partition${count === 1 ? '' : 's'}`
}

function memberOf(view: StorageView, use: Use): string {
  if (use.kind === 'cacheSet') return `Cache device for ${cacheSetName(view.config, use.cacheSet)}`
  const { group, isSpare } = use
  if (group.kind === 'lvm') return `LVM volume for ${group.name}`
  if (group.kind === 'bcache') return `Backing device for ${group.name}`
  if (group.kind === 'vmfs6') return `VMFS extent for ${group.name}`
  return `${isSpare ? 'Spare' : 'Active'} ${group.level} device for ${group.name}`
}

function renderRef(view: StorageView, ref: StorageRef) {
  const partition = partitionOf(view, ref)
  if (partition === undefined) return renderBlockDevice(view, ref.device)
  return renderPartition(view, ref.device, partition)
}

export function cacheSetName({ cacheSets }: StorageConfig, { id }: CacheSet): string {
  const ids = cacheSets.map((set) => set.id).toSorted((a, b) => a - b)
  return `cache${ids.indexOf(id)}`
}

export function renderCacheSet(view: StorageView, set: CacheSet) {
  const { systemId, config } = view
  return {
    system_id: systemId,
    id: set.id,
    name: cacheSetName(config, set),
    cache_device: renderRef(view, set.cache),
    resource_uri: uri('nodes', systemId, 'bcache-cache-set', set.id),
  }
}

/** Of any kind, with the keys of that kind. */
export function renderGroup(view: StorageView, group: StorageGroup) {
  const { systemId } = view
  const size = groupSize(view, group)
  const { id, uuid, name } = group
  return {
    ...{ system_id: systemId, id, uuid, name, size, human_size: humanSize(size) },
    ...partsOf(view, group, size),
    resource_uri: uri('nodes', systemId, PATHS[group.kind], id),
  }
}

const PATHS = { lvm: 'volume-group', raid: 'raid', bcache: 'bcache', vmfs6: 'vmfs-datastore' }

function partsOf(view: StorageView, group: StorageGroup, size: number) {
  const refs = (list: readonly StorageRef[]) => list.map((ref) => renderRef(view, ref))
  const made = madeBy(view.config, group.id)
  const virtual = made[0] === undefined ? null : renderBlockDevice(view, made[0].id)
  switch (group.kind) {
    case 'lvm': {
      const used = made.reduce((sum, { id }) => sum + deviceSize(view, id), 0)
      return {
        ...{ devices: refs(group.members), used_size: used, human_used_size: humanSize(used) },
        ...{ available_size: size - used, human_available_size: humanSize(size - used) },
        logical_volumes: made.map(({ id }) => renderBlockDevice(view, id)),
      }
    }
    case 'raid':
      return {
        ...{ level: group.level, devices: refs(group.members), spare_devices: refs(group.spares) },
        virtual_device: virtual,
      }
    case 'bcache': {
      const set = view.config.cacheSets.find(({ id }) => id === group.cacheSet)
      return {
        cache_set: set === undefined ? null : renderCacheSet(view, set),
        ...{ backing_device: renderRef(view, group.backing), virtual_device: virtual },
        cache_mode: group.cacheMode,
      }
    }
    case 'vmfs6': {
      const { uuid, name } = group
      const mountPoint = `/vmfs/volumes/${name}`
      const filesystem = { fstype: 'vmfs6', label: '', uuid, mountPoint, mountOptions: null }
      return { devices: refs(group.members), filesystem: renderFilesystem(filesystem) }
    }
    default:
      return group satisfies never
  }
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** `8.6 GB`, decimal. */
function humanSize(bytes: number): string {
  let power = 0
  let size = bytes
  while (size >= 1_000 && power < UNITS.length - 1) {
    size /= 1_000
    power++
  }
  return power === 0 ? `${bytes} bytes` : `${size.toFixed(1)} ${UNITS[power] ?? ''}`
}
