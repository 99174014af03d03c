// Tenures and reserves as commands: lease-protocol §3. A tenure is one deadline per rack; a reserve is an
// address that only this rack may bind while it is cut off. Both end by log time alone: no failure detector,
// no later hello and no API call ends them earlier.
import { tenureHoldMs, holdMs } from '#model/lease-time.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import type { Hold, Tenure } from '#model/network.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { isRestoring, liveHold, liveReserve, liveTenure } from './free.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

/**
 * A rack that has no tenure asks for one. Refused while an earlier one is live, whoever asks: another
 * process, disk or start of the same rack may be using it.
 */
export const sayHello: Handler<'tenure.hello'> = (context, command) => {
  const { state, now } = context
  const { rackId, incarnation, journalSequence } = command
  if (state.controllers.get(rackId)?.kind !== 'rack') return notFound('RackController')
  const refusal = checkRestore(context)
  if (refusal !== null) return refusal
  const live = liveTenure(state, now, rackId)
  if (live !== undefined) return wait('An earlier tenure of the rack is live.', live.until - now)
  dropReserves(state, rackId)
  const epoch = state.revision
  const until = now + tenureHoldMs()
  state.tenures.put(rackId, { rackId, epoch, incarnation, journalSequence, until })
  return { ok: true, value: { epoch, stamp: now } }
}

/** A dead tenure is never revived: its reserves may be somebody else's by now. */
export const beatTenure: Handler<'tenure.beat'> = (context, command) => {
  const { state, now } = context
  const { rackId, epoch, journalSequence } = command
  const refusal = checkRestore(context)
  if (refusal !== null) return refusal
  const tenure = currentTenure(state, now, rackId, epoch)
  if (tenure === undefined) return lapsed()
  if (journalSequence < tenure.journalSequence) {
    return refuse('CONFLICT', 'The journal of the rack is older than one seen before.')
  }
  // Beats may overtake one another: the later end stands.
  const until = Math.max(tenure.until, now + tenureHoldMs())
  state.tenures.put(rackId, { ...tenure, journalSequence, until })
  return { ok: true, value: { epoch, stamp: now } }
}

/** Exactly that rack, epoch and grant: a late copy must not take a later grant away. */
export const returnReserves: Handler<'reserve.return'> = ({ state }, command) => {
  const { rackId, epoch, reserves } = command
  for (const { ip, generation } of reserves) {
    const reserve = state.reserves.get(ip)
    if (
      reserve?.rackId === rackId &&
      reserve.epoch === epoch &&
      reserve.generation === generation
    ) {
      state.reserves.delete(ip)
    }
  }
  return DONE
}

/**
 * What a rack bound from its reserve becomes a hold. The reserve stays: until the rack returns it, it may
 * have renewed the client again. Too late (the tenure lapsed): history only, by I3 the lease is over.
 */
export const replayReserve: Handler<'reserve.replay'> = (context, command) => {
  const { state, now, wall } = context
  const { rackId, epoch, ip, generation, client, mac, leaseSeconds, hostname } = command
  const reserve = liveReserve(state, now, ip)
  const matches =
    reserve?.rackId === rackId && reserve.epoch === epoch && reserve.generation === generation
  if (!matches) {
    remember(context, rackId, `${mac} had ${formatIpv4(ip)} for a time that is over.`)
    return { ok: true, value: { result: 'late' } }
  }
  const old = liveHold(state, now, ip)
  if (old !== undefined && old.client !== client) {
    remember(context, rackId, `${formatIpv4(ip)} is held by ${old.mac} and was given to ${mac}.`)
    return { ok: true, value: { result: 'conflict' } }
  }
  const row: Hold = {
    ip,
    client,
    mac,
    until: Math.max(old?.until ?? 0, now + holdMs(leaseSeconds, 0)),
    boundAt: now,
    leaseSeconds,
    boundWall: wall,
    released: false,
    hostname,
    rackId,
  }
  state.holds.put(ip, row)
  return { ok: true, value: { result: 'bound' } }
}

/** Frees the memory of what lapsed; every reader compares with log time anyway. */
export function sweepTenures(state: RegionState, now: number, limit: number): void {
  for (const rackId of state.tenureEnds.ended(now, limit)) {
    dropReserves(state, rackId)
    state.tenures.delete(rackId)
  }
}

/** The tenure of this rack and epoch while it is live. */
export function currentTenure(
  state: RegionState,
  now: number,
  rackId: SystemId,
  epoch: number,
): Tenure | undefined {
  const tenure = liveTenure(state, now, rackId)
  return tenure?.epoch === epoch ? tenure : undefined
}

export function lapsed(): Refusal {
  return refuse('CONFLICT', 'The tenure has lapsed.')
}

/** No tenure, beat or grant while promises of a lost log may still be live (§5). */
export function checkRestore({ state, now }: Context): Refusal | null {
  if (!isRestoring(state, now)) return null
  const until = state.cluster.get('cluster')?.restoreUntil ?? 0
  return wait('The region was restored from a backup.', until - now)
}

function dropReserves(state: RegionState, rackId: SystemId): void {
  for (const ip of [...state.reservesByRack.keys(rackId)]) state.reserves.delete(ip)
}

function wait(message: string, retryAfterMs: number): Refusal {
  return { ok: false, code: 'RACK_REFUSED', message, retryAfterMs }
}

function remember(context: Context, systemId: SystemId, description: string): void {
  const type = 'Offline lease not replayed'
  addEvent(context, { systemId, username: '', level: 'WARNING', type, description })
}
