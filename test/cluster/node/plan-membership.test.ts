import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import type { Member, MemberStatus } from '#model/member.ts'
import { planMembership } from '#node/plan-membership.ts'
import type { Configuration } from '#raft/types.ts'
import { configurationOf } from '#test/support/raft-disk.ts'

function row(id: string, status: MemberStatus, statusAt = 0): Member {
  const address = { host: '192.0.2.1', port: 1, apiUrl: '', keyFingerprint: '' }
  const about = { status, statusRevision: 7, statusAt, statusWall: 0, note: '' }
  return { id: id as SystemId, ...address, ...about }
}

function plan(
  configuration: Configuration,
  members: readonly Member[],
  more: { readonly close?: readonly string[]; readonly now?: number } = {},
) {
  const { close = [], now = 1_000 } = more
  const isClose = (id: string): boolean => close.includes(id)
  return planMembership({ members, configuration, isClose, now, joinTimeoutMs: 60_000 })
}

const abc = configurationOf(['a', 'b', 'c'])
const settled = [row('a', 'member'), row('b', 'member'), row('c', 'member')]
const withLearner = { ...abc, learners: ['d'] }

t.test('nobody wishes anything: nothing is done', async (t) => {
  t.equal(plan(abc, settled), null)
  t.equal(plan(abc, [...settled, row('x', 'removed')]), null)
})

t.test(
  'a joining node becomes a learner, then a voter when it is close, then a member',
  async (t) => {
    const rows = [...settled, row('d', 'joining')]
    t.match(plan(abc, rows), { kind: 'configure', change: { addLearners: ['d'] } })
    t.equal(plan(withLearner, rows), null, 'it catches up')
    const close = { close: ['d'] }
    t.match(plan(withLearner, rows, close), { kind: 'configure', change: { promote: ['d'] } })
    const voters = configurationOf(['a', 'b', 'c', 'd'])
    const command = { type: 'member.report', id: 'd', statusRevision: 7, result: 'joined' }
    t.match(plan(voters, rows), { kind: 'report', command })
  },
)

t.test('during a joint configuration nothing is begun and nothing reported', async (t) => {
  const joint = { ...configurationOf(['a', 'b', 'c', 'd']), votersOutgoing: ['a', 'b', 'c'] }
  t.equal(plan(joint, [...settled, row('d', 'joining'), row('e', 'joining')]), null)
  t.equal(plan(joint, [...settled, row('x', 'leaving')]), null)
})

t.test('a leaving node is taken out, whatever it was, and then reported', async (t) => {
  const rows = [...settled.slice(0, 2), row('c', 'leaving')]
  const step = plan(abc, rows)
  t.match(step, { kind: 'configure', change: { remove: ['c'] }, leaving: [{ id: 'c' }] })
  t.same(step?.kind === 'configure' ? step.change.promote : null, [])
  const gone = plan(configurationOf(['a', 'b']), rows)
  t.match(gone, { kind: 'report', command: { id: 'c', result: 'removed' } })
  t.match(plan(withLearner, [...settled, row('d', 'leaving')]), { change: { remove: ['d'] } })
})

t.test('a dead voter is replaced in one change', async (t) => {
  const rows = [...settled.slice(0, 2), row('c', 'leaving'), row('d', 'joining')]
  const step = plan(withLearner, rows, { close: ['d'] })
  t.match(step, { change: { promote: ['d'], remove: ['c'] }, leaving: [{ id: 'c' }] })
})

t.test('a join has a limit in log time, also for a node that never came', async (t) => {
  const rows = [...settled, row('d', 'joining', 1_000)]
  t.equal(plan(withLearner, rows, { now: 61_000 }), null)
  const late = plan(withLearner, rows, { now: 61_001 })
  t.match(late, { command: { id: 'd', result: 'failed', note: /did not catch up within 60 s/ } })
  const never = plan(abc, rows, { now: 61_001 })
  t.match(never, { command: { id: 'd', result: 'failed', note: /could not be added/ } })
})
