// Serves the racks that follow this region: takes their commands, pushes each its view. A rack that reads
// too slowly gets a whole new view later instead of an ever longer queue.
import type { SystemId } from '#model/ids.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import type { RegionLimits } from '#platform/config.ts'
import { describeError } from '#platform/system.ts'
import type {
  RackCommand,
  RackRead,
  RackRequest,
  RackToRegion,
  RackToRegionReply,
  ViewChange,
} from '#protocol/rack.ts'
import { readPowerParameters } from './power-read.ts'
import type { ChangeBatch } from '#state/outcome.ts'
import type { RackLink } from '#transport/links.ts'
import {
  fullView,
  isTopology,
  liveRacksRow,
  topologyFingerprint,
  viewChanges,
} from './rack-view.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

const REGISTER_RETRY_MS = 200
/** Racks wait for less, but for the answer that a tenure hangs on: `rack/pending-requests.ts`. */
const REQUEST_TIMEOUT_MS = 2_000
const TENURE_TIMEOUT_MS = 10_000

type Follower = {
  readonly link: RackLink
  readonly rackId: SystemId
  registered: boolean
  /** The next push is a whole view: topology changed or the rack fell behind. */
  stale: boolean
  /** Of the topology the rack was last sent. */
  fingerprint: string
}

export type RackServiceOptions = {
  readonly region: Region
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: RegionLimits
  readonly background: (task: Promise<unknown>, name: string) => void
  /** Every request with what it was answered. */
  readonly onAnswer?: (command: RackCommand, reply: RackToRegionReply) => void
}

export class RackService {
  readonly #options: RackServiceOptions
  readonly #followers = new Map<SystemId, Follower>()
  readonly #unwatch: () => void
  #flushScheduled = false
  /** As they were told last. */
  #liveRacks = ''
  #isClosed = false

  constructor(options: RackServiceOptions) {
    this.#options = options
    const { region } = options
    this.#unwatch = region.watch(region.local().revision, {
      onBatch: (batch) => this.#onBatch(batch),
      onReset: () => this.#markAll(),
    })
  }

  /** Racks whose link is up and registered here. */
  connected(): readonly SystemId[] {
    return [...this.#followers.values()].filter((each) => each.registered).map((f) => f.rackId)
  }

  onRack(link: RackLink): void {
    if (this.#isClosed) {
      link.close()
      return
    }
    const rackId = link.rackId as SystemId
    this.#followers.get(rackId)?.link.close()
    const follower: Follower = { link, rackId, registered: false, stale: true, fingerprint: '' }
    this.#followers.set(rackId, follower)
    link.onMessage = (message) => this.#onMessage(follower, message)
    link.onClose = () => this.#onClose(follower)
    this.#options.logger.info('rack.connected', { rack_id: rackId })
  }

  /** Racks are sent to another region, and none is taken any more. */
  close(): void {
    this.#isClosed = true
    this.#unwatch()
    for (const { link } of this.#followers.values()) {
      link.send({ type: 'goodbye' })
      link.close()
    }
    this.#followers.clear()
  }

  #onMessage(follower: Follower, message: RackToRegion): void {
    const { region, background } = this.#options
    switch (message.type) {
      case 'ping': {
        const hasLeader = region.status().leader !== null
        follower.link.send({ type: 'pong', sentAtMs: message.sentAtMs, hasLeader })
        return
      }
      case 'hello':
        background(this.#register(follower, message), 'rack.register')
        return
      case 'request':
        background(this.#request(follower, message.id, message.command), 'rack.request')
        return
      default:
        message satisfies never
    }
  }

  async #register(
    follower: Follower,
    hello: Extract<RackToRegion, { type: 'hello' }>,
  ): Promise<void> {
    const { region, logger, limits, clock } = this.#options
    const register = {
      ...hello.register,
      type: 'rack.register' as const,
      systemId: follower.rackId,
      incarnation: 0,
    }
    // The view goes out before the registration is committed: a region without quorum still serves it.
    this.#push(follower)
    const untilMs = clock.monotonicMs() + 60_000
    while (this.#isCurrent(follower) && clock.monotonicMs() < untilMs) {
      try {
        const { outcome } = await region.propose(register, {
          actor: { ...SYSTEM_ACTOR, username: follower.rackId },
          timeoutMs: limits.requestTimeoutMs,
        })
        if (!outcome.ok) {
          logger.warn('rack.refused', { rack_id: follower.rackId, error_code: outcome.code })
        }
        follower.registered = outcome.ok
        return
      } catch (error) {
        logger.warn('rack.register_failed', {
          rack_id: follower.rackId,
          error: describeError(error),
        })
      }
      // A refusal at once (OVERLOADED, SHUTTING_DOWN) must not keep everything else from running.
      await new Promise((resolve) => setTimeout(resolve, REGISTER_RETRY_MS).unref())
    }
  }

  async #request(follower: Follower, id: number, command: RackRequest): Promise<void> {
    const { metrics } = this.#options
    const reply =
      command.type === 'power.parameters'
        ? this.#read(follower, command)
        : await this.#answer(follower, command)
    metrics.count('ironraft_rack_requests_total', { type: command.type, ok: String(reply.ok) })
    if (command.type !== 'power.parameters') this.#options.onAnswer?.(command, reply)
    follower.link.send({ type: 'reply', id, reply })
  }

  /** From what this region has applied; whose state is old knows of racks that are gone, and refuses some. */
  #read({ rackId }: Follower, { systemId }: RackRead): RackToRegionReply {
    const { state, revision } = this.#options.region.local()
    return { ok: true, outcome: readPowerParameters(state, { rackId, systemId }), revision }
  }

  async #answer(follower: Follower, command: RackCommand): Promise<RackToRegionReply> {
    // A rack speaks for itself only.
    const own = 'rackId' in command ? { ...command, rackId: follower.rackId } : command
    try {
      const { outcome, revision } = await this.#options.region.propose(own, {
        actor: { ...SYSTEM_ACTOR, username: follower.rackId },
        timeoutMs: command.type.startsWith('tenure.') ? TENURE_TIMEOUT_MS : REQUEST_TIMEOUT_MS,
      })
      return { ok: true, outcome, revision }
    } catch {
      return { ok: false, reason: 'noQuorum' }
    }
  }

  /** Declares the rack lost soon, unless a beat or a registration elsewhere comes first. */
  #onClose(follower: Follower): void {
    if (!this.#isCurrent(follower)) return
    const { region, logger, limits, background } = this.#options
    this.#followers.delete(follower.rackId)
    logger.info('rack.disconnected', { rack_id: follower.rackId })
    const lastBeatAt = region.local().state.controllers.get(follower.rackId)?.lastBeatAt
    if (lastBeatAt === undefined) return
    setTimeout(() => {
      if (this.#followers.has(follower.rackId)) return
      const lost = { type: 'rack.lost' as const, systemId: follower.rackId, lastBeatAt }
      background(region.propose(lost, { actor: SYSTEM_ACTOR }), 'rack.lost')
    }, limits.rackLostMs).unref()
  }

  #onBatch(batch: ChangeBatch): void {
    if (this.#followers.size === 0) return
    const { state } = this.#options.region.local()
    if (batch.changes.some(isTopology)) this.#markChangedTopology()
    const changes = [...viewChanges(state, batch.changes), ...this.#liveRacksChange(batch)]
    if (changes.length === 0) return
    const { revision, stamp } = batch
    for (const follower of this.#followers.values()) {
      if (follower.stale) continue
      const sent = follower.link.send({ type: 'viewChanges', revision, stamp, changes })
      if (!sent || follower.link.queuedBytes() > this.#options.limits.rackQueueBytesMax) {
        follower.stale = true
        this.#scheduleFlush()
      }
    }
  }

  /** Beats change controllers, too: only who lives is told. */
  #liveRacksChange({ changes }: ChangeBatch): readonly ViewChange[] {
    if (!changes.some(({ table }) => table === 'controllers')) return []
    const row = liveRacksRow(this.#options.region.local().state)
    const text = JSON.stringify(row)
    if (text === this.#liveRacks) return []
    this.#liveRacks = text
    return [row]
  }

  #markChangedTopology(): void {
    const { state } = this.#options.region.local()
    for (const follower of this.#followers.values()) {
      if (follower.fingerprint === topologyFingerprint(state, follower.rackId)) continue
      follower.stale = true
      this.#scheduleFlush()
    }
  }

  #markAll(): void {
    for (const follower of this.#followers.values()) follower.stale = true
    this.#scheduleFlush()
  }

  /** Many topology changes in a row make one new view. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    setTimeout(() => {
      this.#flushScheduled = false
      for (const follower of this.#followers.values()) {
        if (follower.stale) this.#push(follower)
      }
    }, 20).unref()
  }

  #push(follower: Follower): void {
    const { region, limits } = this.#options
    if (follower.link.queuedBytes() > limits.rackQueueBytesMax) {
      this.#scheduleFlush()
      return
    }
    const { state, revision } = region.local()
    const rows = fullView(state, follower.rackId)
    follower.fingerprint = topologyFingerprint(state, follower.rackId)
    follower.stale = !follower.link.send({ type: 'viewReset', revision, stamp: state.stamp, rows })
    if (follower.stale) this.#scheduleFlush()
  }

  #isCurrent(follower: Follower): boolean {
    return this.#followers.get(follower.rackId) === follower
  }
}
