// Many seeds, one after the other, and what they add up to. The first failures are shrunk to the shortest fault
// schedule found that still fails in the same way.
import type { MakeChecker } from './checker.ts'
import type { Fault, FaultType } from './faults.ts'
import { type Focus, runSeed, type SeedOptions, type SeedResult } from './run-seed.ts'
import { shrink } from './shrink.ts'

export type SeedsOptions = {
  readonly from: number
  readonly count: number
  /** Null: three nodes, and five for every third seed. */
  readonly nodeCount: 3 | 5 | null
  readonly ticks: number
  /** All by default. */
  readonly checkers?: readonly MakeChecker[]
  readonly focus?: Focus
  /** 0 keeps schedules as they are. */
  readonly shrinkTriesMax: number
  /** Ends after the seed under way. */
  readonly isOver: () => boolean
  readonly onSeed: (result: SeedResult, nodeCount: number) => void
}

export type Failure = {
  readonly seed: number
  readonly nodeCount: number
  readonly checker: string
  readonly message: string
  /** Shortest found. */
  readonly faults: readonly Fault[]
  /** Of the run as the seed has it. */
  readonly faultCount: number
  readonly lastLines: readonly string[]
}

export type Totals = {
  readonly seeds: number
  readonly ticks: number
  readonly events: number
  readonly messages: number
  readonly committed: number
  readonly answered: number
  readonly unknown: number
  readonly faults: Readonly<Partial<Record<FaultType, number>>>
}

export type SeedsResult = { readonly totals: Totals; readonly failure: Failure | null }

const NOTHING: Totals = {
  ...{ seeds: 0, ticks: 0, events: 0, messages: 0, committed: 0, answered: 0, unknown: 0 },
  faults: {},
}

function nodeCountOf(seed: number): 3 | 5 {
  return seed % 3 === 2 ? 5 : 3
}

/** Ends at the first failure. */
export async function runSeeds(options: SeedsOptions): Promise<SeedsResult> {
  let totals = NOTHING
  for (let seed = options.from; seed < options.from + options.count; seed++) {
    if (options.isOver()) break
    const nodeCount = options.nodeCount ?? nodeCountOf(seed)
    const { ticks, checkers, focus } = options
    const more = { ...(checkers && { checkers }), ...(focus && { focus }) }
    const run: SeedOptions = { seed, nodeCount, ticks, ...more }
    const result = await runSeed(run)
    totals = add(totals, result)
    options.onSeed(result, nodeCount)
    if (result.violation !== null) {
      return { totals, failure: await explain(run, result, options.shrinkTriesMax) }
    }
  }
  return { totals, failure: null }
}

async function explain(
  run: SeedOptions,
  result: SeedResult,
  triesMax: number,
): Promise<Failure | null> {
  const { violation } = result
  if (violation === null) return null
  const fails = async (faults: readonly Fault[]): Promise<boolean> => {
    const again = await runSeed({ ...run, faults })
    return again.violation?.checker === violation.checker
  }
  const faults =
    triesMax === 0 ? result.faults : await shrink({ items: result.faults, fails, triesMax })
  return {
    seed: run.seed,
    nodeCount: run.nodeCount,
    ...violation,
    ...{ faults, faultCount: result.faults.length, lastLines: result.lastLines },
  }
}

function add(totals: Totals, { counts }: SeedResult): Totals {
  const faults = { ...totals.faults }
  for (const [type, count] of Object.entries(counts.faults) as [FaultType, number][]) {
    faults[type] = (faults[type] ?? 0) + count
  }
  return {
    seeds: totals.seeds + 1,
    ticks: totals.ticks + counts.ticks,
    events: totals.events + counts.events,
    messages: totals.messages + counts.messages,
    committed: totals.committed + counts.committed,
    answered: totals.answered + counts.answered,
    unknown: totals.unknown + counts.unknown,
    faults,
  }
}
