// Random runs of whole clusters under crashes, lost un-synced writes, partitions, and a network that
// drops, doubles and reorders. A failure prints its seed: RAFT_SEED=n repeats exactly that run.
import assert from 'node:assert/strict'
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { RaftInvariants } from '#test/support/raft-invariants.ts'
import type { RaftNode } from '#test/support/raft-node.ts'

type Read = { readonly node: RaftNode; readonly floor: number }

const STEPS_PER_NODE = 2_000
const SEEDS = 100

class Run {
  readonly cluster: RaftCluster
  readonly invariants = new RaftInvariants()
  readonly reads = new Map<number, Read>()
  /** Index and term of proposals whose answer is open, by node. */
  readonly proposed = new Map<string, { readonly index: number; readonly term: number }[]>()
  servedCount = 0
  crashCount = 0
  snapshotCount = 0
  #nextId = 0

  constructor(size: number, seed: number) {
    const ids = ['a', 'b', 'c', 'd', 'e'].slice(0, size)
    this.cluster = new RaftCluster({
      ids,
      seed,
      config: {
        inflightMessagesMax: 3,
        appendBytesMax: 300,
        inflightBytesMax: 600,
        committedBytesMax: 300,
        uncommittedBytesMax: 3_000,
      },
    })
    for (const node of this.cluster.nodes.values()) {
      this.invariants.watch(node)
      node.onSnapshot = () => this.snapshotCount++
    }
  }

  step(): void {
    const { random } = this.cluster
    const node = random.pick([...this.cluster.nodes.values()])
    const dice = random.integer(1_000)
    if (dice < 4 && node.isUp) this.#crash(node)
    else if (dice < 30 && !node.isUp) node.restart()
    else if (dice < 36) this.#partition()
    else if (dice < 50) this.cluster.heal()
    else if (node.isUp) this.#act(node, random.integer(100))
    this.#collect()
    for (let i = 0; i < 3; i++) this.#deliver()
    this.#answer()
    this.invariants.check(this.cluster)
  }

  #act(node: RaftNode, dice: number): void {
    if (dice < 14) node.raft.tick()
    else if (dice < 24) this.#propose(node)
    else if (dice < 30) this.#read(node)
    else if (dice < 32) node.compact()
    else if (dice < 33) node.raft.transferLeadership(null)
    else if (dice < 34) node.raft.reportUnreachable(this.cluster.random.pick(['a', 'b', 'c']))
    else if (dice < 36) node.raft.reportSnapshot(this.cluster.random.pick(['a', 'b', 'c']), false)
    else if (dice < 60) node.pump()
    else if (dice < 85) node.completeWrite()
    else node.apply()
  }

  #crash(node: RaftNode): void {
    const keepsWrite = this.cluster.random.chance(30)
    this.crashCount++
    node.crash({ keepsWrite })
    this.invariants.onCrash(node)
    this.proposed.delete(node.id)
    for (const [id, read] of this.reads) if (read.node === node) this.reads.delete(id)
  }

  #partition(): void {
    const ids = [...this.cluster.nodes.keys()]
    this.cluster.partition(ids.filter(() => this.cluster.random.chance(40)))
  }

  #propose(node: RaftNode): void {
    const { random } = this.cluster
    const count = 1 + random.integer(3)
    const datas = Array.from({ length: count }, () => random.bytes(1 + random.integer(60)))
    const result = node.raft.propose(datas)
    if (!result.ok) return
    const open = this.proposed.get(node.id) ?? []
    open.push({ index: result.index, term: result.term })
    this.proposed.set(node.id, open)
  }

  #read(node: RaftNode): void {
    const id = ++this.#nextId
    this.reads.set(id, { node, floor: this.invariants.acknowledged })
    node.raft.readIndex(id)
  }

  #collect(): void {
    const before = this.cluster.network.length
    this.cluster.collect()
    for (const message of this.cluster.network.slice(before)) this.invariants.onSend(message)
  }

  #deliver(): void {
    const { network, random } = this.cluster
    if (network.length === 0) return
    const near = Math.min(network.length, random.chance(70) ? 3 : network.length)
    const at = random.integer(near)
    const message = network[at]
    assert(message !== undefined)
    if (!random.chance(5)) network.splice(at, 1)
    if (network.length > 200) network.shift()
    if (random.chance(6)) return
    this.cluster.deliver(message)
  }

  /** A client is answered when the node that took its proposal has applied it in the same term. */
  #answer(): void {
    for (const node of this.cluster.up) {
      const open = this.proposed.get(node.id) ?? []
      const done = open.filter((each) => each.index <= node.appliedIndex)
      this.proposed.set(
        node.id,
        open.filter((each) => each.index > node.appliedIndex),
      )
      for (const { index, term } of done) {
        const entry = node.applied.find((each) => each.index === index)
        if (entry?.term !== term) continue
        this.invariants.acknowledged = Math.max(this.invariants.acknowledged, index)
      }
      for (const { requestId, index } of node.reads.splice(0)) {
        const read = this.reads.get(requestId)
        assert(read !== undefined, 'a read is answered once, and only if it was asked')
        this.reads.delete(requestId)
        if (index === null) continue
        this.servedCount++
        assert(index >= read.floor, `a read of ${index} misses acknowledged ${read.floor}`)
      }
    }
  }

  /** Faults end: a leader must come, and everybody must have everything. */
  finish(): void {
    this.cluster.heal()
    for (const node of this.cluster.nodes.values()) if (!node.isUp) node.restart()
    const isDone = (): boolean => {
      const target = this.cluster.leader?.raft.status().lastIndex
      return this.cluster.up.every((node) => node.appliedIndex === target)
    }
    for (let i = 0; i < 100 && !(isDone() && i > 20); i++) {
      for (const node of this.cluster.up) {
        for (const peer of this.cluster.nodes.keys()) node.raft.reportSnapshot(peer, false)
      }
      this.cluster.tick(2)
      this.invariants.check(this.cluster)
    }
    assert(isDone(), 'the healed cluster converges')
    const { leader } = this.cluster
    assert(leader !== undefined)
    assert(leader.appliedIndex >= this.invariants.acknowledged)
    this.#propose(leader)
    this.cluster.settle()
    assert(isDone(), 'the healed cluster serves')
  }
}

function runSeed(size: number, seed: number): Run {
  const run = new Run(size, seed)
  try {
    for (let step = 0; step < STEPS_PER_NODE * size; step++) run.step()
    run.finish()
  } catch (error) {
    throw new Error(`size ${size} RAFT_SEED=${seed}`, { cause: error })
  }
  return run
}

const only = process.env['RAFT_SEED']
for (const size of [3, 5]) {
  t.test(`${size} nodes keep Figure 3 and linearizable reads through random faults`, (t) => {
    const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i) : [Number(only)]
    const totals = { acknowledged: 0, served: 0, crashes: 0, snapshots: 0 }
    for (const seed of seeds) {
      const run = runSeed(size, seed)
      totals.acknowledged += run.invariants.acknowledged
      totals.served += run.servedCount
      totals.crashes += run.crashCount
      totals.snapshots += run.snapshotCount
    }
    t.comment(JSON.stringify(totals))
    // A run in which nothing happened proves nothing.
    t.ok(totals.acknowledged > 10 * seeds.length)
    t.ok(totals.served > seeds.length)
    t.ok(totals.crashes > seeds.length / 2)
    if (only === undefined) t.ok(totals.snapshots > 5)
    t.end()
  })
}
