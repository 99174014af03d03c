// The leader's duty to bring the Raft configuration in line with the members' rows, one step at a time. Steps:
// `plan-membership.ts`; gaps: `catch-up.ts`.
import type { Logger } from '#model/ports.ts'
import type { MembershipChange } from '#raft/change.ts'
import type { ProposeConfigurationResult } from '#raft/reconfigure.ts'
import type { Status as RaftStatus } from '#raft/status.ts'
import type { CommandOf } from '#state/command.ts'
import { CatchUp, type CatchUpProgress } from './catch-up.ts'
import { type MembershipStep, planMembership, report } from './plan-membership.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

export type MembershipDutyOptions = {
  readonly region: Region
  readonly raftStatus: () => RaftStatus
  /** In the core's next turn. */
  readonly change: (
    change: MembershipChange,
    done: (result: ProposeConfigurationResult) => void,
  ) => void
  readonly monotonicMs: () => number
  readonly logger: Logger
  readonly background: (task: Promise<unknown>, name: string) => void
  readonly limits: {
    readonly joinTimeoutMs: number
    readonly removalPatienceMs: number
    readonly caughtUpEntriesMax: number
    readonly tickMs: number
    readonly electionTicksMin: number
  }
}

export class MembershipDuty {
  readonly #options: MembershipDutyOptions
  readonly #catchUps = new Map<string, CatchUp>()
  readonly #progress = new Map<string, CatchUpProgress>()
  #busy = false
  /** Since when what is wished would cost the quorum; null: it would not. */
  #atRiskSinceMs: number | null = null

  constructor(options: MembershipDutyOptions) {
    this.#options = options
  }

  /** Of learners, while this node leads; for people who wait. */
  progressOf(id: string): CatchUpProgress | undefined {
    return this.#progress.get(id)
  }

  /** Call about every 100 ms. */
  onTick(): void {
    const status = this.#options.raftStatus()
    if (status.role !== 'leader') {
      this.#catchUps.clear()
      this.#progress.clear()
      this.#atRiskSinceMs = null
      return
    }
    this.#measure(status)
    if (this.#busy) return
    const step = this.#plan(status)
    if (step === null || step.kind === 'report') this.#atRiskSinceMs = null
    if (step === null) return
    if (step.kind === 'report') this.#report(step.command)
    else this.#configure(step)
  }

  #measure({ configuration, peers, lastIndex }: RaftStatus): void {
    const { limits, monotonicMs } = this.#options
    const { learners } = configuration
    for (const id of this.#catchUps.keys()) {
      if (learners.includes(id)) continue
      this.#catchUps.delete(id)
      this.#progress.delete(id)
    }
    // The longest election timeout: a learner that close is behind for less than a fail-over.
    const roundMsMax = 2 * limits.electionTicksMin * limits.tickMs
    const lagEntriesMax = limits.caughtUpEntriesMax
    for (const { id, matchIndex } of peers) {
      if (!learners.includes(id)) continue
      const catchUp = this.#catchUps.get(id) ?? new CatchUp({ roundMsMax, lagEntriesMax })
      this.#catchUps.set(id, catchUp)
      const sample = { atMs: monotonicMs(), matchIndex, lastIndex }
      this.#progress.set(id, catchUp.observe(sample))
    }
  }

  #plan(status: RaftStatus): MembershipStep | null {
    const { state } = this.#options.region.local()
    const { joinTimeoutMs } = this.#options.limits
    const caughtUp = new Set(status.peers.filter((peer) => peer.isCaughtUp).map(({ id }) => id))
    return planMembership({
      members: state.members.values(),
      configuration: status.configuration,
      isClose: (id) => caughtUp.has(id) && this.#progress.get(id)?.isClose === true,
      now: state.stamp,
      joinTimeoutMs,
    })
  }

  #configure(step: Extract<MembershipStep, { kind: 'configure' }>): void {
    const { change, logger } = this.#options
    const { change: wish, leaving } = step
    this.#busy = true
    change(wish, (result) => {
      this.#busy = false
      if (result.ok) {
        this.#atRiskSinceMs = null
        logger.info('membership.change_begun', { ...wish, index: result.index })
        return
      }
      const { reason, detail } = result
      if (reason === 'quorumAtRisk' && this.#isPatient()) return
      // Anything else passes by itself: the next look tries again.
      if (reason !== 'quorumAtRisk' && reason !== 'invalid') return
      logger.warn('membership.change_refused', { ...wish, reason, error: detail })
      const note = `Refused, the quorum would be lost: ${detail}.`
      for (const member of reason === 'quorumAtRisk' ? leaving : []) {
        this.#report(report(member, 'refused', note).command)
      }
    })
  }

  /** A node that has just been started again is back in a moment: it is waited for before anything is refused. */
  #isPatient(): boolean {
    const { monotonicMs, limits } = this.#options
    this.#atRiskSinceMs ??= monotonicMs()
    return monotonicMs() - this.#atRiskSinceMs < limits.removalPatienceMs
  }

  #report(command: CommandOf<'member.report'>): void {
    const { region, logger, background } = this.#options
    this.#busy = true
    const done = region
      .propose(command, { actor: SYSTEM_ACTOR })
      .then(({ outcome }) => {
        const { id, result, note } = command
        // A refused report is an old one: somebody reported before.
        if (outcome.ok) logger.info('membership.reported', { peer: id, result, note })
      })
      .finally(() => {
        this.#busy = false
      })
    background(done, 'membership.report')
  }
}
