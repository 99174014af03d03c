// A clock of the simulated world: runs at a rate of its own (A2: within ε), may stand still, may jump.
import type { EventQueue } from './queue.ts'

export class DriftingClock {
  readonly #queue: EventQueue
  readonly #rate: number
  #base: number
  #sinceMs: number
  #isStopped = false

  constructor(queue: EventQueue, rate: number, startMs: number) {
    this.#queue = queue
    this.#rate = rate
    this.#base = startMs
    this.#sinceMs = queue.nowMs
  }

  read = (): number => {
    const passed = this.#isStopped ? 0 : this.#queue.nowMs - this.#sinceMs
    return this.#base + passed * this.#rate
  }

  stop(): void {
    this.#rebase(this.read())
    this.#isStopped = true
  }

  go(): void {
    this.#rebase(this.read())
    this.#isStopped = false
  }

  jump(byMs: number): void {
    this.#rebase(this.read() + byMs)
  }

  /** Real ms until this clock has counted `ms`, if it goes on. */
  realMs(ms: number): number {
    return ms / this.#rate
  }

  #rebase(value: number): void {
    this.#base = value
    this.#sinceMs = this.#queue.nowMs
  }
}
