// Messages that no correct peer sends: each is counted as malformed and changes nothing. What is sound but
// cannot be true (a second leader, a contradiction of what is committed) is counted by its own name.
import t from 'tap'
import type { Message } from '#raft/message.ts'
import {
  appendEntries,
  appendEntriesReply,
  entry,
  heartbeat,
  heartbeatReply,
  preVote,
  requestVote,
} from '#test/support/raft-messages.ts'
import { soloFollower, soloSettledLeader, threeVoters } from '#test/support/raft-solo.ts'

const head = { from: 'b', to: 'a', term: 3 }
const after = { prevLogIndex: 1, prevLogTerm: 1 }
const snapshot = {
  ...{ lastIncludedIndex: 5, lastIncludedTerm: 2, lastIncludedStamp: 5 },
  configuration: threeVoters,
}

const MALFORMED: Readonly<Record<string, Message>> = {
  'a term that is no whole number': heartbeat({ ...head, term: 0.5 }),
  'a term below 0': heartbeat({ ...head, term: -1 }),
  'a term that a double does not hold (pitfall F5)': heartbeat({ ...head, term: 2 ** 53 }),
  'from ourselves': heartbeat({ ...head, from: 'a' }),
  'from nobody': heartbeat({ ...head, from: '' }),
  'entries with a hole': appendEntries({ ...head, ...after, entries: [entry(2, 1), entry(4, 1)] }),
  'entries that do not follow prevLogIndex': appendEntries({
    ...head,
    ...after,
    entries: [entry(3, 1)],
  }),
  'terms that decrease': appendEntries({ ...head, ...after, entries: [entry(2, 3), entry(3, 2)] }),
  'an entry of a term before prevLogTerm': appendEntries({
    ...{ ...head, prevLogIndex: 1, prevLogTerm: 2 },
    entries: [entry(2, 1)],
  }),
  'an entry of a term after the leader’s': appendEntries({
    ...head,
    ...after,
    entries: [entry(2, 4)],
  }),
  'stamps that decrease': appendEntries({
    ...{ ...head, ...after },
    entries: [
      { ...entry(2, 1), stamp: 9 },
      { ...entry(3, 1), stamp: 8 },
    ],
  }),
  'prevLogTerm after the leader’s term': appendEntries({
    ...head,
    prevLogIndex: 1,
    prevLogTerm: 4,
  }),
  'a term before the first entry': appendEntries({ ...head, prevLogIndex: 0, prevLogTerm: 1 }),
  'a commit below 0': appendEntries({ ...head, ...after, leaderCommit: -1 }),
  'a heartbeat’s commit that is no number': heartbeat({ ...head, leaderCommit: Number.NaN }),
  'a read round below 0': heartbeatReply({ ...head, readRound: -1 }),
  'a refusal with a hint below 0': appendEntriesReply({ ...head, success: false, hintIndex: -1 }),
  'a pre-vote for term 0': preVote({ ...head, term: 0 }),
  'a vote for term 0': requestVote({ ...head, term: 0 }),
  'a last index that is no number': requestVote({ ...head, lastLogIndex: Number.NaN }),
  'a snapshot of a term after the leader’s': {
    ...{ ...head, type: 'installSnapshot' as const },
    snapshot: { ...snapshot, lastIncludedTerm: 4 },
  },
  'a snapshot with a stamp below 0': {
    ...{ ...head, type: 'installSnapshot' as const },
    snapshot: { ...snapshot, lastIncludedStamp: -1 },
  },
  'a read without a number': { ...head, type: 'readIndex', requestId: 0.5 },
  'a read’s index below 0': { ...head, type: 'readIndexReply', requestId: 1, index: -1 },
}

for (const [name, message] of Object.entries(MALFORMED)) {
  t.test(`malformed: ${name}`, (t) => {
    for (const node of [soloFollower({ log: [1], term: 1 }), soloSettledLeader()]) {
      const { ignored: _, ...before } = node.raft.status()
      node.raft.step(message)
      const { ignored, ...now } = node.raft.status()
      t.strictSame(ignored, { malformed: 1 })
      t.strictSame(now, before)
      t.strictSame(node.run(), [])
    }
    t.end()
  })
}

t.test('the sound forms of the same messages are taken', (t) => {
  const sound = [
    heartbeat(head),
    appendEntries({ ...head, ...after, entries: [entry(2, 1), entry(3, 3)] }),
    requestVote({ ...head, lastLogIndex: 2 ** 53 - 1, lastLogTerm: 1 }),
    { ...head, type: 'installSnapshot', snapshot } as const,
  ]
  for (const message of sound) {
    const node = soloFollower({ log: [1], term: 1 })
    node.raft.step(message)
    t.strictSame(node.raft.status().ignored, {}, message.type)
    t.equal(node.raft.status().term, 3)
  }
  t.end()
})

t.test('a message for somebody else is counted and changes nothing', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ ...head, to: 'c' }))
  t.match(node.raft.status(), { term: 0, ignored: { misaddressed: 1 } })
  t.end()
})

t.test('a second leader in one term is not obeyed, by a follower nor by the first leader', (t) => {
  const follower = soloFollower()
  follower.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  follower.run()
  follower.raft.step(appendEntries({ from: 'c', to: 'a', term: 1, entries: [entry(1, 1)] }))
  t.match(follower.raft.status(), { leader: 'b', lastIndex: 0, ignored: { secondLeader: 1 } })
  t.strictSame(follower.run(), [])
  const leader = soloSettledLeader()
  for (const message of [
    heartbeat({ from: 'b', to: 'a', term: 1 }),
    appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1, 'other')] }),
    {
      type: 'installSnapshot',
      from: 'b',
      to: 'a',
      term: 1,
      snapshot: { ...snapshot, lastIncludedTerm: 1 },
    },
  ] as const) {
    leader.raft.step(message)
  }
  t.match(leader.raft.status(), { role: 'leader', lastIndex: 1, ignored: { secondLeader: 3 } })
  t.end()
})

t.test('a leader that contradicts what is committed is not followed and not answered', (t) => {
  const node = soloFollower({ log: [1, 1, 1], term: 1 })
  const prev = { prevLogIndex: 3, prevLogTerm: 1 }
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, ...prev, leaderCommit: 3 }))
  node.run()
  node.raft.step(
    appendEntries({
      from: 'c',
      to: 'a',
      term: 2,
      prevLogIndex: 3,
      prevLogTerm: 2,
      entries: [entry(4, 2)],
    }),
  )
  t.strictSame(all(node.run()), [])
  t.match(node.raft.status(), { lastIndex: 3, ignored: { conflictBelowCommit: 1 } })
  t.end()
})

/** Messages to the contradicting leader. */
function all(messages: readonly Message[]): readonly Message[] {
  return messages.filter(({ to }) => to === 'c')
}
