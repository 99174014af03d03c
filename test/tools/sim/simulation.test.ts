// A minute of simulation: as many seeds as fit, whole regions under faults. It asserts invariants only; how far
// it came is said, and no seed at all is a failure. SIM_SECONDS=n for another budget, SIM_FROM=n to go on.
import t from 'tap'
import { runSeeds } from '#tools/sim/run-seeds.ts'

const seconds = Number(process.env['SIM_SECONDS'] ?? 60)
// The seed under way ends, and a failing one is shrunk.
t.setTimeout(seconds * 1_000 + 110_000)
const from = Number(process.env['SIM_FROM'] ?? 0)

t.test('regions keep every invariant while everything around them breaks', async (t) => {
  t.setTimeout(seconds * 1_000 + 110_000)
  const endMs = performance.now() + seconds * 1_000
  const { totals, failure } = await runSeeds({
    ...{ from, count: 100_000, nodeCount: null, ticks: 1_500, shrinkTriesMax: 15 },
    isOver: () => performance.now() >= endMs,
    onSeed: () => {},
  })
  t.comment(`${totals.seeds} seeds from ${from}: ${JSON.stringify(totals)}`)
  t.equal(failure, null)
  t.ok(totals.seeds > 0, 'at least one seed fits')
  t.ok(totals.committed > 10 * totals.seeds)
  t.ok(totals.answered > 10 * totals.seeds)
})
