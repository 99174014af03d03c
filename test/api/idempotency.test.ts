// Idempotency-Key: the same request again gets the same answer and is applied once (design D6).
import t from 'tap'
import { ADMIN, PLAIN, startTestApi } from './support/api.ts'

const KEY = { headers: { 'idempotency-key': 'one' } }
const MACHINE = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }

t.test('a repeated creation answers the first object and makes no second', async (t) => {
  const api = await startTestApi(t)
  const first = await api.post('machines/', MACHINE, KEY)
  const again = await api.post('machines/', MACHINE, KEY)
  t.equal(first.status, 200)
  t.equal(again.status, 200)
  t.equal(again.json.system_id, first.json.system_id)
  t.equal(again.headers.get('x-revision'), first.headers.get('x-revision'))
  t.equal((await api.get('machines/')).json.length, 1)
})

t.test('a client whose answer was lost repeats until it has one', async (t) => {
  const api = await startTestApi(t)
  api.region.loseAnswers(2)
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) statuses.push((await api.post('machines/', MACHINE, KEY)).status)
  t.strictSame(statuses, [503, 503, 200])
  t.equal((await api.get('machines/')).json.length, 1)
})

t.test('an anonymous enlistment may be repeated, too', async (t) => {
  const api = await startTestApi(t)
  const ask = { ...KEY, key: null }
  api.region.loseAnswers(1)
  t.equal((await api.post('machines/', MACHINE, ask)).status, 503)
  t.equal((await api.post('machines/', MACHINE, ask)).status, 200)
})

t.test('a refusal is repeated as well', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'taken' })
  const first = await api.post('fabrics/', { name: 'taken' }, KEY)
  await api.delete('fabrics/1/')
  const again = await api.post('fabrics/', { name: 'taken' }, KEY)
  t.strictSame([first.status, first.text], [again.status, again.text])
})

t.test('a deletion may be repeated', async (t) => {
  const api = await startTestApi(t)
  const { system_id: id } = (await api.post('machines/', MACHINE)).json
  t.equal((await api.delete(`machines/${id}/`, KEY)).status, 204)
  t.equal((await api.delete(`machines/${id}/`, KEY)).status, 204)
  t.equal((await api.delete(`machines/${id}/`)).status, 404)
})

t.test(
  'so may that of what a handler looks for first, and answers the same revision',
  async (t) => {
    const api = await startTestApi(t)
    const { id } = (await api.post('fabrics/', { name: 'one' })).json
    const first = await api.delete(`fabrics/${id}/`, KEY)
    await api.post('fabrics/', { name: 'two' })
    const again = await api.delete(`fabrics/${id}/`, KEY)
    t.same([first.status, again.status], [204, 204])
    t.equal(again.headers.get('x-revision'), first.headers.get('x-revision'))
    t.equal((await api.delete(`fabrics/${id}/`)).status, 404)
    t.equal((await api.delete('fabrics/77/', KEY)).status, 404, 'one that is not there')
  },
)

t.test('an API key made by a repeated request is the one that works', async (t) => {
  const api = await startTestApi(t)
  api.region.loseAnswers(1)
  const path = 'account/?op=create_authorisation_token'
  t.equal((await api.post(path, { name: 'x' }, KEY)).status, 503)
  const { json } = await api.post(path, { name: 'x' }, KEY)
  const key = {
    consumerKey: json.consumer_key,
    tokenKey: json.token_key,
    tokenSecret: json.token_secret,
  }
  t.equal((await api.get('users/?op=whoami', { key })).status, 200)
})

t.test('the same key for another request is 409, on /api/v1 422', async (t) => {
  const api = await startTestApi(t)
  await api.post('machines/', MACHINE, KEY)
  const other = await api.post('machines/', { ...MACHINE, hostname: 'other' }, KEY)
  t.equal(other.status, 409)
  const v1 = await api.ask('PUT', '/api/v1/settings/bench%2Fk', { json: { value: 'x' }, ...KEY })
  t.equal(v1.status, 422)
  t.equal(v1.headers.get('content-type'), 'application/problem+json')
  t.equal(v1.json.code, 'IDEMPOTENCY_MISMATCH')
})

t.test('the same key of another user is another request', async (t) => {
  const api = await startTestApi(t)
  const path = 'account/?op=create_authorisation_token'
  const first = await api.post(path, { name: 'x' }, { ...KEY, key: ADMIN })
  const second = await api.post(path, { name: 'x' }, { ...KEY, key: PLAIN })
  t.equal(second.status, 200)
  t.not(first.json.token_key, second.json.token_key)
})

t.test('a key that is too long is refused', async (t) => {
  const api = await startTestApi(t)
  const headers = { 'idempotency-key': 'x'.repeat(256) }
  t.equal((await api.post('machines/', MACHINE, { headers })).status, 400)
})
