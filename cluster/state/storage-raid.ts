// RAID: members by level as MAAS demands, spares, and the device that it makes.
import type { RaidLevel, StorageGroup, StorageGroupId } from '#model/storage.ts'
import { invalid } from './context.ts'
import type { Refusal } from './outcome.ts'
import { whyBadName, whyNotMembers, withDevice, type Desk, type Edit } from './storage-edit.ts'
import {
  changeMembers,
  MEMBERS,
  named,
  nameFor,
  noGroup,
  whyNotRemoved,
  withGroup,
  withMade,
} from './storage-groups.ts'
import { groupOf, madeBy } from './storage-parts.ts'
import { asMembers } from './storage-partitions.ts'
import { groupSize } from './storage-sizes.ts'

type Raid = Extract<StorageGroup, { readonly kind: 'raid' }>

const MEMBERS_MIN: Readonly<Record<RaidLevel, number>> = {
  ...{ 'raid-0': 2, 'raid-1': 2, 'raid-5': 3, 'raid-6': 4, 'raid-10': 3 },
}
const SPARES = { devices: 'spare_devices', partitions: 'spare_partitions' }
const ADDED_SPARES = { devices: 'add_spare_devices', partitions: 'add_spare_partitions' }
const REMOVED_SPARES = { devices: 'remove_spare_devices', partitions: 'remove_spare_partitions' }

export const createRaid: Edit<'storage.createRaid'> = (desk, command) => {
  const { level, members, spares, uuid } = command
  const name = nameFor(desk, command.name, 'md')
  const refusal =
    whyBadName(name) ??
    whyNotMembers(desk, members, MEMBERS) ??
    whyNotMembers(desk, spares, SPARES) ??
    whyWrongCount({ level, members, spares })
  if (refusal !== null) return refusal
  const active = asMembers(desk, members)
  if ('ok' in active) return active
  const idle = asMembers(active.desk, spares)
  if ('ok' in idle) return idle
  const id = desk.newId<StorageGroupId>('storageGroups')
  const group: Raid = {
    ...{ id, uuid: uuid ?? desk.newUuid(), name, kind: 'raid', level },
    ...{ members: active.members, spares: idle.members },
  }
  const config = withGroup(idle.desk.config, group)
  const sizeBytes = groupSize({ ...desk, config }, group)
  const made = withMade({ ...desk, config }, { groupId: id, name, uuid: undefined, sizeBytes })
  return { config: made.config, id }
}

/** MAAS's sentences. */
function whyWrongCount({
  level,
  members,
  spares,
}: Pick<Raid, 'level' | 'members' | 'spares'>): Refusal | null {
  const least = MEMBERS_MIN[level]
  const hasSpares = level === 'raid-0' && spares.length > 0
  if (members.length >= least && !hasSpares) return null
  const number = level.slice('raid-'.length)
  const other = level === 'raid-0' ? 'no spares' : 'any number of spares'
  const text = `RAID level ${number} must have at least ${least} raid devices and ${other}.`
  return invalid('level', text)
}

export const updateRaid: Edit<'storage.updateRaid'> = (desk, command) => {
  const { id, uuid, add, remove, addSpares, removeSpares } = command
  const name = command.name === '' ? undefined : command.name
  const raid = groupOf(desk.config, id)
  if (raid?.kind !== 'raid') return noGroup('raid')
  const refusal =
    whyBadName(name) ??
    whyNotRemoved(raid.members, remove) ??
    whyNotRemoved(raid.spares, removeSpares, REMOVED_SPARES) ??
    whyNotMembers(desk, addSpares, ADDED_SPARES)
  if (refusal !== null) return refusal
  const active = changeMembers(desk, raid.members, { add, remove })
  if ('ok' in active) return active
  const idle = changeMembers(active.desk, raid.spares, { add: addSpares, remove: removeSpares })
  if ('ok' in idle) return idle
  return renamed(idle.desk, {
    ...{ ...raid, ...named({ name, uuid }) },
    ...{ members: active.members, spares: idle.members },
  })
}

function renamed(desk: Desk, raid: Raid) {
  const refusal = whyWrongCount(raid)
  return refusal ?? { config: renameMade({ ...desk, config: withGroup(desk.config, raid) }, raid) }
}

/** The device that a group makes has the group's name. */
export function renameMade(desk: Desk, { id, name }: StorageGroup) {
  const [device] = madeBy(desk.config, id)
  if (device?.made == null) return desk.config
  return withDevice(desk.config, { ...device, made: { ...device.made, name } })
}
