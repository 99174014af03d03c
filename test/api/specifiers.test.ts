// Objects named by something else than their id (maas-api §8.2).
import t from 'tap'
import { findFabric, findSpace, findSubnet, findVlan, parseId } from '#api/specifiers.ts'
import { startTestApi } from './support/api.ts'

t.test('subnets, VLANs, fabrics and spaces are found by their specifiers', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'lab', class_type: 'fast' })
  await api.post('spaces/', { name: 'db' })
  const vlan = (await api.post('fabrics/lab/vlans/', { vid: '7', name: 'seven', space: 'db' })).json
  const subnet = { cidr: '192.0.2.0/24', name: 'office', vlan: String(vlan.id) }
  const { id } = (await api.post('subnets/', subnet)).json
  const { state } = api.region.local()
  for (const text of [
    `${id}`,
    `id:${id}`,
    '192.0.2.0/24',
    'cidr:192.0.2.0/24',
    'office',
    'name:office',
    'vid:7',
    `vlan:${vlan.id}`,
    'vlan:vid:7',
    'space:db',
    'ip:192.0.2.77',
    'fabric:lab,vid:7',
    'space:db,name:office',
  ]) {
    t.equal(findSubnet(state, text)?.id, id, text)
  }
  for (const text of [
    `${vlan.id}`,
    `id:${vlan.id}`,
    'vid:7',
    'name:seven',
    'subnet:office',
    'space:db',
  ]) {
    t.equal(findVlan(state, text)?.id, vlan.id, text)
  }
  for (const text of ['1', 'lab', 'name:lab', 'id:1', 'class:fast']) {
    t.equal(findFabric(state, text)?.name, 'lab', text)
  }
  t.equal(findSpace(state, 'db')?.name, 'db')
  t.equal(findSpace(state, 'subnet:office')?.name, 'db')
  for (const text of ['fabric:0,vid:7', 'name:office,space:none', 'ip:10.0.0.1', 'fabric:lab,']) {
    t.equal(findSubnet(state, text), null, text)
  }
  for (const text of ['', 'x', ':', 'vid:', 'odd:1', 'id:x', '99', 'space:none']) {
    t.equal(findSubnet(state, text), null, text)
    t.equal(findVlan(state, text), null, text)
  }
})

t.test('ids are small whole numbers', async (t) => {
  t.equal(parseId('5001'), 5001)
  for (const text of ['', '-1', '1.0', '2147483648', '1e3', ' 1'])
    t.equal(parseId(text), null, text)
})
