// The network configuration of one machine on the interfaces of another: cards are matched by name; what is made of
// them is made anew. A static link gets the next free address of its subnet and never the source's; an `auto` one has
// none before the deployment. Bridges that stand over an interface for its owner's time are not part of it.
import type { InterfaceId, SystemId } from '#model/ids.ts'
import type { GatewayLinks, Interface, Machine } from '#model/machine.ts'
import { nextId, refuse, type Context } from './context.ts'
import { ensureLinkUp } from './interface-links.ts'
import { parentsOf } from './interface-query.ts'
import { clearNetwork } from './interface-removal.ts'
import { checkInterface } from './interface-rules.ts'
import { addLink } from './link-addresses.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

/** By the id on the source the id on the destination. */
type Ids = Map<number, number>

/** Null: done. Else what is missing (CONFLICT), or why a row or an address cannot be; rows may have been written. */
export function cloneNetwork(context: Context, from: Machine, to: Machine): Refusal | null {
  const { state } = context
  const source = configured(state, from.systemId)
  const cards = clearNetwork(context, to.systemId)
  const pairs: Ids = new Map()
  for (const nic of source.filter(({ type }) => type === 'physical')) {
    const card = cards.find(({ name, type }) => type === 'physical' && name === nic.name)
    if (card === undefined) return refuse('CONFLICT', `it has no interface ${nic.name}`)
    pairs.set(nic.id, card.id)
    const { params: _own, ...rest } = card
    const { vlanId, enabled, params } = nic
    state.interfaces.put(card.id, { ...rest, vlanId, enabled, ...(params && { params }) })
  }
  const made = new Set(pairs.values())
  const refusal = copyMade(context, source, { pairs, systemId: to.systemId })
  if (refusal !== null) return refusal
  const links: Ids = new Map()
  const unlinked = copyLinks(context, source, { pairs, links })
  if (unlinked !== null) return unlinked
  for (const card of cards.filter(({ id }) => !made.has(id))) ensureLinkUp(context, card)
  keepGateways(state, { from, to: to.systemId, links })
  return null
}

/** Those that stay, each with its own links, by their ids. */
function configured(state: RegionState, systemId: SystemId): readonly Interface[] {
  const all = state.interfacesByMachine.rows(systemId)
  const acquired = all.filter((nic) => nic.acquired === true)
  return all
    .filter((nic) => nic.acquired !== true)
    .map((nic) => {
      const bridge = acquired.find((each) => parentsOf(each)[0] === nic.id)
      return bridge === undefined ? nic : { ...nic, links: bridge.links }
    })
    .toSorted((a, b) => a.id - b.id)
}

type Place = { readonly pairs: Ids; readonly systemId: SystemId }

/** Bonds, bridges and VLAN interfaces, each after what it is made of. */
function copyMade(context: Context, source: readonly Interface[], place: Place): Refusal | null {
  const { pairs } = place
  const waiting = new Set(source.filter((nic) => parentsOf(nic).length > 0))
  while (waiting.size > 0) {
    const next = [...waiting].find((nic) => parentsOf(nic).every((id) => pairs.has(id)))
    // What is left was made of an acquired bridge, and goes with it.
    if (next === undefined) return null
    waiting.delete(next)
    const refusal = copyOne(context, next, { ...place, source })
    if (refusal !== null) return refusal
  }
  return null
}

function copyOne(
  context: Context,
  nic: Interface,
  { pairs, systemId, source }: Place & { readonly source: readonly Interface[] },
): Refusal | null {
  const { state } = context
  const parents = parentsOf(nic).flatMap((id) => (pairs.get(id) ?? []) as InterfaceId | [])
  // It has the MAC of a card; of which one, its namesake on the source shows.
  const namesake = source.find(({ type, mac }) => type === 'physical' && mac === nic.mac)
  const original = namesake === undefined ? parents[0] : pairs.get(namesake.id)
  const mac = state.interfaces.get(original as InterfaceId)?.mac ?? null
  const id = nextId<InterfaceId>(state, 'interfaces')
  const copy: Interface = { ...nic, id, systemId, mac, parents, links: [] }
  pairs.set(nic.id, id)
  state.interfaces.put(id, copy)
  return checkInterface(context, copy)
}

type Linking = { readonly pairs: Ids; readonly links: Ids }

function copyLinks(
  context: Context,
  source: readonly Interface[],
  { pairs, links }: Linking,
): Refusal | null {
  for (const nic of source) {
    for (const { id, mode, subnetId } of nic.links) {
      const copy = context.state.interfaces.get(pairs.get(nic.id) as InterfaceId)
      if (copy === undefined) continue
      const linked = addLink(context, copy, { mode, subnetId, ip: null })
      if (!linked.ok) return linked
      links.set(id, linked.link.id)
    }
  }
  return null
}

function keepGateways(
  state: RegionState,
  { from, to, links }: { readonly from: Machine; readonly to: SystemId; readonly links: Ids },
): void {
  const machine = state.machines.get(to)
  if (machine === undefined) return
  const { gatewayLinks: _before, ...rest } = machine
  const chosen = from.gatewayLinks
  const of = (id: number | null): number | null => (id === null ? null : (links.get(id) ?? null))
  const gatewayLinks: GatewayLinks | undefined = chosen && {
    ipv4: of(chosen.ipv4),
    ipv6: of(chosen.ipv6),
  }
  state.machines.put(to, { ...rest, ...(gatewayLinks && { gatewayLinks }) })
}
