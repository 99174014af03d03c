// What an invariant checker is: a name and the events it wants to see. It says what is wrong once, with
// `fail`; the run ends there. Checkers only look: they change nothing and draw no random numbers.
import type { Message } from '#raft/message.ts'
import type { Configuration, Entry, HardState, LogReader } from '#raft/types.ts'
import type { LogWrite } from '#storage/log-store.ts'
import type { RegionState } from '#state/state.ts'
import type { Batch, Committed, Ledger } from './ledger.ts'
import type { FinishedOperation } from './operation.ts'

/** A node as checkers see it. */
export type Watched = {
  readonly id: string
  readonly index: number
  /** What its disk holds; also of a node that is down. Null before its first start. */
  readonly reader: LogReader | null
  /** What its disk held before it was damaged: it has said so to others. */
  readonly lostReader: LogReader | null
  /** As last made durable. */
  readonly hardState: HardState
  /** When it last went on after a pause. */
  readonly resumedUs: number
  /** Null while it is down. */
  readonly state: RegionState | null
}

export type LeaderCommit = {
  readonly index: number
  readonly term: number
  /** What it had applied before the task in which it did so, and after it. */
  readonly appliedBefore: number
  readonly applied: number
}

export type CheckerContext = {
  readonly ledger: Ledger
  readonly nodes: () => readonly Watched[]
  readonly nowUs: () => number
  /** What every committed configuration so far says; the newest last. */
  readonly configurations: () => readonly {
    readonly index: number
    readonly configuration: Configuration
  }[]
  readonly fail: (message: string) => void
}

export type Checker = {
  readonly name: string
  /** A message leaves a node. */
  readonly onSend?: (node: Watched, message: Message) => void
  /** A message is handed to a node that runs. */
  readonly onReceive?: (node: Watched, message: Message) => void
  /** A node was told that its connection to `peer` is gone. */
  readonly onDisconnected?: (node: Watched, peer: string) => void
  /** A write is issued; the disk still is as it was. */
  readonly onSave?: (node: Watched, write: LogWrite) => void
  /** The write is durable. */
  readonly onSaved?: (node: Watched, write: LogWrite) => void
  /** Seen for the first time on any node. */
  readonly onCommitted?: (committed: Committed) => void
  readonly onApplied?: (node: Watched, entry: Entry) => void
  /** A leader moves its commit index, while the configuration changes. */
  readonly onLeaderCommit?: (node: Watched, commit: LeaderCommit) => void
  /** The changes of one revision, seen for the first time on any node. */
  readonly onBatch?: (batch: Batch) => void
  /** The same on a node that comes later. */
  readonly onOtherBatch?: (node: Watched, batch: Batch) => void
  /** Whole state of a node, now and then. */
  readonly onDigest?: (node: Watched, digest: string) => void
  /** Its disk lost something behind its back; it is down. */
  readonly onDamaged?: (node: Watched) => void
  /** A node has opened what its disk held after a crash. */
  readonly onOpened?: (node: Watched) => void
  readonly onOperation?: (operation: FinishedOperation) => void
  /** Everything has healed and come to rest. */
  readonly onEnd?: () => void
}

export type MakeChecker = (context: CheckerContext) => Checker
