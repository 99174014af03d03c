// Scoped bearer tokens: made, used, listed, renamed, revoked.
import t from 'tap'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { ADMIN, PLAIN, startTestApi, type Answer, type Ask, type TestApi } from '../support/api.ts'

const PATH = '/api/v1/access-tokens'
const make = (api: TestApi, body: object = {}, ask: Ask = {}): Promise<Answer> =>
  api.ask('POST', PATH, { json: { name: 'ci', scope: 'read', ...body }, ...ask })
const bearer = (token: string, ask: Ask = {}): Ask => ({
  ...ask,
  key: null,
  headers: { ...ask.headers, authorization: `Bearer ${token}` },
})
const put = { json: { value: 'x' } }
const SETTING = '/api/v1/settings/custom%2Fa'

t.test('a token is shown once and only its hash is kept', async (t) => {
  const api = await startTestApi(t)
  const made = await make(api)
  t.equal(made.status, 201)
  t.equal(made.headers.get('cache-control'), 'no-store')
  t.match(made.json.token, /^irt_[\w-]{43}$/)
  t.match(made.json, { id: 1, name: 'ci', scope: 'read', lifetime_seconds: null, expired: false })
  const { token, ...shown } = made.json
  t.same((await api.get(`${PATH}/1`)).json, shown)
  t.same((await api.get(PATH)).json.items, [shown])
  const { state } = api.region.local()
  const kept = JSON.stringify([...state.accessTokens.values(), ...state.auditEvents.values()])
  t.notOk(kept.includes(token))
  t.notOk(api.logs.join('').includes(token))
})

const SCOPES = [
  { scope: 'read', read: 200, write: 403, users: 200, backup: 403, manage: 403 },
  { scope: 'write', read: 200, write: 403, users: 200, backup: 403, manage: 403 },
  { scope: 'admin', read: 404, write: 200, users: 200, backup: 200, manage: 201 },
]
for (const { scope, write, users, backup, manage } of SCOPES) {
  t.test(`an administrator’s token of scope ${scope}`, async (t) => {
    const api = await startTestApi(t)
    const { token } = (await make(api, { scope })).json
    const ask = (method: string, path: string, more: Ask = {}) =>
      api.ask(method, path, bearer(token, more))
    t.equal((await ask('GET', SETTING)).status, 404, 'it may ask')
    t.equal((await ask('PUT', SETTING, put)).status, write)
    t.equal((await ask('GET', '/api/v1/users')).status, users)
    t.equal((await ask('GET', '/api/v1/backup')).status, backup)
    t.equal((await make(api, { scope: 'read' }, bearer(token))).status, manage)
    const refused = await ask('DELETE', `${PATH}/1`)
    t.equal(refused.status, scope === 'admin' ? 204 : 403)
    if (scope === 'admin') return
    t.match(refused.json, { code: 'FORBIDDEN', detail: /scope of the access token/ })
    t.match(refused.headers.get('www-authenticate'), /^Bearer error="insufficient_scope"/)
  })
}

t.test('a plain user’s token gives no more than the user has', async (t) => {
  const api = await startTestApi(t)
  const refused = await make(api, { scope: 'admin' }, { key: PLAIN })
  t.equal(refused.status, 400)
  t.match(refused.json.fields, { scope: [/administrator/] })
  const { token } = (await make(api, { scope: 'write' }, { key: PLAIN })).json
  t.equal((await api.ask('PUT', SETTING, bearer(token, put))).status, 403)
  t.equal((await api.get('/api/v1/users', bearer(token))).status, 403)
  t.equal((await api.get(PATH, bearer(token))).status, 200)
})

t.test('a token is for /api/v1 alone', async (t) => {
  const api = await startTestApi(t)
  const { token } = (await make(api, { scope: 'admin' })).json
  const answer = await api.get('users/', bearer(token))
  t.equal(answer.status, 401)
  t.match(answer.text, /Access tokens are for \/api\/v1/)
})

t.test('revoked, expired and invented tokens are 401', async (t) => {
  const api = await startTestApi(t)
  const revoked = (await make(api)).json
  const brief = (await make(api, { lifetime_seconds: 60 })).json
  t.equal(brief.lifetime_seconds, 60)
  t.equal((await api.get(PATH, bearer(brief.token))).status, 200)
  t.equal((await api.delete(`${PATH}/${revoked.id}`)).status, 204)
  api.clock.advance(60_000)
  await api.post('fabrics/', {})
  for (const token of [revoked.token, brief.token, `irt_${'x'.repeat(43)}`]) {
    const answer = await api.get(PATH, bearer(token))
    t.equal(answer.status, 401)
    t.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    t.equal(answer.headers.get('content-type'), 'application/problem+json')
  }
})

t.test('nobody sees or touches another user’s tokens', async (t) => {
  const api = await startTestApi(t)
  await make(api)
  const ask: Ask = { key: PLAIN }
  t.same((await api.get(PATH, ask)).json.items, [])
  t.equal((await api.get(`${PATH}/1`, ask)).status, 404)
  t.equal((await api.delete(`${PATH}/1`, ask)).status, 404)
  t.equal((await api.ask('PATCH', `${PATH}/1`, { ...ask, json: { name: 'x' } })).status, 404)
  t.equal((await api.get(`${PATH}/x`)).status, 404)
})

t.test('ETag, If-None-Match and If-Match', async (t) => {
  const api = await startTestApi(t)
  await make(api)
  const path = `${PATH}/1`
  const tag = (await api.get(path)).headers.get('etag') ?? ''
  t.match(tag, /^"[\w-]{24}"$/)
  const same = await api.get(path, { headers: { 'if-none-match': `W/${tag}, "x"` } })
  t.equal(same.status, 304)
  t.equal(same.text, '')
  const patch = (ifMatch: string, name: string): Promise<Answer> =>
    api.ask('PATCH', path, { json: { name }, headers: { 'if-match': ifMatch } })
  for (const wrong of ['"x"', `W/${tag}`]) {
    const answer = await patch(wrong, 'no')
    t.equal(answer.status, 412)
    t.match(answer.json, { code: 'PRECONDITION_FAILED', status: 412 })
  }
  const changed = await patch(`"x", ${tag}`, 'cd')
  t.equal(changed.status, 200)
  t.equal(changed.json.name, 'cd')
  t.not(changed.headers.get('etag'), tag)
  t.equal((await patch(tag, 'ce')).status, 412, 'the tag is of the past')
  t.equal((await patch('*', 'cf')).status, 200)
  t.equal((await api.delete(path, { headers: { 'if-match': tag } })).status, 412)
  const now = changed.headers.get('etag') ?? ''
  t.equal((await api.get(path, { headers: { 'if-none-match': now } })).status, 200)
})

t.test('a change between comparing and applying is noticed', async (t) => {
  const api = await startTestApi(t)
  await make(api)
  const tag = (await api.get(`${PATH}/1`)).headers.get('etag') ?? ''
  const propose: typeof api.region.propose = (command, options) =>
    MemoryRegion.prototype.propose.call(api.region, command, options) as never
  let raced = false
  api.region.propose = async (command, options) => {
    const id = 1 as never
    const other = { type: 'accessToken.rename', id, userId: 1 as never, name: 'raced' } as const
    if (!raced) {
      raced = true
      await propose({ ...other, expectedName: null }, options)
    }
    return propose(command, options)
  }
  const headers = { 'if-match': tag }
  const answer = await api.ask('PATCH', `${PATH}/1`, { json: { name: 'x' }, headers })
  t.equal(answer.status, 412)
  t.equal(api.region.local().state.accessTokens.get(1 as never)?.name, 'raced')
})

t.test('wrong bodies are problems, and only a merge patch is a patch', async (t) => {
  const api = await startTestApi(t)
  for (const body of [{ scope: 'root' }, { name: '' }, { more: 1 }, { lifetime_seconds: 0 }]) {
    const answer = await make(api, body)
    t.equal(answer.status, 400)
    t.equal(answer.json.code, 'VALIDATION')
  }
  await make(api)
  const merge = { 'content-type': 'application/merge-patch+json' }
  const body = '{"name":"merged"}'
  const merged = await api.ask('PATCH', `${PATH}/1`, { body, headers: merge })
  t.equal(merged.json.name, 'merged')
  for (const type of ['application/json-patch+json', 'text/plain']) {
    const answer = await api.ask('PATCH', `${PATH}/1`, { body, headers: { 'content-type': type } })
    t.equal(answer.status, 415, type)
    t.match(answer.headers.get('accept-patch'), 'application/merge-patch+json')
  }
  const nothing = await api.ask('PATCH', `${PATH}/1`, { body: '{"name":null}', headers: merge })
  t.equal(nothing.status, 400)
})

t.test('a repeated creation makes one token; its text was told once', async (t) => {
  const api = await startTestApi(t)
  const headers = { 'idempotency-key': 'one' }
  const first = await make(api, {}, { headers })
  const again = await make(api, {}, { headers })
  t.equal(again.status, 201)
  t.equal(again.json.id, first.json.id)
  t.equal(again.json.token, null)
  t.equal((await api.get(PATH, { key: ADMIN })).json.items.length, 1)
})
