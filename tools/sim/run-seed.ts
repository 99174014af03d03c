// One run: a world from a seed, a safety phase in which faults happen and checkers watch, then a liveness phase
// in which everything is healed and must come to rest in bounded time, serve through every node, and agree.
import type { RegionLimits } from '#platform/config.ts'
import { CHECKERS } from './checkers/all.ts'
import type { MakeChecker } from './checker.ts'
import { Clients } from './clients.ts'
import { drawSchedule, type Fault, type FaultType, type Weights } from './faults.ts'
import { Injector } from './inject.ts'
import type { SimNode } from './node.ts'
import type { Ended } from './operation.ts'
import { drawProfile } from './profile.ts'
import { splitRandom } from './seeded-random.ts'
import { type Violation, World } from './world.ts'

/** Where to look: a run that is about something, instead of about everything. */
export type Focus = {
  readonly nodeCount?: 3 | 5
  readonly weights?: Weights
  readonly limits?: Partial<RegionLimits>
}

export type SeedOptions = {
  readonly seed: number
  readonly nodeCount: 3 | 5
  /** Of the safety phase; one is `tickMs` of the product. */
  readonly ticks: number
  /** Instead of those of the seed; for shrinking. */
  readonly faults?: readonly Fault[]
  readonly checkers?: readonly MakeChecker[]
  readonly focus?: Focus
  /** Lets promises run after every event; slower, and nothing else may change. */
  readonly alwaysDrains?: boolean
}

export type SeedResult = {
  readonly seed: number
  readonly violation: Violation | null
  readonly faults: readonly Fault[]
  /** What happened, as numbers; a run in which nothing did proves nothing. */
  readonly counts: SeedCounts
  readonly traceDigest: string
  /** The end of the trace in words. */
  readonly lastLines: readonly string[]
}

export type SeedCounts = {
  readonly ticks: number
  readonly events: number
  readonly messages: number
  readonly committed: number
  readonly answered: number
  readonly unknown: number
  readonly terms: number
  readonly faults: Readonly<Partial<Record<FaultType, number>>>
}

/** The first leader is elected and the network is set up undisturbed. */
const CALM_MS = 1_500
/** Virtual time by which a healed region must have come to rest: requests end after 10 s at the latest. */
const HEALING_MS = 40_000
const LOOK_MS = 250
const COMPARE_MS = 5_000
/** A hash is due in every round; a node that differs is down and back within the next two. */
const ROUND_US = 6_000_000

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, ticks, checkers = CHECKERS, focus = {} } = options
  const nodeCount = focus.nodeCount ?? options.nodeCount
  const drawn = drawProfile(splitRandom(seed, 'profile'))
  const profile = { ...drawn, limits: { ...drawn.limits, ...focus.limits } }
  const { tickMs } = profile.limits
  const untilMs = ticks * tickMs
  const { weights } = focus
  const plan = { nodeCount, fromMs: CALM_MS, untilMs, ...(weights && { weights }) }
  const faults = options.faults ?? drawSchedule(splitRandom(seed, 'faults'), plan)
  const world = new World({ seed, nodeCount, profile, checkers })
  world.timeline.alwaysDrains = options.alwaysDrains === true
  const clients = new Clients(world)
  const injector = new Injector(world, faults)
  world.add(clients)
  world.add(injector)
  const stopListening = listenForRejections(world)
  try {
    await world.begin(nodeCount)
    for (let atMs = COMPARE_MS; atMs <= untilMs; atMs += COMPARE_MS) {
      await world.timeline.run(atMs * 1_000)
      if (world.violation !== null) break
      world.observer.compareStates()
    }
    await world.timeline.run(untilMs * 1_000)
    if (world.violation === null) await live(world, clients)
  } finally {
    stopListening()
  }
  const endTicks = Math.round(world.timeline.nowUs / 1_000 / tickMs)
  return {
    ...{ seed, faults, violation: world.violation, traceDigest: world.trace.digest() },
    lastLines: world.violation === null ? [] : world.trace.lastLines(60),
    counts: {
      ticks: endTicks,
      events: world.timeline.eventCount,
      messages: world.network.sentCount,
      committed: world.observer.ledger.last,
      answered: clients.okCount,
      unknown: clients.unknownCount,
      terms: world.observer.ledger.leaderTerm,
      faults: Object.fromEntries(injector.counts),
    },
  }
}

/** A promise of the product that nobody waits for must not fail either. */
function listenForRejections(world: World): () => void {
  const onRejection = (error: unknown): void => world.fail('rejection', String(error))
  process.on('unhandledRejection', onRejection)
  return () => process.off('unhandledRejection', onRejection)
}

/** Healed, the region must serve and agree, with no request left hanging. */
async function live(world: World, clients: Clients): Promise<void> {
  world.trace.note('calm')
  world.calm()
  const beganUs = world.timeline.nowUs
  const deadlineUs = beganUs + HEALING_MS * 1_000
  let missing = ''
  while (world.violation === null) {
    await world.timeline.run(world.timeline.nowUs + LOOK_MS * 1_000)
    missing = whatIsMissing(world)
    if (missing === '' || world.timeline.nowUs >= deadlineUs) break
  }
  if (world.violation !== null) return
  if (missing !== '') {
    world.fail('liveness', `${HEALING_MS / 1_000} s after everything was healed ${missing}`)
    return
  }
  await serve(world, clients)
  if (world.violation !== null) return
  await compareRows(world, clients)
  if (world.violation !== null) return
  world.observer.compareStates()
  world.observer.end()
}

/**
 * State databases that are equally far are equal: what was written wrong has been found by the hash of some
 * later entry, and its node re-seeded. Rows are written a second late, hashes are taken every few seconds.
 */
async function compareRows(world: World, clients: Clients): Promise<void> {
  const { timeline, nodes } = world
  if (!nodes.some(({ data }) => data.rows.flippedCount > 0)) return
  for (let round = 0; round < 4 && world.violation === null; round++) {
    const { leader } = world
    const put = { type: 'setting.put', name: 'custom/rows', value: `rows-${round}` } as const
    if (leader !== undefined) {
      void clients.ask(`rows-${round}`, { kind: 'write', command: put }, leader)
    }
    await timeline.run(timeline.nowUs + ROUND_US)
  }
  const first = new Map<number, string>()
  for (const { id, data, isUp } of nodes) {
    const { appliedIndex } = data.rows
    const hash = data.rows.contentHash()
    const known = first.get(appliedIndex)
    if (!isUp || appliedIndex === 0) continue
    if (known === undefined) first.set(appliedIndex, hash)
    else if (known !== hash) world.fail('state-hash', `${id} has other rows at ${appliedIndex}`)
  }
}

function whatIsMissing(world: World): string {
  const { leader, voters, up } = world
  if (leader === undefined) return 'there is no leader'
  const missing = voters.find((id) => !up.some((node) => node.id === id))
  if (missing !== undefined) return `${missing} is down`
  const members = up.filter((node) => voters.includes(node.id))
  const revisions = new Set(members.map((node) => node.state?.revision))
  if (world.openCount() > 0) return `${world.openCount()} requests have not ended`
  if (revisions.size > 1) return `the nodes are at ${[...revisions].join(', ')}`
  const without = members.find((node) => conditionOf(node) !== 'ok')
  if (without !== undefined) return `${without.id} is ${conditionOf(without)}`
  // Told once a second: until then writes are refused for want of room.
  const alarmed = members.find((node) => hearsAlarm(node))
  if (alarmed !== undefined) return `${alarmed.id} knows of a disk that is full`
  return ''
}

function hearsAlarm(node: SimNode): boolean {
  const { members } = node.assembly.region.status()
  return members.some(({ alarm, voter }) => voter && alarm !== 'none')
}

function conditionOf(node: SimNode): string {
  const { members } = node.assembly.region.status()
  return members.find(({ id }) => id === node.id)?.condition ?? 'unknown'
}

/** A write and a read through every member. */
async function serve(world: World, clients: Clients): Promise<void> {
  const { up, voters, timeline } = world
  const ended: (Ended | null)[] = []
  for (const [i, node] of up.filter(({ id }) => voters.includes(id)).entries()) {
    const id = `last-${i}`
    const put = { type: 'setting.put', name: `custom/${id}`, value: id } as const
    const at = ended.push(null, null) - 2
    const wait = (position: number, asked: Promise<Ended>): void => {
      void asked.then((result) => (ended[position] = result))
    }
    wait(at, clients.ask(id, { kind: 'write', command: put }, node))
    wait(at + 1, clients.ask(`${id}r`, { kind: 'read', key: 'k0' }, node))
  }
  const deadlineUs = timeline.nowUs + HEALING_MS * 1_000
  const isDone = (): boolean => ended.every((each) => each !== null) && whatIsMissing(world) === ''
  while (world.violation === null && !isDone() && timeline.nowUs < deadlineUs) {
    await timeline.run(timeline.nowUs + LOOK_MS * 1_000)
  }
  if (world.violation !== null) return
  if (!isDone())
    world.fail('liveness', 'the healed region does not come to rest after new requests')
  const failed = ended.filter((each) => each?.result !== 'ok').length
  if (failed > 0)
    world.fail('liveness', `${failed} of ${ended.length} requests failed after healing`)
}
