// Interfaces that a report saw: the one with the same MAC is the same interface. What was configured stays; what is
// gone and was never configured goes.
import type { FoundInterface } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import type { Interface } from '#model/machine.ts'
import { refuse, type Context } from './context.ts'
import { addInterface, INTERFACES_MAX, placeInterface } from './node-parts.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

/** Refused CONFLICT: another node has one of the MACs. `keepAll`: none goes. */
export function applyInterfaces(
  context: Context,
  systemId: SystemId,
  { found, keepAll }: { readonly found: readonly FoundInterface[]; readonly keepAll: boolean },
): Refusal | null {
  const { state } = context
  const all = [...new Map(found.map((nic) => [nic.mac, nic])).values()].slice(0, INTERFACES_MAX)
  for (const { mac } of all) {
    const other = state.interfacesByMac.rows(mac).find((row) => row.systemId !== systemId)
    if (other !== undefined) return taken(state, other)
  }
  for (const [at, nic] of all.entries()) {
    const known = physicalOf(state, systemId).find((row) => row.mac === nic.mac)
    if (known === undefined) add(context, systemId, { nic, at })
    else state.interfaces.put(known.id, refreshed(context, known, nic))
  }
  const macs = new Set<string>(all.map(({ mac }) => mac))
  for (const row of physicalOf(state, systemId)) {
    if (row.mac !== null && !macs.has(row.mac)) forget(state, row, keepAll)
  }
  return null
}

function taken(state: RegionState, { mac, systemId }: Interface): Refusal {
  const owner = state.machines.get(systemId) ?? state.devices.get(systemId)
  return refuse('CONFLICT', `MAC address ${mac} already in use on ${owner?.hostname ?? systemId}.`)
}

function physicalOf(state: RegionState, systemId: SystemId): readonly Interface[] {
  return state.interfacesByMachine.rows(systemId).filter(({ type }) => type === 'physical')
}

type At = { readonly nic: FoundInterface; readonly at: number }

function add(context: Context, systemId: SystemId, { nic, at }: At): void {
  const { state } = context
  const free = nameFor(state, systemId, nic.name === '' ? `eth${at}` : nic.name)
  const id = addInterface(context, systemId, { ...nic, name: free }, at)
  const row = state.interfaces.get(id)
  const { firmwareVersion, interfaceSpeedMbps } = nic
  if (row !== undefined) state.interfaces.put(id, { ...row, firmwareVersion, interfaceSpeedMbps })
}

/** A name that another interface of the machine has is not taken from it. */
function nameFor(state: RegionState, systemId: SystemId, name: string): string {
  const names = new Set(state.interfacesByMachine.rows(systemId).map((row) => row.name))
  let free = name
  for (let n = 1; names.has(free); n++) free = `${name}-${n}`
  return free
}

function refreshed(context: Context, row: Interface, nic: FoundInterface): Interface {
  const { state } = context
  const isFree = !state.interfacesByMachine
    .rows(row.systemId)
    .some(({ id, name }) => name === nic.name && id !== row.id)
  // Its VLAN is seen anew as long as nobody configured it.
  const mayMove = row.vlanId === null || (!hasLinks(row) && nic.ip !== null)
  return {
    ...row,
    name: isFree && nic.name !== '' ? nic.name : row.name,
    vlanId: mayMove ? placeInterface(context, nic) : row.vlanId,
    vendor: nic.vendor ?? row.vendor,
    product: nic.product ?? row.product,
    firmwareVersion: nic.firmwareVersion ?? row.firmwareVersion,
    linkConnected: nic.linkConnected,
    linkSpeedMbps: nic.linkSpeedMbps,
    interfaceSpeedMbps: Math.max(nic.interfaceSpeedMbps, nic.linkSpeedMbps),
  }
}

function forget(state: RegionState, row: Interface, keepAll: boolean): void {
  if (keepAll || isConfigured(state, row)) {
    state.interfaces.put(row.id, { ...row, linkConnected: false })
    return
  }
  state.interfaces.delete(row.id)
}

/** Others than the bare ones that every interface gets by default. */
function hasLinks({ links }: Interface): boolean {
  return links.some(({ mode, subnetId }) => mode !== 'link_up' || subnetId !== null)
}

/** It has links, or something may lie upon it, or the machine boots from it. */
function isConfigured(state: RegionState, row: Interface): boolean {
  if (hasLinks(row)) return true
  if (state.machines.get(row.systemId)?.bootInterfaceId === row.id) return true
  return state.interfacesByMachine.rows(row.systemId).some(({ type }) => type !== 'physical')
}
