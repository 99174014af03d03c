// When a state hash is due, and what a set of them says about whom.
import t from 'tap'
import { compareHashes, isHashDue, type StateHash } from '#node/state-hash.ts'

const LIMITS = { stateHashEntries: 100, stateHashMs: 1_000 }
const VOTERS = ['a', 'b', 'c']
const of = (sets: Readonly<Record<string, Readonly<Record<number, string>>>>) =>
  new Map(
    Object.entries(sets).map(([node, values]) => [
      node,
      Object.entries(values).map(([index, value]): StateHash => ({ index: Number(index), value })),
    ]),
  )

t.test('a hash is due each so many entries, and with the first of a period', async (t) => {
  t.ok(isHashDue(500, { index: 300, stamp: 501 }, LIMITS))
  t.notOk(isHashDue(500, { index: 301, stamp: 999.9 }, LIMITS))
  t.ok(isHashDue(999.9, { index: 301, stamp: 1_000 }, LIMITS))
  t.notOk(isHashDue(1_000, { index: 302, stamp: 1_000 }, LIMITS))
})

t.test('equal hashes, and hashes of different entries, say nothing', async (t) => {
  t.same(compareHashes(of({ a: { 100: 'x' }, b: { 100: 'x' }, c: { 200: 'y' } }), VOTERS), {
    type: 'equal',
  })
  t.same(compareHashes(new Map(), VOTERS), { type: 'equal' })
})

t.test('who is not with a quorum differs', async (t) => {
  const found = compareHashes(of({ a: { 100: 'x' }, b: { 100: 'y' }, c: { 100: 'x' } }), VOTERS)
  t.same(found, { type: 'differ', index: 100, nodes: ['b'] })
})

t.test('without a quorum nobody is named', async (t) => {
  const two = compareHashes(of({ a: { 100: 'x' }, b: { 100: 'y' } }), VOTERS)
  t.same(two, { type: 'disputed', index: 100 })
  const three = compareHashes(of({ a: { 1: 'x' }, b: { 1: 'y' }, c: { 1: 'z' } }), VOTERS)
  t.same(three, { type: 'disputed', index: 1 })
})

t.test('learners are judged, and are no witnesses', async (t) => {
  const found = compareHashes(
    of({ d: { 9: 'y' }, e: { 9: 'y' }, f: { 9: 'y' }, a: { 9: 'x' }, b: { 9: 'x' } }),
    VOTERS,
  )
  t.same(found, { type: 'differ', index: 9, nodes: ['d', 'e', 'f'] })
})

t.test('the newest index at which they differ decides', async (t) => {
  const a = { 100: 'x', 200: 'y' }
  const b = { 100: 'o', 200: 'y' }
  t.same(compareHashes(of({ a, b, c: { 100: 'x', 200: 'n' } }), VOTERS), {
    type: 'differ',
    index: 200,
    nodes: ['c'],
  })
})

// The story: under steady writes one of the other nodes had always told less than the newest, so that a node that
// differed saw one against one, for ever.
t.test('where not all have told yet, an older index decides', async (t) => {
  const [a, b] = [
    { 100: 'x', 200: 'p' },
    { 100: 'o', 200: 'q' },
  ]
  t.same(compareHashes(of({ a, b, c: { 100: 'x' } }), VOTERS), {
    ...{ type: 'differ', index: 100, nodes: ['b'] },
  })
  t.same(compareHashes(of({ a, b }), VOTERS), { type: 'disputed', index: 200 })
})
