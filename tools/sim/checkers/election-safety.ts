// At most one leader per term, and at most one vote per node and term, over all lives of all nodes (Raft §5.2).
import type { MakeChecker } from '../checker.ts'

export const electionSafety: MakeChecker = ({ ledger, fail }) => {
  const leaders = new Map<number, string>()
  const votes = new Map<string, string>()
  return {
    name: 'election-safety',
    onSend: (node, message) => {
      const { type, term } = message
      if (type === 'requestVoteReply' && message.granted) {
        const vote = `${node.id} in term ${term}`
        const earlier = votes.get(vote)
        votes.set(vote, message.to)
        if (earlier !== undefined && earlier !== message.to) {
          fail(`${vote} voted for ${earlier} and for ${message.to}`)
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
