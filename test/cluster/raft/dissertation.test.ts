// "Consensus: Bridging Theory and Practice": what the dissertation decides beyond the paper, in its order.
// The last test looks for sections without one. Its §5 is the paper's §7; client sessions (§6.3) belong to
// the state machine and are played with it here.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { leaveJoint } from '#raft/membership.ts'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntriesReply,
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
} from '#test/support/raft-solo.ts'
import { encodeRequest, SessionMachine } from '#test/transcripts/session-machine.ts'

const abc = configurationOf(['a', 'b', 'c'])

t.test('§3.10 a transferring leader accepts no new requests', (t) => {
  const node = soloSettledLeader()
  t.equal(node.raft.transferLeadership('b'), 'b')
  t.match(node.raft.propose([bytes(1)]), { ok: false, reason: 'transferring' })
  t.end()
})

t.test('§3.10 the target is brought up to date first, and then told to campaign', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.transferLeadership('b')
  t.equal(all(node.run(), 'timeoutNow').length, 0, 'b lacks an entry')
  acknowledge(node, ['b'])
  t.equal(only(node.run(), 'timeoutNow').to, 'b')
  t.end()
})

t.test('§3.10 the target campaigns at once, and its request says why it may', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.step({ type: 'timeoutNow', from: 'b', to: 'a', term: 1 })
  t.strictSame(
    all(node.run(), 'requestVote').map(({ to, term, forced }) => [to, term, forced]),
    [
      ['b', 2, true],
      ['c', 2, true],
    ],
  )
  t.end()
})

t.test('§3.10 a transfer that takes an election timeout is given up', (t) => {
  const node = soloSettledLeader()
  node.raft.transferLeadership('b')
  for (let i = 1; i < node.config.electionTicksMin; i++) node.raft.tick()
  t.match(node.raft.propose([bytes(1)]), { reason: 'transferring' })
  node.raft.tick()
  t.match(node.raft.propose([bytes(1)]), { ok: true })
  t.end()
})

t.test('§4.1 one change at a time', (t) => {
  const node = soloSettledLeader()
  const change = configurationOf(['a', 'b', 'c'], { learners: ['d'] })
  t.match(node.raft.proposeConfiguration(change), { ok: true })
  t.match(node.raft.proposeConfiguration(change), { ok: false, reason: 'pending' })
  t.end()
})

t.test('§4.2.1 a server that is brought up is no part of any majority', (t) => {
  const node = soloSettledLeader({
    configuration: configurationOf(['a', 'b', 'c'], { learners: ['d'] }),
  })
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.step(appendEntriesReply({ from: 'd', to: 'a', term: 1, index: 2 }))
  t.equal(node.raft.status().commitIndex, 1)
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, index: 2 }))
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})

t.test('§4.2.2 a leader that manages a cluster without itself does not count itself', (t) => {
  const node = soloSettledLeader()
  const joint = configurationOf(['b', 'c'], { votersOutgoing: ['a', 'b', 'c'] })
  node.raft.advance({ type: 'configured', configuration: joint })
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['b'])
  t.equal(node.raft.status().commitIndex, 1, 'a and b of {a b c}, but b alone of {b c}')
  acknowledge(node, ['c'])
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})

t.test('§4.2.3 requests of a server that hears nothing do not end a leader that is heard', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.step(requestVote({ from: 'c', to: 'a', term: 7 }))
  node.raft.step(preVote({ from: 'c', to: 'a', term: 7 }))
  t.strictSame(node.run(), [])
  t.match(node.raft.status(), { term: 1, ignored: { leaderFresh: 2 } })
  t.end()
})

t.test('§4.3 elections inside a joint configuration need both majorities', (t) => {
  const configuration = configurationOf(['a', 'b', 'c'], { votersOutgoing: ['a', 'd', 'e'] })
  const node = soloFollower({ configuration })
  node.raft.campaign()
  for (const from of ['b', 'c']) node.raft.step(preVoteReply({ from, to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'preCandidate')
  node.raft.step(preVoteReply({ from: 'e', to: 'a', term: 1 }))
  t.equal(node.raft.status().role, 'candidate')
  t.end()
})

t.test('§4.3 when C_old,new is committed the leader goes on to C_new', (t) => {
  const node = soloSettledLeader()
  const joint = configurationOf(['a', 'b'], { votersOutgoing: ['a', 'b', 'c'], autoLeave: true })
  t.match(node.raft.proposeConfiguration(joint), { ok: true })
  node.run()
  acknowledge(node, ['b'])
  node.run()
  t.strictSame(node.configuration, joint)
  acknowledge(node, ['b'])
  node.run()
  t.strictSame(node.configuration, leaveJoint(joint))
  t.end()
})

t.test('§4.4 a cluster begins with one server, which grows by changes of configuration', (t) => {
  const ids = ['a', 'b', 'c']
  const cluster = new RaftCluster({ ids, configuration: configurationOf(['a']) })
  const node = cluster.elect('a')
  t.equal(node.raft.status().commitIndex, 1, 'it is a majority by itself')
  const steps = [
    configurationOf(['a'], { learners: ['b', 'c'] }),
    configurationOf(ids, { votersOutgoing: ['a'], autoLeave: true }),
  ]
  for (const step of steps) {
    t.match(node.raft.proposeConfiguration(step), { ok: true })
    cluster.tick(6)
  }
  for (const id of ids) t.strictSame(cluster.node(id).configuration, abc, id)
  t.end()
})

t.test('§6.2 a leader that a majority does not answer for an election timeout steps down', (t) => {
  const node = soloSettledLeader()
  const { electionTicksMin } = node.config
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < electionTicksMin; i++) node.raft.tick()
    t.equal(node.raft.status().role, 'leader')
    node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1 }))
  }
  for (let i = 0; i < 2 * electionTicksMin; i++) node.raft.tick()
  t.match(node.raft.status(), { role: 'follower', leader: null })
  t.end()
})

t.test('§6.3 a request applied twice has one effect and one answer, on every server', (t) => {
  const open = { type: 'session.open', id: 's', nodeId: 's', incarnation: 1 } as const
  const make = { type: 'space.create', name: 'lab', description: '' } as const
  const request = { session: 's', sequence: 1, answeredBelow: 1 }
  const texts = [
    encodeRequest(null, open),
    encodeRequest(request, make),
    encodeRequest(request, make),
  ]
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  for (const text of texts) cluster.propose('a', [text])
  cluster.settle()
  for (const id of ['a', 'b', 'c']) {
    const machine = new SessionMachine()
    const answers = cluster
      .node(id)
      .applied.map((entry) => machine.apply(entry))
      .slice(-2)
    t.equal(answers[0], answers[1], id)
    t.strictSame(machine.spaces(), ['lab'], id)
  }
  t.end()
})

t.test('§6.4 a read takes the commit index, a round of heartbeats, and no entry', (t) => {
  const node = soloSettledLeader()
  const { lastIndex } = node.raft.status()
  node.raft.readIndex(1)
  t.equal(all(node.run(), 'heartbeat').length, 2)
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1, readRound: 1 }))
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: 1 }])
  t.equal(node.raft.status().lastIndex, lastIndex)
  t.end()
})

t.test('§6.4 a fresh leader has no read index before its first commit', (t) => {
  const node = soloLeader({ log: [1], term: 1 })
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: null }])
  acknowledge(node, ['b'])
  node.raft.readIndex(2)
  node.run()
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 2, readRound: 1 }))
  node.run()
  t.strictSame(node.reads.at(-1), { requestId: 2, index: 2 })
  t.end()
})

t.test('§6.4 a follower asks the leader for the index and answers when it has applied it', (t) => {
  const node = soloFollower({ log: [1, 1], term: 1 })
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1, leaderCommit: 1 }))
  node.run()
  node.raft.readIndex(5)
  const { requestId } = only(node.run(), 'readIndex')
  node.raft.step({ type: 'readIndexReply', from: 'b', to: 'a', term: 1, requestId, index: 2 })
  node.run()
  t.strictSame(node.reads, [{ requestId: 5, index: 2 }])
  t.equal(node.raft.status().lastApplied, 1, 'so the caller waits')
  t.end()
})

t.test('§6.4.1 no lease: answers to heartbeats of a moment ago confirm no read', (t) => {
  const node = soloSettledLeader()
  for (const from of ['b', 'c']) {
    node.raft.step(heartbeatReply({ from, to: 'a', term: 1, readRound: 0 }))
  }
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [])
  t.end()
})

t.test('§9.6 a server asks first whether it could win, and nobody’s term changes', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.partition(['c'])
  cluster.tick(100)
  t.match(cluster.node('c').raft.status(), { role: 'preCandidate', term: 1 })
  cluster.heal()
  cluster.tick(3)
  t.match(cluster.node('c').raft.status(), { role: 'follower', leader: 'a', term: 1 })
  t.equal(cluster.leader?.id, 'a', 'its return disturbs nobody')
  t.end()
})

t.test('§9.6 a pre-vote is granted to a log that is up to date when no leader is heard', (t) => {
  const cases = [
    { last: { lastLogIndex: 2, lastLogTerm: 1 }, granted: true },
    { last: { lastLogIndex: 1, lastLogTerm: 1 }, granted: false },
    { last: { lastLogIndex: 1, lastLogTerm: 2 }, granted: true },
  ]
  for (const { last, granted } of cases) {
    const node = soloFollower({ log: [1, 1], term: 2 })
    node.raft.step(preVote({ from: 'b', to: 'a', term: 3, ...last }))
    t.equal(only(node.run(), 'preVoteReply').granted, granted, JSON.stringify(last))
  }
  t.end()
})

t.test('§10.2.1 the leader writes its disk while its followers write theirs', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.pump()
  t.equal(all(node.take(), 'appendEntries').length, 2, 'sent before its own write is done')
  t.equal(node.raft.status().durableIndex, 1)
  acknowledge(node, ['b', 'c'])
  t.equal(node.raft.status().commitIndex, 2, 'a majority of the others is enough')
  t.end()
})

t.test('§10.2.2 appends are pipelined and batched', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.propose([bytes(1), bytes(1)])
  node.raft.propose([bytes(1)])
  const sent = all(node.run(), 'appendEntries').filter(({ to }) => to === 'b')
  t.strictSame(
    sent.map(({ prevLogIndex, entries }) => [prevLogIndex, entries.length]),
    [[2, 3]],
    'without waiting for the answer, all in one',
  )
  t.end()
})

t.test('every section of the dissertation that decides something has a test', (t) => {
  const source = readFileSync(import.meta.filename, 'utf8')
  const sections = '3.10 4.1 4.2.1 4.2.2 4.2.3 4.3 4.4 6.2 6.3 6.4 6.4.1 9.6 10.2.1 10.2.2'
  const named = [...source.matchAll(/^t\.test\('§([\d.]+) /gm)].map(([, name]) => name)
  t.strictSame([...new Set(named)], sections.split(' '), 'each, in the order of the dissertation')
  t.end()
})
