// Dispatch by path, method and op, and the answers to what is not there (maas-api §2).
import http from 'node:http'
import t from 'tap'
import { startTestApi } from './support/api.ts'

const REFUSALS = [
  { call: 'GET nope/', status: 404, text: 'Unknown API endpoint: /MAAS/api/2.0/nope/.' },
  { call: 'GET machines/a/b/c/', status: 404, text: /^Unknown API endpoint/ },
  {
    call: 'POST machines/?op=jump',
    status: 400,
    text: 'Unrecognised signature: method=POST op=jump',
  },
  { call: 'GET account/', status: 400, text: 'Unrecognised signature: method=GET op=None' },
  { call: 'DELETE machines/', status: 405, text: 'Method Not Allowed' },
  { call: 'PATCH machines/', status: 405, text: 'Method Not Allowed' },
  { call: 'GET raids/', status: 404, text: /^Unknown API endpoint/ },
  { call: 'POST vm-hosts/', status: 501, text: /^POST on vm-hosts/ },
  { call: 'GET vm-clusters/', status: 501, text: /^GET on vm-clusters/ },
  { call: 'GET /MAAS/api/1.0/machines/', status: 410, text: /2\.0/ },
  { call: 'GET /nowhere', status: 404, text: 'Not Found' },
  { call: 'GET machines/zzzzzz/', status: 404, text: 'No Machine matches the given query.' },
  { call: 'GET subnets/9/', status: 404, text: 'No Subnet matches the given query.' },
  { call: 'GET maas/?op=get_config', status: 400, text: 'No provided name!' },
]

t.test('what is not there is refused in the words of MAAS', async (t) => {
  const api = await startTestApi(t)
  for (const { call, status, text } of REFUSALS) {
    const [method = '', path = ''] = call.split(' ')
    const answer = await api.ask(method, path)
    t.equal(answer.status, status, call)
    t.match(answer.text, text, call)
    t.match(answer.headers.get('content-type'), /^text\/plain/, call)
  }
})

t.test('a wrong method names the right ones', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.delete('machines/')).headers.get('allow'), 'GET, POST')
})

t.test('op may come in the query, the body or the path', async (t) => {
  const api = await startTestApi(t)
  const ways = [
    api.post('account/?op=create_authorisation_token', { name: 'a' }),
    api.post('account/', { op: 'create_authorisation_token', name: 'b' }),
    api.post('account/op-create_authorisation_token', { name: 'c' }),
  ]
  for (const way of ways) t.equal((await way).status, 200)
})

t.test('an empty op is no op', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.post('fabrics/?op=', { name: 'x' })).status, 200)
})

t.test('a path is the same with and without its last slash, for every method', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.get('fabrics')).status, 200)
  t.equal((await api.post('fabrics', { name: 'x' })).status, 200)
  t.equal((await api.put('fabrics/1', { name: 'y' })).status, 200)
  t.equal((await api.delete('fabrics/1')).status, 204)
})

t.test('HEAD is GET without the body', async (t) => {
  const api = await startTestApi(t)
  const answer = await api.ask('HEAD', 'users/')
  t.equal(answer.status, 200)
  t.equal(answer.text, '')
})

t.test('every answer carries the hash, Vary and a request id', async (t) => {
  const api = await startTestApi(t)
  const { hash } = (await api.get('describe/', { key: null })).json
  for (const path of ['users/', 'nope/', 'version/']) {
    const { headers } = await api.get(path)
    t.equal(headers.get('x-maas-api-hash'), hash, path)
    t.equal(headers.get('vary'), 'Authorization, Cookie', path)
    t.ok(headers.get('x-request-id'), path)
  }
})

t.test('a given request id is echoed; a strange one is replaced', async (t) => {
  const api = await startTestApi(t)
  const ask = (id: string) => api.get('version/', { headers: { 'x-request-id': id } })
  t.equal((await ask('abc-123')).headers.get('x-request-id'), 'abc-123')
  t.not((await ask('with space')).headers.get('x-request-id'), 'with space')
})

t.test('a stale read says how old it is and works without a quorum', async (t) => {
  const api = await startTestApi(t)
  api.region.failWith('NO_QUORUM')
  const confirmed = await api.get('users/')
  t.equal(confirmed.status, 503)
  t.ok(Number(confirmed.headers.get('retry-after')) > 0)
  const stale = await api.get('users/?consistency=stale')
  t.equal(stale.status, 200)
  t.equal(stale.headers.get('x-staleness-ms'), '7')
  t.ok(Number(stale.headers.get('x-revision')) > 0)
  t.equal((await api.get('users/?consistency=guess')).status, 400)
})

t.test('a change that found no quorum is 503 with Retry-After', async (t) => {
  const api = await startTestApi(t)
  for (const code of ['NO_QUORUM', 'TIMEOUT', 'OVERLOADED', 'SHUTTING_DOWN'] as const) {
    api.region.failWith(code)
    const answer = await api.post('fabrics/', { name: 'x' })
    t.equal(answer.status, 503, code)
    t.equal(answer.headers.get('retry-after'), '1', code)
  }
})

t.test('a body that is too large is 413', async (t) => {
  const api = await startTestApi(t)
  const body = `name=${'x'.repeat(2 << 20)}`
  const types = [
    'application/x-www-form-urlencoded',
    'application/json',
    'multipart/form-data; boundary=b',
  ]
  for (const type of types) {
    const answer = await api
      .ask('POST', 'fabrics/', { body, headers: { 'content-type': type } })
      .catch(() => ({ status: 413 }))
    t.equal(answer.status, 413, type)
  }
})

t.test('a body of an unknown type is 415, broken JSON 400', async (t) => {
  const api = await startTestApi(t)
  const ask = (type: string, body: string) =>
    api.ask('POST', 'fabrics/', { body, headers: { 'content-type': type } })
  t.equal((await ask('text/csv', 'a,b')).status, 415)
  t.equal((await ask('application/json', '{"name"')).status, 400)
  t.equal((await ask('application/json', '[1]')).status, 400)
  t.equal((await ask('application/json', '{"name":"j"}')).status, 200)
})

t.test('more parameters than allowed are refused', async (t) => {
  const api = await startTestApi(t)
  const pairs = Array.from({ length: 1_001 }, (_, i) => [`k${i}`, '1'] as const)
  t.equal((await api.post('fabrics/', pairs)).status, 400)
})

t.test('a connection is kept for the next request', async (t) => {
  const api = await startTestApi(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ask = () =>
    new Promise<boolean>((resolve, reject) => {
      const request = http.get(`${api.url}/healthz`, { agent }, (response) => {
        response.resume().on('end', () => resolve(request.reusedSocket))
      })
      request.on('error', reject)
    })
  t.equal(await ask(), false)
  t.equal(await ask(), true)
})
