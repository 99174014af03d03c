// Lists in pages that belong to one revision.
import t from 'tap'
import { PLAIN, startTestApi, type TestApi } from '../support/api.ts'

const PATH = '/api/v1/access-tokens'
const make = (api: TestApi, name: string) =>
  api.ask('POST', PATH, { json: { name, scope: 'read' } })

async function withTokens(t: Parameters<typeof startTestApi>[0], count: number): Promise<TestApi> {
  const api = await startTestApi(t)
  for (let n = 0; n < count; n++) await make(api, `t${n}`)
  return api
}
const named = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name)

t.test('later changes do not move the pages of a list', async (t) => {
  const api = await withTokens(t, 5)
  const first = await api.get(`${PATH}?limit=2`)
  t.same(named(first.json.items), ['t0', 't1'])
  await api.delete(`${PATH}/1`)
  await api.delete(`${PATH}/4`)
  await make(api, 'new')
  const second = await api.get(`${PATH}?limit=2&cursor=${first.json.next_cursor}`)
  t.same(named(second.json.items), ['t2', 't3'])
  const third = await api.get(`${PATH}?limit=2&cursor=${second.json.next_cursor}`)
  t.same(named(third.json.items), ['t4'])
  t.equal(third.json.next_cursor, null)
  for (const { json, headers } of [second, third]) {
    t.equal(json.revision, first.json.revision)
    t.equal(headers.get('x-revision'), String(first.json.revision))
  }
  t.same(named((await api.get(PATH)).json.items), ['t1', 't2', 't4', 'new'])
})

t.test('the same page can be asked for again', async (t) => {
  const api = await withTokens(t, 3)
  const first = await api.get(`${PATH}?limit=2`)
  const path = `${PATH}?limit=2&cursor=${first.json.next_cursor}`
  t.same((await api.get(path)).json, (await api.get(path)).json)
})

t.test('a cursor is its user’s, its list’s and its region’s, for five minutes', async (t) => {
  const api = await withTokens(t, 3)
  const { next_cursor: cursor } = (await api.get(`${PATH}?limit=2`)).json
  const elsewhere = Buffer.from('other-region 1 2').toString('base64url')
  for (const [path, ask] of [
    [`${PATH}?cursor=${cursor}`, { key: PLAIN }],
    [`/api/v1/users?cursor=${cursor}`, {}],
    [`${PATH}?cursor=${elsewhere}`, {}],
  ] as const) {
    const answer = await api.get(path, ask)
    t.equal(answer.status, 410, path)
    t.equal(answer.json.code, 'COMPACTED')
  }
  t.equal((await api.get(`${PATH}?cursor=nonsense`)).status, 400)
  t.equal((await api.get(`${PATH}?limit=501`)).status, 400)
  api.clock.advance(299_999)
  t.equal((await api.get(`${PATH}?cursor=${cursor}`)).status, 200)
  api.clock.advance(1)
  t.equal((await api.get(`${PATH}?cursor=${cursor}`)).status, 410)
})

t.test('so many lists are kept; the oldest is forgotten', async (t) => {
  const api = await withTokens(t, 2)
  const { next_cursor: cursor } = (await api.get(`${PATH}?limit=1`)).json
  for (let n = 0; n < 63; n++) await api.get(`${PATH}?limit=1`)
  t.equal((await api.get(`${PATH}?cursor=${cursor}`)).status, 200)
  await api.get(`${PATH}?limit=1`)
  t.equal((await api.get(`${PATH}?cursor=${cursor}`)).status, 410)
})

t.test('audit events: newest first, pages that nothing new moves', async (t) => {
  const api = await withTokens(t, 5)
  const path = '/api/v1/audit-events'
  const first = await api.get(`${path}?limit=2`)
  t.strictSame(Object.keys(first.json.items[0]), [
    ...['id', 'time', 'action', 'description', 'subject_id', 'subject', 'system_id', 'hostname'],
    ...['username', 'remote_address', 'request_id'],
  ])
  t.match(first.json.items[0], {
    ...{ action: 'accessToken.create', description: 'Created access token 5 (t4).' },
    ...{ username: 'admin', remote_address: '127.0.0.1', subject_id: 5, subject: 't4' },
  })
  await make(api, 'new')
  const second = await api.get(`${path}?limit=2&cursor=${first.json.next_cursor}`)
  const subjects = (items: readonly { readonly subject: string }[]) =>
    items.map(({ subject }) => subject)
  t.same(subjects(second.json.items), ['t2', 't1'])
  t.equal(second.json.revision, first.json.revision)
  const third = await api.get(`${path}?limit=2&cursor=${second.json.next_cursor}`)
  t.same(subjects(third.json.items), ['t0'])
  t.equal(third.json.next_cursor, null)
  t.equal((await api.get(`${path}?username=nobody`)).json.items.length, 0)
  t.equal((await api.get(`${path}?action=fabric.create`)).json.items.length, 0)
  t.equal((await api.get(path, { key: PLAIN })).status, 403)
  t.equal((await api.get(`${path}?cursor=x`)).status, 400)
})
