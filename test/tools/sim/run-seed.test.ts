// The simulator itself: that a seed is a run, and that what it counts really happened.
import t from 'tap'
import type { Fault } from '#tools/sim/faults.ts'
import { drawSchedule, formatFault } from '#tools/sim/faults.ts'
import { runSeed } from '#tools/sim/run-seed.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'

// On a busy machine runs take their time.
t.setTimeout(170_000)

const run = (seed: number, more: { alwaysDrains?: boolean; faults?: readonly Fault[] } = {}) =>
  runSeed({ seed, nodeCount: 3, ticks: 600, ...more })

t.test('two runs of one seed leave one trace; another seed leaves another', async (t) => {
  for (const seed of [1, 4]) {
    const [first, second] = [await run(seed), await run(seed)]
    t.equal(first.traceDigest, second.traceDigest)
    t.same(first.counts, second.counts)
    t.ok(first.counts.committed > 20, 'something happened')
  }
  t.not((await run(1)).traceDigest, (await run(2)).traceDigest)
})

t.test('letting promises run after every event changes nothing', async (t) => {
  for (const seed of [3, 5, 6]) {
    const [sparing, thorough] = [await run(seed), await run(seed, { alwaysDrains: true })]
    t.equal(thorough.traceDigest, sparing.traceDigest, `seed ${seed}`)
  }
})

t.test('a run without faults has none, and answers every request', async (t) => {
  const { counts, violation } = await run(7, { faults: [] })
  t.equal(violation, null)
  t.same(counts.faults, {})
  t.equal(counts.unknown, 0)
  t.ok(counts.answered > 10)
})

t.test('a violation ends the run and is told with the end of the trace', async (t) => {
  const { violation, lastLines } = await runSeed({
    ...{ seed: 1, nodeCount: 3, ticks: 600 },
    checkers: [
      ({ fail }) => ({
        name: 'seventh',
        onCommitted: ({ entry }) => entry.index === 7 && fail('it is 7'),
      }),
    ],
  })
  t.same(violation, { checker: 'seventh', message: 'it is 7' })
  t.match(lastLines.join('\n'), /violation seventh it is 7/)
})

// The story: a joined node whose first voters had been removed lost its state by a power loss, had to ask a quorum
// of them before it took part, and waited for ever.
t.test('a node that lost its state asks the members of today', async (t) => {
  const { violation } = await runSeed({ seed: 49, nodeCount: 3, ticks: 1_500 })
  t.equal(violation, null)
})

t.test('healing mends connections too, however long they were to be broken', async (t) => {
  const faults: readonly Fault[] = [0, 1, 2].map((target) => ({
    ...{ type: 'disconnect', atMs: 29_900 + target, target, ms: 80_000 },
  }))
  const { counts, violation } = await run(7, { faults })
  t.equal(violation, null)
  t.equal(counts.faults.disconnect, 3)
})

t.test('every kind of fault is drawn and can be written in words', (t) => {
  const types = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const plan = { nodeCount: 5, fromMs: 1_000, untilMs: 60_000 }
    for (const fault of drawSchedule(seededRandom(seed), plan)) {
      types.add(fault.type)
      t.match(formatFault(fault), /^\d+\.\d{3} s \w+/)
    }
  }
  t.equal(types.size, 21)
  t.end()
})
