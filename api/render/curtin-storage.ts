// A storage configuration as curtin's, version 1 (https://curtin.readthedocs.io/en/latest/topics/storage.html), as data
// to be written as YAML. Pure. Actions stand before those that name them. Our partitions begin 4 MiB from the start;
// before them, 1 MiB from the start, is the one that the BIOS's GRUB needs on GPT: curtin knows it as number 1 and ours
// by one more, but under the names that the API shows.
import type { Plain } from './yaml.ts'
import type { BlockDevice } from '#model/machine.ts'
import type {
  Filesystem,
  Partition,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import { bootDiskOf, deviceOf, madeBy, nameOf, refsOf, type Storage } from '#state/storage-parts.ts'
import { ALIGNMENT, MIB } from '#state/storage-sizes.ts'

type Action = { readonly [key: string]: Plain } & { readonly id: string; readonly type: string }
export type CurtinStorage = { readonly version: 1; readonly config: readonly Action[] }

type Room = Storage & {
  readonly isUefi: boolean
  /** Disks that get a boot loader. */
  readonly grub: ReadonlySet<number>
}

export function renderCurtinStorage(
  disks: readonly BlockDevice[],
  config: StorageConfig,
  firmware: { readonly isUefi: boolean },
): CurtinStorage {
  const storage = { disks, config }
  const room: Room = { ...storage, ...firmware, grub: grubDisks(storage) }
  const devices = [
    ...disks.flatMap((disk) => diskActions(room, disk)),
    ...config.groups.flatMap((group) => groupActions(room, group)),
  ]
  return { version: 1, config: [...devices, ...mounts(room)] }
}

/** The boot disk, and those whose partitions mirror one of it; a disk that is a member itself has no room for GRUB. */
function grubDisks(storage: Storage): ReadonlySet<number> {
  const boot = bootDiskOf(storage)
  if (boot === undefined) return new Set()
  const physical = new Set<number>(storage.disks.map(({ id }) => id))
  for (const group of storage.config.groups) {
    const partitions = refsOf(group).filter((ref) => 'partition' in ref)
    const disks = partitions.map(({ device }) => device)
    if (group.kind !== 'raid' || !disks.includes(boot.id)) continue
    return new Set(disks.filter((id) => physical.has(id)))
  }
  return new Set([boot.id])
}

function diskActions(room: Room, disk: BlockDevice): readonly Action[] {
  const { id, name, model, serial, idPath } = disk
  const device = deviceOf(room, id)
  if (device === undefined) return []
  const isGrub = room.grub.has(id)
  const type =
    device.table?.type ?? (isGrub && device.filesystem === null ? tableOf(room, id) : null)
  const isFound = model !== '' && serial !== ''
  const path = idPath === '' ? `/dev/${name}` : idPath
  return [
    {
      ...{ id: name, name, type: 'disk', wipe: 'superblock' },
      ...(isFound ? { model, serial } : { path }),
      ...ptable(type),
      ...(isGrub ? { grub_device: true } : {}),
    },
    ...(isGrub && needsBiosGrub(room, type) ? [biosGrub(name)] : []),
    ...contents(room, device, name),
  ]
}

/** A boot loader needs a table, where the disk is nothing else already. */
function tableOf({ config }: Room, id: number): 'GPT' | null {
  const refs = [...config.groups.flatMap(refsOf), ...config.cacheSets.map(({ cache }) => cache)]
  const isMember = refs.some((ref) => ref.device === id && !('partition' in ref))
  return isMember ? null : 'GPT'
}

function ptable(type: 'GPT' | 'MBR' | null) {
  return type === null ? {} : { ptable: type === 'GPT' ? 'gpt' : 'msdos' }
}

function needsBiosGrub({ isUefi }: Room, type: 'GPT' | 'MBR' | null): boolean {
  return type === 'GPT' && !isUefi
}

function biosGrub(disk: string): Action {
  return {
    ...{ id: `${disk}-bios-grub`, type: 'partition', number: 1, device: disk, flag: 'bios_grub' },
    ...{ offset: `${MIB}B`, size: `${MIB}B`, wipe: 'zero' },
  }
}

/** Partitions and filesystems. */
function contents(room: Room, device: StorageDevice, name: string): readonly Action[] {
  const { table, filesystem } = device
  if (filesystem !== null) return [format(filesystem, name)]
  if (table === null) return []
  const shift = room.grub.has(device.id) && needsBiosGrub(room, table.type) ? 1 : 0
  return table.partitions.flatMap((partition, place) => {
    const id = `${name}-part${place + 1}`
    const action: Action = {
      ...{ id, name: id, type: 'partition', number: place + 1 + shift, device: name },
      ...{ uuid: partition.uuid, size: `${partition.sizeBytes}B`, wipe: 'superblock' },
      ...(place === 0 ? { offset: `${ALIGNMENT}B` } : {}),
      ...(isBoot(partition, table.type) ? { flag: 'boot' } : {}),
    }
    return partition.filesystem === null ? [action] : [action, format(partition.filesystem, id)]
  })
}

/** On GPT the flag makes an EFI system partition. */
function isBoot({ bootable, filesystem }: Partition, type: 'GPT' | 'MBR'): boolean {
  const fstype = filesystem?.fstype
  return bootable && (type === 'MBR' || fstype === 'fat32' || fstype === 'vfat')
}

function format({ fstype, uuid, label }: Filesystem, volume: string): Action {
  return {
    ...{ id: `${volume}_format`, name: volume, type: 'format', fstype, uuid, volume },
    ...(label === '' ? {} : { label }),
  }
}

function refId(storage: Storage, ref: StorageRef): string {
  const name = nameOf(storage, ref.device) ?? ''
  if (!('partition' in ref)) return name
  const partitions = deviceOf(storage, ref.device)?.table?.partitions ?? []
  return `${name}-part${partitions.findIndex(({ id }) => id === ref.partition) + 1}`
}

/** The group and what it makes. VMware's datastores are not ours to make. */
function groupActions(room: Room, group: StorageGroup): readonly Action[] {
  if (group.kind === 'vmfs6') return []
  const made = madeBy(room.config, group.id)
  const ids = (refs: readonly StorageRef[]): string[] => refs.map((ref) => refId(room, ref))
  const { name, uuid } = group
  if (group.kind === 'lvm') {
    const devices = ids(group.members)
    return [
      { id: name, name, type: 'lvm_volgroup', uuid, devices },
      ...made.flatMap((device) => volume(room, device, name)),
    ]
  }
  const [device] = made
  const inside = device === undefined ? [] : contents(room, device, name)
  const table = ptable(device?.table?.type ?? null)
  if (group.kind === 'raid') {
    const raidlevel = Number(group.level.slice('raid-'.length))
    return [
      {
        ...{ id: name, name, type: 'raid', raidlevel, devices: ids(group.members) },
        ...{ spare_devices: ids(group.spares), ...table },
      },
      ...inside,
    ]
  }
  const cache = room.config.cacheSets.find(({ id }) => id === group.cacheSet)?.cache
  return [
    {
      ...{ id: name, name, type: 'bcache', backing_device: refId(room, group.backing) },
      ...(cache === undefined ? {} : { cache_device: refId(room, cache) }),
      ...{ cache_mode: group.cacheMode, ...table },
    },
    ...inside,
  ]
}

function volume(room: Room, device: StorageDevice, volgroup: string): readonly Action[] {
  const { made } = device
  if (made === null) return []
  const id = `${volgroup}-${made.name}`
  const size = `${made.sizeBytes}B`
  return [
    {
      id,
      name: made.name,
      type: 'lvm_partition',
      volgroup,
      size,
      ...ptable(device.table?.type ?? null),
    },
    ...contents(room, device, id),
  ]
}

/** Parents before what is mounted below them. */
function mounts(room: Room): readonly Action[] {
  const { devices, special } = room.config
  const placed = devices.flatMap(({ id, filesystem, table }) => [
    ...mountOf(filesystem, refId(room, { device: id })),
    ...(table?.partitions ?? []).flatMap((partition) =>
      mountOf(partition.filesystem, refId(room, { device: id, partition: partition.id })),
    ),
  ])
  const others = special.map(
    ({ fstype, mountPoint, mountOptions, uuid }): Action => ({
      ...{ id: `${uuid}_mount`, type: 'mount', fstype, spec: fstype, path: mountPoint ?? '' },
      ...(mountOptions === null ? {} : { options: mountOptions }),
    }),
  )
  const depth = ({ path }: Action): number =>
    (typeof path === 'string' ? path : '').split('/').filter(Boolean).length
  return [...placed, ...others].toSorted((a, b) => depth(a) - depth(b))
}

function mountOf(filesystem: Filesystem | null, volume: string): readonly Action[] {
  if (filesystem === null || filesystem.mountPoint === null) return []
  const { mountPoint: path, mountOptions } = filesystem
  return [
    {
      ...{ id: `${volume}_mount`, name: volume, type: 'mount', device: `${volume}_format`, path },
      ...(mountOptions === null ? {} : { options: mountOptions }),
    },
  ]
}
