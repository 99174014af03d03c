// The cluster a transcript plays on: real cores on simulated disks, and a network whose every message has
// a number and waits until the script delivers it. Each atomic step (one input, one Ready, one write, one
// application) prints what it did and checks the invariants of Figure 3.
import assert from 'node:assert/strict'
import type { RaftConfig } from '#raft/config.ts'
import type { Message } from '#raft/message.ts'
import type { Status } from '#raft/status.ts'
import type { Configuration, Entry, NodeId } from '#raft/types.ts'
import { RaftDisk } from '#test/support/raft-disk.ts'
import { RaftInvariants } from '#test/support/raft-invariants.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import {
  describeChanges,
  describeEntries,
  describeMessage,
  describeRead,
  describeWork,
} from './describe.ts'
import { SessionMachine } from './session-machine.ts'

export type Flight = { readonly number: number; readonly message: Message }
type Held = 'writes' | 'applies'

export type StageOptions = {
  readonly ids: readonly NodeId[]
  readonly configuration: Configuration
  readonly config: Partial<RaftConfig>
}

type Actor = {
  readonly node: RaftNode
  machine: SessionMachine
  readonly randomness: Randomness
  readonly held: Set<Held>
  /** Every read answered so far, as `request@index`. */
  readonly answered: string[]
}

type Randomness = {
  /** What small random numbers are: ticks added to the shortest election timeout. */
  draw: number
  /** Counts starts, so that large random numbers differ from life to life. */
  life: number
}

const ROUNDS_MAX = 500

export class Stage {
  readonly #actors = new Map<NodeId, Actor>()
  readonly #options: StageOptions
  readonly #invariants = new RaftInvariants()
  /** Contents of snapshots by the index they hold. */
  readonly #snapshots = new Map<number, readonly unknown[]>()
  #trace: string[] = []
  /** Every message ever sent; its number is its position + 1. */
  readonly #sent: Message[] = []
  /** On their way, oldest first. */
  network: Flight[] = []
  /** `a→b` pairs whose messages are lost. */
  readonly cuts = new Set<string>()

  constructor(options: StageOptions) {
    this.#options = options
    for (const id of options.ids) this.replaceDisk(id, new RaftDisk(options.configuration))
  }

  get ids(): readonly NodeId[] {
    return [...this.#actors.keys()]
  }

  /** That the script began with. */
  get configuration(): Configuration {
    return this.#options.configuration
  }

  get up(): readonly RaftNode[] {
    return [...this.#actors.values()].map(({ node }) => node).filter(({ isUp }) => isUp)
  }

  node(id: NodeId): RaftNode {
    return this.#actor(id).node
  }

  machine(id: NodeId): SessionMachine {
    return this.#actor(id).machine
  }

  answered(id: NodeId): readonly string[] {
    return this.#actor(id).answered
  }

  #actor(id: NodeId): Actor {
    const actor = this.#actors.get(id)
    assert(actor !== undefined, `there is no node ${id}`)
    return actor
  }

  /** A node that starts on this disk, its state machine no further than the disk's snapshot. */
  replaceDisk(id: NodeId, disk: RaftDisk): void {
    const old = this.#actors.get(id)
    if (old !== undefined) this.#invariants.onCrash(old.node)
    const randomness = old?.randomness ?? { draw: 0, life: 0 }
    randomness.life++
    const machine = new SessionMachine()
    const rows = this.#snapshots.get(disk.snapshot.lastIncludedIndex)
    if (rows !== undefined) machine.restore(rows)
    const { configuration, config } = this.#options
    const random = {
      integer: (below: number) => (below > 1_000 ? randomness.life : randomness.draw) % below,
    }
    const node = new RaftNode({ id, configuration, config, disk, random })
    const actor: Actor = {
      node,
      machine,
      randomness,
      held: old?.held ?? new Set(),
      answered: old?.answered ?? [],
    }
    this.#actors.set(id, actor)
    this.#watch(actor)
  }

  #watch(actor: Actor): void {
    const { node } = actor
    this.#invariants.watch(node)
    const watched = node.onApply
    node.onApply = (entries) => {
      watched(entries)
      this.say(`${node.id} applies ${describeEntries(entries)}`)
      for (const entry of entries) this.#answer(actor, entry)
    }
    node.onSnapshot = (index) => {
      const rows = this.#snapshots.get(index)
      assert(rows !== undefined, `no snapshot of ${index} was taken`)
      actor.machine = new SessionMachine()
      actor.machine.restore(rows)
    }
  }

  #answer({ node, machine }: Actor, entry: Entry): void {
    const answer = machine.apply(entry)
    if (answer !== null) this.say(`${node.id} ${answer}`)
  }

  say(line: string): void {
    this.#trace.push(line)
  }

  takeTrace(): readonly string[] {
    const trace = this.#trace
    this.#trace = []
    return trace
  }

  /** One input or completion at one node; prints what changed, checks what must hold. */
  step(id: NodeId, act: (node: RaftNode) => void): void {
    const node = this.node(id)
    const before: Status = node.raft.status()
    act(node)
    if (node.isUp) {
      const changes = describeChanges(before, node.raft.status())
      if (changes.length > 0) this.say(`${id}: ${changes.join(', ')}`)
    }
    this.#collect(node)
    this.#invariants.check(this)
  }

  #collect(node: RaftNode): void {
    for (const message of node.take()) this.send(message)
    for (const read of node.reads.splice(0)) {
      this.#actor(node.id).answered.push(`${read.requestId}@${read.index ?? 'refused'}`)
      this.say(`${node.id} answers ${describeRead(read)}`)
    }
  }

  send(message: Message): void {
    this.#invariants.onSend(message)
    const number = this.#sent.push(message)
    this.network.push({ number, message })
    const { from, to } = message
    this.say(`${from} sends #${number} to ${to}: ${describeMessage(message)}`)
  }

  /** Takes one Ready. False when there is none. */
  ready(id: NodeId): boolean {
    let took = false
    this.step(id, (node) => {
      const { write, toApply } = node
      const handed = toApply.length
      took = node.pump()
      for (const message of node.take()) this.send(message)
      if (node.write !== null && node.write !== write) {
        this.say(`${id} writes ${describeWork(node.write)}`)
      }
      if (node.toApply.length > handed) {
        this.say(`${id} may apply up to ${node.toApply.at(-1)?.index}`)
      }
    })
    return took
  }

  /** The write under way is on disk; what waited for it leaves. */
  write(id: NodeId): boolean {
    if (this.node(id).write === null) return false
    this.say(`${id} has written`)
    this.step(id, (node) => node.completeWrite())
    return true
  }

  apply(id: NodeId): boolean {
    if (this.node(id).toApply.length === 0) return false
    this.step(id, (node) => node.apply())
    return true
  }

  hold(id: NodeId, what: Held, isHeld: boolean): void {
    const { held } = this.#actor(id)
    if (isHeld) held.add(what)
    else held.delete(what)
  }

  draw(id: NodeId, ticks: number): void {
    this.#actor(id).randomness.draw = ticks
  }

  /** Ready, write and apply until nothing is left to do, but for what is held. */
  run(id: NodeId): boolean {
    const { held } = this.#actor(id)
    for (let turn = 0; turn < ROUNDS_MAX; turn++) {
      const took = this.ready(id)
      const wrote = !held.has('writes') && this.write(id)
      const applied = !held.has('applies') && this.apply(id)
      if (!took && !wrote && !applied) return turn > 0
    }
    throw new Error(`${id} never comes to rest`)
  }

  /** The message leaves the network; it arrives unless its way is cut or nobody is there. */
  deliver(flight: Flight): void {
    const { number, message } = flight
    this.network = this.network.filter((other) => other !== flight)
    const { from, to, type } = message
    const node = this.node(to)
    if (this.cuts.has(`${from}→${to}`)) {
      this.say(`#${number} is lost: ${from}→${to} is cut`)
    } else if (!node.isUp) {
      this.say(`#${number} is lost: ${to} is down`)
    } else {
      this.say(`${to} receives #${number} ${type}`)
      this.step(to, ({ raft }) => raft.step(message))
    }
  }

  /** A copy of a message of the past is on its way again. */
  duplicate(number: number): void {
    const message = this.#sent[number - 1]
    assert(message !== undefined, `there was no message #${number}`)
    this.network.push({ number, message })
    this.say(`#${number} is on its way again: ${message.from} to ${message.to}, ${message.type}`)
  }

  drop(flight: Flight): void {
    this.network = this.network.filter((other) => other !== flight)
    this.say(`#${flight.number} is lost`)
  }

  /** Everything happens at once, at these nodes, until nothing is left to do. */
  settle(ids: readonly NodeId[]): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let moved = false
      for (const id of ids) if (this.node(id).isUp) moved = this.run(id) || moved
      const arriving = this.network.filter(({ message }) => ids.includes(message.to))
      for (const flight of arriving) this.deliver(flight)
      if (!moved && arriving.length === 0) return
    }
    throw new Error('the cluster never comes to rest')
  }

  crash(id: NodeId, keepsWrite: boolean): void {
    const node = this.node(id)
    node.crash({ keepsWrite })
    this.#invariants.onCrash(node)
  }

  restart(id: NodeId): void {
    const actor = this.#actor(id)
    actor.randomness.life++
    actor.node.restart()
    this.step(id, () => {})
  }

  /** A snapshot of what is applied becomes the beginning of the log. */
  compact(id: NodeId): void {
    const { node, machine } = this.#actor(id)
    node.compact()
    this.#snapshots.set(node.disk.snapshot.lastIncludedIndex, machine.dump())
  }
}
