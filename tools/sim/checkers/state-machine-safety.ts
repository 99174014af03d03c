// No two nodes apply different entries at one index, and applying them yields the same changes and the same
// state (Raft Figure 3; pitfalls of nondeterminism).
import { canonical } from '#state/snapshot.ts'
import type { MakeChecker } from '../checker.ts'

export const stateMachineSafety: MakeChecker = ({ ledger, fail }) => ({
  name: 'state-machine-safety',
  onApplied: (node, entry) => {
    const known = ledger.at(entry.index)
    if (known === undefined) return
    const { term, kind, stamp, data } = known.entry
    const same = entry.term === term && entry.kind === kind && entry.stamp === stamp
    if (same && (entry.data === data || Buffer.compare(entry.data, data) === 0)) return
    fail(`${node.id} applies another entry at ${entry.index} than ${known.by}`)
  },
  onOtherBatch: (node, batch) => {
    const known = ledger.batch(batch.revision)
    // Rows that came by a snapshot have their fields in another order.
    if (known === undefined || known.text === batch.text) return
    if (textOf(known.changes) === textOf(batch.changes)) return
    fail(`${node.id} changes other rows at ${batch.revision}`)
  },
  onDigest: (node, digest) => {
    const revision = node.state?.revision ?? 0
    const known = ledger.digests.get(revision)
    if (known !== undefined && known !== digest) {
      fail(`${node.id} has another state at ${revision}`)
    }
  },
})

function textOf(changes: unknown): string {
  return JSON.stringify(canonical(changes))
}
