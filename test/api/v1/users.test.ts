// Users and passwords on /api/v1.
import t from 'tap'
import { PLAIN, startTestApi } from '../support/api.ts'

const PATH = '/api/v1/users'

t.test('administrators list, read and change users', async (t) => {
  const api = await startTestApi(t)
  const list = await api.get(PATH)
  t.same(
    list.json.items.map(({ username }: { username: string }) => username),
    ['admin', 'plain'],
  )
  t.strictSame(Object.keys(list.json.items[0]), [
    ...['id', 'username', 'email', 'is_superuser', 'created'],
  ])
  const read = await api.get(`${PATH}/plain`)
  t.match(read.json, { id: 2, username: 'plain', is_superuser: false })
  const change = { email: 'new@example.org', is_superuser: true }
  const headers = { 'if-match': read.headers.get('etag') ?? '' }
  const changed = await api.ask('PATCH', `${PATH}/plain`, { json: change, headers })
  t.match(changed.json, change)
  t.equal((await api.ask('PATCH', `${PATH}/plain`, { json: change, headers })).status, 412)
  t.equal((await api.post('fabrics/', {}, { key: PLAIN })).status, 200, 'it has the rights now')
  t.equal((await api.get(`${PATH}/nobody`)).status, 404)
})

t.test('wrong changes are refused with their fields', async (t) => {
  const api = await startTestApi(t)
  const patch = (json: object) => api.ask('PATCH', `${PATH}/admin`, { json })
  const cases = [
    { json: { is_superuser: false }, field: 'is_superuser' },
    { json: { username: 'plain' }, field: 'username' },
    { json: { username: 'a b' }, field: 'username' },
    { json: { email: 'x' }, field: 'email' },
    { json: { password: 'short' }, field: 'password' },
    { json: { email: null }, field: 'email' },
    { json: { more: 1 }, field: 'more' },
  ]
  for (const { json, field } of cases) {
    const answer = await patch(json)
    t.equal(answer.status, 400, field)
    t.strictSame(Object.keys(answer.json.fields), [field])
  }
  for (const key of [PLAIN]) {
    t.equal((await api.get(PATH, { key })).status, 403)
    t.equal((await api.ask('PATCH', `${PATH}/plain`, { key, json: {} })).status, 403)
  }
})

t.test('a password is changed by who knows it, and every browser logs in anew', async (t) => {
  const api = await startTestApi(t)
  const path = '/api/v1/account/password'
  const login = (password: string) =>
    api.post('/MAAS/accounts/login/', { username: 'admin', password }, { key: null })
  t.equal((await login('secret')).status, 204)
  const body = (current: string) => ({
    ...{ current_password: current, new_password: 'a longer secret' },
  })
  const wrong = await api.ask('PUT', path, { json: body('guess') })
  t.equal(wrong.status, 400)
  t.strictSame(Object.keys(wrong.json.fields), ['current_password'])
  const short = { current_password: 'secret', new_password: 'x' }
  t.equal((await api.ask('PUT', path, { json: short })).status, 400)
  t.equal((await api.ask('PUT', path, { json: body('secret') })).status, 204)
  t.equal(api.region.local().state.loginSessions.size, 0)
  t.equal((await login('secret')).status, 400)
  t.equal((await login('a longer secret')).status, 204)
  const { passwordHash } = api.region.local().state.users.get(1 as never) ?? {}
  t.match(passwordHash, /^scrypt\$16384\$8\$5\$/)
})
