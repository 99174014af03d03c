// Short ways to write the messages and entries of Raft tests: defaults for what a test is not about.
import type { Message } from '#raft/message.ts'
import type { Entry, EntryKind, LogIndex, NodeId, Term } from '#raft/types.ts'
import type { RaftDisk } from './raft-disk.ts'

type Of<T extends Message['type']> = Extract<Message, { type: T }>
type Some<T extends Message['type']> = Partial<Of<T>> & {
  readonly from: NodeId
  readonly to: NodeId
  readonly term: Term
}

export function entry(index: LogIndex, term: Term, text = '', kind: EntryKind = 'command'): Entry {
  return { index, term, kind, stamp: index, data: new TextEncoder().encode(text) }
}

/** Entries 1 … n with these terms, as figures of the paper give a log. */
export function logOf(terms: readonly Term[]): readonly Entry[] {
  return terms.map((term, i) => entry(i + 1, term))
}

/** A disk on which a node has been before. */
export function fill(disk: RaftDisk, terms: readonly Term[], currentTerm: Term): RaftDisk {
  const hardState = { currentTerm, votedFor: null, commitIndex: 0 }
  disk.write({ hardState, entries: logOf(terms), snapshot: null })
  return disk
}

export function appendEntries(some: Some<'appendEntries'>): Message {
  const defaults = { prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit: 0 }
  return { ...defaults, ...some, type: 'appendEntries' }
}

export function appendEntriesReply(some: Some<'appendEntriesReply'>): Message {
  const defaults = { success: true, index: 0, hintIndex: 0, hintTerm: 0 }
  return { ...defaults, ...some, type: 'appendEntriesReply' }
}

export function heartbeat(some: Some<'heartbeat'>): Message {
  return { leaderCommit: 0, readRound: 0, ...some, type: 'heartbeat' }
}

export function heartbeatReply(some: Some<'heartbeatReply'>): Message {
  return { readRound: 0, ...some, type: 'heartbeatReply' }
}

export function requestVote(some: Some<'requestVote'>): Message {
  return { lastLogIndex: 0, lastLogTerm: 0, forced: false, ...some, type: 'requestVote' }
}

export function preVote(some: Some<'preVote'>): Message {
  return { lastLogIndex: 0, lastLogTerm: 0, ...some, type: 'preVote' }
}

export function requestVoteReply(some: Some<'requestVoteReply'>): Message {
  return { granted: true, commitIndex: 0, commitTerm: 0, ...some, type: 'requestVoteReply' }
}

export function preVoteReply(some: Some<'preVoteReply'>): Message {
  return { granted: true, commitIndex: 0, commitTerm: 0, ...some, type: 'preVoteReply' }
}

/** The only message of this kind; fails the test when there are none or several. */
export function only<T extends Message['type']>(messages: readonly Message[], type: T): Of<T> {
  const found = messages.filter((message): message is Of<T> => message.type === type)
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} × ${type}`)
  return first
}

export function all<T extends Message['type']>(
  messages: readonly Message[],
  type: T,
): readonly Of<T>[] {
  return messages.filter((message): message is Of<T> => message.type === type)
}
