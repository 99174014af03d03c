// Addresses kept for one client (`resv[a]` of lease-protocol §2, §3). Nothing is taken from anybody by making
// or deleting one: a hold of another client, and what racks with an older view may still serve, runs out first.
import { tenureHoldMs } from '#model/lease-time.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import { DONE, notFound, refuse, type Handler } from './context.ts'
import { isEffective } from './free.ts'
import { RESERVATIONS_MAX } from './limits.ts'
import { subnetOf } from './query.ts'

/** Recorded at once; the other client's renewals are refused from now on, its hold runs out. */
export const createReservation: Handler<'reservation.create'> = ({ state, wall }, command) => {
  const { ip, client, mac, hostname } = command
  const text = formatIpv4(ip)
  if (subnetOf(state, ip) === undefined) return notFound('Subnet')
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
  state.reservations.put(ip, { ip, client, mac, hostname, createdWall: wall })
  return DONE
}

/**
 * Racks whose view is older may serve it until their tenures end, so the client keeps a hold that long. One
 * that was not effective was served by nobody.
 */
export const deleteReservation: Handler<'reservation.delete'> = ({ state, now, wall }, { ip }) => {
  const reservation = state.reservations.get(ip)
  if (reservation === undefined) return notFound('Reservation')
  const { client, mac, hostname } = reservation
  if (isEffective(state, now, reservation)) {
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
  return DONE
}
