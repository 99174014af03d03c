// `ironraft sim lease`: the lease protocol of regions, racks and clients from seeds, or its naive variants as
// mutants. Verdicts as `ironraft sim`: pass 0, fail 1, could not tell 9.
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { runLeaseMutants, runLeaseSeeds } from '../sim/lease/run.ts'

const SEEDS = 40

type Verdict = 'pass' | 'fail' | 'could not tell'

export async function runSimLease(args: Arguments, io: Io): Promise<number> {
  if (args.given('seed') && args.given('seeds')) {
    throw new UsageError('give --seed to repeat one, or --seeds for many')
  }
  if (!args.flag('mutants')) return await runSeeds(args, io)
  for (const name of ['seed', 'seeds']) {
    if (args.given(name)) throw new UsageError(`--mutants decides about --${name} itself`)
  }
  return await runMutants(args, io)
}

async function runSeeds(args: Arguments, io: Io): Promise<number> {
  const stopped = io.stopped()
  const json = args.flag('json')
  const seed = args.number('seed')
  const began = performance.now()
  const results = await runLeaseSeeds({
    from: seed ?? 0,
    count: seed === undefined ? (args.number('seeds') ?? SEEDS) : 1,
    isOver: () => stopped.aborted,
    onSeed: (result) => {
      if (!json && result.seed % 8 === 7) io.error(`${result.seed + 1} seeds`)
    },
  })
  const failed = results.find(({ violation }) => violation !== undefined)
  const commands = results.reduce((sum, one) => sum + one.commands, 0)
  const hours = results.reduce((sum, one) => sum + one.simulatedMs, 0) / 3_600_000
  const minutes = (performance.now() - began) / 60_000
  const isUnclear = stopped.aborted || commands === 0
  const verdict: Verdict = failed !== undefined ? 'fail' : isUnclear ? 'could not tell' : 'pass'
  const perMinute = Math.round(hours / Math.max(minutes, 1e-9))
  if (json) {
    const failure = failed ?? null
    io.out(JSON.stringify({ verdict, seeds: results.length, commands, hours, perMinute, failure }))
    return exitOf(verdict)
  }
  if (failed?.violation !== undefined) {
    const { seed: at, profile, violation, digest } = failed
    io.out(`seed ${at} (${profile}): ${violation.checker}: ${violation.message}`)
    io.out(`repeat with: ironraft sim lease --seed ${at}; its trace is ${digest.slice(0, 16)}`)
  }
  const [first] = results
  if (results.length === 1 && first !== undefined) io.out(`trace ${first.digest}`)
  io.out(`${verdict}: ${results.length} seeds, ${commands} commands committed`)
  io.out(`${hours.toFixed(1)} simulated hours, ${perMinute} a minute`)
  return exitOf(verdict)
}

async function runMutants(args: Arguments, io: Io): Promise<number> {
  const json = args.flag('json')
  const results = await runLeaseMutants({
    only: [],
    onResult: ({ name, result, detail, seconds }) => {
      if (!json) io.out(`${result.padEnd(14)} ${name}: ${detail} (${seconds.toFixed(1)} s)`)
    },
  })
  const count = (of: string): number => results.filter(({ result }) => result === of).length
  const [survived, unclear] = [count('survived'), count('couldNotTell')]
  const verdict: Verdict = survived > 0 ? 'fail' : unclear > 0 ? 'could not tell' : 'pass'
  if (json) io.out(JSON.stringify({ verdict, mutants: results }))
  else io.out(`${verdict}: ${count('caught')} of ${results.length} variants caught`)
  return exitOf(verdict)
}

function exitOf(verdict: Verdict): number {
  return verdict === 'pass' ? EXIT.ok : verdict === 'fail' ? EXIT.error : EXIT.couldNotTell
}
