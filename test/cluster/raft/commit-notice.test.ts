// Who is told of a commit by a message of its own, and when: each such message costs a follower a turn, and
// with the next entries it would come for nothing.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'

const IDS = ['a', 'b', 'c']
const COMMITTED = 'committed'

function setUp() {
  const cluster = new RaftCluster({ ids: IDS, config: { commitNoticeTicks: 1 } })
  const leader = cluster.elect('a')
  // The next tick is none with heartbeats, which carry the commit anyway.
  cluster.tick(2)
  const commitOf = (id: string): number => cluster.node(id).raft.status().commitIndex
  return { cluster, leader, commitOf }
}

t.test('nobody waits: the commit comes with the tick, or with the next entries', async (t) => {
  const { cluster, commitOf } = setUp()
  const first = cluster.propose('a', [COMMITTED])
  cluster.settle()
  t.same(IDS.map(commitOf), [first, first - 1, first - 1])
  cluster.propose('a', ['next'])
  cluster.settle()
  t.same(IDS.map(commitOf), [first + 1, first, first])
  cluster.tick()
  t.same(IDS.map(commitOf), [first + 1, first + 1, first + 1])
})

t.test('a peer whose client waits for the entry is told at once, the other is not', async (t) => {
  const { cluster, leader, commitOf } = setUp()
  const index = cluster.propose('a', [COMMITTED])
  leader.raft.wantCommit('b', index)
  cluster.settle()
  t.same(IDS.map(commitOf), [index, index, index - 1])
})

t.test('a peer that waits for a later entry is told of the earlier ones too', async (t) => {
  const { cluster, leader, commitOf } = setUp()
  const index = cluster.propose('a', [COMMITTED])
  leader.raft.wantCommit('b', index + 5)
  cluster.settle()
  t.equal(commitOf('b'), index)
})

t.test(
  'a follower that reads hears of the commit by the heartbeat that confirms its read',
  async (t) => {
    const { cluster, commitOf } = setUp()
    const index = cluster.propose('a', [COMMITTED])
    cluster.settle()
    cluster.node('c').raft.readIndex(1)
    cluster.settle()
    t.match(cluster.node('c').reads.at(-1), { requestId: 1, index })
    t.equal(commitOf('c'), index)
  },
)

t.test('a change of the configuration is told to everybody at once (D7)', async (t) => {
  const { cluster, leader, commitOf } = setUp()
  const to = configurationOf(['a', 'b'])
  const result = leader.raft.proposeConfiguration({ ...to, votersOutgoing: IDS, autoLeave: true })
  t.ok(result.ok)
  cluster.settle()
  const { commitIndex } = leader.raft.status()
  t.equal(leader.raft.status().configuration.votersOutgoing.length, 0)
  t.equal(commitOf('b'), commitIndex)
  t.ok(commitOf('c') >= commitIndex - 1, 'who goes knows the change that lets it go')
})

t.test('nobody is asked for what it was told already', async (t) => {
  const { cluster, leader } = setUp()
  const index = cluster.propose('a', [COMMITTED])
  leader.raft.wantCommit('b', index)
  cluster.settle()
  cluster.collect()
  t.equal(cluster.count('appendEntries'), 0)
  leader.raft.wantCommit('b', index)
  t.notOk(leader.raft.hasReady())
})
