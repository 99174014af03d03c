// The pitfalls C1 … C9 of storage and restart that other implementations fell into, as far as the core
// decides them: what one write holds, what waits for it, snapshots. Each test names the one it covers.
import t from 'tap'
import type { Message } from '#raft/message.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeat,
  heartbeatReply,
  only,
} from '#test/support/raft-messages.ts'
import {
  acknowledge,
  bytes,
  soloFollower,
  soloSettledLeader,
  threeVoters,
} from '#test/support/raft-solo.ts'

function snapshotAt(lastIncludedIndex: number, lastIncludedTerm: number): SnapshotMeta {
  const configuration = threeVoters
  return { lastIncludedIndex, lastIncludedTerm, lastIncludedStamp: 77, configuration }
}

function install(snapshot: SnapshotMeta, term: number): Message {
  return { type: 'installSnapshot', from: 'b', to: 'a', term, snapshot }
}

t.test('C1: an acknowledgement leaves only after its entries are on disk', (t) => {
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
  node.pump()
  t.strictSame(node.take(), [])
  node.completeWrite()
  t.equal(only(node.take(), 'appendEntriesReply').index, 1, 'only the first write is done')
  node.pump()
  node.completeWrite()
  t.equal(only(node.take(), 'appendEntriesReply').index, 2)
  t.end()
})

t.test('C3: a late completion does not make replaced entries durable (ABA race)', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  node.pump()
  node.raft.step(appendEntries({ from: 'c', to: 'a', term: 2, entries: [entry(1, 2)] }))
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 3, entries: [entry(1, 1)] }))
  node.completeWrite()
  t.equal(node.raft.status().durableIndex, 0, 'the term changed since the write was issued')
  t.strictSame(all(node.take(), 'appendEntriesReply').length, 1)
  node.run()
  t.match(node.raft.status(), { durableIndex: 1, term: 3 })
  t.equal(node.disk.termAt(1), 1)
  t.end()
})

t.test('C3: nor when the term is the same and the entry at that index is another one', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 3 }))
  node.pump()
  t.match(node.write, { term: 3, entries: [{ index: 1, term: 1 }] })
  node.raft.step(appendEntries({ from: 'c', to: 'a', term: 3, entries: [entry(1, 2)] }))
  node.completeWrite()
  t.equal(node.raft.status().durableIndex, 0, 'the disk has 1@1, the tail 1@2')
  node.run()
  t.match(node.raft.status(), { durableIndex: 1, term: 3 })
  t.equal(node.disk.termAt(1), 2)
  t.end()
})

t.test('C4: replaced entries, new entries and hard state are one write', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 1, prevLogTerm: 1 }
  const entries = [entry(2, 2)]
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 2, ...prev, entries, leaderCommit: 1 }))
  node.pump()
  t.match(node.write, { hardState: { currentTerm: 2, commitIndex: 1 }, snapshot: null })
  t.equal(node.write?.entries[0]?.index, 2)
  node.completeWrite()
  t.equal(node.disk.lastIndex, 2)
  t.end()
})

t.test('C5: the commit starts at the larger of what was stored and what was applied', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  node.disk.hardState = { ...node.disk.hardState, commitIndex: 1 }
  node.appliedIndex = 2
  node.crash()
  node.restart()
  t.match(node.raft.status(), { commitIndex: 2, lastApplied: 2 })
  node.disk.hardState = { ...node.disk.hardState, commitIndex: 3 }
  node.crash()
  node.restart()
  t.equal(node.raft.status().commitIndex, 3)
  t.end()
})

t.test('C5: a state machine or a stored commit ahead of the log is refused at start', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.crash()
  node.appliedIndex = 2
  t.throws(() => node.restart(), /ahead of the log/)
  node.appliedIndex = 0
  node.disk.hardState = { ...node.disk.hardState, commitIndex: 2 }
  t.throws(() => node.restart(), /within the log/)
  t.end()
})

t.test('C5: a commit beyond the log, told by a peer, is ignored and counted', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1, leaderCommit: 9 }))
  t.match(node.raft.status(), { commitIndex: 0, ignored: { commitBeyondLog: 1 } })
  t.end()
})

t.test('C6: a snapshot is written with the hard state, and acknowledged after', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  node.raft.step(install(snapshotAt(9, 2), 2))
  node.pump()
  t.match(node.write, {
    hardState: { currentTerm: 2, commitIndex: 9 },
    snapshot: { lastIncludedIndex: 9 },
  })
  t.strictSame(node.write?.entries, [])
  t.strictSame(node.take(), [])
  node.completeWrite()
  t.match(only(node.take(), 'appendEntriesReply'), { success: true, index: 9 })
  t.match(node.raft.status(), { lastApplied: 9, commitIndex: 9, lastIndex: 9, durableIndex: 9 })
  t.end()
})

t.test('C7: a snapshot that matches an entry of the log keeps all after it', (t) => {
  const node = soloFollower({ log: [1, 1, 2], term: 2 })
  node.raft.step(install(snapshotAt(2, 1), 2))
  t.match(only(node.run(), 'appendEntriesReply'), { success: true, index: 2 })
  t.match(node.raft.status(), { lastIndex: 3, commitIndex: 2 })
  t.equal(node.disk.snapshot.lastIncludedIndex, 0)
  t.end()
})

t.test('C7: a snapshot that does not match drops everything', (t) => {
  const node = soloFollower({ log: [1, 1, 1, 1], term: 1 })
  node.raft.step(install(snapshotAt(3, 2), 2))
  node.run()
  t.match(node.raft.status(), { lastIndex: 3, commitIndex: 3 })
  t.equal(node.disk.entries.length, 0)
  t.end()
})

t.test('C7: a snapshot older than the commit is acknowledged by the commit', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 3, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...prev, leaderCommit: 3 }))
  node.run()
  node.raft.step(install(snapshotAt(2, 1), 1))
  t.match(only(node.run(), 'appendEntriesReply'), { success: true, index: 3 })
  t.end()
})

t.test('C7: configurations that were pending go with the log that a snapshot replaces', (t) => {
  const node = soloFollower()
  const entries = [entry(1, 1), entry(2, 1, '', 'configuration')]
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries }))
  node.run()
  node.raft.step(install(snapshotAt(9, 2), 2))
  node.run()
  const prev = { prevLogIndex: 9, prevLogTerm: 2, entries: [entry(10, 2)], leaderCommit: 10 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 2, ...prev }))
  node.run()
  t.equal(node.raft.status().lastApplied, 10)
  node.raft.campaign()
  t.equal(node.raft.status().role, 'preCandidate', 'nothing is left to be applied')
  t.end()
})

t.test('C8: the configuration comes with the snapshot', (t) => {
  const node = soloFollower()
  const configuration = configurationOf(['a', 'b', 'x', 'y'])
  node.raft.step(install({ ...snapshotAt(9, 1), configuration }, 1))
  node.run()
  t.strictSame(node.raft.status().configuration, configuration)
  t.end()
})

t.test('C9: a snapshot waits for the entries being applied; a second one is ignored', (t) => {
  const node = soloFollower({ log: [1], term: 1 })
  const prev = { prevLogIndex: 1, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...prev, leaderCommit: 1 }))
  node.pump()
  t.equal(node.toApply.length, 1)
  node.raft.step(install(snapshotAt(9, 1), 1))
  node.raft.step(install(snapshotAt(12, 1), 1))
  const after = { prevLogIndex: 9, prevLogTerm: 1, entries: [entry(10, 1)] }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...after }))
  t.equal(node.raft.status().ignored.snapshotPending, 2)
  t.equal(node.pump(), false)
  t.equal(node.write, null)
  node.apply()
  node.run()
  t.match(node.raft.status(), { lastApplied: 9, lastIndex: 9 })
  t.end()
})

t.test('C9: a write under way when a snapshot comes does not confuse the log', (t) => {
  const node = soloFollower()
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] }))
  node.pump()
  node.raft.step(install(snapshotAt(9, 1), 1))
  node.completeWrite()
  t.equal(node.raft.status().durableIndex, 0)
  node.run()
  t.match(node.raft.status(), { durableIndex: 9, lastApplied: 9 })
  t.end()
})

t.test('a snapshot goes to a peer that answers, and to no other', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['b'])
  node.run()
  node.compact()
  for (let i = 0; i < node.config.electionTicksMin; i++) node.raft.tick()
  node.run()
  node.raft.reportUnreachable('c')
  t.strictSame(node.run(), [], 'c lacks what is compacted, and was not heard since the last check')
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1 }))
  t.equal(only(node.run(), 'installSnapshot').to, 'c')
  t.end()
})

t.test('a snapshot that could not be streamed is tried again after a sign of life', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['b'])
  node.run()
  node.compact()
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, success: false, index: 2 }))
  node.run()
  node.raft.reportSnapshot('c', false)
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1 }))
  t.equal(all(node.run(), 'installSnapshot').length, 1)
  node.raft.reportSnapshot('c', true)
  t.strictSame(node.run(), [])
  node.raft.step(heartbeatReply({ from: 'c', to: 'a', term: 1 }))
  t.match(only(node.run(), 'appendEntries'), { prevLogIndex: 2, to: 'c' })
  t.end()
})
