// Hosts that racks hear on their links, for MAAS's network discovery, and requests to look for them. Nothing but
// what is shown follows from it: no address is kept from anybody because a neighbour has it.
import type { VlanId } from '#model/ids.ts'
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import {
  NEIGHBOUR_MS,
  NEIGHBOURS_MAX,
  NEIGHBOURS_PER_REPORT_MAX,
  SCAN_CIDRS_MAX,
  SCAN_MS,
} from './limits.ts'
import type { RegionState } from './state.ts'

/** Whatever there is no more room for is left out: it is heard again. */
export const reportNeighbours: Handler<'neighbour.report'> = (context, command) => {
  const { state, now, wall } = context
  const { rackId, neighbours } = command
  if (state.controllers.get(rackId)?.kind !== 'rack') return notFound('RackController')
  if (neighbours.length > NEIGHBOURS_PER_REPORT_MAX) {
    return refuse('OVERLOADED', `A report has ${NEIGHBOURS_PER_REPORT_MAX} neighbours at most.`)
  }
  for (const { vlanId, ip, mac } of neighbours) {
    if (!state.vlans.has(vlanId) || state.controllerAddresses.has(ip)) continue
    const id = neighbourId(ip, mac)
    const known = state.neighbours.get(id)
    if (known === undefined && state.neighbours.size >= NEIGHBOURS_MAX) continue
    const times = { firstWall: known?.firstWall ?? wall, lastWall: wall, until: now + NEIGHBOUR_MS }
    state.neighbours.put(id, { id, ip, mac, vlanId, rackId, ...times })
  }
  return DONE
}

export const clearNeighbours: Handler<'neighbour.clear'> = ({ state }, { only }) => {
  if (only === null) {
    for (const id of [...state.neighbours.keys()]) state.neighbours.delete(id)
    return DONE
  }
  const id = neighbourId(only.ip, only.mac)
  if (!state.neighbours.has(id)) return notFound('Neighbour')
  state.neighbours.delete(id)
  return DONE
}

export const requestScan: Handler<'neighbour.scan'> = ({ state, now }, { cidrs }) => {
  if (cidrs.length > SCAN_CIDRS_MAX) {
    return invalid('cidr', `At most ${SCAN_CIDRS_MAX} networks are scanned at once.`)
  }
  const number = nextId<number>(state, 'scans')
  state.scans.put('scan', { name: 'scan', number, cidrs, until: now + SCAN_MS })
  return DONE
}

export function dropNeighbours(state: RegionState, vlanId: VlanId): void {
  const gone = [...state.neighbours.values()].filter((row) => row.vlanId === vlanId)
  for (const { id } of gone) state.neighbours.delete(id)
}

function neighbourId(ip: Ipv4, mac: MacAddress): string {
  return `${formatIpv4(ip)},${mac}`
}
