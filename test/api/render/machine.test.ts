// Every object that MAAS API 2.0 shows has exactly MAAS's keys, with values of MAAS's types (maas-api §8).
import t from 'tap'
import { parseMac } from '#model/mac-address.ts'
import type { SystemId } from '#model/ids.ts'
import { SYSTEM, startTestApi, type TestApi } from '../support/api.ts'
import { renderEnlisted } from '#api/render/machine.ts'
import { differences } from '#tools/walk/key-check.ts'

const HARDWARE = JSON.stringify({
  firmware: 'uefi',
  uuid: '4c4c4544-0042-3010-8046-b9c04f4d3132',
  cpu: { count: 2, model: 'Test CPU', mhz: 2400 },
  memory_mib: 512,
  dmi: { sys_vendor: 'Example', product_name: 'Box', bios_version: '1.2' },
  nics: [{ name: 'ens3', mac: 'aa:bb:cc:00:00:02', driver: 'virtio', carrier: 1, speed: 1000 }],
  disks: [{ name: 'vda', size_bytes: 1_073_741_824, model: 'disk', serial: 'x1', rotational: 0 }],
})

async function fill(api: TestApi): Promise<void> {
  await api.post('spaces/', { name: 'storage' })
  await api.put('vlans/5001/', { space: 'storage' })
  await api.post('subnets/', { cidr: '192.0.2.0/24', gateway_ip: '192.0.2.1', dns_servers: '' })
  const range = { type: 'reserved', start_ip: '192.0.2.20', end_ip: '192.0.2.30', subnet: '1' }
  await api.post('ipranges/', range)
  await api.post('ipaddresses/?op=reserve', { subnet: '1' })
  const machine = { architecture: 'amd64/generic', mac_addresses: 'aa:bb:cc:00:00:02' }
  await api.post('machines/', { ...machine, hardware: HARDWARE })
  await registerControllers(api)
}

async function registerControllers(api: TestApi): Promise<void> {
  const common = { version: '0.1.0', incarnation: 1 }
  const rack = 'rack34' as SystemId
  await api.region.propose(
    {
      type: 'rack.register',
      ...common,
      systemId: rack,
      hostname: 'rack-one',
      architecture: 'amd64/generic',
      cpuCount: 2,
      memoryMib: 1_024,
      interfaces: [
        { name: 'eth0', mac: parseMac('aa:bb:cc:00:01:00')!, addresses: ['192.0.2.2/24'] },
      ],
    },
    { actor: SYSTEM },
  )
  const urls = { apiUrl: 'http://192.0.2.3:5240', peerAddress: '192.0.2.3:5250' }
  await api.region.propose(
    { type: 'region.register', ...common, ...urls, systemId: 'regn34' as SystemId, hostname: 'r1' },
    { actor: SYSTEM },
  )
}

const CASES = [
  { kind: 'machine', path: 'machines/' },
  { kind: 'rackcontroller', path: 'rackcontrollers/' },
  { kind: 'regioncontroller', path: 'regioncontrollers/' },
  { kind: 'subnet', path: 'subnets/' },
  { kind: 'fabric', path: 'fabrics/' },
  { kind: 'vlan', path: 'fabrics/0/vlans/' },
  { kind: 'space', path: 'spaces/' },
  { kind: 'iprange', path: 'ipranges/' },
  { kind: 'ipaddress', path: 'ipaddresses/' },
  { kind: 'user', path: 'users/' },
]

t.test('every list shows objects with the keys and types of MAAS', async (t) => {
  const api = await startTestApi(t)
  await fill(api)
  for (const { kind, path } of CASES) {
    const { status, json } = await api.get(path)
    t.equal(status, 200, path)
    t.ok(json.length > 0, `${path} is not empty`)
    for (const item of json) t.strictSame(differences(kind, item), [], kind)
  }
})

t.test('a machine shows the hardware that its agent reported', async (t) => {
  const api = await startTestApi(t)
  await fill(api)
  const [machine] = (await api.get('machines/')).json
  t.match(machine, {
    cpu_count: 2,
    cpu_speed: 2400,
    memory: 512,
    storage: 1073.7,
    bios_boot_method: 'uefi',
    hardware_uuid: '4c4c4544-0042-3010-8046-b9c04f4d3132',
    status: 1,
    status_name: 'Commissioning',
    hardware_info: { cpu_model: 'Test CPU', system_vendor: 'Example', mainboard_vendor: 'Unknown' },
    boot_interface: { name: 'ens3', link_connected: true, link_speed: 1000 },
    boot_disk: { name: 'vda', serial: 'x1', tags: ['ssd'] },
  })
})

t.test('version and events have the keys of MAAS', async (t) => {
  const api = await startTestApi(t)
  await fill(api)
  t.strictSame(differences('version', (await api.get('version/')).json), [])
  const { events } = (await api.get('events/?op=query')).json
  t.ok(events.length > 0)
  for (const event of events) t.strictSame(differences('event', event), [])
  t.match(events[0].created, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2}\. \d{4} \d\d:\d\d:\d\d$/)
})

t.test('an anonymous enlistment is shown its own facts and nothing of the machine', async (t) => {
  const api = await startTestApi(t)
  await fill(api)
  const { state } = api.region.local()
  const [machine] = [...state.machines.values()]
  t.strictSame(Object.keys(renderEnlisted(state, machine!)), [
    ...['system_id', 'hostname', 'domain', 'fqdn', 'architecture', 'power_type', 'node_type'],
    ...['status', 'interface_set', 'resource_uri'],
  ])
})
