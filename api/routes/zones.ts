// zones/ and resourcepools/: where nodes are, and whom machines are for.
import { objectsOf } from '#state/object-query.ts'
import { objectRoutes } from '../object-routes.ts'
import { text } from '../params.ts'
import { renderPool, renderZone } from '../render/objects.ts'
import type { Resource } from '../resource.ts'

const params = {
  name: text('Name, unique.', { required: true, max: 256 }),
  description: text('What it is for.', { max: 4_096 }),
}
const standard = { name: '', description: '' }

export const ZONES: readonly Resource[] = objectRoutes({
  ...{ table: 'zones', model: 'Zone', words: ['physical zone', 'physical zones'] },
  ...{ names: ['ZonesHandler', 'ZoneHandler'], paths: ['zones/', 'zones/{name}/'] },
  ...{ readers: 'user', params, standard },
  fieldsOf: (values) => values,
  find: (state, call) => objectsOf(state, 'zones').find(({ name }) => name === call.param('name')),
  render: (_state, zone) => renderZone(zone),
})

export const POOLS: readonly Resource[] = objectRoutes({
  ...{ table: 'resourcePools', model: 'ResourcePool', words: ['resource pool', 'resource pools'] },
  ...{ names: ['ResourcePoolsHandler', 'ResourcePoolHandler'] },
  ...{ paths: ['resourcepools/', 'resourcepool/{id}/'], readers: 'user', params, standard },
  fieldsOf: (values) => values,
  render: (_state, pool) => renderPool(pool),
})

const [, ONE_POOL] = POOLS

/** The plural, which MAAS routes too and does not describe. */
export const POOL_PLURAL: readonly Resource[] =
  ONE_POOL === undefined ? [] : [{ ...ONE_POOL, path: 'resourcepools/{id}/' }]
