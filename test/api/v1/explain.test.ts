// Why an address is given, or is not, as one answer.
import t from 'tap'
import { bind, mac } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM } from '../support/api.ts'
import { startSite } from '../support/site.ts'

t.test('an address is explained with everything that is known of it', async (t) => {
  const api = await startSite(t)
  await api.post('reservedips/', { ip: '192.0.2.120', mac_address: mac(1), comment: 'printer' })
  await api.region.propose(bind(1, '192.0.2.120', { client: `1-${mac(1).replaceAll(':', '')}` }), {
    actor: SYSTEM,
  })
  const { status, json } = await api.get('/api/v1/explain/address/192.0.2.120', { key: PLAIN })
  t.equal(status, 200)
  t.match(json, {
    ip: '192.0.2.120',
    subnet: { id: 1, cidr: '192.0.2.0/24', managed: true },
    vlan: { id: 5001, vid: 0, dhcp_on: true },
    range: { type: 'dynamic', start_ip: '192.0.2.100', end_ip: '192.0.2.199' },
    kept_as: null,
    allocation: null,
    hold: { mac: mac(1), rack_id: 'rack01', released: false },
    reserved_ip: { id: 1, mac: mac(1), comment: 'printer', effective: true },
    rack_reserve: null,
    declined: null,
    by_name: { given: false, reason: /^192\.0\.2\.120 is in the dynamic range/ },
    next_free: false,
    by_dhcp: { given: false, reason: `192.0.2.120 is reserved for ${mac(1)}.` },
  })
  t.ok(json.hold.ends_in_seconds > 600)
})

t.test('a free one, an allocated one, a kept one, one of nobody', async (t) => {
  const api = await startSite(t)
  const explain = async (ip: string) => (await api.get(`/api/v1/explain/address/${ip}`)).json
  t.match(await explain('192.0.2.50'), { by_name: { given: true, reason: null }, next_free: true })
  await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.50' })
  t.match(await explain('192.0.2.50'), {
    allocation: { alloc_type: 4, owner: 'admin', mac: null },
    by_name: { given: false, reason: '192.0.2.50 is already in use.' },
    next_free: false,
  })
  t.match(await explain('192.0.2.1'), { kept_as: 'the gateway of subnet 192.0.2.0/24' })
  t.match(await explain('10.0.0.1'), { subnet: null, by_name: { reason: /is in no subnet\.$/ } })
})

t.test('who asks must be known and name an address', async (t) => {
  const api = await startSite(t)
  t.equal((await api.get('/api/v1/explain/address/192.0.2.1', { key: null })).status, 401)
  const wrong = await api.get('/api/v1/explain/address/192.0.2.256')
  t.equal(wrong.status, 400)
  t.match(wrong.json, { fields: { ip: ['Enter a valid IPv4 or IPv6 address.'] } })
})
