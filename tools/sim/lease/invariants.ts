// What must hold at every commit (lease-protocol §9): nobody has an address that another has, by the clients'
// own rules, and I1 to I7, by which that is argued. Each looks at the committed state, at what racks believe and
// at what clients do; none knows how it came about.
import { formatIp, isIpv4, type Ip } from '#model/ip.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import {
  holdMs,
  holdRemainingMs,
  LEASE_SECONDS_MAX,
  offlineLeaseSeconds,
  tenureHoldMs,
} from '#model/lease-time.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey } from '#model/network.ts'
import { offlineAnswer, type RightsContext, tenureRemainingMs } from '#rack/dhcp/rights.ts'
import { isEffective, isRestoring, liveHold, liveReserve, liveTenure } from '#state/free.ts'
import type { RegionState } from '#state/state.ts'
import type { Binding } from './client.ts'
import type { RackHost } from './rack-host.ts'

export const CHECKERS = [
  'uniqueAddress',
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'liveness',
  'assertion',
] as const
export type Checker = (typeof CHECKERS)[number]

export class Violation extends Error {
  readonly checker: Checker

  constructor(checker: Checker, message: string) {
    super(message)
    this.checker = checker
  }
}

/** Who has what, by the clients' own rules and by answers of the API. */
export class Holders {
  readonly #bindings = new Map<ClientKey, Binding>()
  readonly #static = new Set<Ip>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  bind(binding: Binding): void {
    for (const other of this.live()) {
      if (other.ip !== binding.ip || other.client === binding.client) continue
      const left = Math.round((other.endsAtMs - this.#nowMs()) / 1000)
      const text = `${binding.client} is given ${formatIpv4(binding.ip)}, which ${other.client}`
      throw new Violation('uniqueAddress', `${text} has for another ${left} s`)
    }
    if (this.#static.has(binding.ip)) {
      const text = `${binding.client} is given ${formatIpv4(binding.ip)}, which is allocated`
      throw new Violation('uniqueAddress', text)
    }
    this.#bindings.set(binding.client, binding)
  }

  leave(client: ClientKey): void {
    this.#bindings.delete(client)
  }

  allocate(ip: Ip): void {
    const holder = this.live().find((one) => one.ip === ip)
    if (holder !== undefined) {
      const text = `${formatIp(ip)} is allocated, which ${holder.client} has`
      throw new Violation('uniqueAddress', text)
    }
    this.#static.add(ip)
  }

  release(ip: Ip): void {
    this.#static.delete(ip)
  }

  /** After a restore: what was allocated since the backup is lost, and that is said (§10). */
  forgetAllocations(kept: ReadonlySet<Ip>): void {
    for (const ip of this.#static) if (!kept.has(ip)) this.#static.delete(ip)
  }

  live(): readonly Binding[] {
    return [...this.#bindings.values()].filter(({ endsAtMs }) => endsAtMs > this.#nowMs())
  }
}

/** Called with the committed state after each command. */
export function checkInvariants(
  state: RegionState,
  holders: Holders,
  racks: readonly RackHost[],
): void {
  checkProtection(state, holders, racks)
  checkOneProtector(state, racks)
  for (const rack of racks) checkRack(state, rack)
  checkBounds(state)
}

/** I1: whoever holds an address by his own rules is protected at the region. */
function checkProtection(state: RegionState, holders: Holders, racks: readonly RackHost[]): void {
  const now = state.stamp
  if (isRestoring(state, now)) return
  for (const { client, ip } of holders.live()) {
    const linkedTo = state.ipAddresses.get(ip)?.mac
    if (linkedTo && client !== keyOf(linkedTo)) {
      const text = `${client} has ${formatIpv4(ip)}, which is linked to ${linkedTo}`
      throw new Violation('uniqueAddress', text)
    }
    if (liveHold(state, now, ip)?.client === client) continue
    const reservation = state.reservations.get(ip)
    if (reservation?.client === client && isEffective(state, now, reservation)) continue
    const reserve = liveReserve(state, now, ip)
    const rack = racks.find(({ rackId }) => rackId === reserve?.rackId)
    const entry = reserve === undefined ? undefined : rack?.disk.entry(reserve)
    if (entry?.bound?.client === client) continue
    throw new Violation('I1', `${client} has ${formatIpv4(ip)} and nothing protects it`)
  }
}

/** I2: at most one protector per address. */
function checkOneProtector(state: RegionState, racks: readonly RackHost[]): void {
  const now = state.stamp
  for (const { ip, interfaceId, mac } of state.ipAddresses.values()) {
    const hold = liveHold(state, now, ip)
    // Of a link: its machine may have it by DHCP too.
    const isOwn = interfaceId !== undefined && mac !== null && hold?.client === keyOf(mac)
    if (hold !== undefined && !isOwn) {
      throw new Violation('I2', `${formatIp(ip)} is allocated and held by ${hold.client}`)
    }
    if (liveReserve(state, now, ip) !== undefined) {
      throw new Violation('I2', `${formatIp(ip)} is allocated and in reserve`)
    }
  }
  for (const reserve of state.reserves.values()) {
    if (liveReserve(state, now, reserve.ip) === undefined) continue
    const hold = liveHold(state, now, reserve.ip)
    if (hold === undefined) continue
    const rack = racks.find(({ rackId }) => rackId === reserve.rackId)
    const entry = rack?.disk.entry(reserve)
    if (entry === undefined || entry.bound?.client === hold.client) continue
    const text = `${formatIpv4(reserve.ip)} is held by ${hold.client} and in reserve of ${reserve.rackId}`
    throw new Violation('I2', text)
  }
}

function keyOf(mac: MacAddress): ClientKey {
  return `1-${mac.replaceAll(':', '')}`
}

function checkRack(state: RegionState, rack: RackHost): void {
  const { process } = rack
  if (process === undefined || rack.isClockStopped) return
  const { view } = process
  // A rack that has not heard of the restore lives on by what the lost log promised (§5).
  if (view.settings()?.clusterId !== state.clusterId) return
  // As the rack itself asks: it looks at its clock first.
  const context = process.endurance.context()
  if (context === undefined) return
  checkTenure(state, rack, context)
  checkViewHolds(state, rack, context)
  checkReservations(state, rack, context)
}

/** I3 and I4: while a rack believes in its tenure and a reserve address, the region does. */
function checkTenure(state: RegionState, { rackId }: RackHost, context: RightsContext): void {
  if (tenureRemainingMs(context) <= 0) return
  const { ledger } = context
  const tenure = liveTenure(state, state.stamp, rackId)
  if (tenure === undefined || tenure.epoch !== ledger.epoch) {
    throw new Violation('I3', `${rackId} believes in a tenure that the region let lapse`)
  }
  for (const entry of ledger.reserves.values()) {
    if (entry.status !== 'usable' || entry.epoch !== ledger.epoch) continue
    const row = state.reserves.get(entry.ip)
    const isSame =
      row?.rackId === rackId && row.epoch === entry.epoch && row.generation === entry.generation
    if (isSame) continue
    throw new Violation('I4', `${rackId} believes in ${formatIpv4(entry.ip)}, which is not its own`)
  }
}

/** I5: a hold that a view says can be renewed is still that client's at the region. */
function checkViewHolds(state: RegionState, { rackId }: RackHost, context: RightsContext): void {
  const anchor = context.ledger.tenures.at(-1)
  if (anchor === undefined) return
  for (const { ip, client, until } of context.index.view.table('holds').values()) {
    const remainingMs = holdRemainingMs(until, anchor, context.nowMs)
    if (offlineLeaseSeconds(LEASE_SECONDS_MAX, remainingMs) === 0) continue
    if (liveHold(state, state.stamp, ip)?.client === client) continue
    const text = `${rackId} would renew ${client} on ${formatIpv4(ip)}, who has no hold any more`
    throw new Violation('I5', text)
  }
}

/** I6: a reservation that a view lets a rack serve is still protected. */
function checkReservations(state: RegionState, { rackId }: RackHost, context: RightsContext): void {
  for (const { ip, client, mac } of context.index.view.table('reservations').values()) {
    if (!isIpv4(ip)) continue
    const request = { client, mac, ip, leaseSeconds: 600, hostname: '' }
    const answer = offlineAnswer(context, { ...request, kind: 'renewing' })
    if (answer.type !== 'ack' || answer.right !== 'reservation') continue
    const reservation = state.reservations.get(ip)
    if (reservation?.client === client && isEffective(state, state.stamp, reservation)) continue
    if (liveHold(state, state.stamp, ip)?.client === client) continue
    const text = `${rackId} would serve ${client} its old reservation ${formatIpv4(ip)}`
    throw new Violation('I6', text)
  }
}

/** I7: every hold and tenure ends. */
function checkBounds(state: RegionState): void {
  const longest = Math.max(holdMs(LEASE_SECONDS_MAX, 0), tenureHoldMs())
  for (const { ip, until } of state.holds.values()) {
    if (until - state.stamp <= longest) continue
    throw new Violation('I7', `the hold of ${formatIpv4(ip)} is longer than any may be`)
  }
  for (const { rackId, until } of state.tenures.values()) {
    if (until - state.stamp <= tenureHoldMs()) continue
    throw new Violation('I7', `the tenure of ${rackId} is longer than any may be`)
  }
}
