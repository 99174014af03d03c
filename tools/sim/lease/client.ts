// A DHCP client: RFC 2131's states with the habits of real ones. It keeps its address until its own lease ends by
// its own clock, whatever anybody else believes; sometimes it asks for what it was never offered.
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import { macToBytes, type MacAddress } from '#model/mac-address.ts'
import type { ClientKey } from '#model/network.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { encodePacket, type OptionToWrite } from '#rack/dhcp/encode.ts'
import { ipv4Bytes, OPTION, readIpv4 } from '#rack/dhcp/options.ts'
import type { DhcpPacket, MessageName } from '#rack/dhcp/packet.ts'
import { DriftingClock } from './drifting-clock.ts'
import type { EventQueue } from './queue.ts'
import type { SeededRandom } from '../seeded-random.ts'

export type Binding = {
  readonly client: ClientKey
  readonly ip: Ipv4
  /** Real ms at which the client stops by its own rules. */
  readonly endsAtMs: number
}

export type ClientOptions = {
  readonly queue: EventQueue
  readonly random: SeededRandom
  readonly number: number
  readonly rate: number
  /** When it is plugged in: one that comes late has no hold to live on. */
  readonly startsAtMs: number
  /** What the racks give: sleeps last about as long. */
  readonly leaseSeconds: number
  /** Behind it; null: on the racks' own VLAN. */
  readonly relay: Ipv4 | null
  /** Null: broadcast. */
  readonly send: (bytes: Uint8Array, server: Ipv4 | null) => void
  readonly onBound: (binding: Binding) => void
  readonly onLeft: (client: ClientKey, ip: Ipv4) => void
  /** An address somebody may have, and a rack's own: what an odd client asks for. */
  readonly oddAddress: () => Ipv4
  readonly oddServer: () => Ipv4
  /** A restored region believes clients that renew, so from then on none may renew what it has not (§5). */
  readonly mayLie: () => boolean
}

type Pending = {
  readonly kind: 'discover' | 'select' | 'reboot' | 'renew' | 'rebind'
  readonly xid: number
  readonly ip: Ipv4
  /** By the client's clock; the first sending of the request counts (RFC 2131 §4.4.1). */
  readonly sentAtMs: number
}
type Lease = {
  readonly ip: Ipv4
  readonly server: Ipv4
  readonly seconds: number
  readonly from: number
}

const STEP_MS = 4_000
const ANSWER_MS = 6_000
const CHADDR_AT = 28
const ZERO = makeIpv4(0)

export class Client {
  readonly mac: MacAddress
  readonly key: ClientKey
  /** Odd requests, sleep and release; off in the liveness phase. */
  isHonest = false
  isOff = false
  readonly #options: ClientOptions
  readonly #clock: DriftingClock
  readonly #chaddr: Uint8Array
  /** dhclient and udhcpc count from the ACK, the RFC from the request. */
  readonly #countsFromReceipt: boolean
  #pending: Pending | undefined
  #lease: Lease | undefined
  #asleepUntilMs = 0
  #beganAtMs = 0
  #wantsReboot = false

  constructor(options: ClientOptions) {
    this.#options = options
    const { queue, random, number, rate } = options
    const hex = number.toString(16).padStart(4, '0')
    this.mac = `52:54:00:00:${hex.slice(0, 2)}:${hex.slice(2)}` as MacAddress
    this.#chaddr = macToBytes(this.mac)
    this.key = `1-${this.mac.replaceAll(':', '')}`
    this.#clock = new DriftingClock(queue, rate, random.integer(1_000_000))
    this.#countsFromReceipt = random.chance(50)
    queue.after(options.startsAtMs, () => this.#step())
  }

  get isRelayed(): boolean {
    return this.#options.relay !== null
  }

  get address(): Ipv4 | undefined {
    return this.#lease?.ip
  }

  hear(bytes: Uint8Array): void {
    // Cheap first: a broadcast reaches everybody and is for one.
    if (this.isOff || !isFor(bytes, this.#chaddr)) return
    const decoded = decodePacket(bytes)
    const pending = this.#pending
    if (!decoded.ok || pending === undefined) return
    const { packet } = decoded
    if (packet.xid !== pending.xid) return
    if (packet.messageType === 'DHCPOFFER' && pending.kind === 'discover')
      return this.#select(packet)
    if (pending.kind === 'discover') return
    if (packet.messageType === 'DHCPACK') this.#bind(packet, pending)
    else if (packet.messageType === 'DHCPNAK') {
      this.#pending = undefined
      this.#leave()
    }
  }

  switchOff(): void {
    this.isOff = true
    this.#pending = undefined
    this.#leave()
  }

  switchOn(): void {
    this.isOff = false
  }

  #step(): void {
    const { queue, random } = this.#options
    queue.after(STEP_MS + random.integer(500), () => this.#step())
    if (this.isOff) return
    const now = this.#clock.read()
    if (this.#lease !== undefined && now >= this.#lease.from + this.#lease.seconds * 1000) {
      this.#leave()
      this.#wantsReboot = false
    }
    if (now < this.#asleepUntilMs) return
    const pending = this.#pending
    if (pending !== undefined && now - pending.sentAtMs < ANSWER_MS) return
    this.#pending = undefined
    if (!this.isHonest && this.#doSomethingOdd(now)) return
    if (this.#lease === undefined) this.#begin(now)
    else this.#keep(this.#lease, now)
  }

  #doSomethingOdd(now: number): boolean {
    const { random, oddAddress, oddServer, mayLie } = this.#options
    if (this.#lease !== undefined) {
      // A machine that is switched off keeps its lease in a file and asks for it at the next boot.
      if (random.chance(1)) {
        this.#wantsReboot = random.chance(60)
        this.#asleepUntilMs = now + random.integer(this.#options.leaseSeconds * 1_600)
      } else if (random.chance(0.8)) {
        this.#release()
        this.#asleepUntilMs = now + random.integer(random.pick([20_000, 300_000]))
        return true
      } else if (random.chance(0.03)) {
        this.#decline()
        return true
      }
      return now < this.#asleepUntilMs
    }
    if (random.chance(5)) {
      const ip = oddAddress()
      const server = oddServer()
      this.#ask('select', ip, [...wants(ip), [OPTION.SERVER_IDENTIFIER, ipv4Bytes(server)]])
      return true
    }
    if (random.chance(3)) {
      const ip = oddAddress()
      this.#ask('reboot', ip, wants(ip))
      return true
    }
    if (mayLie() && random.chance(2)) {
      const ip = oddAddress()
      this.#ask('rebind', ip, [], { ciaddr: ip })
      return true
    }
    return false
  }

  #begin(now: number): void {
    const { random, oddAddress } = this.#options
    if (this.#beganAtMs === 0) this.#beganAtMs = now
    const hint = !this.isHonest && random.chance(30) ? wants(oddAddress()) : []
    this.#ask('discover', ZERO, hint)
  }

  #keep(lease: Lease, now: number): void {
    const { ip, server, seconds, from } = lease
    if (this.#wantsReboot) {
      this.#wantsReboot = false
      this.#ask('reboot', ip, wants(ip))
      return
    }
    const passed = now - from
    // Some renew early, and often.
    const isEarly = !this.isHonest && this.#options.random.chance(3)
    if (passed >= seconds * 875) this.#ask('rebind', ip, [], { ciaddr: ip })
    else if (passed >= seconds * 500 || isEarly) this.#ask('renew', ip, [], { ciaddr: ip }, server)
  }

  #select(offer: DhcpPacket): void {
    const server = readIpv4(offer.options, OPTION.SERVER_IDENTIFIER)
    if (server === undefined) return
    const { random } = this.#options
    const ip = offer.yiaddr
    const xid = this.#pending?.xid ?? 0
    this.#ask('select', ip, [...wants(ip), [OPTION.SERVER_IDENTIFIER, ipv4Bytes(server)]], { xid })
    // A client whose user is impatient begins anew and leaves its request behind.
    if (!this.isHonest && random.chance(5)) this.#pending = undefined
  }

  #bind(ack: DhcpPacket, pending: Pending): void {
    const { queue, onBound } = this.#options
    const time = ack.options.get(OPTION.LEASE_TIME)
    if (time === undefined) return
    const seconds = Buffer.from(time).readUInt32BE()
    const now = this.#clock.read()
    const from = this.#countsFromReceipt ? now : pending.sentAtMs
    const server = readIpv4(ack.options, OPTION.SERVER_IDENTIFIER) ?? ZERO
    if (this.#lease !== undefined && this.#lease.ip !== ack.yiaddr) this.#leave()
    this.#pending = undefined
    this.#beganAtMs = 0
    this.#lease = { ip: ack.yiaddr, server, seconds, from }
    const leftMs = this.#clock.realMs(from + seconds * 1000 - now)
    onBound({ client: this.key, ip: ack.yiaddr, endsAtMs: queue.nowMs + leftMs })
  }

  #release(): void {
    const lease = this.#lease
    if (lease === undefined) return
    this.#leave()
    const options: OptionToWrite[] = [[OPTION.SERVER_IDENTIFIER, ipv4Bytes(lease.server)]]
    const send = (): void => {
      this.#send('DHCPRELEASE', options, { ciaddr: lease.ip }, lease.server)
    }
    send()
    // The copy that the model's variants 12 and 13 fall for: late, when the client has the address again.
    const { queue, random } = this.#options
    if (random.chance(50)) queue.after(random.integer(900_000), send)
  }

  #decline(): void {
    const lease = this.#lease
    if (lease === undefined) return
    this.#leave()
    const server: OptionToWrite = [OPTION.SERVER_IDENTIFIER, ipv4Bytes(lease.server)]
    this.#send('DHCPDECLINE', [...wants(lease.ip), server], {}, null)
  }

  #leave(): void {
    const lease = this.#lease
    this.#lease = undefined
    if (lease !== undefined) this.#options.onLeft(this.key, lease.ip)
  }

  #ask(
    kind: Pending['kind'],
    ip: Ipv4,
    options: readonly OptionToWrite[],
    fields: { readonly ciaddr?: Ipv4; readonly xid?: number } = {},
    server: Ipv4 | null = null,
  ): void {
    const xid = fields.xid ?? 1 + this.#options.random.integer(0xfffffffe)
    this.#pending = { kind, xid, ip, sentAtMs: this.#clock.read() }
    const type = kind === 'discover' ? 'DHCPDISCOVER' : 'DHCPREQUEST'
    this.#send(type, options, { ...fields, xid }, server)
  }

  #send(
    messageType: MessageName,
    options: readonly OptionToWrite[],
    fields: { readonly ciaddr?: Ipv4; readonly xid?: number },
    server: Ipv4 | null,
  ): void {
    const beganAtMs = this.#beganAtMs === 0 ? this.#clock.read() : this.#beganAtMs
    // A relay puts itself into what is broadcast; what is addressed to a server is routed past it.
    const relay = server === null ? this.#options.relay : null
    const packet = {
      ...{ op: 1, htype: 1, hops: relay === null ? 0 : 1, flags: 0, yiaddr: ZERO, siaddr: ZERO },
      giaddr: relay ?? ZERO,
      ...{ sname: '', file: '', relayInformation: undefined, chaddr: this.#chaddr },
      secs: Math.min(0xffff, Math.floor((this.#clock.read() - beganAtMs) / 1000)),
      xid: fields.xid ?? 1,
      ciaddr: fields.ciaddr ?? ZERO,
      messageType,
      options,
    }
    this.#options.send(encodePacket(packet, 576), server)
  }
}

function wants(ip: Ipv4): readonly OptionToWrite[] {
  return [[OPTION.REQUESTED_ADDRESS, ipv4Bytes(ip)]]
}

/** `chaddr` is at a fixed place (RFC 2131 §2). */
function isFor(bytes: Uint8Array, chaddr: Uint8Array): boolean {
  return chaddr.every((octet, at) => bytes[CHADDR_AT + at] === octet)
}
