import t from 'tap'
import type { MakeChecker } from '#tools/sim/checker.ts'
import { runSeeds } from '#tools/sim/run-seeds.ts'

// Many runs, on a machine that may be busy.
t.setTimeout(170_000)

/** Objects to the second start after a death: of all faults, two deaths are enough. */
const noSecondReturn: MakeChecker = ({ fail }) => {
  let starts = 0
  return {
    name: 'no-second-return',
    onOpened: () => {
      if (++starts === 5) fail('a second return')
    },
  }
}

t.test(
  'a failing seed is told with the shortest schedule that fails in the same way',
  async (t) => {
    const seen: number[] = []
    const { totals, failure } = await runSeeds({
      ...{ from: 0, count: 10, nodeCount: 3, ticks: 300, shrinkTriesMax: 40 },
      checkers: [noSecondReturn],
      isOver: () => false,
      onSeed: ({ seed }) => void seen.push(seed),
    })
    t.match(failure, { checker: 'no-second-return', message: 'a second return' })
    t.equal(failure?.seed, seen.at(-1), 'the run ends at the first failure')
    t.equal(totals.seeds, seen.length)
    t.ok((failure?.faultCount ?? 0) > 2)
    const types = failure?.faults.map(({ type }) => type) ?? []
    t.ok(types.length <= 2, types.join(', '))
    t.ok(
      types.every((type) =>
        ['kill', 'powerLoss', 'diskFull', 'bitFlip', 'lostTail', 'membership'].includes(type),
      ),
    )
  },
)

t.test('a run that is broken off has done what it counts', async (t) => {
  let over = false
  const { totals, failure } = await runSeeds({
    ...{ from: 3, count: 10, nodeCount: 3, ticks: 100, shrinkTriesMax: 0 },
    isOver: () => over,
    onSeed: ({ seed }) => {
      over = seed === 4
    },
  })
  t.equal(failure, null)
  t.equal(totals.seeds, 2)
})
