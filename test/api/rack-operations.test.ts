// What else can be asked of controllers: details, power, images and tests of a rack, the power types, and a region node
// that leaves. Nothing of it changes a rack.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { until } from '#test/support/until.ts'
import { PLAIN, SYSTEM, startTestApi, type TestApi } from './support/api.ts'
import { RACK_IDS, startSite } from './support/site.ts'

const RACK = RACK_IDS[0]
const REGION_2 = 'regn02' as SystemId

/** bsonspec.org 1.1: length, two nulls by name, end. */
const NO_DETAILS = Buffer.from('\x11\0\0\0\x0alshw\0\x0alldp\0\0', 'latin1')

t.test('details of every kind of node are a BSON document', async (t) => {
  const api = await startSite(t)
  const form = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const machine = (await api.post('machines/', form)).json.system_id
  const device = (await api.post('devices/', { mac_addresses: 'aa:bb:cc:00:00:03' })).json.system_id
  const paths = [`nodes/${device}`, `devices/${device}`, `rackcontrollers/${RACK}`]
  for (const path of [...paths, `nodes/${RACK}`]) {
    const answer = await api.get(`${path}/?op=details`)
    t.equal(answer.headers.get('content-type'), 'application/bson', path)
    t.same(Buffer.from(answer.text), NO_DETAILS, path)
  }
  for (const path of ['nodes', 'machines']) {
    const { text } = await api.get(`${path}/${machine}/?op=details`)
    t.match(text, '<serial>aa:bb:cc:00:00:02<', 'its hardware')
    t.ok(text.endsWith('\nlldp\0\0'), 'a null, and the end of the document')
  }
  t.equal((await api.get('nodes/zzzzzz/?op=details')).status, 404)
  t.equal((await api.get(`devices/${device}/?op=details`, { key: PLAIN })).status, 404, 'not his')
})

const REFUSED = {
  power_on: /no power type/,
  power_off: /no power type/,
  abort: /nothing that could be aborted/,
  test: /runs no scripts/,
  override_failed_testing: /no failed tests/,
  mark_broken: /not marked/,
  mark_fixed: /not marked as broken/,
}

t.test('a rack: what it cannot do is refused with a reason', async (t) => {
  const api = await startSite(t)
  const before = api.region.local().revision
  for (const [op, text] of Object.entries(REFUSED)) {
    const answer = await api.post(`rackcontrollers/${RACK}/?op=${op}`)
    t.equal(answer.status, 409, op)
    t.match(answer.text, text)
    t.equal((await api.post(`rackcontrollers/zzzzzz/?op=${op}`)).status, 404, op)
    t.equal((await api.post(`rackcontrollers/${RACK}/?op=${op}`, {}, { key: PLAIN })).status, 403)
  }
  t.equal(api.region.local().revision, before, 'and changes nothing')
})

t.test('a rack: its power state, hardware and images', async (t) => {
  const api = await startSite(t)
  const path = `rackcontrollers/${RACK}/`
  t.same((await api.get(`${path}?op=query_power_state`)).json, { state: 'unknown' })
  t.equal((await api.post(`${path}?op=refresh`)).status, 200)
  for (const target of ['rackcontrollers/', path]) {
    const started = await api.post(`${target}?op=import_boot_images`)
    t.equal(started.status, 202)
    t.match(started.text, /fetch boot images as machines ask/)
  }
  const { lastBeatAt } = api.region.local().state.controllers.get(RACK as SystemId)!
  const lost = { type: 'rack.lost', systemId: RACK as SystemId, lastBeatAt } as const
  await api.region.propose(lost, { actor: SYSTEM })
  const away = await api.post(`${path}?op=refresh`)
  t.equal(away.status, 503)
  t.equal(away.headers.get('retry-after'), '10')
})

t.test('power types: forms with MAAS’s names, for administrators', async (t) => {
  const api = await startTestApi(t)
  const path = 'rackcontrollers/?op=describe_power_types'
  t.equal((await api.get(path, { key: PLAIN })).status, 403)
  const types = (await api.get(path)).json as {
    readonly name: string
    readonly fields: readonly Record<string, unknown>[]
  }[]
  const ipmi = types.find(({ name }) => name === 'ipmi')
  t.match(ipmi, { driver_type: 'power', chassis: false, queryable: true, missing_packages: [] })
  t.same(
    ipmi?.fields.filter((field) => field['required']).map((field) => field['name']),
    ['power_driver', 'power_address'],
  )
  t.match(ipmi?.fields[0], {
    field_type: 'choice',
    default: 'LAN_2_0',
    choices: [['LAN'], ['LAN_2_0']],
  })
})

async function withSecondRegion(api: TestApi, reachable: boolean): Promise<void> {
  await api.region.propose(
    {
      type: 'region.register',
      ...{ systemId: REGION_2, hostname: 'two', version: '0.1.0', incarnation: 1 },
      ...{ apiUrl: 'http://127.0.0.2:5240', peerAddress: '127.0.0.2:5250' },
    },
    { actor: SYSTEM },
  )
  for (const [at, id] of [api.region.nodeId as SystemId, REGION_2].entries()) {
    const member = { id, host: '127.0.0.1', port: 5_250 + at, apiUrl: '' }
    await api.region.propose({ type: 'member.register', ...member }, { actor: SYSTEM })
  }
  const [own] = api.region.status().members
  api.region.setStatus({ members: [own!, { ...own!, id: REGION_2, reachable }] })
}

/** As the leader carries a wish out, once it is in the log. */
async function reportRemoval(api: TestApi, result: 'removed' | 'refused'): Promise<void> {
  const row = () => api.region.local().state.members.get(REGION_2)!
  await until('the wish', () => row().status === 'leaving')
  const { statusRevision } = row()
  const note = 'two voters would be left without a quorum.'
  const report = { type: 'member.report', id: REGION_2, statusRevision, result, note } as const
  await api.region.propose(report, { actor: SYSTEM })
}

t.test('a region node leaves through the membership', async (t) => {
  const api = await startTestApi(t)
  await withSecondRegion(api, true)
  const path = `regioncontrollers/${REGION_2}/`
  const running = await api.delete(path)
  t.equal(running.status, 400)
  t.match(running.text, 'is running')
  t.equal((await api.delete(path, { key: PLAIN })).status, 403)
  t.equal((await api.delete('regioncontrollers/rack01/')).status, 404)
  const [refused] = await Promise.all([
    api.delete(`${path}?force=true`),
    reportRemoval(api, 'refused'),
  ])
  t.equal(refused.status, 400)
  t.match(refused.text, 'two stays: two voters would be left')
  const [removed] = await Promise.all([
    api.delete(`${path}?force=true`),
    reportRemoval(api, 'removed'),
  ])
  t.equal(removed.status, 204)
  t.equal((await api.get(path)).status, 404)
})

t.test('a region node that does not run needs no force', async (t) => {
  const api = await startTestApi(t)
  await withSecondRegion(api, false)
  const path = `regioncontrollers/${REGION_2}/`
  const [removed] = await Promise.all([api.delete(path), reportRemoval(api, 'removed')])
  t.equal(removed.status, 204)
})
