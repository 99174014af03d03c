import t from 'tap'
import {
  type Answer,
  isHealthy,
  newest,
  type NodeStatus,
  withOwnRows,
} from '#tools/commands/region-status.ts'

function node(id: string, set: Partial<NodeStatus> = {}): NodeStatus {
  return {
    ...{ id, role: 'follower', voter: true, applied: 5, commit: 5, lag: 0, reachable: true },
    ...{ fsync_p99_ms: null, condition: 'ok', reason: null, alarm: 'none' },
    ...set,
  }
}

function answer(id: string, set: Partial<Answer> = {}): Answer {
  const nodes = [node('a', { role: 'leader' }), node('b'), node('c')]
  return { ...{ cluster_id: 'x', node_id: id, leader: 'a', term: 2, nodes }, ...set }
}

t.test('a leader with a majority of the voters is healthy', async (t) => {
  t.ok(isHealthy(answer('a')))
  t.notOk(isHealthy(answer('a', { leader: null })))
  const down = { reachable: false }
  t.ok(isHealthy(answer('a', { nodes: [node('a'), node('b'), node('c', down)] })))
  t.notOk(isHealthy(answer('a', { nodes: [node('a'), node('b', down), node('c', down)] })))
  t.notOk(isHealthy(answer('a', { nodes: [node('a', down), node('b'), node('c')] })))
  const reseeding = node('c', { condition: 'reseeding', reason: 'its log is empty' })
  t.notOk(isHealthy(answer('a', { nodes: [node('a'), node('b', down), reseeding] })), 'no vote')
  const learner = node('d', { voter: false, reachable: false })
  t.ok(isHealthy(answer('a', { nodes: [node('a'), node('b'), node('c', down), learner] })))
})

t.test('who knows a leader is believed, the highest term first', async (t) => {
  const lost = answer('c', { leader: null, term: 9 })
  const old = answer('b', { term: 1 })
  t.equal(newest([lost, old, answer('a')])?.term, 2)
  t.equal(newest([lost])?.term, 9)
  t.equal(newest([]), null)
})

t.test('a node is believed about itself; the lag is counted anew', async (t) => {
  const a = answer('a', { nodes: [node('a', { applied: 9, commit: 9 }), node('b'), node('c')] })
  const b = answer('b', { nodes: [node('a'), node('b', { applied: 8, commit: 9 }), node('c')] })
  const merged = withOwnRows(a, [a, b])
  t.same(
    merged?.nodes.map(({ id, applied, lag }) => [id, applied, lag]),
    [
      ['a', 9, 0],
      ['b', 8, 1],
      ['c', 5, 4],
    ],
  )
  t.equal(withOwnRows(null, []), null)
})
