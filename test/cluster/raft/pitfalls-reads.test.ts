// The pitfalls of reads E1 … E4 and of hostile peers; each test names the one it covers.
import t from 'tap'
import type { Message } from '#raft/message.ts'
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
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import {
  acknowledge,
  bytes,
  soloFollower,
  soloLeader,
  soloSettledLeader,
} from '#test/support/raft-solo.ts'

t.test('E1: a leader serves no read before the first commit of its term', (t) => {
  const node = soloLeader()
  node.raft.readIndex(1)
  node.raft.step({ type: 'readIndex', from: 'b', to: 'a', term: 1, requestId: 5 })
  t.match(only(node.run(), 'readIndexReply'), { to: 'b', requestId: 5, index: null })
  t.strictSame(node.reads, [{ requestId: 1, index: null }])
  t.end()
})

t.test('E2: a read is confirmed by a quorum’s replies to a later heartbeat', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(7)
  const [beat] = all(node.run(), 'heartbeat')
  t.equal(beat?.readRound, 1)
  t.strictSame(node.reads, [])
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 0 }))
  node.run()
  t.strictSame(node.reads, [], 'a reply to an older heartbeat confirms nothing')
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 1 }))
  node.run()
  t.strictSame(node.reads, [{ requestId: 7, index: 1 }])
  t.end()
})

t.test('E2: a late reply to an older round does not confirm a newer read', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(1)
  node.run()
  node.raft.readIndex(2)
  node.run()
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 1 }))
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: 1 }])
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1, readRound: 2 }))
  node.run()
  t.strictSame(node.reads.at(-1), { requestId: 2, index: 1 })
  t.end()
})

t.test('E2: a late reply takes back no confirmation', (t) => {
  const node = soloSettledLeader({ configuration: configurationOf(['a', 'b', 'c', 'd', 'e']) })
  node.raft.readIndex(1)
  node.run()
  node.raft.readIndex(2)
  node.run()
  for (const readRound of [2, 1]) {
    node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound }))
  }
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1, readRound: 2 }))
  node.run()
  t.strictSame(
    node.reads.map(({ requestId }) => requestId),
    [1, 2],
  )
  t.end()
})

t.test('E2: a round of an earlier term or one not begun confirms nothing', (t) => {
  const node = soloSettledLeader({ term: 4 })
  node.raft.readIndex(1)
  node.run()
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 4, readRound: 1 }))
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 5, readRound: 99 }))
  node.run()
  t.strictSame(node.reads, [])
  t.match(node.raft.status().ignored, { staleTerm: 1, staleReply: 1 })
  t.end()
})

t.test('E2: all reads of one turn share one round', (t) => {
  const node = soloSettledLeader()
  for (let i = 0; i < 50; i++) node.raft.readIndex(i)
  t.equal(all(node.run(), 'heartbeat').length, 2)
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 1 }))
  node.run()
  t.equal(node.reads.length, 50)
  t.end()
})

t.test('E2: an answer to a question of an earlier life matches no question of this one', (t) => {
  let seed = 0
  const random = { integer: (below: number) => (below > 100 ? ++seed : 0) }
  const node = soloFollower({ random })
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.readIndex(1)
  const asked = only(node.run(), 'readIndex')
  node.crash()
  node.restart()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.raft.readIndex(1)
  node.run()
  const { requestId } = asked
  node.raft.step({ type: 'readIndexReply', from: 'b', to: 'a', term: 1, requestId, index: 1 })
  node.run()
  t.strictSame(node.reads, [])
  t.equal(node.raft.status().ignored.unknownRead, 1)
  t.end()
})

t.test('E2: the index is the commit when the read arrived, not when it is confirmed', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(1)
  node.run()
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['b', 'c'])
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 1 }))
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: 1 }])
  t.end()
})

t.test('E3: a leader that steps down fails its pending reads, its peers’ too', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(1)
  node.run()
  node.raft.readIndex(2)
  node.raft.step({ type: 'readIndex', from: 'b', to: 'a', term: 1, requestId: 9 })
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 2 }))
  t.match(only(node.run(), 'readIndexReply'), { to: 'b', requestId: 9, index: null })
  t.strictSame(
    node.reads.map(({ requestId, index }) => [requestId, index]),
    [
      [1, null],
      [2, null],
    ],
  )
  t.end()
})

t.test('E3: a follower fails forwarded reads when its leader changes or is unknown', (t) => {
  const node = soloFollower()
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: null }], 'no leader')
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.raft.readIndex(2)
  t.equal(only(node.run(), 'readIndex').to, 'b')
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 2 }))
  node.run()
  t.strictSame(node.reads.at(-1), { requestId: 2, index: null })
  t.end()
})

t.test('E3: a follower that loses its connection to the leader fails what it forwarded', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [])
  node.raft.reportUnreachable('b')
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: null }])
  t.end()
})

t.test('E4: reads on any node are linearizable and name what must be applied', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  const index = cluster.propose('a', ['x'])
  cluster.settle()
  for (const id of ['a', 'b', 'c']) cluster.node(id).raft.readIndex(1)
  cluster.settle()
  for (const id of ['a', 'b', 'c']) {
    t.strictSame(cluster.node(id).reads, [{ requestId: 1, index }], id)
  }
  t.end()
})

t.test('E4: a deposed leader that knows nothing of it serves no read', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.partition(['a'])
  cluster.elect('b')
  cluster.propose('b', ['new'])
  cluster.settle()
  const old = cluster.node('a')
  t.equal(old.raft.status().role, 'leader')
  old.raft.readIndex(1)
  cluster.settle()
  t.strictSame(old.reads, [])
  cluster.tick(2 * old.config.electionTicksMin)
  t.strictSame(old.reads, [{ requestId: 1, index: null }])
  t.end()
})

t.test('a single voter reads without any round trip; too many reads are refused', (t) => {
  const configuration = configurationOf(['a'])
  const node = new RaftNode({ id: 'a', configuration, config: { readsPendingMax: 2 } })
  node.raft.campaign()
  node.run()
  for (const id of [1, 2, 3]) node.raft.readIndex(id)
  node.run()
  t.strictSame(
    node.reads.toSorted((a, b) => a.requestId - b.requestId).map((read) => read.index),
    [1, 1, null],
  )
  t.end()
})

t.test('F1: two runs of one seed send the same messages', (t) => {
  const run = (): readonly Message[] => {
    const cluster = new RaftCluster({ ids: ['c', 'a', 'b'], seed: 5 })
    const sent: Message[] = []
    cluster.loses = (message) => {
      sent.push(message)
      return cluster.random.chance(10)
    }
    cluster.tick(60)
    return sent
  }
  const first = run()
  t.ok(first.length > 50)
  t.strictSame(first, run())
  t.end()
})

t.test('F2: a leader fed late ticks checks its quorum and does not lead on in a dream', (t) => {
  const node = soloSettledLeader()
  for (let i = 0; i < 2 * node.config.electionTicksMin; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('nothing a peer can say throws, whatever role it reaches', (t) => {
  const header = { from: 'b', to: 'a' }
  const wrong = [-1, 0, 1, 2, 99, 2 ** 53, Number.NaN, 0.5]
  const nodes = [
    () => soloFollower({ log: [1, 1], term: 1 }),
    () => soloSettledLeader({ log: [1], term: 1 }),
  ]
  for (const make of nodes) {
    for (const term of [0, 1, 2, 3, -4]) {
      const node = make()
      for (const value of wrong) {
        for (const other of wrong) {
          const prev = { prevLogIndex: value, prevLogTerm: other, leaderCommit: value }
          const entries = [entry(value + 1, other), entry(other, value)]
          const lastLog = { lastLogIndex: value, lastLogTerm: other }
          const snapshot = {
            ...node.disk.snapshot,
            lastIncludedIndex: value,
            lastIncludedTerm: other,
          }
          const hint = { index: value, hintIndex: other, hintTerm: value }
          const messages: Message[] = [
            appendEntries({ ...header, term, ...prev }),
            appendEntries({ ...header, term, ...prev, entries }),
            appendEntries({ ...header, term, ...prev, entries: [entry(value + 1, term)] }),
            appendEntriesReply({ ...header, term, ...hint }),
            appendEntriesReply({ ...header, term, ...hint, success: false }),
            heartbeat({ ...header, term, leaderCommit: value, readRound: other }),
            heartbeatReply({ ...header, term, readRound: value }),
            requestVote({ ...header, term, ...lastLog }),
            preVote({ ...header, term, ...lastLog }),
            preVoteReply({ ...header, term }),
            requestVoteReply({ ...header, term }),
            { type: 'installSnapshot', ...header, term, snapshot },
            { type: 'readIndex', ...header, term, requestId: value },
            { type: 'readIndexReply', ...header, term, requestId: value, index: other },
            { type: 'timeoutNow', ...header, term },
            heartbeat({ from: 'b', to: 'z', term, leaderCommit: 0 }),
          ]
          for (const message of messages) {
            node.raft.step(message)
            node.run()
          }
        }
      }
    }
  }
  t.pass('still standing')
  t.end()
})
