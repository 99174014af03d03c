// What anybody applies is on the disks of a majority of the voters, of both sides when the configuration is
// joint: at this moment, not soon. The voters are those of the newest configuration before the entry, or of
// the one before that: a leader counts by the one it has applied (pitfall D3). Which one that is shows when a
// leader moves its commit index; while the configuration changes that is looked at, too.
import { quorumSize } from '#raft/quorum.ts'
import type { Configuration } from '#raft/types.ts'
import type { MakeChecker, Watched } from '../checker.ts'

export const commitQuorum: MakeChecker = ({ nodes, configurations, fail }) => {
  const holders = (index: number, term: number): ReadonlySet<string> => {
    const holds = nodes().filter(
      ({ reader, lostReader }) => has(reader, index, term) || has(lostReader, index, term),
    )
    return new Set(holds.map(({ id }) => id))
  }
  return {
    name: 'commit-quorum',
    onCommitted: ({ entry, by }) => {
      const { index, term } = entry
      const holds = holders(index, term)
      const possible = configurations()
        .filter((each) => each.index <= index)
        .slice(-2)
      const agreed = possible.some(({ configuration }) => isQuorum(configuration, holds))
      if (!agreed) fail(`${by} applies ${index}, which only ${[...holds].join(', ')} have on disk`)
    },
    onLeaderCommit: ({ id, reader }, { index, term, appliedBefore, applied }) => {
      const holds = holders(index, reader?.termAt(index) ?? term)
      const all = configurations().filter((each) => each.index <= applied)
      const before = all.findLastIndex((each) => each.index <= appliedBefore)
      const possible = all.slice(Math.max(0, before))
      if (possible.some(({ configuration }) => isQuorum(configuration, holds))) return
      const { voters, votersOutgoing } = possible.at(-1)?.configuration ?? {}
      const who = `${String(voters)} after ${String(votersOutgoing)}`
      fail(`${id} commits ${index} with ${[...holds].join(', ')}; the voters are ${who}`)
    },
  }
}

function has(reader: Watched['reader'], index: number, term: number): boolean {
  if (reader === null) return false
  return reader.snapshot().lastIncludedIndex >= index || reader.termAt(index) === term
}

function isQuorum({ voters, votersOutgoing }: Configuration, holds: ReadonlySet<string>): boolean {
  return [voters, votersOutgoing].every((side) => {
    const count = side.filter((id) => holds.has(id)).length
    return side.length === 0 || count >= quorumSize(side.length)
  })
}
