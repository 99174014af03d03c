// Gets one encoded command into the log, wherever the leader is, and brings its outcome back (D6). A try
// that may have been lost is simply made again: the session makes a second application impossible.
import { AppError } from '#model/errors.ts'
import type { Clock, Scheduler } from '#model/ports.ts'
import type { ForwardResult, PeerMessage } from '#protocol/peer.ts'
import type { Outcome } from '#state/outcome.ts'
import type { Applied } from './applier.ts'
import type { Proposed } from './driver.ts'

type Result = { readonly outcome: Outcome; readonly revision: number }
/** Null: lost or refused; try again. */
type Settle = (result: Result | null) => void
type Attempt = { readonly target: string; readonly deadlineMs: number; readonly settle: Settle }
/** A command of this or another node that this leader appended. */
type Appended = { readonly term: number; readonly settle: Settle }

export type SubmitOptions = {
  readonly nodeId: string
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly leader: () => string | null
  /** Commands that wait to be proposed on this node. */
  readonly waiting: () => number
  readonly propose: (data: Uint8Array, done: (result: Proposed) => void) => void
  readonly send: (to: string, message: PeerMessage) => boolean
  /** A client of `peer` waits for this entry. */
  readonly wantCommit: (peer: string, index: number) => void
  readonly limits: {
    readonly forwardTimeoutMs: number
    readonly leaderWaitMs: number
    readonly proposalsWaitingMax: number
  }
}

export class Submit {
  readonly #options: SubmitOptions
  /** Tries of this node's own requests, oldest first. */
  readonly #attempts = new Map<number, Attempt>()
  readonly #appended = new Map<number, Appended>()
  #lastId = 0
  readonly #leaderWaiters = new Set<() => void>()

  constructor(options: SubmitOptions) {
    this.#options = options
  }

  /** Throws NO_QUORUM at `deadlineMs`: nothing is known about the command then. */
  async submit(envelope: Uint8Array, deadlineMs: number): Promise<Result> {
    const { clock } = this.#options
    for (;;) {
      const result = await this.#attempt(envelope, deadlineMs)
      if (result !== null) return result
      if (clock.monotonicMs() >= deadlineMs) {
        throw new AppError(
          'NO_QUORUM',
          'No leader confirmed the change in time; whether it took effect is not known.',
        )
      }
      await this.#leaderOrDelay()
    }
  }

  /** From a peer that believes this node leads: one hop only, never forwarded on. */
  onForward(from: string, id: number, envelope: Uint8Array): void {
    const { propose, send, waiting, wantCommit, limits, nodeId } = this.#options
    const reply = (result: ForwardResult) => send(from, { type: 'forwarded', id, result })
    if (waiting() >= limits.proposalsWaitingMax) {
      reply({ ok: false, reason: 'overloaded', leader: nodeId })
      return
    }
    propose(envelope, (proposed) => {
      if (!proposed.ok) {
        reply({ ok: false, reason: proposed.reason, leader: proposed.leader })
        return
      }
      wantCommit(from, proposed.index)
      this.#appended.set(proposed.index, {
        term: proposed.term,
        // A lost entry is not reported: the sender learns of the new leader and asks there.
        settle: (result) => result !== null && reply({ ok: true, ...result }),
      })
    })
  }

  onForwarded(id: number, result: ForwardResult): void {
    this.#settle(id, result.ok ? { outcome: result.outcome, revision: result.revision } : null)
  }

  onApplied(applied: Applied): void {
    const appended = this.#appended.get(applied.index)
    if (appended === undefined) return
    this.#appended.delete(applied.index)
    const ours = appended.term === applied.term
    appended.settle(ours ? { outcome: applied.outcome, revision: applied.index } : null)
  }

  /** Tries that went to anybody but the new leader are made again at once. */
  onLeader(leader: string | null): void {
    if (leader !== this.#options.nodeId) this.#appended.clear()
    for (const [id, attempt] of [...this.#attempts]) {
      if (attempt.target !== leader) this.#settle(id, null)
    }
    if (leader === null) return
    for (const wake of [...this.#leaderWaiters]) wake()
  }

  onDisconnected(peer: string): void {
    for (const [id, attempt] of [...this.#attempts]) {
      if (attempt.target === peer) this.#settle(id, null)
    }
  }

  onTick(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [id, attempt] of this.#attempts) {
      if (attempt.deadlineMs > nowMs) break
      this.#settle(id, null)
    }
  }

  stop(): void {
    for (const id of [...this.#attempts.keys()]) this.#settle(id, null)
  }

  #attempt(envelope: Uint8Array, deadlineMs: number): Promise<Result | null> {
    const { nodeId, clock, leader, propose, send, limits } = this.#options
    const target = leader()
    if (target === null) return Promise.resolve(null)
    return new Promise((resolve) => {
      const id = ++this.#lastId
      const latestMs = clock.monotonicMs() + limits.forwardTimeoutMs
      const attempt = { target, deadlineMs: Math.min(deadlineMs, latestMs), settle: resolve }
      this.#attempts.set(id, attempt)
      if (target !== nodeId) {
        if (!send(target, { type: 'forward', id, envelope })) this.#settle(id, null)
        return
      }
      propose(envelope, (proposed) => {
        if (!proposed.ok) this.#settle(id, null)
        else {
          const settle: Settle = (result) => this.#settle(id, result)
          this.#appended.set(proposed.index, { term: proposed.term, settle })
        }
      })
    })
  }

  #settle(id: number, result: Result | null): void {
    const attempt = this.#attempts.get(id)
    if (attempt === undefined) return
    this.#attempts.delete(id)
    attempt.settle(result)
  }

  /** Bounded wait: a wake-up that never comes costs one short delay, not the request. */
  #leaderOrDelay(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#leaderWaiters.delete(wake)
        resolve()
      }
      const { scheduler, limits } = this.#options
      const cancel = scheduler.after(limits.leaderWaitMs, wake)
      this.#leaderWaiters.add(wake)
    })
  }
}
