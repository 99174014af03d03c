// The calls on the storage of a machine as a client makes them (maas-api §8, §9): ids or names, singular or plural,
// what is shown afterwards, and what is refused. Every call once: `tools/walk/rows-storage.ts`.
import t from 'tap'
import { PLAIN, startTestApi, type TestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'

const GB = 1e9

/** Ready, with disks of so many GB: sda, sdb, … */
async function ready(api: TestApi, ...disks: readonly number[]): Promise<string> {
  const machine = { architecture: 'amd64/generic', mac_addresses: '52:54:00:00:02:01' }
  const made = await api.post('machines/', { ...machine, power_type: 'manual', deployed: 'true' })
  const id: string = made.json.system_id
  await api.post(`machines/${id}/?op=release`)
  for (const [at, size] of disks.entries()) {
    const name = `sd${'abcdef'.charAt(at)}`
    const form = { name, model: 'm', serial: name, block_size: '512', size: `${size}G` }
    const added = await api.post(`nodes/${id}/blockdevices/`, form)
    t.equal(added.status, 200, added.text)
  }
  return id
}

t.test('a flat layout as MAAS shows it', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 10, 20)
  const layout = { storage_layout: 'flat', boot_size: '1G', root_size: '50%' }
  const machine = await api.post(`machines/${id}/?op=set_storage_layout`, layout)
  t.equal(machine.status, 200, machine.text)
  t.strictSame(differences('machine', machine.json), [])
  const [sda, sdb] = machine.json.blockdevice_set
  t.match(sda, {
    ...{ name: 'sda', path: '/dev/disk/by-dname/sda', type: 'physical', size: 10 * GB },
    ...{ used_for: 'GPT partitioned with 2 partitions', partition_table_type: 'GPT' },
    ...{ filesystem: null, available_size: 3_992_977_408 },
  })
  t.equal(sda.used_size + sda.available_size, sda.size)
  t.match(sda.partitions, [
    {
      ...{ used_for: 'ext4 formatted filesystem mounted at /boot', bootable: true },
      ...{ path: '/dev/disk/by-dname/sda-part1', device_id: sda.id, type: 'partition' },
      filesystem: { fstype: 'ext4', label: 'boot', mount_point: '/boot', mount_options: null },
    },
    { used_for: 'ext4 formatted filesystem mounted at /', size: 4_999_610_368 },
  ])
  const [part] = sda.partitions
  const path = `/MAAS/api/2.0/nodes/${id}/blockdevices/${sda.id}/partition/${part.id}`
  t.equal(part.resource_uri, path)
  t.match(sdb, { used_for: 'Unused', available_size: 20 * GB, partitions: [] })
  t.match(machine.json, { storage: 30_000, boot_disk: { name: 'sda' }, special_filesystems: [] })
  for (const from of [path, `${path}/`, path.replace('partition/', 'partitions/')]) {
    t.equal((await api.get(from)).json.uuid, part.uuid, from)
  }
  const named = `nodes/${id}/blockdevices/sda/partition/sda-part1`
  t.equal((await api.get(named, { key: PLAIN })).json.id, part.id)
})

t.test('LVM on RAID, by names, as MAAS shows it', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 10, 20, 20, 20)
  const raid = await api.post(`nodes/${id}/raids/`, [
    ...([
      ['level', 'raid-1'],
      ['block_devices', 'sdb'],
      ['block_devices', 'sdc'],
    ] as const),
    ...([['spare_devices', 'sdd']] as const),
  ])
  t.equal(raid.status, 200, raid.text)
  t.strictSame(differences('raid', raid.json), [])
  t.match(raid.json, {
    ...{ name: 'md0', level: 'raid-1', human_size: '20.0 GB', size: 20 * GB - (1 << 20) },
    devices: [{ name: 'sdb', used_for: 'Active raid-1 device for md0', available_size: 0 }, {}],
    spare_devices: [
      { used_for: 'Spare raid-1 device for md0', filesystem: { fstype: 'raid-spare' } },
    ],
    virtual_device: { name: 'md0', type: 'virtual', model: null, id_path: null },
  })
  const group = await api.post(`nodes/${id}/volume-groups/`, { name: 'vg', block_devices: 'md0' })
  t.strictSame(differences('volume-group', group.json), [])
  const at = `nodes/${id}/volume-groups/vg`
  const volume = await api.post(`${at}/?op=create_logical_volume`, { name: 'data', size: '5G' })
  t.match(volume.json, { name: 'vg-data', type: 'virtual', size: 4_999_610_368 })
  const on = `nodes/${id}/blockdevices/vg-data`
  await api.post(`${on}/?op=format`, { fstype: 'xfs' })
  const mounted = await api.post(`${on}/?op=mount`, { mount_point: '/data', mount_options: 'ro' })
  t.match(mounted.json.filesystem, { mount_point: '/data', mount_options: 'ro' })
  const shown = (await api.get(`nodes/${id}/volume-group/${group.json.id}/`)).json
  t.match(shown, { logical_volumes: [{ name: 'vg-data' }], devices: [{ name: 'md0' }] })
  t.equal(shown.used_size + shown.available_size, shown.size)
  const machine = (await api.get(`machines/${id}/`)).json
  t.strictSame(differences('machine', machine), [])
  t.match(machine, {
    volume_groups: [{ system_id: id, id: group.json.id, __incomplete__: true }],
    raids: [{ id: raid.json.id }],
    virtualblockdevice_set: [{ name: 'md0' }, { name: 'vg-data' }],
  })
  const deleted = await api.delete(`nodes/${id}/raid/md0/`)
  t.equal(deleted.status, 409)
  t.match(deleted.text, 'because it is part of a volume group')
  t.equal((await api.post(`${at}/?op=delete_logical_volume`, { id: 'data' })).status, 204)
  t.equal((await api.delete(`${at}/`)).status, 204)
  t.equal((await api.delete(`nodes/${id}/raids/md0/`)).status, 204)
  t.strictSame((await api.get(`nodes/${id}/raids/`)).json, [])
})

t.test('bcache and datastores have the keys of MAAS', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 10, 20, 5)
  const set = await api.post(`nodes/${id}/bcache-cache-sets/`, { cache_device: 'sdc' })
  t.strictSame(differences('bcache-cache-set', set.json), [])
  const form = { cache_set: 'cache0', backing_device: 'sdb' }
  const bcache = await api.post(`nodes/${id}/bcaches/`, form)
  t.strictSame(differences('bcache', bcache.json), [])
  t.match(bcache.json, {
    ...{ name: 'bcache0', cache_mode: 'writeback', cache_set: { name: 'cache0' } },
    backing_device: { used_for: 'Backing device for bcache0' },
  })
  t.match((await api.get(`nodes/${id}/blockdevices/sdc/`)).json.used_for, 'Cache device for cache0')
  const store = { name: 'store', block_devices: 'sda' }
  const made = await api.post(`nodes/${id}/vmfs-datastores/`, store)
  t.strictSame(differences('vmfs-datastore', made.json), [])
  t.match(made.json, { devices: [{ used_for: 'VMFS extent for store' }] })
  const machine = (await api.get(`machines/${id}/`)).json
  t.match(machine, { bcaches: [{ __incomplete__: true }], cache_sets: [{ __incomplete__: true }] })
})

t.test(
  'early MAAS 2.0 tags by GET: signed, as often as one likes, never by HEAD or a cookie',
  async (t) => {
    const api = await startTestApi(t)
    const id = await ready(api, 10)
    const disk = `nodes/${id}/blockdevices/sda/`
    const tags = async () => (await api.get(disk)).json.tags as readonly string[]
    const add = `${disk}?op=add_tag&tag=fast`
    t.equal((await api.ask('HEAD', add)).status, 405)
    const cookie = await api.get(add, { headers: { cookie: 'sessionid=x' } })
    t.match(cookie, { status: 405, text: 'Method Not Allowed' })
    t.equal(cookie.headers.get('allow'), 'POST')
    t.equal((await api.get(add, { key: null })).status, 401)
    t.equal((await api.get(add, { key: PLAIN })).status, 403)
    t.equal((await api.get(`${disk}?op=add_tag`)).text, 'No provided tag!')
    t.notOk((await tags()).includes('fast'), 'none of them did it')
    for (const _try of [1, 2]) t.equal((await api.get(add)).status, 200)
    t.strictSame(
      (await tags()).filter((tag) => tag === 'fast'),
      ['fast'],
    )
    for (const _try of [1, 2]) {
      t.equal((await api.get(`${disk}op-remove_tag/?tag=fast`)).status, 200)
      t.notOk((await tags()).includes('fast'))
    }
    const partition = await api.post(`${disk}partitions/`, { size: '1G' })
    const on = `nodes/${id}/blockdevices/sda/partition/${partition.json.id}`
    t.equal(
      (await api.get(`${on}?op=add_tag&tag=fast`)).status,
      400,
      'MAAS has it for devices only',
    )
  },
)

t.test('what cannot be is refused by name', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 10, 20)
  const disks = `nodes/${id}/blockdevices`
  const cases = [
    { call: `POST ${disks}/sda/partitions/`, form: { size: '10X' }, status: 400, says: '"size"' },
    {
      call: `POST ${disks}/sda/partitions/`,
      form: { size: '99T' },
      status: 400,
      says: 'less than',
    },
    {
      call: `POST ${disks}/sdz/partitions/`,
      form: {},
      status: 404,
      says: 'No BlockDevice matches',
    },
    { call: `GET ${disks}/sda/partition/7`, status: 404, says: 'No Partition matches' },
    {
      ...{ call: `POST nodes/${id}/raids/`, form: { level: 'raid-1', block_devices: 'sda,sdx' } },
      ...{ status: 400, says: 'Select a valid choice. sdx is not one of' },
    },
    {
      ...{ call: `POST nodes/${id}/raids/`, form: { level: 'raid-5', block_devices: 'sda,sdb' } },
      ...{ status: 400, says: 'RAID level 5 must have at least 3 raid devices' },
    },
    {
      ...{ call: `POST nodes/${id}/bcaches/`, form: { cache_set: '9', backing_device: 'sda' } },
      ...{ status: 400, says: '"cache_set"' },
    },
    { call: `GET nodes/${id}/volume-group/9/`, status: 404, says: 'No VolumeGroup matches' },
    {
      ...{ call: `POST machines/${id}/?op=set_storage_layout`, form: { storage_layout: 'best' } },
      ...{ status: 400, says: '"storage_layout"' },
    },
    {
      ...{ call: `POST machines/${id}/?op=set_storage_layout`, form: { storage_layout: 'custom' } },
      ...{ status: 400, says: 'No custom storage layout configuration found' },
    },
    { call: `POST ${disks}/sda/?op=unformat`, status: 400, says: 'Block device is not formatted.' },
    { call: `POST ${disks}/sda/?op=add_tag`, form: {}, status: 400, says: 'No provided tag!' },
    { call: 'GET nodes/zzzzzz/blockdevices/', status: 404, says: 'No Machine matches' },
  ]
  for (const { call, form, status, says } of cases) {
    const [method = '', path = ''] = call.split(' ')
    const answer = await api.ask(method, path, form === undefined ? {} : { form })
    t.equal(answer.status, status, `${call} ${answer.text}`)
    t.ok(answer.text.includes(says), `${call}: ${answer.text}`)
  }
  await api.post('machines/?op=allocate', {}, { key: PLAIN })
  const layout = { storage_layout: 'flat' }
  const late = await api.post(`machines/${id}/?op=set_storage_layout`, layout)
  t.equal(late.status, 409)
  t.equal(late.text, 'Cannot change the storage layout on a machine that is not Ready.')
  const mine = await api.post(`${disks}/sda/?op=format`, { fstype: 'ext4' }, { key: PLAIN })
  t.equal(mine.status, 200, 'its owner may format and mount')
  t.equal((await api.delete(`${disks}/sda/`, { key: PLAIN })).status, 403)
})
