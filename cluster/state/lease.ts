// DHCP bindings as commands: lease-protocol §2 and §3, the connected path. A hold is the region's promise
// that an address is for one client until a log time; nothing here ever makes that time earlier.
//
// Refusals tell the rack what it may say: ADDRESS_UNAVAILABLE is a committed no and may leave as DHCPNAK;
// NOT_FOUND, RACK_REFUSED and VALIDATION mean silence.
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import { holdMs, LEASE_SECONDS_MAX, TENURE_MS } from '#model/lease-time.ts'
import { isLinkOf, type Hold } from '#model/network.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { isEffective, isRestoring, liveHold, obstacleTo, type Obstacle } from './free.ts'
import { ENDURANCE_FULL_PERCENT, ENDURANCE_NONE_PERCENT, QUARANTINE_MS } from './limits.ts'
import type { Refusal } from './outcome.ts'
import type { Pool } from './pools.ts'
import { isServedBy, subnetOf } from './query.ts'
import type { SubnetId } from '#model/ids.ts'
import type { RegionState } from './state.ts'

type Bind = CommandOf<'lease.bind'>
type Moment = Pick<Context, 'state' | 'now'>

export const bindLease: Handler<'lease.bind'> = (context, command) => {
  const { state, now, wall } = context
  const { ip, client, mac, rackId, hostname } = command
  if (!Number.isInteger(command.leaseSeconds) || command.leaseSeconds < 1) {
    return invalid('lease_seconds', 'A lease lasts at least one second.')
  }
  const refusal = whyNotBound(context, command)
  if (refusal !== null) return refusal
  const pool = state.pools.at(ip)
  const leaseSeconds = Math.min(command.leaseSeconds, LEASE_SECONDS_MAX)
  const endsAt = now + holdMs(leaseSeconds, pool === undefined ? 0 : enduranceMs(pool))
  const old = state.holds.get(ip)
  // The promise already made to this client stands, whatever was asked for now.
  const until = old?.client === client ? Math.max(old.until, endsAt) : endsAt
  const row: Hold = {
    ip,
    client,
    mac,
    until,
    boundAt: now,
    leaseSeconds,
    boundWall: wall,
    released: false,
    hostname,
    rackId,
  }
  state.holds.put(ip, row)
  return { ok: true, value: { ip, leaseSeconds, until } }
}

/** The refusal of a bind, null when it would be done. Reads only. */
export function whyNotBound(context: Moment, command: Bind): Refusal | null {
  return (
    checkRecord(context, command) ?? checkServed(context, command) ?? checkFree(context, command)
  )
}

/** Marks only: the address is protected to its time (the client's retry may still be on its way). */
export const releaseLease: Handler<'lease.release'> = ({ state, now }, { client, ip }) => {
  const hold = liveHold(state, now, ip)
  if (hold === undefined || hold.client !== client) return noRecord()
  if (!hold.released) state.holds.put(ip, { ...hold, released: true })
  return DONE
}

export const declineLease: Handler<'lease.decline'> = (context, { client, mac, ip }) => {
  const { state, now } = context
  const hold = liveHold(state, now, ip)
  if (hold === undefined || hold.client !== client || hold.mac !== mac) return noRecord()
  const quarantined = state.quarantines.get(ip)?.until ?? 0
  const until = Math.max(hold.until, quarantined, now + QUARANTINE_MS)
  state.quarantines.put(ip, { ip, until, mac })
  addEvent(context, {
    systemId: state.interfacesByMac.first(mac)?.systemId ?? null,
    username: '',
    level: 'WARNING',
    type: 'DHCP address declined',
    description: `${mac} found ${formatIpv4(ip)} in use; nobody gets it for 24 hours.`,
  })
  return DONE
}

/** H of lease-protocol §6: D while the pool is roomy, falling linearly to 0 when it is nearly full. */
export function enduranceMs({ size, heldCount }: Pick<Pool, 'size' | 'heldCount'>): number {
  const free = Math.max(size - heldCount, 0) * 100
  if (free >= ENDURANCE_FULL_PERCENT * size) return TENURE_MS
  const above = free - ENDURANCE_NONE_PERCENT * size
  if (above <= 0) return 0
  const span = (ENDURANCE_FULL_PERCENT - ENDURANCE_NONE_PERCENT) * size
  return Math.floor((TENURE_MS * above) / span)
}

/** INIT-REBOOT needs a record: none → silence, one for another address → NAK (§4, RFC 2131 §4.3.2). */
function checkRecord({ state, now }: Moment, { kind, client, mac, ip }: Bind): Refusal | null {
  if (kind !== 'initReboot' || liveHold(state, now, ip)?.client === client) return null
  if (state.reservations.get(ip)?.client === client) return null
  if (isLinkOf(state.ipAddresses.get(ip), mac)) return null
  const elsewhere = state.holdsByClient.rows(client).some((hold) => hold.until > now)
  return elsewhere ? unavailable(ip, 'is not the one the client has') : noRecord()
}

/**
 * The address must lie in a dynamic range of a VLAN that this rack serves, or be kept for the client. Where it does not any more, a
 * hold only runs out (§3: rows stay as tombstones), so its client is told no and asks for another. An
 * address that was never ours in a REBINDING or RENEWING may be another server's: silence.
 */
function checkServed(
  { state, now }: Moment,
  { kind, rackId, client, mac, ip }: Bind,
): Refusal | null {
  const subnetId = servedSubnet(state, now, { ip, client, mac })
  if (subnetId === undefined) {
    const ours = kind === 'selecting' || liveHold(state, now, ip)?.client === client
    return ours ? unavailable(ip, 'is in no dynamic range') : noRecord()
  }
  const vlanId = state.subnets.get(subnetId)?.vlanId
  const vlan = vlanId === undefined ? undefined : state.vlans.get(vlanId)
  if (vlan !== undefined && isServedBy(state, vlan, rackId)) return null
  return refuse('RACK_REFUSED', `Rack ${rackId} does not serve ${formatIpv4(ip)}.`)
}

/** DHCP gives addresses of dynamic ranges, and anywhere those reserved for the very client and those of its links. */
function servedSubnet(
  state: RegionState,
  now: number,
  { ip, client, mac }: Pick<Bind, 'ip' | 'client' | 'mac'>,
): SubnetId | undefined {
  const reservation = state.reservations.get(ip)
  if (reservation?.client === client && isEffective(state, now, reservation)) {
    return subnetOf(state, ip)?.id
  }
  if (isLinkOf(state.ipAddresses.get(ip), mac)) return subnetOf(state, ip)?.id
  const pool = state.pools.at(ip)
  return pool?.range.type === 'dynamic' ? pool.range.subnetId : undefined
}

/**
 * What is in the way decides what may be said. An address in a live reserve may be the client's by a rack
 * that is cut off, and after a restore the client may know more than this state: silence, not DHCPNAK.
 */
function checkFree({ state, now }: Moment, { kind, ip, client, mac }: Bind): Refusal | null {
  const isRenewal = kind === 'renewing' || kind === 'rebinding'
  const obstacle = obstacleTo(state, now, { ip, client, mac, isRenewal })
  if (obstacle === null) return null
  const isSilent =
    obstacle === 'restoring' ||
    isRestoring(state, now) ||
    (obstacle === 'reserve' && kind !== 'selecting')
  return isSilent ? noRecord() : unavailable(ip, OBSTACLES[obstacle])
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  allocated: 'is allocated',
  reservation: 'is kept for another client',
  held: 'is not free',
  quarantined: 'was found in use by a machine nobody knows',
  observed: 'is in use by a machine that has no lease for it',
  reserve: 'is kept by a rack',
  controller: 'belongs to a rack controller',
  restoring: 'may be in use by a client of before the restore',
}

function unavailable(ip: Ipv4, why: string): Refusal {
  return refuse('ADDRESS_UNAVAILABLE', `${formatIpv4(ip)} ${why}.`)
}

function noRecord(): Refusal {
  return refuse('NOT_FOUND', 'No Lease matches the given query.')
}
