// `op=set_zone` of every list of nodes: moves nodes of any kind to a zone.
import { parseSystemId } from '#model/ids.ts'
import { objectsOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import { NO_CONTENT } from '../call.ts'
import { fieldError } from '../errors.ts'
import { list, text } from '../params.ts'
import { operation, taking, type Action } from '../resource.ts'

export function zoneIdNamed(state: RegionState, name: string): number {
  const zone = objectsOf(state, 'zones').find((row) => row.name === name)
  if (zone !== undefined) return zone.id
  throw fieldError('zone', `There is no zone ${name.slice(0, 64)}.`)
}

export function poolIdNamed(state: RegionState, name: string): number {
  const pool = objectsOf(state, 'resourcePools').find((row) => row.name === name)
  if (pool !== undefined) return pool.id
  throw fieldError('pool', `There is no pool ${name.slice(0, 64)}.`)
}

export const SET_ZONE: Action = taking(
  {
    zone: text('Name of the zone.', { required: true }),
    nodes: list('System ids of the nodes.', { required: true }),
  },
  (run) =>
    operation('POST', 'set_zone', { access: 'admin', doc: 'Move nodes to a physical zone.' }, run),
  async (call, { zone = '', nodes = [] }) => {
    const zoneId = zoneIdNamed(await call.state(), zone)
    const systemIds = nodes.map((given) => {
      const systemId = parseSystemId(given)
      if (systemId !== undefined) return systemId
      throw fieldError('nodes', `Unknown system_id: ${given.slice(0, 64)}.`)
    })
    await call.propose({ type: 'node.place', systemIds, zoneId })
    return NO_CONTENT
  },
)
