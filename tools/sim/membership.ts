// Members come and go as operators make them: by tokens, `member.join` and `member.remove`, asked of any region.
// The leader's own duty makes learners and voters of it; whether the quorum allows it is the product's to say.
import { AppError } from '#model/errors.ts'
import type { SystemId } from '#model/ids.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { Command } from '#state/command.ts'
import { presentMembers } from '#state/members.ts'
import type { Outcome } from '#state/outcome.ts'
import type { SimNode } from './node.ts'
import type { SeededRandom } from './seeded-random.ts'
import { addressOf, nodeFile, type World } from './world.ts'

export type MembershipChange = 'replace' | 'grow' | 'shrink'

const VOTERS_MIN = 3
const VOTERS_MAX = 5
const TOKEN_MS = 600_000
/** Who is shown as removed is refused by the others and ends, or is stopped by its operator. */
const STOP_US = 3_000_000
const LOOK_US = 500_000
/** Between two tries of who got no answer. */
const AGAIN_MS = 500

export class MembershipFaults {
  readonly #world: World
  readonly #random: SeededRandom
  /** Ids are never used again, however short the membership was (D10). */
  readonly #used = new Set<string>()
  readonly #underWay = new Map<SimNode, number>()

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
  }

  get openCount(): number {
    let count = 0
    for (const each of this.#underWay.values()) count += each
    return count
  }

  onDeath(node: SimNode): void {
    this.#underWay.delete(node)
  }

  /** False when there is nobody to come or to go, or nobody to ask. */
  change(change: MembershipChange): boolean {
    const { configuration, nodes, observer, up, timeline } = this.#world
    const { voters, votersOutgoing, learners } = configuration
    if (up.length === 0 || votersOutgoing.length + learners.length > 0) return false
    const isFree = (node: SimNode): boolean =>
      node.phase === 'down' && !observer.wasMember(node.id) && !this.#used.has(node.id)
    const spare = change === 'shrink' ? undefined : nodes.find(isFree)
    const victim = change === 'grow' ? undefined : this.#random.pick(voters)
    if (change === 'shrink' && voters.length <= VOTERS_MIN) return false
    if (change === 'grow' && voters.length >= VOTERS_MAX) return false
    if (change !== 'shrink' && spare === undefined) return false
    if (spare !== undefined) this.#used.add(spare.id)
    const via = this.#random.pick(up)
    timeline.dirty = true
    via.host.run(() => this.#background(via, this.#ask(via, spare, victim)))
    return true
  }

  /** From the beginning to the end of the run. */
  watch(): void {
    const look = (): void => {
      const { nodes, up, timeline } = this.#world
      const isShownRemoved = (id: string): boolean =>
        up.some(({ state }) => state?.members.get(id as SystemId)?.status === 'removed')
      for (const node of nodes) {
        if (node.isRemoved || !isShownRemoved(node.id)) continue
        this.#world.trace.note('removed', node.id)
        node.isRemoved = true
        timeline.in(STOP_US, () => {
          if (node.isUp) this.#world.kill(node, () => node.kill())
        })
      }
      timeline.in(LOOK_US, look)
    }
    look()
  }

  async #ask(via: SimNode, spare: SimNode | undefined, victim: string | undefined): Promise<void> {
    if (spare !== undefined && (await admit(via, spare))) this.#begin(via, spare)
    if (victim !== undefined) {
      await propose(via, { type: 'member.remove', id: victim as SystemId })
    }
  }

  /** With what the answer to its wish tells it. */
  #begin(via: SimNode, spare: SimNode): void {
    const { timeline, voters } = this.#world
    const { state } = via
    if (state === null) return
    spare.file = nodeFile(
      spare.id,
      voters,
      presentMembers(state).map(({ id }) => id),
    )
    timeline.soon(() => void this.#world.start(spare))
  }

  #background(via: SimNode, task: Promise<void>): void {
    const { life } = via.host
    this.#underWay.set(via, (this.#underWay.get(via) ?? 0) + 1)
    const end = (): void => {
      if (life !== via.host.life) return
      this.#underWay.set(via, (this.#underWay.get(via) ?? 1) - 1)
    }
    task.then(end, (error: unknown) => {
      end()
      this.#world.fail('assertion', `membership: ${String(error)}`)
    })
  }
}

/**
 * False when it is refused. A node gets its certificate, and knows whom to speak to, by the answer that its wish is in
 * the log: without it it does not start. One that started all the same would be nobody's member for ever, and clients
 * that happen to ask only such nodes wait a whole request's time at each, in a region that has long healed.
 */
async function admit(via: SimNode, spare: SimNode): Promise<boolean> {
  const tokenDigest = `token of ${spare.id}`
  const token = { type: 'token.create', digest: tokenDigest, lifetimeMs: TOKEN_MS } as const
  // Made before without an answer, it is refused as known: as good.
  await insist(via, { ...token, kind: 'region' })
  const address = { ...addressOf(spare.id), id: spare.id as SystemId }
  const join = { type: 'member.join', tokenDigest, keyFingerprint: spare.id } as const
  const outcome = await insist(via, { ...join, ...address })
  return outcome.ok
}

/** Asks until there is an answer, the same each time; for ever silent when `via` dies. */
async function insist(via: SimNode, command: Command): Promise<Outcome> {
  const scheduler = via.host.scheduler()
  for (;;) {
    const outcome = await propose(via, command)
    if (outcome !== null) return outcome
    await new Promise<void>((resolve) => scheduler.after(AGAIN_MS, resolve))
  }
}

/** Null: no answer, and nothing is known. */
async function propose(via: SimNode, command: Command): Promise<Outcome | null> {
  try {
    const { outcome } = await via.assembly.region.propose(command, { actor: SYSTEM_ACTOR })
    return outcome
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return null
  }
}
