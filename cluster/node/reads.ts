// Linearizable reads on any node (dissertation §6.4): all reads that wait share one ReadIndex round, the
// leader's counter confirms it, and the read is served when this node has applied that far. A round that
// is not confirmed in time is asked again under a new id (pitfall E2).
import { AppError } from '#model/errors.ts'
import type { Clock } from '#model/ports.ts'
import type { ReadState } from '#raft/message.ts'

type Reader = {
  readonly deadlineMs: number
  readonly resolve: (index: number) => void
  readonly reject: (error: AppError) => void
}
type Round = { readonly id: number; readonly readers: Reader[]; readonly askedMs: number }

export class Reads {
  readonly #ask: (requestId: number) => void
  readonly #clock: Clock
  readonly #limits: { readonly readRetryMs: number; readonly requestTimeoutMs: number }
  /** Not yet asked for. */
  #next: Reader[] = []
  #round: Round | null = null
  #lastId = 0
  #scheduled = false

  constructor(options: {
    readonly ask: (requestId: number) => void
    readonly clock: Clock
    readonly limits: { readonly readRetryMs: number; readonly requestTimeoutMs: number }
  }) {
    this.#ask = options.ask
    this.#clock = options.clock
    this.#limits = options.limits
  }

  /** Resolves with the index that must be applied before the read is answered. */
  index(): Promise<number> {
    const deadlineMs = this.#clock.monotonicMs() + this.#limits.requestTimeoutMs
    return new Promise((resolve, reject) => {
      this.#next.push({ deadlineMs, resolve, reject })
      // Reads of one turn share a round; while one is out the next gathers.
      if (this.#round === null && !this.#scheduled) {
        this.#scheduled = true
        queueMicrotask(() => {
          this.#scheduled = false
          if (this.#round === null) this.#begin()
        })
      }
    })
  }

  onReads(reads: readonly ReadState[]): void {
    const round = this.#round
    if (round === null) return
    const answer = reads.find((read) => read.requestId === round.id)
    // Refused: no leader or one that has not committed in its term; `onTick` asks again.
    if (answer === undefined || answer.index === null) return
    this.#round = null
    for (const reader of round.readers) reader.resolve(answer.index)
    if (this.#next.length > 0) this.#begin()
  }

  /** Call every few tens of ms: expires readers and repeats an unconfirmed round. */
  onTick(): void {
    const nowMs = this.#clock.monotonicMs()
    const alive = (reader: Reader): boolean => {
      if (reader.deadlineMs > nowMs) return true
      reader.reject(
        new AppError('NO_QUORUM', 'No leader confirmed the read in time; try again shortly.'),
      )
      return false
    }
    this.#next = this.#next.filter(alive)
    const round = this.#round
    if (round === null || nowMs - round.askedMs < this.#limits.readRetryMs) return
    this.#next.unshift(...round.readers.filter(alive))
    this.#round = null
    if (this.#next.length > 0) this.#begin()
  }

  /** A leader became known: a refused or lost round need not wait for its time-out. */
  onLeader(): void {
    const round = this.#round
    if (round === null) return
    this.#next.unshift(...round.readers)
    this.#round = null
    if (this.#next.length > 0) this.#begin()
  }

  #begin(): void {
    const readers = this.#next
    this.#next = []
    this.#round = { id: ++this.#lastId, readers, askedMs: this.#clock.monotonicMs() }
    this.#ask(this.#round.id)
  }
}
