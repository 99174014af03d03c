// A node whose disk lost what it had promised says nothing that counts — no vote, no candidacy, no
// acknowledgement, no confirmation that its leader leads — before it has all of it again: a term at least as high, and of what is
// committed all that it had once (pitfall C10). It may say that it forgot, and take what it is sent.
import type { Message } from '#raft/message.ts'
import type { MakeChecker, Watched } from '../checker.ts'

type Promised = { readonly term: number; readonly lastIndex: number }

export const forgotIsSilent: MakeChecker = ({ ledger, fail }) => {
  const promised = new Map<string, Promised>()
  const forgot = new Map<string, Promised>()
  const missing = ({ hardState, reader }: Watched, { term, lastIndex }: Promised) => {
    if (hardState.currentTerm < term) return `its term is ${hardState.currentTerm} after ${term}`
    for (let index = Math.min(lastIndex, ledger.last); index > 0; index--) {
      const committed = ledger.at(index)
      if (reader === null || committed === undefined) continue
      if (reader.snapshot().lastIncludedIndex >= index) return null
      if (reader.termAt(index) !== committed.entry.term) return `entry ${index} is not back`
    }
    return null
  }
  return {
    name: 'forgot-is-silent',
    onSaved: ({ id, reader, hardState }) => {
      if (forgot.has(id)) return
      const lastIndex = reader?.lastIndex() ?? 0
      promised.set(id, { term: hardState.currentTerm, lastIndex })
    },
    onDamaged: ({ id }) => {
      const before = promised.get(id)
      if (before !== undefined) forgot.set(id, before)
    },
    onSend: (node, message) => {
      const lost = forgot.get(node.id)
      if (lost === undefined || !isPromise(message)) return
      const what = missing(node, lost)
      if (what === null) forgot.delete(node.id)
      else fail(`${node.id} lost its memory and sends ${message.type}; ${what}`)
    },
  }
}

function isPromise(message: Message): boolean {
  switch (message.type) {
    case 'requestVoteReply':
      return message.granted
    case 'appendEntriesReply':
      return message.success && (message.amnesia ?? 0) === 0
    case 'heartbeatReply':
      return (message.amnesia ?? 0) === 0
    case 'requestVote':
    case 'appendEntries':
    case 'heartbeat':
    case 'installSnapshot':
      return true
    case 'preVote':
    case 'preVoteReply':
    case 'timeoutNow':
    case 'readIndex':
    case 'readIndexReply':
      return false
    default:
      return message satisfies never
  }
}
