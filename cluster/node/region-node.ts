// One region node as the rest of its process sees it: implements the port of `region.ts` over the driver,
// the submitter and the reads. The session of this process is opened through the log before the first
// command is accepted (dissertation §6.3, pitfall E6).
import { AppError } from '#model/errors.ts'
import type { Clock, Logger, Scheduler } from '#model/ports.ts'
import type { RegionLimits } from '#platform/config.ts'
import { describeError } from '#platform/system.ts'
import { encodeEnvelope } from '#protocol/envelope.ts'
import type { Raft } from '#raft/raft.ts'
import type { Actor, Command, Envelope, FirstCommand } from '#state/command.ts'
import type { Outcome, OutcomeOf } from '#state/outcome.ts'
import type { Applier } from './applier.ts'
import type { Driver } from './driver.ts'
import { expectLevelFor } from './feature-levels.ts'
import type { History } from './history.ts'
import type { Reads } from './reads.ts'
import type {
  Committed,
  Consistency,
  ProposeOptions,
  Region,
  RegionStatus,
  View,
  WatchEvents,
} from './region.ts'
import { Requests } from './requests.ts'
import type { Status } from './status.ts'
import type { Submit } from './submit.ts'
import type { AppliedWaiters } from './waiters.ts'

/** Of a graceful stop; an election and a commit fit in many times over. */
const HAND_OVER_MS = 1_000
const HAND_OVER_LOOK_MS = 5

export const SYSTEM_ACTOR: Actor = {
  kind: 'system',
  userId: null,
  username: '',
  remoteAddress: '',
  requestId: '',
}

export type RegionParts = {
  readonly nodeId: string
  readonly clusterId: string
  readonly incarnation: number
  readonly raft: Raft
  readonly driver: Driver
  readonly applier: Applier
  readonly history: History
  readonly submit: Submit
  readonly reads: Reads
  readonly waiters: AppliedWaiters
  readonly status: Status
  /** A quorum of the voters has room on its disks for another write. */
  readonly hasRoom: () => boolean
  /** Monotonic ms at which a leader was last heard of (or this node was it). */
  readonly leaderSeenMs: () => number
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly limits: RegionLimits
}

export class RegionNode implements Region {
  readonly nodeId: string
  readonly clusterId: string
  readonly #parts: RegionParts
  readonly #requests: Requests
  #sessionOpen = false
  #stopping = false
  /** Why nothing is served any more; null while all is well. */
  #wrong: string | null = null
  #sessionWaiters: (() => void)[] = []

  constructor(parts: RegionParts) {
    this.nodeId = parts.nodeId
    this.clusterId = parts.clusterId
    this.#parts = parts
    this.#requests = new Requests(`${parts.nodeId}.${parts.incarnation}`)
  }

  async propose<C extends Command>(command: C, options: ProposeOptions): Promise<Committed<C>> {
    const { limits, clock, driver, hasRoom } = this.#parts
    this.#assertRight()
    if (!hasRoom()) {
      throw new AppError(
        'DISK_FULL',
        'Too few regions have room on their disks; nothing was changed.',
      )
    }
    if (this.#stopping) throw new AppError('SHUTTING_DOWN', 'This region is stopping.')
    if (Math.max(this.#requests.underWay, driver.waiting) >= limits.proposalsWaitingMax) {
      throw new AppError('OVERLOADED', 'Too many changes are waiting; try again shortly.')
    }
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? limits.requestTimeoutMs)
    if (!this.#sessionOpen) await this.#waitForSession(deadlineMs)
    expectLevelFor(command, this.#parts.applier.state)
    const request = this.#requests.begin()
    try {
      const envelope = this.#encode(command, options, request)
      return (await this.#submit(envelope, deadlineMs)) as Committed<C>
    } finally {
      this.#requests.end(request.sequence)
    }
  }

  async read(consistency: Consistency): Promise<View> {
    this.#assertRight()
    if (consistency === 'linearizable') {
      const { reads, waiters, clock, limits } = this.#parts
      const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
      const index = await reads.index()
      if (index > waiters.applied) await waiters.wait(index, deadlineMs)
      return { ...this.local(), stalenessMs: 0 }
    }
    return this.local()
  }

  local(): View {
    const { applier, clock, leaderSeenMs } = this.#parts
    const { state } = applier
    const stalenessMs = Math.max(0, Math.round(clock.monotonicMs() - leaderSeenMs()))
    return { state, revision: state.revision, stalenessMs }
  }

  watch(after: number, events: WatchEvents): () => void {
    this.#assertRight()
    return this.#parts.history.watch(after, events)
  }

  status(): RegionStatus {
    return this.#parts.status.read()
  }

  async transferLeadership(to: string | null): Promise<void> {
    const { raft, driver, clock, scheduler } = this.#parts
    let own = raft.status()
    if (own.role !== 'leader') return
    driver.input((core) => core.transferLeadership(to))
    const deadlineMs = clock.monotonicMs() + HAND_OVER_MS
    // Whoever stops at the first sign of the next term takes its vote and its disk with it: with another node slow or
    // away nothing would be committed until that one answers.
    for (;;) {
      await new Promise<void>((resolve) => scheduler.after(HAND_OVER_LOOK_MS, resolve))
      const now = raft.status()
      if (now.role === 'leader') own = now
      else if (now.commitIndex > own.lastIndex) return
      if (clock.monotonicMs() >= deadlineMs) return
    }
  }

  /** Makes the cluster exist: the first command of all, harmless when it exists already. */
  async initialise(command: FirstCommand): Promise<Outcome> {
    return this.#withoutSession(command)
  }

  /** Must succeed once before `propose` does anything; asked for until it does. */
  async openSession(incarnation: number): Promise<void> {
    const { session: id } = this.#requests
    const outcome = await this.#withoutSession({
      type: 'session.open',
      id,
      nodeId: this.nodeId,
      incarnation,
    })
    if (!outcome.ok) throw new AppError(outcome.code, outcome.message)
    this.#sessionOpen = true
    for (const wake of this.#sessionWaiters.splice(0)) wake()
  }

  /** The state here is not the cluster's: from now on reads and writes are refused. */
  refuse(why: string): void {
    this.#wrong = why
  }

  /** Another node says that its state differs; whoever leads writes it down for all. */
  recordDivergence(id: string, reason: string): void {
    const { status, logger } = this.#parts
    if (status.read().leader !== this.nodeId) return
    const event = {
      ...{ type: 'event.record' as const, systemId: null, username: '', level: 'ERROR' as const },
      eventType: 'region_state_differs',
      description: `Region ${id}: ${reason}`,
    }
    this.propose(event, { actor: SYSTEM_ACTOR }).catch((error: unknown) => {
      logger.warn('node.event_not_recorded', { error: describeError(error) })
    })
  }

  /** No new writes; what is under way may still end. */
  beginStop(): void {
    this.#stopping = true
  }

  async #withoutSession(command: Command): Promise<Outcome> {
    const { clock, limits } = this.#parts
    const envelope = this.#encode(command, { actor: SYSTEM_ACTOR }, null)
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    return (await this.#submit(envelope, deadlineMs)).outcome
  }

  async #submit(
    envelope: Uint8Array,
    deadlineMs: number,
  ): Promise<{ readonly outcome: OutcomeOf<Command>; readonly revision: number }> {
    const { submit, waiters } = this.#parts
    const result = await submit.submit(envelope, deadlineMs)
    // Read-your-writes on this node, whoever applied it first.
    if (result.revision > waiters.applied) await waiters.wait(result.revision, deadlineMs)
    return result
  }

  #encode(command: Command, options: ProposeOptions, request: Envelope['request']): Uint8Array {
    const { clock, limits } = this.#parts
    const envelope = encodeEnvelope({
      version: 1,
      request,
      wall: clock.wallMs(),
      actor: options.actor,
      idempotency: options.idempotency ?? null,
      command,
    })
    if (envelope.length > limits.commandBytesMax) {
      throw new AppError('PAYLOAD_TOO_LARGE', `A change may hold ${limits.commandBytesMax} bytes.`)
    }
    return envelope
  }

  #assertRight(): void {
    if (this.#wrong === null) return
    throw new AppError(
      'STATE_DIVERGED',
      'This region’s state is not the cluster’s; ask another one.',
    )
  }

  async #waitForSession(deadlineMs: number): Promise<void> {
    const { clock, scheduler } = this.#parts
    const waitMs = Math.max(1, deadlineMs - clock.monotonicMs())
    await new Promise<void>((resolve) => {
      const cancel = scheduler.after(waitMs, resolve)
      this.#sessionWaiters.push(() => {
        cancel()
        resolve()
      })
    })
    if (this.#sessionOpen) return
    throw new AppError('NO_QUORUM', 'This region has not yet found a leader; nothing was changed.')
  }
}
