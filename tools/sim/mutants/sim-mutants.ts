// `ironraft sim --mutants`: every deliberate bug, each in a child of its own, within its number of seeds.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutant.ts'
import { REGION_MUTANTS } from './region-mutants.ts'
import { type MutantResult, runMutants } from './run.ts'

/** Of each seed: long enough for holds to run out and for several leaders. */
const TICKS = 1_500
const TIMEOUT_MS = 1_200_000
const CHILD = join(import.meta.dirname, 'region-child.ts')

/** `only`: these names; all when empty. */
export async function runRegionMutants(options: {
  readonly only: readonly string[]
  readonly onResult: (result: MutantResult) => void
}): Promise<readonly MutantResult[]> {
  const { only, onResult } = options
  const wanted = (mutant: Mutant): boolean => only.length === 0 || only.includes(mutant.name)
  return await runMutants({
    mutants: REGION_MUTANTS.filter(wanted),
    script: CHILD,
    args: ({ seedsMax, focus = {} }) => [String(seedsMax), String(TICKS), JSON.stringify(focus)],
    jobs: availableParallelism(),
    timeoutMs: TIMEOUT_MS,
    onResult,
    nowMs: () => performance.now(),
  })
}
