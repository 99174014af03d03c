// Do the replicas hold the same state? Every node takes a hash of its state after the same entries and tells
// the others; equal logs must give equal hashes. Pure: when a hash is due, and what a set of them says.
import { quorumSize } from '#raft/quorum.ts'

/** Hashes a node keeps and reports: nodes are seconds apart at most, or one of them is behind anyway. */
export const HASHES_KEPT = 8

export type StateHash = { readonly index: number; readonly value: string }

/** Nodes that disagree about these take hashes at different entries: they compare less, and accuse nobody. */
export type HashLimits = { readonly stateHashEntries: number; readonly stateHashMs: number }

/** The same on every node: index and stamps are in the log. `stampBefore` is of the entry before. */
export function isHashDue(
  stampBefore: number,
  entry: { readonly index: number; readonly stamp: number },
  { stateHashEntries, stateHashMs }: HashLimits,
): boolean {
  if (entry.index % stateHashEntries === 0) return true
  return Math.floor(entry.stamp / stateHashMs) !== Math.floor(stampBefore / stateHashMs)
}

export type Comparison =
  | { readonly type: 'equal' }
  /** A quorum of the voters agrees; these nodes do not agree with it. */
  | { readonly type: 'differ'; readonly index: number; readonly nodes: readonly string[] }
  /** Several values and none with a quorum: somebody is wrong, nobody knows who. */
  | { readonly type: 'disputed'; readonly index: number }

/**
 * `hashes`: by node, this one included. The newest index at which some node differs from a quorum decides. Where nodes
 * differ and no quorum agrees yet, the rest of them may not have told: an older index is as good a proof.
 */
export function compareHashes(
  hashes: ReadonlyMap<string, readonly StateHash[]>,
  voters: readonly string[],
): Comparison {
  const byIndex = new Map<number, Map<string, string[]>>()
  for (const [node, kept] of hashes) {
    for (const { index, value } of kept) {
      const values = byIndex.get(index) ?? new Map<string, string[]>()
      byIndex.set(index, values)
      values.set(value, [...(values.get(value) ?? []), node])
    }
  }
  const indexes = [...byIndex.keys()].toSorted((a, b) => b - a)
  let newest: Comparison = { type: 'equal' }
  for (const index of indexes) {
    const values = byIndex.get(index)
    if (values === undefined || values.size < 2) continue
    const found = judge(index, values, voters)
    if (found.type === 'differ') return found
    if (newest.type === 'equal') newest = found
  }
  return newest
}

function judge(
  index: number,
  values: ReadonlyMap<string, readonly string[]>,
  voters: readonly string[],
): Comparison {
  const isQuorum = (nodes: readonly string[]): boolean =>
    nodes.filter((node) => voters.includes(node)).length >= quorumSize(voters.length)
  const right = [...values].find(([, nodes]) => isQuorum(nodes))
  if (right === undefined) return { type: 'disputed', index }
  const nodes = [...values].flatMap(([value, those]) => (value === right[0] ? [] : those))
  return { type: 'differ', index, nodes: nodes.toSorted() }
}
