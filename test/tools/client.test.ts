import t from 'tap'
import { AppError } from '#model/errors.ts'
import { deadUrl, FakeRegion, type Told } from '#test/support/fake-region.ts'
import { exitCodeOf } from '#tools/exit-codes.ts'
import { ApiError, authorization, Client } from '#tools/client.ts'

const KEY = 'consumer:token:se cret'
const ok = (body: unknown = {}): Told => ({ status: 200, body: JSON.stringify(body) })

t.test('a region that is down is passed over', async (t) => {
  const region = await FakeRegion.start(() => ok([1]))
  t.teardown(() => region.stop())
  const client = new Client({ urls: [await deadUrl(), region.url], apiKey: null })
  t.same(await client.get('/MAAS/api/2.0/machines/'), [1])
  await client.get('/MAAS/api/2.0/machines/')
  t.equal(region.asked.length, 2)
})

t.test('a write is sent again with the same Idempotency-Key', async (t) => {
  const first = await FakeRegion.start(() => 'drop')
  const second = await FakeRegion.start((_, count) => (count === 1 ? { status: 503 } : ok()))
  t.teardown(() => Promise.all([first.stop(), second.stop()]))
  const client = new Client({ urls: [first.url, second.url], apiKey: null })
  await client.post('/MAAS/api/2.0/machines/', { hostname: 'a', mac_addresses: ['1', '2'] })
  const asked = [...first.asked, ...second.asked]
  t.equal(asked.length, 4)
  t.equal(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size, 1)
  t.match(asked[0]?.headers['idempotency-key'], /^[0-9a-f-]{36}$/)
  t.ok(asked.every(({ body }) => body === 'hostname=a&mac_addresses=1&mac_addresses=2'))
})

t.test('another write has another key, and a GET has none', async (t) => {
  const region = await FakeRegion.start(() => ok())
  t.teardown(() => region.stop())
  const client = new Client({ urls: [region.url], apiKey: null })
  await client.post('/a')
  await client.put('/a')
  await client.get('/a')
  const keys = region.asked.map(({ headers }) => headers['idempotency-key'])
  t.not(keys[0], keys[1])
  t.equal(keys[2], undefined)
})

t.test('a refusal is final: no other region is asked', async (t) => {
  const headers = { 'x-request-id': 'r1' }
  const first = await FakeRegion.start(() => ({ status: 409, body: 'In use.', headers }))
  const second = await FakeRegion.start(() => ok())
  t.teardown(() => Promise.all([first.stop(), second.stop()]))
  const client = new Client({ urls: [first.url, second.url], apiKey: null })
  const error = await client.delete('/x').catch((caught: unknown) => caught)
  t.ok(error instanceof ApiError)
  t.match(error, { status: 409, message: 'In use.', requestId: 'r1' })
  t.equal(second.asked.length, 0)
})

t.test('the fields of a refused form become one sentence', async (t) => {
  const body = JSON.stringify({ cidr: ['Required.'], vlan: ['Unknown.', 'Twice.'] })
  const region = await FakeRegion.start(() => ({ status: 400, body }))
  t.teardown(() => region.stop())
  const client = new Client({ urls: [region.url], apiKey: null })
  await t.rejects(client.post('/x'), { message: 'cidr: Required.; vlan: Unknown. Twice.' })
})

t.test('no region in sight is NO_QUORUM once the time is up', async (t) => {
  const client = new Client({ urls: [await deadUrl()], apiKey: null, timeoutMs: 250 })
  await t.rejects(client.get('/x'), { code: 'NO_QUORUM' })
})

t.test('503 everywhere is the last answer once the time is up', async (t) => {
  const region = await FakeRegion.start(() => ({ status: 503, body: 'No leader.' }))
  t.teardown(() => region.stop())
  const client = new Client({ urls: [region.url], apiKey: null, timeoutMs: 250 })
  await t.rejects(client.get('/x'), { status: 503, message: 'No leader.' })
  t.ok(region.asked.length > 1)
})

t.test(
  'what is the same at every region is not asked again, and its code tells how to end',
  async (t) => {
    const headers = { 'x-error-code': 'ADDRESSES_EXHAUSTED' }
    const region = await FakeRegion.start(() => ({ status: 503, body: 'All are used.', headers }))
    t.teardown(() => region.stop())
    const client = new Client({ urls: [region.url, region.url], apiKey: null })
    const error: unknown = await client.post('/x').catch((refused: unknown) => refused)
    t.match(error, { status: 503, code: 'ADDRESSES_EXHAUSTED', message: 'All are used.' })
    t.equal(exitCodeOf(error), 4)
    t.equal(region.asked.length, 1)
  },
)

t.test('a region that hangs is left for the next one', async (t) => {
  const first = await FakeRegion.start(() => 'hang')
  const second = await FakeRegion.start(() => ok({ from: 'second' }))
  t.teardown(() => Promise.all([first.stop(), second.stop()]))
  const urls = [first.url, second.url]
  const client = new Client({ urls, apiKey: null, tryTimeoutMs: 100 })
  t.same(await client.get('/x'), { from: 'second' })
})

t.test('an unanswered last try is a TIMEOUT: nothing is known', async (t) => {
  const region = await FakeRegion.start(() => 'hang')
  t.teardown(() => region.stop())
  const client = new Client({ urls: [region.url], apiKey: null, timeoutMs: 150 })
  await t.rejects(client.post('/x'), { code: 'TIMEOUT' })
})

t.test('requests are signed with OAuth PLAINTEXT (RFC 5849 §3.4.4)', async (t) => {
  const region = await FakeRegion.start(() => ok())
  t.teardown(() => region.stop())
  const client = new Client({ urls: [`${region.url}/MAAS/`], apiKey: KEY })
  await client.get('/MAAS/api/2.0/users/', { op: 'whoami', skipped: undefined })
  const [asked] = region.asked
  t.equal(asked?.url, '/MAAS/api/2.0/users/?op=whoami')
  t.match(asked?.headers.authorization, /^OAuth oauth_version="1\.0"/)
  t.match(asked?.headers.authorization, /oauth_signature="%26se%20cret"/)
  t.not(authorization(KEY), authorization(KEY))
})

t.test('an answer that is not JSON is a PROTOCOL failure', async (t) => {
  const region = await FakeRegion.start(() => ({ status: 200, body: '<html>' }))
  t.teardown(() => region.stop())
  const client = new Client({ urls: [region.url], apiKey: null })
  await t.rejects(client.get('/x'), { code: 'PROTOCOL' })
  t.throws(() => new Client({ urls: [], apiKey: null }), AppError)
})
