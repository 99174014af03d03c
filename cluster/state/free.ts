// The only door through which an address is given to anybody (lease-protocol §2, I2): every hold, every
// address of the API and every reserve passes here first. Rows that ended at or before `now` count as absent.
import { isIpv4, type Ip } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import {
  isLinkOf,
  type ClientKey,
  type Hold,
  type Reservation,
  type Reserve,
  type Tenure,
} from '#model/network.ts'
import type { SystemId } from '#model/ids.ts'
import type { RegionState } from './state.ts'

/** Why an address is not free. */
export type Obstacle =
  | 'allocated'
  | 'reservation'
  | 'held'
  | 'quarantined'
  | 'observed'
  | 'reserve'
  | 'controller'
  | 'restoring'

export type Wanted = {
  readonly ip: Ip
  /** Null: free for nobody in particular, so that any live hold is in the way. */
  readonly client: ClientKey | null
  /** Of the client: an address that was seen with it may be its own. */
  readonly mac?: MacAddress
  /** The client has the address by its own word: the one thing a restored region accepts (§5). */
  readonly isRenewal?: boolean
}

export function obstacleTo(state: RegionState, now: number, wanted: Wanted): Obstacle | null {
  const { ip, client, mac } = wanted
  if (isAllocated(state, wanted)) return 'allocated'
  const reservation = state.reservations.get(ip)
  if (reservation !== undefined && reservation.client !== client) return 'reservation'
  const byDhcp = isIpv4(ip) ? obstacleByDhcp(state, now, { ip, client, mac }) : null
  if (byDhcp !== null) return byDhcp
  if (state.controllerAddresses.has(ip)) return 'controller'
  return isRestoring(state, now) && wanted.isRenewal !== true ? 'restoring' : null
}

/**
 * A link's address is its interface's by DHCP too (as by MAAS's host reservations): the client with the MAC of the
 * interface may be bound there while the link has it. No rack serves it without that hold, which runs out like any other.
 */
function isAllocated(state: RegionState, { ip, client, mac }: Wanted): boolean {
  const row = state.ipAddresses.get(ip)
  return row !== undefined && !(client !== null && isLinkOf(row, mac))
}

type Asked = {
  readonly ip: Ipv4
  readonly client: ClientKey | null
  readonly mac: MacAddress | undefined
}

/** Racks give no IPv6 addresses. */
function obstacleByDhcp(
  state: RegionState,
  now: number,
  { ip, client, mac }: Asked,
): Obstacle | null {
  const hold = liveHold(state, now, ip)
  if (hold !== undefined && hold.client !== client) return 'held'
  const quarantine = state.quarantines.get(ip)
  if (quarantine !== undefined && quarantine.until > now) return 'quarantined'
  const observed = state.observed.get(ip)
  if (observed !== undefined && observed.until > now && observed.mac !== mac) return 'observed'
  // A hold inside a live reserve is the rack's own replay: its client may be renewed, nobody else.
  return hold === undefined && liveReserve(state, now, ip) !== undefined ? 'reserve' : null
}

export function liveHold(state: RegionState, now: number, ip: Ip): Hold | undefined {
  if (!isIpv4(ip)) return undefined
  const hold = state.holds.get(ip)
  return hold !== undefined && hold.until > now ? hold : undefined
}

export function liveTenure(state: RegionState, now: number, rackId: SystemId): Tenure | undefined {
  const tenure = state.tenures.get(rackId)
  return tenure !== undefined && tenure.until > now ? tenure : undefined
}

/** A reserve outlives its rack by nothing: it is live exactly as long as the tenure it was granted in. */
export function liveReserve(state: RegionState, now: number, ip: Ip): Reserve | undefined {
  if (!isIpv4(ip)) return undefined
  const reserve = state.reserves.get(ip)
  if (reserve === undefined) return undefined
  return liveTenure(state, now, reserve.rackId)?.epoch === reserve.epoch ? reserve : undefined
}

/** Nobody else is protected on the address, so racks may serve the reservation. */
export function isEffective(state: RegionState, now: number, reservation: Reservation): boolean {
  const { ip } = reservation
  const hold = liveHold(state, now, ip)
  if (hold !== undefined) return hold.client === reservation.client
  return liveReserve(state, now, ip) === undefined
}

export function isRestoring(state: RegionState, now: number): boolean {
  return (state.cluster.get('cluster')?.restoreUntil ?? 0) > now
}
