// What must hold of every storage configuration, said apart from the code that keeps it.
import type { BlockDevice } from '#model/machine.ts'
import type { StorageConfig, StorageRef } from '#model/storage.ts'

const MIB = 1 << 20

/** In words; empty when all is well. */
export function wrongWith(config: StorageConfig, disks: readonly BlockDevice[]): string[] {
  const wrong: string[] = []
  const sizes = new Map<number, number>(disks.map(({ id, sizeBytes }) => [id, sizeBytes]))
  for (const { id, made } of config.devices) if (made !== null) sizes.set(id, made.sizeBytes)
  const partitions = new Map<string, number>()
  for (const { id, made, table, filesystem } of config.devices) {
    if (made === null && !disks.some((disk) => disk.id === id)) wrong.push(`${id}: no such disk`)
    const isBare = made === null && table === null && filesystem === null
    if (isBare && !isMember(config, id)) wrong.push(`${id}: an empty entry`)
    if (table !== null && filesystem !== null) wrong.push(`${id}: table and filesystem`)
    if (table?.partitions.length === 0 && made !== null) wrong.push(`${id}: an empty table`)
    let end = 4 * MIB
    for (const partition of table?.partitions ?? []) {
      if (partition.sizeBytes <= 0 || partition.sizeBytes % (4 * MIB) !== 0) {
        wrong.push(`${id}/${partition.id}: not aligned`)
      }
      end += partition.sizeBytes
      partitions.set(`${id}/${partition.id}`, partition.sizeBytes)
    }
    if (table !== null && end > (sizes.get(id) ?? 0) - MIB) wrong.push(`${id}: beyond its end`)
  }
  const order = config.devices.map(({ made }) =>
    made === null ? -1 : config.groups.findIndex(({ id }) => id === made.group),
  )
  if (order.some((place, at) => place < (order[at - 1] ?? -1))) wrong.push('devices out of order')
  return [...wrong, ...wrongMembers(config, sizes, partitions), ...wrongNames(config)]
}

function isMember({ groups, cacheSets }: StorageConfig, id: number): boolean {
  const refs = [
    ...groups.flatMap((group) => {
      if (group.kind === 'bcache') return [group.backing]
      return group.kind === 'raid' ? [...group.members, ...group.spares] : group.members
    }),
    ...cacheSets.map(({ cache }) => cache),
  ]
  return refs.some((ref) => ref.device === id && !('partition' in ref))
}

function wrongMembers(
  config: StorageConfig,
  sizes: ReadonlyMap<number, number>,
  partitions: ReadonlyMap<string, number>,
): string[] {
  const wrong: string[] = []
  const key = (ref: StorageRef): string =>
    'partition' in ref ? `${ref.device}/${ref.partition}` : String(ref.device)
  const used = new Map<string, number>()
  const made = new Set<number>(disksOf(config, sizes))
  const take = (ref: StorageRef, by: number): void => {
    if (used.has(key(ref))) wrong.push(`${key(ref)} is used by ${used.get(key(ref))} and ${by}`)
    used.set(key(ref), by)
    const isThere = 'partition' in ref ? partitions.has(key(ref)) : sizes.has(ref.device)
    if (!isThere) wrong.push(`${by} refers to ${key(ref)}, which is not there`)
    if (!config.devices.some(({ id }) => id === ref.device)) wrong.push(`${key(ref)} has no entry`)
  }
  for (const group of config.groups) {
    const cacheSet = config.cacheSets.find(
      ({ id }) => group.kind === 'bcache' && id === group.cacheSet,
    )
    if (cacheSet !== undefined && !made.has(cacheSet.cache.device)) {
      wrong.push(`${group.id} stands before its cache`)
    }
    const refs =
      group.kind === 'bcache'
        ? [group.backing]
        : group.kind === 'raid'
          ? [...group.members, ...group.spares]
          : group.members
    for (const ref of refs) {
      take(ref, group.id)
      if (!made.has(ref.device)) wrong.push(`${group.id} stands before what it is made of`)
    }
    for (const device of config.devices) if (device.made?.group === group.id) made.add(device.id)
    const volumes = config.devices.filter((device) => device.made?.group === group.id)
    if (group.kind === 'lvm') {
      const total = refs.reduce(
        (sum, ref) => sum + (partitions.get(key(ref)) ?? sizes.get(ref.device) ?? 0),
        0,
      )
      const given = volumes.reduce((sum, device) => sum + (device.made?.sizeBytes ?? 0), 0)
      if (given > total - 4 * MIB * refs.length) wrong.push(`${group.id} gave more than it has`)
    } else if (volumes.length !== (group.kind === 'vmfs6' ? 0 : 1)) {
      wrong.push(`${group.id} makes ${volumes.length} devices`)
    }
  }
  for (const { id, cache } of config.cacheSets) take(cache, id)
  for (const { id, made: by, table, filesystem } of config.devices) {
    if (by !== null && !config.groups.some((group) => group.id === by.group)) {
      wrong.push(`${id} is made by nothing`)
    }
    if (used.has(String(id)) && (table !== null || filesystem !== null)) {
      wrong.push(`${id} is a member and something else`)
    }
    for (const partition of table?.partitions ?? []) {
      if (partition.filesystem !== null && used.has(`${id}/${partition.id}`)) {
        wrong.push(`${id}/${partition.id} is a member and has a filesystem`)
      }
    }
  }
  return wrong
}

function disksOf(config: StorageConfig, sizes: ReadonlyMap<number, number>): number[] {
  const made = new Set(config.devices.flatMap((device) => (device.made === null ? [] : device.id)))
  return [...sizes.keys()].filter((id) => !made.has(id as never))
}

function wrongNames({ devices, special }: StorageConfig): string[] {
  const filesystems = [
    ...devices.flatMap(({ filesystem, table }) => [
      filesystem,
      ...(table?.partitions ?? []).map((partition) => partition.filesystem),
    ]),
    ...special,
  ]
  const points = filesystems.flatMap((each) => each?.mountPoint ?? []).filter((p) => p !== 'none')
  return new Set(points).size === points.length ? [] : ['a mount point is there twice']
}
