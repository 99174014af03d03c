// A nemesis injects one kind of fault and heals it. Which faults a run must have seen is its own list, with the
// leader among the targets and not: a run in which one of them never happened is uncovered, and no pass.
import type { ChaosCluster } from './cluster.ts'
import type { SeededRandom } from './seeded-random.ts'

export type LeaderPlace = 'leader in' | 'leader out'

export type FaultKind = {
  /** Name of the nemesis. */
  readonly nemesis: string
  /** What of it; '' when there is but one. */
  readonly variant: string
  /** Null: the fault hits no region node, so it makes no difference. */
  readonly leader: LeaderPlace | null
}

export type World = {
  readonly cluster: ChaosCluster
  readonly random: SeededRandom
  readonly stopped: AbortSignal
  /** Name of the node that leads now; null when none says so. */
  readonly leader: () => Promise<string | null>
}

export type Injected = {
  /** Names of the parties that were hit. */
  readonly targets: readonly string[]
  readonly detail: string
  /** Who led just before they were hit, where that was a while after `inject` was called. */
  readonly leaderBefore?: string | null
  /** Undoes it; must succeed also when it was undone before. */
  readonly heal: () => Promise<void>
}

export type Nemesis = {
  readonly name: string
  /** One line for the README and `--help`. */
  readonly summary: string
  readonly required: (nodeCount: number) => readonly FaultKind[]
  /** Why it cannot work here, in a few words. */
  readonly missing?: () => Promise<string | null>
  readonly needsRack?: boolean
  /** Each node on a file system of its own that can be filled. */
  readonly needsSmallDisks?: boolean
  /**
   * `nodes` are the region nodes in random order, with the leader first or last as `kind` wants it. Null when
   * the fault cannot be injected at this moment; nothing was done then. What rejects, here or in `heal`, was
   * refused by the product though it must not be: the run fails. Unless it is `Undecided`.
   */
  readonly inject: (
    world: World,
    kind: FaultKind,
    nodes: readonly string[],
  ) => Promise<Injected | null>
}

/** A fault could not be finished, and who is to blame cannot be told: no failure of the product, and no pass. */
export class Undecided extends Error {}

/** What happened, as it is written to `faults.jsonl` and drawn in the report. */
export type FaultRecord = FaultKind & {
  readonly targets: readonly string[]
  readonly detail: string
  /** Who led just before. */
  readonly leaderBefore: string | null
  readonly fromNs: number
  readonly untilNs: number
}

export function faultName({ nemesis, variant, leader }: FaultKind): string {
  return [nemesis, variant, leader === null ? '' : `(${leader})`].filter(Boolean).join(' ')
}

/** `leader in` and `leader out` of one variant. */
export function bothPlaces(nemesis: string, variant = ''): readonly FaultKind[] {
  return [
    { nemesis, variant, leader: 'leader in' },
    { nemesis, variant, leader: 'leader out' },
  ]
}

/** Required faults that never happened; the leader's place is taken from who led, not from what was planned. */
export function uncovered(
  required: readonly FaultKind[],
  happened: readonly FaultRecord[],
): readonly FaultKind[] {
  const names = new Set(happened.filter(isAsNamed).map(faultName))
  return required.filter((kind) => !names.has(faultName(kind)))
}

function isAsNamed({ leader, leaderBefore, targets }: FaultRecord): boolean {
  if (leader === null) return true
  if (leaderBefore === null) return false
  return targets.includes(leaderBefore) === (leader === 'leader in')
}

/** Nodes in random order, the leader where the fault wants it: first to be hit, or last. */
export function orderTargets(
  kind: FaultKind,
  nodes: readonly string[],
  leader: string | null,
): readonly string[] {
  if (leader === null || kind.leader === null) return nodes
  const others = nodes.filter((name) => name !== leader)
  return kind.leader === 'leader in' ? [leader, ...others] : [...others, leader]
}
