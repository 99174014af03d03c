// The layout of one machine's disks over those of another: the same tables, partitions, groups and filesystems, with ids
// and UUIDs of their own. Boot disk goes on boot disk, every other one on a disk that is at least as large. Pure.
import type { BlockDeviceId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import type {
  Filesystem,
  StorageConfig,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import { refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import type { Desk } from './storage-edit.ts'
import { bootDiskOf, type Storage } from './storage-parts.ts'
import { settle } from './storage-settle.ts'

type Pairs = ReadonlyMap<BlockDeviceId, BlockDeviceId>

/** The row of the desk's machine, settled; or, as CONFLICT, what its disks lack. */
export function cloneStorage(desk: Desk, from: Storage): StorageConfig | Refusal {
  const pairs = pairDisks(from, desk)
  if ('ok' in pairs) return pairs
  return settle({ ...desk, config: copied(desk, from.config, pairs) })
}

/**
 * The largest first: what fits it fits all that come later, so that the choice between those that fit is free. It falls
 * on the disk that is most alike, by size and tags, and among equals on the smallest, then the oldest.
 */
function pairDisks(from: Storage, to: Storage): Pairs | Refusal {
  const [fewer, more] = [to.disks.length, from.disks.length]
  if (fewer < more)
    return refuse('CONFLICT', `it has fewer disks than the source: ${fewer}, ${more}`)
  const pairs = new Map<BlockDeviceId, BlockDeviceId>()
  const [source, boot] = [bootDiskOf(from), bootDiskOf(to)]
  if (source === undefined || boot === undefined) return pairs
  if (boot.sizeBytes < source.sizeBytes) {
    return refuse('CONFLICT', `its boot disk ${boot.name} is smaller than that of the source`)
  }
  pairs.set(source.id, boot.id)
  const left = new Set(to.disks.filter(({ id }) => id !== boot.id))
  const others = from.disks.filter(({ id }) => id !== source.id)
  for (const disk of others.toSorted((a, b) => b.sizeBytes - a.sizeBytes || a.id - b.id)) {
    const fitting = [...left].filter(({ sizeBytes }) => sizeBytes >= disk.sizeBytes)
    const best = fitting.toSorted(
      (a, b) => likeness(b, disk) - likeness(a, disk) || a.sizeBytes - b.sizeBytes || a.id - b.id,
    )[0]
    if (best === undefined) {
      return refuse('CONFLICT', `none of its disks that are left is as large as ${disk.name}`)
    }
    left.delete(best)
    pairs.set(disk.id, best.id)
  }
  return pairs
}

/** Tags (`ssd`) say more than a size. */
function likeness(disk: BlockDevice, wanted: BlockDevice): number {
  const tags = (of: BlockDevice): string => of.tags.toSorted().join(' ')
  return 2 * Number(tags(disk) === tags(wanted)) + Number(disk.sizeBytes === wanted.sizeBytes)
}

/** By the old one the new one; made when it is asked for first, in the order of the rows. */
function renumbered(make: () => number): <Id extends number>(id: Id) => Id {
  const known = new Map<number, number>()
  return <Id extends number>(id: Id): Id => {
    const found = known.get(id) ?? make()
    known.set(id, found)
    return found as Id
  }
}

function copied(desk: Desk, source: StorageConfig, pairs: Pairs): StorageConfig {
  const { newId, newUuid } = desk
  const made = renumbered(() => newId('blockDevices'))
  const device = (id: BlockDeviceId): BlockDeviceId => pairs.get(id) ?? made(id)
  const partition = renumbered(() => newId('partitions'))
  const group = renumbered(() => newId('storageGroups'))
  const cacheSet = renumbered(() => newId('cacheSets'))
  const ref = (of: StorageRef): StorageRef =>
    'partition' in of
      ? { device: device(of.device), partition: partition(of.partition) }
      : { device: device(of.device) }
  const fresh = <T extends { readonly uuid: string }>(of: T): T => ({ ...of, uuid: newUuid() })
  const filesystem = (of: Filesystem | null): Filesystem | null => (of === null ? null : fresh(of))
  const copyDevice = (of: StorageDevice): StorageDevice => ({
    id: device(of.id),
    made: of.made === null ? null : { ...fresh(of.made), group: group(of.made.group) },
    filesystem: filesystem(of.filesystem),
    table: of.table && {
      ...of.table,
      partitions: of.table.partitions.map((each) => ({
        ...fresh(each),
        id: partition(each.id),
        filesystem: filesystem(each.filesystem),
      })),
    },
  })
  const copyGroup = (of: StorageGroup): StorageGroup => {
    const named = { ...fresh(of), id: group(of.id) }
    if (named.kind === 'bcache') {
      return { ...named, backing: ref(named.backing), cacheSet: cacheSet(named.cacheSet) }
    }
    const members = { ...named, members: named.members.map(ref) }
    return members.kind === 'raid' ? { ...members, spares: members.spares.map(ref) } : members
  }
  return {
    ...{ systemId: desk.config.systemId, bootDiskId: desk.config.bootDiskId },
    devices: source.devices.map(copyDevice),
    groups: source.groups.map(copyGroup),
    cacheSets: source.cacheSets.map((of) => ({
      ...{ ...fresh(of), id: cacheSet(of.id), cache: ref(of.cache) },
    })),
    special: source.special.map(fresh),
  }
}
