// After the last fault: everything is healed, and then the cluster has to come back by itself. A cluster that
// does not is a failure, whatever the histories say.
import type { ChaosCluster } from './cluster.ts'
import { isServing } from './cluster.ts'
import { NO_SKEW, writeSkew } from './clock-file.ts'
import { Undecided } from './nemesis.ts'
import { appliedBy, complaintOf } from './observer.ts'
import { fail, type Finding, pass } from './verdict.ts'
import { eventually } from './waiting.ts'

/** An election, a snapshot and the backoff of a rack fit in several times over. */
const RECOVERY_MS = 45_000
/** After one fault, before another that no node may be away for. */
const WHOLE_MS = 10_000
/** A process starts in a second or two, and asks the others about its disk for two more. */
const STARTED_MS = 30_000

/** Undoes whatever may still be in force; nemeses have healed their own already. */
export function healEverything(cluster: ChaosCluster): void {
  cluster.network.heal()
  for (const { name, daemon } of cluster.nodes) {
    writeSkew(cluster.clockDirectory, name, NO_SKEW)
    if (daemon.isPaused) daemon.resume()
  }
  for (const daemon of cluster.daemons) daemon.start()
}

/** Does every node answer, vote and have room? Waits a while for it. */
export function isWhole(cluster: ChaosCluster, stopped: AbortSignal): Promise<boolean> {
  return becomesWhole(cluster, stopped, WHOLE_MS)
}

/**
 * After a node was started, before anything is asked that needs all of them. Throws Undecided: a busy host, or a
 * node that does not come back, which the end of the run will show.
 */
export async function untilWhole(cluster: ChaosCluster, stopped: AbortSignal): Promise<void> {
  if (await becomesWhole(cluster, stopped, STARTED_MS)) return
  throw new Undecided(`not every node was well ${STARTED_MS / 1_000} s after one was started`)
}

async function becomesWhole(
  cluster: ChaosCluster,
  stopped: AbortSignal,
  limitMs: number,
): Promise<boolean> {
  const whole = await eventually(limitMs, stopped, async () => {
    const applied = await Promise.all(cluster.nodes.map((node) => appliedBy(node)))
    return applied.every((one) => one !== null) ? true : undefined
  })
  return whole === true
}

export async function judgeRecovery(cluster: ChaosCluster, stopped: AbortSignal): Promise<Finding> {
  const name = 'recovery'
  const beganMs = performance.now()
  const missing = (): readonly string[] =>
    cluster.daemons
      .filter(({ isRunning }) => !isRunning)
      .map((one) => `${one.name} (${one.lastLine()})`)
  const back = await eventually(RECOVERY_MS, stopped, async () => {
    if (missing().length > 0) return undefined
    const serving = await Promise.all(cluster.nodes.map((node) => isServing(node)))
    if (!serving.every(Boolean)) return undefined
    const applied = await Promise.all(cluster.nodes.map((node) => appliedBy(node)))
    return applied.every((one) => one !== null && one === applied[0]) ? applied[0] : undefined
  })
  const seconds = ((performance.now() - beganMs) / 1_000).toFixed(1)
  if (back === undefined || back === null) {
    const gone = missing()
    const complaints = await Promise.all(cluster.nodes.map((node) => complaintOf(node)))
    const said = complaints.filter((one) => one !== null).join('; ')
    const text =
      gone.length > 0
        ? `not running: ${gone.join('; ')}`
        : `not all serve, vote and agree${said === '' ? '' : ` (${said})`}`
    return fail(name, `the cluster was not whole ${seconds} s after healing; ${text}`)
  }
  return pass(
    name,
    `every node serves, votes and has applied revision ${back}, ${seconds} s after healing`,
  )
}

/** A process that ends by itself has met a bug or refuses to go on; either is for a person to look at. */
export function judgeProcesses(cluster: ChaosCluster): Finding {
  const ends = cluster.everyDaemon.flatMap((daemon) => daemon.unexpectedEnds)
  if (ends.length === 0) return pass('processes', 'none ended by itself')
  return fail('processes', ends.slice(0, 5).join('; '))
}
