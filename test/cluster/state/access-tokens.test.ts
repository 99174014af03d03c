import t from 'tap'
import { type Lab, makeLab } from '#test/support/region-state.ts'
import type { CommandOf } from '#state/command.ts'
import { ACCESS_TOKENS_PER_USER_MAX } from '#state/limits.ts'

type Create = CommandOf<'accessToken.create'>
const token = (more: Partial<Create> = {}): Create => ({
  type: 'accessToken.create',
  ...{ userId: 1 as never, name: 'ci', digest: 'd', scope: 'read', lifetimeMs: null },
  ...more,
})
const withBob = (): Lab => {
  const lab = makeLab()
  const bob = { username: 'bob', email: 'b@example.org', isSuperuser: false, passwordHash: '' }
  lab.ok({ type: 'user.create', ...bob })
  return lab
}

t.test('tokens are made, found by digest, renamed and revoked by their owner', async (t) => {
  const lab = withBob()
  const { id } = lab.ok(token())
  t.match(lab.state.accessTokensByDigest.first('d'), { id, scope: 'read', expiresAt: null })
  const rename = { type: 'accessToken.rename', id, name: 'cd', expectedName: null } as const
  t.equal(lab.refused({ ...rename, userId: 2 as never }).code, 'NOT_FOUND')
  lab.ok({ ...rename, userId: 1 as never })
  const stale = { ...rename, userId: 1 as never, expectedName: 'ci' }
  t.equal(lab.refused(stale).code, 'PRECONDITION_FAILED')
  lab.ok({ ...stale, expectedName: 'cd', name: 'ce' })
  const remove = { type: 'accessToken.delete', id } as const
  t.equal(lab.refused({ ...remove, userId: 2 as never }).code, 'NOT_FOUND')
  lab.ok({ ...remove, userId: 1 as never })
  t.equal(lab.refused({ ...remove, userId: 1 as never }).code, 'NOT_FOUND')
})

t.test('wrong ones are refused', async (t) => {
  const lab = withBob()
  lab.ok(token())
  t.equal(lab.refused(token()).code, 'CONFLICT')
  t.equal(lab.refused(token({ userId: 9 as never, digest: 'e' })).code, 'NOT_FOUND')
  const foreign = token({ userId: 2 as never, digest: 'e', scope: 'admin' })
  t.match(lab.refused(foreign).fields, { scope: [/administrator/] })
  t.equal(lab.refused(token({ digest: 'e', lifetimeMs: 0 })).code, 'VALIDATION')
  for (let n = 1; n < ACCESS_TOKENS_PER_USER_MAX; n++) lab.ok(token({ digest: `d${n}` }))
  t.equal(lab.refused(token({ digest: 'e' })).code, 'OVERLOADED')
})

t.test('an ended token is swept, one without an end is not', async (t) => {
  const lab = withBob()
  lab.ok(token({ lifetimeMs: 5_000 }))
  lab.ok(token({ digest: 'e' }))
  lab.ok({ type: 'time.advance' }, 3_000)
  t.equal(lab.state.accessTokens.size, 2)
  lab.ok({ type: 'time.advance' }, 2_000)
  t.same(
    [...lab.state.accessTokens.values()].map(({ digest }) => digest),
    ['e'],
  )
})
