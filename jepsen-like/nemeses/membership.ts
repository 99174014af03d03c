// `membership`: leadership handed over on request, and nodes that leave for good while others come, as an
// operator does it. Whatever is done, there are as many nodes afterwards as before.
import type { ChaosCluster } from '../cluster.ts'
import { bothPlaces, type FaultKind, type Injected, type Nemesis, type World } from '../nemesis.ts'
import { transferLeadership } from '../member-wishes.ts'
import { isWhole, untilWhole } from '../recovery.ts'
import { eventually } from '../waiting.ts'

const LEADER_MS = 8_000

export const MEMBERSHIP: Nemesis = {
  name: 'membership',
  summary:
    'leadership handed over; a node replaced (replace); one more joins, another leaves (grow)',
  required: () => [
    { nemesis: 'membership', variant: 'transfer', leader: 'leader in' },
    ...bothPlaces('membership', 'replace'),
    ...bothPlaces('membership', 'grow'),
  ],
  inject: async (world, kind, nodes) => {
    // A change with another node away is refused where it would leave no quorum, and rightly so.
    if (!(await isWhole(world.cluster, world.stopped))) return null
    const target = nodes[0] ?? ''
    if (kind.variant === 'transfer') return transfer(world, target)
    const { cluster } = world
    return kind.variant === 'grow' ? grow(world, kind) : replace(cluster, kind, target)
  },
}

async function transfer({ cluster }: World, target: string): Promise<Injected | null> {
  const done = await transferLeadership(cluster.wishes)
  if (!done) return null
  const detail = `${target} hands leadership over`
  return { targets: [target], detail, heal: async () => {} }
}

export type Step =
  | { readonly do: 'kill' | 'remove' | 'join'; readonly name: string }
  /** Clients that know `from` find `to` there. */
  | { readonly do: 'move clients'; readonly from: string; readonly to: string }

/**
 * A new node on the address of the old one. The leader is removed alive, another one dead: the two ways in which
 * machines are replaced.
 */
export function planReplace(
  { leader }: FaultKind,
  name: string,
): { readonly inject: readonly Step[]; readonly heal: readonly Step[] } {
  const remove: Step = { do: 'remove', name }
  const inject: readonly Step[] =
    leader === 'leader out' ? [{ do: 'kill', name }, remove] : [remove]
  return { inject, heal: [{ do: 'join', name }] }
}

async function replace(cluster: ChaosCluster, kind: FaultKind, name: string): Promise<Injected> {
  const plan = planReplace(kind, name)
  await follow(cluster, plan.inject)
  return {
    targets: [name],
    detail: `${name}${kind.leader === 'leader out' ? ', killed,' : ''} is removed; another one joins`,
    heal: () => follow(cluster, plan.heal),
  }
}

/** After `spare` has joined, on an address of its own. */
export function planShrink(name: string, spare: string): readonly Step[] {
  const remove: Step = { do: 'remove', name }
  return name === spare ? [remove] : [remove, { do: 'move clients', from: name, to: spare }]
}

/** Who leaves: the leader, or any other one of `names`. Null without a leader. */
export function whoLeaves(
  { leader: place }: FaultKind,
  names: readonly string[],
  { leader, pick }: { readonly leader: string | null; readonly pick: World['random']['pick'] },
): string | null {
  if (leader === null) return null
  return place === 'leader in' ? leader : pick(names.filter((name) => name !== leader))
}

async function grow({ cluster, random, stopped, leader }: World, kind: FaultKind) {
  const names = cluster.nodes.map(({ name }) => name)
  const spare = cluster.newName()
  await follow(cluster, [{ do: 'join', name: spare }])
  // It was started anew as a child of ours: who has not taken part yet counts for no quorum, rightly.
  await untilWhole(cluster, stopped)
  // Asked again: to join takes its time.
  const now = await eventually(LEADER_MS, stopped, async () => (await leader()) ?? undefined)
  const leaderBefore = now ?? null
  const leaving = whoLeaves(kind, names, { leader: leaderBefore, pick: random.pick }) ?? spare
  await follow(cluster, planShrink(leaving, spare))
  const detail = `${spare} joins, then ${leaving} is removed`
  return { targets: [leaving], detail, leaderBefore, heal: async () => {} } satisfies Injected
}

async function follow(cluster: ChaosCluster, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    switch (step.do) {
      case 'kill':
        await cluster.node(step.name).daemon.kill()
        break
      case 'remove':
        await cluster.removeNode(step.name)
        break
      case 'join':
        await cluster.joinNode(step.name)
        break
      case 'move clients':
        cluster.moveClients(step.from, step.to)
        break
      default:
        step satisfies never
    }
  }
}
