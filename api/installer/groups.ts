// RAID, LVM and bcache: the commands that make a group and find the devices it makes.
import type { BlockDeviceId } from '#model/ids.ts'
import type { CacheSet, StorageConfig, StorageGroup } from '#model/storage.ts'
import { deviceOf, deviceVariable } from './device-names.ts'
import { call, quote, sh } from './shell.ts'

/** LVM's default, and MAAS's. */
const EXTENT_BYTES = 4 << 20

/** A device made by a group: its variable is set. */
export type MadeDevice = {
  readonly id: BlockDeviceId
  readonly name: string
  readonly sizeBytes: number
}

/** `isFirst`: nothing of the group is made yet. */
export function makeDevice(
  storage: StorageConfig,
  group: StorageGroup,
  device: MadeDevice,
  isFirst: boolean,
): readonly string[] {
  const variable = deviceVariable(device.id)
  switch (group.kind) {
    case 'lvm': {
      const extents = Math.floor(device.sizeBytes / EXTENT_BYTES)
      return [
        ...(isFirst ? makeVolumeGroup(group) : []),
        call('make_volume', group.name, device.name, extents, group.members.length),
        `${variable}=${quote(`/dev/${group.name}/${device.name}`)}`,
      ]
    }
    case 'raid':
      return [makeRaid(group), 'slow_resync', `${variable}=$(readlink -f ${raidPath(group.name)})`]
    case 'bcache':
      return makeBcache(storage, group, variable)
    case 'vmfs6':
      return []
    default:
      return group satisfies never
  }
}

/** A volume group without volumes is made too. */
export function makeVolumeGroup({
  name,
  members,
}: Extract<StorageGroup, { kind: 'lvm' }>): readonly string[] {
  const devices = members.map(deviceOf)
  return [
    ...devices.map((device) => call('pvcreate', '-q', '-ff', '-y', '-Z', 'y', device)),
    call('vgcreate', '-q', '-y', '-s', `${EXTENT_BYTES}b`, name, ...devices),
  ]
}

/**
 * The data begin 1 MiB into each member, as the sizes that the region tells assume (mdadm alone would keep up to 128 MiB
 * for a later change of shape).
 */
function makeRaid(group: Extract<StorageGroup, { kind: 'raid' }>): string {
  const { members, spares } = group
  return call(
    'mdadm',
    ...['--create', raidPath(group.name), '--run', '--quiet', '--force'],
    ...['--metadata=1.2', '--data-offset=1M', sh('"--homehost=$NODE_NAME"')],
    `--level=${group.level.replace('raid-', '')}`,
    `--uuid=${group.uuid}`,
    `--raid-devices=${members.length}`,
    ...(spares.length > 0 ? [`--spare-devices=${spares.length}`] : []),
    ...[...members, ...spares].map(deviceOf),
  )
}

function raidPath(name: string): string {
  return /^md\d+$/.test(name) ? `/dev/${name}` : `/dev/md/${name}`
}

function makeBcache(
  storage: StorageConfig,
  group: Extract<StorageGroup, { kind: 'bcache' }>,
  variable: string,
): readonly string[] {
  const set = storage.cacheSets.find(({ id }) => id === group.cacheSet)
  if (set === undefined) return []
  const backing = deviceOf(group.backing)
  return [
    ...makeCacheSet(set),
    call('make_backing', backing, set.uuid, group.cacheMode),
    `${variable}=$(${call('bcache_of', backing)})`,
  ]
}

/** Shared by the bcaches that name it: `make_cache` does nothing the second time. */
function makeCacheSet({ cache, uuid }: CacheSet): readonly string[] {
  return [call('make_cache', deviceOf(cache), uuid)]
}

/** As device mapper spells it: what `update-grub` and initramfs-tools know a logical volume by. */
export function mapperPath(group: string, volume: string): string {
  const escape = (name: string): string => name.replaceAll('-', '--')
  return `/dev/mapper/${escape(group)}-${escape(volume)}`
}
