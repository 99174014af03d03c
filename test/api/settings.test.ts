// Settings as MAAS names and checks them; controllers as an operator changes them.
import t from 'tap'
import { PLAIN, startTestApi, SYSTEM } from './support/api.ts'

t.test('settings: renamed ones, cleared ones, secrets', async (t) => {
  const api = await startTestApi(t)
  const set = (name: string, value: string) => api.post('maas/?op=set_config', { name, value })
  const get = (name: string, ask = {}) => api.get(`maas/?op=get_config&name=${name}`, ask)
  t.equal((await set('ntp_server', 'ntp.example.org')).text, 'OK')
  t.equal((await get('ntp_servers')).json, 'ntp.example.org')
  await set('node_timeout', '45')
  await set('node_timeout', '')
  t.equal((await get('node_timeout')).json, 30, 'the default again')
  const bad = await set('dnssec_validation', 'maybe')
  t.equal(bad.status, 400)
  t.ok(bad.json.dnssec_validation[0])
  await set('vcenter_password', 'secret')
  t.equal((await get('vcenter_password')).json, 'secret')
  t.equal((await get('vcenter_password', { key: PLAIN })).status, 403)
  t.equal((await get('maas_name', { key: PLAIN })).status, 200)
  t.equal((await get('rpc_shared_secret')).status, 400, 'what is internal has no name here')
})

t.test('controllers: described, placed in a zone, and their images listed', async (t) => {
  const api = await startTestApi(t)
  const rack = {
    ...{ systemId: 'rack01' as never, hostname: 'rack', version: '1', architecture: 'amd64' },
    ...{ cpuCount: 1, memoryMib: 1, incarnation: 1, interfaces: [] },
  }
  await api.region.propose({ type: 'rack.register', ...rack }, { actor: SYSTEM })
  await api.post('zones/', { name: 'north' })
  const path = 'rackcontrollers/rack01/'
  const form = { description: 'hall', zone: 'north' }
  t.match((await api.put(path, form)).json, { description: 'hall', zone: { name: 'north' } })
  await api.post('tags/', { name: 'r' })
  await api.post('tags/r/?op=update_nodes', { add: 'rack01' })
  await api.region.propose({ type: 'rack.register', ...rack, incarnation: 2 }, { actor: SYSTEM })
  const again = (await api.get(path)).json
  t.match(again, { zone: { name: 'north' }, tag_names: ['r'] }, 'a new start keeps them')
  t.equal((await api.get('rackcontrollers/?zone=north')).json.length, 1)
  t.equal((await api.get('rackcontrollers/?zone=default')).json.length, 0)
  t.equal((await api.put(path, form, { key: PLAIN })).status, 403)
  t.equal((await api.put(path, { zone: 'x' })).status, 400)
  const listed = () => api.get(`${path}?op=list_boot_images`)
  const image = { name: 'ubuntu/jammy', architecture: 'amd64', subarches: ['generic'] }
  t.strictSame((await listed()).json, {
    images: [image, { ...image, name: 'debian/bookworm' }],
    ...{ connected: true, status: 'out-of-sync' },
  })
  const rows = [...api.region.local().state.bootResources.values()]
  const sha256s = rows.flatMap(({ files }) => files.map(({ sha256 }) => sha256))
  const nodeId = 'region-1' as never
  await api.region.propose({ type: 'bootFiles.report', nodeId, sha256s }, { actor: SYSTEM })
  t.equal((await listed()).json.status, 'synced', 'a region has every file')
  t.strictSame((await api.get(`${path}?op=power_parameters`)).json, {})
  const all = 'rackcontrollers/?op=power_parameters'
  t.strictSame((await api.get(`${all}&id=rack01`)).json, { rack01: {} })
  t.equal((await api.get(all, { key: PLAIN })).status, 403)
  t.equal((await api.post(`${path}?op=power_on`)).status, 409)
})
