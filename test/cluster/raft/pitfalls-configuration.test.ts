// The pitfalls D5, D7, D8, D12 at the moments that matter: an entry applied between the joint
// configuration and its end, a leader that has not committed yet, a quorum check just after a change.
// Each test is here because a deliberate bug was not noticed without it.
import t from 'tap'
import { configurationOf } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  preVoteReply,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import { acknowledge, bytes, soloFollower, soloSettledLeader } from '#test/support/raft-solo.ts'

const joint = configurationOf(['a', 'b'], { votersOutgoing: ['a', 'b', 'c'], autoLeave: true })

t.test('D5: what is applied while the leave is on its way proposes no second one', (t) => {
  const node = soloSettledLeader()
  t.match(node.raft.proposeConfiguration(joint), { ok: true, index: 2 })
  node.pump()
  node.completeWrite()
  acknowledge(node, ['b'])
  node.raft.propose([bytes(1)])
  node.pump()
  node.apply()
  t.match(node.raft.status(), { configuration: joint, lastApplied: 2, lastIndex: 4 })
  node.completeWrite()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 1, index: 3 }))
  node.pump()
  node.apply()
  t.match(node.raft.status(), { configuration: joint, lastApplied: 3, lastIndex: 4 })
  t.end()
})

t.test('D5: who inherits a joint configuration commits in its term before it leaves', (t) => {
  const node = soloFollower({ configuration: joint, log: [1, 1], term: 1 })
  const prev = { prevLogIndex: 2, prevLogTerm: 1, leaderCommit: 2 }
  node.raft.step(appendEntries({ from: 'c', to: 'a', term: 1, ...prev }))
  node.pump()
  node.completeWrite()
  t.equal(node.toApply.length, 2, 'still to be applied when it is elected')
  node.raft.campaign()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 2 }))
  node.pump()
  node.completeWrite()
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 2 }))
  node.apply()
  t.match(node.raft.status(), { role: 'leader', lastApplied: 2, lastIndex: 3 })
  node.run()
  acknowledge(node, ['b'])
  node.run()
  t.match(node.raft.status(), { commitIndex: 3, lastIndex: 4 })
  t.end()
})

t.test('D7: what a removed leader took before its fall is still sent', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.raft.advance({ type: 'configured', configuration: configurationOf(['b', 'c']) })
  t.equal(node.raft.status().role, 'follower')
  t.strictSame(
    all(node.run(), 'appendEntries').map(({ to, entries }) => [to, entries.length]),
    [
      ['b', 1],
      ['c', 1],
    ],
  )
  t.end()
})

t.test('D8: a quorum check just after a change does not find the new voters silent', (t) => {
  const node = new RaftNode({ id: 'a', configuration: configurationOf(['a']) })
  node.raft.campaign()
  node.run()
  for (let i = 1; i < node.config.electionTicksMin; i++) node.raft.tick()
  node.raft.advance({ type: 'configured', configuration: configurationOf(['a', 'b', 'c']) })
  node.raft.tick()
  t.equal(node.raft.status().role, 'leader')
  for (let i = 0; i < node.config.electionTicksMin; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'follower', 'a whole period without an answer is another matter')
  t.end()
})

t.test('D12: a read that waits for voters who are gone is confirmed by those who stay', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [])
  node.raft.advance({ type: 'configured', configuration: configurationOf(['a']) })
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: 1 }])
  t.end()
})

t.test('D12: who is no member any more is forgotten, and sent nothing', (t) => {
  const node = soloSettledLeader()
  node.raft.advance({ type: 'configured', configuration: configurationOf(['a', 'b']) })
  t.strictSame(
    node.raft.status().peers.map(({ id }) => id),
    ['b'],
  )
  for (let i = 0; i < node.config.heartbeatTicks; i++) node.raft.tick()
  node.raft.propose([bytes(1)])
  t.strictSame([...new Set(node.run().map(({ to }) => to))], ['b'])
  t.end()
})
