// How transcripts write what the core says: one line for each message, entry, configuration and change
// of state. An entry is `index@term`; a name in quotes is a command's data. Everything a reader needs to
// judge a scenario is in the line, and nothing that differs between two equal runs.
import { decodeConfiguration } from '#raft/membership.ts'
import type { AppendWork, Message, ReadState } from '#raft/message.ts'
import type { Status } from '#raft/status.ts'
import type { Configuration, Entry, SnapshotMeta } from '#raft/types.ts'
import { decodeRequest, describeRequest } from './session-machine.ts'

const DATA_SHOWN_BYTES_MAX = 60

/** `{a b c}`, joint `{b c d} & {a b c}`, with learners and what becomes of demoted voters. */
export function describeConfiguration(configuration: Configuration): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = configuration
  const parts = [`{${voters.join(' ')}}`]
  if (votersOutgoing.length > 0) parts.push(`& {${votersOutgoing.join(' ')}}`)
  if (learners.length > 0) parts.push(`learners {${learners.join(' ')}}`)
  if (learnersNext.length > 0) parts.push(`then learners {${learnersNext.join(' ')}}`)
  if (autoLeave) parts.push('auto-leave')
  return parts.join(' ')
}

export function describeEntry(entry: Entry): string {
  return `${entry.index}@${entry.term} ${describeData(entry)}`
}

function describeData({ kind, data }: Entry): string {
  switch (kind) {
    case 'empty':
      return 'empty'
    case 'command': {
      const request = decodeRequest(data)
      if (request !== null) return describeRequest(request)
      const text = new TextDecoder().decode(data)
      if (text.length <= DATA_SHOWN_BYTES_MAX) return JSON.stringify(text)
      return `${JSON.stringify(`${text.slice(0, 8)}…`)} of ${data.length} bytes`
    }
    case 'configuration':
      return describeConfiguration(decodeConfiguration(data))
    default:
      return kind satisfies never
  }
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.length === 0 ? 'no entries' : `[${entries.map(describeEntry).join(', ')}]`
}

function describeSnapshot(snapshot: SnapshotMeta): string {
  const { lastIncludedIndex, lastIncludedTerm, configuration } = snapshot
  return `${lastIncludedIndex}@${lastIncludedTerm} ${describeConfiguration(configuration)}`
}

/** Without sender and receiver. */
export function describeMessage(message: Message): string {
  return `${message.type} term ${message.term}${describeFields(message)}`
}

function describeFields(message: Message): string {
  switch (message.type) {
    case 'preVote':
      return `, last ${message.lastLogIndex}@${message.lastLogTerm}`
    case 'requestVote': {
      const forced = message.forced ? ', forced' : ''
      return `, last ${message.lastLogIndex}@${message.lastLogTerm}${forced}`
    }
    case 'preVoteReply':
    case 'requestVoteReply': {
      const { granted, commitIndex, commitTerm } = message
      return `, ${granted ? 'granted' : 'refused'}, commit ${commitIndex}@${commitTerm}`
    }
    case 'appendEntries': {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit } = message
      const after = `after ${prevLogIndex}@${prevLogTerm}`
      return `, ${after}, ${describeEntries(entries)}, commit ${leaderCommit}`
    }
    case 'appendEntriesReply': {
      const { success, index, hintIndex, hintTerm } = message
      const forgot = describeAmnesia(message.amnesia)
      if (success) return `, has ${index}${forgot}`
      return `, refuses after ${index}, hint ${hintIndex}@${hintTerm}${forgot}`
    }
    case 'heartbeat':
      return `, commit ${message.leaderCommit}, read round ${message.readRound}`
    case 'heartbeatReply':
      return `, read round ${message.readRound}${describeAmnesia(message.amnesia)}`
    case 'installSnapshot':
      return `, ${describeSnapshot(message.snapshot)}`
    case 'timeoutNow':
      return ''
    case 'readIndex':
      return `, request ${message.requestId}`
    case 'readIndexReply':
      return `, request ${message.requestId} ${describeReadIndex(message.index)}`
    default:
      return message satisfies never
  }
}

/** The sender forgot what it promised; what it says counts towards nothing. */
function describeAmnesia(amnesia: number | undefined): string {
  return amnesia === undefined ? '' : `, forgot in life ${amnesia}`
}

export function describeRead(read: ReadState): string {
  return `read ${read.requestId} ${describeReadIndex(read.index)}`
}

function describeReadIndex(index: number | null): string {
  return index === null ? 'refused' : `at ${index}`
}

/** What one atomic write puts on disk; the messages that wait for it are printed when they leave. */
export function describeWork(work: AppendWork): string {
  const { hardState, snapshot, entries, messages } = work
  const parts: string[] = []
  if (hardState !== null) {
    const { currentTerm, votedFor, commitIndex } = hardState
    parts.push(`term ${currentTerm} vote ${votedFor ?? 'none'} commit ${commitIndex}`)
  }
  if (snapshot !== null) parts.push(`snapshot ${describeSnapshot(snapshot)}`)
  if (entries.length > 0) parts.push(describeEntries(entries))
  if (messages.length > 0) parts.push(`holding ${messages.length} of its messages`)
  return parts.join(', ')
}

/** One line for the whole node. */
export function describeStatus(status: Status): string {
  const { role, term, votedFor, leader, lastIndex, durableIndex, commitIndex, lastApplied } = status
  const who = `${role} term ${term}, vote ${votedFor ?? 'none'}, leader ${leader ?? 'none'}`
  const log = `last ${lastIndex}, durable ${durableIndex}`
  const done = `commit ${commitIndex}, applied ${lastApplied}`
  return `${who}, ${log}, ${done}, ${describeConfiguration(status.configuration)}`
}

/** A leader's view of one peer, whole. */
export function describePeer(peer: Status['peers'][number]): string {
  const { id, state, matchIndex, nextIndex, inflightCount, recentActive } = peer
  const heard = recentActive ? 'heard of' : 'not heard of'
  return `${id} ${state}, match ${matchIndex}, next ${nextIndex}, in flight ${inflightCount}, ${heard}`
}

/** What a step changed, as `term 1→2`; empty when nothing did. Sent, written and applied are told apart. */
export function describeChanges(before: Status, after: Status): readonly string[] {
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['role', before.role, after.role],
    ['term', before.term, after.term],
    ['vote', before.votedFor ?? 'none', after.votedFor ?? 'none'],
    ['leader', before.leader ?? 'none', after.leader ?? 'none'],
    ['last', before.lastIndex, after.lastIndex],
    ['commit', before.commitIndex, after.commitIndex],
    ['forgot in life', before.amnesia, after.amnesia],
    ['transfer to', before.transferTo ?? 'nobody', after.transferTo ?? 'nobody'],
    [
      'configuration',
      describeConfiguration(before.configuration),
      describeConfiguration(after.configuration),
    ],
  ]
  const changed = pairs
    .filter(([, from, to]) => from !== to)
    .map(([name, from, to]) => `${name} ${from}→${to}`)
  return [...changed, ...describePeerChanges(before, after), ...describeIgnored(before, after)]
}

function describePeerChanges(before: Status, after: Status): readonly string[] {
  return after.peers.flatMap((peer) => {
    const old = before.peers.find(({ id }) => id === peer.id)
    const state = old?.state ?? 'none'
    const matchIndex = old?.matchIndex ?? 0
    const changed: string[] = []
    if (state !== peer.state) changed.push(`peer ${peer.id} ${state}→${peer.state}`)
    if (matchIndex !== peer.matchIndex) {
      changed.push(`match of ${peer.id} ${matchIndex}→${peer.matchIndex}`)
    }
    const amnesia = old?.amnesia ?? 0
    if (amnesia !== peer.amnesia) changed.push(`amnesia of ${peer.id} ${amnesia}→${peer.amnesia}`)
    return changed
  })
}

function describeIgnored(before: Status, after: Status): readonly string[] {
  const counts = Object.entries(after.ignored)
  const old = new Map(Object.entries(before.ignored))
  return counts
    .filter(([reason, count]) => count !== (old.get(reason) ?? 0))
    .map(([reason]) => `ignores it: ${reason}`)
}
