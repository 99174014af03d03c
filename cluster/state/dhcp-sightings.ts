// DHCP servers that are none of our racks (MAAS's `external_dhcp`): what racks heard, for as long as it is fresh. The
// VLAN's own row changes only when the server it names does, because a new row is a new view for every rack.
import type { VlanId } from '#model/ids.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { DHCP_SIGHTING_MS, DHCP_SIGHTINGS_PER_VLAN_MAX } from './limits.ts'
import type { RegionState } from './state.ts'

export const observeDhcp: Handler<'dhcp.observe'> = (context, { rackId, vlanId, ip }) => {
  const { state, now } = context
  if (state.controllers.get(rackId)?.kind !== 'rack') return notFound('RackController')
  if (!state.vlans.has(vlanId)) return notFound('VLAN')
  // Another rack of ours: the one that heard it cannot know them all, and asks no more for a while.
  if (state.controllerAddresses.has(ip)) {
    return refuse('CONFLICT', `${formatIpv4(ip)} is a controller of this cluster.`)
  }
  const id = `${vlanId}/${ip}`
  if (!state.dhcpSightings.has(id)) {
    if (state.dhcpSightingsByVlan.count(vlanId) >= DHCP_SIGHTINGS_PER_VLAN_MAX) {
      return refuse('OVERLOADED', `At most ${DHCP_SIGHTINGS_PER_VLAN_MAX} are kept of a VLAN.`)
    }
    tellOperator(context, vlanId, formatIpv4(ip))
  }
  state.dhcpSightings.put(id, { id, vlanId, ip, rackId, until: now + DHCP_SIGHTING_MS })
  nameServer(state, vlanId)
  return DONE
}

/** Of `time.advance`. */
export function sweepDhcpSightings(state: RegionState, now: number, limit: number): void {
  const vlans = new Set<VlanId>()
  for (const id of state.dhcpSightingEnds.ended(now, limit)) {
    const row = state.dhcpSightings.get(id)
    if (row !== undefined) vlans.add(row.vlanId)
    state.dhcpSightings.delete(id)
  }
  for (const vlanId of vlans) nameServer(state, vlanId)
}

export function dropDhcpSightings(state: RegionState, vlanId: VlanId): void {
  for (const id of [...state.dhcpSightingsByVlan.keys(vlanId)]) state.dhcpSightings.delete(id)
}

/** The one that is named already while it is there, else the first by its key. */
function nameServer(state: RegionState, vlanId: VlanId): void {
  const vlan = state.vlans.get(vlanId)
  if (vlan === undefined) return
  const seen = state.dhcpSightingsByVlan.rows(vlanId).map(({ ip }) => formatIpv4(ip))
  const isThere = vlan.externalDhcp !== null && seen.includes(vlan.externalDhcp)
  const externalDhcp = isThere ? vlan.externalDhcp : (seen[0] ?? null)
  if (externalDhcp !== vlan.externalDhcp) state.vlans.put(vlanId, { ...vlan, externalDhcp })
}

function tellOperator(context: Context, vlanId: VlanId, server: string): void {
  const vlan = context.state.vlans.get(vlanId)
  addEvent(context, {
    ...{ systemId: null, username: '', level: 'WARNING', type: 'External DHCP server' },
    description: `${server} answers DHCP on VLAN ${vlan?.name ?? vlanId} and is no rack of this cluster.`,
  })
}
