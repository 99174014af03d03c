// What groups nodes of every kind: their tags, zones and pools.
import type { SystemId } from '#model/ids.ts'
import { DONE, invalid, notFound, type Handler } from './context.ts'
import { objectOf } from './object-query.ts'
import type { Refusal } from './outcome.ts'
import { checkDomainOfNode } from './domains.ts'
import type { RegionState } from './state.ts'

/** Nodes of one `tag.assign` or `node.place`. */
const NODES_MAX = 10_000

export const assignTag: Handler<'tag.assign'> = ({ state }, { name, add, remove }) => {
  if (!state.tagsByName.has(name)) return notFound('Tag')
  if (add.length + remove.length > NODES_MAX) return invalid('add', `At most ${NODES_MAX} nodes.`)
  const added = add.filter((id) => retag(state, id, (tags) => [...tags, name].toSorted(), name))
  const without = (tags: readonly string[]) => tags.filter((tag) => tag !== name)
  const removed = remove.filter((id) => retag(state, id, without))
  return { ok: true, value: { added: added.length, removed: removed.length } }
}

/** True when the node is known and its tags changed; one that has `unlessHas` is left as it is. */
function retag(
  state: RegionState,
  id: SystemId,
  change: (tags: readonly string[]) => readonly string[],
  unlessHas?: string,
): boolean {
  const change1 = (tags: readonly string[] = []) => {
    if (unlessHas !== undefined && tags.includes(unlessHas)) return null
    const next = change(tags)
    return next.length === tags.length && next.every((tag, at) => tag === tags[at]) ? null : next
  }
  const machine = state.machines.get(id)
  const device = state.devices.get(id)
  const controller = state.controllers.get(id)
  const tagNames = change1(machine?.tagNames ?? device?.tagNames ?? controller?.tagNames)
  if (tagNames === null) return false
  if (machine !== undefined) state.machines.put(id, { ...machine, tagNames })
  else if (device !== undefined) state.devices.put(id, { ...device, tagNames })
  else if (controller !== undefined) state.controllers.put(id, { ...controller, tagNames })
  else return false
  return true
}

/** On every node that has it; null takes the tag away. */
export function renameTag(state: RegionState, before: string, after: string | null): void {
  if (before === after) return
  const tables = [state.machines, state.devices, state.controllers]
  for (const id of tables.flatMap((table) => [...table.keys()])) {
    retag(state, id, (tags) => {
      if (!tags.includes(before)) return tags
      const others = tags.filter((tag) => tag !== before)
      return after === null ? others : [...others, after].toSorted()
    })
  }
}

type Place = { readonly zoneId?: number; readonly poolId?: number }

/** Null: there are such a zone and such a pool. */
export function checkPlace(state: RegionState, { zoneId, poolId }: Place): Refusal | null {
  if (zoneId !== undefined && objectOf(state, 'zones', zoneId) === undefined) {
    return notFound('Zone')
  }
  const isNoPool = poolId !== undefined && objectOf(state, 'resourcePools', poolId) === undefined
  return isNoPool ? notFound('ResourcePool') : null
}

export const placeNodes: Handler<'node.place'> = ({ state }, command) => {
  const { systemIds, zoneId, poolId, domainId } = command
  const refusal = checkPlace(state, command) ?? checkDomainOfNode(state, domainId)
  if (refusal !== null) return refusal
  if (systemIds.length > NODES_MAX) return invalid('nodes', `At most ${NODES_MAX} nodes.`)
  const place = {
    ...(zoneId === undefined ? {} : { zoneId }),
    ...(domainId === undefined ? {} : { domainId }),
  }
  const pool = poolId === undefined ? {} : { poolId }
  for (const id of systemIds) {
    const machine = state.machines.get(id)
    const device = state.devices.get(id)
    const controller = state.controllers.get(id)
    if (machine !== undefined) state.machines.put(id, { ...machine, ...place, ...pool })
    else if (device !== undefined) state.devices.put(id, { ...device, ...place })
    else if (controller !== undefined) state.controllers.put(id, { ...controller, ...place })
    else return invalid('nodes', `Unknown system_id: ${id}.`)
  }
  return DONE
}
