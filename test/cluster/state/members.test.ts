// Members and tokens: wishes, reports, tombstones, secrets that work once (pitfall D10).
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import type { CommandOf } from '#state/command.ts'
import { dump, restore } from '#state/snapshot.ts'
import { contentOf, makeLab, newMachine, type Lab } from '#test/support/region-state.ts'

const A = 'aaaaaa' as SystemId
const B = 'bbbbbb' as SystemId
const C = 'cccccc' as SystemId
const HOUR = 3_600_000

const addressOf = (id: SystemId) => ({
  id,
  host: '192.0.2.1',
  port: 5250 + id.charCodeAt(0),
  apiUrl: `http://192.0.2.1/${id}`,
})
const register = (id: SystemId): CommandOf<'member.register'> => {
  return { type: 'member.register', ...addressOf(id) }
}
const join = (id: SystemId, tokenDigest: string): CommandOf<'member.join'> => {
  return { type: 'member.join', ...addressOf(id), tokenDigest, keyFingerprint: `key-${id}` }
}
const token = (digest: string, kind: 'rack' | 'region' = 'region') => {
  return { type: 'token.create' as const, digest, kind, lifetimeMs: HOUR }
}
const report = (
  lab: Lab,
  id: SystemId,
  result: CommandOf<'member.report'>['result'],
  note = '',
): CommandOf<'member.report'> => {
  const statusRevision = lab.state.members.get(id)?.statusRevision ?? 0
  return { type: 'member.report', id, statusRevision, result, note }
}

function labOf(...ids: readonly SystemId[]): Lab {
  const lab = makeLab()
  for (const id of ids) lab.ok(register(id))
  return lab
}
const statusOf = (lab: Lab, id: SystemId) => lab.state.members.get(id)?.status

t.test('nodes of the bootstrap become members as they register, and may move', async (t) => {
  const lab = labOf(A)
  t.match(lab.state.members.get(A), { status: 'member', host: '192.0.2.1', keyFingerprint: '' })
  const before = lab.state.members.get(A)
  lab.ok({ ...register(A), host: '192.0.2.7' })
  t.same(lab.state.members.get(A), { ...before, host: '192.0.2.7' })
})

t.test('a revoked token admits nobody, whether it was used or not', async (t) => {
  const lab = labOf(A)
  lab.ok(token('t1'))
  lab.ok({ type: 'token.revoke', digest: 't1' })
  t.match(lab.refused(join(B, 't1')), { code: 'FORBIDDEN', message: /not known/ })
  t.equal(lab.refused({ type: 'token.revoke', digest: 't1' }).code, 'NOT_FOUND')
  lab.ok(token('t1'))
})

t.test('a node joins with a token, and the token is used up', async (t) => {
  const lab = labOf(A)
  lab.ok(token('t1'))
  lab.ok(join(B, 't1'))
  t.match(lab.state.members.get(B), { status: 'joining', keyFingerprint: 'key-bbbbbb' })
  const content = contentOf(lab.state)
  t.match(lab.refused(join(C, 't1')), { code: 'FORBIDDEN', message: /used already/ })
  t.equal(contentOf(lab.state), content)
  lab.ok(report(lab, B, 'joined'))
  t.equal(statusOf(lab, B), 'member')
})

t.test('the same node may ask again, another key under its id may not', async (t) => {
  const lab = labOf(A)
  lab.ok(token('t1'))
  lab.ok(token('t2'))
  lab.ok(join(B, 't1'))
  const content = contentOf(lab.state)
  lab.ok(join(B, 't1'), 2 * HOUR)
  t.equal(contentOf(lab.state), content, 'also when the token would have expired')
  t.match(lab.refused({ ...join(B, 't1'), keyFingerprint: 'x' }), { code: 'CONFLICT' })
  t.match(lab.refused({ ...join(B, 't2'), keyFingerprint: 'x' }), { code: 'CONFLICT' })
  t.match(lab.refused(join(A, 't2')), { code: 'CONFLICT' }, 'an id of the bootstrap')
})

t.test('a token that is unknown, expired or of the other kind admits nobody', async (t) => {
  const lab = labOf(A)
  lab.ok(token('region'))
  lab.ok(token('rack', 'rack'))
  t.match(lab.refused(join(B, 'none')), { message: /not known/ })
  t.match(lab.refused(join(B, 'rack')), { message: /for a rack/ })
  t.match(lab.refused(join(B, 'd1')), { message: /for a rack/ }, 'the bootstrap’s')
  const use = (digest: string) => ({ type: 'token.use' as const, digest, usedBy: 'r1' })
  t.match(lab.refused(use('region')), { message: /for a region/ })
  lab.ok({ type: 'time.advance' }, HOUR - 4_000)
  t.match(lab.refused(join(B, 'region'), 4_000), { message: /expired/ })
  lab.ok(token('fresh'))
  t.notOk(lab.state.joinTokens.has('region'), 'swept when the next one is made')
})

t.test('a rack token is good for one rack, that of the bootstrap for any number', async (t) => {
  const lab = labOf(A)
  lab.ok(token('once', 'rack'))
  const use = (digest: string, usedBy: string) => ({ type: 'token.use' as const, digest, usedBy })
  lab.ok(use('once', 'r1'))
  lab.ok(use('once', 'r1'))
  t.match(lab.refused(use('once', 'r2')), { code: 'FORBIDDEN' })
  lab.ok(use('d1', 'r1'))
  lab.ok(use('d1', 'r2'))
})

t.test('tokens are bounded in number and in time', async (t) => {
  const lab = labOf(A)
  for (const lifetimeMs of [0, -1, Number.NaN, 31 * 24 * HOUR]) {
    t.match(lab.refused({ ...token('x'), lifetimeMs }), { code: 'BAD_REQUEST' })
  }
  for (let n = lab.state.joinTokens.size; n < 1_000; n++) lab.ok(token(`n${n}`), 0)
  t.match(lab.refused(token('one more')), { code: 'OVERLOADED' })
  lab.ok(token('one more'), 2 * HOUR)
  t.equal(lab.state.joinTokens.size, 2, 'the bootstrap’s and the new one')
})

t.test('a removed id is a tombstone: it neither registers nor joins again', async (t) => {
  const lab = labOf(A, B)
  lab.ok(token('t1'))
  lab.ok({ type: 'member.remove', id: B })
  t.equal(statusOf(lab, B), 'leaving')
  lab.ok(report(lab, B, 'removed'))
  t.equal(statusOf(lab, B), 'removed')
  t.match(lab.refused(register(B)), { code: 'MEMBER_REMOVED' })
  t.match(lab.refused(join(B, 't1')), { code: 'CONFLICT' })
  t.match(lab.refused({ type: 'member.remove', id: B }), { code: 'CONFLICT' })
  t.equal(restore(dump(lab.state)).members.get(B)?.status, 'removed', 'also in a snapshot')
})

t.test(
  'a removal that the quorum does not allow leaves the member as it was, and says why',
  async (t) => {
    const lab = labOf(A, B)
    lab.ok({ type: 'member.remove', id: B })
    lab.ok(report(lab, B, 'refused', 'too few are up'))
    t.match(lab.state.members.get(B), { status: 'member', note: 'too few are up' })
    lab.ok({ type: 'member.remove', id: B })
    t.equal(lab.state.members.get(B)?.note, '')
  },
)

t.test('a join that failed ends as a tombstone that says why', async (t) => {
  const lab = labOf(A)
  lab.ok(token('t1'))
  lab.ok(join(B, 't1'))
  lab.ok(report(lab, B, 'failed', 'too slow'))
  t.equal(statusOf(lab, B), 'leaving')
  lab.ok(report(lab, B, 'removed'))
  t.match(lab.state.members.get(B), { status: 'removed', note: 'too slow' })
})

t.test('a report about an older wish, or about none, changes nothing', async (t) => {
  const lab = labOf(A, B)
  lab.ok({ type: 'member.remove', id: B })
  const old = report(lab, B, 'removed')
  lab.ok(report(lab, B, 'refused'))
  lab.ok({ type: 'member.remove', id: B })
  const content = contentOf(lab.state)
  t.match(lab.refused(old), { code: 'CONFLICT' })
  t.match(lab.refused(report(lab, B, 'joined')), { code: 'CONFLICT' })
  t.match(lab.refused(report(lab, A, 'removed')), { code: 'CONFLICT' })
  t.match(lab.refused(report(lab, C, 'removed')), { code: 'NOT_FOUND' })
  t.equal(contentOf(lab.state), content)
})

t.test('the only node stays, an unknown one cannot go', async (t) => {
  const lab = labOf(A)
  t.match(lab.refused({ type: 'member.remove', id: A }), { code: 'CONFLICT', message: /only/ })
  lab.ok(token('t1'))
  lab.ok(join(B, 't1'))
  t.match(lab.refused({ type: 'member.remove', id: A }), { code: 'CONFLICT' }, 'b is none yet')
  t.match(lab.refused({ type: 'member.remove', id: C }), { code: 'NOT_FOUND' })
  lab.ok({ type: 'member.remove', id: B })
})

t.test('ids of machines and addresses of members are taken; ten nodes are too many', async (t) => {
  const lab = labOf(A)
  const { systemId } = lab.ok(newMachine(7))
  for (let n = 0; n < 12; n++) lab.ok(token(`t${n}`))
  t.match(lab.refused(join(systemId, 't0')), { code: 'CONFLICT' })
  t.match(lab.refused({ ...join(B, 't0'), ...addressOf(A), id: B }), { message: /address of/ })
  for (let n = 0; n < 8; n++) {
    lab.ok({ ...join(`node0${n}` as SystemId, `t${n}`), port: 1_000 + n })
  }
  t.match(lab.refused(join(B, 't9')), { code: 'CONFLICT', message: /at most 9/ })
})
