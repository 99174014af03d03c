// Many seeds of the lease simulation, and its mutants: what `ironraft sim --lease` and the tests run.
import { join } from 'node:path'
import { type MutantResult, runMutants } from '../mutants/run.ts'
import { LEASE_MUTANTS } from './mutants.ts'
import { type SeedResult, simulate } from './simulate.ts'

const CHILD = join(import.meta.dirname, 'run-seeds.ts')
const TIMEOUT_MS = 1_200_000

/** Seeds `from` … `from + count − 1`; stops at the first violation, whose result is the last one. */
export async function runLeaseSeeds(options: {
  readonly from: number
  readonly count: number
  readonly isOver: () => boolean
  readonly onSeed: (result: SeedResult) => void
}): Promise<readonly SeedResult[]> {
  const { from, count, isOver, onSeed } = options
  const results: SeedResult[] = []
  for (let seed = from; seed < from + count && !isOver(); seed++) {
    const result = await simulate({ seed })
    results.push(result)
    onSeed(result)
    if (result.violation !== undefined) break
  }
  return results
}

/** `only`: these variants; all when empty. */
export async function runLeaseMutants(options: {
  readonly only: readonly number[]
  readonly onResult: (result: MutantResult) => void
}): Promise<readonly MutantResult[]> {
  const { only, onResult } = options
  const mutants = LEASE_MUTANTS.filter(({ variant }) => only.length === 0 || only.includes(variant))
  const profiles = new Map(mutants.map(({ name, profile }) => [name, profile]))
  return await runMutants({
    ...{ mutants, script: CHILD, timeoutMs: TIMEOUT_MS, onResult },
    args: ({ name, seedsMax }) => ['0', String(seedsMax), profiles.get(name) ?? '-'],
    nowMs: () => performance.now(),
  })
}
