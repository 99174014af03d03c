// Quorum arithmetic against tables and against a naive oracle that tries every set of voters (B13).
import fc from 'fast-check'
import t from 'tap'
import { committedIndex, quorumSize, type VoteResult, voteResult } from '#raft/quorum.ts'

type Voters = { readonly voters: readonly string[]; readonly votersOutgoing: readonly string[] }

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const aVoters = fc.record({
  voters: fc.subarray(ids, { minLength: 1 }),
  votersOutgoing: fc.subarray(ids),
})
const aMatch = fc.array(fc.nat(6), { minLength: ids.length, maxLength: ids.length })
const aVote = fc.array(fc.constantFrom(true, false, undefined), {
  minLength: ids.length,
  maxLength: ids.length,
})

function isMajority(of: readonly string[], set: readonly string[]): boolean {
  return of.length === 0 || of.filter((id) => set.includes(id)).length * 2 > of.length
}

/** A set of nodes decides when it is a majority of each half. */
function decides({ voters, votersOutgoing }: Voters, set: readonly string[]): boolean {
  return isMajority(voters, set) && isMajority(votersOutgoing, set)
}

t.test('B13: the committed index is the largest that a deciding set has reached', (t) => {
  fc.assert(
    fc.property(aVoters, aMatch, (configuration, matches) => {
      const matchOf = (id: string): number => matches[ids.indexOf(id)] ?? 0
      const reached = [0, 1, 2, 3, 4, 5, 6].filter((index) =>
        decides(
          configuration,
          ids.filter((id) => matchOf(id) >= index),
        ),
      )
      return committedIndex(configuration, matchOf) === Math.max(...reached)
    }),
    { numRuns: 3_000 },
  )
  t.pass('3,000 configurations')
  t.end()
})

t.test('B13: a vote is won by a deciding set, lost when none can come together', (t) => {
  fc.assert(
    fc.property(aVoters, aVote, (configuration, given) => {
      const votes = new Map<string, boolean>()
      given.forEach((vote, i) => {
        if (vote !== undefined) votes.set(ids[i] ?? '', vote)
      })
      const granted = ids.filter((id) => votes.get(id) === true)
      const possible = ids.filter((id) => votes.get(id) !== false)
      let expected: VoteResult = 'pending'
      if (decides(configuration, granted)) expected = 'won'
      if (!decides(configuration, possible)) expected = 'lost'
      return voteResult(configuration, votes) === expected
    }),
    { numRuns: 3_000 },
  )
  t.pass('3,000 configurations')
  t.end()
})

t.test('a quorum is more than half', (t) => {
  t.strictSame([1, 2, 3, 4, 5, 6, 7].map(quorumSize), [1, 2, 2, 3, 3, 4, 4])
  t.end()
})

t.test('without voters nothing is committed and no election is won', (t) => {
  const nobody = { voters: [], votersOutgoing: [] }
  t.equal(
    committedIndex(nobody, () => 9),
    0,
  )
  t.equal(voteResult(nobody, new Map([['a', true]])), 'lost')
  t.end()
})
