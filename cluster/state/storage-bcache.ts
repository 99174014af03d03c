// bcache: a slow backing device behind a fast cache, which several may share as a cache set.
import type {
  CacheSet,
  CacheSetId,
  StorageGroup,
  StorageGroupId,
  StorageRef,
} from '#model/storage.ts'
import { invalid, notFound, refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import {
  whyBadName,
  whyNotMembers,
  type Desk,
  type Edit,
  type MemberFields,
} from './storage-edit.ts'
import { named, nameFor, noGroup, withGroup, withMade } from './storage-groups.ts'
import { groupOf, refKey } from './storage-parts.ts'
import { asMembers } from './storage-partitions.ts'
import { renameMade } from './storage-raid.ts'
import { sizeOf } from './storage-sizes.ts'

type Bcache = Extract<StorageGroup, { readonly kind: 'bcache' }>

const CACHE: MemberFields = { devices: 'cache_device', partitions: 'cache_partition' }
const BACKING: MemberFields = { devices: 'backing_device', partitions: 'backing_partition' }

/** One thing to use; the boot disk by a partition over all of it. */
function takeOne(
  desk: Desk,
  ref: StorageRef,
  fields: MemberFields,
): { readonly desk: Desk; readonly ref: StorageRef } | Refusal {
  const refusal = whyNotMembers(desk, [ref], fields)
  if (refusal !== null) return refusal
  const taken = asMembers(desk, [ref])
  if ('ok' in taken) return taken
  return { desk: taken.desk, ref: taken.members[0] ?? ref }
}

export const createCacheSet: Edit<'storage.createCacheSet'> = (desk, { cache }) => {
  const taken = takeOne(desk, cache, CACHE)
  if ('ok' in taken) return taken
  const { config } = taken.desk
  const set: CacheSet = {
    ...{ id: desk.newId<CacheSetId>('cacheSets'), uuid: desk.newUuid(), cache: taken.ref },
  }
  return { config: { ...config, cacheSets: [...config.cacheSets, set] }, id: set.id }
}

export const updateCacheSet: Edit<'storage.updateCacheSet'> = (desk, { id, cache }) => {
  const set = desk.config.cacheSets.find((each) => each.id === id)
  if (set === undefined) return notFound('CacheSet')
  if (refKey(set.cache) === refKey(cache)) return { config: desk.config }
  const taken = takeOne(desk, cache, CACHE)
  if ('ok' in taken) return taken
  const { config } = taken.desk
  const cacheSets = config.cacheSets.map((each) =>
    each.id === id ? { ...each, cache: taken.ref } : each,
  )
  return { config: { ...config, cacheSets } }
}

export const deleteCacheSet: Edit<'storage.deleteCacheSet'> = ({ config }, { id }) => {
  if (!config.cacheSets.some((set) => set.id === id)) return notFound('CacheSet')
  const isUsed = config.groups.some((group) => group.kind === 'bcache' && group.cacheSet === id)
  if (isUsed) return refuse('VALIDATION', 'Cannot delete cache set; it is in use by a bcache.')
  return { config: { ...config, cacheSets: config.cacheSets.filter((set) => set.id !== id) } }
}

export const createBcache: Edit<'storage.createBcache'> = (desk, command) => {
  const { uuid, cacheSet, backing, cacheMode } = command
  const name = nameFor(desk, command.name, 'bcache')
  const refusal = whyBadName(name) ?? whyNoSet(desk, cacheSet)
  if (refusal !== null) return refusal
  const taken = takeOne(desk, backing, BACKING)
  if ('ok' in taken) return taken
  const id = desk.newId<StorageGroupId>('storageGroups')
  const group: Bcache = {
    ...{ id, uuid: uuid ?? desk.newUuid(), name, kind: 'bcache', cacheMode, cacheSet },
    backing: taken.ref,
  }
  const next = { ...taken.desk, config: withGroup(taken.desk.config, group) }
  const sizeBytes = sizeOf(next, taken.ref)
  const made = withMade(next, { groupId: id, name, uuid: undefined, sizeBytes })
  return { config: made.config, id }
}

function whyNoSet({ config }: Desk, wanted: CacheSetId): Refusal | null {
  const isThere = config.cacheSets.some(({ id }) => id === wanted)
  return isThere ? null : invalid('cache_set', 'Select a valid choice.')
}

export const updateBcache: Edit<'storage.updateBcache'> = (desk, command) => {
  const { id, uuid, cacheSet, backing, cacheMode } = command
  const name = command.name === '' ? undefined : command.name
  const group = groupOf(desk.config, id)
  if (group?.kind !== 'bcache') return noGroup('bcache')
  const set = cacheSet ?? group.cacheSet
  const refusal = whyBadName(name) ?? whyNoSet(desk, set)
  if (refusal !== null) return refusal
  const isKept = backing === undefined || refKey(backing) === refKey(group.backing)
  const taken = isKept ? { desk, ref: group.backing } : takeOne(desk, backing, BACKING)
  if ('ok' in taken) return taken
  const next: Bcache = {
    ...{ ...group, ...named({ name, uuid }), cacheSet: set, backing: taken.ref },
    cacheMode: cacheMode ?? group.cacheMode,
  }
  const config = withGroup(taken.desk.config, next)
  return { config: renameMade({ ...taken.desk, config }, next) }
}
