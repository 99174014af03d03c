// The regions: three nodes with one log. Each appends, loses, applies and stamps with the real log time and the
// real `apply`; what is left out of Raft is how they agree, not what they agree on. An entry that a deposed
// leader alone had is lost, a commit may come late, a retried envelope may be in the log twice.
import { makeLogTime } from '#node/log-time.ts'
import type { LogTime } from '#raft/types.ts'
import { apply } from '#state/apply.ts'
import type { Actor, Command, Envelope } from '#state/command.ts'
import type { Change, Outcome } from '#state/outcome.ts'
import { rowForNewCluster } from '#state/restore.ts'
import { dump, restore, type DumpedRow } from '#state/snapshot.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { DriftingClock } from './drifting-clock.ts'
import type { EventQueue } from './queue.ts'
import type { SeededRandom } from '../seeded-random.ts'

type Entry = { readonly term: number; readonly stamp: number; readonly envelope: Envelope }

export type Applied = {
  readonly revision: number
  readonly stamp: number
  readonly changes: readonly Change[]
}

export type RegionNode = {
  readonly id: string
  readonly clock: DriftingClock
  readonly wall: DriftingClock
  readonly logTime: LogTime
  state: RegionState
  log: Entry[]
  commit: number
  isUp: boolean
  sequence: number
  readonly waiting: Map<string, (reply: Reply | undefined) => void>
}

export type Reply = { readonly outcome: Outcome; readonly revision: number }

export type RegionsOptions = {
  readonly queue: EventQueue
  readonly random: SeededRandom
  readonly rates: readonly number[]
  /** First application of an entry by any node: the state is the committed one. */
  readonly onCommitted: (state: RegionState, command: Command, outcome: Outcome) => void
  readonly onApplied: (node: RegionNode, applied: Applied) => void
}

const NODES = 3
const BARE: ReadonlySet<string> = new Set(['session.open', 'cluster.initialise', 'cluster.restore'])
const RETRY_MS = 1_500
const ACTOR: Actor = {
  ...{ kind: 'system', userId: 1 as never, username: '' },
  ...{ remoteAddress: '', requestId: '' },
}

export class Regions {
  readonly nodes: readonly RegionNode[]
  readonly #options: RegionsOptions
  #leader: RegionNode | undefined
  #term = 0
  #committed = 0
  /** Log index of the first entry of `log`, after a restore. */
  #base = 0
  #era = 0
  #backup: { readonly rows: readonly DumpedRow[]; readonly stamp: number } | undefined

  constructor(options: RegionsOptions) {
    this.#options = options
    const { queue, random, rates } = options
    this.nodes = Array.from({ length: NODES }, (_, n): RegionNode => {
      const clock = new DriftingClock(queue, random.pick(rates), random.integer(1_000_000))
      const wall = new DriftingClock(queue, 1, 1_700_000_000_000 + random.integer(60_000))
      const logTime = makeLogTime({ monotonicMs: clock.read, wallMs: wall.read })
      const rest = { log: [], commit: 0, isUp: true, sequence: 0, waiting: new Map() }
      return { id: `region-${n}`, clock, wall, logTime, state: emptyState(), ...rest }
    })
  }

  get leader(): RegionNode | undefined {
    return this.#leader
  }

  /** The node whose state is furthest. */
  get newest(): RegionNode {
    const [first, ...others] = this.nodes
    if (first === undefined) throw new Error('no nodes')
    return others.reduce((a, b) => (b.commit > a.commit ? b : a), first)
  }

  /** Makes a leader of one of the nodes whose log a majority of the nodes that are up would vote for. */
  elect(): void {
    const up = this.nodes.filter(({ isUp }) => isUp)
    this.#leader = undefined
    if (up.length * 2 <= NODES) return
    const able = up.filter((one) => up.filter((other) => !isAhead(other, one)).length * 2 > NODES)
    const leader = this.#options.random.pick(able)
    this.#term++
    this.#leader = leader
    this.#append(leader, this.#envelope(leader, { type: 'time.advance' }, null))
  }

  /** Applied on `node` when it answers; undefined: nothing is known. */
  propose(node: RegionNode, command: Command, timeoutMs = 2_000): Promise<Reply | undefined> {
    const { queue } = this.#options
    const sequence = ++node.sequence
    const session = `${node.id}/${this.#era}`
    const request = { session, sequence, answeredBelow: Math.max(1, sequence - 500) }
    const envelope = this.#envelope(node, command, request)
    const key = `${session}/${sequence}`
    const deadlineMs = queue.nowMs + timeoutMs
    return new Promise((resolve) => {
      const settle = (reply: Reply | undefined): void => {
        node.waiting.delete(key)
        resolve(reply)
      }
      node.waiting.set(key, settle)
      const attempt = (): void => {
        if (!node.waiting.has(key)) return
        if (queue.nowMs >= deadlineMs || !node.isUp) return settle(undefined)
        this.#forward(node, envelope)
        queue.after(Math.min(RETRY_MS, deadlineMs - queue.nowMs), attempt)
      }
      attempt()
    })
  }

  /** Kept as an operator keeps a backup. */
  backUp(): void {
    const { state } = this.newest
    this.#backup = { rows: structuredClone([...dump(state)]), stamp: state.stamp }
  }

  /** All nodes begin anew from the last backup, as another cluster. False: there is none. */
  restoreBackup(clusterId: string): boolean {
    const backup = this.#backup
    if (backup === undefined) return false
    this.#backup = undefined
    this.#era++
    const { clusterId: fromClusterId } = this.newest.state
    const rows = backup.rows.map(rowForNewCluster).filter((row) => row !== null)
    for (const node of this.nodes) {
      for (const settle of [...node.waiting.values()]) settle(undefined)
      node.state = restore(rows)
      node.log = []
      node.commit = 0
      node.isUp = true
    }
    this.begin([restoreFrom(fromClusterId, clusterId)])
    return true
  }

  /** What every node has before the log of this simulation begins; sessions are opened with it. */
  begin(commands: readonly Command[]): void {
    const sessions = this.nodes.map(({ id }): Command => {
      const session = `${id}/${this.#era}`
      return { type: 'session.open', id: session, nodeId: id, incarnation: this.#era + 1 }
    })
    const session = `${this.nodes[0]?.id ?? ''}/${this.#era}`
    const ordered = [...commands.slice(0, 1), ...sessions, ...commands.slice(1)]
    for (const node of this.nodes) {
      for (const [at, command] of ordered.entries()) {
        const request = BARE.has(command.type)
          ? null
          : { session, sequence: at + 1, answeredBelow: 1 }
        const index = node.state.revision + 1
        const envelope = this.#envelope(node, command, request)
        const { outcome } = apply(
          node.state,
          { ...envelope, wall: 0 },
          { index, stamp: node.state.stamp },
        )
        if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
      }
      node.sequence = 100
      node.logTime.lastEntry(node.state.stamp)
      this.#base = node.state.revision
    }
    this.#committed = 0
    this.elect()
  }

  #envelope(node: RegionNode, command: Command, request: Envelope['request']): Envelope {
    const wall = Math.floor(node.wall.read())
    return { version: 1, request, wall, actor: ACTOR, idempotency: null, command }
  }

  #forward(node: RegionNode, envelope: Envelope): void {
    const { queue, random } = this.#options
    const isOwn = node === this.#leader
    if (!isOwn && random.chance(3)) return
    queue.after(isOwn ? 0 : random.between(1, 20), () => {
      const leader = this.#leader
      if (leader?.isUp === true) this.#append(leader, envelope)
    })
  }

  #append(leader: RegionNode, envelope: Envelope): void {
    const stamp = leader.logTime.next()
    leader.log.push({ term: this.#term, stamp, envelope })
    leader.logTime.lastEntry(stamp)
    for (const node of this.nodes) if (node !== leader) this.#replicate(leader, node)
  }

  #replicate(leader: RegionNode, node: RegionNode): void {
    const { queue, random } = this.#options
    const term = this.#term
    const era = this.#era
    queue.after(random.chance(2) ? random.between(100, 3_000) : random.between(1, 15), () => {
      if (era !== this.#era || term !== this.#term || leader !== this.#leader) return
      if (!node.isUp || !leader.isUp) return
      copyLog(leader, node)
      this.#advance(leader, node)
    })
  }

  /** Commits what a majority has: of this term, and with it all before. */
  #advance(leader: RegionNode, follower: RegionNode): void {
    const lengths = this.nodes.map((node) => commonLength(leader, node)).toSorted((a, b) => b - a)
    const quorum = lengths[NODES >>> 1] ?? 0
    if (quorum > leader.commit && leader.log[quorum - 1]?.term === this.#term) {
      this.#applyTo(leader, quorum)
    }
    this.#applyTo(follower, Math.min(leader.commit, follower.log.length))
  }

  #applyTo(node: RegionNode, commit: number): void {
    while (node.commit < commit) {
      const entry = node.log[node.commit]
      if (entry === undefined) return
      node.commit++
      this.#applyOne(node, entry)
    }
  }

  #applyOne(node: RegionNode, { stamp, envelope }: Entry): void {
    const { onCommitted, onApplied } = this.#options
    const revision = this.#base + node.commit
    const { state } = node
    const { request, command } = envelope
    if (request === null && command.type === 'time.advance') {
      // The empty entry of a new leader: nothing to apply but its time.
      state.advance(revision, stamp)
    } else {
      const { outcome, changes } = apply(state, envelope, { index: revision, stamp })
      if (node.commit > this.#committed) onCommitted(state, command, outcome)
      onApplied(node, { revision, stamp, changes })
      if (request !== null) {
        node.waiting.get(`${request.session}/${request.sequence}`)?.({ outcome, revision })
      }
    }
    this.#committed = Math.max(this.#committed, node.commit)
  }
}

function restoreFrom(fromClusterId: string, clusterId: string): Command {
  return {
    ...{ type: 'cluster.restore', clusterId, fromClusterId, joinTokenDigest: clusterId },
    admin: { username: clusterId, email: '', isSuperuser: true, passwordHash: '' },
    apiKey: { tokenKey: clusterId, tokenSecret: 's', consumerKey: 'c', name: 'restored' },
    quarantine: true,
  }
}

function isAhead(a: RegionNode, b: RegionNode): boolean {
  const [x, y] = [a.log.at(-1)?.term ?? 0, b.log.at(-1)?.term ?? 0]
  return x === y ? a.log.length > b.log.length : x > y
}

/** Entries of the follower that the leader does not have are cut off, as Raft does. */
function copyLog(leader: RegionNode, node: RegionNode): void {
  const common = commonLength(leader, node)
  if (common === node.log.length && common === leader.log.length) return
  node.log.length = common
  node.log.push(...leader.log.slice(common))
  const last = node.log.at(-1)
  if (last !== undefined) node.logTime.lastEntry(last.stamp)
}

function commonLength(leader: RegionNode, node: RegionNode): number {
  let at = Math.min(leader.log.length, node.log.length)
  while (at > 0 && leader.log[at - 1] !== node.log[at - 1]) at--
  return at
}
