// The one loop that owns the Raft core: inputs queue up, one turn drains them, and what the core wants
// done is done in its order — persist, then send what depended on it, then apply (Raft §5, pitfall C1).
// Nothing else mutates the core. Any failure here stops the process (pitfalls C2, F6).
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import { decodeConfiguration } from '#raft/membership.ts'
import type { AppendWork, Message, ReadState } from '#raft/message.ts'
import type { Raft } from '#raft/raft.ts'
import type { Entry, SnapshotMeta } from '#raft/types.ts'
import type { LogStore } from '#storage/log-store.ts'

export type DriverHooks = {
  /** False when the message was dropped before it left. */
  readonly send: (message: Message) => boolean
  /** What was sent leaves now: peers write to their disks while this node writes and applies. */
  readonly flush: () => void
  readonly sendSnapshot: (message: Extract<Message, { type: 'installSnapshot' }>) => void
  /** Committed entries in order; synchronous. */
  readonly apply: (entries: readonly Entry[]) => void
  /** The log was reset to a received snapshot: replace the state by it before anything is applied. */
  readonly restore: (meta: SnapshotMeta) => Promise<void>
  readonly onReads: (reads: readonly ReadState[]) => void
  readonly onStatus: () => void
  readonly onFailure: (what: string, error: unknown) => never
}

export type DriverOptions = {
  readonly raft: Raft
  readonly store: LogStore
  readonly hooks: DriverHooks
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tickMs: number
  readonly electionTicks: number
}

type Waiting = {
  readonly data: Uint8Array
  readonly done: (result: Proposed) => void
}
/** Where a command landed in the log, or that it definitely did not. */
export type Proposed =
  | { readonly ok: true; readonly index: number; readonly term: number }
  | {
      readonly ok: false
      readonly reason: 'notLeader' | 'overloaded'
      readonly leader: string | null
    }

export class Driver {
  readonly #options: DriverOptions
  readonly #fsyncMs: number[] = []
  #fsyncP99Ms: number | null = null
  #waiting: Waiting[] = []
  #inputs: (() => void)[] = []
  #scheduled = false
  #saving: Promise<void> | null = null
  #stopped = false
  #tickDue = false
  #stopTicks = (): void => {}
  #lastTickMs: number
  /** Term of the vote that was logged last. */
  #votedTerm: number

  constructor(options: DriverOptions) {
    this.#options = options
    const { currentTerm, votedFor } = options.store.hardState()
    this.#votedTerm = votedFor === null ? 0 : currentTerm
    this.#lastTickMs = options.clock.monotonicMs()
  }

  start(): void {
    const { scheduler, tickMs } = this.#options
    this.#stopTicks = scheduler.every(tickMs, () => this.#askForTick())
    this.#schedule()
  }

  /** Everything that changes the core goes through here, in arrival order (pitfall A15). */
  input(change: (raft: Raft) => void): void {
    this.#input(() => change(this.#options.raft))
  }

  /** `done` is called in this process's next turn at the latest; order of calls is order in the log. */
  propose(data: Uint8Array, done: (result: Proposed) => void): void {
    this.#waiting.push({ data, done })
    this.#schedule()
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** 99th percentile of the last thousand synced writes; null before the first. */
  fsyncP99Ms(): number | null {
    if (this.#fsyncMs.length === 0) return null
    // Asked for every second, also when nothing was written since.
    this.#fsyncP99Ms ??= percentile99(this.#fsyncMs)
    return this.#fsyncP99Ms
  }

  /** No more turns; resolves when the write under way is on disk. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopTicks()
    for (const waiting of this.#waiting.splice(0)) {
      waiting.done({ ok: false, reason: 'notLeader', leader: null })
    }
    await this.#saving
  }

  /** Not an input: it counts after all that had arrived, however the timer and sockets were ordered. */
  #askForTick(): void {
    this.#tickDue = true
    this.#schedule()
  }

  #input(change: () => void): void {
    this.#inputs.push(change)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#options.scheduler.soon(this.#runTurn)
  }

  readonly #runTurn = (): void => {
    this.#scheduled = false
    if (this.#stopped) return
    try {
      this.#turn()
    } catch (error) {
      this.#options.hooks.onFailure('raft turn', error)
    }
  }

  /**
   * After a stall the queue of messages was drained first; missed ticks are clamped (pitfall F2) to a third of
   * an election timeout: more would make a leader that was heard in this very turn look silent.
   */
  #tick(): void {
    this.#tickDue = false
    const { clock, tickMs, electionTicks, raft } = this.#options
    const nowMs = clock.monotonicMs()
    const due = Math.floor((nowMs - this.#lastTickMs) / tickMs)
    if (due <= 0) return
    const countedMax = Math.max(1, Math.floor(electionTicks / 3))
    this.#lastTickMs = due > countedMax ? nowMs : this.#lastTickMs + due * tickMs
    for (let i = 0; i < Math.min(due, countedMax); i++) raft.tick()
  }

  #turn(): void {
    const inputs = this.#inputs
    this.#inputs = []
    for (const change of inputs) change()
    if (this.#tickDue) this.#tick()
    this.#proposeWaiting()
    const { raft, hooks } = this.#options
    // One Ready a turn: what its application produces is picked up by the next.
    if (!raft.hasReady()) {
      hooks.flush()
      return
    }
    const ready = raft.ready()
    this.#send(ready.messages)
    hooks.flush()
    if (ready.append !== null) this.#save(ready.append)
    this.#apply(ready.committed)
    // Outcomes of commands that peers forwarded.
    if (ready.committed.length > 0) hooks.flush()
    if (ready.reads.length > 0) hooks.onReads(ready.reads)
    hooks.onStatus()
    if (raft.hasReady()) this.#schedule()
  }

  /** A configuration is in effect before the page it is on counts as applied (pitfall D3). */
  #apply(committed: readonly Entry[]): void {
    const { raft, hooks } = this.#options
    const last = committed.at(-1)
    if (last === undefined) return
    for (const { kind, data } of committed) {
      if (kind !== 'configuration') continue
      raft.advance({ type: 'configured', configuration: decodeConfiguration(data) })
    }
    hooks.apply(committed)
    raft.advance({ type: 'applied', index: last.index })
  }

  #proposeWaiting(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    const { raft } = this.#options
    const result = raft.propose(waiting.map((each) => each.data))
    const first = result.ok ? result.index - waiting.length + 1 : 0
    waiting.forEach((each, position) => {
      each.done(
        result.ok
          ? { ok: true, index: first + position, term: result.term }
          : {
              ok: false,
              reason: result.reason === 'tooManyUncommitted' ? 'overloaded' : 'notLeader',
              leader: result.leader,
            },
      )
    })
  }

  #send(messages: readonly Message[]): void {
    const { hooks, raft } = this.#options
    for (const message of messages) {
      if (message.type === 'installSnapshot') hooks.sendSnapshot(message)
      else if (!hooks.send(message) && message.type === 'appendEntries') {
        raft.reportUnreachable(message.to)
      }
    }
  }

  /** Once for each vote that is on disk: who elected whom can be read from the logs. */
  #logVote({ hardState }: AppendWork): void {
    if (hardState === null || hardState.votedFor === null) return
    const { currentTerm: term, votedFor } = hardState
    const { id, role, amnesia } = this.#options.raft.status()
    // Kept from before, or spent without an election by a node that recovered.
    if (term === this.#votedTerm || amnesia !== 0 || (votedFor === id && role === 'follower'))
      return
    this.#votedTerm = term
    this.#options.logger.info('raft.voted', { term, voted_for: votedFor })
  }

  /** The core hands out one append at a time; its messages leave only when it is on disk. */
  #save(work: AppendWork): void {
    const { store, hooks, clock, raft, metrics } = this.#options
    const beganMs = clock.monotonicMs()
    const save = async (): Promise<void> => {
      await store.save({
        hardState: work.hardState,
        entries: work.entries,
        snapshot: work.snapshot,
      })
      this.#logVote(work)
      if (work.snapshot !== null) await hooks.restore(work.snapshot)
      const tookMs = clock.monotonicMs() - beganMs
      this.#fsyncMs.push(tookMs)
      this.#fsyncP99Ms = null
      if (this.#fsyncMs.length > 1_000) this.#fsyncMs.shift()
      metrics.observe('ironraft_log_append_seconds', tookMs / 1_000)
      if (this.#stopped) return
      this.#input(() => {
        this.#send(work.messages)
        raft.advance({ type: 'appended', work })
      })
    }
    this.#saving = save().catch((error: unknown) => hooks.onFailure('log write', error))
  }
}

function percentile99(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const value = sorted[Math.floor(sorted.length * 0.99)] ?? 0
  return Math.round(value * 100) / 100
}
