// Two tables as one list, in both directions, whatever is in which.
import fc from 'fast-check'
import t from 'tap'
import { newestFirst, oldestFirst } from '#state/event-feed.ts'
import { EVENTS_MAX } from '#state/limits.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { makeLab } from '#test/support/region-state.ts'

/** `true`: an audit event. The first `gone` of each kind have been dropped already. */
function stateOf(kinds: readonly boolean[], gone: number): RegionState {
  const state = emptyState()
  let sequence = 0
  let events = 0
  kinds.forEach((isAudit, at) => {
    const id = at + 1
    if (isAudit) {
      if (++sequence > gone) state.load('auditEvents', sequence, { sequence, id } as never)
    } else if (++events > gone) state.load('events', id, { id } as never)
  })
  state.load('counters', 'events' as never, { name: 'events', last: kinds.length })
  state.load('counters', 'auditEvents' as never, { name: 'auditEvents', last: sequence })
  return state
}

t.test('the feed is every event by id, from any place on', async (t) => {
  const kinds = fc.array(fc.boolean(), { maxLength: 40 })
  fc.assert(
    fc.property(kinds, fc.nat(5), fc.nat(45), (all, gone, from) => {
      const state = stateOf(all, gone)
      const ids = [...state.events.keys(), ...[...state.auditEvents.values()].map(({ id }) => id)]
      const sorted = ids.toSorted((a, b) => a - b)
      const after = [...oldestFirst(state, from)].map(({ row }) => row.id)
      const before = [...newestFirst(state, from)].map(({ row }) => row.id)
      t.same(
        after,
        sorted.filter((id) => id > from),
      )
      t.same(before, sorted.filter((id) => id < from).toReversed())
    }),
  )
})

t.test('an empty state has none', async (t) => {
  t.same([...newestFirst(emptyState(), 9)], [])
  t.same([...oldestFirst(emptyState(), 0)], [])
})

t.test('the list is bounded: the oldest event goes with each new one', async (t) => {
  const lab = makeLab()
  const event = { systemId: null, username: '', level: 'INFO', description: '' } as const
  for (let n = 0; n < EVENTS_MAX + 50; n++) {
    lab.ok({ type: 'event.record', ...event, eventType: 'x' })
  }
  t.equal(lab.state.events.size, EVENTS_MAX)
})
