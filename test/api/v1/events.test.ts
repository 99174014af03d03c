// The resumable stream of changes.
import { once } from 'node:events'
import http from 'node:http'
import t, { type Test } from 'tap'
import { ADMIN, PLAIN, startTestApi, type TestApi } from '../support/api.ts'

type Stream = {
  readonly response: http.IncomingMessage
  /** Resolves with everything received once it contains `text`. */
  readonly until: (text: string) => Promise<string>
}

async function open(
  t: Test,
  api: TestApi,
  path: string,
  headers: Record<string, string> = {},
): Promise<Stream> {
  const authorization = api.sign(ADMIN)
  const request = http.get(api.url + path, { headers: { authorization, ...headers } })
  t.teardown(() => request.destroy())
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  response.on('error', () => {})
  const until = async (wanted: string): Promise<string> => {
    const signal = AbortSignal.timeout(5_000)
    while (!text.includes(wanted)) await once(response, 'data', { signal })
    return text
  }
  return { response, until }
}

t.test(
  'changes after a revision come first, then live ones, with the revision as id',
  async (t) => {
    const api = await startTestApi(t)
    const before = api.region.local().revision
    await api.post('fabrics/', { name: 'kept' })
    const stream = await open(t, api, `/api/v1/events?since=${before}`)
    t.equal(stream.response.headers['content-type'], 'text/event-stream')
    const kept = await stream.until('kept')
    t.match(kept, `id: ${before + 1}\ndata: {"revision":${before + 1},`)
    await api.post('fabrics/', { name: 'live' })
    t.match(await stream.until('live'), `id: ${before + 2}\n`)
  },
)

t.test('a client goes on where it was by Last-Event-ID', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'seen' })
  const seen = api.region.local().revision
  await api.post('fabrics/', { name: 'missed' })
  const stream = await open(t, api, '/api/v1/events?since=0', { 'last-event-id': String(seen) })
  const text = await stream.until('missed')
  t.notMatch(text, '"seen"')
})

t.test('JSON lines on request', async (t) => {
  const api = await startTestApi(t)
  const stream = await open(t, api, '/api/v1/events?since=0', { accept: 'application/x-ndjson' })
  t.equal(stream.response.headers['content-type'], 'application/x-ndjson')
  await api.post('subnets/', { cidr: '192.0.2.0/24', gateway_ip: '192.0.2.1' })
  const text = await stream.until('192.0.2.0/24')
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  const subnet = rows
    .flatMap(({ changes = [] }) => changes)
    .find(({ table }) => table === 'subnets')
  t.match(subnet, { key: 1, row: { cidr: '192.0.2.0/24', gateway_ip: '192.0.2.1', vlan_id: 5001 } })
})

t.test('no secret is in the stream', async (t) => {
  const api = await startTestApi(t)
  const stream = await open(t, api, '/api/v1/events?since=0')
  await api.post('machines/', {
    architecture: 'amd64',
    mac_addresses: 'aa:bb:cc:00:00:02',
    power_parameters_power_pass: 'hidden-bmc-password',
  })
  await api.post('users/', {
    ...{ username: 'new', email: 'a@example.org', password: 'p', is_superuser: '0' },
  })
  const text = await stream.until('"new"')
  t.match(text, 'admin@example.org')
  t.notMatch(text, /scrypt|api_keys|apiKeys|join_tokens|hidden-bmc-password/)
  t.notMatch(text, ADMIN.tokenSecret)
})

t.test('after compaction the answer is 410 with a hint', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'x' })
  api.region.compact()
  const answer = await api.get('/api/v1/events?since=1')
  t.equal(answer.status, 410)
  t.equal(answer.json.code, 'COMPACTED')
  t.match(answer.json.detail, /X-Revision/)
})

t.test('a jump of the state is told as reset', async (t) => {
  const api = await startTestApi(t)
  const stream = await open(t, api, '/api/v1/events')
  await stream.until('connected')
  api.region.jump()
  const revision = api.region.local().revision
  const text = await stream.until('event: reset')
  t.match(text, `event: reset\nid: ${revision}\n`)
})

t.test('a client that does not read is not buffered for, and loses nothing', async (t) => {
  const api = await startTestApi(t)
  const since = api.region.local().revision
  const request = http.get(`${api.url}/api/v1/events?since=${since}`, {
    headers: { authorization: api.sign(ADMIN) },
  })
  t.teardown(() => request.destroy())
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const value = 'x'.repeat(4_000)
  const admin = {
    kind: 'system',
    userId: null,
    username: '',
    remoteAddress: '',
    requestId: '',
  } as const
  const total = 2_000
  for (let i = 0; i < total; i++) {
    await api.region.propose({ type: 'setting.put', name: `bench/k${i}`, value }, { actor: admin })
  }
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const signal = AbortSignal.timeout(10_000)
  while (!text.includes(`id: ${since + total}\n`)) await once(response, 'data', { signal })
  const ids = [...text.matchAll(/\n\nid: (\d+)$/gm)].map(([, id]) => Number(id))
  t.equal(ids.length, total)
  t.strictSame(
    ids,
    ids.toSorted((a, b) => a - b),
  )
})

t.test('a bookmark tells where the stream is when nothing is to be shown', async (t) => {
  const api = await startTestApi(t)
  const before = api.region.local().revision
  const idle = await open(t, api, '/api/v1/events')
  t.match(
    await idle.until('bookmark'),
    `event: bookmark\nid: ${before}\ndata: {"revision":${before}}`,
  )
  await api.post('fabrics/', { name: 'seen' })
  const ahead = await open(t, api, `/api/v1/events?since=${before + 100}`)
  t.match(await ahead.until('bookmark'), `id: ${before + 100}\n`, 'never back')
  const lines = await open(t, api, '/api/v1/events', { accept: 'application/x-ndjson' })
  t.match(await lines.until('bookmark'), `{"bookmark":{"revision":${before + 1}}}\n`)
})

t.test('kinds choose tables, and bookmarks pass over the others', async (t) => {
  const api = await startTestApi(t)
  const before = api.region.local().revision
  await api.post('fabrics/', { name: 'one' })
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  const last = api.region.local().revision
  const stream = await open(t, api, `/api/v1/events?since=${before}&kinds=fabrics,vlans`)
  const text = await stream.until('bookmark')
  t.match(text, '"table":"fabrics"')
  t.notMatch(text, /audit_events|subnets/)
  t.match(text, `event: bookmark\nid: ${last}\n`)
  t.equal((await api.get('/api/v1/events?kinds=api_keys')).status, 400)
})

t.test('an access token that may read may follow the stream of an administrator', async (t) => {
  const api = await startTestApi(t)
  const json = { name: 'watch', scope: 'read' }
  const { token } = (await api.ask('POST', '/api/v1/access-tokens', { json })).json
  const authorization = `Bearer ${token}`
  const stream = await open(t, api, '/api/v1/events?since=0', { authorization })
  const text = await stream.until('access_tokens')
  t.notMatch(text, /"digest"/)
})

t.test('the stream is for administrators and knows its parameters', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.get('/api/v1/events', { key: null })).status, 401)
  t.equal((await api.get('/api/v1/events', { key: PLAIN })).status, 403)
  t.equal((await api.get('/api/v1/events?from=1')).status, 400)
  t.equal((await api.get('/api/v1/events?since=x')).status, 400)
})
