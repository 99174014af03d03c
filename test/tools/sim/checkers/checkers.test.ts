// Each checker, by hand: what it must let pass and what it must object to. The mutants show that faults bring it
// about; this shows that the checker would see it.
import t from 'tap'
import type { Message } from '#raft/message.ts'
import type { Entry } from '#raft/types.ts'
import type { Change } from '#state/outcome.ts'
import type { Checker, MakeChecker, Watched } from '#tools/sim/checker.ts'
import { acknowledgedStays } from '#tools/sim/checkers/acknowledged-stays.ts'
import { commitQuorum } from '#tools/sim/checkers/commit-quorum.ts'
import { committedStays } from '#tools/sim/checkers/committed-stays.ts'
import { currentTermCommit } from '#tools/sim/checkers/current-term-commit.ts'
import { durableBeforeVisible } from '#tools/sim/checkers/durable-before-visible.ts'
import { durableStays } from '#tools/sim/checkers/durable-stays.ts'
import { electionSafety } from '#tools/sim/checkers/election-safety.ts'
import { exactlyOnce } from '#tools/sim/checkers/exactly-once.ts'
import { forgotIsSilent } from '#tools/sim/checkers/forgot-is-silent.ts'
import { leaderCompleteness } from '#tools/sim/checkers/leader-completeness.ts'
import { leaderFreshness } from '#tools/sim/checkers/leader-freshness.ts'
import { linearizableReads } from '#tools/sim/checkers/linearizable-reads.ts'
import { logMatching } from '#tools/sim/checkers/log-matching.ts'
import { logTime } from '#tools/sim/checkers/log-time.ts'
import { stateMachineSafety } from '#tools/sim/checkers/state-machine-safety.ts'
import { truncatesOnConflict } from '#tools/sim/checkers/truncates-on-conflict.ts'
import { uniqueAddress } from '#tools/sim/checkers/unique-address.ts'
import { uniqueLease } from '#tools/sim/checkers/unique-lease.ts'
import { Ledger } from '#tools/sim/ledger.ts'
import type { Ended, FinishedOperation } from '#tools/sim/operation.ts'

type NodeState = { terms?: readonly number[]; term?: number; votedFor?: string | null }

/** `terms[i]` is the term of entry i + 1. */
const node = (id: string, { terms = [], term = 1, votedFor = null }: NodeState = {}): Watched => ({
  ...{ id, index: 0, resumedUs: -1e9, state: null, lostReader: null },
  hardState: { currentTerm: term, votedFor, commitIndex: 0 },
  reader: {
    firstIndex: () => 1,
    lastIndex: () => terms.length,
    termAt: (index) => (index === 0 ? 0 : terms[index - 1]),
    entries: () => [],
    snapshot: () => ({ lastIncludedIndex: 0 }) as never,
  },
})
const entry = (index: number, term: number, more: Partial<Entry> = {}): Entry => ({
  ...{ index, term, kind: 'command', stamp: index, data: new Uint8Array([index, term]) },
  ...more,
})
const message = (type: Message['type'], from: string, more: object): Message =>
  ({ type, from, to: 'x', term: 1, ...more }) as unknown as Message
const write = (entries: readonly Entry[]) => ({ hardState: null, entries, snapshot: null })

const setUp = (make: MakeChecker, nodes: readonly Watched[] = []) => {
  const failures: string[] = []
  const ledger = new Ledger()
  const clock = { nowUs: 0 }
  const voters = ['a', 'b', 'c']
  const configuration = {
    voters,
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  }
  const checker: Checker = make({
    ledger,
    nodes: () => nodes,
    nowUs: () => clock.nowUs,
    configurations: () => [{ index: 0, configuration }],
    fail: (what) => void failures.push(what),
  })
  const commit = (what: Entry, committedByTerm = what.term): void => {
    const committed = { entry: what, by: 'a', atUs: clock.nowUs, committedByTerm }
    ledger.note(committed)
    checker.onCommitted?.(committed)
  }
  return { checker, failures, ledger, clock, commit }
}
const operation = (request: FinishedOperation['request'], ended: Ended, floor = 0) => ({
  ...{ id: 'op1', client: 0, invokedUs: 0, endedUs: 1_000_000, request, ended, floor },
})
const put = (revision: number, name: string, value: string) => ({
  ...{ revision, stamp: revision, text: '' },
  changes: [{ table: 'settings', key: name, row: { name, value } }] as readonly Change[],
})
const hold = (revision: number, row: object | null, ip = 9) => ({
  ...{ revision, stamp: revision, text: '' },
  changes: [{ table: 'holds', key: ip, row }] as unknown as readonly Change[],
})

t.test('election-safety: one leader a term, one vote a node and term', (t) => {
  const { checker, failures } = setUp(electionSafety)
  checker.onSend?.(node('a'), message('heartbeat', 'a', { term: 2 }))
  checker.onSend?.(node('b'), message('appendEntries', 'b', { term: 3 }))
  checker.onSend?.(node('c'), message('requestVoteReply', 'c', { term: 3, to: 'b', granted: true }))
  t.same(failures, [])
  checker.onSend?.(node('b'), message('heartbeat', 'b', { term: 2 }))
  checker.onSend?.(node('c'), message('requestVoteReply', 'c', { term: 3, to: 'a', granted: true }))
  t.equal(failures.length, 2)
  t.end()
})

t.test('log-matching: index and term name one entry and the one before it', (t) => {
  const { checker, failures } = setUp(logMatching)
  checker.onSave?.(node('a', { terms: [1] }), write([entry(2, 2)]))
  checker.onSave?.(node('b', { terms: [1] }), write([entry(2, 2)]))
  t.same(failures, [])
  checker.onSave?.(node('c', { terms: [2] }), write([entry(2, 2)]))
  checker.onSave?.(node('c', { terms: [1] }), write([entry(2, 2, { data: new Uint8Array([9]) })]))
  t.equal(failures.length, 2)
  t.end()
})

t.test('leader-completeness: a leader has what was committed in earlier terms', (t) => {
  const { checker, failures, commit } = setUp(leaderCompleteness)
  commit(entry(1, 1))
  commit(entry(2, 2), 4)
  checker.onSend?.(node('a', { terms: [1] }), message('heartbeat', 'a', { term: 2 }))
  checker.onSend?.(node('a', { terms: [1] }), message('heartbeat', 'a', { term: 4 }))
  t.same(failures, [], 'of term 2, committed in 4: a leader of 4 or before need not have it')
  checker.onSend?.(node('b', { terms: [1, 1] }), message('appendEntries', 'b', { term: 5 }))
  t.equal(failures.length, 1)
  t.end()
})

t.test('leader-freshness: who hears from a leader grants no pre-vote', (t) => {
  const { checker, failures, clock } = setUp(leaderFreshness)
  const ask = (atUs: number): void => {
    clock.nowUs = atUs
    checker.onReceive?.(node('b'), message('preVote', 'c', { term: 2 }))
    checker.onSend?.(node('b'), message('preVoteReply', 'b', { to: 'c', term: 2, granted: true }))
  }
  checker.onReceive?.(node('b'), message('heartbeat', 'a', {}))
  ask(400_000)
  t.same(failures, [])
  checker.onReceive?.(node('b'), message('heartbeat', 'a', {}))
  ask(500_000)
  t.equal(failures.length, 1)
  t.end()
})

t.test('state-machine-safety: equal entries, changes and states at equal indexes', (t) => {
  const { checker, failures, commit, ledger } = setUp(stateMachineSafety)
  commit(entry(1, 1))
  checker.onApplied?.(node('b'), entry(1, 1))
  ledger.noteBatch({ ...put(1, 'k', 'x'), text: 'x' })
  checker.onOtherBatch?.(node('b'), { ...put(1, 'k', 'x'), text: 'fields in another order' })
  t.same(failures, [])
  checker.onApplied?.(node('b'), entry(1, 2))
  checker.onOtherBatch?.(node('b'), { ...put(1, 'k', 'y'), text: 'y' })
  ledger.digests.set(0, 'one')
  checker.onDigest?.(node('b'), 'other')
  t.equal(failures.length, 3)
  t.end()
})

t.test('committed-stays: a committed entry is not replaced where it is', (t) => {
  const { checker, failures, commit } = setUp(committedStays)
  commit(entry(1, 1))
  commit(entry(2, 2))
  checker.onSave?.(node('a', { terms: [1, 2] }), write([entry(2, 2), entry(3, 2)]))
  checker.onSave?.(node('b', { terms: [1, 1] }), write([entry(2, 2)]))
  t.same(failures, [], 'what was never the committed one may go')
  checker.onSave?.(node('a', { terms: [1, 2] }), write([entry(2, 3)]))
  checker.onSave?.(node('a', { terms: [1, 2] }), write([entry(1, 1)]))
  t.equal(failures.length, 2)
  t.end()
})

t.test('commit-quorum: what is applied is on a majority of disks', (t) => {
  const many = [node('a', { terms: [1] }), node('b', { terms: [1] }), node('c')]
  const good = setUp(commitQuorum, many)
  good.commit(entry(1, 1))
  t.same(good.failures, [])
  const few = [
    node('a', { terms: [1] }),
    node('b', { terms: [2] }),
    node('c'),
    node('d', { terms: [1] }),
  ]
  const bad = setUp(commitQuorum, few)
  bad.commit(entry(1, 1))
  t.equal(bad.failures.length, 1, 'who is no voter does not count')
  t.end()
})

t.test('current-term-commit: the commit index moves through an entry of the own term', (t) => {
  const { checker, failures } = setUp(currentTermCommit)
  const leader = node('a', { terms: [1, 1, 3], term: 3 })
  const append = (leaderCommit: number) => message('appendEntries', 'a', { term: 3, leaderCommit })
  for (const leaderCommit of [1, 3]) checker.onSend?.(leader, append(leaderCommit))
  t.same(failures, [])
  checker.onSend?.(leader, append(2))
  t.equal(failures.length, 1)
  t.end()
})

t.test('durable-before-visible: claims are on disk before they leave', (t) => {
  const { checker, failures } = setUp(durableBeforeVisible)
  const voter = node('b', { terms: [1, 1], term: 2, votedFor: 'a' })
  checker.onSend?.(voter, message('requestVoteReply', 'b', { term: 2, to: 'a', granted: true }))
  checker.onSend?.(voter, message('appendEntriesReply', 'b', { term: 2, success: true, index: 2 }))
  t.same(failures, [])
  checker.onSend?.(voter, message('requestVoteReply', 'b', { term: 2, to: 'c', granted: true }))
  checker.onSend?.(voter, message('appendEntriesReply', 'b', { term: 2, success: true, index: 3 }))
  checker.onSend?.(voter, message('heartbeatReply', 'b', { term: 3 }))
  t.equal(failures.length, 3)
  t.end()
})

t.test('durable-stays: terms, votes and entries come back', (t) => {
  const { checker, failures } = setUp(durableStays)
  const before = { terms: [1, 2], term: 2, votedFor: 'a' }
  checker.onSaved?.(node('b', before), write([]))
  checker.onOpened?.(node('b', before))
  checker.onOpened?.(node('b', { ...before, term: 3, votedFor: null }))
  t.same(failures, [])
  checker.onOpened?.(node('b', { ...before, term: 1 }))
  checker.onOpened?.(node('b', { ...before, votedFor: null }))
  checker.onOpened?.(node('b', { ...before, terms: [1] }))
  t.equal(failures.length, 3)
  t.end()
})

t.test('durable-stays: what the disk lost is not the node that forgot it', (t) => {
  const { checker, failures } = setUp(durableStays)
  checker.onSaved?.(node('b', { terms: [1, 2], term: 2 }), write([]))
  checker.onDamaged?.(node('b'))
  checker.onOpened?.(node('b'))
  t.same(failures, [])
  t.end()
})

t.test('forgot-is-silent: nothing that counts before all is back', (t) => {
  const { checker, failures, commit } = setUp(forgotIsSilent)
  commit(entry(1, 1))
  commit(entry(2, 2))
  checker.onSaved?.(node('b', { terms: [1, 2, 2], term: 3 }), write([]))
  checker.onDamaged?.(node('b'))
  const ack = (more: object) =>
    message('appendEntriesReply', 'b', { success: true, index: 1, ...more })
  const send = (state: NodeState, what: Message) => checker.onSend?.(node('b', state), what)
  const partly = { terms: [1], term: 3 }
  send(partly, ack({ amnesia: 7 }))
  send(partly, message('requestVoteReply', 'b', { granted: false }))
  send(partly, message('preVoteReply', 'b', { granted: true }))
  t.same(failures, [])
  send(partly, ack({}))
  send(partly, message('requestVoteReply', 'b', { granted: true }))
  send(partly, message('heartbeatReply', 'b', {}))
  send({ terms: [1, 2], term: 2 }, message('requestVote', 'b', {}))
  t.equal(failures.length, 4)
  send({ terms: [1, 2], term: 3 }, ack({}))
  send(partly, ack({}))
  t.equal(
    failures.length,
    4,
    'what was never committed need not come back; then it is as any other',
  )
  t.end()
})

t.test('truncates-on-conflict: a shorter message is no reason to cut', (t) => {
  const { checker, failures } = setUp(truncatesOnConflict)
  const b = node('b', { terms: [1, 1, 2] })
  checker.onSave?.(b, write([entry(2, 3)]))
  checker.onSave?.(b, write([entry(2, 1), entry(3, 2)]))
  checker.onSave?.(b, write([entry(4, 2)]))
  t.same(failures, [])
  checker.onSave?.(b, write([entry(2, 1)]))
  t.equal(failures.length, 1)
  t.end()
})

t.test('commit-quorum: a leader counts by the configuration that it has applied', (t) => {
  const nodes = [node('a', { terms: [1, 1, 1] }), node('b', { terms: [1, 1, 1] }), node('c')]
  const { checker, failures } = setUp(commitQuorum, nodes)
  const leader = nodes[0] ?? node('a')
  const at = { term: 1, appliedBefore: 1, applied: 1 }
  checker.onLeaderCommit?.(leader, { ...at, index: 3 })
  t.same(failures, [])
  checker.onLeaderCommit?.(node('a', { terms: [1, 1, 1, 1] }), { ...at, index: 4 })
  t.equal(failures.length, 1)
  t.end()
})

t.test('election-safety: a candidate has given its vote', (t) => {
  const { checker, failures } = setUp(electionSafety)
  checker.onSend?.(node('b'), message('requestVote', 'b', { term: 4 }))
  checker.onSend?.(node('b'), message('requestVoteReply', 'b', { term: 5, to: 'a', granted: true }))
  t.same(failures, [])
  checker.onSend?.(node('b'), message('requestVoteReply', 'b', { term: 4, to: 'a', granted: true }))
  t.equal(failures.length, 1)
  t.end()
})

t.test('exactly-once: an operation takes effect once', (t) => {
  const { checker, failures } = setUp(exactlyOnce)
  checker.onBatch?.(put(1, 'custom/k', 'op1'))
  checker.onBatch?.(put(2, 'custom/k', 'op2'))
  t.same(failures, [])
  checker.onBatch?.(put(3, 'custom/k', 'op1'))
  t.equal(failures.length, 1)
  t.end()
})

t.test('acknowledged-stays: what was answered is committed by then', (t) => {
  const { checker, failures } = setUp(acknowledgedStays)
  const command = { type: 'setting.put', name: 'custom/k', value: 'op1' } as const
  const asked = { kind: 'write', command } as const
  checker.onOperation?.(operation(asked, { result: 'unknown' }))
  checker.onBatch?.(put(5, 'custom/k', 'op1'))
  checker.onOperation?.(operation(asked, { result: 'ok', revision: 6, value: null }))
  t.same(failures, [])
  checker.onOperation?.(operation(asked, { result: 'ok', revision: 4, value: null }))
  const other = { ...operation(asked, { result: 'ok', revision: 9, value: null }), id: 'op7' }
  checker.onOperation?.(other)
  t.equal(failures.length, 2)
  t.end()
})

t.test('linearizable-reads: neither older than an answer nor another value', (t) => {
  const { checker, failures } = setUp(linearizableReads)
  checker.onBatch?.(put(5, 'custom/k', 'x'))
  checker.onBatch?.(put(8, 'custom/k', 'y'))
  const read = (revision: number, value: unknown, floor: number) =>
    checker.onOperation?.(
      operation({ kind: 'read', key: 'k' }, { result: 'ok', revision, value }, floor),
    )
  read(7, 'x', 7)
  read(8, 'y', 7)
  read(3, null, 0)
  t.same(failures, [])
  read(7, 'x', 8)
  read(8, 'x', 0)
  t.equal(failures.length, 2)
  t.end()
})

t.test('log-time: never back, never faster than time', (t) => {
  const { failures, clock, commit } = setUp(logTime)
  clock.nowUs = 1_000_000
  commit(entry(1, 1, { stamp: 900 }))
  commit(entry(2, 1, { stamp: 1_100 }))
  t.same(failures, [])
  commit(entry(3, 1, { stamp: 1_000 }))
  commit(entry(4, 1, { stamp: 1_200 }))
  t.equal(failures.length, 2)
  t.end()
})

t.test('unique-address: a hold stands to its end', (t) => {
  const row = (client: string, until: number, more: object = {}) => ({
    ...{ client, until, boundAt: 0, released: false },
    ...more,
  })
  const good = setUp(uniqueAddress)
  good.checker.onBatch?.(hold(10, row('a', 100)))
  good.checker.onBatch?.(hold(50, row('a', 150)))
  good.checker.onBatch?.(hold(150, row('b', 300)))
  good.checker.onBatch?.(hold(300, null))
  t.same(good.failures, [])
  const cases = [hold(50, row('b', 300)), hold(50, row('a', 90)), hold(50, null)]
  for (const second of cases) {
    const { checker, failures } = setUp(uniqueAddress)
    checker.onBatch?.(hold(10, row('a', 100)))
    checker.onBatch?.(second)
    t.equal(failures.length, 1)
  }
  t.end()
})

t.test('unique-lease: no two clients use one address, slow clocks included', (t) => {
  const { checker, failures } = setUp(uniqueLease)
  const bind = (client: string, endedUs: number): void => {
    const command = { type: 'lease.bind', client } as never
    const ended = { result: 'ok', revision: 1, value: { ip: 9, leaseSeconds: 9 } } as const
    checker.onOperation?.({ ...operation({ kind: 'write', command }, ended), endedUs })
  }
  bind('a', 1_000_000)
  bind('a', 2_000_000)
  bind('b', 12_000_000)
  t.same(failures, [])
  bind('a', 21_500_000)
  t.equal(failures.length, 1, 'b has 9 s by a clock that is a tenth slow')
  t.end()
})
