// `ironraft chaos`: from the words of the command line to a verdict. The only door to this folder.
import { join } from 'node:path'
import { isInside } from './own-network.ts'
import { NEMESES, WORKLOADS } from './registry.ts'
import { renderReport } from './report/render.ts'
import { prepareReport, writeReport } from './report-directory.ts'
import { type RunResult, runOnce } from './run.ts'
import { type Absence, requiredFaults, select } from './selection.ts'
import { couldNotTell, type Finding, type Verdict } from './verdict.ts'

export type ChaosOptions = {
  readonly nodeCount: number
  readonly seconds: number
  readonly workload: readonly string[]
  readonly nemesis: readonly string[]
  readonly seed: number
  /** Absolute. */
  readonly reportDirectory: string
  readonly stopped: AbortSignal
  /** Progress, a line at a time. */
  readonly say: (line: string) => void
}

export type ChaosResult = {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly faults: number
  readonly seed: number
  readonly report: string
}

/**
 * Does the run need a network of its own, and is not in one yet? Then start this program again with
 * `runInside`. Throws ChaosRefusal.
 */
export async function needsOwnNetwork(options: ChaosOptions): Promise<boolean> {
  const { selection } = await plan(options)
  return selection.workloads.some(({ ownNetwork }) => ownNetwork !== undefined) && !isInside()
}

async function plan(options: ChaosOptions) {
  const { nodeCount, seconds } = options
  const selection = select(options, { workloads: WORKLOADS, nemeses: NEMESES }, await absences())
  return { selection, required: requiredFaults(selection.nemeses, nodeCount, seconds) }
}

/** Throws ChaosRefusal before anything is started. Leaves nothing but the report directory. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { nodeCount, seconds, seed, reportDirectory, stopped, say } = options
  const { selection, required } = await plan(options)
  await prepareReport(reportDirectory)
  for (const note of selection.notes) say(note)
  const result = await runOnce({
    ...{ nodeCount, seconds, seed, stopped, say, required },
    workloads: selection.workloads,
    nemeses: selection.nemeses,
    findings: selection.absent.map(({ name, why }) => couldNotTell(name, why)),
    keepLogs: (cluster) => cluster.keepLogs(reportDirectory),
  })
  const commandLine = commandLineOf(options)
  const head = { seed, date: new Date().toISOString(), commandLine }
  await writeReport(reportDirectory, result, { seed, html: renderReport(result, head) })
  return summaryOf(result, options)
}

function summaryOf(result: RunResult, options: ChaosOptions): ChaosResult {
  return {
    verdict: result.verdict,
    findings: result.findings,
    faults: result.faults.length,
    seed: options.seed,
    report: join(options.reportDirectory, 'report.html'),
  }
}

/** The same plan again; the report goes where the next one is wanted. */
function commandLineOf(options: ChaosOptions): string {
  const { nodeCount, seconds, workload, nemesis, seed } = options
  const what = `--workload ${workload.join(',')} --nemesis ${nemesis.join(',')}`
  return `ironraft chaos --nodes ${nodeCount} --seconds ${seconds} ${what} --seed ${seed}`
}

/** Why something registered cannot be used on this host and version, asked once. */
async function absences(): Promise<(name: string) => Absence | null> {
  const known = new Map<string, Absence>()
  for (const { name, arrivesWith } of WORKLOADS) {
    if (arrivesWith === undefined) continue
    known.set(name, { kind: 'to come', text: `arrives with ${arrivesWith}` })
  }
  for (const { name, missing } of [...WORKLOADS, ...NEMESES]) {
    if (known.has(name)) continue
    const text = await missing?.()
    if (text !== null && text !== undefined) known.set(name, { kind: 'not here', text })
  }
  return (name) => known.get(name) ?? null
}
