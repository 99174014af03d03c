// Runs a table of mutants, each in children of its own, and says which were caught by the checker that was
// meant to catch them. Used for the region's mutants and for the lease protocol's variants alike.
import { runChild } from './spawn.ts'
import type { Mutant } from './mutant.ts'

/** What a child answers, as its last line of output. */
export type SeedsAnswer =
  | { readonly verdict: 'pass'; readonly seeds: number }
  | {
      readonly verdict: 'fail'
      readonly seed: number
      readonly checker: string
      readonly message: string
    }

export type MutantResult = {
  readonly name: string
  readonly result: 'caught' | 'survived' | 'couldNotTell'
  /** Seed and checker of the catch, or why it is none. */
  readonly detail: string
  readonly seconds: number
}

export type MutantSuite = {
  readonly mutants: readonly Mutant[]
  /** Script that runs seeds and answers with `SeedsAnswer`; `args` says how many. */
  readonly script: string
  readonly args: (mutant: Mutant) => readonly string[]
  readonly timeoutMs: number
  /** Children at the same time; default 1. */
  readonly jobs?: number
  /** Called as each one ends. */
  readonly onResult: (result: MutantResult) => void
  readonly nowMs: () => number
}

/** Results are in the order of the mutants. */
export async function runMutants(suite: MutantSuite): Promise<readonly MutantResult[]> {
  const results: MutantResult[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < suite.mutants.length; at = next++) {
      const mutant = suite.mutants[at]
      if (mutant === undefined) return
      const result = await runOne(suite, mutant)
      results[at] = result
      suite.onResult(result)
    }
  }
  await Promise.all(Array.from({ length: suite.jobs ?? 1 }, work))
  return results
}

async function runOne(suite: MutantSuite, mutant: Mutant): Promise<MutantResult> {
  const { script, timeoutMs, nowMs } = suite
  const beganMs = nowMs()
  const child = await runChild({ script, args: suite.args(mutant), mutant, timeoutMs })
  const judged = child.type === 'answer' ? judge(mutant, child.answer) : unknown(child.why)
  return { name: mutant.name, ...judged, seconds: (nowMs() - beganMs) / 1_000 }
}

function judge(mutant: Mutant, answer: unknown): Pick<MutantResult, 'result' | 'detail'> {
  const { verdict, ...rest } = answer as SeedsAnswer
  if (verdict === 'pass') return { result: 'survived', detail: `${mutant.seedsMax} seeds` }
  if (verdict !== 'fail') return unknown('the child gave no verdict')
  const { seed, checker, message } = rest as Extract<SeedsAnswer, { verdict: 'fail' }>
  const detail = `seed ${seed}: ${checker}: ${message}`
  if (mutant.caughtBy.includes(checker)) return { result: 'caught', detail }
  return unknown(`not by ${mutant.caughtBy.join(' or ')}: ${detail}`)
}

function unknown(detail: string): Pick<MutantResult, 'result' | 'detail'> {
  return { result: 'couldNotTell', detail }
}
