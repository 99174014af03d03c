// Is a message from a peer one that a correct peer could have sent? The codec has checked its shape;
// this checks what the core would otherwise assert. A lie costs the liar, not us: it is ignored.
import type { Message } from './message.ts'
import type { Entry, NodeId } from './types.ts'

export function isWellFormed(message: Message, self: NodeId): boolean {
  if (!isCount(message.term) || message.from === self || message.from === '') return false
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
      return isCount(message.lastLogIndex) && isCount(message.lastLogTerm) && message.term > 0
    case 'appendEntries':
      return isAppendWellFormed(message)
    case 'appendEntriesReply':
      if (!isCount(message.hintIndex) || !isCount(message.hintTerm)) return false
      return isCount(message.index) && isCount(message.amnesia ?? 0)
    case 'heartbeat':
      return isCount(message.leaderCommit) && isCount(message.readRound)
    case 'heartbeatReply':
      return isCount(message.readRound) && isCount(message.amnesia ?? 0)
    case 'installSnapshot': {
      const { lastIncludedIndex, lastIncludedTerm, lastIncludedStamp } = message.snapshot
      if (!isCount(lastIncludedIndex) || !isCount(lastIncludedTerm)) return false
      return lastIncludedTerm <= message.term && lastIncludedStamp >= 0
    }
    case 'readIndex':
      return isCount(message.requestId)
    case 'readIndexReply':
      return isCount(message.requestId) && (message.index === null || isCount(message.index))
    case 'preVoteReply':
    case 'requestVoteReply':
      return isCount(message.commitIndex) && isCount(message.commitTerm)
    case 'timeoutNow':
      return true
    default:
      return message satisfies never
  }
}

/** Contiguous after prevLogIndex; terms and stamps never decrease nor pass the leader's term. */
function isAppendWellFormed(message: Extract<Message, { type: 'appendEntries' }>): boolean {
  if (!isCount(message.prevLogIndex) || !isCount(message.leaderCommit)) return false
  if (!isCount(message.prevLogTerm) || message.prevLogTerm > message.term) return false
  if (message.prevLogIndex === 0 && message.prevLogTerm !== 0) return false
  let index = message.prevLogIndex
  let term = message.prevLogTerm
  let stamp = 0
  for (const entry of message.entries) {
    index++
    if (entry.index !== index || !isEntryAfter(entry, term, stamp)) return false
    term = entry.term
    stamp = entry.stamp
  }
  return term <= message.term
}

function isEntryAfter(entry: Entry, term: number, stamp: number): boolean {
  return isCount(entry.term) && entry.term >= term && entry.stamp >= stamp
}

/** A whole number ≥ 0 that a double holds exactly (pitfall F5). */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
