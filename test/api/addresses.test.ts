// Who has which address, as the API lists it, and the refusals of `ipaddresses/` (maas-api §8, §9).
import t from 'tap'
import { bind, ip, mac, RACK } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'
import { startSite } from './support/site.ts'

t.test('every kind of address is listed with who has it', async (t) => {
  const api = await startSite(t)
  const { region } = api
  const boot = { architecture: 'amd64', mac_addresses: mac(1), hostname: 'box' }
  const machine = (await api.post('machines/', boot)).json
  await region.propose(bind(1, '192.0.2.100', { rackId: RACK }), { actor: SYSTEM })
  await region.propose(bind(2, '192.0.2.101', { rackId: RACK }), { actor: SYSTEM })
  const declined = { client: `1-${mac(2)}`, mac: mac(2), ip: ip('192.0.2.101') }
  await region.propose({ type: 'lease.decline', ...declined }, { actor: SYSTEM })
  await region.propose(
    { type: 'lease.release', client: `1-${mac(2)}`, ip: ip('192.0.2.101') },
    { actor: SYSTEM },
  )
  await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.50' }, { key: PLAIN })
  const { json } = await api.get('ipaddresses/?all=true')
  const shown = (json as { ip: string; alloc_type: number; alloc_type_name: string }[]).map(
    (row) => `${row.ip} ${row.alloc_type} ${row.alloc_type_name}`,
  )
  t.same(shown, [
    '192.0.2.2 1 Sticky',
    '192.0.2.3 1 Sticky',
    '192.0.2.4 1 Sticky',
    '192.0.2.50 4 User reserved',
    '192.0.2.100 5 DHCP',
  ])
  t.match(json[3].owner, { username: 'plain' })
  t.same(differences('ipaddress', json[3]), [])
  t.match(json[4], { owner: null, interface_set: [{ system_id: machine.system_id }] })
  t.equal((await api.get('ipaddresses/?owner=plain')).json.length, 1)
  t.equal((await api.get('ipaddresses/?owner=admin', { key: PLAIN })).status, 403)
  t.equal((await api.get('ipaddresses/?all=1&ip=192.0.2.100')).json.length, 1)
  const lines = (await api.get('subnets/1/?op=ip_addresses')).json
  t.match(lines[4], {
    ...{ ip: '192.0.2.100', alloc_type: 5, alloc_type_name: 'DHCP', user: null },
    node_summary: { system_id: machine.system_id, node_type: 0, fqdn: 'box.maas', via: 'eth0' },
  })
  t.match(lines[0].node_summary, { system_id: 'rack01', node_type: 2 })
  const bare = (await api.get('subnets/1/?op=ip_addresses&with_username=0&with_node_summary=no'))
    .json
  t.same(Object.keys(bare[3]).toSorted(), [
    ...['alloc_type', 'alloc_type_name', 'created', 'ip', 'updated'],
  ])
})

t.test('an observed address is listed and forgotten once its hold is over', async (t) => {
  const api = await startSite(t)
  const { region, clock } = api
  await region.propose(bind(2, '192.0.2.101', { rackId: RACK }), { actor: SYSTEM })
  const declined = { client: `1-${mac(2)}`, mac: mac(2), ip: ip('192.0.2.101') }
  await region.propose({ type: 'lease.decline', ...declined }, { actor: SYSTEM })
  clock.advance(5 * 3_600_000)
  await region.propose({ type: 'time.advance' }, { actor: SYSTEM })
  const { json } = await api.get('ipaddresses/?all=true&ip=192.0.2.101')
  t.match(json, [{ alloc_type: 6, alloc_type_name: 'Observed' }])
  const release = { ip: '192.0.2.101', discovered: 'true' }
  t.equal((await api.post('ipaddresses/?op=release', release, { key: PLAIN })).status, 403)
  t.equal((await api.post('ipaddresses/?op=release', release)).status, 204)
  t.equal((await api.get('ipaddresses/?all=true&ip=192.0.2.101')).json.length, 0)
})

t.test('an address that a rack saw in use is forgotten on demand', async (t) => {
  const api = await startSite(t)
  const observed = { rackId: RACK, mac: mac(7), ip: ip('192.0.2.120') }
  await api.region.propose({ type: 'lease.observe', ...observed }, { actor: SYSTEM })
  const listed = async () => (await api.get('ipaddresses/?all=true&ip=192.0.2.120')).json
  t.match(await listed(), [{ alloc_type_name: 'Observed' }])
  const release = { ip: '192.0.2.120', discovered: 'true' }
  t.equal((await api.post('ipaddresses/?op=release', release)).status, 204)
  t.same(await listed(), [])
  t.equal((await api.post('ipaddresses/?op=release', release)).status, 404, 'once')
  const given = bind(8, '192.0.2.120', { rackId: RACK })
  t.equal((await api.region.propose(given, { actor: SYSTEM })).outcome.ok, true, 'anybody’s again')
})

t.test('a MAC gets one address of a subnet', async (t) => {
  const api = await startSite(t)
  const form = { subnet: '2', mac: mac(9) }
  const { json } = await api.post('ipaddresses/?op=reserve', form)
  t.equal(json.ip, '198.51.100.1')
  const second = await api.post('ipaddresses/?op=reserve', form)
  t.equal(second.status, 409)
  t.match(
    second.text,
    /^MAC address 52:54:00:00:00:09 already has the IP address\(es\) 198\.51\.100\.1\.$/,
  )
})

t.test('an exhausted subnet says so with its figures', async (t) => {
  const api = await startSite(t)
  await api.post('subnets/', { cidr: '203.0.113.0/29', gateway_ip: '203.0.113.1' })
  await api.post('ipranges/', {
    type: 'reserved',
    start_ip: '203.0.113.2',
    end_ip: '203.0.113.4',
    subnet: '3',
  })
  await api.post('reservedips/', { ip: '203.0.113.5', mac_address: mac(1) })
  t.equal((await api.post('ipaddresses/?op=reserve', { subnet: '3' })).json.ip, '203.0.113.6')
  const full = await api.post('ipaddresses/?op=reserve', { subnet: '3' })
  t.equal(full.status, 503)
  t.match(full.text, /203\.0\.113\.0\/29: 6 in all, 3 in ranges, 1 given out, /)
  t.match(full.text, /1 kept for gateways and DNS servers, 1 reserved for a MAC\.$/)
})

t.test('an older cluster is asked for nothing it would leave out', async (t) => {
  const api = await startSite(t)
  const state = api.region.local().state
  Object.defineProperty(state, 'featureLevel', { value: 2 })
  for (const [method, path, form] of [
    ['DELETE', 'subnets/2/?force=1', undefined],
    ['PUT', 'vlans/5001/', { further_racks: 'rack03' }],
    ['POST', 'reservedips/', { ip: '192.0.2.20', mac_address: mac(1) }],
  ] as const) {
    const answer = await api.ask(method, path, form === undefined ? {} : { form })
    t.equal(answer.status, 503)
    t.match(answer.text, /needs feature level 3, the cluster is at 2/)
  }
})
