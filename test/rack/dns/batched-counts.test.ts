import t from 'tap'
import { batchedCounts } from '#rack/dns/batched-counts.ts'
import { makeCountingMetrics } from '#test/support/counting-metrics.ts'

t.test('what is counted in one turn is told once, by labels, and nothing is lost', async (t) => {
  const calls: string[] = []
  let turn = (): void => {}
  let asked = 0
  const count = batchedCounts(
    { count: (name, labels, by) => void calls.push(`${name} ${JSON.stringify(labels)} ${by}`) },
    (run) => {
      asked++
      turn = run
    },
  )
  for (let i = 0; i < 3; i++) count('q', { result: 'noerror' })
  count('q', { result: 'refused' }, 2)
  count('other')
  t.same(calls, [])
  t.equal(asked, 1)
  turn()
  t.same(calls, ['q {"result":"noerror"} 3', 'q {"result":"refused"} 2', 'other {} 1'])
  count('q', { result: 'noerror' })
  t.equal(asked, 2)
  turn()
  t.equal(calls.at(-1), 'q {"result":"noerror"} 1')
})

t.test('the sums are those of the metrics behind it', async (t) => {
  const metrics = makeCountingMetrics()
  const count = batchedCounts(metrics, (run) => queueMicrotask(run))
  for (let i = 0; i < 100; i++) count('q', { result: i % 2 === 0 ? 'even' : 'odd' })
  await Promise.resolve()
  t.equal(metrics.total('q', 'even'), 50)
})
