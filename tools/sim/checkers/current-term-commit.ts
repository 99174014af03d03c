// A leader moves the commit index only through an entry of its own term (Raft §5.4.2, Figure 8): what a majority
// has of an older term may still be replaced. Seen in what it tells its followers.
import type { MakeChecker } from '../checker.ts'

export const currentTermCommit: MakeChecker = ({ fail }) => {
  /** By term: what its leader knew to be committed when it was elected. */
  const first = new Map<number, number>()
  return {
    name: 'current-term-commit',
    onSend: (node, message) => {
      if (message.type !== 'appendEntries') return
      const { term, leaderCommit } = message
      const atElection = first.get(term) ?? leaderCommit
      if (!first.has(term)) first.set(term, leaderCommit)
      const committed = node.reader?.termAt(leaderCommit)
      if (leaderCommit <= atElection || committed === undefined || committed === term) return
      fail(`${node.id}, leader of term ${term}, commits ${leaderCommit} of term ${committed}`)
    },
  }
}
