// The network configuration of machines through the API, as MAAS's clients drive it (maas-api §9, §10.3).
import t from 'tap'
import type { Command } from '#state/command.ts'
import { differences } from '#tools/walk/key-check.ts'
import { PLAIN, SYSTEM, type TestApi } from '#test/api/support/api.ts'
import { startSite } from '#test/api/support/site.ts'

const ask = { key: PLAIN }

async function say(api: TestApi, command: Command): Promise<void> {
  const { outcome } = await api.region.propose(command, { actor: SYSTEM })
  if (!outcome.ok) throw new Error(outcome.message)
}

/** Two cards, Ready. */
async function addMachine(api: TestApi, n: number): Promise<string> {
  const macs = `52:54:00:00:0${n}:01,52:54:00:00:0${n}:02`
  const made = await api.post('machines/', {
    ...{ architecture: 'amd64/generic', mac_addresses: macs, power_type: 'manual' },
  })
  const id: string = made.json.system_id
  await say(api, { type: 'machine.signal', systemId: id as never, status: 'OK', error: '' })
  return id
}

t.test('from bond to address to gateway, as shown by interface and machine', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  const path = `nodes/${id}/interfaces/`
  const [first, second] = (await api.get(path)).json
  t.match(first, { name: 'eth0', links: [{ mode: 'auto', subnet: { cidr: '192.0.2.0/24' } }] })
  t.notOk(Object.hasOwn(first.links[0], 'ip_address'))
  const form = { name: 'bond0', bond_mode: '802.3ad', tags: 'fast,wide' }
  const parents = [
    ['parents', `${first.id}`],
    ['parents', 'eth1'],
  ] as const
  const bond = await api.post(
    `${path}?op=create_bond`,
    {},
    { form: [...Object.entries(form), ...parents] },
  )
  t.match(bond.json, {
    ...{ name: 'bond0', type: 'bond', parents: ['eth0', 'eth1'], children: [] },
    ...{ mac_address: first.mac_address, tags: ['fast', 'wide'], links: [{ mode: 'link_up' }] },
    params: { bond_mode: '802.3ad', bond_miimon: 100, bond_lacp_rate: 'slow' },
  })
  t.same(differences('interface', bond.json), [])
  t.match((await api.get(`${path}${second.id}/`)).json, { children: ['bond0'], params: {} })
  const link = { mode: 'STATIC', subnet: '192.0.2.0/24', ip_address: '192.0.2.50' }
  const linked = await api.post(`${path}bond0/?op=link_subnet`, {
    ...link,
    default_gateway: 'true',
  })
  t.match(linked.json.links, [{ mode: 'static', ip_address: '192.0.2.50', subnet: { id: 1 } }])
  const machine = await api.get(`machines/${id}/`)
  t.match(machine.json, {
    ip_addresses: ['192.0.2.50'],
    default_gateways: { ipv4: { gateway_ip: '192.0.2.1', link_id: linked.json.links[0].id } },
  })
  const [address] = (await api.get('ipaddresses/?all=true&ip=192.0.2.50')).json
  t.match(address, { alloc_type_name: 'Sticky', interface_set: [{ name: 'bond0' }] })
  const used = (await api.get('subnets/1/?op=ip_addresses')).json
  t.match(
    used.find(({ ip }: { ip: string }) => ip === '192.0.2.50'),
    { node_summary: { system_id: id, via: 'bond0' } },
  )
  const names = (await api.get('dnsresources/?all=true')).json
  t.match(names.find(({ fqdn }: { fqdn: string }) => fqdn === machine.json.fqdn)?.ip_addresses, [
    { ip: '192.0.2.50' },
  ])
  await api.post(`machines/${id}/?op=clear_default_gateways`)
  t.match((await api.get(`machines/${id}/`)).json.default_gateways.ipv4, {
    ...{ gateway_ip: '192.0.2.1', link_id: null },
  })
})

t.test(
  'an automatic link is answered with its address while the machine is deployed',
  async (t) => {
    const api = await startSite(t)
    const id = await addMachine(api, 1)
    t.equal((await api.post('machines/?op=allocate', {}, ask)).json.system_id, id)
    const deploying = await api.post(`machines/${id}/?op=deploy`, {}, ask)
    const [nic] = deploying.json.interface_set
    t.match(nic.links, [{ mode: 'auto', ip_address: '192.0.2.5' }])
    t.same(deploying.json.ip_addresses, ['192.0.2.5'])
    const released = await api.post(`machines/${id}/?op=release`, {}, ask)
    t.match(released.json, { status_name: 'Ready', ip_addresses: [] })
  },
)

t.test('a subnet that is full: 503 with figures, and the machine stays Allocated', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  await api.post('subnets/', { cidr: '203.0.113.0/30', vlan: '5001' })
  const nic = `nodes/${id}/interfaces/eth1/`
  const link = { mode: 'AUTO', subnet: '203.0.113.0/30' }
  await api.put(nic, { vlan: '5001' })
  t.equal((await api.post(`${nic}?op=link_subnet`, link)).status, 200)
  for (let n = 0; n < 2; n++) {
    t.equal((await api.post('ipaddresses/?op=reserve', { subnet: '203.0.113.0/30' })).status, 200)
  }
  await api.post('machines/?op=allocate', {}, ask)
  const refused = await api.post(`machines/${id}/?op=deploy`, {}, ask)
  t.equal(refused.status, 503)
  t.match(refused.text, /203\.0\.113\.0\/30: 2 in all, 0 in ranges, 2 given out/)
  t.match((await api.get(`machines/${id}/`)).json, { status_name: 'Allocated', ip_addresses: [] })
})

t.test('statuses and texts', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  const nic = `nodes/${id}/interfaces/eth0/`
  const statusOf = async (path: string, form = {}, how = {}) =>
    (await api.post(path, form, how)).status
  const link = { mode: 'static', subnet: '1' }
  t.equal(await statusOf(`${nic}?op=link_subnet`, link, ask), 403)
  t.equal(await statusOf(`${nic}?op=link_subnet`, { subnet: '1' }), 400, 'no mode')
  t.equal(await statusOf(`${nic}?op=link_subnet`, { ...link, subnet: '99' }), 400)
  t.equal(await statusOf(`${nic}?op=link_subnet`, { ...link, subnet: 'cidr:198.51.100.0/24' }), 200)
  t.equal(await statusOf(`nodes/${id}/interfaces/eth7/?op=disconnect`), 404)
  t.equal(await statusOf('nodes/zzzzzz/interfaces/?op=create_physical', {}), 400)
  const taken = await api.post(`${nic}?op=link_subnet`, { ...link, ip_address: '192.0.2.2' })
  t.equal(taken.status, 409)
  t.match(taken.text, /192\.0\.2\.2 belongs to rack controller/)
  const twin = { mac_address: '52:54:00:00:01:02' }
  const refused = await api.post(`nodes/${id}/interfaces/?op=create_physical`, twin)
  t.equal(refused.status, 400)
  t.match(refused.json, { mac_address: [/already in use on/] })
  t.equal((await api.delete(`nodes/${id}/interfaces/eth1/`)).status, 204)
  t.equal((await api.get(`nodes/${id}/interfaces/eth1/`)).status, 404)
  await api.post('machines/?op=allocate', {}, ask)
  await api.post(`machines/${id}/?op=deploy`, {}, ask)
  const late = await api.put(nic, { mtu: '9000' })
  t.equal(late.status, 409)
  t.equal(
    late.text,
    'Cannot update interface because the machine is not New, Ready, Allocated, or Broken.',
  )
})

t.test('an interface is changed by what is named and keeps the rest', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  const nic = `nodes/${id}/interfaces/eth1/`
  const changed = await api.put(nic, { name: 'lan', mtu: '9000', link_speed: '10000', tags: 'a' })
  t.match(changed.json, {
    ...{ name: 'lan', effective_mtu: 9000, params: { mtu: 9000 }, link_speed: 10_000 },
    ...{ tags: ['a'], mac_address: '52:54:00:00:01:02', vlan: { id: 5001 } },
  })
  const lan = `nodes/${id}/interfaces/lan/`
  t.match((await api.put(lan, { vlan: '' })).json, { vlan: null, params: { mtu: 9000 } })
  t.match((await api.post(`${lan}?op=add_tag`, { tag: 'b' })).json.tags, ['a', 'b'])
  t.match((await api.post(`${lan}?op=remove_tag`, { tag: 'a' })).json.tags, ['b'])
})

t.test('allocation finds what was configured', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  const allocate = (interfaces: string) =>
    api.post('machines/?op=allocate', { interfaces, dry_run: 'true' })
  const parents = 'eth0'
  await api.post(`nodes/${id}/interfaces/?op=create_bridge`, { name: 'br0', parent: parents })
  await api.post(`nodes/${id}/interfaces/br0/?op=link_subnet`, { mode: 'dhcp', subnet: '1' })
  await api.post(`nodes/${id}/interfaces/br0/?op=add_tag`, { tag: 'wide' })
  const nic = (await api.get(`nodes/${id}/interfaces/br0/`)).json.id
  const found = await allocate('lan:type=bridge,mode=dhcp,tag=wide,subnet_cidr=192.0.2.0/24')
  t.same(found.json.constraints_by_type?.interfaces, { lan: [nic] })
  t.equal((await allocate('lan:mode=static')).status, 409)
})

t.test('controllers and devices', async (t) => {
  const api = await startSite(t)
  t.match((await api.get('nodes/rack01/interfaces/')).json, [{ id: 1, name: 'eth0' }])
  t.match((await api.get('nodes/rack01/interfaces/eth0/')).json, { system_id: 'rack01' })
  t.equal((await api.get('nodes/rack01/interfaces/2/')).status, 404)
  t.equal((await api.put('nodes/rack01/interfaces/1/', { name: 'x' })).status, 409)
  const device = await api.post('devices/', { mac_addresses: '52:54:00:00:09:01' }, ask)
  const path = `nodes/${device.json.system_id}/interfaces/`
  const link = { mode: 'static', subnet: '1', ip_address: '192.0.2.60' }
  t.equal((await api.post(`${path}eth0/?op=link_subnet`, link, ask)).status, 200)
  const shown = await api.get(`devices/${device.json.system_id}/`, ask)
  t.same(shown.json.ip_addresses, ['192.0.2.60'])
  t.equal((await api.get(path, { key: { ...PLAIN } })).status, 200)
  const restore = `devices/${device.json.system_id}/?op=restore_networking_configuration`
  t.same((await api.post(restore)).json.ip_addresses, [])
})

t.test('the default configuration is restored', async (t) => {
  const api = await startSite(t)
  const id = await addMachine(api, 1)
  await api.post(`nodes/${id}/interfaces/?op=create_bridge`, { name: 'br0', parent: 'eth0' })
  const restored = await api.post(`machines/${id}/?op=restore_default_configuration`)
  t.match(restored.json.interface_set, [{ name: 'eth0', links: [{ mode: 'auto' }] }, {}])
  t.equal(restored.json.interface_set.length, 2)
  const disk = { name: 'sda', model: 'm', serial: 's', block_size: '512', size: '8G' }
  t.equal((await api.post(`nodes/${id}/blockdevices/`, disk)).status, 200)
  const whole = await api.post(`machines/${id}/?op=restore_default_configuration`)
  t.equal(whole.json.boot_disk.partitions.length, 1, 'its storage, too')
  await api.post(`nodes/${id}/interfaces/?op=create_bridge`, { name: 'br0', parent: 'eth0' })
  await api.post('maas/?op=set_config', { name: 'default_storage_layout', value: 'bcache' })
  const half = await api.post(`machines/${id}/?op=restore_default_configuration`)
  t.equal(half.status, 400, 'one disk is no bcache')
  const names = (await api.get(`machines/${id}/`)).json.interface_set
  t.equal(names.length, 3, 'and the bridge is still there')
  await api.post('machines/?op=allocate', {}, ask)
  const refused = await api.post(`machines/${id}/?op=restore_networking_configuration`)
  t.equal(refused.status, 409)
  t.equal(
    refused.text,
    'Machine must be in a ready or failed testing state to restore networking configuration',
  )
})
