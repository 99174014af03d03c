// OAuth 1.0 as MAAS's clients sign (maas-api §5.2), through a real server; and what a wrong one is told.
import { createHmac } from 'node:crypto'
import t from 'tap'
import { parseAuthorization } from '#api/oauth.ts'
import { ADMIN, PLAIN, startTestApi, type TestApi } from './support/api.ts'

const HEADERS = [
  { name: 'maas CLI: no realm, comma and space', header: 'OAuth oauth_nonce="1", oauth_token="t"' },
  {
    name: 'gomaasapi: realm first',
    header: 'OAuth realm="MAAS%20API", oauth_nonce="1",oauth_token="t"',
  },
  { name: 'no quotes, odd spaces', header: 'oauth   oauth_token=t ,oauth_nonce = "1"' },
]
for (const { name, header } of HEADERS) {
  t.test(`the header of ${name} is read`, async (t) => {
    t.strictSame(Object.fromEntries(parseAuthorization(header) ?? []), {
      oauth_nonce: '1',
      oauth_token: 't',
    })
  })
}

t.test('another scheme is not OAuth', async (t) => {
  t.equal(parseAuthorization('Basic abc'), undefined)
})

const old = (api: TestApi): string => String(Math.floor(api.clock.wallMs() / 1_000) - 301)
const future = (api: TestApi): string => String(Math.floor(api.clock.wallMs() / 1_000) + 9_999)

type Case = {
  readonly name: string
  readonly header: (api: TestApi) => string
  readonly status: number
  readonly text?: RegExp
}
const CASES: readonly Case[] = [
  { name: 'a right key', header: (api) => api.sign(ADMIN), status: 200 },
  {
    name: 'a timestamp of the future',
    header: (api) => api.sign(ADMIN, { oauth_timestamp: future(api) }),
    status: 200,
  },
  {
    name: 'an unknown token',
    header: (api) => api.sign(ADMIN, { oauth_token: 'nobody' }),
    status: 401,
    text: /^Authorization Error: Invalid API key\.$/,
  },
  {
    name: 'another consumer',
    header: (api) => api.sign(ADMIN, { oauth_consumer_key: 'x' }),
    status: 401,
    text: /^Authorization Error: Invalid API key\.$/,
  },
  {
    name: 'an old timestamp',
    header: (api) => api.sign(ADMIN, { oauth_timestamp: old(api) }),
    status: 401,
    text: /^Authorization Error: 'Expired timestamp: given \d+ and now \d+ .* threshold 300'$/,
  },
  {
    name: 'a wrong secret',
    header: (api) => api.sign({ ...ADMIN, tokenSecret: 'wrong' }),
    status: 401,
    text: /^Authorization Error: 'Invalid signature/,
  },
  {
    name: 'an empty secret',
    header: (api) => api.sign(ADMIN, { oauth_signature: '&' }),
    status: 401,
    text: /Invalid signature/,
  },
  {
    name: 'an unknown signature method',
    header: (api) => api.sign(ADMIN, { oauth_signature_method: 'RSA-SHA1' }),
    status: 401,
    text: /Signature method not supported/,
  },
  { name: 'another scheme', header: () => 'Basic YTpi', status: 401, text: /Use an API key/ },
  { name: 'broken percent signs', header: () => 'OAuth oauth_token="%zz"', status: 401 },
  { name: 'no parameters', header: () => 'OAuth ', status: 401 },
]

t.test('credentials are judged as MAAS does', async (t) => {
  const api = await startTestApi(t)
  for (const { name, header, status, text } of CASES) {
    const answer = await api.get('users/?op=whoami', { headers: { authorization: header(api) } })
    t.equal(answer.status, status, name)
    if (text !== undefined) t.match(answer.text, text, name)
    if (status === 401) t.equal(answer.headers.get('www-authenticate'), 'OAuth realm="OAuth"')
    t.ok(answer.headers.get('date'), 'clients correct their clock with Date')
    t.notMatch(answer.text, ADMIN.tokenSecret, 'the secret is not in the answer')
  }
})

t.test('a nonce serves once per token and timestamp', async (t) => {
  const api = await startTestApi(t)
  const authorization = api.sign(ADMIN, { oauth_nonce: 'n' })
  t.equal((await api.get('users/', { headers: { authorization } })).status, 200)
  const again = await api.get('users/', { headers: { authorization } })
  t.equal(again.status, 401)
  t.equal(again.text, "Authorization Error: 'Nonce already used: n'")
  const other = { authorization: api.sign(PLAIN, { oauth_nonce: 'n' }) }
  t.equal((await api.get('users/', { headers: other })).status, 200)
})

t.test('a wrong signature does not use up its nonce', async (t) => {
  const api = await startTestApi(t)
  const wrong = api.sign({ ...ADMIN, tokenSecret: 'wrong' }, { oauth_nonce: 'n' })
  t.equal((await api.get('users/', { headers: { authorization: wrong } })).status, 401)
  const right = api.sign(ADMIN, { oauth_nonce: 'n' })
  t.equal((await api.get('users/', { headers: { authorization: right } })).status, 200)
})

t.test('no credentials are 401 on a protected resource and fine on an open one', async (t) => {
  const api = await startTestApi(t)
  const answer = await api.get('machines/', { key: null })
  t.equal(answer.status, 401)
  t.equal(answer.text, 'Forbidden')
  t.equal((await api.get('version/', { key: null })).status, 200)
})

t.test('a plain user is refused what is for administrators', async (t) => {
  const api = await startTestApi(t)
  const answer = await api.post('fabrics/', { name: 'x' }, { key: PLAIN })
  t.equal(answer.status, 403)
  t.equal(answer.text, 'User is not allowed access to this API.')
})

t.test('the whole key serves as a bearer token', async (t) => {
  const api = await startTestApi(t)
  const bearer = (secret: string): Record<string, string> => ({
    authorization: `Bearer ${ADMIN.consumerKey}:${ADMIN.tokenKey}:${secret}`,
  })
  t.equal((await api.get('users/', { headers: bearer(ADMIN.tokenSecret) })).status, 200)
  t.equal((await api.get('users/', { headers: bearer('wrong') })).status, 401)
})

t.test('OAuth parameters may come in the query', async (t) => {
  const api = await startTestApi(t)
  const parameters = parseAuthorization(api.sign(ADMIN)) ?? new Map<string, string>()
  const query = new URLSearchParams([...parameters, ['op', 'whoami']])
  const answer = await api.get(`users/?${query.toString()}`, { key: null })
  t.equal(answer.status, 200)
  t.equal(answer.json.username, 'admin')
})

t.test('HMAC-SHA1 signs method, URL and every parameter (RFC 5849 §3.4)', async (t) => {
  const api = await startTestApi(t)
  const encode = (text: string): string => encodeURIComponent(text)
  const oauth: Record<string, string> = {
    oauth_consumer_key: ADMIN.consumerKey,
    oauth_nonce: 'hmac',
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(Math.floor(api.clock.wallMs() / 1_000)),
    oauth_token: ADMIN.tokenKey,
    oauth_version: '1.0',
  }
  const signed = { ...oauth, op: 'whoami' }
  const parameters = Object.entries(signed)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
  const base = ['GET', `${api.url}/MAAS/api/2.0/users/`, parameters].map(encode).join('&')
  const signature = createHmac('sha1', `&${ADMIN.tokenSecret}`).update(base).digest('base64')
  const header = (value: string, nonce: string): Record<string, string> => ({
    authorization: `OAuth ${Object.entries({ ...oauth, oauth_nonce: nonce, oauth_signature: value })
      .map(([name, text]) => `${name}="${encode(text)}"`)
      .join(',')}`,
  })
  const right = await api.get('users/?op=whoami', { headers: header(signature, 'hmac') })
  t.equal(right.status, 200)
  const other = await api.get('users/?op=whoami', { headers: header(signature, 'other') })
  t.equal(other.status, 401, 'the signature covers the nonce')
})

t.test('a key made a moment ago elsewhere is found by a confirmed read', async (t) => {
  const api = await startTestApi(t)
  const before = api.region.reads
  await api.get('users/?op=whoami', { headers: { authorization: api.sign(PLAIN) } })
  const known = api.region.reads - before
  await api.get('users/?op=whoami', { headers: { authorization: 'OAuth oauth_token="new"' } })
  t.equal(known, 1, 'a known key costs no read of its own')
  t.equal(api.region.reads - before, 2, 'an unknown one is looked up once more')
})

t.test('without a quorum an unknown key is 503, not 401', async (t) => {
  const api = await startTestApi(t)
  api.region.failWith('NO_QUORUM')
  const headers = { authorization: 'OAuth oauth_token="new"' }
  t.equal((await api.get('version/', { headers })).status, 200, 'where keys are not looked at')
  const answer = await api.get('users/?op=whoami', { headers })
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '1')
})

t.test('no secret reaches the log', async (t) => {
  const api = await startTestApi(t)
  await api.get('users/?op=whoami&oauth_signature=%26verysecret')
  await api.post('account/?op=create_authorisation_token', { name: 'x' })
  const log = api.logs.join('')
  t.match(log, /api\.request/)
  t.notMatch(log, ADMIN.tokenSecret)
  t.notMatch(log, 'verysecret')
})
