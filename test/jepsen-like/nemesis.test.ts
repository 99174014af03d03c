import t from 'tap'
import { bothPlaces, faultName, orderTargets, uncovered, type FaultRecord } from '#chaos/nemesis.ts'
import { NEMESES } from '#chaos/registry.ts'

const [inside, outside] = bothPlaces('kill', 'one')
if (inside === undefined || outside === undefined) throw new Error('two places')

const record = (more: Partial<FaultRecord>): FaultRecord => ({
  ...{ ...inside, targets: ['n1'], detail: '', leaderBefore: 'n1', fromNs: 0, untilNs: 1 },
  ...more,
})

t.test('a fault counts only with the leader where it was said to be', async (t) => {
  const required = [inside, outside]
  t.same(uncovered(required, []), required)
  t.same(uncovered(required, [record({})]), [outside])
  t.same(uncovered(required, [record({ leaderBefore: 'n2' })]), required, 'the leader had moved')
  t.same(uncovered(required, [record({ leaderBefore: null })]), required, 'nobody led')
  const other = record({ leader: 'leader out', targets: ['n3'] })
  t.same(uncovered(required, [record({}), other]), [])
})

t.test('a fault of no region node needs no leader', async (t) => {
  const kind = { nemesis: 'rack-kill', variant: '', leader: null }
  t.same(uncovered([kind], [record({ ...kind, leaderBefore: null })]), [])
})

t.test('the leader is hit first, or last', async (t) => {
  t.same(orderTargets(inside, ['a', 'b', 'c'], 'b'), ['b', 'a', 'c'])
  t.same(orderTargets(outside, ['a', 'b', 'c'], 'b'), ['a', 'c', 'b'])
  t.same(orderTargets(inside, ['a', 'b', 'c'], null), ['a', 'b', 'c'])
})

t.test('every nemesis asks for faults of its own name, each once', async (t) => {
  for (const { name, required } of NEMESES) {
    const kinds = required(5)
    t.ok(kinds.length > 0, name)
    t.ok(kinds.every(({ nemesis }) => nemesis === name))
    t.equal(new Set(kinds.map(faultName)).size, kinds.length)
  }
})
