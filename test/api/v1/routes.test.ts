// /api/v1 beside the stream: cluster, settings, images.
import { createHash } from 'node:crypto'
import t from 'tap'
import { PLAIN, startTestApi } from '../support/api.ts'

t.test('the cluster is shown to everybody, also without a quorum', async (t) => {
  const api = await startTestApi(t)
  api.region.failWith('NO_QUORUM')
  const unknown = { authorization: 'Bearer a:b:c' }
  t.equal((await api.get('/api/v1/cluster', { headers: unknown })).status, 200)
  const { status, json } = await api.get('/api/v1/cluster', { key: null })
  t.equal(status, 200)
  t.match(json, { cluster_id: 'memory', leader: 'region-1', term: 1, healthy: true })
  t.strictSame(Object.keys(json.nodes[0]).toSorted(), [
    ...[
      'alarm',
      'api_url',
      'applied',
      'certificate_expires',
      'commit',
      'condition',
      'fsync_p99_ms',
      'id',
      'lag',
    ],
    ...['peer_address', 'pid', 'reachable', 'reason', 'role', 'voter'],
  ])
})

t.test('a setting of a site is a linearizable register', async (t) => {
  const api = await startTestApi(t)
  const path = '/api/v1/settings/bench%2Fk1'
  t.equal((await api.get(path)).status, 404)
  t.equal((await api.ask('PUT', path, { json: { value: 'one' } })).status, 200)
  const { json, headers } = await api.get(path)
  t.match(json, { name: 'bench/k1', value: 'one' })
  t.equal(String(json.revision), headers.get('x-revision'))
  api.region.failWith('NO_QUORUM')
  t.equal((await api.get(path)).status, 503)
  t.equal((await api.get(`${path}?consistency=stale`)).json.value, 'one')
})

const BAD_SETTINGS = [
  { path: 'bench%2Fk', json: { value: 'x'.repeat(4_097) }, status: 400 },
  { path: 'bench%2Fk', json: { value: 1 }, status: 400 },
  { path: 'bench%2Fk', json: { value: 'x', more: 1 }, status: 400 },
  { path: 'bench%2Fk', json: {}, status: 400 },
  { path: 'maas_name', json: { value: 'x' }, status: 400 },
  { path: 'bench%2F..%2Fx', json: { value: 'x' }, status: 400 },
]

t.test('wrong settings are refused as problems', async (t) => {
  const api = await startTestApi(t)
  for (const { path, json, status } of BAD_SETTINGS) {
    const answer = await api.ask('PUT', `/api/v1/settings/${path}`, { json })
    t.equal(answer.status, status, path)
    t.equal(answer.headers.get('content-type'), 'application/problem+json')
    t.match(answer.json, { status, code: 'VALIDATION' })
    t.equal(typeof answer.json.fields, 'object')
    t.equal(answer.json.request_id, answer.headers.get('x-request-id'))
  }
  const plain = { json: { value: 'x' }, key: PLAIN }
  t.equal((await api.ask('PUT', '/api/v1/settings/bench%2Fk', plain)).status, 403)
})

t.test('an image is uploaded, registered and served', async (t) => {
  const api = await startTestApi(t)
  const bytes = Buffer.from('a kernel')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const headers = { 'content-type': 'application/octet-stream' }
  const path = `/api/v1/boot-files/${sha256}`
  t.equal((await api.ask('PUT', path, { body: bytes, headers, key: PLAIN })).status, 403)
  t.equal((await api.ask('PUT', path, { body: bytes, headers })).status, 201)
  const image = {
    name: 'enlist/agent',
    architecture: 'amd64/generic',
    title: 'Enlistment',
    files: [{ kind: 'boot-kernel', filename: 'vmlinuz', sha256, size_bytes: bytes.length }],
  }
  t.equal((await api.ask('POST', '/api/v1/boot-resources', { json: image })).status, 200)
  const wrong = { ...image, extra: true, files: [] }
  const refused = await api.ask('POST', '/api/v1/boot-resources', { json: wrong })
  t.equal(refused.status, 400)
  t.ok(refused.json.fields.files)
  const served = await api.get(`/MAAS/boot-resources/${sha256}/`, { key: null })
  t.equal(served.text, 'a kernel')
})
