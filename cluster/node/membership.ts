// What an operator may ask of the membership, on any node: a token, another leader, how a join goes. And
// what the node itself does about it: the duties of `membership-duty.ts`, its peers as rows change.
import { randomBytes } from 'node:crypto'
import { AppError } from '#model/errors.ts'
import type { Clock, Scheduler } from '#model/ports.ts'
import { formatToken } from '#protocol/token.ts'
import type { Actor } from '#state/command.ts'
import type { ChangeBatch } from '#state/outcome.ts'
import { fingerprint } from '#transport/pki.ts'
import type { Assembly } from './assemble.ts'
import { secretDigest } from './enroll.ts'
import { answerLeaveRequest } from './leave-request.ts'
import { MembershipDuty, type MembershipDutyOptions } from './membership-duty.ts'
import type { JoinProgress, RegionMembership, TokenKind } from './region.ts'

export type MembershipOptions = Omit<
  MembershipDutyOptions,
  'region' | 'raftStatus' | 'change' | 'monotonicMs'
> & {
  readonly parts: Assembly
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly caPem: string
  readonly membershipMs: number
  /** Of the node: where `region leave` puts its request. */
  readonly directory: string
  /** Rows of members changed: peers may have come, gone or moved. */
  readonly onPeers: () => void
}

/** An election takes half a second; a transfer that has not happened by then was given up. */
const TRANSFER_MS = 3_000
const LOOK_MS = 20
/** A person waits for it. */
const LEAVE_LOOK_MS = 500
/** A token names that many regions at most: enough to find one that lives. */
const TOKEN_PEERS_MAX = 9

export class Membership implements RegionMembership {
  readonly #options: MembershipOptions
  readonly #duty: MembershipDuty
  /** Ways to stop the timers. */
  readonly #timers: readonly (() => void)[]
  readonly #unwatch: () => void

  constructor(options: MembershipOptions) {
    this.#options = options
    const { parts, clock } = options
    this.#duty = new MembershipDuty({
      ...options,
      region: parts.region,
      raftStatus: () => parts.raftStatus(),
      change: (wish, done) => parts.changeMembership(wish, done),
      monotonicMs: () => clock.monotonicMs(),
    })
    const { region } = parts
    const { directory, logger, scheduler } = options
    let answering: Promise<void> | null = null
    const lookForLeave = (): void => {
      answering ??= answerLeaveRequest({ directory, region, logger }).finally(() => {
        answering = null
      })
    }
    this.#timers = [
      scheduler.every(options.membershipMs, () => this.#duty.onTick()),
      scheduler.every(LEAVE_LOOK_MS, lookForLeave),
    ]
    this.#unwatch = region.watch(region.local().revision, {
      onBatch: (batch) => this.#onBatch(batch),
      onReset: () => options.onPeers(),
    })
  }

  close(): void {
    for (const stop of this.#timers) stop()
    this.#unwatch()
  }

  /** Throws what `Region.propose` throws, and the refusal's code when the log refuses. */
  async makeToken(kind: TokenKind, lifetimeMs: number, actor: Actor): Promise<string> {
    const { parts, caPem } = this.#options
    const { region } = parts
    const secret = randomBytes(24).toString('base64url')
    const digest = secretDigest(secret)
    const command = { type: 'token.create' as const, digest, kind, lifetimeMs }
    const { outcome } = await region.propose(command, { actor })
    if (!outcome.ok) throw new AppError(outcome.code, outcome.message)
    const peers = region.status().members.map(({ peerAddress }) => peerAddress)
    return formatToken({
      clusterId: region.clusterId,
      caFingerprint: fingerprint(caPem),
      secret,
      peers: peers.slice(0, TOKEN_PEERS_MAX),
    })
  }

  async transfer(to: string | null): Promise<string> {
    const { parts, clock, scheduler } = this.#options
    const { region } = parts
    const { leader, members } = region.status()
    if (leader === null) throw new AppError('NO_QUORUM', 'There is no leader to hand over.')
    if (leader === to) return leader
    const target = members.find(({ id }) => id === to)
    if (to !== null && target === undefined) {
      throw new AppError('NOT_FOUND', `${to} is not a region node of this cluster.`)
    }
    if (target?.voter === false) throw new AppError('CONFLICT', `${to} is not a voter.`)
    if (target?.reachable === false) throw new AppError('CONFLICT', `${to} is not reachable.`)
    if (members.filter(({ voter }) => voter).length < 2) {
      throw new AppError('CONFLICT', 'There is no other voter to lead.')
    }
    parts.askTransfer(leader, to)
    const untilMs = clock.monotonicMs() + TRANSFER_MS
    while (clock.monotonicMs() < untilMs) {
      const now = region.status().leader
      if (now !== null && (to === null ? now !== leader : now === to)) return now
      await new Promise<void>((resolve) => scheduler.after(LOOK_MS, resolve))
    }
    throw new AppError('TIMEOUT', 'Leadership was not handed over in time; nothing else changed.')
  }

  progressOf(id: string): JoinProgress | null {
    const progress = this.#duty.progressOf(id)
    if (progress === undefined) return null
    const { lagEntries, entriesPerSecond } = progress
    return { lagEntries, entriesPerSecond }
  }

  #onBatch(batch: ChangeBatch): void {
    if (batch.changes.some(({ table }) => table === 'members')) this.#options.onPeers()
  }
}
