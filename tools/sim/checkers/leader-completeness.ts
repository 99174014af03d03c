// A leader's log holds every entry that was committed in an earlier term (Raft §5.4.3). Looked at when it first
// speaks: all it had when it was elected was written before its own vote was.
import type { MakeChecker } from '../checker.ts'

export const leaderCompleteness: MakeChecker = ({ ledger, fail }) => {
  const seen = new Set<number>()
  return {
    name: 'leader-completeness',
    onSend: (node, { type, term }) => {
      if (type !== 'appendEntries' && type !== 'heartbeat') return
      if (seen.has(term) || node.reader === null) return
      seen.add(term)
      const { reader } = node
      for (let index = Math.max(1, reader.firstIndex()); index <= ledger.last; index++) {
        const committed = ledger.at(index)
        if (committed === undefined || committed.committedByTerm >= term) continue
        const { term: wanted } = committed.entry
        const found = reader.termAt(index)
        if (found === wanted) continue
        fail(
          `leader ${node.id} of term ${term} has ${String(found)} at ${index}, committed is ${wanted}`,
        )
        return
      }
    },
  }
}
