// The same call signed PLAINTEXT and HMAC-SHA1, by header, query and body, and every failure of maas-api §5.2's
// table in each of these six ways: one status, one text.
import { createHmac } from 'node:crypto'
import t from 'tap'
import { ADMIN, PLAIN, startTestApi, type Answer, type Key, type TestApi } from './support/api.ts'

const METHODS = ['PLAINTEXT', 'HMAC-SHA1'] as const
const PLACES = ['header', 'query', 'body'] as const
type Way = { readonly method: (typeof METHODS)[number]; readonly place: (typeof PLACES)[number] }
const WAYS: readonly Way[] = METHODS.flatMap((method) => PLACES.map((place) => ({ method, place })))

type Change = {
  readonly key?: Key
  /** Replaces OAuth parameters after signing. */
  readonly set?: Readonly<Record<string, string>>
  readonly ageSeconds?: number
  readonly nonce?: string
  /** The address that is signed; by default the one that is asked. */
  readonly origin?: string
  readonly headers?: Readonly<Record<string, string>>
}

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )

let nonces = 0

/** POST fabrics/ with a description that has to be encoded twice in the base string. */
async function ask(api: TestApi, { method, place }: Way, change: Change = {}): Promise<Answer> {
  const key = change.key ?? ADMIN
  const path = '/MAAS/api/2.0/fabrics/'
  const form: Record<string, string> = { name: `f${++nonces}`, description: 'ü & 1=2 (*)' }
  const oauth: Record<string, string> = {
    oauth_consumer_key: key.consumerKey,
    oauth_token: key.tokenKey,
    oauth_nonce: change.nonce ?? `places-${nonces}`,
    oauth_signature_method: method,
    oauth_timestamp: String(Math.floor(api.clock.wallMs() / 1_000) - (change.ageSeconds ?? 0)),
    oauth_version: '1.0',
  }
  const pairs = Object.entries({ ...form, ...oauth }).map(([n, v]) => `${encode(n)}=${encode(v)}`)
  const url = `${change.origin ?? api.url}${path}`
  const base = ['POST', url, pairs.toSorted().join('&')].map(encode).join('&')
  const secret = `&${key.tokenSecret}`
  oauth['oauth_signature'] =
    method === 'PLAINTEXT' ? secret : createHmac('sha1', secret).update(base).digest('base64')
  Object.assign(oauth, change.set)
  const { headers = {} } = change
  if (place === 'query') {
    const query = new URLSearchParams(oauth).toString()
    return api.post(`${path}?${query}`, form, { key: null, headers })
  }
  if (place === 'body') return api.post(path, { ...form, ...oauth }, { key: null, headers })
  const header = Object.entries(oauth).map(([n, v]) => `${n}="${encode(v)}"`)
  const authorization = `OAuth ${header.join(', ')}`
  return api.post(path, form, { headers: { ...headers, authorization } })
}

const EXPIRED = new RegExp(
  "^Authorization Error: 'Expired timestamp: given \\d+ and now \\d+ has a greater " +
    "difference than threshold 300'$",
)

const SIGNATURE = /^Authorization Error: 'Invalid signature\. Expected signature base string: .*'$/

const FAILURES: readonly {
  readonly name: string
  readonly change: Change
  readonly text: RegExp
}[] = [
  {
    name: 'unknown token',
    change: { key: { ...ADMIN, tokenKey: 'nobody' } },
    text: /^Authorization Error: Invalid API key\.$/,
  },
  {
    name: 'unknown consumer',
    change: { key: { ...ADMIN, consumerKey: 'nobody' } },
    text: /^Authorization Error: Invalid API key\.$/,
  },
  {
    name: 'old timestamp',
    change: { ageSeconds: 301 },
    text: EXPIRED,
  },
  {
    name: 'timestamp that is none',
    change: { set: { oauth_timestamp: 'soon' } },
    text: /^Authorization Error: 'Invalid timestamp'$/,
  },
  {
    name: 'no nonce',
    change: { nonce: '' },
    text: /^Authorization Error: 'Parameter not found: oauth_nonce'$/,
  },
  {
    name: 'another version of OAuth',
    change: { set: { oauth_version: '2.0' } },
    text: /^Authorization Error: 'OAuth version 2\.0 not supported\.'$/,
  },
  {
    name: 'wrong secret',
    change: { key: { ...ADMIN, tokenSecret: 'wrong' } },
    text: SIGNATURE,
  },
  {
    name: 'no signature',
    change: { set: { oauth_signature: '' } },
    text: SIGNATURE,
  },
  {
    name: 'unknown method',
    change: { set: { oauth_signature_method: 'RSA-SHA1' } },
    text: /^Authorization Error: 'Signature method not supported\.'$/,
  },
]

for (const way of WAYS) {
  const name = `${way.method} by ${way.place}`
  t.test(`${name}: a right signature passes, also of the future and at 300 s`, async (t) => {
    const api = await startTestApi(t)
    for (const ageSeconds of [0, 300, -9_999]) {
      const answer = await ask(api, way, { ageSeconds })
      t.equal(answer.status, 200, answer.text)
      t.match(answer.json.name, /^f\d+$/)
    }
  })

  t.test(`${name}: every failure has its status and text, and changes nothing`, async (t) => {
    const api = await startTestApi(t)
    const before = api.region.local().revision
    for (const { name: failure, change, text } of FAILURES) {
      const answer = await ask(api, way, change)
      t.equal(answer.status, 401, failure)
      t.match(answer.text, text, failure)
      t.notOk(answer.text.includes(ADMIN.tokenSecret), `${failure}: no secret is told`)
      t.equal(answer.headers.get('www-authenticate'), 'OAuth realm="OAuth"')
      t.ok(answer.headers.get('date'))
      t.match(answer.headers.get('content-type'), /^text\/plain/)
    }
    t.equal(api.region.local().revision, before)
  })

  t.test(`${name}: a nonce serves once`, async (t) => {
    const api = await startTestApi(t)
    t.equal((await ask(api, way, { nonce: 'one' })).status, 200)
    const again = await ask(api, way, { nonce: 'one' })
    t.equal(again.status, 401)
    t.equal(again.text, "Authorization Error: 'Nonce already used: one'")
  })

  t.test(`${name}: a plain user is 403 on what is for administrators`, async (t) => {
    const api = await startTestApi(t)
    const answer = await ask(api, way, { key: PLAIN })
    t.equal(answer.status, 403)
    t.equal(answer.text, 'User is not allowed access to this API.')
  })
}

t.test('no credentials at all: 401 and Forbidden, in every place they could be', async (t) => {
  const api = await startTestApi(t)
  const path = '/MAAS/api/2.0/fabrics/'
  for (const answer of [
    await api.post(path, { name: 'x' }, { key: null }),
    await api.post(`${path}?oauth_version=1.0`, { name: 'x' }, { key: null }),
    await api.post(path, { name: 'x', oauth_version: '1.0' }, { key: null }),
  ]) {
    t.equal(answer.status, 401)
    t.equal(answer.text, 'Forbidden')
    t.equal(answer.headers.get('www-authenticate'), 'OAuth realm="OAuth"')
  }
})

t.test('HMAC-SHA1: a wrong signature is told the base string that was expected', async (t) => {
  const api = await startTestApi(t)
  for (const place of PLACES) {
    const way = { method: 'HMAC-SHA1', place } as const
    const answer = await ask(api, way, { key: { ...ADMIN, tokenSecret: 'wrong' } })
    const origin = encode(`${api.url}/MAAS/api/2.0/fabrics/`)
    t.match(answer.text, `base string: POST&${origin}&description%3D`, place)
    // Encoded twice, as RFC 5849 has it.
    t.match(answer.text, encode(encode('ü & 1=2 (*)')), place)
  }
})

t.test('HMAC-SHA1 behind a proxy: the address that the client knows', async (t) => {
  const api = await startTestApi(t)
  const way = { method: 'HMAC-SHA1', place: 'header' } as const
  const headers = { 'x-forwarded-host': 'MAAS.example.org:443', 'x-forwarded-proto': 'https' }
  const origin = 'https://maas.example.org'
  t.equal((await ask(api, way, { origin, headers })).status, 200)
  t.equal((await ask(api, way, { origin })).status, 401, 'not without the proxy’s word')
  t.equal((await ask(api, way, { headers })).status, 200, 'a client beside the proxy')
  const chain = { 'x-forwarded-host': 'maas.example.org, inner', 'x-forwarded-proto': 'https,http' }
  t.equal((await ask(api, way, { origin, headers: chain })).status, 200)
  t.equal((await ask(api, way, { origin: 'https://other.example.org', headers })).status, 401)
})

t.test('HMAC-SHA1 of a PUT may leave the form out', async (t) => {
  const api = await startTestApi(t)
  const nonce = 'put'
  const oauth: Record<string, string> = {
    oauth_consumer_key: ADMIN.consumerKey,
    oauth_token: ADMIN.tokenKey,
    oauth_nonce: nonce,
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(Math.floor(api.clock.wallMs() / 1_000)),
  }
  const pairs = Object.entries(oauth).map(([n, v]) => `${encode(n)}=${encode(v)}`)
  const url = `${api.url}/MAAS/api/2.0/fabrics/0/`
  const base = ['PUT', url, pairs.toSorted().join('&')].map(encode).join('&')
  const signature = createHmac('sha1', `&${ADMIN.tokenSecret}`).update(base).digest('base64')
  const header = Object.entries({ ...oauth, oauth_signature: signature })
  const authorization = `OAuth ${header.map(([n, v]) => `${n}="${encode(v)}"`).join(',')}`
  const answer = await api.put('fabrics/0/', { name: 'renamed' }, { headers: { authorization } })
  t.equal(answer.json.name, 'renamed')
})
