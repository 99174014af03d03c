// One network: regions, racks, clients and an API user, the wires between them, and the checks at every commit.
// Messages of the segment are lost, doubled, late by milliseconds or by many minutes; links to regions are in
// order and may stand still.
import type { SystemId } from '#model/ids.ts'
import { isIpv4 } from '#model/ip.ts'
import { formatIpv4, makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { RackCommand, RegionToRack } from '#protocol/rack.ts'
import { fullView, isTopology, topologyFingerprint, viewChanges } from '#node/rack-view.ts'
import type { Command } from '#state/command.ts'
import type { Outcome } from '#state/outcome.ts'
import type { RegionState } from '#state/state.ts'
import { Client } from './client.ts'
import { checkInvariants, Holders, Violation } from './invariants.ts'
import type { Profile } from './profile.ts'
import { EventQueue } from './queue.ts'
import { RackHost } from './rack-host.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { Regions, type Applied, type RegionNode } from './regions.ts'
import { RELAY, RELAYED_START, setUp, SUBNET_START, VLAN } from './set-up.ts'

const BEAT_MS = 15_000
/** Percent of requests that arrive once more, late; those whose copies are known to be dangerous. */
const COPIED: { readonly [T in RackCommand['type']]?: number } = {
  'tenure.hello': 40,
  'reserve.return': 25,
}
const RECONNECT_MS = 700

type Link = {
  readonly rack: RackHost
  readonly node: RegionNode
  isBroken: boolean
  isRegistered: boolean
  fingerprint: string
  /** The region could not send and will send a whole view later; answers go on. */
  isStale: boolean
  /** Messages keep their order: none arrives before this, per direction. */
  toRackAtMs: number
  toNodeAtMs: number
}

export type WorldOptions = {
  readonly random: SeededRandom
  readonly profile: Profile
  readonly trace: (line: string) => void
}

export class World {
  readonly queue = new EventQueue()
  readonly holders = new Holders(() => this.queue.nowMs)
  readonly regions: Regions
  readonly racks: readonly RackHost[]
  readonly clients: readonly Client[]
  /** `rack/region` pairs that do not hear each other. */
  readonly cut = new Set<string>()
  /** Racks whose links are slow by so many ms. */
  readonly slowMs = new Map<SystemId, number>()
  violation: Violation | undefined
  isRestored = false
  /** No loss or delay beyond milliseconds, honest clients. */
  isCalm = false
  readonly #options: WorldOptions
  readonly #links = new Map<SystemId, Link>()
  #commands = 0

  constructor(options: WorldOptions) {
    this.#options = options
    const { random, profile, trace } = options
    const { queue } = this
    const { rates } = profile
    this.regions = new Regions({
      ...{ queue, random, rates },
      onCommitted: (state, command, outcome) => this.#onCommitted(state, command, outcome),
      onApplied: (node, applied) => this.#onApplied(node, applied),
    })
    this.racks = Array.from({ length: profile.racks }, (_, n) => {
      const rackId = `rack0${n + 1}` as SystemId
      const rate = random.pick(rates)
      const onReply = (bytes: Uint8Array): void => this.#toClients(bytes)
      return new RackHost({ queue, random, rackId, number: n, rate, onReply, trace })
    })
    this.clients = Array.from({ length: profile.clients }, (_, n) => this.#makeClient(n))
    const macs = this.clients.map(({ mac }) => mac)
    this.regions.begin(setUp({ racks: this.racks, macs, profile }))
    for (const rack of this.racks) queue.after(0, () => this.#connect(rack))
    for (const node of this.regions.nodes)
      queue.after(random.integer(BEAT_MS), () => this.#beat(node))
  }

  async runUntil(untilMs: number): Promise<void> {
    try {
      await this.queue.runUntil(untilMs, () => this.violation !== undefined)
    } catch (error) {
      // The product asserts too: log time that runs back ends a region.
      this.violation ??=
        error instanceof Violation ? error : new Violation('assertion', String(error))
    }
  }

  get commands(): number {
    return this.#commands
  }

  /** An address of the range, more often one that means something. */
  oddAddress(): Ipv4 {
    const { random, profile } = this.#options
    const { state } = this.regions.newest
    const reserved = [...state.reservations.keys()].filter(isIpv4)
    const known = [...state.reserves.keys(), ...reserved, ...state.holds.keys()]
    if (known.length > 0 && random.chance(70)) return random.pick(known)
    const start = random.chance(profile.relayedClients) ? RELAYED_START : SUBNET_START
    return makeIpv4(start + random.integer(profile.poolSize))
  }

  /** Through any region that is up; nobody waits. */
  propose(command: Command): void {
    const up = this.regions.nodes.filter(({ isUp }) => isUp)
    if (up.length === 0) return
    void this.regions.propose(this.#options.random.pick(up), command, 10_000)
  }

  isCut(rack: RackHost, node: RegionNode): boolean {
    return !node.isUp || this.cut.has(`${rack.rackId}/${node.id}`)
  }

  #makeClient(n: number): Client {
    const { random, profile, trace } = this.#options
    const relay = random.chance(profile.relayedClients) ? RELAY : null
    return new Client({
      ...{ queue: this.queue, random, number: n + 1, rate: random.pick(profile.rates) },
      leaseSeconds: profile.leaseSeconds,
      startsAtMs: random.integer(random.chance(profile.lateClients) ? profile.safetyMs : 60_000),
      relay,
      send: (bytes, server) => this.#toRacks(bytes, server, relay),
      onBound: (binding) => {
        const left = Math.round(binding.endsAtMs - this.queue.nowMs)
        trace(`bound ${binding.client} ${formatIpv4(binding.ip)} ${left}`)
        this.#check(() => this.holders.bind(binding))
      },
      onLeft: (client) => {
        trace(`left ${client}`)
        this.holders.leave(client)
      },
      oddAddress: () => this.oddAddress(),
      oddServer: () => random.pick(this.racks).ip,
      mayLie: () => !this.isRestored,
    })
  }

  #toRacks(bytes: Uint8Array, server: Ipv4 | null, relay: Ipv4 | null): void {
    const { random } = this.#options
    for (const rack of this.racks) {
      if (server !== null && server !== rack.ip) continue
      if (!this.isCalm && random.chance(5)) continue
      const destination = relay === null ? (server ?? makeIpv4(0xffffffff)) : rack.ip
      const deliver = (): void => rack.receive(bytes, destination)
      this.queue.after(random.between(1, 20), deliver)
      if (this.isCalm) continue
      // Copies of any age: a switch that sat on a frame, a capture that is sent again.
      if (random.chance(6)) this.queue.after(random.integer(8_000), deliver)
      if (random.chance(4)) this.queue.after(random.integer(2_400_000), deliver)
    }
  }

  #toClients(bytes: Uint8Array): void {
    const { random } = this.#options
    if (!this.isCalm && random.chance(4)) return
    const late = !this.isCalm && random.chance(4) ? random.integer(5_000) : random.between(1, 20)
    this.queue.after(late, () => {
      for (const client of this.clients) client.hear(bytes)
    })
  }

  #connect(rack: RackHost): void {
    const { random } = this.#options
    this.queue.after(RECONNECT_MS + random.integer(300), () => this.#connect(rack))
    const link = this.#links.get(rack.rackId)
    if (link !== undefined && !link.isBroken) {
      if (!this.isCut(rack, link.node) && rack.uplink !== undefined) return
      link.isBroken = true
      rack.dropLink()
      return
    }
    if (!rack.isUp) return
    const nodes = this.regions.nodes.filter((node) => !this.isCut(rack, node))
    if (nodes.length > 0) this.#link(rack, random.pick(nodes))
  }

  #link(rack: RackHost, node: RegionNode): void {
    const at = { toRackAtMs: 0, toNodeAtMs: 0, isStale: false }
    const link: Link = { rack, node, isBroken: false, isRegistered: true, fingerprint: '', ...at }
    this.#links.set(rack.rackId, link)
    rack.uplink = {
      hasLeader: () => !link.isBroken && this.regions.leader?.isUp === true && node.isUp,
      send: (id, command) => {
        if (link.isBroken) return false
        this.#disturb(link, command)
        const arrive = (): void => this.#onRequest(link, id, command)
        link.toNodeAtMs = this.#inOrder(link, link.toNodeAtMs, arrive)
        return true
      },
    }
    this.#reset(link)
  }

  /** Copies that arrive at any age, by any region; a process that stops right after it sent its beat. */
  #disturb({ rack }: Link, command: RackCommand): void {
    if (this.isCalm) return
    const { random } = this.#options
    if (random.chance(COPIED[command.type] ?? 3)) {
      const own = 'rackId' in command ? { ...command, rackId: rack.rackId } : command
      this.queue.after(random.integer(45 * 60_000), () => {
        if (!this.isCalm && !this.isRestored) this.propose(own)
      })
    }
    if (command.type !== 'tenure.beat' || !random.chance(this.#options.profile.pausedBeats)) return
    this.queue.after(5, () => rack.pause())
    this.queue.after(random.between(60_000, 50 * 60_000), () => rack.resume())
  }

  /** For `ms` the rack hears answers, but nothing new of the view. */
  holdBackView(rackId: SystemId, ms: number): void {
    const link = this.#links.get(rackId)
    if (link === undefined || link.isBroken) return
    link.isStale = true
    this.queue.after(ms, () => {
      link.isStale = false
      if (!link.isBroken) this.#reset(link)
    })
  }

  #onRequest(link: Link, id: number, command: RackCommand): void {
    const own = 'rackId' in command ? { ...command, rackId: link.rack.rackId } : command
    void this.regions.propose(link.node, own).then((reply) => {
      const answer = reply === undefined ? UNKNOWN_REPLY : { ok: true as const, ...reply }
      this.#toRack(link, { type: 'reply', id, reply: answer })
    })
  }

  #toRack(link: Link, message: RegionToRack): void {
    if (link.isBroken) return
    link.toRackAtMs = this.#inOrder(link, link.toRackAtMs, () => link.rack.hear(message))
  }

  /** Returns when it arrives: what is sent later does not overtake it. */
  #inOrder(link: Link, notBeforeMs: number, arrive: () => void): number {
    const slowMs = this.slowMs.get(link.rack.rackId) ?? 0
    const delayMs = slowMs + this.#options.random.between(1, 30)
    const at = Math.max(notBeforeMs, this.queue.nowMs + delayMs)
    this.queue.after(at - this.queue.nowMs, () => {
      if (!link.isBroken) arrive()
    })
    return at
  }

  #reset(link: Link): void {
    const { state } = link.node
    const { rackId } = link.rack
    const rows = structuredClone(fullView(state, rackId))
    link.fingerprint = topologyFingerprint(state, rackId)
    const { revision, stamp } = state
    this.#toRack(link, { type: 'viewReset', revision, stamp, rows })
  }

  #onApplied(node: RegionNode, { revision, stamp, changes }: Applied): void {
    if (changes.length === 0) return
    const rows = viewChanges(node.state, changes)
    const isMoved = changes.some(isTopology)
    for (const link of this.#links.values()) {
      if (link.node !== node || link.isBroken || link.isStale) continue
      const print = isMoved ? topologyFingerprint(node.state, link.rack.rackId) : link.fingerprint
      if (print !== link.fingerprint) this.#reset(link)
      else if (rows.length > 0) {
        this.#toRack(link, { type: 'viewChanges', revision, stamp, changes: rows })
      }
    }
  }

  #onCommitted(state: RegionState, command: Command, outcome: Outcome): void {
    this.#commands++
    const { type } = command
    this.#options.trace(`${this.queue.nowMs} ${type} ${outcome.ok ? 'ok' : outcome.code}`)
    this.#check(() => {
      if (outcome.ok && type === 'address.reserve') {
        const { value } = outcome
        if (value !== null && 'ip' in value) this.holders.allocate(value.ip)
      }
      if (outcome.ok && command.type === 'address.release') this.holders.release(command.ip)
      checkInvariants(state, this.holders, this.racks)
    })
  }

  #beat(node: RegionNode): void {
    this.queue.after(BEAT_MS, () => this.#beat(node))
    if (!node.isUp) return
    const racks = [...this.#links.values()]
      .filter((link) => link.node === node && !link.isBroken)
      .map(({ rack }) => rack.rackId)
    if (racks.length > 0) void this.regions.propose(node, { type: 'rack.beat', racks })
    if (node !== this.regions.leader) return
    void this.regions.propose(node, { type: 'time.advance' })
    for (const { systemId, lastBeatAt, connected } of node.state.controllers.values()) {
      if (!connected || node.state.stamp - lastBeatAt <= 40_000) continue
      void this.regions.propose(node, { type: 'rack.lost', systemId, lastBeatAt })
    }
  }

  #check(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.violation ??= error
    }
  }

  get vlan() {
    return VLAN
  }
}

const UNKNOWN_REPLY = { ok: false, reason: 'noQuorum' } as const
