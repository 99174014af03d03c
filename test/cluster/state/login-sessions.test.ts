import t from 'tap'
import { makeLab } from '#test/support/region-state.ts'
import { LOGIN_SESSIONS_PER_USER_MAX } from '#state/limits.ts'

const open = (digest: string, lifetimeMs = 10_000) =>
  ({ type: 'login.open', userId: 1 as never, digest, lifetimeMs }) as const

t.test('a session lasts until it is closed or its time has come', async (t) => {
  const lab = makeLab()
  lab.ok(open('a'))
  lab.ok(open('b'))
  lab.ok({ type: 'login.close', digest: 'a' })
  lab.ok({ type: 'login.close', digest: 'nobody' })
  t.same([...lab.state.loginSessions.keys()], ['b'])
  lab.ok({ type: 'time.advance' }, 10_000)
  t.equal(lab.state.loginSessions.size, 0)
})

t.test('wrong ones are refused', async (t) => {
  const lab = makeLab()
  lab.ok(open('a'))
  t.equal(lab.refused(open('a')).code, 'CONFLICT')
  t.equal(lab.refused({ ...open('b'), userId: 9 as never }).code, 'NOT_FOUND')
  for (const lifetimeMs of [0, -1, Number.NaN, 366 * 24 * 3_600_000]) {
    t.equal(lab.refused(open('b', lifetimeMs)).code, 'VALIDATION')
  }
})

t.test('a user has so many sessions at once; the oldest goes', async (t) => {
  const lab = makeLab()
  // Named against the order of their keys.
  for (let n = 0; n < LOGIN_SESSIONS_PER_USER_MAX; n++) lab.ok(open(`s${1_000 - n}`, 1e9))
  lab.ok(open('one more', 1e9))
  t.equal(lab.state.loginSessions.size, LOGIN_SESSIONS_PER_USER_MAX)
  t.notOk(lab.state.loginSessions.has('s1000'))
})

t.test('a new password ends every session, another e-mail address none', async (t) => {
  const lab = makeLab()
  lab.ok(open('a', 1e9))
  lab.ok({ type: 'user.update', id: 1 as never, set: { email: 'c@example.org' } })
  t.equal(lab.state.loginSessions.size, 1)
  lab.ok({ type: 'user.update', id: 1 as never, set: { passwordHash: 'new' } })
  t.equal(lab.state.loginSessions.size, 0)
})
