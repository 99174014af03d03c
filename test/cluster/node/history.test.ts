import t from 'tap'
import { History } from '#node/history.ts'
import type { ChangeBatch } from '#state/outcome.ts'

const batch = (revision: number): ChangeBatch => ({ revision, stamp: 0, wall: 0, changes: [] })

const collect = () => {
  const seen: (number | string)[] = []
  return {
    seen,
    events: {
      onBatch: (each: ChangeBatch) => void seen.push(each.revision),
      onReset: (revision: number) => void seen.push(`reset ${revision}`),
    },
  }
}

t.test('a watcher gets what is retained after its revision, then what comes, in order', (t) => {
  const history = new History({ batchesMax: 10, startsAfter: 0 })
  for (const revision of [1, 2, 5]) history.push(batch(revision))
  const { seen, events } = collect()
  const stop = history.watch(1, events)
  history.push(batch(6))
  stop()
  history.push(batch(7))
  t.same(seen, [2, 5, 6])
  t.equal(history.watchers, 0)
  t.end()
})

t.test('a revision older than what is retained is COMPACTED, not silently skipped', (t) => {
  const history = new History({ batchesMax: 2, startsAfter: 100 })
  for (let revision = 101; revision <= 110; revision++) history.push(batch(revision))
  const { events } = collect()
  t.throws(() => history.watch(100, events), { code: 'COMPACTED' })
  t.throws(() => history.watch(104, events), { code: 'COMPACTED' })
  const { seen, events: late } = collect()
  history.watch(108, late)
  t.same(seen, [109, 110])
  t.end()
})

t.test('a snapshot tells every watcher to start over and forgets what was before', (t) => {
  const history = new History({ batchesMax: 10, startsAfter: 0 })
  history.push(batch(1))
  const { seen, events } = collect()
  history.watch(0, events)
  history.reset(50)
  history.push(batch(51))
  t.same(seen, [1, 'reset 50', 51])
  t.throws(() => history.watch(49, events), { code: 'COMPACTED' })
  t.end()
})

// Found by the chaos harness: a subscriber of a killed region resumed at one that had just been restarted and was
// 135 revisions behind, and was told all of them a second time.
t.test('a watcher that is ahead of this node hears nothing twice', (t) => {
  const history = new History({ batchesMax: 10, startsAfter: 0 })
  history.push(batch(1))
  const { seen, events } = collect()
  history.watch(4, events)
  for (const revision of [2, 3, 4]) history.push(batch(revision))
  t.same(seen, [], 'it has them from elsewhere')
  history.push(batch(5))
  t.same(seen, [5])
  t.end()
})

t.test('a snapshot that a watcher is past is no reason to start over', (t) => {
  const history = new History({ batchesMax: 10, startsAfter: 0 })
  const { seen, events } = collect()
  history.watch(60, events)
  history.reset(50)
  for (const revision of [51, 60, 61]) history.push(batch(revision))
  t.same(seen, [61])
  history.reset(70)
  t.same(seen, [61, 'reset 70'])
  t.end()
})
