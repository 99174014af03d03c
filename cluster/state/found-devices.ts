// PCI and USB devices of machines: replaced by each report, where the same device keeps its id.
import type { FoundDevice, NodeDevice } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import { DONE, nextId, notFound, type Context, type Handler } from './context.ts'
import { machineFor, whyNotAllowed } from './life-cycle.ts'
import { NODE_DEVICES_MAX } from './limits.ts'
import type { RegionState } from './state.ts'

export function replaceDevices(
  { state }: Context,
  systemId: SystemId,
  found: readonly FoundDevice[],
): void {
  const before = new Map(
    state.nodeDevicesByMachine.rows(systemId).map((row) => [placeOf(row), row] as const),
  )
  const seen = new Set<string>()
  for (const device of found.slice(0, NODE_DEVICES_MAX)) {
    const place = placeOf(device)
    if (seen.has(place)) continue
    seen.add(place)
    const id = before.get(place)?.id ?? nextId<number>(state, 'nodeDevices')
    state.nodeDevices.put(id, { id, systemId, ...device })
  }
  for (const [place, { id }] of before) if (!seen.has(place)) state.nodeDevices.delete(id)
}

/** Another card in the same slot is another device. */
function placeOf(device: FoundDevice | NodeDevice): string {
  const { bus, pciAddress, busNumber, deviceNumber, vendorId, productId } = device
  return `${bus} ${pciAddress ?? `${busNumber}:${deviceNumber}`} ${vendorId}:${productId}`
}

export const deleteNodeDevice: Handler<'nodeDevice.delete'> = (context, { systemId, id }) => {
  const { state } = context
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotAllowed(context, machine, 'admin')
  if (refusal !== null) return refusal
  if (state.nodeDevices.get(id)?.systemId !== systemId) return notFound('NodeDevice')
  state.nodeDevices.delete(id)
  return DONE
}

/** Of a machine that goes: what commissioning found beyond its own rows. */
export function dropFound(state: RegionState, systemId: SystemId): void {
  for (const key of state.nodeDevicesByMachine.keys(systemId)) state.nodeDevices.delete(key)
  state.hardwareDetails.delete(systemId)
}
