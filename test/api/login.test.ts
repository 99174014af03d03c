// Passwords: an API key for MAAS's CLI, a cookie for browsers, and what keeps others out.
import t from 'tap'
import { PLAIN, startTestApi, type Answer, type TestApi } from './support/api.ts'

const RIGHT = { username: 'admin', password: 'secret' }
const WRONG = { username: 'admin', password: 'guess' }
const LOGIN = '/MAAS/accounts/login/'
const AUTHENTICATE = '/MAAS/accounts/authenticate/'

const post = (api: TestApi, path: string, form: Record<string, string>, headers = {}) =>
  api.post(path, form, { key: null, headers })

/** `name=value` of every cookie that an answer sets, for the next request. */
const cookiesOf = (answer: Answer): string =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

type Browser = { readonly cookie: string; readonly csrf: string }

async function logIn(api: TestApi): Promise<Browser> {
  const answer = await post(api, LOGIN, RIGHT)
  t.equal(answer.status, 204)
  const cookie = cookiesOf(answer)
  return { cookie, csrf: /csrftoken=([^;]+)/.exec(cookie)?.[1] ?? '' }
}

t.test('a password gets an API key; the same consumer gets the same one', async (t) => {
  const api = await startTestApi(t)
  const first = await post(api, AUTHENTICATE, { ...RIGHT, consumer: 'cli' })
  t.equal(first.status, 200)
  const names = ['consumer_key', 'name', 'token_key', 'token_secret']
  t.strictSame(Object.keys(first.json).toSorted(), names)
  const again = await post(api, AUTHENTICATE, { ...RIGHT, consumer: 'cli' })
  t.strictSame(again.json, first.json)
  const { consumer_key: consumerKey, token_key: tokenKey, token_secret: tokenSecret } = first.json
  const key = { consumerKey, tokenKey, tokenSecret }
  t.equal((await api.get('users/?op=whoami', { key })).json.username, 'admin')
})

t.test('a wrong password, an unknown name and a user without one are told alike', async (t) => {
  const api = await startTestApi(t)
  const asks = [WRONG, { username: 'nobody', password: 'x' }, { username: 'plain', password: '' }]
  for (const form of asks.slice(0, 2)) {
    const answer = await post(api, AUTHENTICATE, form)
    t.equal(answer.status, 403)
    t.equal(answer.text, 'Wrong user name or password.')
  }
  t.strictSame(Object.keys((await post(api, AUTHENTICATE, asks[2] ?? {})).json), ['password'])
  const plain = await post(api, AUTHENTICATE, { username: 'plain', password: 'x' })
  t.equal(plain.status, 403)
})

t.test('the cookies of a login: flags, and who one is with them', async (t) => {
  const api = await startTestApi(t)
  const answer = await post(api, LOGIN, RIGHT)
  t.equal(answer.status, 204)
  const [session = '', csrf = ''] = answer.headers.getSetCookie()
  t.match(session, /^sessionid=[\w-]{43}; Path=\/; Max-Age=1209600; SameSite=Lax; HttpOnly$/)
  t.match(csrf, /^csrftoken=[\w-]{43}; Path=\/; Max-Age=1209600; SameSite=Lax$/)
  const cookie = cookiesOf(answer)
  const who = await api.get('users/?op=whoami', { key: null, headers: { cookie } })
  t.equal(who.json.username, 'admin')
  const state = await api.get(LOGIN, { key: null, headers: { cookie } })
  t.same(state.json, { authenticated: true, external_auth_url: null, no_users: false })
  t.equal((await api.get(LOGIN, { key: null })).json.authenticated, false)
  const stored = JSON.stringify([...api.region.local().state.loginSessions.values()])
  t.notMatch(stored, cookie.slice(10, 40), 'only the hash is kept')
})

t.test('behind TLS the cookies are Secure', async (t) => {
  const api = await startTestApi(t)
  const answer = await post(api, LOGIN, RIGHT, { 'x-forwarded-proto': 'https' })
  for (const cookie of answer.headers.getSetCookie()) t.match(cookie, /; Secure$/)
})

t.test('a wrong login is a form error and sets nothing', async (t) => {
  const api = await startTestApi(t)
  const answer = await post(api, LOGIN, WRONG)
  t.equal(answer.status, 400)
  t.strictSame(Object.keys(answer.json), ['__all__'])
  t.same(answer.headers.getSetCookie(), [])
  t.strictSame(Object.keys((await post(api, LOGIN, {})).json), ['username', 'password'])
})

t.test('what a cookie changes needs the CSRF token of that login', async (t) => {
  const api = await startTestApi(t)
  const { cookie, csrf } = await logIn(api)
  const other = await logIn(api)
  const create = (headers: Record<string, string>) =>
    post(api, 'fabrics/', {}, { cookie, ...headers })
  for (const headers of [{}, { 'x-csrftoken': 'x' }, { 'x-csrftoken': other.csrf }]) {
    const answer = await create(headers)
    t.equal(answer.status, 403)
    t.equal(answer.text, 'CSRF Failed: CSRF token missing or incorrect.')
  }
  t.equal((await create({ 'x-csrftoken': csrf })).status, 200)
  const v1 = await api.ask('PUT', '/api/v1/settings/custom%2Fa', {
    ...{ key: null, json: { value: 'x' }, headers: { cookie } },
  })
  t.equal(v1.status, 403)
  t.equal(v1.json.code, 'FORBIDDEN')
})

t.test('requests that another site made the browser send are refused', async (t) => {
  const api = await startTestApi(t)
  const { cookie, csrf } = await logIn(api)
  const host = new URL(api.url).host
  const foreign: readonly Record<string, string>[] = [
    { origin: 'https://evil.example.org' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of foreign) {
    const all = { cookie, 'x-csrftoken': csrf, ...headers }
    t.equal((await post(api, 'fabrics/', {}, all)).status, 403)
    t.equal((await post(api, LOGIN, RIGHT, headers)).status, 403, 'nor may they log in')
  }
  const own = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
  t.equal((await post(api, 'fabrics/', {}, { cookie, 'x-csrftoken': csrf, ...own })).status, 200)
})

t.test('the CSRF token can be asked for, by who is logged in', async (t) => {
  const api = await startTestApi(t)
  const { cookie, csrf } = await logIn(api)
  const path = '/MAAS/account/csrf/'
  t.same((await api.get(path, { key: null, headers: { cookie } })).json, { csrf })
  t.same((await post(api, path, {}, { cookie })).json, { csrf })
  t.equal((await api.get(path, { key: null })).status, 401)
  const stale = { cookie: 'sessionid=nobody' }
  t.equal((await api.get(path, { key: null, headers: stale })).status, 401)
})

t.test('logging out ends the session, not the others', async (t) => {
  const api = await startTestApi(t)
  const { cookie, csrf } = await logIn(api)
  const other = await logIn(api)
  const logout = '/MAAS/accounts/logout/'
  t.equal((await post(api, logout, {}, { cookie })).status, 403, 'not without the token')
  const answer = await post(api, logout, {}, { cookie, 'x-csrftoken': csrf })
  t.equal(answer.status, 204)
  for (const set of answer.headers.getSetCookie()) t.match(set, /=; Path=\/; Max-Age=0/)
  const who = (headers: { cookie: string }) =>
    api.get('users/?op=whoami', { key: null, headers: { cookie: headers.cookie } })
  t.equal((await who({ cookie })).status, 401)
  t.equal((await who(other)).status, 200)
})

t.test('a session ends by log time', async (t) => {
  const api = await startTestApi(t)
  const { cookie } = await logIn(api)
  const who = async () =>
    (await api.get('users/?op=whoami', { key: null, headers: { cookie } })).status
  api.clock.advance(1_209_600_000 - 1_000)
  await api.post('fabrics/', {})
  t.equal(await who(), 200)
  api.clock.advance(2_000)
  await api.post('fabrics/', {})
  t.equal(await who(), 401)
})

t.test('too many wrong passwords: 429 with Retry-After, for that account only', async (t) => {
  const api = await startTestApi(t)
  for (let n = 0; n < 10; n++) t.equal((await post(api, AUTHENTICATE, WRONG)).status, 403)
  const limited = await post(api, AUTHENTICATE, RIGHT)
  t.equal(limited.status, 429, 'the right password has to wait, too')
  t.equal(limited.headers.get('retry-after'), '30')
  t.equal((await post(api, LOGIN, RIGHT)).status, 429, 'by whichever door')
  const other = { username: 'plain', password: 'x' }
  t.equal((await post(api, AUTHENTICATE, other)).status, 403)
  api.clock.advance(30_000)
  t.equal((await post(api, AUTHENTICATE, RIGHT)).status, 200)
  t.equal((await post(api, AUTHENTICATE, RIGHT)).status, 200, 'right ones cost nothing')
})

t.test('an API key needs no CSRF token, and a cookie beside it is not looked at', async (t) => {
  const api = await startTestApi(t)
  const { cookie } = await logIn(api)
  const answer = await api.get('users/?op=whoami', { key: PLAIN, headers: { cookie } })
  t.equal(answer.json.username, 'plain')
  t.equal((await api.post('fabrics/', {}, { headers: { cookie } })).status, 200)
})

t.test('without a quorum nobody logs in, and nothing is counted', async (t) => {
  const api = await startTestApi(t)
  api.region.failWith('NO_QUORUM')
  for (let n = 0; n < 12; n++) t.equal((await post(api, LOGIN, RIGHT)).status, 503)
  api.region.failWith(null)
  t.equal((await post(api, LOGIN, RIGHT)).status, 204)
})

t.test('no password, cookie or token is in the log', async (t) => {
  const api = await startTestApi(t)
  const { cookie, csrf } = await logIn(api)
  await post(api, 'fabrics/', {}, { cookie, 'x-csrftoken': csrf })
  const log = api.logs.join('')
  for (const secret of ['secret', csrf, cookie]) t.notOk(log.includes(secret))
})
