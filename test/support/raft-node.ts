// One Raft core with its disk and a state machine that only remembers, driven by hand: a test decides
// when a Ready is taken, when a write reaches the disk, when entries are applied, and when it crashes.
import assert from 'node:assert/strict'
import { defaultRaftConfig, type RaftConfig } from '#raft/config.ts'
import { decodeConfiguration } from '#raft/membership.ts'
import type { AppendWork, Message, ReadState } from '#raft/message.ts'
import { Raft } from '#raft/raft.ts'
import type { Configuration, Entry, LogIndex, LogTime, NodeId } from '#raft/types.ts'
import { RaftDisk } from './raft-disk.ts'

export type RaftNodeOptions = {
  readonly id: NodeId
  readonly configuration: Configuration
  readonly config?: Partial<RaftConfig>
  /** Election timeouts; the smallest possible one by default. */
  readonly random?: { readonly integer: (below: number) => number }
  readonly disk?: RaftDisk
}

export class RaftNode {
  readonly id: NodeId
  readonly disk: RaftDisk
  readonly config: RaftConfig
  readonly #options: RaftNodeOptions
  #raft: Raft | null = null
  /** Sent and not yet taken by the test or the network. */
  outbox: Message[] = []
  reads: ReadState[] = []
  /** Every entry applied in this life. */
  applied: Entry[] = []
  /** The write under way. */
  write: AppendWork | null = null
  /** Handed out, not yet applied. */
  toApply: Entry[] = []
  /** Applied configuration and index, as a state machine keeps them. */
  configuration: Configuration
  appliedIndex: LogIndex = 0
  onWrite: (work: AppendWork) => void = () => {}
  onApply: (entries: readonly Entry[]) => void = () => {}
  onSnapshot: (index: LogIndex) => void = () => {}

  constructor(options: RaftNodeOptions) {
    this.#options = options
    this.id = options.id
    this.disk = options.disk ?? new RaftDisk(options.configuration)
    this.config = { ...defaultRaftConfig, ...options.config }
    this.configuration = this.disk.snapshot.configuration
    this.appliedIndex = this.disk.snapshot.lastIncludedIndex
    this.restart()
  }

  get raft(): Raft {
    assert(this.#raft !== null, 'the node is down')
    return this.#raft
  }

  get isUp(): boolean {
    return this.#raft !== null
  }

  /** Starts from the disk. The state machine comes back with what it had at `crash`. */
  restart(): void {
    const random = this.#options.random ?? { integer: () => 0 }
    this.#raft = new Raft({
      id: this.id,
      config: this.config,
      log: this.disk.reader,
      hardState: this.disk.hardState,
      appliedIndex: this.appliedIndex,
      configuration: this.configuration,
      logTime: countingLogTime(),
      random,
    })
  }

  /** Everything not on disk is gone. `keepsWrite`: the write under way reached the disk first. */
  crash(options: { readonly keepsWrite: boolean } = { keepsWrite: false }): void {
    if (this.write !== null && options.keepsWrite) this.#toDisk(this.write)
    this.#raft = null
    this.write = null
    this.outbox = []
    this.reads = []
    this.toApply = []
  }

  /** Takes one Ready; true when there was one. */
  pump(): boolean {
    if (!this.raft.hasReady()) return false
    const ready = this.raft.ready()
    this.outbox.push(...ready.messages)
    this.reads.push(...ready.reads)
    this.toApply.push(...ready.committed)
    if (ready.append !== null) {
      assert(this.write === null, 'one write at a time')
      this.write = ready.append
    }
    return true
  }

  completeWrite(): boolean {
    const { write } = this
    if (write === null) return false
    this.write = null
    this.#toDisk(write)
    this.outbox.push(...write.messages)
    this.raft.advance({ type: 'appended', work: write })
    return true
  }

  apply(): boolean {
    const entries = this.toApply
    const last = entries.at(-1)
    if (last === undefined) return false
    this.toApply = []
    for (const entry of entries) {
      assert.equal(entry.index, this.appliedIndex + 1, 'entries are applied in order')
      this.applied.push(entry)
      this.appliedIndex = entry.index
      if (entry.kind !== 'configuration') continue
      this.configuration = decodeConfiguration(entry.data)
      this.raft.advance({ type: 'configured', configuration: this.configuration })
    }
    this.onApply(entries)
    this.raft.advance({ type: 'applied', index: last.index })
    return true
  }

  /** Ready, write, apply until nothing is left to do; returns what was sent. */
  run(): Message[] {
    for (let turn = 0; turn < 1_000; turn++) {
      const pumped = this.pump()
      const wrote = this.completeWrite()
      if (!this.apply() && !wrote && !pumped) return this.take()
    }
    throw new Error(`${this.id} never comes to rest`)
  }

  take(): Message[] {
    const messages = this.outbox
    this.outbox = []
    return messages
  }

  /** Forgets the log up to what is applied, as a snapshot policy would. */
  compact(index: LogIndex = this.appliedIndex): void {
    assert(index <= this.appliedIndex)
    const lastIncludedTerm = this.disk.termAt(index)
    assert(lastIncludedTerm !== undefined)
    const entry = this.disk.entries.find((each) => each.index === index)
    this.disk.compact({
      lastIncludedIndex: index,
      lastIncludedTerm,
      lastIncludedStamp: entry?.stamp ?? this.disk.snapshot.lastIncludedStamp,
      configuration: this.configuration,
    })
  }

  #toDisk(work: AppendWork): void {
    this.onWrite(work)
    this.disk.write(work)
    if (work.snapshot === null) return
    this.appliedIndex = work.snapshot.lastIncludedIndex
    this.configuration = work.snapshot.configuration
    this.onSnapshot(this.appliedIndex)
  }
}

/** Log time that counts one per entry: enough to see that it never runs back. */
export function countingLogTime(): LogTime {
  let stamp = 0
  return {
    lastEntry: (last) => {
      stamp = last
    },
    next: () => stamp + 1,
  }
}
