// No vote and no acknowledgement leaves before what it claims is on the sender's disk (Raft Figure 2).
import type { Message } from '#raft/message.ts'
import type { MakeChecker, Watched } from '../checker.ts'

export const durableBeforeVisible: MakeChecker = ({ fail }) => ({
  name: 'durable-before-visible',
  onSend: (node, message) => {
    const missing = missingOf(node, message)
    if (missing !== null)
      fail(`${node.id} sends ${message.type} of term ${message.term}; ${missing}`)
  },
})

function missingOf(node: Watched, message: Message): string | null {
  const { currentTerm, votedFor } = node.hardState
  switch (message.type) {
    case 'requestVoteReply':
      if (!message.granted) return termMissing(node, message.term)
      if (currentTerm === message.term && votedFor === message.to) return null
      return `its disk has a vote for ${String(votedFor)} in term ${currentTerm}`
    case 'requestVote':
      if (currentTerm === message.term && votedFor === node.id) return null
      return `its disk has a vote for ${String(votedFor)} in term ${currentTerm}`
    case 'appendEntriesReply': {
      const last = node.reader?.lastIndex() ?? 0
      if (message.success && message.index > last)
        return `it acknowledges ${message.index} of ${last}`
      return termMissing(node, message.term)
    }
    case 'appendEntries':
    case 'heartbeat':
    case 'heartbeatReply':
    case 'installSnapshot':
    case 'timeoutNow':
      return termMissing(node, message.term)
    case 'preVote':
    case 'preVoteReply':
    case 'readIndex':
    case 'readIndexReply':
      return null
    default:
      return message satisfies never
  }
}

function termMissing(node: Watched, term: number): string | null {
  const { currentTerm } = node.hardState
  return currentTerm >= term ? null : `its disk is in term ${currentTerm}`
}
