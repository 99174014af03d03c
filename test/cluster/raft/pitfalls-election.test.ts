// The pitfalls A7 … A10, A12, A15 … A17 that other implementations fell into: when a node campaigns, what
// it disturbs, when it steps down. Each test names the one it covers.
import t from 'tap'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeat,
  heartbeatReply,
  only,
  preVote,
  preVoteReply,
  requestVote,
} from '#test/support/raft-messages.ts'
import {
  acknowledge,
  bytes,
  soloFollower,
  soloLeader,
  soloSettledLeader,
  threeVoters,
} from '#test/support/raft-solo.ts'

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

t.test('A9: a follower that still waits grants a vote once its leader is no longer fresh', (t) => {
  const node = soloFollower({ random: { integer: () => 5 } })
  const { electionTicksMin } = node.config
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  for (let i = 1; i < electionTicksMin; i++) node.raft.tick()
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 2 }))
  t.strictSame(node.run(), [])
  node.raft.tick()
  t.match(node.raft.status(), { role: 'follower', leader: 'b' }, 'its own timeout is longer')
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 2 }))
  t.equal(only(node.run(), 'requestVoteReply').granted, true)
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
  t.ok(['b', 'c'].includes(cluster.leader?.id ?? 'nobody'))
  t.end()
})

t.test(
  'A10: a target that is behind is told to campaign when it has caught up, not before',
  (t) => {
    const node = soloSettledLeader()
    node.raft.propose([bytes(1)])
    node.run()
    node.raft.transferLeadership('c')
    t.equal(all(node.run(), 'timeoutNow').length, 0)
    acknowledge(node, ['c'])
    t.equal(only(node.run(), 'timeoutNow').to, 'c')
    t.end()
  },
)

// Right after a quorum check nobody counted as active, and a node that was just being started again was chosen.
t.test('A10: leadership goes to a follower that answers, whenever it is handed over', (t) => {
  const ticks = soloSettledLeader().config.electionTicksMin
  for (let more = 1; more <= ticks; more++) {
    const node = soloSettledLeader()
    for (let tick = 0; tick < ticks + more; tick++) {
      // `c` answers before each tick, `b` never.
      node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1 }))
      node.raft.tick()
    }
    t.equal(node.raft.transferLeadership(null), 'c', `${more} ticks later`)
  }
  t.end()
})

t.test('A10: a transfer has a whole election timeout, whenever it begins', (t) => {
  const node = soloSettledLeader()
  const { electionTicksMin } = node.config
  for (let i = 1; i < electionTicksMin; i++) node.raft.tick()
  node.raft.transferLeadership('b')
  for (let i = 1; i < electionTicksMin; i++) node.raft.tick()
  t.equal(node.raft.status().transferTo, 'b')
  node.raft.tick()
  t.equal(node.raft.status().transferTo, null)
  t.end()
})

// A leader whose transfer was asked for again and again refused proposals for ever, and checked no quorum.
t.test('A10: asking again for the same transfer gives it no more time', (t) => {
  for (const again of ['b', null]) {
    const node = soloSettledLeader()
    node.raft.transferLeadership('b')
    for (let i = 1; i <= 2 * node.config.electionTicksMin; i++) {
      node.raft.tick()
      if (i < node.config.electionTicksMin) t.equal(node.raft.transferLeadership(again), 'b')
    }
    t.match(node.raft.status(), { role: 'follower', transferTo: null })
  }
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

t.test(
  'A12: who is told to campaign too early campaigns when the configuration is applied',
  (t) => {
    const node = soloFollower()
    const entries = [entry(1, 1, '', 'configuration')]
    node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries, leaderCommit: 1 }))
    node.pump()
    node.completeWrite()
    node.pump()
    node.raft.step({ type: 'timeoutNow', from: 'b', to: 'a', term: 1 })
    t.equal(node.raft.status().role, 'follower')
    node.raft.advance({ type: 'configured', configuration: threeVoters })
    node.raft.advance({ type: 'applied', index: 1 })
    t.equal(node.raft.status().role, 'candidate')
    t.end()
  },
)

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
