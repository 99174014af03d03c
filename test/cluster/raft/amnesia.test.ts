// A node that knows that its disk lost what it had promised (pitfall C10): what it may not do, what a leader
// does not count, and how it comes back. The last test loses a whole disk in a running cluster.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf, RaftDisk } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeat,
  heartbeatReply,
  only,
  preVote,
  requestVote,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import { bytes, soloFollower, soloLeader, soloSettledLeader } from '#test/support/raft-solo.ts'

t.test('C10: a node that forgot grants no vote and no pre-vote', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.forget(3)
  node.raft.step(preVote({ from: 'b', to: 'a', term: 2, lastLogIndex: 9, lastLogTerm: 1 }))
  t.equal(only(node.run(), 'preVoteReply').granted, false)
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 2, lastLogIndex: 9, lastLogTerm: 1 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, false)
  t.equal(node.raft.status().term, 2, 'the term is taken over all the same')
  t.end()
})

t.test('C10: a node that forgot never campaigns, not even when its leader tells it to', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.forget(3)
  for (let tick = 0; tick < 100; tick++) node.raft.tick()
  t.strictSame(node.run(), [])
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.raft.step({ type: 'timeoutNow', from: 'b', to: 'a', term: 1 })
  node.run()
  node.raft.recover()
  const news = { prevLogIndex: 1, prevLogTerm: 1, entries: [entry(2, 1)], leaderCommit: 2 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...news }))
  t.strictSame(all(node.run(), 'requestVote'), [], 'nor does it make up for it later')
  t.end()
})

t.test('C10: a leader that learns that it forgot leads no more', (t) => {
  const node = soloSettledLeader()
  node.raft.forget(3)
  t.match(node.raft.status(), { role: 'follower', leader: null, amnesia: 3 })
  t.end()
})

t.test('C10: every reply of a node that forgot carries the life in which it did', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.forget(3)
  const from = { from: 'b', to: 'a', term: 1 }
  node.raft.step(appendEntries({ ...from, prevLogIndex: 1, prevLogTerm: 1 }))
  t.match(only(node.run(), 'appendEntriesReply'), { success: true, index: 1, amnesia: 3 })
  node.raft.step(appendEntries({ ...from, prevLogIndex: 7, prevLogTerm: 1 }))
  t.match(only(node.run(), 'appendEntriesReply'), { success: false, amnesia: 3 })
  node.raft.step(heartbeat(from))
  t.match(only(node.run(), 'heartbeatReply'), { amnesia: 3 })
  node.raft.recover()
  node.raft.step(heartbeat(from))
  t.notOk('amnesia' in only(node.run(), 'heartbeatReply'))
  t.end()
})

t.test('C10: what a node that forgot holds commits nothing', (t) => {
  const node = soloLeader()
  const from = { from: 'b', to: 'a', term: 1 }
  node.raft.step(appendEntriesReply({ ...from, index: 1, amnesia: 3 }))
  node.run()
  t.equal(node.raft.status().commitIndex, 0)
  t.equal(node.raft.status().peers[0]?.matchIndex, 1, 'but it is known, and brought forward')
  node.raft.step(heartbeatReply(from))
  t.equal(node.raft.status().commitIndex, 1, 'it counts as soon as it has recovered')
  t.end()
})

t.test('C10: it confirms no read and is no part of the quorum check', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(7)
  node.run()
  const reply = { from: 'b', to: 'a', term: 1, readRound: 1 }
  node.raft.step(heartbeatReply({ ...reply, amnesia: 3 }))
  node.run()
  t.strictSame(node.reads, [], 'it may have forgotten a later term')
  for (let tick = 0; tick < 2 * node.config.electionTicksMin; tick++) {
    node.raft.step(heartbeatReply({ ...reply, amnesia: 3 }))
    node.raft.tick()
  }
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('C10: nobody hands leadership to it', (t) => {
  const node = soloSettledLeader()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 1, amnesia: 3 }))
  t.equal(node.raft.transferLeadership('b'), null)
  t.equal(node.raft.transferLeadership(null), 'c')
  t.end()
})

t.test('C10: what it had acknowledged before is forgotten with it', (t) => {
  const node = soloSettledLeader()
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, amnesia: 3 }))
  t.equal(node.raft.status().peers[0]?.matchIndex, 0)
  node.raft.step(
    appendEntriesReply({ from: 'b', to: 'a', term: 1, success: false, index: 1, amnesia: 3 }),
  )
  node.run()
  t.equal(node.raft.status().peers[0]?.nextIndex, 1)
  t.test('a second loss too', (t) => {
    node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 1, amnesia: 3 }))
    t.equal(node.raft.status().peers[0]?.matchIndex, 1)
    node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, amnesia: 4 }))
    t.equal(node.raft.status().peers[0]?.matchIndex, 0)
    node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 1, amnesia: 3 }))
    t.equal(node.raft.status().peers[0]?.matchIndex, 0, 'a reply of the life before')
    t.end()
  })
  t.end()
})

t.test('C10: once it has recovered it votes, but not in the term it may have voted in', (t) => {
  const node = soloFollower({ log: [1], term: 4 })
  node.raft.forget(3)
  node.raft.recover()
  node.run()
  t.ok(node.raft.status().isVoteDurable)
  t.equal(node.disk.hardState.votedFor, 'a')
  const log = { lastLogIndex: 9, lastLogTerm: 4 }
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 4, ...log }))
  t.equal(only(node.run(), 'requestVoteReply').granted, false)
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 5, ...log }))
  t.equal(only(node.run(), 'requestVoteReply').granted, true)
  t.end()
})

t.test('C10: a wiped node is re-seeded, and elects nobody before', (t) => {
  const ids = ['a', 'b', 'c']
  const cluster = new RaftCluster({ ids, seed: 5 })
  cluster.node('a').raft.campaign()
  cluster.settle()
  // `c` misses what `a` and `b` commit; then `b` loses its disk and `a` dies.
  cluster.loses = (message) => message.to === 'c'
  cluster.node('a').raft.propose([bytes(4)])
  cluster.settle()
  const committed = cluster.node('a').raft.status().commitIndex
  cluster.node('a').crash()
  cluster.node('b').crash()
  const configuration = configurationOf(ids)
  const wiped = new RaftNode({ id: 'b', configuration, disk: new RaftDisk(configuration) })
  cluster.nodes.set('b', wiped)
  wiped.raft.forget(2)
  cluster.loses = () => false
  for (let tick = 0; tick < 200; tick++) {
    for (const id of ['b', 'c']) cluster.node(id).raft.tick()
    cluster.settle()
  }
  t.equal(cluster.leader, undefined, '`c` lacks a committed entry and must not lead')
  cluster.node('a').restart()
  cluster.node('a').raft.campaign()
  cluster.settle()
  t.equal(cluster.leader?.id, 'a')
  t.ok(wiped.raft.status().commitIndex > committed, 'the leader has brought it up to date')
  t.end()
})
