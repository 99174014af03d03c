// Each resource: what can be done with it, and how each of its errors is told (maas-api §9, §10).
import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'

const MACHINE = { architecture: 'amd64/generic', mac_addresses: 'aa:bb:cc:00:00:02' }
const SUBNET = { cidr: '192.0.2.0/24', gateway_ip: '192.0.2.1' }

t.test('machines: an operator creates, reads, changes and deletes one', async (t) => {
  const api = await startTestApi(t)
  const made = await api.post('machines/', {
    ...MACHINE,
    hostname: 'box',
    power_type: 'ipmi',
    power_parameters_power_address: '192.0.2.9',
    power_parameters_power_pass: 'x',
    commission: 'false',
  })
  t.equal(made.status, 200)
  const path = `machines/${made.json.system_id}/`
  t.match((await api.get(path)).json, { hostname: 'box', fqdn: 'box.maas', power_type: 'ipmi' })
  t.strictSame((await api.get(`${path}?op=power_parameters`)).json, {
    power_address: '192.0.2.9',
    power_pass: 'x',
  })
  const changed = await api.put(path, { hostname: 'other', power_parameters_power_pass: 'y' })
  t.equal(changed.json.hostname, 'other')
  t.strictSame((await api.get(`${path}?op=power_parameters`)).json, {
    power_address: '192.0.2.9',
    power_pass: 'y',
  })
  t.equal((await api.delete(path)).status, 204)
  t.equal((await api.get(path)).status, 404)
})

t.test('machines: power parameters are for administrators', async (t) => {
  const api = await startTestApi(t)
  const { json } = await api.post('machines/', {
    ...MACHINE,
    power_parameters: '{"power_pass":"x"}',
  })
  const path = `machines/${json.system_id}/?op=power_parameters`
  t.equal((await api.get(path)).json.power_pass, 'x')
  t.equal((await api.get(path, { key: PLAIN })).status, 403)
})

t.test('machines: MACs come by comma, repeated, or both', async (t) => {
  const api = await startTestApi(t)
  const { json } = await api.post('machines/', [
    ['architecture', 'amd64'],
    ['mac_addresses', 'AA-BB-CC-00-00-02, aa:bb:cc:00:00:04'],
    ['mac_addresses', 'aabbcc000006'],
  ])
  t.strictSame(
    json.interface_set.map((nic: { mac_address: string }) => nic.mac_address),
    ['aa:bb:cc:00:00:02', 'aa:bb:cc:00:00:04', 'aa:bb:cc:00:00:06'],
  )
})

t.test('machines: an unknown machine enlists, and once only', async (t) => {
  const api = await startTestApi(t)
  const ask = { key: null }
  const is = (key: null | typeof PLAIN, mac: string) =>
    api.get(`nodes/?op=is_registered&mac_address=${mac}`, { key })
  t.equal((await is(null, 'aa:bb:cc:00:00:02')).json, false)
  const first = await api.post('machines/', { ...MACHINE, power_type: 'manual' }, ask)
  t.equal(first.status, 200)
  t.notOk(Object.hasOwn(first.json, 'owner_data'), 'anonymous answers are cut down')
  t.equal((await is(null, 'aa:bb:cc:00:00:02')).json, true)
  const second = await api.post('machines/', MACHINE, ask)
  t.equal(second.status, 409)
  t.match(second.json.mac_addresses[0], /^MAC address aa:bb:cc:00:00:02 already in use on /)
  const signed = await api.post('machines/', MACHINE)
  t.equal(signed.status, 400, 'an operator gets the field error of MAAS')
})

t.test('machines: owner data sets and deletes keys', async (t) => {
  const api = await startTestApi(t)
  const { system_id: id } = (await api.post('machines/', MACHINE)).json
  const path = `machines/${id}/?op=set_owner_data`
  await api.post(path, { rack: '7', site: 'a' })
  t.strictSame((await api.post(path, { rack: '' })).json.owner_data, { site: 'a' })
})

const FILTERS = [
  { query: 'hostname=one', found: ['one'] },
  { query: 'hostname=one&hostname=two', found: ['one', 'two'] },
  { query: 'mac_address=aa:bb:cc:00:00:04', found: ['two'] },
  { query: 'status=commissioning', found: ['one', 'two'] },
  { query: 'status=deployed', found: [] },
  { query: 'zone=default&domain=maas&pool=default', found: ['one', 'two'] },
  { query: 'zone=other', found: [] },
  { query: 'subnets=192.0.2.0/24', found: ['one', 'two'] },
  { query: 'not_vlans=5001', found: [] },
  { query: 'fabrics=fabric-0', found: ['one', 'two'] },
  { query: 'cpu_count=1', found: [] },
  { query: 'pod=x', found: [] },
]

t.test('machines: filters narrow the list', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', SUBNET)
  await api.post('machines/', { ...MACHINE, hostname: 'one' })
  const macs = { mac_addresses: 'aa:bb:cc:00:00:04' }
  await api.post('machines/', { ...MACHINE, ...macs, hostname: 'two' })
  for (const { query, found } of FILTERS) {
    const { json } = await api.get(`machines/?${query}`)
    const names = json.map((machine: { hostname: string }) => machine.hostname)
    t.strictSame(names.toSorted(), found, query)
  }
  for (const bad of ['foo=1', 'not_foo=1', 'devices=x']) {
    const answer = await api.get(`machines/?${bad}`)
    t.equal(answer.status, 400, bad)
    t.match(answer.text, 'No such constraint.', bad)
  }
  t.equal((await api.get('machines/?status=odd')).status, 400)
  t.equal((await api.get('machines/?mac_address=odd')).status, 400)
})

t.test('machines: a long list arrives whole', async (t) => {
  const api = await startTestApi(t)
  for (let i = 0; i < 120; i++) {
    const mac = `aa:bb:cc:00:01:${i.toString(16).padStart(2, '0')}`
    await api.post('machines/', { architecture: 'amd64', mac_addresses: mac })
  }
  const { json } = await api.get('machines/')
  t.equal(json.length, 120)
  t.equal(new Set(json.map((machine: { system_id: string }) => machine.system_id)).size, 120)
  t.equal((await api.get('nodes/')).json.length, 120)
})

t.test('networks: a fabric, its VLANs, a space and a subnet', async (t) => {
  const api = await startTestApi(t)
  const fabric = (await api.post('fabrics/', { name: 'lab', class_type: '10g' })).json
  t.match(fabric, { id: 1, name: 'lab', class_type: '10g', vlans: [{ vid: 0, name: 'untagged' }] })
  const space = (await api.post('spaces/', { name: 'storage' })).json
  const vlan = (await api.post('fabrics/1/vlans/', { vid: '100', space: 'storage' })).json
  t.match(vlan, { vid: 100, fabric: 'lab', fabric_id: 1, space: 'storage', mtu: 1500 })
  const subnet = await api.post('subnets/', {
    ...SUBNET,
    fabric: 'lab',
    vid: '100',
    dns_servers: '192.0.2.5 192.0.2.6',
  })
  t.match(subnet.json, {
    space: 'storage',
    vlan: { id: vlan.id },
    dns_servers: ['192.0.2.5', '192.0.2.6'],
  })
  t.equal((await api.get(`spaces/${space.id}/`)).json.subnets.length, 1)
  t.equal((await api.get('fabrics/lab/vlans/100/')).json.id, vlan.id)
  t.equal((await api.get(`vlans/${vlan.id}/`)).json.vid, 100)
  for (const name of ['192.0.2.0%2F24', 'cidr:192.0.2.0%2F24', 'name:192.0.2.0%2F24', 'id:1']) {
    t.equal((await api.get(`subnets/${name}/`)).json.id, 1, name)
  }
  t.equal((await api.put('subnets/1/', { gateway_ip: '' })).json.gateway_ip, null)
  t.equal((await api.put(`vlans/${vlan.id}/`, { mtu: '9000', space: '' })).json.space, 'undefined')
  t.equal((await api.put('spaces/storage/', { name: 'db' })).json.name, 'db')
  t.equal((await api.delete('subnets/1/')).status, 204)
  t.equal((await api.delete('fabrics/1/vlans/100/')).status, 204)
  t.equal((await api.delete('spaces/db/')).status, 204)
  t.equal((await api.delete('fabrics/lab/')).status, 204)
})

t.test('networks: how addresses of a subnet are used', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', SUBNET)
  const range = { type: 'dynamic', start_ip: '192.0.2.100', end_ip: '192.0.2.199' }
  await api.post('ipranges/', range)
  await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.50' })
  const statistics = (
    await api.get('subnets/1/?op=statistics&include_ranges=1&include_suggestions=1')
  ).json
  t.match(statistics, {
    num_available: 152,
    num_unavailable: 102,
    total_addresses: 254,
    usage_string: '40%',
    first_address: '192.0.2.1',
    last_address: '192.0.2.254',
    ip_version: 4,
    suggested_gateway: '192.0.2.2',
  })
  t.strictSame(statistics.ranges[0], {
    start: '192.0.2.1',
    end: '192.0.2.1',
    num_addresses: 1,
    purpose: ['gateway-ip'],
  })
  const reserved = (await api.get('subnets/1/?op=reserved_ip_ranges')).json
  t.match(reserved.at(-1), { start: '192.0.2.100', num_addresses: 100, purpose: ['dynamic'] })
  const unreserved = (await api.get('subnets/1/?op=unreserved_ip_ranges')).json
  t.strictSame(unreserved[0], { start: '192.0.2.2', end: '192.0.2.49', num_addresses: 48 })
  const addresses = (await api.get('subnets/1/?op=ip_addresses')).json
  t.match(addresses, [{ ip: '192.0.2.50', alloc_type: 4, user: 'admin' }])
})

t.test('addresses: reserve the next, a given one, release', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', SUBNET)
  const next = await api.post('ipaddresses/?op=reserve', { subnet: '1' }, { key: PLAIN })
  t.match(next.json, {
    ip: '192.0.2.2',
    alloc_type_name: 'User reserved',
    owner: { username: 'plain' },
  })
  const again = await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.2' })
  t.equal(again.status, 409)
  t.match(again.text, /^The IP address 192\.0\.2\.2 is already in use\.$/)
  t.equal((await api.get('ipaddresses/')).json.length, 0, 'own ones only')
  t.equal((await api.get('ipaddresses/?all=true')).json.length, 1)
  t.equal((await api.get('ipaddresses/?all=true', { key: PLAIN })).status, 403)
  const release = { ip: '192.0.2.2' }
  t.equal((await api.post('ipaddresses/?op=release', release)).status, 404)
  t.equal((await api.post('ipaddresses/?op=release', release, { key: PLAIN })).status, 204)
  t.equal((await api.post('ipaddresses/?op=release', {})).status, 400)
})

t.test('addresses: a full subnet is 503 with Retry-After', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/30', gateway_ip: '192.0.2.1' })
  t.equal((await api.post('ipaddresses/?op=reserve', { subnet: '1' })).status, 200)
  const full = await api.post('ipaddresses/?op=reserve', { subnet: '1' })
  t.equal(full.status, 503)
  t.equal(full.headers.get('retry-after'), '10')
})

t.test('ranges: only the owner or an administrator changes one', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', SUBNET)
  const range = { start_ip: '192.0.2.100', end_ip: '192.0.2.110', subnet: '1' }
  const dynamic = { ...range, type: 'dynamic' }
  t.equal((await api.post('ipranges/', dynamic, { key: PLAIN })).status, 403)
  const made = await api.post('ipranges/', { ...range, type: 'reserved', comment: 'x' })
  t.match(made.json, { type: 'reserved', user: { username: 'admin' } })
  const path = `ipranges/${made.json.id}/`
  t.equal((await api.put(path, { comment: 'y' }, { key: PLAIN })).status, 403)
  t.equal((await api.put(path, { comment: 'y' })).json.comment, 'y')
  t.equal((await api.delete(path, { key: PLAIN })).status, 403)
  t.equal((await api.delete(path)).status, 204)
})

t.test('users: create, log in with the new one, delete', async (t) => {
  const api = await startTestApi(t)
  const user = { username: 'new', email: 'n@example.org', password: 'pass', is_superuser: 'false' }
  t.equal((await api.post('users/', user)).json.username, 'new')
  const login = { key: null }
  const credentials = { username: 'new', password: 'pass', consumer: 'tool' }
  const first = await api.post('/MAAS/accounts/authenticate/', credentials, login)
  t.match(first.json, { name: 'tool', consumer_key: /^\w{18}$/, token_secret: /^\w{32}$/ })
  const second = await api.post('/MAAS/accounts/authenticate/', credentials, login)
  t.equal(second.json.token_key, first.json.token_key, 'the key of that name is used again')
  const wrong = { ...credentials, password: 'nope' }
  t.equal((await api.post('/MAAS/accounts/authenticate/', wrong, login)).status, 403)
  const nobody = { ...credentials, username: 'nobody' }
  t.equal((await api.post('/MAAS/accounts/authenticate/', nobody, login)).status, 403)
  t.equal((await api.delete('users/new/')).status, 204)
  t.equal((await api.get('users/new/')).status, 404)
  t.equal((await api.delete('users/admin/')).status, 400)
})

t.test('account: keys are listed, renamed and deleted by their owner only', async (t) => {
  const api = await startTestApi(t)
  const made = (await api.post('account/?op=create_authorisation_token', { name: 'a' })).json
  const token = `${made.consumer_key}:${made.token_key}:${made.token_secret}`
  const list = async () => (await api.get('account/?op=list_authorisation_tokens')).json
  t.ok((await list()).some((key: { token: string }) => key.token === token))
  t.equal((await api.post('account/?op=update_token_name', { token, name: 'b' })).status, 200)
  t.ok((await list()).some((key: { name: string }) => key.name === 'b'))
  const remove = { token_key: made.token_key }
  const path = 'account/?op=delete_authorisation_token'
  t.equal((await api.post(path, remove, { key: PLAIN })).status, 404)
  t.equal((await api.post(path, remove)).status, 204)
  t.equal((await list()).length, 1)
})

t.test('settings: typed by their defaults', async (t) => {
  const api = await startTestApi(t)
  const set = (name: string, value: string) => api.post('maas/?op=set_config', { name, value })
  const get = async (name: string) => (await api.get(`maas/?op=get_config&name=${name}`)).json
  t.equal((await set('maas_name', 'Lab')).text, 'OK')
  t.equal(await get('maas_name'), 'Lab')
  await set('default_dns_ttl', '60')
  t.equal(await get('default_dns_ttl'), 60)
  await set('completed_intro', 'False')
  t.equal(await get('completed_intro'), false)
  await set('http_proxy', '')
  t.equal(await get('http_proxy'), null)
  t.equal((await set('default_dns_ttl', 'x')).status, 400)
  t.equal((await set('no_such', 'x')).status, 400)
  t.equal((await api.post('maas/?op=set_config', { name: 'maas_name' })).status, 400)
})

t.test('events: pages of newest first, forward and back', async (t) => {
  const api = await startTestApi(t)
  for (let i = 0; i < 7; i++) {
    const form = { architecture: 'amd64', mac_addresses: `aa:bb:cc:00:00:0${i}` }
    await api.post('machines/', { ...form, commission: 'false' })
  }
  const ids = (page: { json: { events: { id: number }[] } }) => page.json.events.map(({ id }) => id)
  const first = await api.get('events/?op=query&limit=3')
  // The ids between are those of the audit events.
  t.strictSame(ids(first), [13, 11, 9])
  const second = await api.get(first.json.next_uri)
  t.strictSame(ids(second), [7, 5, 3])
  t.strictSame(ids(await api.get(second.json.prev_uri)), [13, 11, 9])
  t.strictSame(ids(await api.get('events/?op=query&after=3&limit=2')), [7, 5])
  t.strictSame(ids(await api.get('events/?op=query&level=ERROR')), [])
  t.equal((await api.get('events/?op=query&limit=1001')).status, 400)
  t.equal((await api.get('events/?op=query&before=1&after=2')).status, 400)
})

const FIELD_ERRORS = [
  { call: 'machines/', form: {}, fields: ['architecture', 'mac_addresses'] },
  { call: 'machines/', form: { ...MACHINE, architecture: '../x' }, fields: ['architecture'] },
  { call: 'machines/', form: { ...MACHINE, mac_addresses: 'zz' }, fields: ['mac_addresses'] },
  {
    call: 'machines/',
    form: { ...MACHINE, mac_addresses: '01:00:5e:00:00:01' },
    fields: ['mac_addresses'],
  },
  { call: 'machines/', form: { ...MACHINE, hostname: 'not_a_name' }, fields: ['hostname'] },
  { call: 'machines/', form: { ...MACHINE, hardware: '[' }, fields: ['hardware'] },
  { call: 'machines/', form: { ...MACHINE, power_parameters: '[]' }, fields: ['power_parameters'] },
  { call: 'machines/', form: { ...MACHINE, commission: 'maybe' }, fields: ['commission'] },
  { call: 'subnets/', form: {}, fields: ['cidr'] },
  { call: 'subnets/', form: { cidr: '192.0.2.0/33' }, fields: ['cidr'] },
  { call: 'subnets/', form: { ...SUBNET, vlan: '77' }, fields: ['vlan'] },
  { call: 'subnets/', form: { ...SUBNET, gateway_ip: '198.51.100.1' }, fields: ['gateway_ip'] },
  { call: 'subnets/', form: { ...SUBNET, dns_servers: 'x' }, fields: ['dns_servers'] },
  { call: 'fabrics/0/vlans/', form: {}, fields: ['vid'] },
  { call: 'fabrics/0/vlans/', form: { vid: '4095' }, fields: ['vid'] },
  { call: 'fabrics/0/vlans/', form: { vid: '0' }, fields: ['vid'] },
  { call: 'fabrics/', form: { name: 'fabric-0' }, fields: ['name'] },
  { call: 'ipranges/', form: {}, fields: ['type', 'start_ip', 'end_ip'] },
  {
    call: 'users/',
    form: { username: '', email: '', password: '', is_superuser: '' },
    fields: ['username', 'email', 'password', 'is_superuser'],
  },
]

t.test('wrong values are field errors, all at once', async (t) => {
  const api = await startTestApi(t)
  for (const { call, form, fields } of FIELD_ERRORS) {
    const answer = await api.post(call, form as Record<string, string>)
    t.equal(answer.status, 400, call)
    t.strictSame(Object.keys(answer.json), fields, `${call} ${JSON.stringify(form)}`)
    for (const messages of Object.values(answer.json)) t.ok(Array.isArray(messages))
  }
})

t.test('describe lists what is served, with absolute addresses', async (t) => {
  const api = await startTestApi(t)
  const answer = await api.get('describe/', { key: null })
  t.equal(answer.headers.get('content-type'), 'application/json', 'exactly: the CLI compares it')
  const names = answer.json.resources.map(({ name }: { name: string }) => name)
  t.equal(new Set(names).size, names.length)
  const machines = answer.json.resources.find(
    ({ name }: { name: string }) => name === 'MachinesHandler',
  )
  t.match(machines.auth, {
    path: '/MAAS/api/2.0/machines/',
    uri: `${api.url}/MAAS/api/2.0/machines/`,
  })
  t.strictSame(machines.auth.params, [])
  t.match(machines.anon.name, 'AnonMachinesHandler')
  const other = await fetch(`${api.url.replace('127.0.0.1', 'localhost')}/MAAS/api/2.0/describe/`)
  t.equal(((await other.json()) as { hash: string }).hash, answer.json.hash)
})

t.test('health, metrics and status need no key', async (t) => {
  const api = await startTestApi(t)
  const ask = async (path: string) => (await api.get(path, { key: null })).status
  for (const path of ['/healthz', '/livez', '/readyz', '/metrics', '/status', '/MAAS/rpc/']) {
    t.equal(await ask(path), 200, path)
  }
  api.region.setStatus({ leader: null, healthy: false })
  t.equal(await ask('/readyz'), 503)
  t.equal(await ask('/healthz'), 200)
  api.region.setStatus({ leader: 'region-1', healthy: true })
  t.equal(await ask('/readyz'), 200)
  const [member] = api.region.status().members
  for (const condition of ['verifying', 'reseeding', 'diverged'] as const) {
    api.region.setStatus({ members: [{ ...member!, condition }] })
    t.equal(await ask('/readyz'), 503, condition)
  }
  const others = { ...member!, id: 'region-2', condition: 'reseeding' as const }
  api.region.setStatus({ members: [{ ...member!, condition: 'ok' }, others] })
  t.equal(await ask('/readyz'), 200, 'another node’s trouble is not this one’s')
  t.equal(await ask('/status'), 200)
})
