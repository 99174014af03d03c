// What this rack may answer when no region does: lease-protocol §4. Pure: ledger, view and the boot clock in,
// answer out. Three rights, each with its own end: the reserve and reservations (tenure), a client's own
// hold (the time it has left). Everything else is silence.
import { contains, type Ipv4 } from '#model/ipv4.ts'
import { holdRemainingMs, offlineLeaseSeconds, tenureDeadlineMs } from '#model/lease-time.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey } from '#model/network.ts'
import type { BoundRecord, Ledger, ReserveEntry, TenureRecord } from './ledger.ts'
import type { OffersView } from './offers.ts'
import { rangeOf, type Pool, type ViewIndex } from './view-index.ts'

export type RightsContext = {
  readonly ledger: Ledger
  readonly index: ViewIndex
  /** Boot clock, read after the packet was received. */
  readonly nowMs: number
}

export type OfflineRequest = {
  readonly client: ClientKey
  readonly mac: MacAddress
  readonly ip: Ipv4
  readonly kind: 'selecting' | 'initReboot' | 'renewing' | 'rebinding'
  readonly leaseSeconds: number
  readonly hostname: string
}

export type Right = 'reserve' | 'hold' | 'reservation'

export type OfflineAnswer =
  | {
      readonly type: 'ack'
      readonly right: Right
      readonly leaseSeconds: number
      /** Must be synced before the ACK leaves. */
      readonly record: BoundRecord | null
    }
  | { readonly type: 'silence' }

const SILENCE = { type: 'silence' } as const

/** The newest tenure that the view is new enough for; undefined: no right of the tenure's. */
function usableTenure({ ledger, index }: RightsContext): TenureRecord | undefined {
  const { revision } = index.view
  const clusterId = index.view.settings()?.clusterId
  return ledger.tenures.findLast((one) => one.revision <= revision && one.clusterId === clusterId)
}

/** Ms until the rack must fall silent; 0 or less: it has no tenure. */
export function tenureRemainingMs(context: RightsContext): number {
  const tenure = usableTenure(context)
  return tenure === undefined ? 0 : tenureDeadlineMs(tenure.sentAtMs) - context.nowMs
}

export function offlineAnswer(context: RightsContext, request: OfflineRequest): OfflineAnswer {
  return (
    fromReserve(context, request) ??
    fromHold(context, request) ??
    fromReservation(context, request) ??
    SILENCE
  )
}

/**
 * The reserve address of this client that no region knows of yet, or that it was just offered: answered here
 * also while a region is in sight, because only this rack may (§3 `reserve.grant`).
 */
export function isOwnReserve(
  context: RightsContext,
  request: Pick<OfflineRequest, 'ip' | 'client' | 'kind'>,
): boolean {
  const entry = usableEntry(context, request.ip)
  if (entry === undefined) return false
  if (entry.bound === null) return request.kind === 'selecting'
  return entry.bound.client === request.client && !entry.bound.isReplayed
}

/** What a client that broadcasts may be offered: its own first, then an unused reserve address. */
export function offlineOffer(
  context: RightsContext,
  wanted: {
    readonly client: ClientKey
    readonly pool: Pool
    readonly offers: OffersView
    readonly leaseSeconds: number
    /** Monotonic, as the offers count. */
    readonly offersNowMs: number
  },
): { readonly ip: Ipv4; readonly leaseSeconds: number } | undefined {
  const { client, pool, offers, leaseSeconds } = wanted
  const inPool = (ip: Ipv4): boolean => pool.subnets.some(({ cidr }) => contains(cidr, ip))
  const own = [
    ...[...context.ledger.reserves.values()].filter((one) => one.bound?.client === client),
    ...context.index.holdsOf(client).toSorted((a, b) => b.boundAt - a.boundAt),
    ...context.index.reservationsOf(client),
  ]
  const request = { client, leaseSeconds, mac: '' as MacAddress, hostname: '' }
  for (const { ip } of own) {
    if (!inPool(ip)) continue
    const answer = offlineAnswer(context, { ...request, ip, kind: 'renewing' })
    if (answer.type === 'ack') return { ip, leaseSeconds: answer.leaseSeconds }
  }
  const told = offlineLeaseSeconds(leaseSeconds, tenureRemainingMs(context))
  if (told === 0) return undefined
  const isUnused = ({ ip, bound }: ReserveEntry): boolean => {
    if (bound !== null || rangeOf(pool, ip) === undefined) return false
    const offeredTo = offers.clientOf(ip, wanted.offersNowMs)
    return offeredTo === undefined || offeredTo === client
  }
  const offered = offers.addressOf(client, wanted.offersNowMs)
  const unused = [...context.ledger.reserves.values()].filter(
    (entry) => usableEntry(context, entry.ip) !== undefined && isUnused(entry),
  )
  const chosen = unused.find(({ ip }) => ip === offered) ?? unused[0]
  return chosen === undefined ? undefined : { ip: chosen.ip, leaseSeconds: told }
}

function fromReserve(context: RightsContext, request: OfflineRequest): OfflineAnswer | undefined {
  const entry = usableEntry(context, request.ip)
  if (entry === undefined) return undefined
  const { ip, client, mac, hostname } = request
  const isFirst = entry.bound === null && request.kind === 'selecting'
  if (!isFirst && entry.bound?.client !== client) return undefined
  const leaseSeconds = offlineLeaseSeconds(request.leaseSeconds, tenureRemainingMs(context))
  if (leaseSeconds === 0) return undefined
  const { generation } = entry
  return {
    type: 'ack',
    right: 'reserve',
    leaseSeconds,
    record: { type: 'bound', ip, generation, client, mac, leaseSeconds, hostname },
  }
}

/** Time already granted: the region protects the client to `until` whoever renews him, so no journal. */
function fromHold(context: RightsContext, request: OfflineRequest): OfflineAnswer | undefined {
  const hold = context.index.hold(request.ip)
  const anchor = usableTenure(context)
  if (hold?.client !== request.client || anchor === undefined) return undefined
  const remainingMs = holdRemainingMs(hold.until, anchor, context.nowMs)
  const leaseSeconds = offlineLeaseSeconds(request.leaseSeconds, remainingMs)
  return leaseSeconds === 0 ? undefined : { type: 'ack', right: 'hold', leaseSeconds, record: null }
}

/** Effective in the view: nobody else was protected on the address then, and nobody can be since. */
function fromReservation(
  context: RightsContext,
  request: OfflineRequest,
): OfflineAnswer | undefined {
  const { index } = context
  const { ip, client } = request
  if (index.reservation(ip)?.client !== client || index.reserve(ip) !== undefined) return undefined
  const hold = index.hold(ip)
  if (hold !== undefined && hold.client !== client && hold.until > index.stamp) return undefined
  const leaseSeconds = offlineLeaseSeconds(request.leaseSeconds, tenureRemainingMs(context))
  if (leaseSeconds === 0) return undefined
  return { type: 'ack', right: 'reservation', leaseSeconds, record: null }
}

function usableEntry(context: RightsContext, ip: Ipv4): ReserveEntry | undefined {
  const entry = context.ledger.reserves.get(ip)
  const epoch = usableTenure(context)?.epoch
  if (entry === undefined || entry.epoch !== epoch || entry.isDeclined) return undefined
  return entry.status === 'usable' ? entry : undefined
}
