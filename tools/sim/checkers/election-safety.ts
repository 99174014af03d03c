// At most one leader per term, and at most one vote per node and term, over all lives of all nodes (Raft §5.2).
import type { Message } from '#raft/message.ts'
import type { MakeChecker } from '../checker.ts'

export const electionSafety: MakeChecker = ({ ledger, fail }) => {
  const leaders = new Map<number, string>()
  const votes = new Map<string, string>()
  return {
    name: 'election-safety',
    onSend: (node, message) => {
      const { type, term } = message
      const votedFor = voteIn(message)
      if (votedFor !== null) {
        const vote = `${node.id} in term ${term}`
        const earlier = votes.get(vote)
        votes.set(vote, votedFor)
        if (earlier !== undefined && earlier !== votedFor) {
          fail(`${vote} voted for ${earlier} and for ${votedFor}`)
        }
      }
      if (type !== 'appendEntries' && type !== 'heartbeat' && type !== 'installSnapshot') return
      ledger.leaderTerm = Math.max(ledger.leaderTerm, term)
      const earlier = leaders.get(term)
      if (earlier === undefined) leaders.set(term, node.id)
      else if (earlier !== node.id) fail(`${earlier} and ${node.id} both lead term ${term}`)
    },
  }
}

/** A candidate's question says that it has voted for itself. */
function voteIn(message: Message): string | null {
  if (message.type === 'requestVote') return message.from
  return message.type === 'requestVoteReply' && message.granted ? message.to : null
}
