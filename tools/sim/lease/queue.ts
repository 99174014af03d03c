// Virtual time: events in order of (time, order of planning). Whole milliseconds of real time, which no clock
// of the simulated world shows.
type Event = { readonly at: number; readonly order: number; readonly run: () => void }

/** So many hops let every chain of promises that an event resolved come to its next outside wait. */
const HOPS = 8
const SETTLED = Promise.resolve()

export class EventQueue {
  nowMs = 0
  #heap: Event[] = []
  #planned = 0

  after(delayMs: number, run: () => void): void {
    this.#push({ at: this.nowMs + Math.max(0, Math.round(delayMs)), order: this.#planned++, run })
  }

  /** Runs all events up to `untilMs`, or until `isOver`. */
  async runUntil(untilMs: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.at > untilMs || isOver()) break
      this.#pop()
      this.nowMs = first.at
      first.run()
      for (let hop = 0; hop < HOPS; hop++) await SETTLED
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let next = 2 * at + 1
      let child = heap[next]
      const other = heap[next + 1]
      if (child !== undefined && other !== undefined && isBefore(other, child)) {
        next++
        child = other
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = next
    }
    heap[at] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at
}
