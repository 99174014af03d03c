// DHCP leases: listed in pages, by subnet and by client, for administrators.
import t from 'tap'
import { bind, mac } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM } from '../support/api.ts'
import { startSite } from '../support/site.ts'

const PATH = '/api/v1/leases'
const RACK = { rackId: 'rack01' as never }

t.test('leases are shown with both of their ends', async (t) => {
  const api = await startSite(t)
  await api.region.propose(bind(1, '192.0.2.120', { ...RACK, hostname: 'box' }), { actor: SYSTEM })
  await api.region.propose(bind(2, '192.0.2.121', RACK), { actor: SYSTEM })
  const { json, headers } = await api.get(PATH)
  t.equal(json.items.length, 2)
  t.match(json.items[0], {
    ...{ ip: '192.0.2.120', mac: mac(1), hostname: 'box', subnet_id: 1, rack_id: 'rack01' },
    ...{ released: false, lease_ends_in_seconds: 600 },
  })
  t.ok(json.items[0].held_for_seconds > 600, 'the region keeps it longer than the client')
  t.equal(Number(headers.get('x-revision')), json.revision)
  t.same((await api.get(`${PATH}?mac=${mac(2)}`)).json.items[0].ip, '192.0.2.121')
  t.same((await api.get(`${PATH}?subnet=198.51.100.0/24`)).json.items, [])
  t.equal((await api.get(`${PATH}?subnet=1`)).json.items.length, 2)
})

t.test('pages go on where they were, and filters belong to the cursor', async (t) => {
  const api = await startSite(t)
  for (const n of [1, 2, 3]) {
    await api.region.propose(bind(n, `192.0.2.12${n}`, RACK), { actor: SYSTEM })
  }
  const first = (await api.get(`${PATH}?limit=2`)).json
  t.equal(first.items.length, 2)
  const second = (await api.get(`${PATH}?limit=2&cursor=${first.next_cursor}`)).json
  t.same([second.items.length, second.next_cursor], [1, null])
  t.equal((await api.get(`${PATH}?subnet=1&cursor=${first.next_cursor}`)).status, 410)
})

t.test('plain users and unknown subnets are refused', async (t) => {
  const api = await startSite(t)
  t.equal((await api.get(PATH, { key: PLAIN })).status, 403)
  const { status, json } = await api.get(`${PATH}?subnet=nowhere`)
  t.equal(status, 400)
  t.same(json.fields, { subnet: ['There is no subnet nowhere.'] })
})
