// What a child of `ironraft sim --mutants` runs: seeds from 0 on until the first failure, and the answer as one
// line of JSON. Arguments: how many seeds, how many ticks each, what they are about as JSON.
import type { Focus } from '../run-seed.ts'
import { runSeeds } from '../run-seeds.ts'
import type { SeedsAnswer } from './run.ts'

const [count, ticks] = process.argv.slice(2, 4).map(Number)
const focus = JSON.parse(process.argv[4] ?? '{}') as Focus
const { totals, failure } = await runSeeds({
  ...{ from: 0, count: count ?? 0, nodeCount: null, ticks: ticks ?? 0 },
  ...{ focus, shrinkTriesMax: 0 },
  isOver: () => false,
  onSeed: () => {},
})
const answer: SeedsAnswer =
  failure === null ? { verdict: 'pass', seeds: totals.seeds } : { verdict: 'fail', ...failure }
process.stdout.write(`${JSON.stringify(answer)}\n`)
process.exit(0)
