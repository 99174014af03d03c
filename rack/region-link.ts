// The rack's one connection to a region, and its move to another one in under a second (D7). All time
// is counted in `tick`, which the owner calls every TICK_MS; a closed connection is acted on at once.
// Candidates are dialled staggered: one that answers not within DIAL_STAGGER_MS does not hold up the next.
// A request in flight on a broken link is answered `ok: false` and never sent again.
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import type { RackRequest, RackToRegion, RackToRegionReply, RegionToRack } from '#protocol/rack.ts'
import { orderRegions, reasonToLeave } from './choose-region.ts'
import { PendingRequests, requestTimeoutMs, UNKNOWN } from './pending-requests.ts'
import { RegionTable } from './region-table.ts'

export interface RegionConnection {
  readonly regionId: string
  /** False when the connection's queue is full or it is closed. */
  readonly send: (message: RackToRegion) => boolean
  readonly close: () => void
}

/** Dials one region; rejects when it cannot be reached or does not prove itself. */
export type ConnectRegion = (
  peer: string,
  handlers: {
    readonly onMessage: (message: RegionToRack) => void
    readonly onClose: () => void
  },
) => Promise<RegionConnection>

export type Registration = Extract<RackToRegion, { type: 'hello' }>['register']

export type RegionLinkOptions = {
  readonly connect: ConnectRegion
  /** `host:port`, in this rack's own order of preference. */
  readonly regions: readonly string[]
  readonly registration: Registration
  readonly viewRevision: () => number
  /** viewReset and viewChanges, in order. */
  readonly onView: (message: RegionToRack) => void
  /** The region has a leader, hence what it pushed is the present state. */
  readonly onCurrent?: () => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export type LinkStatus = {
  readonly region: string | null
  readonly regionId: string | null
  readonly hasLeader: boolean
  readonly rttMs: number | null
  readonly inFlight: number
  readonly regions: readonly string[]
}

export const TICK_MS = 50
const PING_MS = 200
const DIAL_STAGGER_MS = 150
/** Between rounds over all regions when none answered. */
const ROUND_PAUSE_MS = 250
const IN_FLIGHT_MAX = 4_096

type Dial = { readonly peer: string; cancelled: boolean }
type Active = {
  readonly peer: string
  readonly connection: RegionConnection
  readonly connectedAtMs: number
  heardAtMs: number
  pingedAtMs: number
  leaderlessSinceMs: number | undefined
  hasView: boolean
}

export class RegionLink {
  readonly #options: RegionLinkOptions
  readonly #regions: RegionTable
  readonly #pending: PendingRequests
  #registration: Registration
  #active: Active | undefined
  #dials: Dial[] = []
  #candidates: string[] = []
  #nextDialMs = 0
  #leaderlessMoves = 0
  #viewlessStalls = 0
  #closed = false

  constructor(options: RegionLinkOptions) {
    this.#options = options
    this.#regions = new RegionTable(options.regions)
    this.#registration = options.registration
    this.#pending = new PendingRequests({ inFlightMax: IN_FLIGHT_MAX })
  }

  /** `ok: false` means that nothing is known about the command: stay silent to the client. */
  request(command: RackRequest): Promise<RackToRegionReply> {
    const active = this.#active
    if (active === undefined) return Promise.resolve(UNKNOWN)
    const { connection } = active
    const deadlineMs = this.#now() + requestTimeoutMs(command)
    return this.#pending.add(deadlineMs, (id) => connection.send({ type: 'request', id, command }))
  }

  /** Interfaces changed: the region hears it now, or with the next hello. */
  setRegistration(registration: Registration): void {
    this.#registration = registration
    if (this.#active !== undefined) this.#hello(this.#active.connection)
  }

  /** The list learned from the cluster; regions not in it any more are forgotten, a live link stays. */
  setRegions(peers: readonly string[]): void {
    this.#regions.set(peers)
  }

  status(): LinkStatus {
    const active = this.#active
    return {
      region: active?.peer ?? null,
      regionId: active?.connection.regionId ?? null,
      hasLeader: this.isConnected,
      rttMs: this.#regions.rttMs(active?.peer) ?? null,
      inFlight: this.#pending.size,
      regions: this.#regions.peers(),
    }
  }

  /** A region is followed and has a leader: asking it makes sense. */
  get isConnected(): boolean {
    return this.#active !== undefined && this.#active.leaderlessSinceMs === undefined
  }

  /** Every TICK_MS. */
  tick(): void {
    if (this.#closed) return
    const now = this.#now()
    this.#pending.expire(now)
    if (this.#active === undefined) this.#dialNext(now)
    else this.#watch(this.#active, now)
  }

  close(): void {
    this.#closed = true
    this.#abandonDials()
    const active = this.#active
    this.#active = undefined
    active?.connection.close()
    this.#pending.failAll()
  }

  #watch(active: Active, now: number): void {
    const reason = reasonToLeave(
      {
        connectedAtMs: active.connectedAtMs,
        heardAtMs: active.heardAtMs,
        viewlessStalls: active.hasView ? 0 : this.#viewlessStalls,
        leaderlessSinceMs: active.leaderlessSinceMs,
        leaderlessMoves: this.#leaderlessMoves,
        otherRegions: this.#regions.peers().filter((peer) => peer !== active.peer).length,
      },
      now,
    )
    if (reason !== undefined) {
      if (reason === 'leaderless') this.#leaderlessMoves++
      else {
        if (!active.hasView) this.#viewlessStalls++
        this.#regions.failed(active.peer, now)
      }
      this.#leave(active, reason)
      return
    }
    if (now - active.pingedAtMs < PING_MS) return
    active.pingedAtMs = now
    active.connection.send({ type: 'ping', sentAtMs: now })
  }

  /** Gives the connection up and dials another region in the same turn. */
  #leave(active: Active, reason: string): void {
    if (this.#active !== active) return
    this.#active = undefined
    active.connection.close()
    this.#pending.failAll()
    this.#options.metrics.count('ironraft_rack_region_moves_total', { reason })
    this.#options.logger.warn('rack.region_left', { region: active.peer, reason })
    this.#candidates = []
    this.#nextDialMs = 0
    this.#dialNext(this.#now(), active.peer)
  }

  /** `last` is asked only after all the others. */
  #dialNext(now: number, last?: string): void {
    if (this.#closed || now < this.#nextDialMs) return
    if (this.#candidates.length === 0) {
      // A round ends when each region refused or has had its time; dials under way are not doubled.
      const underWay = new Set(this.#dials.map(({ peer }) => peer))
      const order = orderRegions(this.#regions.observations(), now).map(({ peer }) => peer)
      const free = order.filter((peer) => !underWay.has(peer))
      this.#candidates = free.filter((peer) => peer !== last)
      if (last !== undefined && free.includes(last)) this.#candidates.push(last)
    }
    const peer = this.#candidates.shift()
    this.#nextDialMs = now + (this.#candidates.length > 0 ? DIAL_STAGGER_MS : ROUND_PAUSE_MS)
    if (peer !== undefined) void this.#dial({ peer, cancelled: false })
  }

  async #dial(dial: Dial): Promise<void> {
    this.#dials.push(dial)
    let early: RegionToRack[] | undefined = []
    let active: Active | undefined
    let brokeEarly = false
    const handlers = {
      onMessage: (message: RegionToRack): void => {
        if (active !== undefined) this.#onMessage(active, message)
        else early?.push(message)
      },
      onClose: (): void => {
        brokeEarly = true
        if (active !== undefined) this.#onBroken(active)
      },
    }
    try {
      const connection = await this.#options.connect(dial.peer, handlers)
      this.#dials = this.#dials.filter((each) => each !== dial)
      if (dial.cancelled || this.#closed || this.#active !== undefined) connection.close()
      else if (brokeEarly) this.#onDialFailed(dial)
      else {
        active = this.#take(dial.peer, connection)
        for (const message of early) this.#onMessage(active, message)
      }
      early = undefined
    } catch {
      this.#dials = this.#dials.filter((each) => each !== dial)
      this.#onDialFailed(dial)
    }
  }

  /** A refusal costs no stagger: the next candidate is dialled at once. */
  #onDialFailed(dial: Dial): void {
    if (dial.cancelled || this.#closed) return
    const now = this.#now()
    this.#regions.failed(dial.peer, now)
    if (this.#active !== undefined || this.#candidates.length === 0) return
    this.#nextDialMs = 0
    this.#dialNext(now)
  }

  #take(peer: string, connection: RegionConnection): Active {
    const now = this.#now()
    this.#abandonDials()
    const active: Active = {
      peer,
      connection,
      connectedAtMs: now,
      heardAtMs: now,
      pingedAtMs: now,
      leaderlessSinceMs: undefined,
      hasView: false,
    }
    this.#active = active
    this.#candidates = []
    this.#hello(connection)
    connection.send({ type: 'ping', sentAtMs: now })
    this.#options.logger.info('rack.region_switched', {
      region: peer,
      node_id: connection.regionId,
    })
    return active
  }

  #abandonDials(): void {
    for (const dial of this.#dials) dial.cancelled = true
    this.#dials = []
  }

  #hello(connection: RegionConnection): void {
    const viewRevision = this.#options.viewRevision()
    connection.send({ type: 'hello', register: this.#registration, viewRevision })
  }

  #onBroken(active: Active): void {
    if (this.#active !== active) return
    this.#regions.failed(active.peer, this.#now())
    this.#leave(active, 'closed')
  }

  #onMessage(active: Active, message: RegionToRack): void {
    if (this.#active !== active) return
    active.heardAtMs = this.#now()
    switch (message.type) {
      case 'reply':
        this.#pending.settle(message.id, message.reply)
        return
      case 'viewReset':
      case 'viewChanges':
        this.#options.onView(message)
        if (message.type === 'viewReset') {
          active.hasView = true
          this.#viewlessStalls = 0
        }
        // Taking over a large one is our own silence, not the region's.
        active.heardAtMs = this.#now()
        return
      case 'pong':
        this.#onPong(active, message)
        return
      case 'goodbye':
        this.#regions.failed(active.peer, this.#now())
        this.#leave(active, 'goodbye')
        return
      default:
        message satisfies never
    }
  }

  #onPong(active: Active, pong: Extract<RegionToRack, { type: 'pong' }>): void {
    const now = this.#now()
    this.#regions.answered(active.peer, now - pong.sentAtMs)
    if (pong.hasLeader) {
      active.leaderlessSinceMs = undefined
      this.#leaderlessMoves = 0
      this.#regions.leader(active.peer)
      this.#options.onCurrent?.()
      return
    }
    active.leaderlessSinceMs ??= now
    this.#regions.leaderless(active.peer, now)
  }

  #now(): number {
    return this.#options.clock.monotonicMs()
  }
}
