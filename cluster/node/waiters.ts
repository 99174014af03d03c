// Promises that wait for this node to have applied an index: read-your-writes and linearizable reads.

import { AppError } from '#model/errors.ts'

type Waiter = {
  readonly index: number
  readonly deadlineMs: number
  readonly resolve: () => void
  readonly reject: (error: AppError) => void
}

export class AppliedWaiters {
  #applied: number
  #waiting: Waiter[] = []

  constructor(applied: number) {
    this.#applied = applied
  }

  get applied(): number {
    return this.#applied
  }

  /**
   * Resolves at once when `index` is applied already. Rejects with TIMEOUT at `deadlineMs` (monotonic): a
   * node that is cut off may know of a commit and not get its entries.
   */
  wait(index: number, deadlineMs: number): Promise<void> {
    if (index <= this.#applied) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, deadlineMs, resolve, reject })
    })
  }

  /** Call every few tens of ms. */
  expire(nowMs: number): void {
    const expired = this.#waiting.filter((waiter) => waiter.deadlineMs <= nowMs)
    if (expired.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => waiter.deadlineMs > nowMs)
    for (const waiter of expired) {
      waiter.reject(
        new AppError('TIMEOUT', 'This region did not catch up in time; ask another one.'),
      )
    }
  }

  advance(applied: number): void {
    this.#applied = applied
    if (this.#waiting.length === 0) return
    const still: Waiter[] = []
    for (const waiter of this.#waiting) {
      if (waiter.index <= applied) waiter.resolve()
      else still.push(waiter)
    }
    this.#waiting = still
  }
}
