// The only door through which an address is given to anybody (lease-protocol §2, I2): every hold and every
// address of the API passes here first. Rows that ended at or before `now` count as absent.
import type { Ipv4 } from '#model/ipv4.ts'
import type { ClientKey } from '#model/network.ts'
import type { RegionState } from './state.ts'

/** Why an address is not free. */
export type Obstacle = 'allocated' | 'held' | 'quarantined' | 'controller'

/** `client` null: free for nobody in particular, so that any live hold is in the way. */
export function obstacleTo(
  state: RegionState,
  now: number,
  wanted: { readonly ip: Ipv4; readonly client: ClientKey | null },
): Obstacle | null {
  const { ip, client } = wanted
  if (state.ipAddresses.has(ip)) return 'allocated'
  const hold = state.holds.get(ip)
  if (hold !== undefined && hold.until > now && hold.client !== client) return 'held'
  const quarantine = state.quarantines.get(ip)
  if (quarantine !== undefined && quarantine.until > now) return 'quarantined'
  return state.controllerAddresses.has(ip) ? 'controller' : null
}
