// The façade's contract with its driver: batches, laziness, bounds, and what comes out when.
import t from 'tap'
import { configurationOf } from '#test/support/raft-disk.ts'
import { all, appendEntriesReply, heartbeatReply, only } from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import { acknowledge, bytes, soloLeader, soloSettledLeader } from '#test/support/raft-solo.ts'

t.test('all proposals between two Readies travel in one AppendEntries and one write', (t) => {
  const node = soloSettledLeader()
  for (let i = 0; i < 100; i++) node.raft.propose([bytes(10), bytes(10)])
  node.pump()
  const sent = all(node.take(), 'appendEntries')
  t.strictSame(
    sent.map(({ to, entries }) => [to, entries.length]),
    [
      ['b', 200],
      ['c', 200],
    ],
  )
  t.equal(node.write?.entries.length, 200)
  t.end()
})

t.test('a batch is contiguous, and its result names the last entry', (t) => {
  const node = soloSettledLeader()
  t.strictSame(node.raft.propose([bytes(1), bytes(2), bytes(3)]), { ok: true, index: 4, term: 1 })
  t.throws(() => node.raft.propose([]))
  t.end()
})

t.test('one append is out at a time; messages, reads and commits flow meanwhile', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.pump()
  node.take()
  node.raft.propose([bytes(1)])
  node.raft.readIndex(1)
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 2 }))
  const ready = node.raft.ready()
  t.equal(ready.append, null)
  t.equal(all(ready.messages, 'appendEntries').length, 2)
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1, readRound: 1 }))
  t.strictSame(node.raft.ready().reads, [{ requestId: 1, index: 1 }])
  node.completeWrite()
  t.equal(node.raft.ready().append?.sequence, 4)
  t.end()
})

t.test('a completion that was not asked for is a bug, and stops the node', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.pump()
  const { write } = node
  t.ok(write)
  node.completeWrite()
  if (write !== null) t.throws(() => node.raft.advance({ type: 'appended', work: write }))
  t.throws(() => node.raft.advance({ type: 'applied', index: 99 }), /handed out/)
  t.end()
})

t.test('appends and applied pages keep to their bytes; the next page waits for the first', (t) => {
  const config = { appendBytesMax: 500, inflightBytesMax: 1_000, committedBytesMax: 300 }
  const node = soloSettledLeader({ config })
  node.raft.propose(Array.from({ length: 20 }, () => bytes(36)))
  const sizes = all(node.run(), 'appendEntries')
    .filter(({ to }) => to === 'b')
    .map(({ entries }) => entries.length)
  t.strictSame(sizes, [5, 5], 'two messages of 500 bytes fill the window')
  acknowledge(node, ['b'])
  node.pump()
  t.equal(node.toApply.length, 8, 'the durable log counts data: 8 × 36 ≤ 300')
  t.equal(node.pump(), false, 'no second page before the first is applied')
  node.run()
  t.equal(node.appliedIndex, 21)
  t.end()
})

t.test('an idle node has nothing ready', (t) => {
  const node = soloSettledLeader()
  node.run()
  acknowledge(node, ['b', 'c'])
  node.run()
  t.equal(node.raft.hasReady(), false)
  t.end()
})

t.test('peers learn of a commit at once, without waiting for a heartbeat', (t) => {
  const node = soloLeader()
  acknowledge(node, ['b', 'c'])
  t.strictSame(
    all(node.run(), 'appendEntries').map(({ to, leaderCommit }) => [to, leaderCommit]),
    [
      ['b', 1],
      ['c', 1],
    ],
  )
  t.end()
})

t.test('a dropped append is sent again after a sign of life', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  node.raft.reportUnreachable('b')
  t.equal(only(node.run(), 'appendEntries').entries[0]?.index, 2, 'one probe')
  node.raft.reportUnreachable('b')
  t.strictSame(node.run(), [], 'not a second one')
  node.raft.step(heartbeatReply({ from: 'b', to: 'a', term: 1 }))
  t.equal(only(node.run(), 'appendEntries').to, 'b')
  t.end()
})

t.test('status is a copy that shows what operators ask for', (t) => {
  const node = soloSettledLeader()
  t.match(node.raft.status(), {
    id: 'a',
    role: 'leader',
    leader: 'a',
    term: 1,
    votedFor: 'a',
    commitIndex: 1,
    lastApplied: 1,
    lastIndex: 1,
    durableIndex: 1,
    peers: [
      { id: 'b', matchIndex: 1, nextIndex: 2, state: 'replicate', recentActive: true },
      { id: 'c', matchIndex: 1, nextIndex: 2, state: 'replicate', recentActive: true },
    ],
  })
  t.equal(node.raft.role, 'leader')
  t.equal(node.raft.leader, 'a')
  t.end()
})

t.test('entries are stamped by the leader’s log time, which never runs back', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.run()
  node.raft.propose([bytes(1), bytes(1)])
  node.raft.propose([bytes(1)])
  node.run()
  t.strictSame(
    node.applied.map(({ stamp }) => stamp),
    [1, 2, 2, 3],
  )
  node.crash()
  node.restart()
  node.raft.campaign()
  node.run()
  t.equal(node.disk.entries.at(-1)?.stamp, 4, 'the last entry’s stamp is found again')
  t.end()
})
