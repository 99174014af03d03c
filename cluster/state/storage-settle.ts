// The last step of every edit of a storage configuration: what is made of other things gets its size anew, rows get the
// order in which they can be worked off, and what may not be is refused, whatever the edit was. Invariants of a row:
// no device or partition is used twice, none is made of itself, nothing refers to what is not there, partitions and
// volumes fit, names and mount points are there once.
import type { BlockDeviceId } from '#model/ids.ts'
import type {
  CacheSet,
  Filesystem,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import { invalid } from './context.ts'
import { STORAGE_DEVICES_MAX, STORAGE_GROUPS_MAX, STORAGE_PARTITIONS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import {
  deviceIn,
  deviceOf,
  exists,
  madeBy,
  nameOf,
  refKey,
  refsOf,
  type Storage,
} from './storage-parts.ts'
import { deviceSize, groupSize, partitionedBytes, tableSize } from './storage-sizes.ts'

export function isRefusal(value: StorageConfig | Refusal): value is Refusal {
  return 'ok' in value
}

const wrong = (message: string): Refusal => invalid('__all__', message)

/** The row as it may be kept, or why not. */
export function settle({ config, disks }: Storage): StorageConfig | Refusal {
  const devices = inUse({ config, disks })
  const ordered = arrange({ config: { ...config, devices }, disks })
  if (ordered === null) return wrong('A device cannot be made of itself.')
  const sized = resize({ config: ordered, disks })
  return whyWrong({ config: sized, disks }) ?? sized
}

/** Made ones, and disks that something is on or that are members themselves. A table without partitions gives way. */
function inUse({ config, disks }: Storage): readonly StorageDevice[] {
  const used = new Set(membersOf(config).map(refKey))
  const isUsed = (id: BlockDeviceId): boolean => used.has(refKey({ device: id }))
  const kept = config.devices.flatMap((device): readonly StorageDevice[] => {
    const { id, made, table, filesystem } = device
    const isEmpty = table?.partitions.length === 0 && (isUsed(id) || filesystem !== null)
    const next = isEmpty ? { ...device, table: null } : device
    const isBare = next.table === null && filesystem === null && made === null
    return isBare && !isUsed(id) ? [] : [next]
  })
  const known = new Set(kept.map(({ id }) => id))
  const members = disks.filter(({ id }) => isUsed(id) && !known.has(id))
  return [...kept, ...members.map(({ id }) => ({ id, made: null, table: null, filesystem: null }))]
}

function membersOf({ groups, cacheSets }: StorageConfig): readonly StorageRef[] {
  return [...groups.flatMap(refsOf), ...cacheSets.map(({ cache }) => cache)]
}

/** Groups after what they are made of; null: there is a circle. */
function arrange({ config }: Storage): StorageConfig | null {
  const waiting = new Set<StorageGroup>(config.groups)
  const groups: StorageGroup[] = []
  const ready = new Set<number>()
  const needs = (refs: readonly StorageRef[]): boolean =>
    refs.every(({ device }) => {
      const made = deviceIn(config, device)?.made
      return made == null || ready.has(made.group)
    })
  while (waiting.size > 0) {
    const next = [...waiting].find((group) => needs(everyRefOf(config, group)))
    if (next === undefined) return null
    waiting.delete(next)
    ready.add(next.id)
    groups.push(next)
  }
  const disks = config.devices.filter(({ made }) => made === null)
  const devices = [
    ...disks.toSorted((a, b) => a.id - b.id),
    ...groups.flatMap(({ id }) => madeBy(config, id)),
  ]
  return { ...config, devices, groups }
}

/** A bcache is made of its cache, too. */
function everyRefOf(config: StorageConfig, group: StorageGroup): readonly StorageRef[] {
  if (group.kind !== 'bcache') return refsOf(group)
  const cacheSet = config.cacheSets.find(({ id }) => id === group.cacheSet)
  return cacheSet === undefined ? refsOf(group) : [...refsOf(group), cacheSet.cache]
}

/** In order, since one may be made of the other. */
function resize({ config, disks }: Storage): StorageConfig {
  let next = config
  for (const group of config.groups) {
    if (group.kind === 'lvm' || group.kind === 'vmfs6') continue
    const sizeBytes = groupSize({ config: next, disks }, group)
    const devices = next.devices.map((device) =>
      device.made?.group === group.id && device.made.sizeBytes !== sizeBytes
        ? { ...device, made: { ...device.made, sizeBytes } }
        : device,
    )
    next = { ...next, devices }
  }
  return next
}

function whyWrong(storage: Storage): Refusal | null {
  return (
    whyTooMuch(storage) ??
    whyTwice(storage) ??
    whyTooLarge(storage) ??
    whySameName(storage) ??
    whySameMount(storage.config)
  )
}

function whyTooMuch({ config }: Storage): Refusal | null {
  const { devices, groups, cacheSets, special } = config
  const isMany =
    devices.length > STORAGE_DEVICES_MAX ||
    groups.length + cacheSets.length > STORAGE_GROUPS_MAX ||
    special.length > STORAGE_GROUPS_MAX ||
    devices.some(({ table }) => (table?.partitions.length ?? 0) > STORAGE_PARTITIONS_MAX)
  return isMany ? wrong('This is more than can be kept of one machine.') : null
}

function whyTwice(storage: Storage): Refusal | null {
  const { config } = storage
  const used = new Set<string>()
  for (const ref of membersOf(config)) {
    if (!exists(storage, ref)) return wrong('A member is not there any more.')
    const key = refKey(ref)
    if (used.has(key)) return wrong('A device or partition is used twice.')
    used.add(key)
  }
  for (const { id, table, filesystem } of config.devices) {
    if (deviceOf(storage, id) === undefined) return wrong('A disk is not there any more.')
    const isUsed = used.has(refKey({ device: id }))
    const count = Number(isUsed) + Number(table !== null) + Number(filesystem !== null)
    if (count > 1) return wrong('A device is used twice.')
    for (const partition of table?.partitions ?? []) {
      const key = refKey({ device: id, partition: partition.id })
      if (partition.filesystem !== null && used.has(key)) return wrong('A partition is used twice.')
    }
  }
  return whyDangling(config)
}

function whyDangling({ groups, cacheSets, devices }: StorageConfig): Refusal | null {
  const hasSet = (wanted: CacheSet['id']): boolean => cacheSets.some(({ id }) => id === wanted)
  const known = new Set(groups.map(({ id }) => id))
  if (groups.some((group) => group.kind === 'bcache' && !hasSet(group.cacheSet))) {
    return wrong('A cache set is not there any more.')
  }
  const isAlone = devices.some(({ made }) => made !== null && !known.has(made.group))
  return isAlone ? wrong('A group is not there any more.') : null
}

function whyTooLarge(storage: Storage): Refusal | null {
  const { config } = storage
  for (const { id, made, table } of config.devices) {
    if (made !== null && made.sizeBytes <= 0) return wrong('There is nothing left to use.')
    const used = partitionedBytes(table?.partitions ?? [])
    if (used > tableSize(deviceSize(storage, id))) {
      return wrong(`The partitions are larger than ${nameOf(storage, id) ?? 'their disk'}.`)
    }
  }
  for (const group of config.groups) {
    if (group.kind !== 'lvm') continue
    const volumes = madeBy(config, group.id)
    const used = volumes.reduce((sum, { made }) => sum + (made?.sizeBytes ?? 0), 0)
    if (used > groupSize(storage, group)) {
      return wrong('Volume group cannot be smaller than its logical volumes.')
    }
  }
  return null
}

function whySameName(storage: Storage): Refusal | null {
  const { config, disks } = storage
  const made = config.devices.filter((device) => device.made !== null)
  const ids: readonly BlockDeviceId[] = [...disks, ...made].map(({ id }) => id)
  const devices = ids.map((id) => nameOf(storage, id))
  const groups = config.groups
    .filter(({ kind }) => kind === 'lvm' || kind === 'vmfs6')
    .map(({ name }) => name)
  const isTwice = (names: readonly unknown[]): boolean => new Set(names).size < names.length
  if (isTwice(devices)) return invalid('name', 'Block device with this Name already exists.')
  return isTwice(groups) ? invalid('name', 'A group with this name already exists.') : null
}

function whySameMount({ devices, special }: StorageConfig): Refusal | null {
  const filesystems: readonly (Filesystem | null)[] = [
    ...devices.flatMap(({ filesystem, table }) => [
      filesystem,
      ...(table?.partitions ?? []).map((partition) => partition.filesystem),
    ]),
    ...special,
  ]
  const points = filesystems.flatMap((filesystem) => filesystem?.mountPoint ?? [])
  const paths = points.filter((point) => point !== 'none')
  if (new Set(paths).size === paths.length) return null
  return invalid('mount_point', 'Another filesystem is already mounted at this path.')
}
