// `ironraft chaos`: real processes, real faults, checked histories. The work is in `jepsen-like/`.
import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { needsOwnNetwork, runChaos, type ChaosOptions, type ChaosResult } from '#chaos/main.ts'
import { runInside } from '#chaos/own-network.ts'
import { ChaosRefusal } from '#chaos/selection.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { formatTable } from '../output.ts'

/** Half a minute is for a smoke test; beyond two hours the histories would no longer fit in memory. */
const SECONDS_MAX = 7_200

export async function runChaosCommand(args: Arguments, io: Io): Promise<number> {
  const seconds = args.number('seconds') ?? 60
  if (seconds > SECONDS_MAX) throw new UsageError(`--seconds must be at most ${SECONDS_MAX}`)
  const options: ChaosOptions = {
    nodeCount: args.number('nodes') ?? 3,
    seconds,
    workload: args.list('workload'),
    nemesis: args.list('nemesis'),
    seed: args.number('seed') ?? randomInt(1, 1_000_000),
    reportDirectory: resolve(io.cwd, args.text('report') ?? ''),
    stopped: io.stopped(),
    say: io.error,
  }
  try {
    if (await needsOwnNetwork(options)) return await runInside(options.stopped)
    return print(await runChaos(options), args, io)
  } catch (error) {
    throw error instanceof ChaosRefusal ? new UsageError(error.message) : error
  }
}

function print(result: ChaosResult, args: Arguments, io: Io): number {
  io.out(args.flag('json') ? JSON.stringify(chaosJson(result)) : describe(result))
  return exitCode(result)
}

function chaosJson({ verdict, seed, faults, report, findings }: ChaosResult) {
  const rows = findings.map(({ name, verdict: found, summary }) => {
    return { name, verdict: found, summary }
  })
  return { verdict, seed, faults, report, findings: rows }
}

function describe({ verdict, seed, report, findings }: ChaosResult): string {
  const table = formatTable(findings, ['name', 'verdict', 'summary'])
  return `${table}\nVerdict: ${verdict}. Seed ${seed}, report ${report}`
}

function exitCode({ verdict }: ChaosResult): number {
  switch (verdict) {
    case 'pass':
      return EXIT.ok
    case 'fail':
      return EXIT.error
    case 'could not tell':
      return EXIT.couldNotTell
    default:
      return verdict satisfies never
  }
}
