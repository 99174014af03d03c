// The state of a node that has just been started from its disk: a follower that knows no leader, with
// the checks that must hold between hard state, log and state machine (pitfalls A2, C5).
import assert from 'node:assert/strict'
import { type RaftConfig, validateConfig } from './config.ts'
import { RaftLog } from './log.ts'
import { noteConfigurations } from './proposal.ts'
import type { Random, RaftState } from './state.ts'
import type { Configuration, HardState, LogIndex, LogReader, LogTime, NodeId } from './types.ts'

export type RaftOptions = {
  readonly id: NodeId
  readonly config: RaftConfig
  /** The durable log; read only. Entries above appliedIndex and the snapshot's meta are read at start. */
  readonly log: LogReader
  readonly hardState: HardState
  /** What the state machine holds already; in [snapshot, last durable entry]. */
  readonly appliedIndex: LogIndex
  /** The configuration in effect at `appliedIndex`: the snapshot's, or a later applied one. */
  readonly configuration: Configuration
  readonly logTime: LogTime
  /** For election timeouts; equal seeds give equal runs. */
  readonly random: Random
}

export function makeState(options: RaftOptions): RaftState {
  const { id, config, log: reader, hardState, appliedIndex } = options
  validateConfig(config)
  assert(id !== '', 'a node has an id')
  const log = new RaftLog(reader)
  assert(appliedIndex >= log.firstIndex - 1, 'nothing is missing between state and log')
  assert(appliedIndex <= log.lastIndex, 'the state machine is not ahead of the log (C5)')
  assert(hardState.commitIndex <= log.lastIndex, 'the stored commit is within the log (C5)')
  assert(hardState.currentTerm >= log.lastTerm, 'no entry is of a term later than ours (A2)')
  const { electionTicksMin } = config
  const state: RaftState = {
    id,
    config,
    log,
    logTime: options.logTime,
    random: options.random,
    currentTerm: hardState.currentTerm,
    votedFor: hardState.votedFor,
    durable: hardState,
    amnesia: 0,
    role: 'follower',
    leader: null,
    commitIndex: Math.max(hardState.commitIndex, appliedIndex),
    applyingIndex: appliedIndex,
    lastApplied: appliedIndex,
    configuration: options.configuration,
    configurationIndexes: [],
    configuredCount: 0,
    electionElapsed: 0,
    heartbeatElapsed: 0,
    noticeElapsed: 0,
    electionTimeout: electionTicksMin + options.random.integer(electionTicksMin),
    votes: new Map(),
    campaignDue: false,
    progress: new Map(),
    transferTo: null,
    uncommittedBytes: 0,
    uncommitted: [],
    readRound: 0,
    readsWaiting: [],
    readsAsked: [],
    readsForwarded: new Map(),
    // Answers to an earlier life's questions must not match ours (pitfall E2).
    lastForwardId: options.random.integer(2 ** 32) * 2 ** 20,
    messages: [],
    messagesAfterAppend: [],
    readStates: [],
    append: null,
    appendSequence: 0,
    ignored: new Map(),
  }
  const lastStamp = readBacklog(state)
  options.logTime.lastEntry(lastStamp)
  return state
}

/** Finds the configurations still to be applied, page by page, and returns the last entry's stamp. */
function readBacklog(state: RaftState): number {
  const { log, config } = state
  let from = state.lastApplied + 1
  while (from <= log.lastIndex) {
    const entries = log.slice(from, log.lastIndex + 1, config.committedBytesMax)
    noteConfigurations(state, entries)
    from += entries.length
  }
  const last = log.lastIndex
  if (last < log.firstIndex) return log.snapshot.lastIncludedStamp
  const [entry] = log.slice(last, last + 1, 1)
  assert(entry !== undefined)
  return entry.stamp
}
