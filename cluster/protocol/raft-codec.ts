// Raft messages on the wire. Entries travel as arrays [term, index, kind, stamp, data]: an AppendEntries
// holds hundreds of them and the names of their fields would cost more than short commands do. Every
// field is checked on arrival, because the core asserts what it is handed.
import type { Message, MessageType } from '#raft/message.ts'
import type { Entry, EntryKind } from '#raft/types.ts'
import {
  checkRecord,
  checkType,
  malformedShape,
  type FieldKind,
  type Fields,
  type PlainRecord,
} from './shape.ts'

/** Position is the number on the wire; additions go to the end. */
const ENTRY_KINDS: readonly EntryKind[] = ['empty', 'command', 'configuration']

const HEADER_FIELDS: Fields = { from: 'text', to: 'text', term: 'index' }

type FieldsOf<T extends MessageType> = {
  readonly [F in Exclude<
    keyof Extract<Message, { type: T }>,
    'type' | 'from' | 'to' | 'term'
  >]: FieldKind
}
const COMMIT_HINT = { commitIndex: 'index', commitTerm: 'index' } as const
const MESSAGE_FIELDS: { readonly [T in MessageType]: FieldsOf<T> } = {
  preVote: { lastLogIndex: 'index', lastLogTerm: 'index' },
  preVoteReply: { granted: 'boolean', ...COMMIT_HINT },
  requestVote: { lastLogIndex: 'index', lastLogTerm: 'index', forced: 'boolean' },
  requestVoteReply: { granted: 'boolean', ...COMMIT_HINT },
  appendEntries: {
    prevLogIndex: 'index',
    prevLogTerm: 'index',
    entries: 'array',
    leaderCommit: 'index',
  },
  appendEntriesReply: {
    success: 'boolean',
    index: 'index',
    hintIndex: 'index',
    hintTerm: 'index',
    amnesia: 'indexOrAbsent',
  },
  heartbeat: { leaderCommit: 'index', readRound: 'index' },
  heartbeatReply: { readRound: 'index', amnesia: 'indexOrAbsent' },
  installSnapshot: { snapshot: 'record' },
  timeoutNow: {},
  readIndex: { requestId: 'index' },
  readIndexReply: { requestId: 'index', index: 'indexOrNull' },
}

const SNAPSHOT_FIELDS: Fields = {
  lastIncludedIndex: 'index',
  lastIncludedTerm: 'index',
  lastIncludedStamp: 'number',
  configuration: 'record',
}
const CONFIGURATION_FIELDS: Fields = {
  voters: 'texts',
  votersOutgoing: 'texts',
  learners: 'texts',
  learnersNext: 'texts',
  autoLeave: 'boolean',
}

/** The plain value that goes on the wire. */
export function raftToWire(message: Message): unknown {
  if (message.type !== 'appendEntries') return message
  const { entries, ...rest } = message
  return { ...rest, entries: entries.map(entryToWire) }
}

/** Throws PROTOCOL. */
export function raftFromWire(value: unknown): Message {
  const type = checkType(value, MESSAGE_FIELDS, 'raft message')
  const record = withCommitHint(type, checkRecord(value, HEADER_FIELDS, type))
  checkRecord(record, MESSAGE_FIELDS[type], type)
  if (type === 'installSnapshot') checkSnapshotMeta(record['snapshot'])
  if (type !== 'appendEntries') return record as unknown as Message
  const entries = (record['entries'] as readonly unknown[]).map(entryFromWire)
  checkContiguous(entries, record)
  return { ...record, entries } as unknown as Message
}

/** Replies of nodes from before there was one name none: nothing is learnt from them. */
function withCommitHint(type: MessageType, record: PlainRecord): PlainRecord {
  if (type !== 'preVoteReply' && type !== 'requestVoteReply') return record
  return Object.hasOwn(record, 'commitIndex')
    ? record
    : { ...record, commitIndex: 0, commitTerm: 0 }
}

/** Throws PROTOCOL. */
export function checkSnapshotMeta(value: unknown): void {
  const meta = checkRecord(value, SNAPSHOT_FIELDS, 'snapshot')
  checkConfiguration(meta['configuration'])
}

/** Throws PROTOCOL. */
export function checkConfiguration(value: unknown): void {
  checkRecord(value, CONFIGURATION_FIELDS, 'configuration')
}

function entryToWire(entry: Entry): readonly unknown[] {
  return [entry.term, entry.index, ENTRY_KINDS.indexOf(entry.kind), entry.stamp, entry.data]
}

function entryFromWire(value: unknown): Entry {
  if (!Array.isArray(value)) throw malformedShape('entry', 'not an array')
  const [term, index, kindNumber, stamp, data] = value as readonly unknown[]
  const kind = ENTRY_KINDS[Number(kindNumber)]
  const sound =
    Number.isSafeInteger(term) &&
    Number.isSafeInteger(index) &&
    kind !== undefined &&
    Number.isFinite(stamp) &&
    data instanceof Uint8Array
  if (!sound) throw malformedShape('entry', 'a field has the wrong type')
  return { term: term as number, index: index as number, kind, stamp: stamp as number, data }
}

/** Entries follow `prevLogIndex` without a gap, terms never decrease: what a log is (Raft §5.3). */
function checkContiguous(entries: readonly Entry[], message: PlainRecord): void {
  let index = message['prevLogIndex'] as number
  let term = message['prevLogTerm'] as number
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < term) {
      throw malformedShape('appendEntries', 'entries are not contiguous')
    }
    ;({ index, term } = entry)
  }
}
