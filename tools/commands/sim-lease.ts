// `ironraft sim lease`: the lease protocol of regions, racks and clients from seeds, or its naive variants as
// mutants. Verdicts as `ironraft sim`: pass 0, fail 1, could not tell 9.
import type { Arguments, Io } from '../command-line.ts'
import { runLeaseMutants, runLeaseSeeds } from '../sim/lease/run.ts'
import { exitOf, expectSeedOrSeeds, runAllMutants, type Verdict } from './sim-verdict.ts'

const SEEDS = 40

export async function runSimLease(args: Arguments, io: Io): Promise<number> {
  expectSeedOrSeeds(args)
  if (!args.flag('mutants')) return await runSeeds(args, io)
  return await runAllMutants(args, io, {
    decides: ['seed', 'seeds'],
    noun: 'variants',
    run: (onResult) => runLeaseMutants({ only: [], onResult }),
  })
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
