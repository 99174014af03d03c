// What `ironraft sim` and `ironraft sim lease` share: their verdicts, and how runs of mutants are told.
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import type { MutantResult } from '../sim/mutants/run.ts'

/** A run that proved nothing is never a pass. */
export type Verdict = 'pass' | 'fail' | 'could not tell'

export function exitOf(verdict: Verdict): number {
  return verdict === 'pass' ? EXIT.ok : verdict === 'fail' ? EXIT.error : EXIT.couldNotTell
}

/** Throws UsageError when both are given. */
export function expectSeedOrSeeds(args: Arguments): void {
  if (args.given('seed') && args.given('seeds')) {
    throw new UsageError('give --seed to repeat one, or --seeds for many')
  }
}

/** One that survives is a hole in the checkers or in the faults; a stale one tells nothing. */
export async function runAllMutants(
  args: Arguments,
  io: Io,
  suite: {
    /** Options about which the suite decides itself. */
    readonly decides: readonly string[]
    /** What they are called. */
    readonly noun: string
    readonly run: (onResult: (result: MutantResult) => void) => Promise<readonly MutantResult[]>
  },
): Promise<number> {
  for (const name of suite.decides) {
    if (args.given(name)) throw new UsageError(`--mutants decides about --${name} itself`)
  }
  const json = args.flag('json')
  const results = await suite.run(({ name, result, detail, seconds }) => {
    if (!json) io.out(`${result.padEnd(14)} ${name}: ${detail} (${seconds.toFixed(1)} s)`)
  })
  const count = (of: string): number => results.filter(({ result }) => result === of).length
  const [survived, unclear] = [count('survived'), count('couldNotTell')]
  const verdict: Verdict = survived > 0 ? 'fail' : unclear > 0 ? 'could not tell' : 'pass'
  if (json) io.out(JSON.stringify({ verdict, mutants: results }))
  else io.out(`${verdict}: ${count('caught')} of ${results.length} ${suite.noun} caught`)
  return exitOf(verdict)
}
