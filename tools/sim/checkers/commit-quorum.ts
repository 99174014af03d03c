// What anybody applies is on the disks of a majority of the voters, of both sides when the configuration is
// joint: at this moment, not soon. The voters are those of the newest configuration before the entry, or of
// the one before that: a leader counts by the one it has applied (pitfall D3).
import { quorumSize } from '#raft/quorum.ts'
import type { MakeChecker } from '../checker.ts'

export const commitQuorum: MakeChecker = ({ nodes, configurations, fail }) => ({
  name: 'commit-quorum',
  onCommitted: ({ entry, by }) => {
    const { index, term } = entry
    const holds = new Set<string>()
    for (const { id, reader } of nodes()) {
      if (reader === null) continue
      const isInSnapshot = reader.snapshot().lastIncludedIndex >= index
      if (isInSnapshot || reader.termAt(index) === term) holds.add(id)
    }
    const count = (voters: readonly string[]): number => voters.filter((id) => holds.has(id)).length
    const isMajority = (voters: readonly string[]): boolean =>
      voters.length === 0 || count(voters) >= quorumSize(voters.length)
    const possible = configurations()
      .filter((each) => each.index <= index)
      .slice(-2)
    const agreed = possible.some(
      ({ configuration: { voters, votersOutgoing } }) =>
        isMajority(voters) && isMajority(votersOutgoing),
    )
    if (!agreed) fail(`${by} applies ${index}, which only ${[...holds].join(', ')} have on disk`)
  },
})
