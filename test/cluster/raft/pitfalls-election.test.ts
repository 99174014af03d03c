// The election pitfalls A1 … A17 that other implementations fell into; each test names the one it covers.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeat,
  only,
  preVote,
  preVoteReply,
  requestVote,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import {
  bytes,
  soloCandidate,
  soloFollower,
  soloLeader,
  soloSettledLeader,
  threeVoters,
} from '#test/support/raft-solo.ts'

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

t.test('A7: a pre-candidate has no leader and no votes of an earlier round', (t) => {
  const node = soloFollower({ configuration: configurationOf(['a', 'b', 'c', 'd', 'e']) })
  node.raft.step(heartbeat({ from: 'e', to: 'a', term: 1 }))
  node.raft.campaign()
  t.equal(node.raft.status().leader, null)
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 2 }))
  node.raft.campaign()
  node.raft.step(preVoteReply({ from: 'c', to: 'a', term: 2 }))
  t.equal(node.raft.status().role, 'preCandidate', 'two of five in this round')
  t.end()
})

t.test('A8: granting a pre-vote does not refresh the own election timer', (t) => {
  const node = soloFollower()
  const { electionTicksMin } = node.config
  for (let i = 1; i < electionTicksMin; i++) node.raft.tick()
  node.raft.step(preVote({ from: 'b', to: 'a', term: 1 }))
  node.raft.tick()
  t.equal(node.raft.status().role, 'preCandidate')
  t.end()
})

t.test('A8: a pre-vote of the node believed to lead is allowed', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.step(preVote({ from: 'b', to: 'a', term: 2 }))
  t.equal(only(node.run(), 'preVoteReply').granted, true)
  t.end()
})

t.test('A9: while a leader is fresh neither pre-votes nor votes disturb it', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.step(preVote({ from: 'c', to: 'a', term: 2 }))
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 2 }))
  t.strictSame(node.run(), [])
  t.match(node.raft.status(), { term: 1, leader: 'b', ignored: { leaderFresh: 2 } })
  for (let i = 0; i < node.config.electionTicksMin; i++) node.raft.tick()
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 2 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, true, 'no longer fresh')
  t.end()
})

t.test('A9: a leader that a quorum does not answer steps down (check-quorum)', (t) => {
  const node = soloSettledLeader()
  const { electionTicksMin } = node.config
  for (let i = 0; i < electionTicksMin; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'leader', 'it was answered in the first period')
  for (let i = 0; i < electionTicksMin; i++) node.raft.tick()
  t.match(node.raft.status(), { role: 'follower', leader: null, term: 1 })
  t.end()
})

t.test('A9: a partly connected node does not depose the leader of the others', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  const isCut = (x: string, y: string): boolean => `${x}${y}` === 'ac' || `${x}${y}` === 'ca'
  cluster.loses = (message) => isCut(message.from, message.to)
  cluster.tick(100)
  t.match(cluster.node('a').raft.status(), { role: 'leader', term: 1 })
  t.equal(cluster.node('c').raft.status().term, 1)
  t.end()
})

t.test('A10: a transfer campaigns without pre-vote and beats the leader’s freshness', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  t.equal(cluster.node('a').raft.transferLeadership('c'), 'c')
  cluster.settle()
  t.match(cluster.node('c').raft.status(), { role: 'leader', term: 2 })
  t.equal(cluster.node('a').raft.status().leader, 'c')
  t.end()
})

t.test('A10: a transfer first brings the target up to date, refuses proposals, and ends', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  const leader = cluster.elect('a')
  cluster.loses = (message) => message.to === 'c'
  cluster.propose('a', ['x'])
  cluster.settle()
  leader.raft.transferLeadership('c')
  t.match(leader.raft.propose([bytes(1)]), { ok: false, reason: 'transferring' })
  cluster.tick(leader.config.electionTicksMin)
  t.match(leader.raft.propose([bytes(1)]), { ok: true }, 'aborted after an election timeout')
  cluster.heal()
  cluster.tick(2)
  leader.raft.transferLeadership(null)
  cluster.settle()
  t.notMatch(cluster.leader?.id, /a/)
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

t.test('A12: nobody campaigns while a committed configuration is not applied', (t) => {
  const node = soloFollower()
  const configuration = entry(1, 1, '', 'configuration')
  node.raft.step(
    appendEntries({ from: 'b', to: 'a', term: 1, entries: [configuration], leaderCommit: 1 }),
  )
  node.pump()
  node.completeWrite()
  node.pump()
  node.raft.campaign()
  t.match(node.raft.status(), { role: 'follower', ignored: { notPromotable: 1 } })
  node.raft.advance({ type: 'configured', configuration: threeVoters })
  node.raft.advance({ type: 'applied', index: 1 })
  node.raft.campaign()
  t.equal(node.raft.status().role, 'preCandidate')
  t.end()
})

t.test('A12: the configurations to be applied are found again after a restart', (t) => {
  const node = soloFollower()
  const entries = [entry(1, 1, '', 'configuration')]
  const hardState = { currentTerm: 1, votedFor: null, commitIndex: 1 }
  node.disk.write({ hardState, entries, snapshot: null })
  node.crash()
  node.restart()
  node.raft.campaign()
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('A12: nobody campaigns while a snapshot is being installed', (t) => {
  const node = soloFollower()
  const snapshot = { ...node.disk.snapshot, lastIncludedIndex: 9, lastIncludedTerm: 1 }
  node.raft.step({ type: 'installSnapshot', from: 'b', to: 'a', term: 1, snapshot })
  node.pump()
  node.raft.campaign()
  t.equal(node.raft.status().role, 'follower')
  node.run()
  node.raft.campaign()
  t.equal(node.raft.status().role, 'preCandidate')
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

t.test('A15: a heartbeat of a newer term deposes a leader like any other message', (t) => {
  const node = soloLeader()
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 2 }))
  t.match(node.raft.status(), { role: 'follower', term: 2, leader: 'c' })
  t.end()
})

t.test('A16: after stepping down nothing is appended in the new term', (t) => {
  const node = soloLeader()
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 2 }))
  const { lastIndex } = node.raft.status()
  t.match(node.raft.propose([bytes(1)]), { ok: false, reason: 'notLeader', leader: 'c' })
  t.equal(node.raft.status().lastIndex, lastIndex)
  t.end()
})

t.test('A17: the timeout is drawn anew at every role change', (t) => {
  let draws = 0
  const random = { integer: () => draws++ % 6 }
  const node = soloFollower({ random })
  const before = draws
  node.raft.campaign()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 3 }))
  t.equal(draws - before, 3, 'pre-candidate, candidate, follower')
  t.end()
})

t.test('A17: a restarted node waits for one election timeout at most', (t) => {
  const random = { integer: (below: number) => below - 1 }
  const node = soloFollower({ random, log: [1], term: 1 })
  for (let i = 0; i < 2 * node.config.electionTicksMin - 1; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'preCandidate')
  t.end()
})

t.test('a leader whose connection died is forgotten, and pre-votes pass at once', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.reportUnreachable('c')
  t.equal(node.raft.status().leader, 'b', 'another peer’s connection says nothing')
  node.raft.reportUnreachable('b')
  t.match(node.raft.status(), { leader: null, term: 1, role: 'follower' })
  node.raft.step(preVote({ from: 'c', to: 'a', term: 2 }))
  t.equal(only(node.run(), 'preVoteReply').granted, true)
  node.raft.tick()
  t.equal(node.raft.status().role, 'preCandidate', 'and it soon asks itself')
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  t.match(node.raft.status(), { role: 'follower', leader: 'b' }, 'unless the leader lives')
  t.end()
})

// The timeout that was moved near stayed so when the leader turned out to live: one heartbeat interval of
// silence made a pre-candidate, and its reads failed.
t.test('a forgotten leader that is heard again has a whole election timeout', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.raft.reportUnreachable('b')
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  for (let i = 1; i < node.config.electionTicksMin; i++) node.raft.tick()
  t.match(node.raft.status(), { role: 'follower', leader: 'b' })
  node.raft.tick()
  t.equal(node.raft.status().role, 'preCandidate')
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
