// nodes/{system_id}/bcaches/ and bcache-cache-sets/ (maas-api §9).
import type { SystemId } from '#model/ids.ts'
import type { CacheMode, CacheSet, StorageRef } from '#model/storage.ts'
import { json, jsonList, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { choice, text } from '../params.ts'
import { renderCacheSet, type StorageView } from '../render/storage.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import {
  cacheSetNamed,
  groupIn,
  refNamed,
  UUID,
  uuidFrom,
  viewAfter,
  viewOf,
} from './storage-names.ts'
import { commonActions, shownGroup } from './volume-groups.ts'

const MODES: readonly CacheMode[] = ['writeback', 'writethrough', 'writearound']
const ONE_OF = 'One of these two.'

/** The one that is given; null: none is. Throws 400 for both. */
function oneOf(view: StorageView, device: Named, partition: Named): StorageRef | null {
  const isThere = ({ value }: Named): boolean => value !== undefined && value !== ''
  if (isThere(device) && isThere(partition)) {
    throw fieldError('__all__', `Either ${device.field} or ${partition.field}, not both.`)
  }
  const given = isThere(device) ? device : partition
  const { field, value } = given
  if (value === undefined || value === '') return null
  return refNamed(view, value, { field, isPartition: given === partition })
}

type Named = { readonly field: string; readonly value: string | undefined }

const CACHE = {
  cache_device: text(`Block device that is the cache, by id or name. ${ONE_OF}`),
  cache_partition: text(`Partition that is the cache, by id or name. ${ONE_OF}`),
}

function cacheOf(view: StorageView, values: { readonly [N in keyof typeof CACHE]?: string }) {
  return oneOf(
    view,
    { field: 'cache_device', value: values.cache_device },
    { field: 'cache_partition', value: values.cache_partition },
  )
}

function setIn(view: StorageView, call: Call): CacheSet {
  const set = cacheSetNamed(view, call.param('id'))
  if (set === undefined) throw notFound('CacheSet')
  return set
}

function shownSet(call: Call, systemId: SystemId, id: number): Answer {
  const view = viewAfter(call, systemId)
  const set = view.config.cacheSets.find((each) => each.id === id)
  if (set === undefined) throw notFound('CacheSet')
  return json(renderCacheSet(view, set))
}

const CACHE_SET: Resource = {
  ...{ name: 'BcacheCacheSetHandler', path: 'nodes/{system_id}/bcache-cache-set/{id}/' },
  doc: 'Manage one bcache cache set.',
  actions: [
    read('user', 'Show a cache set.', async (call) => {
      const view = await viewOf(call)
      return json(renderCacheSet(view, setIn(view, call)))
    }),
    taking(
      CACHE,
      (run) => update('admin', 'Change a cache set.', run),
      async (call, values) => {
        const view = await viewOf(call)
        const { systemId } = view
        const { id, cache } = setIn(view, call)
        const wanted = cacheOf(view, values) ?? cache
        await call.propose({ type: 'storage.updateCacheSet', systemId, id, cache: wanted })
        return shownSet(call, systemId, id)
      },
    ),
    remove('admin', 'Delete a cache set.', async (call) => {
      const view = await viewOf(call)
      const { systemId } = view
      const { id } = setIn(view, call)
      await call.propose({ type: 'storage.deleteCacheSet', systemId, id })
      return NO_CONTENT
    }),
  ],
}

const BCACHE = {
  ...{ name: text('Name; bcache0, bcache1, … when absent.'), uuid: UUID },
  cache_set: text('Cache set, by id or name.'),
  backing_device: text(`Block device that is cached, by id or name. ${ONE_OF}`),
  backing_partition: text(`Partition that is cached, by id or name. ${ONE_OF}`),
  cache_mode: choice('How writes are cached.', MODES),
}
type BcacheValues = {
  readonly cache_set?: string
  readonly backing_device?: string
  readonly backing_partition?: string
}

function backingOf(view: StorageView, values: BcacheValues) {
  return oneOf(
    view,
    { field: 'backing_device', value: values.backing_device },
    { field: 'backing_partition', value: values.backing_partition },
  )
}

function setNamed(view: StorageView, { cache_set: name = '' }: BcacheValues) {
  if (name === '') return undefined
  const set = cacheSetNamed(view, name)
  if (set !== undefined) return set.id
  const message = `Select a valid choice. ${name.slice(0, 64)} is not one of the available choices.`
  throw fieldError('cache_set', message)
}

const CREATE = taking(
  BCACHE,
  (run) => create('admin', 'Create a bcache.', run),
  async (call, { name = '', uuid, cache_mode: cacheMode = 'writeback', ...values }) => {
    const view = await viewOf(call)
    const { systemId } = view
    const cacheSet = setNamed(view, values)
    if (cacheSet === undefined) throw fieldError('cache_set', 'Bcache requires a cache_set.')
    const backing = backingOf(view, values)
    if (backing === null) {
      const text = 'Either backing_device or backing_partition must be specified.'
      throw fieldError('__all__', text)
    }
    const { id } = await call.propose({
      ...{ type: 'storage.createBcache', systemId, cacheSet, backing, cacheMode },
      ...{ ...uuidFrom(uuid), ...(name === '' ? {} : { name }) },
    })
    return shownGroup(call, systemId, id)
  },
)

const UPDATE = taking(
  BCACHE,
  (run) => update('admin', 'Change a bcache.', run),
  async (call, { name = '', uuid, cache_mode: cacheMode, ...values }) => {
    const view = await viewOf(call)
    const { systemId } = view
    const { id } = groupIn(view, call, 'bcache')
    const cacheSet = setNamed(view, values)
    const backing = backingOf(view, values)
    await call.propose({
      ...{ type: 'storage.updateBcache', systemId, id, ...uuidFrom(uuid) },
      ...(name === '' ? {} : { name }),
      ...(cacheSet === undefined ? {} : { cacheSet }),
      ...(backing === null ? {} : { backing }),
      ...(cacheMode === undefined ? {} : { cacheMode }),
    })
    return shownGroup(call, systemId, id)
  },
)

const COMMON = commonActions('bcache', 'bcache')
const ONE_BCACHE: Resource = {
  ...{ name: 'BcacheHandler', path: 'nodes/{system_id}/bcache/{id}/', doc: 'Manage one bcache.' },
  actions: [COMMON.show, UPDATE, COMMON.remove],
}

export const BCACHES: readonly Resource[] = [
  {
    ...{ name: 'BcachesHandler', path: 'nodes/{system_id}/bcaches/' },
    doc: 'Manage the bcaches of a machine.',
    actions: [COMMON.list, CREATE],
  },
  ONE_BCACHE,
  {
    ...{ name: 'BcacheCacheSetsHandler', path: 'nodes/{system_id}/bcache-cache-sets/' },
    doc: 'Manage the bcache cache sets of a machine.',
    actions: [
      read('user', 'List the cache sets of a machine.', async (call) => {
        const view = await viewOf(call)
        const sets = view.config.cacheSets.toSorted((a, b) => a.id - b.id)
        return jsonList(sets, (set) => renderCacheSet(view, set))
      }),
      taking(
        CACHE,
        (run) => create('admin', 'Create a cache set.', run),
        async (call, values) => {
          const view = await viewOf(call)
          const { systemId } = view
          const cache = cacheOf(view, values)
          if (cache === null) {
            throw fieldError('__all__', 'Either cache_device or cache_partition must be specified.')
          }
          const { id } = await call.propose({ type: 'storage.createCacheSet', systemId, cache })
          return shownSet(call, systemId, id)
        },
      ),
    ],
  },
  CACHE_SET,
]

export const BCACHE_ALIASES: readonly Resource[] = [
  { ...ONE_BCACHE, path: 'nodes/{system_id}/bcaches/{id}/' },
  { ...CACHE_SET, path: 'nodes/{system_id}/bcache-cache-sets/{id}/' },
]
