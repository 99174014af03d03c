// Zones, pools and tags on nodes; nodes of any kind; the older names of networks; discovery.
import t from 'tap'
import { parseCidr } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import { PLAIN, startTestApi, SYSTEM } from './support/api.ts'
import { RACK_IDS, startSite } from './support/site.ts'

type Form = Record<string, string>

t.test('zones and pools: nodes are moved by name, machines show both', async (t) => {
  const api = await startTestApi(t)
  const machine = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const { system_id: id } = (await api.post('machines/', machine)).json
  await api.post('zones/', { name: 'north' })
  const pool = (await api.post('resourcepools/', { name: 'lab' })).json
  const moved = await api.put(`machines/${id}/`, { zone: 'north', pool: 'lab' })
  t.match(moved.json, { zone: { name: 'north' }, pool: { name: 'lab', id: pool.id } })
  t.equal((await api.get('machines/?zone=north&pool=lab')).json.length, 1)
  t.equal((await api.get('machines/?zone=default')).json.length, 0)
  t.equal((await api.put(`machines/${id}/`, { zone: 'nowhere', hostname: 'x' })).status, 400)
  t.not((await api.get(`machines/${id}/`)).json.hostname, 'x', 'nothing half done')
  const busy = await api.delete(`resourcepool/${pool.id}/`)
  t.equal(busy.status, 400)
  t.match(busy.text, /cannot be deleted: machine .* is in it/)
  t.equal((await api.post('machines/?op=set_zone', { zone: 'default', nodes: id })).status, 204)
  t.equal((await api.get(`machines/${id}/`)).json.zone.name, 'default')
  t.equal((await api.post('nodes/?op=set_zone', { zone: 'north', nodes: 'nobody' })).status, 400)
  t.equal(
    (await api.post('nodes/?op=set_zone', { nodes: id })).json.zone[0],
    'This field is required.',
  )
  t.equal((await api.delete('zones/default/')).status, 400)
  t.equal((await api.get(`resourcepools/${pool.id}/`)).json.name, 'lab', 'the plural path')
})

t.test('tags: nodes get them, lose them and are listed by them', async (t) => {
  const api = await startTestApi(t)
  const machine = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const { system_id: id } = (await api.post('machines/', machine)).json
  const device = (await api.post('devices/', { mac_addresses: 'aa:bb:cc:00:00:04' })).json.system_id
  // True of no machine: its members are named by hand until it is evaluated again.
  await api.post('tags/', { name: 'gpu', definition: '//none' })
  const update = (form: Form) => api.post('tags/gpu/?op=update_nodes', form)
  t.strictSame((await update({ add: `${id},${device},nobody` })).json, { added: 2, removed: 0 })
  t.equal((await api.get('tags/gpu/?op=nodes')).json.length, 2)
  t.match((await api.get('tags/gpu/?op=machines')).json, [{ system_id: id, tag_names: ['gpu'] }])
  t.match((await api.get('tags/gpu/?op=devices')).json, [{ system_id: device }])
  t.strictSame((await api.get('tags/gpu/?op=rack_controllers')).json, [])
  t.strictSame((await api.get('tags/gpu/?op=region_controllers')).json, [])
  t.equal((await api.get('machines/?tags=gpu')).json.length, 1)
  t.equal((await update({ remove: id, definition: '//other' })).status, 409)
  t.strictSame((await update({ remove: id, definition: '//none' })).json, { added: 0, removed: 1 })
  await api.put('tags/gpu/', { definition: '' })
  t.strictSame((await api.post('tags/gpu/?op=rebuild')).json, { rebuilding: 'gpu' })
  t.equal((await api.get('tags/none/?op=nodes')).status, 404)
  t.equal((await api.post('tags/gpu/op-update_nodes', { add: id })).json.added, 1, 'op as a suffix')
})

t.test('discovery: nobody was seen, and says so in MAAS’s shapes', async (t) => {
  const api = await startTestApi(t)
  for (const op of ['', '?op=by_unknown_mac', '?op=by_unknown_ip', '?op=by_unknown_ip_and_mac']) {
    t.strictSame((await api.get(`discovery/${op}`)).json, [])
  }
  t.equal((await api.get('discovery/abc/')).status, 404)
  t.equal((await api.post('discovery/?op=clear', { all: 'true' })).status, 204)
  t.equal((await api.post('discovery/?op=clear')).status, 400)
  t.equal((await api.post('discovery/?op=clear', { all: 'true' }, { key: PLAIN })).status, 403)
  const one = { ip: '192.0.2.1', mac: 'aa:bb:cc:00:00:02' }
  t.equal((await api.post('discovery/?op=clear_by_mac_and_ip', one)).status, 404)
})

t.test('discovery: a scan is asked of every connected rack', async (t) => {
  const api = await startSite(t)
  const all = await api.post('discovery/?op=scan')
  t.equal(all.status, 400)
  t.match(all.text, 'force=true')
  t.match((await api.post('discovery/?op=scan', { cidr: 'x' })).json, { cidr: [/not a network/] })
  const { lastBeatAt } = api.region.local().state.controllers.get(RACK_IDS[2] as SystemId)!
  const lost = { type: 'rack.lost', systemId: RACK_IDS[2] as SystemId, lastBeatAt } as const
  await api.region.propose(lost, { actor: SYSTEM })
  for (const form of [{ force: 'true' }, { cidr: '192.0.2.0/24' }]) {
    const { json } = await api.post('discovery/?op=scan', form, { key: PLAIN })
    t.match(json, {
      result: '2 racks scan.',
      ...{ scan_attempted_on: ['rack01', 'rack02'], failed_to_connect_to: ['rack03'] },
      ...{ scan_started_on: ['rack01', 'rack02'], scan_failed_on: [], failures: [] },
    })
    const { cidr } = form as { readonly cidr?: string }
    const wished = cidr === undefined ? [] : [parseCidr(cidr)]
    t.strictSame(api.region.local().state.scans.get('scan')?.cidrs, wished)
  }
})

t.test('fan networks: none, and none can be made', async (t) => {
  const api = await startTestApi(t)
  t.strictSame((await api.get('fannetworks/')).json, [])
  t.equal((await api.post('fannetworks/', { name: 'x' })).status, 410)
  t.equal((await api.get('fannetworks/1/')).status, 404)
  t.equal((await api.put('fannetworks/1/', { name: 'x' })).status, 404)
  t.equal((await api.delete('fannetworks/1/')).status, 404)
  t.equal((await api.delete('fannetworks/1/', { key: PLAIN })).status, 403)
})

t.test('nodes: PUT does what the node’s own resource does', async (t) => {
  const api = await startSite(t)
  const form = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const machine = (await api.post('machines/', form)).json.system_id
  const device = (await api.post('devices/', { mac_addresses: 'aa:bb:cc:00:00:04' })).json.system_id
  for (const [id, type] of [
    [machine, 'Machine'],
    [device, 'Device'],
    ['rack01', 'Rack controller'],
  ]) {
    const path = `nodes/${id}/`
    t.equal((await api.put(path, { description: 'x' }, { key: PLAIN })).status, 403)
    const changed = await api.put(path, { description: 'new' })
    t.match(changed.json, { description: 'new', node_type_name: type }, changed.text)
    t.match((await api.get(path)).json, { description: 'new' })
  }
  t.equal((await api.put('nodes/zzzzzz/', { description: 'x' })).status, 404)
})

t.test('networks: subnets by their older name, to be read only', async (t) => {
  const api = await startTestApi(t)
  const subnet = {
    cidr: '192.0.2.0/25',
    gateway_ip: '192.0.2.1',
    name: 'lab',
    dns_servers: '192.0.2.2',
  }
  await api.post('subnets/', subnet)
  const expected = {
    ...{ name: 'lab', ip: '192.0.2.0', netmask: '255.255.255.128', vlan_tag: null },
    ...{ description: '', default_gateway: '192.0.2.1', dns_servers: '192.0.2.2' },
    resource_uri: '/MAAS/api/2.0/networks/lab/',
  }
  t.strictSame((await api.get('networks/lab/')).json, expected)
  t.match((await api.get('networks/')).json, [expected])
  t.strictSame((await api.get('networks/?node=abcdef')).json, [])
  t.strictSame((await api.get('networks/lab/?op=list_connected_macs')).json, [])
  t.equal((await api.get('networks/none/')).status, 404)
  for (const answer of [
    await api.post('networks/', { name: 'x' }),
    await api.put('networks/lab/', { name: 'x' }),
    await api.delete('networks/lab/'),
    await api.post('networks/lab/?op=connect_macs'),
    await api.post('networks/lab/?op=disconnect_macs'),
  ]) {
    t.equal(answer.status, 410)
  }
})

t.test('nodes: of any kind, deleted by an administrator', async (t) => {
  const api = await startTestApi(t)
  const machine = {
    architecture: 'amd64',
    mac_addresses: 'aa:bb:cc:00:00:02',
    power_parameters_a: 'b',
  }
  const ids = [
    (await api.post('machines/', machine)).json.system_id,
    (await api.post('devices/', { mac_addresses: 'aa:bb:cc:00:00:04' })).json.system_id,
  ]
  t.strictSame((await api.get(`nodes/${ids[0]}/?op=power_parameters`)).json, { a: 'b' })
  t.strictSame((await api.get(`nodes/${ids[1]}/?op=power_parameters`)).json, {})
  for (const id of ids) {
    t.equal((await api.delete(`nodes/${id}/`, { key: PLAIN })).status, 403)
    t.equal((await api.delete(`nodes/${id}/`)).status, 204)
    t.equal((await api.delete(`nodes/${id}/`)).status, 404)
  }
})
