// The pitfalls A1 … A6, A11, A13, A14 that other implementations fell into: what a vote or a refusal
// claims, when it may leave, whose counts. Each test names the one it covers.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  entry,
  heartbeat,
  only,
  preVote,
  preVoteReply,
  requestVote,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import { soloCandidate, soloFollower } from '#test/support/raft-solo.ts'

t.test('A1: a vote leaves only after term and vote are on disk, in one write', (t) => {
  const node = soloFollower()
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 4 }))
  node.pump()
  t.strictSame(node.take(), [], 'nothing leaves while the disk is busy')
  t.match(node.write?.hardState, { currentTerm: 4, votedFor: 'b' })
  node.completeWrite()
  t.equal(only(node.take(), 'requestVoteReply').granted, true)
  t.end()
})

t.test('A1: a vote in a term that is on disk already waits for the disk as well', (t) => {
  const node = soloFollower({ term: 4 })
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 4 }))
  node.pump()
  t.strictSame(node.take(), [], 'the term is there, the vote is not')
  t.match(node.write?.hardState, { currentTerm: 4, votedFor: 'b' })
  node.completeWrite()
  t.equal(only(node.take(), 'requestVoteReply').granted, true)
  t.end()
})

t.test('A1: after a crash before the write, no vote was given; after it, no second one is', (t) => {
  for (const keepsWrite of [false, true]) {
    const node = soloFollower()
    node.raft.step(requestVote({ from: 'b', to: 'a', term: 4 }))
    node.pump()
    node.crash({ keepsWrite })
    node.restart()
    node.raft.step(requestVote({ from: 'c', to: 'a', term: 4 }))
    t.equal(only(node.run(), 'requestVoteReply').granted, !keepsWrite)
  }
  t.end()
})

t.test('A2: a new term is written with the first entry of that term', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 7, entries: [entry(1, 7)] }))
  node.pump()
  t.equal(node.write?.hardState?.currentTerm, 7)
  t.equal(node.write?.entries.length, 1)
  t.end()
})

t.test('A2: a disk with an entry later than its term is refused at start', (t) => {
  t.throws(() => soloFollower({ log: [3], term: 2 }), /term later/)
  t.end()
})

t.test('A3: refusals wait for the disk too when they speak of a new term', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 2 }))
  node.raft.step(appendEntries({ from: 'c', to: 'a', term: 2, prevLogIndex: 5, prevLogTerm: 2 }))
  node.pump()
  t.strictSame(node.take(), [])
  node.completeWrite()
  const sent = node.take()
  t.equal(only(sent, 'requestVoteReply').granted, false)
  t.equal(only(sent, 'appendEntriesReply').success, false)
  t.end()
})

t.test('A4: the own vote counts only when it is on disk', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.pump()
  t.equal(node.raft.status().role, 'candidate')
  node.completeWrite()
  t.equal(node.raft.status().role, 'leader')
  t.end()
})

t.test('A4: a write of an older campaign is no vote in the present one', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.pump()
  node.raft.campaign()
  t.equal(node.raft.status().term, 2)
  node.completeWrite()
  t.equal(node.raft.status().role, 'candidate', 'the disk has term 1')
  node.run()
  t.match(node.raft.status(), { role: 'leader', term: 2 })
  t.end()
})

t.test('A4: votes of others make no leader whose own vote is not on disk', (t) => {
  const node = soloFollower()
  node.raft.campaign()
  node.run()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.pump()
  // No correct peer answers before it was asked; one that does must not bring us down either.
  for (const from of ['b', 'c']) node.raft.step(requestVoteReply({ from, to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'candidate')
  node.completeWrite()
  t.equal(node.raft.status().role, 'leader')
  t.end()
})

t.test('A4: requests for votes leave after the own vote is on disk', (t) => {
  const node = soloFollower()
  node.raft.campaign()
  node.run()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.pump()
  t.equal(all(node.take(), 'requestVote').length, 0)
  node.completeWrite()
  t.equal(all(node.take(), 'requestVote').length, 2)
  t.end()
})

t.test('A5: a pre-vote changes neither term nor vote', (t) => {
  const node = soloFollower({ term: 3 })
  node.raft.step(preVote({ from: 'b', to: 'a', term: 4 }))
  t.match(node.raft.status(), { term: 3, votedFor: null })
  node.pump()
  t.equal(node.write, null, 'nothing to write')
  t.end()
})

t.test('A5: a granted pre-vote carries the term asked for, a refused one the voter’s', (t) => {
  const node = soloFollower({ log: [1, 3], term: 3 })
  node.raft.step(preVote({ from: 'b', to: 'a', term: 9, lastLogIndex: 2, lastLogTerm: 3 }))
  t.match(only(node.run(), 'preVoteReply'), { granted: true, term: 9 })
  node.raft.step(preVote({ from: 'b', to: 'a', term: 9, lastLogIndex: 9, lastLogTerm: 1 }))
  t.match(only(node.run(), 'preVoteReply'), { granted: false, term: 3 })
  t.end()
})

t.test('A5: a grant for another term than the one asked for does not count', (t) => {
  const node = soloFollower({ term: 3 })
  node.raft.campaign()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 9 }))
  t.match(node.raft.status(), { role: 'preCandidate', term: 3, ignored: { staleReply: 1 } })
  t.end()
})

t.test('A6: a pre-vote of a lower term is refused, not dropped', (t) => {
  const node = soloFollower({ term: 5 })
  node.raft.step(preVote({ from: 'b', to: 'a', term: 3 }))
  t.match(only(node.run(), 'preVoteReply'), { granted: false, term: 5 })
  t.end()
})

t.test('A6: appends and heartbeats of a lower term are answered with the higher one', (t) => {
  for (const message of [
    heartbeat({ from: 'b', to: 'a', term: 3 }),
    appendEntries({ from: 'b', to: 'a', term: 3 }),
  ]) {
    const node = soloFollower({ term: 5 })
    node.raft.step(message)
    t.match(only(node.run(), 'appendEntriesReply'), { success: false, term: 5 })
  }
  t.end()
})

t.test('A6: a node stuck at a higher term is taken back by the leader’s answer', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  const c = cluster.node('c')
  c.crash()
  c.disk.hardState = { ...c.disk.hardState, currentTerm: 9 }
  c.restart()
  cluster.tick(30)
  const statuses = cluster.up.map((node) => node.raft.status())
  t.ok(statuses.every((status) => status.term >= 9 && status.leader === statuses[0]?.leader))
  t.end()
})

t.test('A11: logs are compared by term first, then by index', (t) => {
  const node = soloFollower({ log: [1, 1, 2], term: 2 })
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 3, lastLogIndex: 99, lastLogTerm: 1 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, false, 'longer, but older')
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 3, lastLogIndex: 1, lastLogTerm: 3 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, true, 'shorter, but newer')
  t.end()
})

t.test('A13: a learner votes when asked, but never campaigns', (t) => {
  const configuration = configurationOf(['b', 'c'], { learners: ['a'] })
  const node = soloFollower({ configuration })
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 1 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, true)
  for (let i = 0; i < 30; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('A14: one vote counts per peer, the first one, and none of a stranger', (t) => {
  const configuration = configurationOf(['a', 'b', 'c', 'd', 'e'], { learners: ['l'] })
  const node = soloCandidate({ configuration })
  for (const from of ['b', 'b', 'l', 'x']) {
    node.raft.step(requestVoteReply({ from, to: 'a', term: 1 }))
  }
  t.match(node.raft.status(), { role: 'candidate', ignored: { notMember: 2 } })
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 1, granted: false }))
  node.raft.step(requestVoteReply({ from: 'c', to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'leader', 'b’s first answer stands')
  t.end()
})

t.test('answers of an older term that wait for the disk are dropped with the term', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  node.pump()
  node.raft.step(
    appendEntries({
      from: 'b',
      to: 'a',
      term: 1,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [entry(2, 1)],
    }),
  )
  node.raft.step(
    appendEntries({
      from: 'c',
      to: 'a',
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [entry(2, 2)],
    }),
  )
  const replies = all(node.run(), 'appendEntriesReply')
  t.strictSame(
    replies.map(({ term, index }) => [term, index]),
    [
      [1, 1],
      [2, 2],
    ],
    'entry 2 of term 1 was never on disk and is never acknowledged',
  )
  t.end()
})
