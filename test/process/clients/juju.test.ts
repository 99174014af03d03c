// Juju's MAAS provider, by the requests that gomaasapi makes for it: a cloud is added, a machine with disks and networks
// is acquired, started, tagged, given addresses for its containers, and stopped.
import t from 'tap'
import { GoClient } from './support/go-client.ts'
import { JUJU } from './support/juju-shapes.ts'
import { Reader } from './support/reader.ts'
import { Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

const MODEL = '0d8a1f0e-5a0e-4c1c-8a53-6f0a4d1c6b7e'
const GIB = 1024 ** 3

/** What an administrator had to do before: a space with a subnet, and two machines, one of them with disks. */
async function furnish(go: GoClient, site: Site) {
  const space = (await go.post('spaces/', '', { name: 'db' })).json
  const fabric = (await go.post('fabrics/', '', { name: 'lab' })).json
  const vlan = fabric.vlans[0]
  await go.put(`vlans/${vlan.id}/`, { space: space.id })
  const subnet = (await go.post('subnets/', '', { cidr: '10.5.0.0/24', vlan: vlan.id })).json
  await go.put(`subnets/${subnet.id}/`, { gateway_ip: '10.5.0.1', dns_servers: '10.5.0.2' })
  await go.post('tags/', '', { name: 'ssd' })
  await go.post('tags/', '', { name: 'gpu' })
  const machines: string[] = []
  for (const n of [1, 2]) {
    const mac = `52:54:00:aa:00:0${n}`
    const form = { architecture: 'amd64/generic', mac_addresses: mac, power_type: 'manual' }
    const { json } = await go.post('machines/', '', { ...form, memory: 8192, cpu_count: 4 })
    await site.commissioned(json.system_id)
    machines.push(json.system_id)
  }
  const [systemId = ''] = machines
  const nic = (await go.get(`nodes/${systemId}/interfaces/`)).json[0]
  await go.put(nic.resource_uri, { vlan: vlan.id })
  await go.post(nic.resource_uri, 'link_subnet', { mode: 'AUTO', subnet: subnet.id })
  for (const name of ['sda', 'sdb']) {
    const form = { name, size: 100 * GIB, block_size: 512, id_path: `/dev/disk/by-id/wwn-${name}` }
    const { json } = await go.post(`nodes/${systemId}/blockdevices/`, '', form)
    if (name === 'sdb') await go.post(json.resource_uri, 'add_tag', { tag: 'ssd' })
  }
  await go.post('tags/gpu/', 'update_nodes', { add: systemId })
  return { systemId, other: machines[1] ?? '', space, subnet, vlan }
}

t.test('Juju: from add-cloud to a machine that is stopped', async (t) => {
  const site = await Site.start(t)
  const root = `${site.url}/api/2.0/`
  const anonymous = new GoClient(root, null)
  const go = new GoClient(root, site.apiKey)
  const reader = new Reader(JUJU)

  await t.test('the cloud is looked at, then signed into', async (t) => {
    const { capabilities } = await reader.read('version', 'ping', anonymous.get('version/'))
    t.ok(capabilities.includes('network-deployment-ubuntu'))
    t.equal((await go.get('users/', 'whoami')).status, 200)
    const stranger = new GoClient(root, 'a:b:c')
    t.equal((await stranger.get('version/')).status, 200, 'the version is shown to any key')
    t.equal((await stranger.get('users/', 'whoami')).status, 401, 'PermissionError')
    const old = new GoClient(`${site.url}/api/1.0/`, site.apiKey)
    t.match((await old.get('version/')).status, 410, 'UnsupportedVersionError')
  })

  const { systemId, other, space, subnet, vlan } = await furnish(go, site)

  await t.test('what there is', async (t) => {
    await site.enlisted()
    const lists = {
      zones: 'place',
      spaces: 'space',
      fabrics: 'fabric',
      domains: 'domain',
      tags: 'tag',
      'boot-resources': 'resource',
      machines: 'machine',
      devices: 'device',
      files: 'file',
    }
    for (const [path, kind] of Object.entries(lists)) {
      await reader.read(`[<${kind}>]`, path, go.get(`${path}/`))
    }
    const shown = await reader.read('[<resource>]', 'boot-resources', go.get('boot-resources/'))
    t.ok(
      shown.some((each: { architecture: string }) => each.architecture.split('/')[0] === 'amd64'),
    )
    const to = (await go.post('subnets/', '', { cidr: '10.9.0.0/24' })).json
    const route = { source: subnet.id, destination: to.id, gateway_ip: '10.5.0.1', metric: 3 }
    await go.post('static-routes/', '', route)
    await reader.read('[<route>]', 'static-routes', go.get('static-routes/'))
  })

  await t.test('a machine is acquired by constraints, and what matched is told', async (t) => {
    const wanted = {
      agent_name: MODEL,
      arch: 'amd64',
      cpu_count: 2,
      mem: 4096,
      tags: ['gpu'],
      zone: 'default',
      interfaces: `${space.id}:space=${space.id}`,
      storage: 'root:10,1:5(ssd)',
    }
    const none = await go.post('machines/', 'allocate', { ...wanted, cpu_count: 64 })
    t.equal(none.status, 409, 'NoMatchError')
    t.match(none.text, /No available machine matches constraints/)
    t.notOk(none.headers.has('retry-after'), 'gomaasapi would sleep and ask again')
    const negative = { agent_name: MODEL, tags: ['gpu'], not_subnets: [`space:${space.id}`] }
    t.equal((await go.post('machines/', 'allocate', negative)).status, 409)
    const asked = go.post('machines/', 'allocate', wanted)
    const machine = await reader.read('machine', 'allocate', asked)
    await reader.read('allocation', 'allocate', asked)
    t.equal(machine.system_id, systemId)
    const { interfaces, storage } = machine.constraints_by_type
    const ids = (list: readonly { readonly id: number }[]) => list.map(({ id }) => id)
    t.strictSame(interfaces, { [space.id]: ids(machine.interface_set) })
    const [sda, sdb] = ids(machine.blockdevice_set)
    t.strictSame(storage, { root: [sda], 1: [sdb] })
  })

  await t.test('it is started, found by its model, tagged, and becomes Deployed', async (t) => {
    const userData = Buffer.from('#cloud-config\npackages: [jujud]\n').toString('base64')
    const uri = `/MAAS/api/2.0/machines/${systemId}/`
    const wrong = await go.post(uri, 'deploy', { distro_series: 'nonesuch' })
    t.equal(wrong.status, 400, 'neither BadRequestError nor a machine: an unexpected error')
    const started = go.post(uri, 'deploy', { user_data: userData, distro_series: 'bookworm' })
    t.equal((await reader.read('machine', 'deploy', started)).status_name, 'Deploying')
    const mine = { agent_name: MODEL, id: [systemId] }
    const listed = async () => reader.read('[<machine>]', 'machines', go.get('machines/', '', mine))
    t.equal((await listed())[0].status_name, 'Deploying')
    const tags = { 'juju-is-controller': 'true', 'juju-controller-uuid': MODEL }
    const tagged = reader.read('machine', 'owner data', go.post(uri, 'set_owner_data', tags))
    t.match((await tagged).owner_data, tags)
    t.equal(await site.deployed(systemId), '#cloud-config\npackages: [jujud]\n')
    const [machine] = await listed()
    t.equal(machine.status_name, 'Deployed')
    const [link] = machine.interface_set[0].links
    t.match(machine.ip_addresses, [link.ip_address])
    t.match(link.subnet, { space: 'db', cidr: '10.5.0.0/24', gateway_ip: '10.5.0.1' })
    t.strictSame((await go.get('machines/', '', { ...mine, id: [other] })).json, [])
    const absent = await go.get('machines/', '', { agent_name: MODEL, id: ['zzzzzz'] })
    t.strictSame([absent.status, absent.json], [200, []], 'no error: an instance that is gone')
  })

  await t.test('with the key of a plain user', async (t) => {
    const user = { username: 'bob', password: 'pass-Word-1', email: 'bob@example.org' }
    await go.post('users/', '', { ...user, is_superuser: false })
    const bob = new GoClient(root, await site.keyOf(user.username, user.password))
    const foreign = { machines: [systemId], comment: 'not his' }
    t.match(
      (await bob.post('machines/', 'release', foreign)).status,
      /^40[03]$/,
      'no 409: not done',
    )
    const deploy = await bob.post(`machines/${systemId}/`, 'deploy', {})
    t.match(deploy.status, /^40[34]$/, 'BadRequestError or PermissionError')
    const commission = await bob.post(`machines/${other}/`, 'commission')
    t.equal(commission.status, 403, 'PermissionError')
    const mine = await reader.read('machine', 'allocate', bob.post('machines/', 'allocate', {}))
    t.match(mine, { system_id: other, constraints_by_type: {} })
    t.equal((await bob.post('machines/', 'release', { machines: [other] })).status, 200)
  })

  await t.test('a container is given addresses, and gives them back', async (t) => {
    const mac = '00:16:3e:00:00:01'
    const made = { hostname: 'juju-0d8a1f-0-lxd-0', mac_addresses: [mac], parent: systemId }
    const device = await reader.read('device', 'device', go.post('devices/', '', made))
    t.equal(device.parent, systemId)
    t.equal(device.interface_set.length, 1)
    const { resource_uri: uri } = device.interface_set[0]
    const named = go.put(uri, { name: 'eth0', vlan: vlan.id })
    t.equal((await reader.read('interface', 'eth0', named)).name, 'eth0')
    const link = { mode: 'STATIC', subnet: subnet.id }
    const linked = await reader.read('interface', 'link', go.post(uri, 'link_subnet', link))
    t.match(linked.links, [
      { mode: 'static', ip_address: /^10\.5\.0\./, subnet: { id: subnet.id } },
    ])
    const nodes = device.resource_uri.replace('devices', 'nodes')
    const second = { name: 'eth1', mac_address: '00:16:3e:00:00:02', vlan: vlan.id, mtu: 1500 }
    const eth1 = go.post(`${nodes}interfaces/`, 'create_physical', second)
    const { resource_uri: uri1 } = await reader.read('interface', 'eth1', eth1)
    await reader.read('interface', 'second link', go.post(uri1, 'link_subnet', link))
    const found = async (filter: Record<string, readonly string[]>) =>
      reader.read('[<device>]', 'devices', go.get('devices/', '', filter))
    for (const filter of [{ id: [device.system_id] }, { hostname: [made.hostname] }]) {
      const [only] = await found(filter)
      t.equal(only.interface_set.length, 2)
      t.equal(only.ip_addresses.length, 2)
    }
    const macs = { mac_address: [mac, second.mac_address] }
    t.equal((await found(macs)).length, 1, 'once, whichever of its addresses is asked for')
    t.equal((await go.delete(device.resource_uri)).status, 204)
    t.equal((await go.delete(device.resource_uri)).status, 404, 'NoMatchError')
  })

  await t.test('the state of a controller is kept in files', async (t) => {
    const name = `${MODEL}-provider-state`
    t.equal((await go.get(`files/${name}/`)).status, 404, 'NoMatchError')
    const content = 'state-instances:\n- abc\n'
    t.match(
      (await go.postFile('files/', { name: 'file', content }, { filename: name })).status,
      /^20/,
    )
    const file = await reader.read('file', 'file', go.get(`files/${name}/`))
    t.equal(Buffer.from(file.content, 'base64').toString(), content)
    const [listed] = await reader.read('[<file>]', 'files', go.get('files/', '', { prefix: MODEL }))
    t.equal(listed.filename, name)
    t.equal((await go.get('files/', 'get', { filename: name })).text, content)
    t.equal((await anonymous.get(file.anon_resource_uri)).text, content)
    t.equal((await go.delete(file.resource_uri)).status, 204)
  })

  await t.test('machines are released, all or none, and by whatever state', async (t) => {
    const comment = 'Released by Juju MAAS provider'
    const release = (...machines: string[]) =>
      go.post('machines/', 'release', { machines, comment })
    const unknown = await release(systemId, 'zzzzzz')
    t.equal(unknown.status, 400, 'BadRequestError: each is released alone then')
    t.equal((await go.get(`machines/${systemId}/`)).json.status_name, 'Deployed')
    t.equal((await release(systemId)).status, 200)
    t.equal((await release(systemId)).status, 200, 'one that is released already')
    const [machine] = (await go.get('machines/', '', { id: [systemId] })).json
    t.match(machine, { owner: null, owner_data: {}, status_name: 'Ready' })
  })
})
