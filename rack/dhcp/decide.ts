// What to do with one DHCP message: ignore it, ask a region, or answer. Pure: packet, arrival and view in,
// decision out. RFC 2131 §4.3; what may be answered when: lease-protocol §4, with `rights.ts` for the column
// without a region.
import type { SystemId } from '#model/ids.ts'
import { contains, type Ipv4 } from '#model/ipv4.ts'
import type { ClientKey } from '#model/network.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { clientHostname } from './hostname.ts'
import { leaseSecondsFor } from './lease-seconds.ts'
import { type Arrival, isBroadcast, locate, type Place, serverAddressOf } from './locate.ts'
import { isLook } from './look.ts'
import type { BoundRecord } from './ledger.ts'
import type { OffersView } from './offers.ts'
import { OPTION, readIpv4 } from './options.ts'
import { BOOTREQUEST, type ClientIdentity, type DhcpPacket, identifyClient } from './packet.ts'
import {
  isOwnReserve,
  offlineAnswer,
  offlineOffer,
  type Right,
  type RightsContext,
} from './rights.ts'
import type { ViewIndex } from './view-index.ts'
import type { WaitingClients } from './waiting-clients.ts'
import { chooseOffer } from './window.ts'

export type IgnoreReason =
  | 'not_a_request'
  | 'hardware_address'
  | 'relay_information_too_long'
  | 'no_subnet'
  | 'dhcp_off'
  | 'not_our_vlan'
  | 'no_server_address'
  | 'standby'
  | 'pool_exhausted'
  | 'other_server'
  | 'no_address_named'
  | 'not_the_holder'
  | 'reply_message'
  | 'no_quorum'
  | 'no_rights'
  | 'refused'
  | 'probe'

/** Everything an answer is made from; kept while a region is asked. */
export type Exchange = {
  readonly packet: DhcpPacket
  readonly arrival: Arrival
  readonly place: Place
  readonly client: ClientIdentity
  /** This rack's own address towards the client: source of replies, next server, HTTP host. */
  readonly rackIp: Ipv4
  /** Option 54: `rackIp`, unless the relay asked to stand in (RFC 5107). */
  readonly serverId: Ipv4
}

export type Decision =
  | { readonly type: 'ignore'; readonly reason: IgnoreReason; readonly client?: ClientIdentity }
  | {
      readonly type: 'offer'
      readonly exchange: Exchange
      readonly ip: Ipv4
      readonly leaseSeconds: number
      /** Nothing says that the client used it before, and it would be on this link: worth a probe. */
      readonly isFirst: boolean
    }
  | {
      readonly type: 'ack'
      readonly exchange: Exchange
      readonly ip: Ipv4
      readonly leaseSeconds: number
    }
  /** By this rack's own rights: leaves when `record` is synced, at once when there is none. */
  | {
      readonly type: 'ackOffline'
      readonly exchange: Exchange
      readonly ip: Ipv4
      readonly leaseSeconds: number
      readonly right: Right
      readonly record: BoundRecord | null
    }
  /** RFC 2131 §4.3.5: parameters only, no lease. */
  | { readonly type: 'inform'; readonly exchange: Exchange }
  | { readonly type: 'nak'; readonly exchange: Exchange; readonly message: string }
  /** `command` goes out for this very packet; `answerBind` reads what came back. */
  | { readonly type: 'bind'; readonly exchange: Exchange; readonly command: BindCommand }
  /** Nobody waits for the outcome. */
  | { readonly type: 'tell'; readonly exchange: Exchange; readonly command: RackCommand }

type BindCommand = Extract<RackCommand, { type: 'lease.bind' }>

export type DecideContext = {
  readonly rackId: SystemId
  readonly index: ViewIndex
  readonly offers: OffersView
  readonly waiting: Pick<WaitingClients, 'waitedMs'>
  /** Every address of this rack: what option 54 may name. */
  readonly ownAddresses: readonly Ipv4[]
  readonly nowMs: number
  /** What this rack may answer by itself; undefined: nothing. */
  readonly rights: RightsContext | undefined
  /** A region with a leader is in sight. Policy only: no safety rests on it. */
  readonly isConnected: boolean
}

/** The next rack in order waits so long; a PXE ROM repeats after 4 s and gives up after a minute. */
const STANDBY_MS = 3_000
const STANDBY_SECS = 4

const ignore = (reason: IgnoreReason, client?: ClientIdentity): Decision =>
  client === undefined ? { type: 'ignore', reason } : { type: 'ignore', reason, client }

export function decide(packet: DhcpPacket, arrival: Arrival, context: DecideContext): Decision {
  if (packet.op !== BOOTREQUEST) return ignore('not_a_request')
  if (isLook(packet)) return ignore('probe')
  const client = identifyClient(packet)
  if (client === undefined) return ignore('hardware_address')
  const relayInformation = packet.options.get(OPTION.RELAY_AGENT_INFORMATION)
  if ((relayInformation?.length ?? 0) > 255) return ignore('relay_information_too_long')
  const located = locate({ packet, arrival, index: context.index, rackId: context.rackId })
  if (!located.ok) return ignore(located.reason)
  const { place } = located
  const rackIp = serverAddressOf(arrival.link, place.subnet ?? place.pool.ranges[0]?.subnet)
  if (rackIp === undefined) return ignore('no_server_address')
  const serverId = place.serverIdOverride ?? rackIp
  const exchange: Exchange = { packet, arrival, place, client, rackIp, serverId }
  switch (packet.messageType) {
    case 'DHCPDISCOVER':
      return decideDiscover(exchange, context)
    case 'DHCPREQUEST':
      return decideRequest(exchange, context)
    case 'DHCPDECLINE':
      return decideDecline(exchange, context)
    case 'DHCPRELEASE':
      return decideRelease(exchange, context)
    case 'DHCPINFORM':
      return decideInform(exchange)
    case 'DHCPOFFER':
    case 'DHCPACK':
    case 'DHCPNAK':
      return ignore('reply_message')
    default:
      return packet.messageType satisfies never
  }
}

/** Another rack comes first and the client has not waited long enough to show that it is silent. */
function isStandby(exchange: Exchange, context: DecideContext): boolean {
  const { rank } = exchange.place
  if (rank === 0 || exchange.packet.secs >= STANDBY_SECS * rank) return false
  return context.waiting.waitedMs(exchange.client.key, context.nowMs) < STANDBY_MS * rank
}

function decideDiscover(exchange: Exchange, context: DecideContext): Decision {
  const { packet, place, client, arrival } = exchange
  if (isStandby(exchange, context)) return ignore('standby', client)
  if (!context.isConnected && context.rights !== undefined) {
    return offerOffline(exchange, context, context.rights)
  }
  const ip = chooseOffer(context.index, context.offers, {
    client: client.key,
    mac: client.mac,
    pool: place.pool,
    requested: readIpv4(packet.options, OPTION.REQUESTED_ADDRESS),
    xid: packet.xid,
    own: arrival.link.addresses.map((one) => one.ip),
    nowMs: context.nowMs,
  })
  if (ip === undefined) return ignore('pool_exhausted', client)
  const isFirst = isFirstOffer(exchange, context, ip)
  const leaseSeconds = leaseSecondsFor(context.index, { packet, client, pool: place.pool, ip })
  return { type: 'offer', exchange: serving(exchange, ip), ip, leaseSeconds, isFirst }
}

function offerOffline(exchange: Exchange, context: DecideContext, rights: RightsContext): Decision {
  const { packet, place, client } = exchange
  const offered = offlineOffer(rights, {
    client: client.key,
    pool: place.pool,
    offers: context.offers,
    leaseSeconds: leaseSecondsFor(context.index, {
      packet,
      client,
      pool: place.pool,
      ip: undefined,
    }),
    offersNowMs: context.nowMs,
  })
  if (offered === undefined) return ignore('no_rights', client)
  const isFirst = isFirstOffer(exchange, context, offered.ip)
  return { type: 'offer', exchange: serving(exchange, offered.ip), ...offered, isFirst }
}

/** A relay’s clients are on a segment that this rack cannot ask. */
function isFirstOffer({ packet, client }: Exchange, context: DecideContext, ip: Ipv4): boolean {
  if (packet.giaddr !== 0 || isHolder(context, client.key, ip)) return false
  return context.offers.addressOf(client.key, context.nowMs) !== ip
}

/** The four cases of RFC 2131 §4.3.2, told apart by Table 4's fields. */
function decideRequest(exchange: Exchange, context: DecideContext): Decision {
  const { packet } = exchange
  const requested = readIpv4(packet.options, OPTION.REQUESTED_ADDRESS)
  if (packet.options.has(OPTION.SERVER_IDENTIFIER)) {
    if (!namesUs(exchange, context)) return ignore('other_server', exchange.client)
    // §4.3.2 wants the offered address in option 50; some clients put it into ciaddr.
    const ip = requested ?? packet.ciaddr
    return bindOrNak(exchange, context, { ip, kind: 'selecting' })
  }
  if (packet.ciaddr === 0) {
    if (isStandby(exchange, context)) return ignore('standby', exchange.client)
    return bindOrNak(exchange, context, { ip: requested, kind: 'initReboot' })
  }
  if (!isBroadcast(exchange.arrival)) {
    return bindOrNak(exchange, context, { ip: packet.ciaddr, kind: 'renewing' })
  }
  if (isStandby(exchange, context)) return ignore('standby', exchange.client)
  return bindOrNak(exchange, context, { ip: packet.ciaddr, kind: 'rebinding' })
}

function bindOrNak(
  exchange: Exchange,
  context: DecideContext,
  wanted: { readonly ip: Ipv4 | undefined; readonly kind: BindCommand['kind'] },
): Decision {
  const { ip, kind } = wanted
  const { packet, client, place } = exchange
  if (ip === undefined || ip === 0) return ignore('no_address_named', client)
  // The one refusal a rack may make by itself: the client is not on the network of its address.
  if (!place.pool.subnets.some((subnet) => contains(subnet.cidr, ip))) {
    return { type: 'nak', exchange, message: 'address is not of this network' }
  }
  const command: BindCommand = {
    type: 'lease.bind',
    rackId: context.rackId,
    client: client.key,
    mac: client.mac,
    ip,
    leaseSeconds: leaseSecondsFor(context.index, { packet, client, pool: place.pool, ip }),
    kind,
    hostname: clientHostname(packet),
  }
  const bind = { type: 'bind', exchange: serving(exchange, ip), command } as const
  const { rights, isConnected } = context
  if (rights === undefined) return bind
  return isConnected && !isOwnReserve(rights, command) ? bind : answerOffline(bind, rights)
}

/** No region answered, or none has to: what the rack's own rights allow for this very packet. */
export function answerOffline(
  { exchange, command }: Pick<Extract<Decision, { type: 'bind' }>, 'exchange' | 'command'>,
  rights: RightsContext,
): Decision {
  const answer = offlineAnswer(rights, command)
  if (answer.type === 'silence') return ignore('no_rights', exchange.client)
  return { ...answer, type: 'ackOffline', exchange, ip: command.ip }
}

/**
 * Reads a region's answer. An ACK leaves only for a committed binding, a NAK only for a committed refusal
 * that says the address is another's; everything else is silence: the client asks again.
 */
export function answerBind(
  exchange: Exchange,
  command: BindCommand,
  reply: RackToRegionReply,
): Decision {
  if (!reply.ok) return ignore('no_quorum', exchange.client)
  const { outcome } = reply
  if (!outcome.ok) {
    if (outcome.code !== 'ADDRESS_UNAVAILABLE') return ignore('refused', exchange.client)
    return { type: 'nak', exchange, message: 'address is not available' }
  }
  const { value } = outcome
  // A lease of another address than the packet asked for would be a bug of the region: never pass it on.
  if (value === null || !('leaseSeconds' in value) || value.ip !== command.ip) {
    return ignore('refused', exchange.client)
  }
  return { type: 'ack', exchange, ip: value.ip, leaseSeconds: value.leaseSeconds }
}

function decideDecline(exchange: Exchange, context: DecideContext): Decision {
  const { packet, client } = exchange
  const ip = readIpv4(packet.options, OPTION.REQUESTED_ADDRESS)
  if (packet.options.has(OPTION.SERVER_IDENTIFIER) && !namesUs(exchange, context)) {
    return ignore('other_server', client)
  }
  if (ip === undefined) return ignore('no_address_named', client)
  // Only its holder may decline an address: else anybody could empty the pool.
  if (!isHolder(context, client.key, ip)) return ignore('not_the_holder', client)
  const command = { type: 'lease.decline', client: client.key, mac: client.mac, ip } as const
  return { type: 'tell', exchange, command }
}

/** Whatever server option 54 names: a hold is the region's, so its client may end it at any rack. */
function decideRelease(exchange: Exchange, context: DecideContext): Decision {
  const { packet, client } = exchange
  const ip = packet.ciaddr
  if (!isHolder(context, client.key, ip)) return ignore('not_the_holder', client)
  return { type: 'tell', exchange, command: { type: 'lease.release', client: client.key, ip } }
}

/** By the region, or by a bind of this rack that no region knows of yet. */
function isHolder({ index, rights }: DecideContext, client: ClientKey, ip: Ipv4): boolean {
  if (index.hold(ip)?.client === client) return true
  return rights?.ledger.reserves.get(ip)?.bound?.client === client
}

/** Only to an address of the place itself: a forged ciaddr must not aim our answer elsewhere. */
function decideInform(exchange: Exchange): Decision {
  const { packet, place, client } = exchange
  if (packet.ciaddr === 0) return ignore('no_address_named', client)
  if (!place.pool.subnets.some((subnet) => contains(subnet.cidr, packet.ciaddr))) {
    return ignore('no_subnet', client)
  }
  return { type: 'inform', exchange: serving(exchange, packet.ciaddr) }
}

function namesUs(exchange: Exchange, context: DecideContext): boolean {
  const named = readIpv4(exchange.packet.options, OPTION.SERVER_IDENTIFIER)
  if (named === undefined) return false
  return named === exchange.serverId || context.ownAddresses.includes(named)
}

/** Narrows the exchange to the subnet of the address given, with the rack's own address there. */
function serving(exchange: Exchange, ip: Ipv4): Exchange {
  const { place, arrival } = exchange
  const subnet = place.pool.subnets.find((one) => contains(one.cidr, ip))
  if (subnet === undefined) return exchange
  const rackIp = serverAddressOf(arrival.link, subnet) ?? exchange.rackIp
  const serverId = place.serverIdOverride ?? rackIp
  return { ...exchange, rackIp, serverId, place: { ...place, subnet } }
}
