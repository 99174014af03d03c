// Interfaces that a report saw: the one with the same MAC is the same interface. What was configured stays; what is
// gone and was never configured goes.
import type { FoundInterface } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Interface } from '#model/machine.ts'
import { refuse, type Context } from './context.ts'
import { addInterface, INTERFACES_MAX, placeInterface } from './node-parts.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

type Found = {
  readonly found: readonly FoundInterface[]
  /** None goes. */
  readonly keepAll: boolean
  /** Of the one it booted from, when it says so. */
  readonly bootMac: MacAddress | null
}

/** Refused CONFLICT: another node has one of the MACs. */
export function applyInterfaces(
  context: Context,
  systemId: SystemId,
  { found, keepAll, bootMac }: Found,
): Refusal | null {
  const { state } = context
  const all = [...new Map(found.map((nic) => [nic.mac, nic])).values()].slice(0, INTERFACES_MAX)
  for (const { mac } of all) {
    const other = state.interfacesByMac.rows(mac).find((row) => row.systemId !== systemId)
    if (other !== undefined) return taken(state, other)
  }
  const macs = new Set<string>(all.map(({ mac }) => mac))
  const bootsElsewhere = bootMac !== null && macs.has(bootMac)
  const rows = state.interfacesByMachine.rows(systemId)
  const known = new Map(rows.filter(isPhysical).map((row) => [row.mac ?? '', row]))
  for (const row of known.values()) {
    if (row.mac !== null && !macs.has(row.mac)) forget(state, row, { keepAll, bootsElsewhere })
  }
  // Names of what is not in the report stay; those in it may have changed places.
  const left = state.interfacesByMachine.rows(systemId)
  const names = new Set(
    left.filter((row) => !isPhysical(row) || !macs.has(row.mac ?? '')).map(({ name }) => name),
  )
  for (const [at, nic] of all.entries()) {
    const row = known.get(nic.mac)
    const name = nameFor(names, nic.name || row?.name || `eth${at}`)
    names.add(name)
    // What was configured or is to be kept stays; for more than a node may have there is no room beside it.
    if (row === undefined && state.interfacesByMachine.count(systemId) >= INTERFACES_MAX) continue
    if (row === undefined) add(context, systemId, { nic: { ...nic, name }, at })
    else state.interfaces.put(row.id, refreshed(context, row, { ...nic, name }))
  }
  return null
}

function isPhysical({ type }: Interface): boolean {
  return type === 'physical'
}

function taken(state: RegionState, { mac, systemId }: Interface): Refusal {
  const owner = state.machines.get(systemId) ?? state.devices.get(systemId)
  return refuse('CONFLICT', `MAC address ${mac} already in use on ${owner?.hostname ?? systemId}.`)
}

type At = { readonly nic: FoundInterface; readonly at: number }

function add(context: Context, systemId: SystemId, { nic, at }: At): void {
  const { state } = context
  const id = addInterface(context, systemId, nic, at)
  const row = state.interfaces.get(id)
  const { firmwareVersion, interfaceSpeedMbps } = nic
  if (row !== undefined) state.interfaces.put(id, { ...row, firmwareVersion, interfaceSpeedMbps })
}

function nameFor(names: ReadonlySet<string>, name: string): string {
  let free = name
  for (let n = 1; names.has(free); n++) free = `${name}-${n}`
  return free
}

function refreshed(context: Context, row: Interface, nic: FoundInterface): Interface {
  // Its VLAN is seen anew as long as nobody configured it.
  const mayMove = row.vlanId === null || (!hasLinks(row) && nic.ip !== null)
  return {
    ...row,
    name: nic.name,
    vlanId: mayMove ? placeInterface(context, nic) : row.vlanId,
    vendor: nic.vendor ?? row.vendor,
    product: nic.product ?? row.product,
    firmwareVersion: nic.firmwareVersion ?? row.firmwareVersion,
    linkConnected: nic.linkConnected,
    linkSpeedMbps: nic.linkSpeedMbps,
    interfaceSpeedMbps: Math.max(nic.interfaceSpeedMbps, nic.linkSpeedMbps),
  }
}

type Forgetting = { readonly keepAll: boolean; readonly bootsElsewhere: boolean }

function forget(state: RegionState, row: Interface, how: Forgetting): void {
  if (how.keepAll || isConfigured(state, row, how)) {
    state.interfaces.put(row.id, { ...row, linkConnected: false })
    return
  }
  state.interfaces.delete(row.id)
}

/** Others than the bare ones that every interface gets by default. */
function hasLinks({ links }: Interface): boolean {
  return links.some(({ mode, subnetId }) => mode !== 'link_up' || subnetId !== null)
}

/** It has links, or something may lie upon it, or the machine boots from it as far as is known. */
function isConfigured(state: RegionState, row: Interface, { bootsElsewhere }: Forgetting): boolean {
  if (hasLinks(row)) return true
  const isBoot = state.machines.get(row.systemId)?.bootInterfaceId === row.id
  if (isBoot && !bootsElsewhere) return true
  return state.interfacesByMachine.rows(row.systemId).some((each) => !isPhysical(each))
}
