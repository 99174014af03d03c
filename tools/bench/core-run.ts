// P15: the consensus core alone, three of them in one process on one core, without I/O: entries per second that
// are proposed, replicated, written (to an array), committed and applied on all three.
import { defaultRaftConfig } from '#raft/config.ts'
import type { Message } from '#raft/message.ts'
import { Raft } from '#raft/raft.ts'
import type { Entry, LogReader } from '#raft/types.ts'
import type { BenchOptions, Measured } from './main.ts'

const IDS = ['a', 'b', 'c']
const BATCH = 128
const DATA = new Uint8Array(128)
/** Logs start over before arrays get long. */
const ENTRIES_MAX = 200_000

export async function measureCore(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P15')) return []
  const ours = Array.from({ length: options.rounds }, () => entriesPerSecond(options.seconds))
  const what = 'consensus core alone, 3 nodes on one core, no I/O'
  return await Promise.resolve([
    { id: 'P15', what, unit: 'entries/s', ours, peer: null, peerName: '' },
  ])
}

function entriesPerSecond(seconds: number): number {
  const began = performance.now()
  let count = 0
  while (performance.now() - began < seconds * 1_000) count += runOnce(began + seconds * 1_000)
  return Math.round((count / (performance.now() - began)) * 1_000)
}

function runOnce(endMs: number): number {
  const nodes = new Map(IDS.map((id) => [id, new CoreNode(id)]))
  const network: Message[] = []
  const settle = (): void => {
    for (const node of nodes.values()) node.run(network)
    while (network.length > 0) {
      for (const message of network.splice(0)) nodes.get(message.to)?.raft.step(message)
      for (const node of nodes.values()) node.run(network)
    }
  }
  const leader = nodes.get('a')
  leader?.raft.campaign()
  settle()
  const datas = Array.from({ length: BATCH }, () => DATA)
  while (leader !== undefined && leader.applied < ENTRIES_MAX && performance.now() < endMs) {
    leader.raft.propose(datas)
    settle()
  }
  return Math.min(...[...nodes.values()].map((node) => node.applied))
}

class CoreNode {
  readonly raft: Raft
  applied = 0
  readonly #entries: Entry[] = []

  constructor(id: string) {
    const configuration = {
      ...{ voters: IDS, votersOutgoing: [], learners: [], learnersNext: [] },
      autoLeave: false,
    }
    const snapshot = { lastIncludedIndex: 0, lastIncludedTerm: 0, lastIncludedStamp: 0 }
    const log: LogReader = {
      firstIndex: () => 1,
      lastIndex: () => this.#entries.length,
      termAt: (index) => (index === 0 ? 0 : this.#entries[index - 1]?.term),
      entries: (from, to) => this.#entries.slice(from - 1, to - 1),
      snapshot: () => ({ ...snapshot, configuration }),
    }
    this.raft = new Raft({
      ...{ id, log, configuration, appliedIndex: 0, config: defaultRaftConfig },
      hardState: { currentTerm: 0, votedFor: null, commitIndex: 0 },
      logTime: { lastEntry: () => {}, next: () => 0 },
      random: { integer: () => 0 },
    })
  }

  /** What the driver does, at once. */
  run(network: Message[]): void {
    while (this.raft.hasReady()) {
      const { messages, append, committed } = this.raft.ready()
      for (const message of messages) network.push(message)
      if (append !== null) {
        const first = append.entries[0]
        if (first !== undefined) this.#entries.length = first.index - 1
        for (const entry of append.entries) this.#entries.push(entry)
        for (const message of append.messages) network.push(message)
        this.raft.advance({ type: 'appended', work: append })
      }
      const last = committed.at(-1)
      if (last === undefined) continue
      this.applied = last.index
      this.raft.advance({ type: 'applied', index: last.index })
    }
  }
}
