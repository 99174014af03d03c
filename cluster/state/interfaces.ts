// Interfaces of machines and devices: made, changed, taken away. Their links: `link-commands.ts`.
import type { InterfaceId, VlanId } from '#model/ids.ts'
import { BOND_DEFAULTS, BRIDGE_DEFAULTS, type InterfaceParams } from '#model/interface.ts'
import type { Interface } from '#model/machine.ts'
import type { CommandOf } from './command.ts'
import { created, DONE, invalid, nextId, type Context, type Handler } from './context.ts'
import { configureByDefault } from './default-network.ts'
import { interfaceToConfigure, whyNotConfigured } from './interface-access.ts'
import type { InterfaceFields } from './interface-commands.ts'
import { dropLinks, ensureLinkUp, renameAddresses } from './interface-links.ts'
import { childrenOf, parentsOf } from './interface-query.ts'
import { dropInterface } from './interface-removal.ts'
import { checkInterface, checkNewName, nameFor } from './interface-rules.ts'
import type { Refusal } from './outcome.ts'
import { STORAGE_HANDLERS } from './storage.ts'

const STANDARD: Readonly<Record<CommandOf<'interface.create'>['kind'], InterfaceParams>> = {
  ...{ physical: {}, vlan: {} },
  bond: BOND_DEFAULTS,
  bridge: BRIDGE_DEFAULTS,
}

export const createInterface: Handler<'interface.create'> = (context, command) => {
  const { state } = context
  const { systemId, kind, tags } = command
  const refusal = whyNotConfigured(context, systemId, 'create')
  if (refusal !== null) return refusal
  if (kind !== 'physical' && state.devices.has(systemId)) {
    return invalid('__all__', 'A device has physical interfaces only.')
  }
  const nic = makeInterface(context, command)
  const unnamed = checkNewName(nic.name)
  if (unnamed !== null) return unnamed
  state.interfaces.put(nic.id, { ...nic, tags: [...new Set(tags)].toSorted() })
  const wrong = checkInterface(context, state.interfaces.get(nic.id) ?? nic)
  if (wrong !== null) return wrong
  if (kind !== 'vlan') quieten(context, nic)
  const made = state.interfaces.get(nic.id) ?? nic
  ensureLinkUp(context, made)
  const machine = state.machines.get(systemId)
  if (machine?.bootInterfaceId === null && kind === 'physical') {
    state.machines.put(systemId, { ...machine, bootInterfaceId: nic.id })
  }
  return created(nic.id)
}

function makeInterface({ state }: Context, command: CommandOf<'interface.create'>): Interface {
  const { systemId, kind: type, parents } = command
  const machine = state.machines.get(systemId)
  const [first] = parents
  const isBoot = (id: InterfaceId): boolean => id === machine?.bootInterfaceId
  // A bond is known to DHCP and switches by the MAC that the machine boots with.
  const namesake = type === 'bond' ? (parents.find(isBoot) ?? first) : first
  const parent = first === undefined ? undefined : state.interfaces.get(first)
  const origin = namesake === undefined ? undefined : state.interfaces.get(namesake)
  const vlanId: VlanId | null =
    command.vlanId === undefined ? (parent?.vlanId ?? null) : command.vlanId
  const name = command.name === '' ? nameFor(state, systemId, { type, vlanId, parent }) : ''
  const params = { ...STANDARD[type], ...command.params }
  return {
    id: nextId<InterfaceId>(state, 'interfaces'),
    ...{ systemId, name: name === '' ? command.name : name, type },
    mac: command.mac ?? origin?.mac ?? null,
    ...{ vlanId, enabled: true, tags: [], vendor: null, product: null, firmwareVersion: null },
    ...{ linkConnected: true, linkSpeedMbps: 0, interfaceSpeedMbps: 0, links: [] },
    ...(parents.length === 0 ? {} : { parents }),
    ...(Object.keys(params).length === 0 ? {} : { params }),
  }
}

/** Ports of a bond or a bridge have no addresses of their own. */
function quieten(context: Context, nic: Interface): void {
  for (const id of parentsOf(nic)) {
    const parent = context.state.interfaces.get(id)
    if (parent !== undefined) dropLinks(context, parent)
  }
}

/** Fields that a running system is not told of. */
const DESCRIBING: ReadonlySet<string> = new Set([
  ...['name', 'mac', 'tags', 'linkConnected', 'linkSpeedMbps', 'interfaceSpeedMbps'],
])

export const updateInterface: Handler<'interface.update'> = (context, command) => {
  const { state } = context
  const { set } = command
  const verb = Object.keys(set).every((field) => DESCRIBING.has(field)) ? 'describe' : 'update'
  const found = interfaceToConfigure(context, command, verb)
  if (!found.ok) return found
  const { nic } = found
  const refusal = set.name === undefined ? null : checkNewName(set.name)
  if (refusal !== null) return refusal
  const next = changed(context, nic, set)
  state.interfaces.put(nic.id, next)
  const wrong = checkInterface(context, next)
  if (wrong !== null) return wrong
  return followChange(context, nic, next) ?? DONE
}

function changed({ state }: Context, nic: Interface, set: InterfaceFields): Interface {
  const { params, tags, ...rest } = set
  const next: Interface = {
    ...{ ...nic, ...rest },
    ...(tags === undefined ? {} : { tags: [...new Set(tags)].toSorted() }),
    ...(params === undefined ? {} : { params: { ...nic.params, ...params } }),
  }
  if (next.type !== 'vlan' || set.name !== undefined) return next
  // A name that was made from parent and VID goes with them.
  const nameOf = ({ type, vlanId, parents = [] }: Interface): string => {
    const parent = parents[0] === undefined ? undefined : state.interfaces.get(parents[0])
    return nameFor(state, nic.systemId, { type, vlanId, parent })
  }
  return nic.name === nameOf(nic) ? { ...next, name: nameOf(next) } : next
}

/** What else a change means; the new row is in the table. */
function followChange(context: Context, before: Interface, after: Interface): Refusal | null {
  const { state } = context
  if (after.type !== 'vlan') quieten(context, after)
  for (const id of parentsOf(before).filter((each) => !parentsOf(after).includes(each))) {
    const freed = state.interfaces.get(id)
    if (freed !== undefined && before.type !== 'vlan') ensureLinkUp(context, freed)
  }
  if (after.vlanId !== before.vlanId) {
    // Its subnets are not there any more.
    ensureUnlessPort(context, dropLinks(context, state.interfaces.get(after.id) ?? after))
  }
  if (after.mac === before.mac) return null
  renameAddresses(context, state.interfaces.get(after.id) ?? after)
  for (const child of childrenOf(state, after)) {
    if (child.mac !== before.mac) continue
    const next = { ...child, mac: after.mac }
    state.interfaces.put(child.id, next)
    const wrong = checkInterface(context, next) ?? followChange(context, child, next)
    if (wrong !== null) return wrong
  }
  return null
}

function ensureUnlessPort(context: Context, nic: Interface): void {
  const isPort = childrenOf(context.state, nic).some(({ type }) => type !== 'vlan')
  if (!isPort) ensureLinkUp(context, nic)
}

export const deleteInterface: Handler<'interface.delete'> = (context, command) => {
  const found = interfaceToConfigure(context, command, 'delete')
  if (!found.ok) return found
  dropInterface(context, found.nic)
  return DONE
}

/** Tagging says nothing to the system: it may be done at any time that MAAS lets names be changed. */
export const tagInterface: Handler<'interface.tag'> = (context, command) => {
  const found = interfaceToConfigure(context, command, 'describe')
  if (!found.ok) return found
  const { nic } = found
  const { tag, isSet } = command
  const others = nic.tags.filter((each) => each !== tag)
  const next = { ...nic, tags: isSet ? [...others, tag].toSorted() : others }
  context.state.interfaces.put(nic.id, next)
  return checkInterface(context, next) ?? DONE
}

export const restoreInterfaces: Handler<'interface.restore'> = (context, command) => {
  const { systemId, layout: wish } = command
  const refusal = whyNotConfigured(context, systemId, 'restore')
  if (refusal !== null) return refusal
  configureByDefault(context, systemId)
  if (wish === undefined) return DONE
  // Refused, it takes the network's part along.
  const type = 'storage.setLayout'
  const restored = STORAGE_HANDLERS[type](context, { type, systemId, wish, isDefault: true })
  return restored.ok ? DONE : restored
}
