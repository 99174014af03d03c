// What is committed is never replaced on a disk that holds it, and never moves back out of one (pitfall B3).
import type { MakeChecker } from '../checker.ts'

export const committedStays: MakeChecker = ({ ledger, fail }) => ({
  name: 'committed-stays',
  onSave: (node, write) => {
    const { reader } = node
    if (reader === null) return
    const { snapshot, entries } = write
    if (snapshot !== null) {
      const known = ledger.at(snapshot.lastIncludedIndex)
      if (known === undefined) {
        fail(`${node.id} installs a snapshot at ${snapshot.lastIncludedIndex}, not yet committed`)
      } else if (known.entry.term !== snapshot.lastIncludedTerm) {
        fail(`${node.id} installs a snapshot of another history at ${snapshot.lastIncludedIndex}`)
      }
      return
    }
    const first = entries[0]
    if (first === undefined) return
    const end = Math.min(reader.lastIndex(), ledger.last)
    for (let index = first.index; index <= end; index++) {
      const committed = ledger.at(index)
      if (committed === undefined || reader.termAt(index) !== committed.entry.term) continue
      const written = entries[index - first.index]
      if (written?.term === committed.entry.term) continue
      fail(`${node.id} replaces entry ${index}, which is committed`)
      return
    }
  },
})
