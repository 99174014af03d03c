// The eyes of the world: sees what nodes send, save and apply, keeps the ledger of what is committed, and
// passes all of it to the checkers. What it compares with is only what it saw itself.
import { stateDigest } from '#node/snapshots.ts'
import { decodeConfiguration, members } from '#raft/membership.ts'
import type { Message } from '#raft/message.ts'
import type { Configuration, Entry } from '#raft/types.ts'
import type { ChangeBatch } from '#state/outcome.ts'
import type { LogWrite } from '#storage/log-store.ts'
import type { Checker, MakeChecker } from './checker.ts'
import { Ledger } from './ledger.ts'
import type { SimNode } from './node.ts'
import type { FinishedOperation } from './operation.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

export type ObserverOptions = {
  readonly timeline: Timeline
  readonly trace: Trace
  readonly nodes: () => readonly SimNode[]
  readonly checkers: readonly MakeChecker[]
  /** In effect before the first entry. */
  readonly configuration: Configuration
  readonly fail: (checker: string, message: string) => void
}

/** A new configuration is committed, applied, and worked with for a while. */
const RECONFIGURING_US = 10_000_000

export class Observer {
  readonly ledger = new Ledger()
  readonly #options: ObserverOptions
  readonly #checkers: readonly Checker[]
  // Called for every message: only those that want to be.
  readonly #onSend: readonly NonNullable<Checker['onSend']>[]
  readonly #onReceive: readonly NonNullable<Checker['onReceive']>[]
  /** So long the commits of leaders are looked at one by one. */
  #reconfiguredUs = 0
  readonly #commits = new Map<SimNode, number>()
  readonly #watching = new Map<SimNode, () => void>()
  readonly #configurations: { readonly index: number; readonly configuration: Configuration }[]

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#configurations = [{ index: 0, configuration: options.configuration }]
    this.#checkers = options.checkers.map((make) => this.#makeChecker(make))
    this.#onSend = this.#checkers.flatMap(({ onSend }) => onSend ?? [])
    this.#onReceive = this.#checkers.flatMap(({ onReceive }) => onReceive ?? [])
  }

  /** The newest that is committed. */
  get configuration(): Configuration {
    return this.#configurations.at(-1)?.configuration ?? this.#options.configuration
  }

  /** Of any committed configuration so far. */
  wasMember(id: string): boolean {
    return this.#configurations.some(({ configuration }) => members(configuration).includes(id))
  }

  onSend(node: SimNode, message: Message): void {
    for (const check of this.#onSend) check(node, message)
  }

  onReceive(node: SimNode, message: Message): void {
    for (const check of this.#onReceive) check(node, message)
  }

  onDisconnected(node: SimNode, peer: string): void {
    for (const checker of this.#checkers) checker.onDisconnected?.(node, peer)
  }

  onSave(node: SimNode, write: LogWrite): void {
    if (write.entries.some(({ kind }) => kind === 'configuration')) {
      this.#reconfiguredUs = this.#options.timeline.nowUs + RECONFIGURING_US
    }
    for (const checker of this.#checkers) checker.onSave?.(node, write)
  }

  onSaved(node: SimNode, write: LogWrite): void {
    for (const checker of this.#checkers) checker.onSaved?.(node, write)
  }

  onOpened(node: SimNode): void {
    for (const checker of this.#checkers) checker.onOpened?.(node)
  }

  onOperation(operation: FinishedOperation): void {
    for (const checker of this.#checkers) checker.onOperation?.(operation)
  }

  end(): void {
    for (const checker of this.#checkers) checker.onEnd?.()
  }

  onDamaged(node: SimNode): void {
    for (const checker of this.#checkers) checker.onDamaged?.(node)
  }

  /** From its start to its death. */
  watch(node: SimNode): void {
    this.#commits.delete(node)
    const { region } = node.assembly
    const stop = region.watch(region.local().revision, {
      onBatch: (batch) => this.#onBatch(node, batch),
      onReset: () => {},
    })
    this.#watching.set(node, stop)
  }

  unwatch(node: SimNode): void {
    this.#watching.get(node)?.()
    this.#watching.delete(node)
  }

  /** A task of the node has ended: did its state move on? */
  look(node: SimNode): void {
    const { state, seen, reader } = node
    if (state === null || reader === null) return
    const { timeline, trace } = this.#options
    if (seen.state !== state) {
      // A snapshot took the place of entries that this node never saw.
      trace.note('snapshot', node.id, state.revision)
      node.seen = { state, revision: state.revision }
      return
    }
    const appliedBefore = seen.revision
    if (state.revision !== seen.revision && !this.#onApplied(node)) return
    if (timeline.nowUs < this.#reconfiguredUs) this.#lookAtCommit(node, appliedBefore)
  }

  /** False when the run is over. */
  #onApplied(node: SimNode): boolean {
    const { state, seen, reader } = node
    const { timeline, trace, fail } = this.#options
    if (state === null || reader === null) return false
    timeline.dirty = true
    for (let index = seen.revision + 1; index <= state.revision; index++) {
      if (index > reader.lastIndex()) {
        const what = `${node.id} applies ${index}, which is not on its disk`
        fail('durable-before-visible', what)
        return false
      }
      const entry = reader.entries(index, index + 1, 1)[0]
      if (entry === undefined) return false
      if (this.ledger.at(index) === undefined) this.#onCommitted(node, entry)
      for (const checker of this.#checkers) checker.onApplied?.(node, entry)
    }
    seen.revision = state.revision
    trace.note('applied', node.index, state.revision)
    return true
  }

  /** By what it counted when it did: so every task of a leader is looked at, but only for a while. */
  #lookAtCommit(node: SimNode, appliedBefore: number): void {
    const { role, term, commitIndex } = node.assembly.raftStatus()
    const known = this.#commits.get(node)
    this.#commits.set(node, commitIndex)
    if (role !== 'leader' || known === undefined || commitIndex <= known) return
    const applied = node.seen.revision
    const commit = { index: commitIndex, term, appliedBefore, applied }
    for (const checker of this.#checkers) checker.onLeaderCommit?.(node, commit)
  }

  /** Whole states of nodes that are equally far are equal. */
  compareStates(): void {
    for (const node of this.#options.nodes()) {
      const { state } = node
      if (state === null || node.host.isPaused) continue
      const digest = stateDigest(state)
      this.#options.trace.note('digest', node.id, state.revision, digest)
      const known = this.ledger.digests.get(state.revision)
      if (known === undefined) this.ledger.digests.set(state.revision, digest)
      for (const checker of this.#checkers) checker.onDigest?.(node, digest)
    }
  }

  #makeChecker(make: MakeChecker): Checker {
    const { nodes, timeline, fail } = this.#options
    const checker: Checker = make({
      ...{ ledger: this.ledger, nodes },
      nowUs: () => timeline.nowUs,
      configurations: () => this.#configurations,
      fail: (message) => fail(checker.name, message),
    })
    return checker
  }

  #onCommitted(node: SimNode, entry: Entry): void {
    const { timeline, trace } = this.#options
    const committed = {
      ...{ entry, by: node.id, atUs: timeline.nowUs },
      committedByTerm: this.ledger.leaderTerm,
    }
    this.ledger.note(committed)
    for (const checker of this.#checkers) checker.onCommitted?.(committed)
    if (entry.kind !== 'configuration') return
    const configuration = decodeConfiguration(entry.data)
    this.#configurations.push({ index: entry.index, configuration })
    trace.note('configuration', entry.index, configuration.voters.join(','))
  }

  #onBatch(node: SimNode, batch: ChangeBatch): void {
    const { revision, stamp, changes } = batch
    const noted = { revision, stamp, changes, text: JSON.stringify(changes) }
    if (this.ledger.batch(revision) === undefined) {
      this.ledger.noteBatch(noted)
      for (const checker of this.#checkers) checker.onBatch?.(noted)
      return
    }
    for (const checker of this.#checkers) checker.onOtherBatch?.(node, noted)
  }
}
