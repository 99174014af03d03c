// `ironraft sim`: whole regions in one process on a virtual clock, from seeds. Three verdicts: pass (0), fail
// (1) and could not tell (9): a run that proved nothing is never a pass.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { REGION_CONFIG } from '#platform/config.ts'
import type { Arguments, Io } from '../command-line.ts'
import { runRegionMutants } from '../sim/mutants/sim-mutants.ts'
import { formatFault } from '../sim/faults.ts'
import { type Failure, runSeeds, type SeedsResult, type Totals } from '../sim/run-seeds.ts'
import { productVersion } from '../version.ts'
import { exitOf, expectSeedOrSeeds, runAllMutants, type Verdict } from './sim-verdict.ts'

const SIM_TICKS = 2_000
const SEEDS = 100
const SHRINK_TRIES_MAX = 40

export async function runSim(args: Arguments, io: Io): Promise<number> {
  if (args.flag('mutants')) {
    return await runAllMutants(args, io, {
      decides: ['seed', 'seeds', 'nodes', 'ticks'],
      noun: 'mutants',
      run: (onResult) => runRegionMutants({ only: [], onResult }),
    })
  }
  const options = readOptions(args)
  const stopped = io.stopped()
  const json = args.flag('json')
  const began = performance.now()
  const result = await runSeeds({
    ...options,
    shrinkTriesMax: SHRINK_TRIES_MAX,
    isOver: () => stopped.aborted,
    onSeed: ({ seed }) => {
      const done = seed - options.from + 1
      if (!json && done % 20 === 0) io.error(`${done} of ${options.count} seeds`)
    },
  })
  const seconds = (performance.now() - began) / 1_000
  const verdict = judge(result, stopped.aborted)
  if (json) io.out(JSON.stringify(await asJson({ result, verdict, seconds, options })))
  else for (const line of await inWords({ result, verdict, seconds, options })) io.out(line)
  return exitOf(verdict)
}

type Options = {
  readonly from: number
  readonly count: number
  readonly nodeCount: 3 | 5 | null
  readonly ticks: number
}

function readOptions(args: Arguments): Options {
  expectSeedOrSeeds(args)
  const seed = args.number('seed')
  const nodes = args.number('nodes')
  return {
    from: seed ?? 0,
    count: seed === undefined ? (args.number('seeds') ?? SEEDS) : 1,
    nodeCount: nodes === undefined ? null : nodes === 5 ? 5 : 3,
    ticks: args.number('ticks') ?? SIM_TICKS,
  }
}

function judge({ totals, failure }: SeedsResult, isStopped: boolean): Verdict {
  if (failure !== null) return 'fail'
  const faultCount = Object.values(totals.faults).reduce((sum, count) => sum + count, 0)
  const didNothing = totals.committed === 0 || totals.answered === 0 || faultCount === 0
  return didNothing || isStopped ? 'could not tell' : 'pass'
}

type Report = {
  readonly result: SeedsResult
  readonly verdict: Verdict
  readonly seconds: number
  readonly options: Options
}

async function asJson({ result, verdict, seconds }: Report) {
  const { totals, failure } = result
  return {
    ...{ verdict, commit: await commit(), seeds: totals.seeds, ticks: totals.ticks },
    ...speedOf(totals, seconds),
    ...{ committed: totals.committed, answered: totals.answered, unknown: totals.unknown },
    faults: totals.faults,
    failure,
  }
}

async function inWords({ result, verdict, seconds, options }: Report): Promise<readonly string[]> {
  const { totals, failure } = result
  const speed = speedOf(totals, seconds)
  const faults = Object.entries(totals.faults).map(([type, count]) => `${type} ${count}`)
  const lines = [
    `${verdict}: ${totals.seeds} seeds, ${totals.ticks} ticks in ${seconds.toFixed(1)} s`,
    `${speed.ticks_per_second} ticks/s, ${speed.simulated_hours_per_minute} simulated hours per minute`,
    `${totals.committed} entries committed, ${totals.answered} requests answered, ${totals.unknown} not`,
    `faults: ${faults.join(', ') || 'none'}`,
  ]
  return failure === null ? lines : [...(await explain(failure, options)), ...lines]
}

async function explain(failure: Failure, { ticks }: Options): Promise<readonly string[]> {
  const { seed, nodeCount, checker, message, faults, faultCount, lastLines } = failure
  return [
    `seed ${seed} at ${await commit()}: ${checker}: ${message}`,
    `repeat with: ironraft sim --seed ${seed} --nodes ${nodeCount} --ticks ${ticks}`,
    'what happened last:',
    ...lastLines.slice(-30).map((line) => `  ${line}`),
    `shortest schedule found, ${faults.length} of ${faultCount} faults:`,
    ...faults.map((fault) => `  ${formatFault(fault)}`),
  ]
}

function speedOf(totals: Totals, seconds: number) {
  const perSecond = seconds === 0 ? 0 : totals.ticks / seconds
  return {
    ticks_per_second: Math.round(perSecond),
    simulated_hours_per_minute: Number(((perSecond * REGION_CONFIG.tickMs) / 60_000).toFixed(1)),
  }
}

/** Of the sources, when they are a working copy; else the version. */
async function commit(): Promise<string> {
  const options = { cwd: import.meta.dirname, timeout: 5_000 }
  return promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], options).then(
    ({ stdout }) => stdout.trim(),
    () => productVersion(),
  )
}
