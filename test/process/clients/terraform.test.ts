// The Terraform provider, by the requests that gomaasclient makes for its resources and data sources: a plan is applied
// from the network to a machine that runs, read again, changed, and destroyed.
import t from 'tap'
import { GoClient, type Params } from './support/go-client.ts'
import { GOMAASCLIENT } from './support/gomaasclient-shapes.ts'
import { Reader } from './support/reader.ts'
import { Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

const GIB = 1024 ** 3

t.test('Terraform: apply, plan and destroy', async (t) => {
  const site = await Site.start(t)
  const go = new GoClient(`${site.url}/api/2.0/`, site.apiKey)
  const reader = new Reader(GOMAASCLIENT)
  const get = (type: string, path: string, op = '', params: Params = {}) =>
    reader.read(type, `GET ${path} ${op}`, go.get(path, op, params))
  const post = (type: string, path: string, op = '', params: Params = {}) =>
    reader.read(type, `POST ${path} ${op}`, go.post(path, op, params))
  /** gomaasclient fails on an answer that has no `resource_uri`. */
  const put = async (type: string, path: string, params: Params) => {
    const json = await reader.read(type, `PUT ${path}`, go.put(path, params))
    if (typeof json.resource_uri !== 'string') throw new Error(`PUT ${path}: no resource_uri`)
    return json
  }
  const gone = async (path: string, params: Params = {}) =>
    t.match((await go.delete(path, params)).status, /^20[04]$/, `DELETE ${path}`)
  const network = { fabric: 0, vlan: 0, vid: 0, subnet: 0 }

  await t.test(
    'maas_fabric, maas_vlan, maas_space, maas_subnet, maas_subnet_ip_range',
    async (t) => {
      const fabric = await post('fabric', 'fabrics/', '', { name: 'tf' })
      await put('fabric', `fabrics/${fabric.id}/`, { name: 'tf-fabric' })
      const space = await post('space', 'spaces/', '', { name: 'tf-space' })
      await put('space', `spaces/${space.id}/`, { name: 'tf-space' })
      const vlans = `fabrics/${fabric.id}/vlans/`
      const given = { vid: 14, mtu: 1500, dhcp_on: false, name: 'tf-vlan', space: 'tf-space' }
      const vlan = await post('vlan', vlans, '', given)
      t.match(await get('[<vlan>]', vlans), [{ vid: 0 }, { vid: 14, space: 'tf-space' }])
      const changed = await put('vlan', `${vlans}14/`, { ...given, mtu: 9000 })
      t.match(changed, { id: vlan.id, mtu: 9000, dhcp_on: false })
      const subnet = {
        ...{ cidr: '10.88.88.0/24', name: 'tf_subnet', vlan: vlan.id, fabric: fabric.id, vid: 14 },
        ...{ gateway_ip: '10.88.88.1', dns_servers: ['1.1.1.1', '9.9.9.9'], rdns_mode: 2 },
        ...{ allow_dns: true, allow_proxy: true, managed: true, active_discovery: false },
      }
      const made = await post('subnet', 'subnets/', '', subnet)
      t.match(made, { gateway_ip: '10.88.88.1', dns_servers: ['1.1.1.1', '9.9.9.9'], rdns_mode: 2 })
      await put('subnet', `subnets/${made.id}/`, { ...subnet, allow_proxy: false })
      t.match(await get('subnet', `subnets/${made.id}/`), { allow_proxy: false, allow_dns: true })
      const range = {
        type: 'reserved',
        subnet: made.id,
        start_ip: '10.88.88.5',
        end_ip: '10.88.88.9',
      }
      const { id } = await post('iprange', 'ipranges/', '', range)
      await put('iprange', `ipranges/${id}/`, { ...range, comment: 'kept' })
      t.match(await get('[<iprange>]', 'ipranges/'), [{ comment: 'kept', subnet: { id: made.id } }])
      await get('statistics', `subnets/${made.id}/`, 'statistics')
      await get('[<used-range>]', `subnets/${made.id}/`, 'reserved_ip_ranges')
      await get('[<range>]', `subnets/${made.id}/`, 'unreserved_ip_ranges')
      const names = { with_username: 1, with_summary: 1 }
      await get('[<subnet-address>]', `subnets/${made.id}/`, 'ip_addresses', names)
      Object.assign(network, { fabric: fabric.id, vlan: vlan.id, vid: 14, subnet: made.id })
    },
  )

  await t.test('maas_dns_domain, maas_dns_record', async (t) => {
    const domain = await post('domain', 'domains/', '', { name: 'tf.example', authoritative: true })
    await put('domain', `domains/${domain.id}/`, {
      name: 'tf.example',
      ttl: 3600,
      authoritative: true,
    })
    t.match(await get('[<domain>]', 'domains/'), [{ is_default: true }, { name: 'tf.example' }])
    const a = { name: 'www', domain: 'tf.example', ip_addresses: '10.88.88.20 10.88.88.21' }
    const www = await post('dnsresource', 'dnsresources/', '', { ...a, address_ttl: 0 })
    t.equal(www.ip_addresses.length, 2)
    await put('dnsresource', `dnsresources/${www.id}/`, { ...a, address_ttl: 0 })
    const txt = { fqdn: 'note.tf.example', rrtype: 'TXT', rrdata: 'hello', ttl: 0 }
    const record = await post('dnsrecord', 'dnsresourcerecords/', '', txt)
    await put('dnsrecord', `dnsresourcerecords/${record.id}/`, { ...txt, rrdata: 'bye' })
    t.match(await get('[<dnsrecord>]', 'dnsresourcerecords/'), [{ rrdata: 'bye' }])
    await get('[<dnsresource>]', 'dnsresources/')
    await gone(`dnsresourcerecords/${record.id}/`)
    await gone(`dnsresources/${www.id}/`)
    t.match((await go.post('ipaddresses/', 'release', { ip: '10.88.88.20' })).status, /^(204|404)$/)
    await gone(`domains/${domain.id}/`)
  })

  await t.test('maas_resource_pool, maas_tag, maas_user, maas_device', async (t) => {
    const pool = await post('pool', 'resourcepools/', '', { name: 'tf-pool', description: 'x' })
    t.equal((await put('pool', `resourcepool/${pool.id}/`, { name: 'tf-pool' })).name, 'tf-pool')
    await get('pool', `resourcepool/${pool.id}/`)
    await post('zone', 'zones/', '', { name: 'tf-zone' })
    await post('tag', 'tags/', '', { name: 'tf-tag' })
    await put('tag', 'tags/tf-tag/', { name: 'tf-tag', comment: 'by terraform' })
    const user = { username: 'tf', password: 'pass-Word-1', email: 'tf@example.org' }
    t.match(await post('user', 'users/', '', { ...user, is_superuser: 1 }), { is_superuser: true })
    await get('user', 'users/tf/')
    await get('[<user>]', 'users/')
    await gone('users/tf/', { username: 'tf' })
    const device = { hostname: 'tf-device', mac_addresses: ['52:54:00:bb:00:09'] }
    const made = await post('device', 'devices/', '', { ...device, description: 'd' })
    await put('device', `devices/${made.system_id}/`, { hostname: 'tf-device', zone: 'tf-zone' })
    t.match(await get('[<device>]', 'devices/'), [
      { hostname: 'tf-device', zone: { name: 'tf-zone' } },
    ])
    await gone(`devices/${made.system_id}/`)
  })

  const power = { power_parameters_power_address: '10.0.0.9', power_parameters_power_user: 'u' }
  const wanted = {
    ...{ commission: true, power_type: 'manual', mac_addresses: ['52:54:00:bb:00:01'] },
    ...{ architecture: 'amd64/generic', min_hwe_kernel: 'ga-22.04', hostname: 'tf-machine' },
    ...{ domain: 'maas', zone: 'tf-zone', pool: 'tf-pool', ...power },
  }
  let id = ''
  await t.test('maas_machine: made, commissioned, changed, imported', async (t) => {
    const made = await post('machine', 'machines/', '', wanted)
    id = made.system_id
    await site.commissioned(id)
    t.equal(made.status_name, 'Commissioning', 'any other status ends the wait for Ready')
    t.match(made, { zone: { name: 'tf-zone' }, pool: { name: 'tf-pool' } })
    t.equal(made.min_hwe_kernel, 'ga-22.04')
    t.equal((await get('machine', `machines/${id}/`)).status_name, 'Ready')
    const changed = await put('machine', `machines/${id}/`, wanted)
    t.equal(changed.status_name, 'Ready', 'commission=true of an update commissions nothing')
    const [listed] = await get('[<machine>]', 'machines/')
    t.equal(listed.boot_interface.mac_address, '52:54:00:bb:00:01')
    const twice = await go.post('machines/', '', { ...wanted, hostname: 'other' })
    t.equal(twice.status, 400)
    t.match(twice.text, /MAC.*already/i, 'so that the machine is adopted instead')
    const adopted = { mac_address: ['52:54:00:bb:00:01'] }
    t.match(await get('[<machine>]', 'machines/', '', adopted), [{ system_id: id }])
    const shown = (await go.get(`machines/${id}/`, 'power_parameters')).json
    t.strictSame(shown, { power_address: '10.0.0.9', power_user: 'u' })
    await get('power-state', `machines/${id}/`, 'query_power_state')
    await get('[<result>]', `nodes/${id}/results/`)
    await go.post('tags/tf-tag/', 'update_nodes', { add: [id] })
    t.match(await get('[<machine>]', 'tags/tf-tag/', 'machines'), [{ tag_names: ['tf-tag'] }])
    await get('events', 'events/', 'query', { id, limit: 10 })
  })

  await t.test('maas_network_interface_*', async (t) => {
    const all = `nodes/${id}/interfaces/`
    const physical = { mac_address: '52:54:00:bb:00:02', name: 'eth1', mtu: 1500, tags: 'a,b' }
    const eth1 = await post('interface', all, 'create_physical', {
      ...physical,
      vlan: network.vlan,
    })
    t.strictSame(
      [eth1.name, eth1.tags.toSorted(), eth1.vlan.id],
      ['eth1', ['a', 'b'], network.vlan],
    )
    await put('interface', `${all}${eth1.id}/`, { ...physical, vlan: network.vlan, mtu: 9000 })
    const [eth0] = await get('[<interface>]', all)
    await put('interface', `${all}${eth0.id}/`, {
      mac_address: eth0.mac_address,
      vlan: network.vlan,
    })
    const bond = {
      ...{ bond_mode: 'balance-tlb', bond_miimon: 10, bond_downdelay: 1, bond_updelay: 1 },
      ...{ bond_lacp_rate: 'slow', bond_num_grat_arp: 1, bond_xmit_hash_policy: 'layer2' },
      ...{ name: 'bond0', parents: [eth0.id, eth1.id], mtu: 9000, tags: 'tag1', accept_ra: true },
      ...{ mac_address: '01:12:34:56:78:9a', vlan: network.vlan },
    }
    const bond0 = await post('interface', all, 'create_bond', {
      ...bond,
      mac_address: eth0.mac_address,
    })
    const read = await get('made', `${all}${bond0.id}/`)
    t.match(read.params, { bond_mode: 'balance-tlb', bond_miimon: 10, bond_lacp_rate: 'slow' })
    t.strictSame(read.parents.toSorted(), ['eth0', 'eth1'])
    await put('interface', `${all}${bond0.id}/`, {
      name: 'bond0',
      parents: [eth0.id, eth1.id],
      mtu: 1500,
    })
    const bridge = { name: 'br0', parents: [bond0.id], bridge_type: 'standard', bridge_fd: 15 }
    const br0 = await post('interface', all, 'create_bridge', { ...bridge, bridge_stp: true })
    t.match((await get('made', `${all}${br0.id}/`)).params, { bridge_fd: 15, bridge_stp: true })
    await put('interface', `${all}${br0.id}/`, bridge)
    const tagged = (await go.post(`fabrics/${network.fabric}/vlans/`, '', { vid: 15 })).json
    const on = { parents: [br0.id], vlan: tagged.id }
    const vlan = await post('interface', all, 'create_vlan', on)
    t.strictSame((await get('made', `${all}${vlan.id}/`)).parents, ['br0'])
    await put('interface', `${all}${vlan.id}/`, { ...on, mtu: 1500 })
    for (const nic of [vlan, br0, bond0]) await gone(`${all}${nic.id}/`)
    await get('interface', `${all}${eth0.id}/`)
    await post('interface', `${all}${eth0.id}/`, 'disconnect')
    await put('interface', `${all}${eth0.id}/`, { vlan: network.vlan })
    const link = { mode: 'AUTO', subnet: network.subnet, default_gateway: false }
    const linked = await post('interface', `${all}${eth0.id}/`, 'link_subnet', link)
    t.match(linked.links, [{ mode: 'auto', subnet: { id: network.subnet } }])
    const linkId = linked.links[0].id
    await post('machine', `machines/${id}/`, 'clear_default_gateways')
    await post('interface', `${all}${eth0.id}/`, 'set_default_gateway', { link_id: linkId })
    await post('interface', `${all}${eth0.id}/`, 'unlink_subnet', { id: linkId })
  })

  await t.test('maas_block_device, and what gomaasclient has beside it', async (t) => {
    const all = `nodes/${id}/blockdevices/`
    const disk = { size: 30 * GIB, block_size: 512 }
    const vdb = { ...disk, name: 'vdb', id_path: '/dev/vdb' }
    const made = await post('blockdevice', all, '', vdb)
    const at = `${all}${made.id}/`
    await put('blockdevice', at, vdb)
    t.strictSame((await post('blockdevice', at, 'add_tag', { tag: 'ssd' })).tags, ['ssd'])
    await post('blockdevice', at, 'remove_tag', { tag: 'ssd' })
    t.equal((await go.post(at, 'set_boot_disk')).status, 200)
    const partition = await post('partition', `${at}partitions/`, '', {
      size: 10 * GIB,
      bootable: true,
    })
    const part = `${at}partition/${partition.id}`
    await post('partition', part, 'add_tag', { tag: 'root' })
    await post('partition', part, 'format', { fstype: 'ext4', label: '' })
    const mount = { mount_point: '/', mount_options: '' }
    t.match(await post('partition', part, 'mount', mount), { filesystem: { mount_point: '/' } })
    const raw = await post('partition', `${at}partitions/`, '', { bootable: false, size: 5 * GIB })
    const shown = await get('blockdevice', at)
    t.match(shown.partitions, [{ bootable: true, tags: ['root'] }, { filesystem: null }])
    await gone(`${at}partition/${raw.id}`)
    const [vdc, vdd, vde] = await Promise.all(
      ['vdc', 'vdd', 'vde'].map((name) =>
        post('blockdevice', all, '', { ...disk, name, model: 'M', serial: name }),
      ),
    )
    const raid = { name: 'md0', level: 'raid-1', block_devices: [vdc.id, vdd.id] }
    const md0 = await post('raid', `nodes/${id}/raids/`, '', raid)
    await get('raid', `nodes/${id}/raid/${md0.id}/`)
    await put('raid', `nodes/${id}/raid/${md0.id}/`, { name: 'md1' })
    const vg = { name: 'vg0', block_devices: [vde.id] }
    const vg0 = await post('volume-group', `nodes/${id}/volume-groups/`, '', vg)
    const group = `nodes/${id}/volume-groups/${vg0.id}/`
    const lv = await post('blockdevice', group, 'create_logical_volume', { name: 'lv', size: GIB })
    t.match((await get('volume-group', group)).logical_volumes, [{ id: lv.id }])
    t.match((await go.post(group, 'delete_logical_volume', { id: lv.id })).status, /^20[04]$/)
    await put('volume-group', group, { name: 'vg1' })
    await get('[<blockdevice>]', all)
    await get('machine', `machines/${id}/`)
    await gone(group)
    await gone(`nodes/${id}/raid/${md0.id}/`)
  })

  await t.test('maas_instance: allocated, deployed, released; then all is destroyed', async (t) => {
    const params = { cpu_count: 0, mem: 0, pool: 'tf-pool', tags: ['tf-tag'], zone: 'tf-zone' }
    const nobody = await go.post('machines/', 'allocate', { ...params, name: 'elsewhere' })
    t.equal(nobody.status, 409)
    const allocate = { pool: 'tf-pool', zone: 'tf-zone', tags: ['tf-tag'], name: 'tf-machine' }
    const machine = await post('machine', 'machines/', 'allocate', allocate)
    t.equal(machine.system_id, id)
    const nic = `nodes/${id}/interfaces/${machine.boot_interface.id}/`
    const { vlan } = machine.boot_interface
    await post('interface', nic, 'disconnect')
    const still = (await go.get(nic)).json
    t.same(still.vlan, null)
    await put('interface', nic, { vlan: vlan.id })
    const link = { mode: 'STATIC', subnet: network.subnet, ip_address: '10.88.88.30' }
    await post('interface', nic, 'link_subnet', { ...link, default_gateway: false })
    const userData = Buffer.from('#!/bin/sh\n').toString('base64')
    const how = { distro_series: 'bookworm', user_data: userData }
    const deploying = await post('machine', `machines/${id}/`, 'deploy', how)
    t.equal(deploying.status_name, 'Deploying')
    await site.deployed(id)
    const deployed = await get('machine', `machines/${id}/`)
    t.match(deployed, { status_name: 'Deployed', ip_addresses: ['10.88.88.30'] })
    const comment = 'Released by Terraform'
    t.equal((await go.post('machines/', 'release', { machines: [id], comment })).status, 200)
    const after = await get('machine', `machines/${id}/`)
    t.match(after.status_name, /^(?:Releasing|Ready)$/, 'Disk erasing would end the wait')
    await gone(`machines/${id}/`)
    t.equal((await go.get(`machines/${id}/`)).status, 404)
    await gone(`subnets/${network.subnet}/`)
    await gone(`fabrics/${network.fabric}/vlans/14/`)
  })

  await t.test(
    'images, settings, scripts, keys and repositories of the newer provider',
    async (t) => {
      const url = {
        url: 'http://images.example.org/',
        keyring_filename: '/usr/share/keyrings/a.gpg',
      }
      const source = await post('boot-source', 'boot-sources/', '', url)
      await put('boot-source', `boot-sources/${source.id}/`, {
        ...url,
        url: 'http://other.example.org/',
      })
      t.equal(
        (await get('[<boot-source>]', 'boot-sources/')).length,
        1,
        'the provider wants just one',
      )
      const wish = { os: 'ubuntu', release: 'noble', arches: ['amd64', 'arm64'], subarches: ['*'] }
      const all = `boot-sources/${source.id}/selections/`
      const selection = await post('selection', all, '', { ...wish, labels: ['*'] })
      t.match(selection, { arches: ['amd64', 'arm64'], boot_source_id: source.id })
      await put('selection', `${all}${selection.id}/`, {
        ...wish,
        arches: ['amd64'],
        labels: ['*'],
      })
      await gone(`${all}${selection.id}/`)
      await get('[<boot-resource>]', 'boot-resources/', '', { Type: 'synced' })
      t.equal((await go.get('boot-resources/', 'is_importing')).json, false)
      const setting = { name: 'upstream_dns', value: '9.9.9.9' }
      t.equal((await go.post('maas/', 'set_config', setting)).status, 200)
      t.equal((await go.get('maas/', 'get_config', { name: 'upstream_dns' })).text, '"9.9.9.9"')
      const file = { name: 'script', content: '#!/bin/sh\n# by terraform\n' }
      const flags = { apply_configured_networking: false, destructive: false, may_reboot: false }
      const fields = { ...flags, recommission: false, name: 'tf-script', script_type: 'testing' }
      const made = reader.read('script', 'scripts', go.postFile('scripts/', file, fields))
      t.equal((await made).name, 'tf-script')
      const asked = { include_script: true }
      const [version] = (await get('script', 'scripts/tf-script', '', asked)).history
      t.equal(Buffer.from(version.data, 'base64').toString(), file.content)
      const next = { ...file, content: '#!/bin/sh\nexit 0\n' }
      await reader.read(
        'script',
        'PUT',
        go.putFile('scripts/tf-script', next, { ...fields, title: 'T' }),
      )
      await gone('scripts/tf-script')
      await post('token', 'account/', 'create_authorisation_token', { name: 'tf' })
      await get('[<listed-key>]', 'account/', 'list_authorisation_tokens')
      const repository = {
        name: 'tf',
        url: 'http://ppa.example.org/',
        arches: 'amd64',
        enabled: true,
      }
      const { id: added } = await post('repository', 'package-repositories/', '', repository)
      await put('repository', `package-repositories/${added}/`, {
        ...repository,
        components: 'main',
      })
      await gone(`package-repositories/${added}/`)
    },
  )

  await t.test('data sources: racks, images, VM hosts', async (t) => {
    const enlisted = await get('machine', `machines/${await site.enlisted()}/`)
    t.match(enlisted, { memory: 16_384, cpu_count: 8, hardware_info: { system_vendor: 'V' } })
    t.equal(enlisted.blockdevice_set.length, 2)
    const [rack] = await get('[<rack>]', 'rackcontrollers/', '', { hostname: ['rackaa'] })
    t.ok(rack.service_set.length > 0)
    t.strictSame(await get('[<rack>]', 'rackcontrollers/', '', { hostname: ['none'] }), [])
    await get('[<boot-resource>]', 'boot-resources/', '', { Type: '' })
    await get('[<vm-host>]', 'vm-hosts/')
    t.ok(await get('version', 'version/'))
  })
})
