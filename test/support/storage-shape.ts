// A storage configuration without what is its own alone: ids and UUIDs. Two of one shape are laid out alike.
import type { Filesystem, StorageRef } from '#model/storage.ts'
import { nameOf, refsOf, type Storage } from '#state/storage-parts.ts'

/** Things are called by their names, partitions and cache sets by their place. */
export function shapeOf(storage: Storage): unknown {
  const { devices, groups, cacheSets, special } = storage.config
  const bare = (of: Filesystem | null) => of && { ...of, uuid: '' }
  const ref = (of: StorageRef): string => {
    const table = devices.find(({ id }) => id === of.device)?.table
    const place = (id: number) => table?.partitions.findIndex((each) => each.id === id)
    const name = nameOf(storage, of.device)
    return 'partition' in of ? `${name} ${place(of.partition)}` : `${name}`
  }
  return {
    devices: devices.map(({ id, made, table, filesystem }) => ({
      ...{ name: nameOf(storage, id), filesystem: bare(filesystem) },
      made: made && { ...made, uuid: '', group: groups.findIndex((of) => of.id === made.group) },
      table: table && {
        type: table.type,
        partitions: table.partitions.map((each) => ({
          ...{ ...each, id: 0, uuid: '', filesystem: bare(each.filesystem) },
        })),
      },
    })),
    groups: groups.map((group) => ({
      ...{ kind: group.kind, name: group.name, on: refsOf(group).map(ref) },
      spares: group.kind === 'raid' ? group.spares.length : 0,
      level: group.kind === 'raid' ? group.level : '',
      ...(group.kind === 'bcache' && {
        cacheMode: group.cacheMode,
        cacheSet: cacheSets.findIndex(({ id }) => id === group.cacheSet),
      }),
    })),
    cacheSets: cacheSets.map(({ cache }) => ref(cache)),
    special: special.map(bare),
  }
}

/** Every id and UUID of the row: none may be on another machine too. Ids of physical disks aside. */
export function ownOf({ config }: Storage): readonly string[] {
  const { devices, groups, cacheSets, special } = config
  const tables = devices.flatMap(({ table }) => table?.partitions ?? [])
  const filesystems = [...devices, ...tables].flatMap(({ filesystem }) => filesystem ?? [])
  const made = devices.flatMap(({ id, made: of }) => (of === null ? [] : [{ ...of, id }]))
  return [
    ...[...made, ...tables, ...groups, ...cacheSets, ...filesystems, ...special].map(
      (of) => of.uuid,
    ),
    ...made.map(({ id }) => `device ${id}`),
    ...tables.map(({ id }) => `partition ${id}`),
    ...groups.map(({ id }) => `group ${id}`),
    ...cacheSets.map(({ id }) => `cache set ${id}`),
  ]
}
