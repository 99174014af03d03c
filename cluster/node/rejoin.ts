// A node's way from its disk into the cluster: asks the others what they remember of it before it says
// anything, and brings itself back when its disk had lost something. The judgement is in recollection.ts, the
// argument in README.md; here is who is asked when, and what is durable before what.
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { ConfigurationAt, DiskPosition, NodeCondition, PeerMessage } from '#protocol/peer.ts'
import { members } from '#raft/membership.ts'
import type { Message } from '#raft/message.ts'
import { type Disk, positionOf } from './disk.ts'
import {
  type Answer,
  contradiction,
  judge,
  knowsItsTerms,
  newestConfiguration,
  NO_MEMORY,
} from './recollection.ts'

const ASK_MS = 100
/**
 * A quorum's answers suffice, but who remembers most is often the leader, and a leader is busy: while somebody
 * is missing a node waits so long for him before it takes part (several election timeouts).
 */
const PATIENCE_MS = 2_000
/** Between two lines that say for whom a node waits. */
const TELL_MS = 30_000
/** Regions of one cluster are few; more than these do not all come at once. */
const HEARD_MAX = 64
/** Memory of the others on disk is at most this old, and a synced write at most this frequent. */
const SAVE_MS = 5_000

export type RejoinOptions = {
  readonly nodeId: string
  readonly disk: Disk
  /** Those whose address is known. */
  readonly peers: () => readonly string[]
  readonly send: (to: string, message: PeerMessage) => boolean
  readonly core: {
    /** As far as it is known here to be committed. */
    readonly configuration: () => ConfigurationAt
    readonly term: () => number
    /** Ticks and messages count from here on. */
    readonly start: () => void
    readonly forget: (life: number) => void
    readonly recover: () => void
    /** It votes again, and what it says is on disk. */
    readonly hasRecovered: () => boolean
  }
  /**
   * Resolves when all that was committed when it was called is applied, thus durable, here; confirmed by a
   * quorum without this node while it forgot. Rejects when nobody confirmed it in time.
   */
  readonly caughtUp: () => Promise<void>
  /** Condition or position changed: tell the others. */
  readonly onChange: () => void
  readonly onFailure: (what: string, error: unknown) => void
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
}

export class Rejoin {
  readonly #options: RejoinOptions
  /** What the disk said when this life began. */
  readonly #began: DiskPosition
  readonly #answers = new Map<string, Answer>()
  /** The question is on its way to them, ahead of anything else. */
  readonly #asked = new Set<string>()
  /** Who has reached this node while it was not sure of its disk, known to it or not. */
  readonly #heard = new Set<string>()
  #condition: NodeCondition = 'verifying'
  #reason: string | null
  #epoch: number
  #started = false
  /** A loss or a recovery is being written down. */
  #recording = false
  #stopped = false
  #stopTicks: () => void = () => {}
  #savedMs: number
  readonly #patientUntilMs: number
  #tellAtMs: number

  constructor(options: RejoinOptions) {
    this.#options = options
    this.#began = positionOf(options.disk)
    this.#epoch = options.disk.epoch
    this.#reason = options.disk.lost ?? 'too few of the others have answered since it started'
    this.#savedMs = options.clock.monotonicMs()
    this.#patientUntilMs = this.#savedMs + PATIENCE_MS
    this.#tellAtMs = this.#savedMs + TELL_MS
  }

  get condition(): { readonly condition: NodeCondition; readonly reason: string | null } {
    return { condition: this.#condition, reason: this.#reason }
  }

  /** Messages of the others' cores are dropped until the disk is judged. */
  get isListening(): boolean {
    return this.#started
  }

  /** Null while the disk is not judged: what it says might be taken for news. */
  get position(): DiskPosition | null {
    if (!this.#started) return null
    return { ...positionOf(this.#options.disk), epoch: this.#epoch }
  }

  start(): void {
    const { disk } = this.#options
    this.#stopTicks = this.#options.scheduler.every(ASK_MS, () => this.#onTick())
    if (disk.lost === null) this.#judge()
    else this.#reseed(disk.lost)
    this.#ask()
  }

  /** No more questions; the memory of the others is on disk when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopTicks()
    await this.#save()
  }

  /**
   * Call before any message of the core goes to `peer`. What this life says must not reach a peer ahead of
   * the question, or it would remember it as an earlier life's and accuse an honest disk.
   */
  introduce(peer: string): void {
    if (this.#asked.has(peer) || this.#hasAnswered(peer)) return
    if (this.#askOne(peer)) this.#asked.add(peer)
  }

  /** Called while `isListening` is false: whoever speaks to this node can be asked, and may have come while it was down. */
  onHeard(peer: string): void {
    if (this.#heard.size < HEARD_MAX) this.#heard.add(peer)
  }

  /** It is of a level that does not know the question, and remembers nothing. */
  onNoMemory(peer: string): void {
    if (this.#answers.has(peer)) return
    this.#answers.set(peer, NO_MEMORY)
    if (this.#condition === 'verifying') this.#judge()
  }

  onDisconnected(peer: string): void {
    this.#asked.delete(peer)
    void this.#save()
  }

  onRecall(from: string, position: DiskPosition): void {
    const { disk, core, send } = this.#options
    const { incarnation } = position
    const claims = disk.peerMemory.recall(from, incarnation)
    const known = core.configuration()
    send(from, { type: 'recalled', incarnation, claims, term: core.term(), known })
  }

  onRecalled(from: string, answer: Extract<PeerMessage, { type: 'recalled' }>): void {
    // Only the first: later ones may hold what this life has said.
    const { incarnation, claims, term, known = null } = answer
    if (incarnation !== this.#began.incarnation || this.#hasAnswered(from)) return
    const given = { claims, term, known }
    this.#answers.set(from, given)
    if (this.#condition === 'verifying') this.#judge()
    else if (this.#condition === 'ok') this.#judgeLate(from, given)
  }

  /**
   * The disk is whole and its state is wrong. For the rest of this life the node only receives; the next one
   * starts with an empty disk and is re-seeded.
   */
  async quarantine(why: string): Promise<void> {
    const { disk, core, logger, metrics, onFailure } = this.#options
    core.forget(this.#began.incarnation)
    this.#enter('diverged', why)
    metrics.count('ironraft_node_divergences_total')
    logger.error('node.state_differs', { why, votes: false, serves: false })
    await disk
      .recordLoss({ version: 1, epoch: this.#epoch, why, isWrong: true })
      .catch((error: unknown) => onFailure('recording a divergence', error))
  }

  onRaft(message: Message): void {
    this.#options.disk.peerMemory.onRaft(message)
  }

  onPosition(from: string, position: DiskPosition): void {
    this.#options.disk.peerMemory.onPosition(from, position)
  }

  #onTick(): void {
    this.#ask()
    if (this.#condition === 'verifying') {
      this.#judge()
      this.#tellWhoIsMissing()
    }
    if (this.#condition === 'reseeding') void this.#tryRecover()
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#savedMs >= SAVE_MS) void this.#save()
  }

  #ask(): void {
    for (const peer of this.#missing()) this.#askOne(peer)
  }

  #missing(): readonly string[] {
    const { nodeId, peers } = this.#options
    const known = [...peers(), ...members(this.#self.configuration), ...this.#heard]
    return [...new Set(known)].filter((peer) => peer !== nodeId && !this.#hasAnswered(peer))
  }

  /** For whoever wonders why it does not come back: those it knows may be gone, and nobody else reaches it. */
  #tellWhoIsMissing(): void {
    const { clock, logger } = this.#options
    if (this.#condition !== 'verifying' || clock.monotonicMs() < this.#tellAtMs) return
    this.#tellAtMs = clock.monotonicMs() + TELL_MS
    logger.warn('node.waits_for_others', {
      missing: this.#missing(),
      answered: [...this.#answers.keys()],
    })
  }

  /** Who had no memory may have been upgraded since. */
  #hasAnswered(peer: string): boolean {
    return (this.#answers.get(peer) ?? NO_MEMORY).term !== null
  }

  #askOne(peer: string): boolean {
    return this.#options.send(peer, { type: 'recall', position: this.#began })
  }

  get #self() {
    const { nodeId: id, core } = this.#options
    return { id, configuration: newestConfiguration(core.configuration(), this.#answers) }
  }

  #judge(): void {
    const verdict = judge(this.#began, this.#self, this.#answers)
    switch (verdict.type) {
      case 'waiting':
        return
      case 'sound':
        if (this.#isPatient()) return
        this.#options.logger.info('node.disk_verified', { by: [...this.#answers.keys()] })
        this.#enter('ok', null)
        this.#begin()
        return
      case 'forgot':
        void this.#forget(verdict.why)
        return
      default:
        verdict satisfies never
    }
  }

  #isPatient(): boolean {
    const { configuration, id } = this.#self
    const isMissing = (voter: string): boolean => voter !== id && !this.#answers.has(voter)
    const { voters, votersOutgoing } = configuration
    if (![...voters, ...votersOutgoing].some(isMissing)) return false
    return this.#options.clock.monotonicMs() < this.#patientUntilMs
  }

  /** It was not there when enough others had answered: what it remembers counts no less. */
  #judgeLate(from: string, answer: Answer): void {
    const why = contradiction(this.#began, answer.claims)
    if (why !== null) void this.#forget(`${from} remembers that ${why}`)
  }

  /** At once in the core, then on disk, and only then anything of it is said. */
  async #forget(why: string): Promise<void> {
    const { disk, core, onFailure } = this.#options
    if (this.#recording) return
    this.#recording = true
    const { incarnation } = this.#began
    core.forget(incarnation)
    try {
      await disk.recordLoss({ version: 1, epoch: incarnation, why, isWrong: false })
      this.#epoch = incarnation
      this.#reseed(why)
    } catch (error) {
      onFailure('recording a loss', error)
    } finally {
      this.#recording = false
    }
  }

  #reseed(why: string): void {
    const { core, logger, metrics } = this.#options
    const { batchSequence, lastIndex, incarnation, term } = this.#began
    core.forget(incarnation)
    metrics.count('ironraft_node_losses_total')
    const fields = { why, term, last_index: lastIndex, batch_sequence: batchSequence }
    logger.error('node.lost_memory', { ...fields, votes: false })
    this.#enter('reseeding', why)
    this.#begin()
  }

  async #tryRecover(): Promise<void> {
    const { core, disk, caughtUp, logger, scheduler, onFailure } = this.#options
    if (this.#recording || !this.#knowsItsTerms()) return
    this.#recording = true
    try {
      // The index is asked for after all terms are known; once more after, for the voters may have changed.
      const isReady = await caughtUp().then(
        () => this.#condition === 'reseeding' && this.#knowsItsTerms(),
        () => false,
      )
      if (!isReady || this.#stopped) return
      core.recover()
      while (!core.hasRecovered()) {
        if (this.#stopped) return
        await new Promise<void>((resolve) => scheduler.after(10, resolve))
      }
      // Last: a crash before it only means to be re-seeded once more.
      await disk.recordLoss({ version: 1, epoch: this.#epoch, why: null, isWrong: false })
      const { lastIndex, term } = positionOf(disk)
      logger.info('node.reseeded', { term, last_index: lastIndex, votes: true })
      this.#enter('ok', null)
    } catch (error) {
      onFailure('recording a recovery', error)
    } finally {
      this.#recording = false
    }
  }

  #knowsItsTerms(): boolean {
    const { nodeId: id, core } = this.#options
    const { configuration } = core.configuration()
    return knowsItsTerms({ id, configuration }, this.#answers, core.term())
  }

  #begin(): void {
    if (this.#started) return
    this.#started = true
    // Before any message of the core: what the others hear first in a life is where its disk was.
    this.#options.onChange()
    this.#options.core.start()
  }

  #enter(condition: NodeCondition, reason: string | null): void {
    this.#condition = condition
    this.#reason = reason
    this.#options.metrics.gauge('ironraft_node_votes', condition === 'ok' ? 1 : 0)
    if (this.#started) this.#options.onChange()
  }

  /** Never rejects: a memory that cannot be saved is worth a warning, not the node. */
  async #save(): Promise<void> {
    const { clock, disk, logger } = this.#options
    this.#savedMs = clock.monotonicMs()
    await disk.peerMemory.save().catch((error: unknown) => {
      logger.warn('node.peer_memory_not_saved', { error: describeError(error) })
    })
  }
}
