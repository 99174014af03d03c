// Both kinds of events as one list by id: what machines and racks tell, and what users did. Each is in a table of its
// own so that neither can push out the other; ids are from one counter.
import type { RegionState } from './state.ts'
import type { AuditEvent, Event } from './tables.ts'

export type FeedEvent =
  | { readonly kind: 'event'; readonly row: Event }
  | { readonly kind: 'audit'; readonly row: AuditEvent }

/** Events with an id below `before`, newest first. Read it before the next await. */
export function* newestFirst(state: RegionState, before: number): Generator<FeedEvent> {
  const last = state.counters.get('events')?.last ?? 0
  const oldest = state.events.firstKey() ?? last + 1
  let id = Math.min(last, before - 1)
  let sequence = firstAuditAt(state, before) - 1
  for (;;) {
    while (id >= oldest && !state.events.has(id)) id--
    const event = id >= oldest ? state.events.get(id) : undefined
    const audit = state.auditEvents.get(sequence)
    if (event === undefined && audit === undefined) return
    if (audit !== undefined && audit.id > (event?.id ?? 0)) {
      sequence--
      yield { kind: 'audit', row: audit }
    } else if (event !== undefined) {
      id--
      yield { kind: 'event', row: event }
    }
  }
}

/** Events with an id above `after`, oldest first. */
export function* oldestFirst(state: RegionState, after: number): Generator<FeedEvent> {
  const last = state.counters.get('events')?.last ?? 0
  const oldest = state.events.firstKey() ?? last + 1
  let id = Math.max(oldest, after + 1)
  let sequence = firstAuditAt(state, after + 1)
  for (;;) {
    while (id <= last && !state.events.has(id)) id++
    const event = id <= last ? state.events.get(id) : undefined
    const audit = state.auditEvents.get(sequence)
    if (event === undefined && audit === undefined) return
    if (audit !== undefined && audit.id < (event?.id ?? last + 1)) {
      sequence++
      yield { kind: 'audit', row: audit }
    } else if (event !== undefined) {
      id++
      yield { kind: 'event', row: event }
    }
  }
}

/** Sequence of the first audit event with an id of at least `id`; sequences have no gaps. */
function firstAuditAt({ auditEvents, counters }: RegionState, id: number): number {
  const last = counters.get('auditEvents')?.last ?? 0
  let low = last - auditEvents.size + 1
  let high = last + 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((auditEvents.get(middle)?.id ?? 0) < id) low = middle + 1
    else high = middle
  }
  return low
}
