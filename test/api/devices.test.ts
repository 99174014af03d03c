import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'

const MAC = 'aa:bb:cc:00:00:04'

t.test('a user adds, reads, changes and deletes a device', async (t) => {
  const api = await startTestApi(t)
  const ask = { key: PLAIN }
  const form = { hostname: 'printer.maas', mac_addresses: MAC, description: 'hall' }
  const made = await api.post('devices/', form, ask)
  t.equal(made.status, 200, made.text)
  t.strictSame(differences('device', made.json), [])
  t.match(made.json, { hostname: 'printer', owner: 'plain', node_type: 1, parent: null })
  const id = made.json.system_id
  const path = `devices/${id}/`
  t.equal((await api.get(`nodes/?op=is_registered&mac_address=${MAC}`, { key: null })).json, true)
  t.match((await api.get(`nodes/${id}/`, ask)).json, { node_type_name: 'Device' })
  t.equal((await api.get('devices/?hostname=printer', ask)).json.length, 1)
  t.equal((await api.get(`devices/?mac_address=${MAC}&zone=default`, ask)).json.length, 1)
  t.equal((await api.get('devices/?zone=other', ask)).json.length, 0)
  t.equal((await api.get('devices/?colour=red', ask)).status, 400)
  t.match((await api.put(path, { hostname: 'copier' }, ask)).json, { fqdn: 'copier.maas' })
  const data = await api.post(`${path}?op=set_owner_data`, { floor: '2', a: 'b' }, ask)
  t.strictSame(data.json.owner_data, { floor: '2', a: 'b' })
  const less = await api.post(`${path}?op=set_workload_annotations`, { a: '' }, ask)
  t.strictSame(less.json.workload_annotations, { floor: '2' })
  t.strictSame((await api.get(`${path}?op=power_parameters`)).json, {})
  for (const op of ['restore_default_configuration', 'restore_networking_configuration']) {
    t.equal((await api.post(`${path}?op=${op}`)).json.system_id, id)
    t.equal((await api.post(`${path}?op=${op}`, {}, ask)).status, 403)
  }
  t.equal((await api.delete(path, ask)).status, 204)
  t.equal((await api.get(path, ask)).text, 'No Device matches the given query.')
})

t.test('a device of somebody else is not there', async (t) => {
  const api = await startTestApi(t)
  const { system_id: id } = (await api.post('devices/', { mac_addresses: MAC })).json
  const ask = { key: PLAIN }
  t.strictSame((await api.get('devices/', ask)).json, [])
  t.equal((await api.get(`devices/${id}/`, ask)).status, 404)
  t.equal((await api.put(`devices/${id}/`, { hostname: 'x' }, ask)).status, 404)
  t.equal((await api.delete(`devices/${id}/`, ask)).status, 404)
  t.equal((await api.get(`nodes/${id}/`, ask)).status, 404)
})

t.test('what is wrong is named', async (t) => {
  const api = await startTestApi(t)
  const wrong = async (form: Record<string, string>) => (await api.post('devices/', form)).json
  t.strictSame(await wrong({}), { mac_addresses: ['This field is required.'] })
  t.match(await wrong({ mac_addresses: 'x' }), { mac_addresses: [/not a valid MAC/] })
  t.match(await wrong({ mac_addresses: MAC, parent: 'abcdef' }), { parent: [/no such machine/] })
  t.match(await wrong({ mac_addresses: MAC, domain: 'other' }), { domain: [/no domain other/] })
  await api.post('devices/', { mac_addresses: MAC })
  t.match(await wrong({ mac_addresses: MAC }), { mac_addresses: [/already in use/] })
  const machine = { architecture: 'amd64', mac_addresses: MAC }
  t.equal((await api.post('machines/', machine)).status, 400, 'one MAC is one node')
})

t.test('a device goes with the machine it is part of', async (t) => {
  const api = await startTestApi(t)
  const machine = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const parent = (await api.post('machines/', machine)).json.system_id
  const device = (await api.post('devices/', { mac_addresses: MAC, parent })).json
  t.equal(device.parent, parent)
  await api.delete(`machines/${parent}/`)
  t.equal((await api.get(`devices/${device.system_id}/`)).status, 404)
})
