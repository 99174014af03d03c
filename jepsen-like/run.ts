// One run: a cluster, workloads and faults side by side, healing, final reads, judgement. Everything has a time
// limit, and nothing of it is left behind however it ends.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ChaosCluster } from './cluster.ts'
import { runFaults } from './fault-loop.ts'
import { History, type HistoryEvent, operationsOf } from './history.ts'
import { faultName, uncovered, type FaultKind, type FaultRecord, type Nemesis } from './nemesis.ts'
import { Observer, type Sighting } from './observer.ts'
import { healEverything, judgeProcesses, judgeRecovery } from './recovery.ts'
import { salvage } from './salvage.ts'
import { seededRandom } from './seeded-random.ts'
import { couldNotTell, fail, type Finding, overall, pass, type Verdict } from './verdict.ts'
import type { Run, Workload } from './workload.ts'

export type RunOptions = {
  readonly nodeCount: number
  readonly seconds: number
  readonly seed: number
  readonly workloads: readonly Workload[]
  readonly nemeses: readonly Nemesis[]
  readonly required: readonly FaultKind[]
  /** Findings that are known before anything runs. */
  readonly findings: readonly Finding[]
  readonly stopped: AbortSignal
  readonly say: (line: string) => void
  /** Called before the cluster goes. */
  readonly keepLogs: (cluster: ChaosCluster) => Promise<void>
}

export type RunResult = {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly histories: ReadonlyMap<string, readonly HistoryEvent[]>
  readonly faults: readonly FaultRecord[]
  readonly sightings: readonly Sighting[]
  readonly nodes: readonly string[]
}

/** Of one workload's checker. */
const CHECK_MS = 60_000
/** Lateness of our own event loop, 99th percentile: an election timeout of the product is 300 ms and more. */
const LATE_MS_MAX = 500

type Started = {
  readonly workload: Workload
  readonly history: History
  readonly run: Run
}

export async function runOnce(options: RunOptions): Promise<RunResult> {
  const { nodeCount, seed, stopped, workloads, nemeses } = options
  const random = seededRandom(seed)
  const rackCount = Math.max(
    nemeses.some(({ needsRack }) => needsRack) ? 1 : 0,
    ...workloads.map(({ racks }) => racks ?? 0),
  )
  const rackInterfaces = workloads.flatMap(({ ownNetwork }) => ownNetwork?.() ?? [])
  options.say(`starting ${nodeCount} regions and ${rackCount} racks`)
  let cluster: ChaosCluster | null = null
  try {
    cluster = await ChaosCluster.start({
      ...{ nodeCount, rackCount, stopped, rackInterfaces },
      dns: workloads.some(({ needsDns }) => needsDns === true),
      smallDisks: nemeses.some(({ needsSmallDisks }) => needsSmallDisks === true),
      // Not the seeded one: two runs of a seed side by side need different ports.
      integer: (below) => Math.floor(Math.random() * below),
    })
    return await runOn(cluster, options, random)
  } catch (error) {
    const why = stopped.aborted ? 'stopped before it was done' : reasonOf(error)
    const findings = [...options.findings, couldNotTell('harness', why)]
    const nothing = { histories: new Map(), faults: [], sightings: [], nodes: [] }
    return { verdict: overall(findings), findings, ...nothing }
  } finally {
    if (cluster !== null) await options.keepLogs(cluster).catch(() => {})
    await cluster?.remove()
  }
}

async function runOn(
  cluster: ChaosCluster,
  options: RunOptions,
  random: ReturnType<typeof seededRandom>,
): Promise<RunResult> {
  const { nemeses, required, seconds, stopped, say } = options
  const beganNs = process.hrtime.bigint()
  const nowNs = (): number => Number(process.hrtime.bigint() - beganNs)
  const lateness = monitorEventLoopDelay({ resolution: 20 })
  lateness.enable()
  const observer = new Observer(() => cluster.nodes, nowNs)
  const started = await prepareAll(cluster, options, nowNs)
  const working = new AbortController()
  const looking = observer.run(AbortSignal.any([stopped, working.signal]))
  const broken: Finding[] = []
  const works = started.map(async ({ workload, run }) =>
    run.work(AbortSignal.any([stopped, working.signal])).catch((error: unknown) => {
      broken.push(couldNotTell(workload.name, `the workload broke: ${reasonOf(error)}`))
    }),
  )
  const world = { cluster, random, stopped, leader: () => observer.leader() }
  let faults: readonly FaultRecord[] = []
  let undecided: string | null = null
  try {
    const done = await runFaults({ world, nemeses, required, seconds, nowNs, say })
    faults = done.records
    undecided = done.undecided
    if (done.refused !== null) broken.push(fail('faults', oneLine(done.refused)))
    if (undecided !== null) broken.push(couldNotTell('faults', oneLine(undecided)))
  } finally {
    healEverything(cluster)
    working.abort()
    await Promise.all([...works, looking])
  }
  lateness.disable()
  say('healed; waiting for the cluster, then reading once more')
  const { recovery, readable } = await recoverOrSalvage(cluster, options)
  for (const { workload, run } of started) {
    if (!readable(workload)) continue
    await run.finish().catch((error: unknown) => {
      broken.push(couldNotTell(workload.name, `the last reads failed: ${reasonOf(error)}`))
    })
  }
  const findings = [
    ...options.findings,
    ...started.map((one) => judge(one)),
    ...broken,
    ...[recovery, judgeProcesses(cluster)],
    judgeCoverage(required, faults, undecided !== null),
    ...judgeOurselves(lateness.percentile(99) / 1e6),
    ...(stopped.aborted ? [couldNotTell('harness', 'stopped before it was done')] : []),
  ]
  return {
    verdict: overall(findings),
    findings,
    histories: new Map(started.map(({ workload, history }) => [workload.name, history.events])),
    faults,
    sightings: observer.sightings,
    nodes: cluster.nodes.map(({ name }) => name),
  }
}

/** Where there is no cluster to read from, what its disks hold may still show what was lost. */
async function recoverOrSalvage(
  cluster: ChaosCluster,
  { stopped, say }: RunOptions,
): Promise<{ readonly recovery: Finding; readonly readable: (of: Workload) => boolean }> {
  const recovery = await judgeRecovery(cluster, stopped)
  if (recovery.verdict === 'pass') return { recovery, readable: () => true }
  say('the cluster does not come back; reading from what `region recover` makes of its disks')
  try {
    const done = await salvage(cluster, stopped)
    const summary = `${recovery.summary}; ${done}`
    return { recovery: { ...recovery, summary }, readable: (of) => of.readsStateOnly === true }
  } catch (error) {
    const summary = `${recovery.summary}; nothing was read from its disks: ${reasonOf(error)}`
    return { recovery: { ...recovery, summary }, readable: () => false }
  }
}

async function prepareAll(
  cluster: ChaosCluster,
  options: RunOptions,
  nowNs: () => number,
): Promise<readonly Started[]> {
  const started: Started[] = []
  for (const [at, workload] of options.workloads.entries()) {
    const history = new History(nowNs)
    const run = await workload.prepare({
      nodes: cluster.nodes,
      apiKey: cluster.apiKey,
      dnsServers: () => cluster.dnsServers,
      history,
      // Of its own, so that a workload chooses the same whatever runs beside it.
      random: seededRandom(options.seed + 1_000 * (at + 1)),
      broken: options.stopped,
    })
    started.push({ workload, history, run })
  }
  return started
}

function judge({ workload, history }: Started): Finding {
  try {
    return workload.check(operationsOf(history.events), CHECK_MS)
  } catch (error) {
    return couldNotTell(workload.name, `the checker broke: ${reasonOf(error)}`)
  }
}

/** Every byte goes through our proxies: when we come too late, what was seen says nothing about the product. */
function judgeOurselves(lateMs: number): readonly Finding[] {
  if (lateMs <= LATE_MS_MAX) return []
  const text = `the host is too busy: the proxies were up to ${Math.round(lateMs)} ms late`
  return [couldNotTell('harness', text)]
}

function judgeCoverage(
  required: readonly FaultKind[],
  faults: readonly FaultRecord[],
  wasBrokenOff: boolean,
): Finding {
  const missing = uncovered(required, faults)
  if (missing.length > 0) {
    const text = `uncovered, never happened: ${missing.map(faultName).join(', ')}`
    return wasBrokenOff ? couldNotTell('coverage', text) : fail('coverage', text)
  }
  return pass('coverage', `${faults.length} faults; all ${required.length} required kinds happened`)
}

function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 300)
}
