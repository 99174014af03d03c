// Promises that wait for this node to have applied an index: read-your-writes and linearizable reads.

type Waiter = { readonly index: number; readonly resolve: () => void }

export class AppliedWaiters {
  #applied: number
  #waiting: Waiter[] = []

  constructor(applied: number) {
    this.#applied = applied
  }

  get applied(): number {
    return this.#applied
  }

  /** Resolves at once when `index` is applied already. Never rejects; the caller owns the time-out. */
  wait(index: number): Promise<void> {
    if (index <= this.#applied) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ index, resolve }))
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
