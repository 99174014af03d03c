// Faults as data: a schedule is drawn from the seed before the run begins, so that a failing run can be
// repeated with fewer of them (`shrink.ts`). Whom a fault hits may be decided when it happens ("the leader").
import type { SeededRandom } from './seeded-random.ts'

/** By number, or whoever leads then. */
export type Target = number | 'leader'

export type Fault = { readonly atMs: number } & (
  | {
      readonly type: 'kill'
      readonly target: Target
      readonly downMs: number
      /** Of the write under way this much had reached the file; 100 is all. */
      readonly writtenPercent: number
    }
  | {
      readonly type: 'powerLoss'
      /** `all`: the room goes dark. */
      readonly target: Target | 'all'
      readonly downMs: number
      /** Of what was not synced this much is on the platter all the same. */
      readonly keptPercent: number
    }
  | { readonly type: 'pause'; readonly target: Target; readonly ms: number }
  /** `inOnly`, `outOnly`: it still sends, or still hears. */
  | {
      readonly type: 'isolate'
      readonly target: Target
      readonly ms: number
      readonly way: 'both' | 'inOnly' | 'outOnly'
    }
  /** Node i is on the side of bit i of `side`. */
  | { readonly type: 'split'; readonly side: number; readonly ms: number }
  /** One link only; the others reach both ends. */
  | { readonly type: 'bridge'; readonly from: number; readonly to: number; readonly ms: number }
  | {
      readonly type: 'noise'
      readonly lossPercent: number
      readonly duplicatePercent: number
      readonly delayMs: number
      readonly ms: number
    }
  /** Connections break and are made again. */
  | { readonly type: 'disconnect'; readonly target: Target; readonly ms: number }
  | { readonly type: 'wallJump'; readonly target: Target; readonly jumpMs: number }
  | {
      readonly type: 'drift'
      readonly target: Target
      readonly percent: number
      readonly ms: number
    }
  | { readonly type: 'stopClock'; readonly target: Target; readonly ms: number }
  | {
      readonly type: 'slowDisk'
      readonly target: Target
      readonly syncMs: number
      readonly ms: number
    }
  | { readonly type: 'diskFull'; readonly target: Target; readonly ms: number }
  /** Little room is left (`leftMiB`), on one disk or on all; nothing fails yet. */
  | {
      readonly type: 'diskFills'
      readonly target: Target | 'all'
      readonly leftMiB: number
      readonly ms: number
    }
  /** The node may not start as if nothing had happened. */
  | { readonly type: 'bitFlip'; readonly target: number; readonly atPermille: number }
  | { readonly type: 'lostTail'; readonly target: number; readonly keptPermille: number }
  | { readonly type: 'wipe'; readonly target: number }
  /** The disk becomes again what it was, marks and receipt included: only the others can know. */
  | { readonly type: 'olderImage'; readonly target: number }
  /** One row is computed or written wrong. */
  | { readonly type: 'rowFlip'; readonly target: number }
  | { readonly type: 'transfer' }
  | {
      readonly type: 'membership'
      readonly change: 'replace' | 'grow' | 'shrink'
      /** The disks of the old followers are so much slower meanwhile: the new member is ahead of them. */
      readonly slowMs: number
    }
)

export type FaultType = Fault['type']

export type FaultPlan = {
  /** Nodes at the beginning. */
  readonly nodeCount: number
  readonly fromMs: number
  readonly untilMs: number
  /** These faults only, each so often; instead of a mix of the seed's own. */
  readonly weights?: Weights
}

export type Weights = Readonly<Partial<Record<FaultType, number>>>

const WEIGHTS: Readonly<Record<FaultType, number>> = {
  kill: 8,
  powerLoss: 5,
  pause: 6,
  isolate: 8,
  split: 5,
  bridge: 3,
  noise: 5,
  disconnect: 3,
  wallJump: 2,
  drift: 3,
  stopClock: 2,
  slowDisk: 6,
  diskFull: 2,
  diskFills: 3,
  bitFlip: 1,
  lostTail: 1,
  wipe: 1,
  olderImage: 2,
  rowFlip: 2,
  transfer: 4,
  membership: 6,
}
const TYPES = Object.keys(WEIGHTS) as FaultType[]
/** Clock rates stay within the ε of the lease protocol (§1.2). */
const DRIFT_PERCENT_MAX = 9

/** Where a quorum forgot nobody leads, and that is right: of a minority only, in one run. */
const DAMAGES: ReadonlySet<FaultType> = new Set([
  ...(['bitFlip', 'lostTail', 'wipe', 'olderImage', 'rowFlip'] as const),
])

/** Each seed has its own mix: some faults often, some never ("swarm"). */
export function drawSchedule(random: SeededRandom, plan: FaultPlan): readonly Fault[] {
  const weights = plan.weights ?? WEIGHTS
  const isEnabled = (type: FaultType): boolean =>
    plan.weights === undefined ? random.chance(65) : plan.weights[type] !== undefined
  const enabled = TYPES.filter(isEnabled)
  // Who forgot comes back when all the others have answered: removed ones would not.
  const damages = random.chance(
    plan.weights === undefined ? 35 : 100 * Number(enabled.some((type) => DAMAGES.has(type))),
  )
  const usable = enabled.filter((type) => (damages ? type !== 'membership' : !DAMAGES.has(type)))
  const gapMs = random.pick([150, 400, 1_200, 5_000])
  const schedule: Fault[] = []
  let damageLeft = Math.floor((plan.nodeCount - 1) / 2)
  let atMs = plan.fromMs
  for (;;) {
    atMs += 1 + random.integer(2 * gapMs)
    if (atMs >= plan.untilMs || usable.length === 0) return schedule
    const type = pickWeighted(random, usable, weights)
    if (DAMAGES.has(type) && damageLeft-- <= 0) continue
    schedule.push({ atMs, ...drawFault(random, type, plan.nodeCount) })
  }
}

function pickWeighted(
  random: SeededRandom,
  types: readonly FaultType[],
  weights: Weights,
): FaultType {
  const total = types.reduce((sum, type) => sum + (weights[type] ?? 0), 0)
  let left = random.integer(total)
  for (const type of types) {
    left -= weights[type] ?? 0
    if (left < 0) return type
  }
  throw new Error('weights add up')
}

/** Without its time. */
type Drawn = Fault extends infer F ? (F extends Fault ? Omit<F, 'atMs'> : never) : never

function drawFault(random: SeededRandom, type: FaultType, nodeCount: number): Drawn {
  const node = random.integer(nodeCount)
  const target: Target = random.chance(45) ? 'leader' : node
  const ms = random.pick([100, 400, 1_000, 4_000]) + random.integer(300)
  switch (type) {
    case 'kill':
      return { type, target, downMs: ms, writtenPercent: random.integer(101) }
    case 'powerLoss': {
      const whom = random.chance(25) ? ('all' as const) : target
      const keptPercent = random.pick([0, 0, random.integer(101)])
      return { type, target: whom, downMs: ms, keptPercent }
    }
    case 'isolate':
      return { type, target, ms, way: random.pick(['both', 'inOnly', 'outOnly']) }
    case 'split':
      return { type, side: random.integer(2 ** nodeCount), ms }
    case 'bridge':
      return { type, from: node, to: random.integer(nodeCount), ms }
    case 'noise':
      return { type, ...drawNoise(random), ms }
    case 'wallJump':
      return { type, target, jumpMs: (random.integer(7_200) - 3_600) * 1_000 }
    case 'drift':
      return {
        type,
        target,
        percent: random.integer(2 * DRIFT_PERCENT_MAX) - DRIFT_PERCENT_MAX,
        ms,
      }
    case 'slowDisk':
      return { type, target, syncMs: random.pick([20, 150, 900]), ms }
    case 'bitFlip':
      return { type, target: node, atPermille: random.integer(1_000) }
    case 'lostTail':
      return { type, target: node, keptPermille: random.integer(1_000) }
    case 'diskFills': {
      const whom = random.chance(25) ? ('all' as const) : target
      return { type, target: whom, leftMiB: random.pick([20, 50, 200]), ms }
    }
    case 'wipe':
    case 'olderImage':
    case 'rowFlip':
      return { type, target: node }
    case 'transfer':
      return { type }
    case 'membership':
      return {
        type,
        change: random.pick(['replace', 'replace', 'grow', 'shrink']),
        slowMs: random.pick([0, 300, 1_000]),
      }
    case 'pause':
    case 'disconnect':
    case 'stopClock':
    case 'diskFull':
      return { type, target, ms }
    default:
      return type satisfies never
  }
}

function drawNoise(random: SeededRandom) {
  return {
    lossPercent: random.pick([0, 2, 15, 30]),
    duplicatePercent: random.pick([0, 5, 30]),
    delayMs: random.pick([0, 5, 40, 300]),
  }
}

export function formatFault(fault: Fault): string {
  const { atMs, type, ...rest } = fault
  const words = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)
  return [`${(atMs / 1_000).toFixed(3)} s`, type, ...words].join(' ')
}
