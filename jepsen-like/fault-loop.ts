// Injects faults one after another while the workloads run: every required one in an order that the seed
// chooses, again those that did not come about as they should, then any until the time is over. One at a time,
// so that what is seen can be put down to something. A slow host gets three times as long for what is still required.
import {
  faultName,
  orderTargets,
  uncovered,
  Undecided,
  type FaultKind,
  type FaultRecord,
  type Nemesis,
  type World,
} from './nemesis.ts'
import { eventually, pause } from './waiting.ts'

/** A slot is the fault and the time to recover from it, ms. */
const SLOT_MS_MAX = 8_000
const FAULT_MS_MIN = 1_000
/** A cluster that has no leader after this gets the next fault all the same. */
const LEADER_WAIT_MS = 8_000
/** Before the first fault: there must be something that it could destroy. */
const WARM_UP_MS = 2_000
/** A join takes a second on a quiet host, and ten on one that does other things too. */
const SLOW_HOST_TIMES = 3
/** Part of a slot that is left to recovery. */
const RECOVERY_PART = 0.5

export type FaultLoop = {
  readonly world: World
  readonly nemeses: readonly Nemesis[]
  readonly required: readonly FaultKind[]
  readonly seconds: number
  readonly nowNs: () => number
  readonly say: (line: string) => void
}

export type FaultsDone = {
  readonly records: readonly FaultRecord[]
  /** What the product refused though it must not; no fault came after it. */
  readonly refused: string | null
  /** What could not be finished for a reason that is not known; no fault came after it. */
  readonly undecided: string | null
}

/** Every fault that it resolves with is healed, also when it was broken off. */
export async function runFaults(loop: FaultLoop): Promise<FaultsDone> {
  const { world, required, seconds } = loop
  const { random, stopped } = world
  const records: FaultRecord[] = []
  if (required.length === 0) {
    await pause(seconds * 1_000, stopped)
    return { records, refused: null, undecided: null }
  }
  await pause(WARM_UP_MS, stopped)
  const endMs = performance.now() + seconds * 1_000
  const lastMs = endMs + (SLOW_HOST_TIMES - 1) * seconds * 1_000
  const slotMs = Math.min(SLOT_MS_MAX, (seconds * 1_000) / required.length)
  let queue: FaultKind[] = []
  for (;;) {
    const open = uncovered(required, records)
    const untilMs = open.length > 0 ? lastMs : endMs
    if (stopped.aborted || performance.now() > untilMs - FAULT_MS_MIN) break
    if (queue.length === 0) queue = random.shuffle(open.length > 0 ? open : required)
    const kind = queue.shift()
    if (kind === undefined) break
    const leftMs = Math.max(FAULT_MS_MIN, untilMs - performance.now())
    try {
      const record = await runFault(loop, kind, Math.min(slotMs, leftMs))
      if (record !== null) records.push(record)
    } catch (error) {
      if (stopped.aborted) break
      const why = `${faultName(kind)}: ${error instanceof Error ? error.message : String(error)}`
      const isOpen = error instanceof Undecided
      return { records, refused: isOpen ? null : why, undecided: isOpen ? why : null }
    }
  }
  return { records, refused: null, undecided: null }
}

async function runFault(
  loop: FaultLoop,
  kind: FaultKind,
  slotMs: number,
): Promise<FaultRecord | null> {
  const { world, nemeses, nowNs, say } = loop
  const { stopped, random, cluster } = world
  const nemesis = nemeses.find(({ name }) => name === kind.nemesis)
  if (nemesis === undefined) throw new Error(`nobody injects ${faultName(kind)}`)
  const leader = await eventually(LEADER_WAIT_MS, stopped, async () => {
    return (await world.leader()) ?? undefined
  })
  if (stopped.aborted) return null
  const names = random.shuffle(cluster.nodes.map(({ name }) => name))
  const beganMs = performance.now()
  const fromNs = nowNs()
  const injected = await nemesis.inject(world, kind, orderTargets(kind, names, leader ?? null))
  if (injected === null) {
    await pause(FAULT_MS_MIN, stopped)
    return null
  }
  const { targets, detail, heal, leaderBefore = leader ?? null } = injected
  say(`${(fromNs / 1e9).toFixed(1)} s  ${faultName(kind)}: ${detail}`)
  await pause(Math.max(FAULT_MS_MIN, slotMs * (1 - RECOVERY_PART)), stopped)
  await heal()
  const untilNs = nowNs()
  await pause(slotMs - (performance.now() - beganMs), stopped)
  return { ...kind, targets, detail, leaderBefore, fromNs, untilNs }
}
