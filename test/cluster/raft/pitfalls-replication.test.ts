// The pitfalls B1 … B15 of replication and commit that other implementations fell into; each test names
// the one it covers.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeatReply,
  only,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import {
  acknowledge,
  bytes,
  soloFollower,
  soloLeader,
  soloSettledLeader,
} from '#test/support/raft-solo.ts'

t.test('B1: a new leader appends an empty entry and commits nothing older before it', (t) => {
  const node = soloLeader({ log: [1, 1], term: 1 })
  t.equal(node.disk.entries.at(-1)?.kind, 'empty')
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 2, index: 2 }))
  t.equal(node.raft.status().commitIndex, 0)
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 2, index: 3 }))
  t.equal(node.raft.status().commitIndex, 3)
  t.end()
})

t.test('B2: a follower commits no further than what the message verified', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 1, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 2, ...prev, leaderCommit: 3 }))
  t.equal(node.raft.status().commitIndex, 1, 'entries 2 and 3 may differ from the leader’s')
  t.end()
})

t.test('B2: a heartbeat tells a peer min(match, commit)', (t) => {
  const node = soloLeader({ log: [1, 1], term: 1 })
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 2, index: 3 }))
  node.run()
  node.raft.tick()
  node.raft.tick()
  t.strictSame(
    all(node.run(), 'heartbeat').map(({ to, leaderCommit }) => [to, leaderCommit]),
    [
      ['b', 3],
      ['c', 0],
    ],
  )
  t.end()
})

t.test('B3: a late duplicate of an older append erases nothing', (t) => {
  const node = soloFollower()
  const first = appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] })
  node.raft.step(first)
  node.raft.step(
    appendEntries({
      from: 'b',
      to: 'a',
      term: 1,
      entries: [entry(1, 1), entry(2, 1), entry(3, 1)],
    }),
  )
  node.raft.step(first)
  node.run()
  t.equal(node.disk.lastIndex, 3)
  t.end()
})

t.test('B4: a follower acknowledges what it was sent, not the end of its log', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 1, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 2, ...prev }))
  t.match(only(node.run(), 'appendEntriesReply'), { success: true, index: 1 })
  t.end()
})

t.test('B5: the leader counts itself only as far as its disk has it', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.pump()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 2 }))
  t.equal(node.raft.status().commitIndex, 1, 'one of three disks has it')
  node.completeWrite()
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})

t.test('B5: a quorum of others commits without the leader’s disk, which applies later', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.pump()
  acknowledge(node, ['b', 'c'])
  t.equal(node.raft.status().commitIndex, 2)
  node.pump()
  t.equal(node.toApply.length, 0, 'a crash could still take it back here')
  node.completeWrite()
  node.pump()
  t.equal(node.toApply.length, 1)
  t.end()
})

t.test('B6: a single voter commits nothing before it is on disk', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.run()
  node.raft.propose([bytes(1)])
  node.pump()
  t.match(node.raft.status(), { lastIndex: 2, commitIndex: 1 })
  node.completeWrite()
  t.equal(node.raft.status().commitIndex, 2)
  node.run()
  t.equal(node.appliedIndex, 2)
  t.end()
})

t.test('B6: a write that completes commits what it held, not what was proposed meanwhile', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.run()
  node.raft.propose([bytes(1)])
  node.pump()
  node.raft.propose([bytes(1)])
  node.completeWrite()
  t.match(node.raft.status(), { lastIndex: 3, commitIndex: 2 })
  t.end()
})

t.test(
  'B7: a diverged follower of many entries is found in a probe per term, not per entry',
  (t) => {
    const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
    const shared = [1, 1, 1]
    const logs = {
      a: [...shared, ...Array<number>(200).fill(2), ...Array<number>(200).fill(5)],
      b: [...shared, ...Array<number>(300).fill(3), ...Array<number>(300).fill(4)],
    }
    for (const [id, terms] of Object.entries(logs)) {
      const node = cluster.node(id)
      node.crash()
      const entries = terms.map((term, i) => entry(i + 1, term))
      const hardState = { currentTerm: 5, votedFor: null, commitIndex: 0 }
      node.disk.write({ hardState, entries, snapshot: null })
      node.restart()
    }
    let refusals = 0
    cluster.loses = (message) => {
      if (message.type === 'appendEntriesReply' && message.from === 'b' && !message.success)
        refusals++
      return false
    }
    cluster.elect('a')
    t.equal(cluster.node('b').disk.lastIndex, cluster.node('a').disk.lastIndex)
    t.ok(refusals <= 3, `${refusals} refusals`)
    t.end()
  },
)

t.test('B8: an append that begins below the commit is answered with the commit', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 3, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...prev, leaderCommit: 3 }))
  node.run()
  node.compact(2)
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  t.match(only(node.run(), 'appendEntriesReply'), { success: true, index: 3 })
  t.equal(node.disk.lastIndex, 3)
  t.end()
})

t.test('B8: the compacted boundary still proves a match', (t) => {
  const node = soloSettledLeader()
  node.compact()
  t.match(node.raft.propose([bytes(1)]), { ok: true })
  const append = all(node.run(), 'appendEntries')[0]
  t.match(append, { prevLogIndex: 1, prevLogTerm: 1 })
  t.end()
})

t.test('B9: through a full window a heartbeat reply lets one empty append pass', (t) => {
  const node = soloSettledLeader({ config: { inflightMessagesMax: 2 } })
  for (let i = 0; i < 4; i++) {
    node.raft.propose([bytes(1)])
    node.run()
  }
  t.equal(node.raft.status().peers[0]?.inflightCount, 2)
  for (let round = 0; round < 2; round++) {
    node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1 }))
    const append = only(node.run(), 'appendEntries')
    t.match(append, { to: 'b', prevLogIndex: 3 })
    t.strictSame(append.entries, [])
    t.equal(node.raft.hasReady(), false, 'one only')
  }
  node.raft.step(
    appendEntriesReply({
      from: 'b',
      to: 'a',
      term: 1,
      success: false,
      index: 3,
      hintIndex: 1,
      hintTerm: 1,
    }),
  )
  const again = only(node.run(), 'appendEntries')
  t.equal(again.entries[0]?.index, 2, 'the lost window is sent again')
  t.end()
})

t.test('B10: a caught-up follower leaves the probe state after a heartbeat', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  const leader = cluster.elect('a')
  leader.raft.reportUnreachable('b')
  leader.run()
  t.equal(leader.raft.status().peers[0]?.state, 'probe', 'the probe is lost')
  cluster.tick(3)
  t.equal(leader.raft.status().peers[0]?.state, 'replicate')
  t.end()
})

t.test('B11: a follower that lacks what is compacted gets the snapshot, then the rest', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  const leader = cluster.elect('a')
  cluster.partition(['c'])
  cluster.propose('a', ['1', '2', '3'])
  cluster.settle()
  leader.compact()
  cluster.propose('a', ['4'])
  cluster.settle()
  cluster.heal()
  cluster.tick(5)
  t.match(leader.raft.status().peers[1], { id: 'c', state: 'replicate', matchIndex: 5 })
  const c = cluster.node('c')
  t.equal(c.disk.snapshot.lastIncludedIndex, 4)
  t.strictSame(cluster.commands('c'), ['4'], 'only what came after the snapshot')
  t.end()
})

t.test('B11: an older snapshot than the one sent will do when it reaches the log', (t) => {
  const node = soloSettledLeader()
  for (let i = 0; i < 4; i++) node.raft.propose([bytes(1)])
  node.run()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 5 }))
  node.run()
  node.compact(4)
  // c refuses in a way that takes it below the compacted part.
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, success: false, index: 5 }))
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1 }))
  const sent = node.run()
  t.equal(only(sent, 'installSnapshot').snapshot.lastIncludedIndex, 4)
  node.compact(5)
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, index: 4 }))
  t.match(node.raft.status().peers[1], { state: 'snapshot', matchIndex: 4 }, 'not yet')
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, index: 5 }))
  t.match(node.raft.status().peers[1], { state: 'replicate', matchIndex: 5 })
  t.end()
})

t.test('B12: acknowledgements of an earlier leadership are ignored', (t) => {
  const node = soloLeader({ log: [1, 1], term: 4 })
  t.equal(node.raft.status().term, 5)
  for (const from of ['b', 'c']) {
    node.raft.step(appendEntriesReply({ from, to: 'a', term: 4, index: 3 }))
  }
  t.match(node.raft.status(), { commitIndex: 0, ignored: { staleTerm: 2 } })
  t.end()
})

t.test('B12: a restarted node sends nothing of its earlier life', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  node.pump()
  node.crash({ keepsWrite: true })
  node.restart()
  t.strictSame(node.run(), [])
  t.end()
})

t.test('B14: proposals above the quota are refused as a whole, smaller ones go on', (t) => {
  const node = soloSettledLeader({ config: { uncommittedBytesMax: 1_000 } })
  t.match(node.raft.propose([bytes(500)]), { ok: true, index: 2 })
  const refused = node.raft.propose([bytes(1), bytes(400)])
  t.match(refused, { ok: false, reason: 'tooManyUncommitted' })
  t.equal(node.raft.status().lastIndex, 2, 'all or none')
  t.match(node.raft.propose([bytes(100)]), { ok: true, index: 3 })
  acknowledge(node, ['b'])
  node.run()
  t.equal(node.raft.status().uncommittedBytes, 0)
  t.match(node.raft.propose([bytes(5_000)]), { ok: true }, 'one always fits an empty log')
  t.end()
})

t.test('B14: a new leader’s empty entry passes whatever is uncommitted', (t) => {
  const node = soloLeader({
    log: Array<number>(50).fill(1),
    term: 1,
    config: { uncommittedBytesMax: 10 },
  })
  t.match(node.raft.status(), { role: 'leader', lastIndex: 51 })
  t.end()
})

t.test('B15: a leader that is not a voter does not count itself', (t) => {
  const node = soloSettledLeader()
  const configuration = configurationOf(['b', 'c'], { votersOutgoing: ['a', 'b', 'c'] })
  node.raft.advance({ type: 'configured', configuration })
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 2 }))
  t.equal(node.raft.status().commitIndex, 1, 'a and b are no majority of {b, c}')
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, index: 2 }))
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})
