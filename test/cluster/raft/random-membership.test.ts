// Random runs in which the members change all the time, under crashes, lost writes, partitions and a bad
// network: what holds for a fixed cluster holds for this one. RAFT_SEED=n repeats one run.
import assert from 'node:assert/strict'
import t from 'tap'
import type { MembershipChange } from '#raft/change.ts'
import { isJoint, members } from '#raft/membership.ts'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import { RaftInvariants } from '#test/support/raft-invariants.ts'
import type { RaftNode } from '#test/support/raft-node.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const STEPS = 20_000
const SEEDS = 60

class Run {
  readonly cluster: RaftCluster
  readonly invariants = new RaftInvariants()
  changeCount = 0
  removedLeaderCount = 0
  refused = new Map<string, number>()

  constructor(seed: number) {
    this.cluster = new RaftCluster({
      ids: IDS,
      configuration: configurationOf(IDS.slice(0, 3)),
      seed,
      config: { caughtUpEntriesMax: 4, committedBytesMax: 300, appendBytesMax: 300 },
    })
    for (const node of this.cluster.nodes.values()) this.invariants.watch(node)
  }

  step(): void {
    const { random } = this.cluster
    const node = random.pick([...this.cluster.nodes.values()])
    const dice = random.integer(1_000)
    if (dice < 2 && node.isUp) this.#crash(node)
    else if (dice < 40 && !node.isUp) node.restart()
    else if (dice < 42) this.cluster.partition(IDS.filter(() => random.chance(30)))
    else if (dice < 80) this.cluster.heal()
    else if (node.isUp) this.#act(node, random.integer(100))
    const before = this.cluster.network.length
    this.cluster.collect()
    for (const message of this.cluster.network.slice(before)) this.invariants.onSend(message)
    for (let i = 0; i < 4; i++) this.#deliver()
    this.invariants.check(this.cluster)
  }

  #act(node: RaftNode, dice: number): void {
    if (dice < 6) node.raft.tick()
    else if (dice < 10) node.raft.propose([this.cluster.random.bytes(8)])
    else if (dice < 20) this.change(node)
    else if (dice < 21) node.raft.transferLeadership(null)
    else if (dice < 22) node.compact()
    else if (dice < 24) node.raft.reportSnapshot(this.cluster.random.pick(IDS), false)
    else if (dice < 55) node.pump()
    else if (dice < 80) node.completeWrite()
    else node.apply()
  }

  change(node: RaftNode): void {
    const { random } = this.cluster
    const pick = (percent: number): string[] => (random.chance(percent) ? [random.pick(IDS)] : [])
    const wish: MembershipChange = {
      ...{ addLearners: pick(30), promote: pick(25), demote: pick(10), remove: pick(15) },
    }
    const result = node.raft.changeMembership(wish)
    if (!result.ok) {
      this.refused.set(result.reason, (this.refused.get(result.reason) ?? 0) + 1)
      return
    }
    this.changeCount++
    if (wish.remove?.includes(node.id) || wish.demote?.includes(node.id)) this.removedLeaderCount++
  }

  #crash(node: RaftNode): void {
    node.crash({ keepsWrite: this.cluster.random.chance(30) })
    this.invariants.onCrash(node)
  }

  #deliver(): void {
    const { network, random } = this.cluster
    if (network.length === 0) return
    const at = random.integer(Math.min(network.length, random.chance(80) ? 3 : network.length))
    const message = network[at]
    assert(message !== undefined)
    if (!random.chance(3)) network.splice(at, 1)
    if (network.length > 200) network.shift()
    if (!random.chance(4)) this.cluster.deliver(message)
  }

  /** Faults end: a leader must come, leave what is joint, and bring every member up. */
  finish(): void {
    this.cluster.heal()
    for (const node of this.cluster.nodes.values()) if (!node.isUp) node.restart()
    const isDone = (): boolean => {
      const status = this.cluster.leader?.raft.status()
      if (status === undefined || isJoint(status.configuration)) return false
      const ids = members(status.configuration)
      return ids.every((id) => this.cluster.node(id).appliedIndex === status.lastIndex)
    }
    for (let i = 0; i < 200 && !(isDone() && i > 30); i++) {
      for (const node of this.cluster.up) {
        for (const peer of IDS) node.raft.reportSnapshot(peer, false)
      }
      this.cluster.tick(2)
      this.invariants.check(this.cluster)
    }
    assert(isDone(), 'the healed cluster converges and is not joint')
  }
}

const only = process.env['RAFT_SEED']
t.test('members that come and go under random faults break nothing (D1 … D12)', (t) => {
  const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i) : [Number(only)]
  let [changes, removedLeaders, risks] = [0, 0, 0]
  for (const seed of seeds) {
    const run = new Run(seed)
    try {
      for (let step = 0; step < STEPS; step++) run.step()
      run.finish()
    } catch (error) {
      throw new Error(`RAFT_SEED=${seed}`, { cause: error })
    }
    changes += run.changeCount
    removedLeaders += run.removedLeaderCount
    risks += (run.refused.get('quorumAtRisk') ?? 0) + (run.refused.get('notCaughtUp') ?? 0)
  }
  t.comment(JSON.stringify({ changes, removedLeaders, risks }))
  // A run in which nothing changed proves nothing.
  t.ok(changes > 5 * seeds.length)
  if (only === undefined) t.ok(removedLeaders > SEEDS / 4 && risks > SEEDS / 4)
  t.end()
})
