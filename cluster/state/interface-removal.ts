// Takes an interface away with what cannot be without it: its links and their addresses, and what is made of it alone.
import type { SystemId } from '#model/ids.ts'
import type { Interface } from '#model/machine.ts'
import type { Context } from './context.ts'
import { dropLinks, ensureLinkUp } from './interface-links.ts'
import { childrenOf, parentsOf } from './interface-query.ts'

export function dropInterface(context: Context, nic: Interface): void {
  const { state } = context
  for (const child of childrenOf(state, nic)) {
    const parents = parentsOf(child).filter((id) => id !== nic.id)
    if (parents.length === 0) dropInterface(context, child)
    else state.interfaces.put(child.id, { ...child, parents })
  }
  dropLinks(context, state.interfaces.get(nic.id) ?? nic)
  state.interfaces.delete(nic.id)
  if (nic.type !== 'vlan') releaseParents(context, nic)
  const machine = state.machines.get(nic.systemId)
  if (machine?.bootInterfaceId !== nic.id) return
  const left = state.interfacesByMachine.rows(nic.systemId)
  const next = left.find(({ type }) => type === 'physical')?.id ?? null
  state.machines.put(nic.systemId, { ...machine, bootInterfaceId: next })
}

/** Bonds, bridges, VLAN interfaces and all links, with their addresses. What is left, without links. */
export function clearNetwork(context: Context, systemId: SystemId): readonly Interface[] {
  const { state } = context
  for (const { id, type } of state.interfacesByMachine.rows(systemId)) {
    const nic = state.interfaces.get(id)
    if (nic !== undefined && type !== 'physical') dropInterface(context, nic)
  }
  return state.interfacesByMachine.rows(systemId).map((nic) => dropLinks(context, nic))
}

/** They carry traffic of their own again. */
function releaseParents(context: Context, nic: Interface): void {
  for (const id of parentsOf(nic)) {
    const parent = context.state.interfaces.get(id)
    if (parent !== undefined) ensureLinkUp(context, parent)
  }
}
