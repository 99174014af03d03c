// The pitfalls of membership D1 … D12, as far as the core has them; each test names the one it covers.
import t from 'tap'
import { decodeConfiguration, encodeConfiguration } from '#raft/membership.ts'
import type { MessageType } from '#raft/message.ts'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeatReply,
  only,
  preVoteReply,
  requestVote,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import type { RaftNode } from '#test/support/raft-node.ts'
import {
  acknowledge,
  bytes,
  soloFollower,
  soloLeader,
  soloSettledLeader,
  threeVoters,
} from '#test/support/raft-solo.ts'

const FIVE = ['a', 'b', 'c', 'd', 'e']

/** Voters a, b, c led by a; d and e are there and belong to nothing yet. */
function clusterOfThree(): { readonly cluster: RaftCluster; readonly leader: RaftNode } {
  const cluster = new RaftCluster({ ids: FIVE, configuration: threeVoters })
  return { cluster, leader: cluster.elect('a') }
}

function configurationsApplied(node: RaftNode) {
  const entries = node.applied.filter(({ kind }) => kind === 'configuration')
  return entries.map(({ data }) => decodeConfiguration(data))
}

t.test('D1: no configuration is proposed before the first commit of the term', (t) => {
  const node = soloLeader()
  t.match(node.raft.changeMembership({ addLearners: ['d'] }), { reason: 'notCommittedInTerm' })
  acknowledge(node, ['b'])
  t.match(node.raft.changeMembership({ addLearners: ['d'] }), { ok: true, index: 2 })
  t.end()
})

t.test('D2: one configuration at a time, until it is applied; learners count too', (t) => {
  const node = soloSettledLeader()
  t.match(node.raft.changeMembership({ addLearners: ['d'] }), { ok: true })
  t.match(node.raft.changeMembership({ addLearners: ['e'] }), { ok: false, reason: 'pending' })
  node.pump()
  node.completeWrite()
  acknowledge(node, ['b'])
  node.pump()
  const committed = node.raft.changeMembership({ addLearners: ['e'] })
  t.match(committed, { ok: false, reason: 'pending' }, 'committed is not applied')
  node.run()
  t.match(node.raft.changeMembership({ addLearners: ['e'] }), { ok: true })
  t.end()
})

t.test('D3: a configuration counts when it is applied, and a replaced one is gone', (t) => {
  const node = soloSettledLeader()
  node.raft.changeMembership({ addLearners: ['d'] })
  t.strictSame(node.raft.status().configuration, threeVoters)
  const replaced = appendEntries({
    from: 'b',
    to: 'a',
    term: 2,
    prevLogIndex: 1,
    prevLogTerm: 1,
    entries: [entry(2, 2)],
    leaderCommit: 2,
  })
  node.raft.step(replaced)
  node.run()
  t.strictSame(node.raft.status().configuration, threeVoters)
  node.raft.campaign()
  t.equal(node.raft.status().role, 'preCandidate', 'no pending configuration is left')
  t.end()
})

t.test('D4: in a joint configuration elections and reads need both majorities', (t) => {
  const configuration = configurationOf(['a', 'b', 'c'], { votersOutgoing: ['a', 'd', 'e'] })
  const node = soloFollower({ configuration })
  node.raft.campaign()
  node.run()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'preCandidate')
  node.raft.step(preVoteReply({ from: 'd', to: 'a', term: 1 }))
  node.run()
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.raft.step(requestVoteReply({ from: 'c', to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'candidate')
  node.raft.step(requestVoteReply({ from: 'e', to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'leader')
  node.run()
  acknowledge(node, ['b', 'c'])
  t.equal(node.raft.status().commitIndex, 0)
  acknowledge(node, ['d'])
  t.equal(node.raft.status().commitIndex, 1)
  node.raft.readIndex(1)
  node.run()
  for (const from of ['b', 'c', 'd']) {
    t.strictSame(node.reads, [])
    node.raft.step(heartbeatReply({ from, to: 'a', term: 1, readRound: 1 }))
    node.run()
  }
  t.equal(node.reads.length, 1)
  t.end()
})

t.test('D4: a leader steps down that one of the two majorities does not answer', (t) => {
  const configuration = configurationOf(['a', 'b', 'c'], { votersOutgoing: ['a', 'd', 'e'] })
  const node = soloLeader({ configuration })
  const period = (answering: readonly string[]): void => {
    for (let tick = 0; tick < node.config.electionTicksMin; tick++) {
      for (const from of answering) node.raft.step(heartbeatReply({ from, to: 'a', term: 1 }))
      node.raft.tick()
    }
  }
  period(['b', 'd'])
  t.equal(node.raft.status().role, 'leader')
  period(['b', 'c'])
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('D5: a joint configuration is left once by whoever leads when it is applied', (t) => {
  const { cluster, leader } = clusterOfThree()
  leader.raft.changeMembership({ addLearners: ['d'] })
  cluster.tick(3)
  t.match(leader.raft.changeMembership({ promote: ['d'], demote: ['a'] }), { ok: true })
  cluster.propose('a', ['between'])
  cluster.tick(10)
  const final = configurationOf(['b', 'c', 'd'], { learners: ['a'] })
  for (const id of ['b', 'c', 'd']) {
    t.strictSame(cluster.node(id).raft.status().configuration, final, id)
  }
  const joint = configurationOf(['b', 'c', 'd'], {
    votersOutgoing: ['a', 'b', 'c'],
    learnersNext: ['a'],
    autoLeave: true,
  })
  t.strictSame(configurationsApplied(cluster.node('b')).slice(1), [joint, final])
  t.end()
})

t.test('D5: a new leader leaves the joint configuration that it inherits', (t) => {
  const { cluster, leader } = clusterOfThree()
  leader.raft.changeMembership({ addLearners: ['d'] })
  cluster.tick(3)
  t.match(leader.raft.changeMembership({ promote: ['d'] }), { ok: true })
  // The others have the entry; the leader dies before it hears so.
  for (const message of leader.run()) cluster.deliver(message)
  leader.crash()
  cluster.settle()
  const heir = cluster.elect('b')
  cluster.tick(5)
  t.strictSame(heir.raft.status().configuration, configurationOf(FIVE.slice(0, 4)))
  t.end()
})

t.test('D6: a demoted voter counts on the outgoing side until the joint is left', (t) => {
  const configuration = configurationOf(['a', 'b'], {
    votersOutgoing: ['a', 'b', 'c', 'd', 'e'],
    learnersNext: ['c'],
  })
  const node = soloLeader({ configuration })
  acknowledge(node, ['b'])
  t.equal(node.raft.status().commitIndex, 0, 'two of five on the outgoing side')
  acknowledge(node, ['c'])
  t.equal(node.raft.status().commitIndex, 1)
  t.end()
})

t.test(
  'D7: a removed leader hands over after its removal is committed, and does not count',
  (t) => {
    const { cluster, leader } = clusterOfThree()
    cluster.propose('a', ['x'])
    cluster.settle()
    t.match(leader.raft.changeMembership({ remove: ['a'] }), { ok: true })
    cluster.settle()
    t.match(leader.raft.status(), { role: 'follower' })
    cluster.tick(3)
    t.ok(['b', 'c'].includes(cluster.leader?.id ?? ''))
    t.strictSame(cluster.leader?.raft.status().configuration, configurationOf(['b', 'c']))
    leader.raft.campaign()
    t.equal(leader.raft.status().role, 'follower', 'who is no voter does not campaign')
    t.end()
  },
)

t.test('D7: a leader leads on until the configuration without it is committed', (t) => {
  const { cluster, leader } = clusterOfThree()
  leader.raft.changeMembership({ remove: ['a'] })
  cluster.partition(['a'])
  cluster.tick(2)
  t.equal(leader.raft.status().role, 'leader')
  t.equal(leader.raft.status().configuration.voters.length, 3, 'nothing is committed alone')
  cluster.heal()
  cluster.tick(3)
  t.equal(leader.raft.status().role, 'follower')
  t.end()
})

t.test('D7: a removed follower hears that its removal is committed, and is quiet', (t) => {
  const { cluster, leader } = clusterOfThree()
  leader.raft.changeMembership({ remove: ['c'] })
  cluster.settle()
  t.strictSame(cluster.node('c').raft.status().configuration, configurationOf(['a', 'b']))
  const sent: MessageType[] = []
  cluster.loses = (message) => {
    if (message.from === 'c') sent.push(message.type)
    return false
  }
  cluster.tick(40)
  t.strictSame(sent, [], 'no pre-vote of a node that knows it is out')
  t.equal(cluster.leader?.id, 'a')
  t.end()
})

// Found by random-membership.test.ts: the voters that stay need the vote of one that went, and it has more
// log than they do. It refuses them, and does not campaign: nobody would ever lead again.
t.test('D7: who needs the vote of a removed node learns from its refusal that it is out', (t) => {
  const joint = configurationOf(['a'], { votersOutgoing: ['a', 'b'], autoLeave: true })
  const node = soloFollower({ configuration: joint })
  const data = encodeConfiguration(configurationOf(['a']))
  const leave = { ...entry(1, 1, '', 'configuration'), data }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [leave] }))
  node.run()
  t.strictSame(node.raft.status().configuration, joint, 'not yet known to be committed')
  const campaign = (): void => {
    for (let tick = 0; tick < node.config.electionTicksMin; tick++) node.raft.tick()
    node.run()
  }
  campaign()
  t.equal(node.raft.status().role, 'preCandidate')
  const refusal = { from: 'b', to: 'a', term: 1, granted: false }
  node.raft.step(preVoteReply({ ...refusal, commitIndex: 1, commitTerm: 1 }))
  node.run()
  t.match(node.raft.status(), { role: 'follower', configuration: configurationOf(['a']) })
  campaign()
  t.equal(node.raft.status().role, 'leader')
  t.end()
})

t.test('D7: a refused candidate is told what is committed', (t) => {
  const node = soloSettledLeader()
  node.raft.step(requestVote({ from: 'b', to: 'a', term: 2, forced: true }))
  const hint = { commitIndex: 1, commitTerm: 1 }
  t.match(only(node.run(), 'requestVoteReply'), { granted: false, ...hint })
  t.end()
})

t.test('D7: a word about a commit that this log does not hold is not believed', (t) => {
  const node = soloFollower({ log: [1, 1], term: 1 })
  const reply = { from: 'b', to: 'a', term: 1, granted: false }
  node.raft.step(requestVoteReply({ ...reply, commitIndex: 2, commitTerm: 2 }))
  node.raft.step(requestVoteReply({ ...reply, commitIndex: 3, commitTerm: 1 }))
  t.equal(node.raft.status().commitIndex, 0)
  node.raft.step(requestVoteReply({ ...reply, commitIndex: 2, commitTerm: 1 }))
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})

t.test('D8: a voter was a learner before, and only when it has caught up', (t) => {
  const { cluster, leader } = clusterOfThree()
  t.match(leader.raft.changeMembership({ promote: ['d'] }), { ok: false, reason: 'invalid' })
  const direct = configurationOf(['a', 'b', 'c', 'd'], {
    votersOutgoing: ['a', 'b', 'c'],
    autoLeave: true,
  })
  t.match(leader.raft.proposeConfiguration(direct), { ok: false, reason: 'invalid' })
  cluster.partition(['d'])
  leader.raft.changeMembership({ addLearners: ['d'] })
  cluster.settle()
  t.match(leader.raft.changeMembership({ promote: ['d'] }), { ok: false, reason: 'notCaughtUp' })
  cluster.heal()
  cluster.tick(3)
  t.match(leader.raft.changeMembership({ promote: ['d'] }), { ok: true })
  t.end()
})

t.test('D8: a learner that lacks more than the limit or fell silent has not caught up', (t) => {
  const configuration = configurationOf(['a', 'b', 'c'], { learners: ['d'] })
  const node = soloSettledLeader({ configuration, config: { caughtUpEntriesMax: 2 } })
  acknowledge(node, ['d'])
  const isCaughtUp = () => node.raft.status().peers.find(({ id }) => id === 'd')?.isCaughtUp
  t.equal(isCaughtUp(), true)
  node.raft.propose([bytes(1), bytes(1), bytes(1)])
  node.run()
  acknowledge(node, ['b', 'c'])
  t.equal(isCaughtUp(), false, 'three of two')
  t.match(node.raft.changeMembership({ promote: ['d'] }), { reason: 'notCaughtUp' })
  acknowledge(node, ['d'])
  t.equal(isCaughtUp(), true)
  for (let tick = 0; tick <= node.config.electionTicksMin; tick++) {
    for (const from of ['b', 'c']) node.raft.step(heartbeatReply({ from, to: 'a', term: 1 }))
    node.raft.tick()
  }
  t.match(node.raft.changeMembership({ promote: ['d'] }), { reason: 'notCaughtUp' })
  t.end()
})

t.test('D8: a new peer is active at first and is brought up by append or snapshot', (t) => {
  const { cluster, leader } = clusterOfThree()
  cluster.propose('a', ['x', 'y'])
  cluster.settle()
  leader.compact()
  leader.raft.changeMembership({ addLearners: ['d'] })
  cluster.tick(1)
  leader.compact()
  cluster.tick(5)
  t.match(leader.raft.status().peers[2], { id: 'd', state: 'replicate', recentActive: true })
  t.equal(cluster.node('d').appliedIndex, leader.appliedIndex)
  t.end()
})

t.test('D9: a change that leaves fewer than a quorum of live voters is refused', (t) => {
  const { cluster, leader } = clusterOfThree()
  cluster.settle()
  cluster.node('c').crash()
  cluster.tick(2 * leader.config.electionTicksMin)
  const refused = leader.raft.changeMembership({ remove: ['b'] })
  t.match(refused, { ok: false, reason: 'quorumAtRisk' })
  t.match(leader.raft.changeMembership({ remove: ['a'] }), { reason: 'quorumAtRisk' })
  t.match(leader.raft.changeMembership({ demote: ['b'] }), { reason: 'quorumAtRisk' })
  t.match(leader.raft.changeMembership({ remove: ['c'] }), { ok: true }, 'the dead one may go')
  cluster.settle()
  t.strictSame(leader.raft.status().configuration, configurationOf(['a', 'b']))
  t.end()
})

t.test('D9: a dead voter is replaced in one change while the others live', (t) => {
  const { cluster, leader } = clusterOfThree()
  cluster.node('c').crash()
  leader.raft.changeMembership({ addLearners: ['d'] })
  cluster.tick(2 * leader.config.electionTicksMin)
  t.match(leader.raft.changeMembership({ promote: ['d'], remove: ['c'] }), { ok: true })
  cluster.settle()
  t.strictSame(leader.raft.status().configuration, configurationOf(['a', 'b', 'd']))
  t.end()
})

t.test('D9: learners come and go whoever is dead', (t) => {
  const { cluster, leader } = clusterOfThree()
  cluster.node('c').crash()
  cluster.tick(2 * leader.config.electionTicksMin)
  t.match(leader.raft.changeMembership({ addLearners: ['d'] }), { ok: true })
  cluster.settle()
  t.match(leader.raft.changeMembership({ remove: ['d'] }), { ok: true })
  t.end()
})

t.test('D11: requests of unknown senders are served, their replies ignored', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'x', to: 'a', term: 1, entries: [entry(1, 1)] }))
  t.match(only(node.run(), 'appendEntriesReply'), { to: 'x', success: true })
  const leader = soloSettledLeader()
  leader.raft.step(appendEntriesReply({ from: 'x', to: 'a', term: 1, index: 1 }))
  leader.raft.step(heartbeatReply({ from: 'x', to: 'a', term: 1 }))
  t.equal(leader.raft.status().ignored.notMember, 2)
  t.end()
})

t.test('D12: commit and transfer are looked at again when the voters change', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.transferLeadership('c')
  t.equal(node.raft.status().commitIndex, 1)
  node.raft.advance({ type: 'configured', configuration: configurationOf(['a']) })
  const { commitIndex, transferTo, peers } = node.raft.status()
  t.same({ commitIndex, transferTo, peers }, { commitIndex: 2, transferTo: null, peers: [] })
  t.end()
})

t.test('D12: a read that waited for a voter who left is confirmed by those who stay', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(7)
  node.run()
  t.strictSame(node.reads, [])
  node.raft.advance({ type: 'configured', configuration: configurationOf(['a']) })
  node.run()
  t.match(node.reads, [{ requestId: 7 }])
  t.end()
})

t.test('D12: no change is begun during a transfer, and none goes to who is on its way out', (t) => {
  const { cluster, leader } = clusterOfThree()
  cluster.settle()
  cluster.partition(['c'])
  t.equal(leader.raft.transferLeadership('c'), 'c')
  t.match(leader.raft.changeMembership({ remove: ['b'] }), { ok: false, reason: 'transferring' })
  cluster.heal()
  cluster.tick(leader.config.electionTicksMin)
  const joint = configurationOf(['a', 'b'], { votersOutgoing: ['a', 'b', 'c'] })
  const node = soloSettledLeader({ configuration: joint })
  t.equal(node.raft.transferLeadership('c'), null)
  t.equal(node.raft.transferLeadership('b'), 'b')
  t.end()
})

t.test('learners receive entries and never count', (t) => {
  const configuration = configurationOf(['a', 'b', 'c'], { learners: ['l', 'm'] })
  const node = soloLeader({ configuration })
  acknowledge(node, ['l', 'm'])
  t.equal(node.raft.status().commitIndex, 0)
  node.raft.propose([bytes(1)])
  t.strictSame(
    all(node.run(), 'appendEntries').map((message) => message.to),
    ['l', 'm'],
  )
  t.end()
})
