// What an interface of each kind must be: names and MACs that exist once, and what may be made of what. Asked after the
// row was written; a refusal takes it back. MAAS's rules, and that nothing is made of itself.
import type { InterfaceId, SystemId } from '#model/ids.ts'
import type { Interface } from '#model/machine.ts'
import { invalid, type Context } from './context.ts'
import { childrenOf, parentsOf } from './interface-query.ts'
import { INTERFACE_PARENTS_MAX, INTERFACE_TAGS_MAX } from './limits.ts'
import { INTERFACES_MAX } from './node-parts.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

/** What the kernel takes (IFNAMSIZ), without what shells, netplan and /sys stumble over. */
const NAME = /^(?!\.{1,2}$)[\w.-]{1,15}$/
export const NAME_LENGTH_MAX = 15

export function checkInterface({ state }: Context, nic: Interface): Refusal | null {
  const { systemId } = nic
  if (state.interfacesByMachine.count(systemId) > INTERFACES_MAX) {
    return invalid('__all__', `A node has at most ${INTERFACES_MAX} interfaces.`)
  }
  if (nic.tags.length > INTERFACE_TAGS_MAX) {
    return invalid('tags', `An interface has at most ${INTERFACE_TAGS_MAX} tags.`)
  }
  return (
    checkName(state, nic) ??
    checkParents(state, nic) ??
    checkMac(state, nic) ??
    checkVlan(state, nic)
  )
}

/** Names that were found in hardware are taken as they are. */
export function checkNewName(name: string): Refusal | null {
  if (NAME.test(name)) return null
  return invalid('name', 'Enter 1 to 15 letters, digits, dots, dashes or underscores.')
}

function checkName(state: RegionState, nic: Interface): Refusal | null {
  const all = state.interfacesByMachine.rows(nic.systemId)
  const namesake = all.find(({ id, name }) => id !== nic.id && name === nic.name)
  if (namesake === undefined) return null
  const node = state.machines.get(nic.systemId) ?? state.devices.get(nic.systemId)
  const text = `Node ${node?.hostname ?? nic.systemId} already has an interface named`
  return invalid('name', `${text} '${nic.name}'.`)
}

/** What is made of others has the MAC of one of them; hardware has its own. */
function checkMac(state: RegionState, nic: Interface): Refusal | null {
  const { mac, type } = nic
  if (mac === null) return invalid('mac_address', 'This field is required.')
  const isOwn = (other: Interface): boolean =>
    other.systemId === nic.systemId && (type !== 'physical' || other.type !== 'physical')
  const other = state.interfacesByMac.rows(mac).find((row) => row.id !== nic.id && !isOwn(row))
  if (other === undefined) return null
  const node = state.machines.get(other.systemId) ?? state.devices.get(other.systemId)
  const hostname = node?.hostname ?? other.systemId
  return invalid('mac_address', `MAC address ${mac} already in use on ${hostname}.`)
}

function checkVlan(state: RegionState, { type, vlanId }: Interface): Refusal | null {
  const vlan = vlanId === null ? undefined : state.vlans.get(vlanId)
  if (vlanId !== null && vlan === undefined) return invalid('vlan', 'There is no such VLAN.')
  if (type !== 'vlan' || (vlan !== undefined && vlan.vid > 0)) return null
  return invalid('vlan', 'A VLAN interface can only belong to a tagged VLAN.')
}

function checkParents(state: RegionState, nic: Interface): Refusal | null {
  const { type } = nic
  const ids = parentsOf(nic)
  const field = type === 'bond' ? 'parents' : 'parent'
  if (type === 'physical') {
    return ids.length === 0 ? null : invalid('parents', 'A physical interface has no parents.')
  }
  if (ids.length === 0) return invalid(field, 'This field is required.')
  if (ids.length > INTERFACE_PARENTS_MAX || new Set(ids).size < ids.length) {
    return invalid(field, `Name each of at most ${INTERFACE_PARENTS_MAX} interfaces once.`)
  }
  if (type !== 'bond' && ids.length > 1) {
    return invalid(field, `A ${type} interface has exactly one parent.`)
  }
  for (const id of ids) {
    const parent = state.interfaces.get(id)
    if (parent?.systemId !== nic.systemId) {
      return invalid(field, `${id} is no interface of this node.`)
    }
    const why = whyNoParent(state, parent, nic)
    if (why !== null) return invalid(field, why)
  }
  return isAncestor(state, nic.id, ids) ? invalid(field, 'It would be made of itself.') : null
}

const MADE_OF: Readonly<Record<Interface['type'], readonly Interface['type'][]>> = {
  physical: [],
  unknown: [],
  bond: ['physical'],
  bridge: ['physical', 'bond', 'vlan'],
  vlan: ['physical', 'bond', 'bridge'],
}

function whyNoParent(state: RegionState, parent: Interface, nic: Interface): string | null {
  if (!MADE_OF[nic.type].includes(parent.type)) {
    return `A ${nic.type} interface can't have another ${parent.type} interface as parent.`
  }
  const others = childrenOf(state, parent).filter(({ id }) => id !== nic.id)
  const master = others.find(({ type }) => type === 'bond' || type === 'bridge')
  if (master !== undefined && (nic.type !== 'vlan' || master.type === 'bond')) {
    return `${parent.name} is already in-use by another interface.`
  }
  const same = others.find(({ type, vlanId }) => type === 'vlan' && vlanId === nic.vlanId)
  if (nic.type === 'vlan' && same !== undefined) {
    return `${parent.name} already has an interface on that VLAN.`
  }
  if (nic.type === 'bond' && others.length > 0) {
    return `${parent.name} is already in-use by another interface.`
  }
  return null
}

/** By the rows: what is above is looked for below. */
function isAncestor(
  state: RegionState,
  id: InterfaceId,
  parents: readonly InterfaceId[],
  depth = 0,
): boolean {
  if (depth > INTERFACES_MAX) return true
  return parents.some((parent) => {
    const row = state.interfaces.get(parent)
    return parent === id || (row !== undefined && isAncestor(state, id, parentsOf(row), depth + 1))
  })
}

/** Of one that was given none. */
export function nameFor(
  state: RegionState,
  systemId: SystemId,
  made: Pick<Interface, 'type' | 'vlanId'> & { readonly parent: Interface | undefined },
): string {
  const { type, vlanId, parent } = made
  if (type === 'vlan') {
    const vid = vlanId === null ? 0 : (state.vlans.get(vlanId)?.vid ?? 0)
    const name = `${parent?.name ?? ''}.${vid}`
    return name.length <= NAME_LENGTH_MAX ? name : `vlan${vid}`
  }
  if (type === 'bridge') return `br-${parent?.name ?? ''}`.slice(0, NAME_LENGTH_MAX)
  const names = new Set(state.interfacesByMachine.rows(systemId).map(({ name }) => name))
  for (let number = 0; ; number++) if (!names.has(`eth${number}`)) return `eth${number}`
}
