// events/?op=query with every filter of MAAS, and the audit events among them.
import t from 'tap'
import { PLAIN, SYSTEM, startTestApi, type TestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'

type Shown = { readonly id: number; readonly level: string; readonly description: string }
const shown = async (api: TestApi, query: string, ask = {}): Promise<readonly Shown[]> =>
  (await api.get(`events/?op=query&${query}`, ask)).json.events

const record = (api: TestApi, description: string, more: object = {}) =>
  api.region.propose(
    {
      type: 'event.record',
      eventType: 'Power',
      ...{ systemId: null, username: '', level: 'INFO', description },
      ...more,
    } as never,
    { actor: SYSTEM },
  )

const said = (events: readonly Shown[]): readonly string[] =>
  events.map(({ description }) => description)

async function withMachines(t: Parameters<typeof startTestApi>[0]) {
  const api = await startTestApi(t)
  const make = async (hostname: string, mac: string): Promise<string> => {
    const form = { hostname, architecture: 'amd64', mac_addresses: mac }
    return (await api.post('machines/', form)).json.system_id
  }
  const web = await make('web', 'aa:bb:cc:00:00:01')
  const db = await make('db', 'aa:bb:cc:00:00:02')
  await record(api, 'of web', { systemId: web })
  await record(api, 'of db', { systemId: db, username: 'bob' })
  return { api, web, db }
}

t.test('events of nodes by id, address and name', async (t) => {
  const { api, web, db } = await withMachines(t)
  for (const query of [
    `id=${web}`,
    'mac_address=AA:BB:CC:00:00:01',
    'hostname=web',
    'hostname=WEB.maas',
    `id=${web}&hostname=web&zone=default&domain=maas&agent_name=`,
  ]) {
    const events = await shown(api, query)
    t.ok(said(events).includes('of web'), query)
    t.notOk(said(events).includes('of db'), query)
  }
  t.equal((await shown(api, `id=${web}&id=${db}`)).length, (await shown(api, '')).length)
  t.same(await shown(api, 'mac_address=aa:bb:cc:00:00:99'), [])
  t.same(said(await shown(api, 'owner=bob')), ['of db'])
  for (const query of ['zone=other', 'domain=other', 'agent_name=juju']) {
    t.same(await shown(api, query), [], query)
  }
})

t.test('a renamed machine keeps its history under its new name', async (t) => {
  const { api, web } = await withMachines(t)
  await api.put(`machines/${web}/`, { hostname: 'www' })
  t.ok(said(await shown(api, 'hostname=www')).includes('of web'))
  t.same(await shown(api, 'hostname=web'), [])
})

t.test('levels: INFO and above unless told otherwise, AUDIT alone', async (t) => {
  const api = await startTestApi(t)
  for (const level of ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']) {
    await record(api, level, { level })
  }
  await api.post('fabrics/', { name: 'dc' })
  t.same(said(await shown(api, '')), ['CRITICAL', 'ERROR', 'WARNING', 'INFO'])
  t.same(said(await shown(api, 'level=DEBUG')).length, 5)
  t.same(said(await shown(api, 'level=ERROR')), ['CRITICAL', 'ERROR'])
  const audits = await shown(api, 'level=AUDIT')
  t.equal(audits.length, 1)
  const answer = await api.get('events/?op=query&level=loud')
  t.equal(answer.status, 400)
  t.equal(answer.text, 'Unrecognised log level: loud')
})

t.test('an audit event has MAAS’s keys and says who, whence and by which request', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'dc' }, { headers: { 'x-request-id': 'find-me' } })
  await api.delete('fabrics/1/', { headers: { 'x-request-id': 'find-me-too' } })
  const [deleted, created] = await shown(api, 'level=AUDIT')
  t.same(differences('event', created), [])
  t.match(created, {
    ...{ username: 'admin', level: 'AUDIT', type: 'Networking', node: '' },
    description: 'Created fabric 1 (dc). [from 127.0.0.1, request find-me]',
  })
  t.match(created, { created: /^\w{3}, \d\d \w{3}\. \d{4} \d\d:\d\d:\d\d$/ })
  t.equal(deleted?.description, 'Deleted fabric 1 (dc). [from 127.0.0.1, request find-me-too]')
})

const TYPES = [
  { call: 'users/', form: { username: 'b', email: 'b@x', password: 'p', is_superuser: '0' } },
  { call: 'account/?op=create_authorisation_token', form: { name: 'k' } },
].map((one) => ({ ...one, type: 'Authorisation' }))
const OTHER_TYPES = [
  { call: 'maas/?op=set_config', form: { name: 'maas_name', value: 'x' }, type: 'Settings' },
  { call: 'machines/', form: { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:01' } },
].map((one) => ({ type: 'Node', ...one }))
t.test('audit events are of MAAS’s types', async (t) => {
  const api = await startTestApi(t)
  for (const { call, form, type } of [...TYPES, ...OTHER_TYPES]) {
    await api.post(call, form as Record<string, string>)
    t.match((await shown(api, 'level=AUDIT&limit=1'))[0], { type }, call)
  }
})

t.test('a plain user sees its own audit events only', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', {})
  await api.post('account/?op=create_authorisation_token', { name: 'k' }, { key: PLAIN })
  t.equal((await shown(api, 'level=AUDIT')).length, 2)
  const own = await shown(api, 'level=AUDIT', { key: PLAIN })
  t.equal(own.length, 1)
  t.match(own[0], { username: 'plain' })
})

t.test('pages go through both kinds without a gap or a repeat', async (t) => {
  const api = await startTestApi(t)
  for (let n = 0; n < 10; n++) {
    await record(api, `e${n}`, { level: 'AUDIT' })
    if (n % 3 === 0) await api.post('fabrics/', {})
  }
  const all = (await shown(api, 'level=AUDIT')).map(({ id }) => id)
  t.equal(all.length, 14)
  t.same(
    all,
    [...all].sort((a, b) => b - a),
  )
  const older: number[] = []
  let next = '/MAAS/api/2.0/events/?op=query&level=AUDIT&limit=3'
  for (let page = 0; page < 5; page++) {
    const { json } = await api.get(next)
    for (const { id } of json.events) older.push(id)
    next = json.next_uri
  }
  t.same(older, all)
  const newer: number[] = []
  let previous = '/MAAS/api/2.0/events/?op=query&level=AUDIT&limit=3&after=0'
  for (let page = 0; page < 5; page++) {
    const { json } = await api.get(previous)
    newer.unshift(...json.events.map(({ id }: { id: number }) => id))
    previous = json.prev_uri
  }
  t.same(newer, all)
  t.same((await api.get(next)).json.events, [])
})

t.test('limits, and what cannot be asked', async (t) => {
  const api = await startTestApi(t)
  const long = await api.get('events/?op=query&limit=1001')
  t.equal(long.status, 400)
  t.equal(long.text, 'Requested number of events 1001 is greater than limit: 1000')
  const both = await api.get('events/?op=query&before=1&after=2')
  t.equal(both.status, 400)
  t.match(both.text, /undetermined behaviour when both `after` and `before`/)
  for (const query of ['limit=x', 'limit=0', 'before=-1', 'after=x']) {
    t.equal((await api.get(`events/?op=query&${query}`)).status, 400, query)
  }
})
