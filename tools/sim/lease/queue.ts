// Virtual time: events in order of (time, order of planning). Whole milliseconds of real time, which no clock
// of the simulated world shows.
import { type Planned, popEvent, pushEvent } from '../event-heap.ts'

type Event = Planned & { readonly run: () => void }

/** So many hops let every chain of promises that an event resolved come to its next outside wait. */
const HOPS = 8
const SETTLED = Promise.resolve()

export class EventQueue {
  nowMs = 0
  #heap: Event[] = []
  #planned = 0

  after(delayMs: number, run: () => void): void {
    const at = this.nowMs + Math.max(0, Math.round(delayMs))
    pushEvent(this.#heap, { at, order: this.#planned++, run })
  }

  /** Runs all events up to `untilMs`, or until `isOver`. */
  async runUntil(untilMs: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.at > untilMs || isOver()) break
      popEvent(this.#heap)
      this.nowMs = first.at
      first.run()
      for (let hop = 0; hop < HOPS; hop++) await SETTLED
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }
}
