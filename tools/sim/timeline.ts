// Virtual time: one queue of what happens when, in whole microseconds, ties in the order in which they were
// put in. Nothing here waits: a simulated hour takes as long as its events take to compute.
//
// Product code also waits on promises. Their continuations are no events: they run before the next event, as
// they do in a real process. `process.nextTick` called from a continuation runs when all of them have run,
// and it costs half a microsecond, so it is done only after events that said they touch promises (`dirty`).

/** What was asked for can be called off, by `cancel`, until it happens. */
export type Event = { atUs: number; order: number; task: (() => void) | null }

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
    const event: Event = { atUs: Math.max(atUs, this.#nowUs), order: ++this.#order, task }
    push(this.#heap, event)
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
      if (first === undefined || first.atUs > untilUs) return null
      pop(this.#heap)
      if (first.task === null) continue
      this.#nowUs = first.atUs
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

function isBefore(a: Event, b: Event): boolean {
  return a.atUs !== b.atUs ? a.atUs < b.atUs : a.order < b.order
}

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const up = (at - 1) >>> 1
    const parent = heap[up]
    if (parent === undefined || !isBefore(event, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const down = 2 * at + 1
    const left = heap[down]
    const right = heap[down + 1]
    if (left === undefined) break
    const smaller = right !== undefined && isBefore(right, left) ? right : left
    if (!isBefore(smaller, last)) break
    heap[at] = smaller
    at = smaller === left ? down : down + 1
  }
  heap[at] = last
}
