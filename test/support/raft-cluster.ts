// A whole cluster of cores in one process over a network that a test or a seed commands: messages wait
// in one list and are delivered, delayed, doubled or dropped one by one. No time passes by itself.
import assert from 'node:assert/strict'
import type { RaftConfig } from '#raft/config.ts'
import type { Message, MessageType } from '#raft/message.ts'
import type { Configuration, NodeId } from '#raft/types.ts'
import { configurationOf } from './raft-disk.ts'
import { RaftNode } from './raft-node.ts'
import { type SeededRandom, seededRandom } from '#tools/sim/seeded-random.ts'

export type RaftClusterOptions = {
  readonly ids: readonly NodeId[]
  /** All `ids` as voters by default. */
  readonly configuration?: Configuration
  readonly config?: Partial<RaftConfig>
  readonly seed?: number
}

export class RaftCluster {
  readonly nodes = new Map<NodeId, RaftNode>()
  readonly random: SeededRandom
  /** On their way, oldest first. */
  network: Message[] = []
  /** Messages for which this is true are lost on the way. */
  loses: (message: Message) => boolean = () => false

  constructor(options: RaftClusterOptions) {
    this.random = seededRandom(options.seed ?? 1)
    const configuration = options.configuration ?? configurationOf(options.ids)
    for (const id of options.ids) {
      const config = options.config ?? {}
      this.nodes.set(id, new RaftNode({ id, configuration, config, random: this.random }))
    }
  }

  node(id: NodeId): RaftNode {
    const node = this.nodes.get(id)
    assert(node !== undefined, `there is no node ${id}`)
    return node
  }

  get up(): readonly RaftNode[] {
    return [...this.nodes.values()].filter((node) => node.isUp)
  }

  get leader(): RaftNode | undefined {
    return this.up
      .filter((node) => node.raft.status().role === 'leader')
      .toSorted((a, b) => b.raft.status().term - a.raft.status().term)[0]
  }

  /** What nodes have sent goes on the network. */
  collect(): void {
    for (const node of this.nodes.values()) this.network.push(...node.take())
  }

  deliver(message: Message): void {
    if (this.loses(message)) return
    const node = this.nodes.get(message.to)
    if (node?.isUp) node.raft.step(message)
  }

  /** Everything happens at once until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      for (const node of this.up) this.network.push(...node.run())
      const messages = this.network
      this.network = []
      if (messages.length === 0) return
      for (const message of messages) this.deliver(message)
    }
    throw new Error('the cluster never comes to rest')
  }

  tick(count = 1): void {
    for (let i = 0; i < count; i++) {
      for (const node of this.up) node.raft.tick()
      this.settle()
    }
  }

  /** Makes `id` the leader, by its own campaign, whatever the others think of a leader. */
  elect(id: NodeId): RaftNode {
    const node = this.node(id)
    for (const other of this.up) if (other !== node) other.raft.reportUnreachable(leaderOf(other))
    node.raft.campaign()
    this.settle()
    assert.equal(node.raft.status().role, 'leader', `${id} was not elected`)
    return node
  }

  propose(id: NodeId, texts: readonly string[]): number {
    const result = this.node(id).raft.propose(texts.map((text) => new TextEncoder().encode(text)))
    assert(result.ok, `${id} refused the proposal`)
    return result.index
  }

  /** Cuts `ids` off from the rest, both ways. */
  partition(ids: readonly NodeId[]): void {
    this.loses = (message) => ids.includes(message.from) !== ids.includes(message.to)
  }

  heal(): void {
    this.loses = () => false
  }

  /** How often each kind of message is on the network now. */
  count(type: MessageType): number {
    return this.network.filter((message) => message.type === type).length
  }

  /** Applied commands as text. */
  commands(id: NodeId): string[] {
    return this.node(id)
      .applied.filter((entry) => entry.kind === 'command')
      .map((entry) => new TextDecoder().decode(entry.data))
  }
}

function leaderOf(node: RaftNode): NodeId {
  return node.raft.status().leader ?? ''
}
