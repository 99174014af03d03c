// Ansible's collection for MAAS, by the requests of its modules: a playbook describes networks, names and users, adds a
// machine, configures it, deploys it, and takes everything away. Every path that it makes with two slashes is one here.
import t from 'tap'
import type { Answer } from './support/answer.ts'
import { ANSIBLE } from './support/ansible-shapes.ts'
import { AnsibleClient, type Data } from './support/python-client.ts'
import { Reader } from './support/reader.ts'
import { Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

const GIB = 1024 ** 3

t.test('Ansible: a playbook and its undoing', async (t) => {
  const site = await Site.start(t)
  const client = new AnsibleClient(site.url, site.apiKey)
  const reader = new Reader(ANSIBLE)
  /** The modules take these statuses as done; what is 404 to a GET they call absent. */
  const done = async (asked: Promise<Answer>, statuses: readonly number[], what: string) => {
    const answer = await asked
    if (!statuses.includes(answer.status))
      throw new Error(`${what}: ${answer.status} ${answer.text}`)
    return answer
  }
  const get = (type: string, path: string) =>
    reader.read(type, `GET ${path}`, done(client.get(path), [200], path))
  const post = (type: string, path: string, data: Data = {}, op?: string) =>
    reader.read(type, `POST ${path}`, done(client.post(path, data, op), [200, 201], path))
  const put = (type: string, path: string, data: Data) =>
    reader.read(type, `PUT ${path}`, done(client.put(path, data), [200], path))
  const remove = (path: string) => done(client.delete(path), [200, 204], `DELETE ${path}`)
  const site1 = { fabric: 0, vlan: 0, subnet: 0 }

  await t.test('fabric, vlan, space, subnet, subnet_ip_range', async (t) => {
    const fabric = await post('fabric', 'fabrics/', { name: 'ans', class_type: '10g' })
    const space = await post('space', 'spaces/', { name: 'ans-space' })
    await put('space', `spaces/${space.id}/`, { name: 'ans-space' })
    const vlans = `fabrics/${fabric.id}/vlans/`
    t.equal((await client.get(`${vlans}5/`)).status, 404, 'not there: it is made')
    const vlan = await post('vlan', vlans, {
      vid: 5,
      name: 'ans-vlan',
      mtu: 1500,
      space: 'ans-space',
    })
    t.equal(vlan.space, 'ans-space')
    t.match(await put('vlan', `${vlans}5/`, { mtu: 9000, space: '' }), {
      mtu: 9000,
      space: 'undefined',
    })
    const relay = await put('vlan', `${vlans}5/`, { relay_vlan: fabric.vlans[0].id })
    t.match(relay.relay_vlan, { id: fabric.vlans[0].id })
    t.equal((await put('vlan', `${vlans}5/`, { relay_vlan: '' })).relay_vlan, null)
    const fields = {
      ...{ name: '10.10.10.0/24', cidr: '10.10.10.0/24', fabric: fabric.id, vlan: vlan.id },
      ...{ rdns_mode: 2, allow_dns: true, allow_proxy: false, gateway_ip: '10.10.10.1' },
      dns_servers: '1.1.1.1,8.8.8.8',
    }
    const subnet = await post('subnet', 'subnets/', fields)
    t.match(subnet, { dns_servers: ['1.1.1.1', '8.8.8.8'], allow_proxy: false, rdns_mode: 2 })
    await put('subnet', `subnets//${subnet.id}/`, { ...fields, allow_dns: false })
    t.match(await get('subnet', `subnets//${subnet.id}/`), { allow_dns: false })
    t.equal(
      (await put('subnet', `subnets//${subnet.id}/`, { dns_servers: '' })).dns_servers.length,
      0,
    )
    const range = { type: 'reserved', start_ip: '10.10.10.200', end_ip: '10.10.10.254' }
    const made = await post('range', 'ipranges/', { ...range, subnet: subnet.id })
    const commented = { ...range, subnet: subnet.id, comment: 'by ansible' }
    t.match(await put('range', `ipranges//${made.id}/`, commented), { comment: 'by ansible' })
    t.match(await get('[<range>]', 'ipranges/'), [{ subnet: { name: '10.10.10.0/24' } }])
    await remove(`ipranges//${made.id}/`)
    Object.assign(site1, { fabric: fabric.id, vlan: vlan.id, subnet: subnet.id })
  })

  await t.test('dns_domain, dns_record, user', async (t) => {
    const fields = { name: 'ansible', ttl: 50, authoritative: true }
    const domain = await post('domain', 'domains/', fields)
    await put('domain', `domains//${domain.id}/`, { ...fields, authoritative: false })
    t.equal((await post('domain', `domains//${domain.id}/`, {}, 'set_default')).is_default, true)
    const a = { name: 'srv', domain: 'ansible', address_ttl: 15, ip_addresses: '10.10.10.20' }
    const made = await post('address', 'dnsresources/', a)
    t.match(made, { fqdn: 'srv.ansible', ip_addresses: [{ ip: '10.10.10.20' }] })
    const moved = { address_ttl: 15, ip_addresses: '10.10.10.20 10.10.10.21' }
    t.equal((await put('address', `dnsresources//${made.id}/`, moved)).ip_addresses.length, 2)
    const txt = { name: 'note', domain: 'ansible', rrtype: 'TXT', rrdata: 'hello' }
    const record = await post('record', 'dnsresourcerecords/', txt)
    await put('record', `dnsresourcerecords//${record.id}/`, { rrtype: 'TXT', rrdata: 'bye' })
    const all = await get('[<address>]', 'dnsresources/')
    const note = all.find((each: { fqdn: string }) => each.fqdn === 'note.ansible')
    t.match(note.resource_records, [{ rrtype: 'TXT', rrdata: 'bye', id: record.id }])
    for (const { id } of [made, note]) await remove(`dnsresources//${id}/`)
    await client.post('domains/0/', {}, 'set_default')
    await remove(`domains//${domain.id}/`)
    const user = {
      username: 'ansy',
      email: 'a@example.org',
      is_superuser: 0,
      password: 'pass-Word-1',
    }
    await post('user', 'users/', user)
    t.match(await get('[<user>]', 'users/'), [{ username: 'admin' }, { is_superuser: false }])
    await get('user', 'users/ansy/')
    await remove('users/ansy/')
  })

  let id = ''
  await t.test('machine, tag', async (t) => {
    await client.post('zones/', { name: 'ans-zone' })
    await client.post('resourcepools/', { name: 'ans-pool' })
    const machine = await post('machine', 'machines/', {
      ...{ power_type: 'virsh', mac_addresses: '52:54:00:cc:00:01', architecture: 'amd64/generic' },
      power_parameters: '{"power_address": "qemu+ssh://host/system", "power_id": "vm1"}',
      ...{ hostname: 'ans1', domain: 'maas', zone: 'ans-zone', pool: 'ans-pool' },
      min_hwe_kernel: 'ga-22.04',
    })
    id = machine.system_id
    t.match(machine, { zone: { name: 'ans-zone' }, pool: { name: 'ans-pool' }, fqdn: 'ans1.maas' })
    t.equal(machine.status_name, 'Commissioning')
    await site.commissioned(id)
    t.equal((await get('machine', `machines/${id}/`)).status_name, 'Ready')
    const parameters = '{"power_address": "qemu+ssh://other/system"}'
    await put('machine', `machines/${id}/`, { power_parameters: parameters, hostname: 'ans2' })
    // Nobody switches it off here, which a release would wait for.
    await put('machine', `machines/${id}/`, { power_type: 'manual' })
    const gone = await client.get('machines/zzzzzz/')
    t.equal(gone.status, 404)
    t.equal(gone.json, undefined, 'what is no JSON is a machine that is not there')
    t.equal((await client.post('tags/', { name: 'ans-tag' })).status, 200)
    await post('obj', 'tags/ans-tag/', { add: id }, 'update_nodes')
    await post('obj', 'tags/ans-tag/', { remove: id }, 'update_nodes')
    await post('obj', 'tags/ans-tag/', { add: id }, 'update_nodes')
    await get('[<tag>]', 'tags/')
    t.match(await get('[<machine>]', 'machines/'), [{ tag_names: ['ans-tag'] }])
  })

  await t.test('network_interface_physical, network_interface_link', async (t) => {
    const all = `nodes/${id}/interfaces/`
    const nic = {
      ...{ name: 'ens3', mac_address: '52:54:00:cc:00:02', vlan: site1.vlan, mtu: 1700 },
      tags: 'first,second',
    }
    const made = await post('interface', all, nic, 'create_physical')
    t.match(made, { name: 'ens3', vlan: { id: site1.vlan }, effective_mtu: 1700 })
    // The whole of what the module knows goes along, names of its own among it.
    const whole = { ...nic, id: made.id, label_name: 'ens3', fabric: 'ans', mtu: 1500 }
    await put('interface', `${all}${made.id}/`, whole)
    const link = {
      ...{ name: 'ens3', subnet_cidr: '10.10.10.0/24', ip_address: '10.10.10.50', mode: 'STATIC' },
      ...{ default_gateway: true, subnet: site1.subnet },
    }
    const linked = await post('interface', `${all}${made.id}/`, link, 'link_subnet')
    t.match(linked.links, [{ ip_address: '10.10.10.50', mode: 'static' }])
    t.equal(
      linked.links[0].subnet.name,
      '10.10.10.0/24',
      'by which the module finds its link again',
    )
    const unlinked = { id: linked.links[0].id }
    await post('interface', `${all}${made.id}/`, unlinked, 'unlink_subnet')
    const auto = { name: 'ens3', subnet_cidr: '10.10.10.0/24', mode: 'AUTO', subnet: site1.subnet }
    await post('interface', `${all}${made.id}/`, auto, 'link_subnet')
    await get('[<interface>]', all)
    await get('interface', `${all}${made.id}/`)
  })

  await t.test('block_device', async (t) => {
    const all = `nodes/${id}/blockdevices/`
    const fields = { name: 'vdb', size: 27 * GIB, block_size: 512, id_path: '/dev/vdb' }
    const device = await post('device', all, fields)
    const at = `${all}${device.id}/`
    const bootable = { size: 10 * GIB, bootable: true }
    const partition = await post('partition', `${at}partitions/`, bootable)
    t.equal(partition.bootable, true)
    const part = `${at}partition/${partition.id}`
    await post('partition', part, { fstype: 'ext4', label: 'media' }, 'format')
    await post('partition', part, { mount_point: '/', mount_options: 'noatime' }, 'mount')
    await post('partition', part, { tag: 'ans' }, 'add_tag')
    await post('partition', part, { tag: 'ans' }, 'remove_tag')
    t.match((await get('partition', part)).filesystem, { mount_point: '/', label: 'media' })
    await post('partition', part, {}, 'unmount')
    await post('partition', part, {}, 'unformat')
    await remove(part)
    await post('device', at, { tag: 'ssd' }, 'add_tag')
    t.equal((await client.post(at, {}, 'set_boot_disk')).status, 200)
    await put('device', at, { name: 'vdb', size: 28 * GIB })
    await post('device', at, { fstype: 'ext4' }, 'format')
    await post('device', at, { mount_point: '/' }, 'mount')
    await get('[<device>]', all)
    t.equal((await client.get(`${all}999/`)).status, 404)
  })

  await t.test('instance: allocated by constraints, deployed, made ready, deleted', async (t) => {
    const wanted = { zone: 'ans-zone', pool: 'ans-pool', tags: 'ans-tag' }
    const interfaces = 'ens3:subnet_cidr=10.10.10.0/24'
    const machine = await post('machine', 'machines/', { ...wanted, interfaces }, 'allocate')
    t.equal(machine.system_id, id)
    t.equal((await get('machine', `machines/${id}/`)).status_name, 'Allocated')
    const twice = await client.post('machines/', wanted, 'allocate')
    t.match(twice.status, 409, 'UnexpectedAPIResponse')
    const how = { distro_series: 'bookworm', user_data: 'I2Nsb3VkLWNvbmZpZw==' }
    await post('machine', `machines/${id}/`, how, 'deploy')
    t.equal(await site.deployed(id), '#cloud-config')
    t.equal((await get('machine', `machines/${id}/`)).status_name, 'Deployed')
    t.equal((await client.post(`machines/${id}/`, {}, 'release')).status, 200)
    t.equal((await get('machine', `machines/${id}/`)).status_name, 'Ready')
    await post('machine', `machines/${id}/`, {}, 'commission')
    const busy = await client.post(`machines/${id}/`, {}, 'release')
    t.equal(busy.status, 409)
    t.match(busy.text, /cannot be released in its current state/)
    await site.failed(id)
    const failed = await get('machine', `machines/${id}/`)
    t.equal(failed.status_name, 'Failed commissioning', 'by this name the module ends its wait')
    await remove(`machines/${id}/`)
  })

  await t.test('facts of everything, and the inventory', async (t) => {
    const lists = { fabrics: 'fabric', spaces: 'space', subnets: 'subnet', domains: 'domain' }
    for (const [path, kind] of Object.entries(lists)) await get(`[<${kind}>]`, `${path}/`)
    await site.enlisted()
    t.match(await get('[<machine>]', 'machines/'), [{ status_name: 'New', cpu_count: 8 }])
    t.strictSame(await get('[<vm-host>]', 'vm-hosts/'), [])
    await get('[obj]', 'boot-resources/')
    const stranger = new AnsibleClient(site.url, 'a:b:c')
    t.equal((await stranger.get('machines/')).status, 401, 'AuthError')
  })
})
