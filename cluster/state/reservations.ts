// Addresses kept for one client (`resv[a]` of lease-protocol §2, §3), MAAS's reserved IPs. Nothing is taken from
// anybody by making or deleting one: a hold of another client, and what racks with an older view may still serve,
// runs out first.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { ReservedIpId } from '#model/ids.ts'
import { tenureHoldMs } from '#model/lease-time.ts'
import { formatIp, formatIpCidr, isIpv4, spanOf } from '#model/ip.ts'
import type { Reservation, Subnet } from '#model/network.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { isEffective } from './free.ts'
import { RESERVATIONS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import { keysWithin, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/** Recorded at once; the other client's renewals are refused from now on, its hold runs out. */
export const createReservation: Handler<'reservation.create'> = (context, command) => {
  const { state, wall } = context
  const { ip, client, mac, hostname, comment } = command
  const text = formatIp(ip)
  if (subnetOf(state, ip) === undefined) return notFound('Subnet')
  const refusal = comment === undefined ? null : checkReservedIp(state, command)
  if (refusal !== null) return refusal
  if (state.ipAddresses.has(ip)) return refuse('ADDRESS_UNAVAILABLE', `${text} is already in use.`)
  if (state.controllerAddresses.has(ip)) {
    return refuse('ADDRESS_UNAVAILABLE', `${text} belongs to a rack controller.`)
  }
  const known = state.reservations.get(ip)
  if (known !== undefined && known.client !== client) {
    return refuse('ADDRESS_UNAVAILABLE', `${text} is kept for another client.`)
  }
  if (known === undefined && state.reservations.size >= RESERVATIONS_MAX) {
    return refuse('OVERLOADED', `At most ${RESERVATIONS_MAX} reservations are kept.`)
  }
  const more =
    state.featureLevel < NETWORK_LEVEL
      ? {}
      : {
          id: known?.id ?? nextId<ReservedIpId>(state, 'reservations'),
          comment: comment ?? known?.comment ?? '',
        }
  state.reservations.put(ip, { ip, client, mac, hostname, createdWall: wall, ...more })
  return DONE
}

export const updateReservation: Handler<'reservation.update'> = ({ state }, { id, comment }) => {
  const reservation = state.reservationsById.first(id)
  if (reservation === undefined) return notFound('ReservedIP')
  state.reservations.put(reservation.ip, { ...reservation, comment })
  return DONE
}

export const deleteReservation: Handler<'reservation.delete'> = (context, { ip }) => {
  const reservation = context.state.reservations.get(ip)
  if (reservation === undefined) return notFound('Reservation')
  dropReservation(context, reservation)
  return DONE
}

/**
 * Racks whose view is older may serve it until their tenures end, so the client keeps a hold that long. One
 * that was not effective was served by nobody.
 */
export function dropReservation(context: Context, reservation: Reservation): void {
  const { state, now, wall } = context
  const { ip, client, mac, hostname } = reservation
  if (isIpv4(ip) && isEffective(state, now, reservation)) {
    const old = state.holds.get(ip)
    const isOwn = old !== undefined && old.until > now
    const until = Math.max(isOwn ? old.until : 0, now + tenureHoldMs())
    state.holds.put(ip, {
      ip,
      client,
      mac,
      until,
      boundAt: isOwn ? old.boundAt : now,
      leaseSeconds: isOwn ? old.leaseSeconds : 0,
      boundWall: isOwn ? old.boundWall : wall,
      released: isOwn ? old.released : true,
      hostname,
      rackId: isOwn ? old.rackId : null,
    })
  }
  state.reservations.delete(ip)
}

/** Those in no subnet with a longer prefix, ascending. */
export function reservationsIn(state: RegionState, subnet: Subnet): readonly Reservation[] {
  const rows: Reservation[] = []
  for (const ip of keysWithin(state.reservations, spanOf(subnet.cidr))) {
    const row = state.reservations.get(ip)
    if (row !== undefined && subnetOf(state, ip)?.id === subnet.id) rows.push(row)
  }
  return rows
}

/** What MAAS says about a reserved IP that it will not take, by field. */
function checkReservedIp(
  state: RegionState,
  { ip, mac }: CommandOf<'reservation.create'>,
): Refusal | null {
  const text = formatIp(ip)
  const kept = state.keptAddresses.reason(ip)
  if (kept !== undefined) return invalid('ip', `${text} is ${kept.text}.`)
  const known = state.reservations.get(ip)
  if (known !== undefined) return invalid('ip', `${text} is reserved for ${known.mac} already.`)
  if (state.ipAddresses.has(ip)) return invalid('ip', `The IP address ${text} is already in use.`)
  if (state.controllerAddresses.has(ip)) {
    return invalid('ip', `The IP address ${text} belongs to a rack controller.`)
  }
  const subnet = subnetOf(state, ip)
  const other = state.reservationsByMac
    .rows(mac)
    .find((row) => subnetOf(state, row.ip)?.id === subnet?.id)
  if (other === undefined || subnet === undefined) return null
  const cidr = formatIpCidr(subnet.cidr)
  return invalid('mac_address', `${mac} has ${formatIp(other.ip)} reserved in ${cidr} already.`)
}
