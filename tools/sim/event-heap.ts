// A heap of what is to happen: the earliest first, ties in the order in which they were planned.

/** `at` in whatever unit its owner counts; `order` grows with each one that is planned. */
export type Planned = { readonly at: number; readonly order: number }

function isBefore(a: Planned, b: Planned): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}

/** The earliest one is `heap[0]`. */
export function pushEvent<E extends Planned>(heap: E[], event: E): void {
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

/** Takes the earliest one away. */
export function popEvent(heap: Planned[]): void {
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
