// One DHCP message after the other: decode, decide, ask a region where needed, answer. Owns the tentative
// offers and the memory of waiting clients; knows no sockets. No datagram may make it throw, and no reply
// leaves that belongs to a request older than five seconds (lease-protocol §1.2).
import type { SystemId } from '#model/ids.ts'
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { answerBind, answerOffline, decide, type Decision, type Exchange } from './decide.ts'
import { decodePacket } from './decode.ts'
import type { Arrival, DhcpLink } from './locate.ts'
import { Offers } from './offers.ts'
import type { BoundRecord } from './ledger.ts'
import { parametersOf } from './parameters.ts'
import { addressOf, type Answer, describeDestination, makeReply, type Reply } from './reply.ts'
import { OPTION, readIpv4 } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import type { RightsContext } from './rights.ts'
import type { ViewIndex } from './view-index.ts'
import { WaitingClients } from './waiting-clients.ts'

/** Lease-protocol §6: the age at which a reply is worth less than its silence. */
export const REPLY_AGE_MAX_MS = 5_000
/** Binds waiting for a region; past it packets are dropped, and clients ask again. */
const BINDS_WAITING_MAX = 4_096
/** Of one client: it repeats every few seconds, so more is a flood. */
export const BINDS_PER_CLIENT_MAX = 4
const WARN_EVERY_MS = 60_000
/** Regions below this feature level of the cluster do not know `lease.observe`. */
const OBSERVE_LEVEL = 3

/** What the rack may do without a region, and the journal behind it. */
export interface OfflineRights {
  /** A region with a leader is in sight. */
  readonly isConnected: () => boolean
  /** Undefined: no right at all now. Reads the boot clock, so ask after the packet was received. */
  readonly context: () => RightsContext | undefined
  /** Resolves when the record is synced; rejects when it is not, and then no ACK may leave. */
  readonly bind: (record: BoundRecord) => Promise<void>
  /** The client found its address in use. */
  readonly decline: (command: Extract<RackCommand, { type: 'lease.decline' }>) => void
  /** No region heard of it: kept and told later. Frees nothing, here or there. */
  readonly release: (command: Extract<RackCommand, { type: 'lease.release' }>) => void
  /** A client that was not known here was bound through a region. */
  readonly onNewClient: () => void
}

/** A rack that asks a region for everything. */
export const NO_RIGHTS: OfflineRights = {
  isConnected: () => true,
  context: () => undefined,
  bind: () => Promise.reject(new Error('this rack has no offline rights')),
  decline: () => {},
  release: () => {},
  onNewClient: () => {},
}

export type ResponderOptions = {
  readonly rackId: SystemId
  readonly index: ViewIndex
  readonly links: () => readonly DhcpLink[]
  /** Resolves with `ok: false` when nothing is known; must settle. */
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly offline: OfflineRights
  /** Queues the reply for the exchange's link; its age is checked by `isTooOld` right before sending. */
  readonly transmit: (reply: Reply, exchange: Exchange) => void
  /** Who answers for the address on the link, within a fraction of a second. Absent: nobody is asked. */
  /** A client of the link chose a server that is not this rack. */
  readonly onOtherServer?: (link: DhcpLink, server: Ipv4) => void
  readonly probe?: (link: DhcpLink, ip: Ipv4) => Promise<MacAddress | undefined>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly httpPort: number
}

type Bind = Extract<Decision, { type: 'bind' }>
type Offer = Extract<Decision, { type: 'offer' }>

export class Responder {
  readonly #options: ResponderOptions
  readonly #offers = new Offers()
  readonly #waiting = new WaitingClients()
  readonly #binds = new Map<string, number>()
  /** Clients whose first offer waits for the segment. */
  readonly #probing = new Set<string>()
  #bindsWaiting = 0
  #exhaustedWarnedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ResponderOptions) {
    this.#options = options
  }

  /** `bytes` may be reused after the call. */
  receive(bytes: Uint8Array, arrival: Arrival): void {
    const decoded = decodePacket(bytes)
    if (!decoded.ok) return this.#count('malformed', decoded.reason)
    const { packet } = decoded
    const { rackId, index, links, clock, offline } = this.#options
    const nowMs = clock.monotonicMs()
    const decision = decide(packet, arrival, {
      rackId,
      index,
      offers: this.#offers,
      waiting: this.#waiting,
      ownAddresses: links().flatMap((link) => link.addresses.map(({ ip }) => ip)),
      nowMs,
      rights: offline.context(),
      isConnected: offline.isConnected(),
    })
    this.#count(packet.messageType, decision.type === 'ignore' ? decision.reason : decision.type)
    this.#perform(decision, nowMs)
    if (decision.type === 'ignore' && decision.reason === 'other_server') {
      this.#noteServer(packet, arrival.link)
    }
  }

  /** A relay may stand in for servers of its own (RFC 5107): only the link's own clients are heard. */
  #noteServer({ messageType, giaddr, options }: DhcpPacket, link: DhcpLink): void {
    const server = readIpv4(options, OPTION.SERVER_IDENTIFIER)
    if (messageType !== 'DHCPREQUEST' || giaddr !== 0 || server === undefined) return
    this.#options.onOtherServer?.(link, server)
  }

  isTooOld(exchange: Exchange): boolean {
    const age = this.#options.clock.monotonicMs() - exchange.arrival.receivedAtMs
    if (age <= REPLY_AGE_MAX_MS) return false
    this.#options.metrics.count('ironraft_dhcp_replies_too_old_total')
    return true
  }

  #perform(decision: Decision, nowMs: number): void {
    switch (decision.type) {
      case 'ignore':
        return this.#ignore(decision, nowMs)
      case 'offer': {
        const { key } = decision.exchange.client
        // Its offer comes when the segment had time to object.
        if (this.#probing.has(key)) return this.#count('DHCPOFFER', 'probing')
        if (this.#offers.put(decision.ip, key, nowMs)) return this.#offer(decision)
        return this.#count('DHCPOFFER', 'offers_full')
      }
      case 'ack':
      case 'inform':
      case 'nak':
        return this.#answer(decision)
      case 'ackOffline':
        return this.#ackOffline(decision)
      case 'bind':
        return this.#bind(decision)
      case 'tell':
        return this.#tell(decision)
      default:
        return decision satisfies never
    }
  }

  #offer(decision: Offer): void {
    const { probe } = this.#options
    if (probe === undefined || !decision.isFirst) return this.#answer(decision)
    const { exchange, ip } = decision
    const { key, mac } = exchange.client
    this.#probing.add(key)
    void probe(exchange.arrival.link, ip).then((user) => {
      this.#probing.delete(key)
      if (user === undefined || user === mac) return this.#answer(decision)
      this.#onInUse(decision, user)
    })
  }

  /** Silence: the client asks again and is offered another one. */
  #onInUse({ exchange, ip }: Offer, user: MacAddress): void {
    const { rackId, clock, logger, index } = this.#options
    this.#offers.forget(exchange.client.key)
    this.#offers.bar(ip, clock.monotonicMs())
    this.#count('DHCPOFFER', 'in_use')
    logger.warn('dhcp.address_in_use', { mac: user, address: formatIpv4(ip) })
    if ((index.view.settings()?.featureLevel ?? 0) < OBSERVE_LEVEL) return
    this.#options
      .request({ type: 'lease.observe', rackId, mac: user, ip })
      .catch((error: unknown) => this.#logFailure('dhcp.report_failed', exchange, error))
  }

  #ignore(decision: Extract<Decision, { type: 'ignore' }>, nowMs: number): void {
    const { reason, client } = decision
    this.#options.logger.debug('dhcp.message_ignored', { reason, mac: client?.mac })
    if (client === undefined) return
    this.#options.metrics.count('ironraft_rack_silences_total', { reason })
    if (reason === 'standby') this.#waiting.note(client.key, nowMs)
    if (reason === 'other_server') {
      // RFC 2131 §3.1(4): the client took another server's offer.
      this.#offers.forget(client.key)
      this.#waiting.forget(client.key)
    }
    if (reason === 'pool_exhausted' && nowMs - this.#exhaustedWarnedAtMs > WARN_EVERY_MS) {
      this.#exhaustedWarnedAtMs = nowMs
      this.#options.logger.warn('dhcp.pool_exhausted', { mac: client.mac })
    }
  }

  #bind(decision: Bind): void {
    const { exchange, command } = decision
    const { key } = exchange.client
    const ofClient = this.#binds.get(key) ?? 0
    if (this.#bindsWaiting >= BINDS_WAITING_MAX || ofClient >= BINDS_PER_CLIENT_MAX) {
      return this.#count('DHCPREQUEST', 'too_many_waiting')
    }
    this.#bindsWaiting++
    this.#binds.set(key, ofClient + 1)
    const settled = (reply: RackToRegionReply): void => {
      this.#bindsWaiting--
      const left = (this.#binds.get(key) ?? 1) - 1
      if (left === 0) this.#binds.delete(key)
      else this.#binds.set(key, left)
      this.#answerBound(decision, reply)
    }
    this.#options.request(command).then(settled, (error: unknown) => {
      settled({ ok: false, reason: 'noQuorum' })
      this.#logFailure('dhcp.bind_failed', exchange, error)
    })
  }

  #answerBound({ exchange, command }: Bind, reply: RackToRegionReply): void {
    const { offline } = this.#options
    const rights = reply.ok ? undefined : offline.context()
    const decision =
      rights === undefined
        ? answerBind(exchange, command, reply)
        : answerOffline({ exchange, command }, rights)
    if (decision.type === 'ack' && command.kind === 'selecting') offline.onNewClient()
    const result = decision.type === 'ignore' ? decision.reason : decision.type
    this.#count('bind', result)
    if (decision.type === 'ignore') return
    this.#perform(decision, this.#options.clock.monotonicMs())
  }

  /** Durable before sent: a rack that forgot whom it gave a reserve address would give it again. */
  #ackOffline(decision: Extract<Decision, { type: 'ackOffline' }>): void {
    const { exchange, ip, leaseSeconds, right, record } = decision
    const answer = { type: 'ack', exchange, ip, leaseSeconds } as const
    const { metrics, offline } = this.#options
    if (record === null) {
      metrics.count('ironraft_rack_offline_acks_total', { right })
      return this.#answer(answer)
    }
    offline.bind(record).then(
      () => {
        metrics.count('ironraft_rack_offline_acks_total', { right })
        this.#answer(answer)
      },
      (error: unknown) => this.#logFailure('dhcp.journal_failed', exchange, error),
    )
  }

  /** RELEASE and DECLINE get no answer (RFC 2131 §4.3.3, §4.3.4). */
  #tell({ exchange, command }: Extract<Decision, { type: 'tell' }>): void {
    this.#offers.forget(exchange.client.key)
    if (command.type === 'lease.decline') {
      const { mac, ip } = command
      this.#options.offline.decline(command)
      this.#options.logger.warn('dhcp.address_declined', { mac, address: formatIpv4(ip) })
    }
    const onReply = ({ ok }: RackToRegionReply): void => {
      if (!ok && command.type === 'lease.release') this.#options.offline.release(command)
    }
    this.#options.request(command).then(onReply, (error: unknown) => {
      this.#logFailure('dhcp.report_failed', exchange, error)
    })
  }

  #answer(answer: Answer): void {
    const { exchange } = answer
    const { index, httpPort } = this.#options
    const { key, mac } = exchange.client
    if (answer.type !== 'offer') this.#offers.forget(key)
    this.#waiting.forget(key)
    const reply = makeReply(
      answer,
      parametersOf(index, { exchange, ip: addressOf(answer) }, httpPort),
    )
    this.#options.logger.debug('dhcp.reply_made', {
      type: reply.messageType,
      mac,
      xid: exchange.packet.xid,
      to: describeDestination(reply.destination),
    })
    this.#options.transmit(reply, exchange)
  }

  #logFailure(event: string, exchange: Exchange, error: unknown): void {
    const { mac } = exchange.client
    this.#options.logger.error(event, { mac, error: String(error) })
  }

  #count(type: string, result: string): void {
    this.#options.metrics.count('ironraft_dhcp_messages_total', { type, result })
  }
}
