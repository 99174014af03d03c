// The judgement on the own disk, case by case, and what a node that forgot must know before it votes again.
import t from 'tap'
import {
  type Answer,
  contradiction,
  judge,
  knowsItsTerms,
  newestConfiguration,
  NO_MEMORY,
} from '#node/recollection.ts'
import type { DiskPosition, PeerClaims } from '#protocol/peer.ts'
import { configurationOf } from '#test/support/raft-disk.ts'

const own: DiskPosition = {
  ...{ incarnation: 20, epoch: 5, batchSequence: 100, term: 7, votedFor: 'b' },
  ...{ lastIndex: 50, lastTerm: 7 },
}
const claims: PeerClaims = {
  ...{ incarnation: 19, epoch: 5, batchSequence: 100, term: 7, ackedTerm: 7, ackedIndex: 50 },
}
const agrees: Answer = { claims, term: 7, known: null }
const three = { id: 'a', configuration: configurationOf(['a', 'b', 'c']) }
const five = { id: 'a', configuration: configurationOf(['a', 'b', 'c', 'd', 'e']) }

const CASES: readonly {
  readonly name: string
  readonly claims: Partial<PeerClaims>
  readonly lost: boolean
}[] = [
  { name: 'claims that the disk bears out', claims: {}, lost: false },
  { name: 'an older memory', claims: { batchSequence: 3, term: 1, ackedIndex: 2 }, lost: false },
  { name: 'a later batch', claims: { batchSequence: 101 }, lost: true },
  { name: 'a later term, of a vote or anything else', claims: { term: 8 }, lost: true },
  { name: 'an acknowledgement beyond the log', claims: { ackedIndex: 51 }, lost: true },
  {
    name: 'one of an earlier term, whose entries a later leader may have replaced',
    claims: { ackedTerm: 6, ackedIndex: 99 },
    lost: false,
  },
  { name: 'a later life: the whole machine was set back', claims: { incarnation: 21 }, lost: true },
  { name: 'a loss that this disk knows nothing of', claims: { epoch: 6 }, lost: true },
  {
    name: 'batches of a log that was lost and replaced since',
    claims: { epoch: 4, batchSequence: 9_000, ackedIndex: 9_000 },
    lost: false,
  },
  {
    name: 'what this very life has said',
    claims: { incarnation: 20, batchSequence: 101, term: 9 },
    lost: false,
  },
]
for (const { name, claims: some, lost } of CASES) {
  t.test(`${name}: ${lost ? 'forgot' : 'sound'}`, async (t) => {
    t.equal(contradiction(own, { ...claims, ...some }) !== null, lost)
  })
}

t.test('a node nobody has heard of forgot nothing', async (t) => {
  t.equal(contradiction(own, null), null)
})

t.test('with itself a quorum must have answered before it trusts its disk', async (t) => {
  t.same(judge(own, three, new Map()), { type: 'waiting' })
  t.same(judge(own, three, new Map([['b', agrees]])), { type: 'sound' })
  t.same(judge(own, five, new Map([['b', agrees]])), { type: 'waiting' })
  const two = new Map([
    ['b', agrees],
    ['e', agrees],
  ])
  t.same(judge(own, five, two), { type: 'sound' })
  t.same(judge(own, three, new Map([['z', agrees]])), { type: 'waiting' }, 'no voter')
  const alone = { id: 'a', configuration: configurationOf(['a']) }
  t.same(judge(own, alone, new Map()), { type: 'sound' })
})

t.test('a learner asks as many as a voter', async (t) => {
  const configuration = { ...configurationOf(['b', 'c', 'd']), learners: ['a'] }
  t.same(judge(own, { id: 'a', configuration }, new Map([['b', agrees]])), { type: 'waiting' })
})

t.test('in a joint configuration both sides must have answered', async (t) => {
  const configuration = { ...configurationOf(['a', 'b', 'c']), votersOutgoing: ['a', 'd', 'e'] }
  const who = { id: 'a', configuration }
  t.same(judge(own, who, new Map([['b', agrees]])), { type: 'waiting' })
  const both = new Map([
    ['b', agrees],
    ['d', agrees],
  ])
  t.same(judge(own, who, both), { type: 'sound' })
})

t.test('one that remembers more outweighs all others', async (t) => {
  const answers = new Map([
    ['b', agrees],
    ['c', { ...agrees, claims: { ...claims, batchSequence: 170 } }],
  ])
  const verdict = judge(own, three, answers)
  t.match(verdict, { type: 'forgot', why: /^c remembers that batch 170 / })
})

t.test('its terms are known when every other voter has said its own', async (t) => {
  const at = (term: number | null): Answer => ({ claims: null, term, known: null })
  t.notOk(knowsItsTerms(three, new Map([['b', at(3)]]), 9), 'one is missing')
  const both = new Map([
    ['b', at(3)],
    ['c', at(9)],
  ])
  t.ok(knowsItsTerms(three, both, 9))
  t.notOk(knowsItsTerms(three, both, 8), 'it may have voted in 9')
  t.notOk(knowsItsTerms(five, both, 9))
  t.notOk(knowsItsTerms({ id: 'a', configuration: configurationOf(['a']) }, both, 9), 'alone')
  const joint = { ...three.configuration, votersOutgoing: ['a', 'd'] }
  t.notOk(knowsItsTerms({ id: 'a', configuration: joint }, both, 9))
  const old = new Map([...both, ['b', at(null)] as const])
  t.notOk(knowsItsTerms(three, old, 9), 'one of level 1 does not say')
})

t.test(
  'the newest configuration that anybody has applied decides whose answers count',
  async (t) => {
    const at = (index: number, voters: readonly string[]) => {
      return { index, configuration: configurationOf(voters) }
    }
    const own = at(10, ['a', 'b', 'c'])
    const late: Answer = { ...agrees, known: at(9, ['a', 'x', 'y']) }
    t.same(newestConfiguration(own, new Map()), own.configuration)
    t.same(newestConfiguration(own, new Map([['b', agrees]])), own.configuration)
    t.same(newestConfiguration(own, new Map([['x', late]])), own.configuration)
    const newer: Answer = { ...agrees, known: at(30, ['a', 'd', 'e']) }
    const answers = new Map([
      ['d', newer],
      ['b', { ...agrees, known: at(20, ['a', 'b', 'd']) }],
    ])
    t.same(newestConfiguration(own, answers).voters, ['a', 'd', 'e'])
  },
)

t.test('who knows no question has no memory, and is counted as having none', async (t) => {
  t.same(judge(own, three, new Map([['b', NO_MEMORY]])), { type: 'sound' })
})
