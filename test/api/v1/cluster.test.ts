// /api/v1/cluster: members, and the operations behind `ironraft region remove`, `token` and `transfer`.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { PLAIN, startTestApi, SYSTEM, type TestApi } from '../support/api.ts'

const path = (rest: string): string => `/api/v1/cluster/${rest}`

async function withMembers(t: Parameters<typeof startTestApi>[0]): Promise<TestApi> {
  const api = await startTestApi(t)
  for (const [at, id] of (['node01', 'node02'] as SystemId[]).entries()) {
    const address = { host: '192.0.2.1', port: 5250 + at, apiUrl: 'http://192.0.2.1' }
    await api.region.propose({ type: 'member.register', id, ...address }, { actor: SYSTEM })
  }
  return api
}

t.test('members are listed to anyone, from this node’s own knowledge', async (t) => {
  const api = await withMembers(t)
  api.region.failWith('NO_QUORUM')
  const { status, json } = await api.get(path('members'), { key: null })
  t.equal(status, 200)
  t.match(json, { cluster_id: 'memory', leader: 'region-1' })
  t.match(json.members, [
    { id: 'node01', status: 'member', voter: false, lag: 7, entries_per_second: 70 },
    { id: 'node02', status: 'member' },
    { id: 'region-1', status: 'member', voter: true, reachable: true, since: null },
  ])
  t.match(json.members[2], { condition: 'ok' })
})

t.test('a removal is a wish in the log; only a superuser may have it', async (t) => {
  const api = await withMembers(t)
  t.equal((await api.delete(path('members/node02'), { key: null })).status, 401)
  t.equal((await api.delete(path('members/node02'), { key: PLAIN })).status, 403)
  const wished = await api.delete(path('members/node02'))
  t.match(wished, { status: 202, json: { id: 'node02', status: 'leaving' } })
  const cases = [
    { id: 'node01', status: 409, detail: /the only region node/ },
    { id: 'nobody', status: 404, detail: /No RegionNode/ },
    { id: 'no-id', status: 404, detail: /RegionNode/ },
  ]
  for (const { id, status, detail } of cases) {
    t.match(await api.delete(path(`members/${id}`)), { status, json: { detail } })
  }
})

t.test('leadership is handed over to whom is named, or to the best', async (t) => {
  const api = await withMembers(t)
  t.match(await api.post(path('transfer'), {}, { key: PLAIN }), { status: 403 })
  const json = (value: unknown) => api.ask('POST', path('transfer'), { json: value })
  t.match(await json({ to: 'node02' }), { status: 200, json: { leader: 'node02' } })
  t.match(await json({}), { status: 200, json: { leader: 'the best' } })
  t.match(await json({ to: 'deaf' }), { status: 409, json: { detail: 'deaf is not reachable.' } })
  t.match(await json({ to: 7 }), { status: 400 })
  t.match(await json({ whom: 'node02' }), { status: 400 })
})

t.test('a token is made for a kind and a time within bounds, by a superuser', async (t) => {
  const api = await withMembers(t)
  const json = (value: unknown, key?: typeof PLAIN) =>
    api.ask('POST', path('tokens'), { json: value, ...(key === undefined ? {} : { key }) })
  const good = { kind: 'region', lifetime_seconds: 60 }
  t.match(await json(good), { status: 201, json: { ...good, token: 'region 60000 admin' } })
  t.equal((await json(good, PLAIN)).status, 403)
  for (const bad of [
    { ...good, kind: 'machine' },
    { ...good, lifetime_seconds: 0 },
    { ...good, lifetime_seconds: 31 * 24 * 3_600 },
    { kind: 'region' },
    {},
  ]) {
    t.equal((await json(bad)).status, 400, JSON.stringify(bad))
  }
})
