// Virtual time: one queue of what happens when, in whole microseconds, ties in the order in which they were
// put in. Nothing here waits: a simulated hour takes as long as its events take to compute.
//
// Product code also waits on promises. Their continuations are no events: they run before the next event, as
// they do in a real process. `process.nextTick` called from a continuation runs when all of them have run,
// and it costs half a microsecond, so it is done only after events that said they touch promises (`dirty`).

import { popEvent, pushEvent } from './event-heap.ts'

/** What was asked for can be called off, by `cancel`, until it happens. */
export type Event = {
  /** Microseconds. */
  readonly at: number
  readonly order: number
  task: (() => void) | null
}

export class Timeline {
  #nowUs = 0
  #order = 0
  #heap: Event[] = []
  #soon: (() => void)[] = []
  #next = 0
  #stopped = false
  /** Let promises run after this event. */
  dirty = false
  /** Ignores `dirty` and always lets promises run; the outcome is the same, only slower. */
  alwaysDrains = false
  /** After each event and its promises. */
  afterEvent: () => void = () => {}
  eventCount = 0

  get nowUs(): number {
    return this.#nowUs
  }

  at(atUs: number, task: () => void): Event {
    const event: Event = { at: Math.max(atUs, this.#nowUs), order: ++this.#order, task }
    pushEvent(this.#heap, event)
    return event
  }

  cancel(event: Event): void {
    event.task = null
  }

  in(delayUs: number, task: () => void): Event {
    return this.at(this.#nowUs + Math.max(0, Math.round(delayUs)), task)
  }

  /** At this very moment, after what was put here before. */
  soon(task: () => void): void {
    this.#soon.push(task)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Runs everything up to and including `untilUs`, unless it is stopped. */
  async run(untilUs: number): Promise<void> {
    while (!this.#stopped) {
      const task = this.#take(untilUs)
      if (task === null) break
      task()
      this.eventCount++
      if (this.dirty || this.alwaysDrains) {
        await drained()
        this.dirty = false
      }
      this.afterEvent()
    }
    if (!this.#stopped) this.#nowUs = untilUs
  }

  #take(untilUs: number): (() => void) | null {
    const soon = this.#soon[this.#next]
    if (soon !== undefined) {
      this.#next++
      if (this.#next === this.#soon.length) {
        this.#soon = []
        this.#next = 0
      }
      return soon
    }
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.at > untilUs) return null
      popEvent(this.#heap)
      if (first.task === null) continue
      this.#nowUs = first.at
      return first.task
    }
  }
}

/** All continuations that can run have run. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
