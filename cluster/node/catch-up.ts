// How a learner catches up, in rounds (dissertation §4.2.1): a round ends when the learner has everything
// that was in the log when it began. Its log is close enough when a whole round took less than an
// election timeout: then the gap is small and shrinks faster than writes open it. Pure.

export type CatchUpSample = {
  /** Monotonic ms. */
  readonly atMs: number
  readonly matchIndex: number
  /** Of the leader's log. */
  readonly lastIndex: number
}

export type CatchUpProgress = {
  readonly lagEntries: number
  /** What the learner took in, entries a second, over the last seconds; null before two samples. */
  readonly entriesPerSecond: number | null
  readonly rounds: number
  /** The last whole round was short, and the gap is small now. */
  readonly isClose: boolean
}

/** Rates are over so many samples: a few seconds at the pace of the leader's looks. */
const SAMPLES_KEPT = 30

export class CatchUp {
  readonly #limits: { readonly roundMsMax: number; readonly lagEntriesMax: number }
  #samples: CatchUpSample[] = []
  #round: { readonly beganMs: number; readonly target: number } | null = null
  #rounds = 0
  #wasShort = false

  constructor(limits: { readonly roundMsMax: number; readonly lagEntriesMax: number }) {
    this.#limits = limits
  }

  /** Call at a steady pace. */
  observe(sample: CatchUpSample): CatchUpProgress {
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift()
    const { atMs, matchIndex, lastIndex } = sample
    this.#round ??= { beganMs: atMs, target: lastIndex }
    if (matchIndex >= this.#round.target) {
      this.#rounds++
      this.#wasShort = atMs - this.#round.beganMs <= this.#limits.roundMsMax
      this.#round = { beganMs: atMs, target: lastIndex }
    } else if (atMs - this.#round.beganMs > this.#limits.roundMsMax) {
      // What was short once is of no use when it is long again.
      this.#wasShort = false
    }
    const lagEntries = Math.max(0, lastIndex - matchIndex)
    const isClose = this.#wasShort && lagEntries <= this.#limits.lagEntriesMax
    return { lagEntries, entriesPerSecond: this.#rate(), rounds: this.#rounds, isClose }
  }

  #rate(): number | null {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null
    return Math.round(((last.matchIndex - first.matchIndex) * 1_000) / (last.atMs - first.atMs))
  }
}
