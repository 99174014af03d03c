// Allocation by constraints: which machine it is, what is answered, and what is refused (maas-api §10.2).
import t from 'tap'
import { parseStorage } from '#api/routes/storage-constraint.ts'
import { PLAIN, startTestApi, type TestApi } from '#test/api/support/api.ts'

async function makePool(t: { teardown: (end: () => unknown) => void }): Promise<TestApi> {
  const api = await startTestApi(t as never)
  await api.post('zones/', { name: 'north' })
  await api.post('resourcepools/', { name: 'gold' })
  await api.post('tags/', { name: 'gpu' })
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  for (const [n, more] of [
    [1, { cpu_count: '2', memory: '4096' }],
    [2, { cpu_count: '8', memory: '2048', zone: 'north', pool: 'gold' }],
    [3, { cpu_count: '4', memory: '8192' }],
  ] as const) {
    const made = await api.post('machines/', {
      ...{ architecture: n === 3 ? 'arm64/generic' : 'amd64/generic', power_type: 'manual' },
      ...{ hostname: `m${n}`, mac_addresses: `52:54:00:00:02:0${n}` },
    })
    const id = made.json.system_id as string
    await api.put(`machines/${id}/`, more)
    await api.post(`machines/${id}/?op=mark_broken`)
    await api.post(`machines/${id}/?op=mark_fixed`)
    if (n === 2) await api.post('tags/gpu/?op=update_nodes', { add: id })
  }
  return api
}

const CHOICES = [
  { form: {}, is: 'm1', why: 'the cheapest' },
  { form: { name: 'm3.maas' }, is: 'm3' },
  { form: { arch: 'arm64' }, is: 'm3' },
  { form: { arch: 'amd64/generic', cpu_count: '2.5' }, is: 'm2' },
  { form: { mem: '4097' }, is: 'm3' },
  { form: { tags: 'gpu' }, is: 'm2' },
  { form: { not_tags: 'gpu', cpu_count: '3' }, is: 'm3' },
  { form: { zone: 'north' }, is: 'm2' },
  { form: { not_in_zone: 'north', mem: '5000' }, is: 'm3' },
  { form: { pool: 'gold' }, is: 'm2' },
  { form: { not_in_pool: 'default' }, is: 'm2' },
  { form: { not_pod: 'x' }, is: 'm1' },
  { form: { fabrics: 'fabric-0' }, is: 'm1' },
  { form: { subnets: 'cidr:192.0.2.0/24' }, is: 'm1' },
  { form: { interfaces: 'eth:fabric=fabric-0,vid=0;other:type=physical' }, is: 'm1' },
]
const NOTHING = [
  {
    form: { pod: 'x' },
    text: 'No available machine matches constraints: pod=x (resolved to "pod=x")',
  },
  {
    form: { cpu_count: '9', arch: 'amd64' },
    text: /constraints: arch=amd64 cpu_count=9 \(resolved/,
  },
  { form: { system_id: 'abcdef' }, text: 'No machine with system ID abcdef available.' },
  { form: { not_fabrics: 'fabric-0' }, text: /not_fabrics=fabric-0/ },
  { form: { not_subnets: '192.0.2.0/24' }, text: /not_subnets/ },
  { form: { name: 'm3.example.org' }, text: /name=m3\.example\.org/ },
  { form: { storage: 'root:1' }, text: /storage=root:1/ },
  { form: { interfaces: 'a:not_fabric=fabric-0' }, text: /interfaces/ },
  { form: { devices: 'vendor_id=1' }, text: /devices/ },
]
const WRONG = [
  { form: { foo: '1' }, field: 'foo', text: 'No such constraint.' },
  { form: { zone: 'south' }, field: 'zone', text: `No such zone: 'south'.` },
  { form: { pool: 'lead' }, field: 'pool', text: `No such pool: 'lead'.` },
  { form: { tags: 'gpu,fpga' }, field: 'tags', text: `No such tag(s): 'fpga'.` },
  { form: { mem: 'much' }, field: 'mem', text: 'Enter a number.' },
  { form: { arch: '!' }, field: 'arch', text: 'Architecture not recognised.' },
  { form: { subnets: '198.51.100.0/24' }, field: 'subnets', text: 'No matching subnets' },
  { form: { storage: 'root:big' }, field: 'storage', text: 'Enter label:size' },
  { form: { interfaces: 'eth0:colour=red' }, field: 'interfaces', text: `'colour=red'` },
  { form: { interfaces: 'space=x' }, field: 'interfaces', text: 'Enter label' },
]

t.test('which machine it is', async (t) => {
  const api = await makePool(t)
  const ask = { key: PLAIN }
  for (const { form, is } of CHOICES) {
    const what = JSON.stringify(form)
    const answer = await api.post('machines/?op=allocate', { ...form, dry_run: 'true' }, ask)
    t.equal(answer.json?.hostname, is, what)
    t.equal(answer.json?.status_name, 'Ready', `${what}: nothing was changed`)
  }
  for (const { form, text } of NOTHING) {
    const answer = await api.post('machines/?op=allocate', form, ask)
    t.equal(answer.status, 409, JSON.stringify(form))
    t.match(answer.text, text)
  }
  for (const { form, field, text } of WRONG) {
    const answer = await api.post('machines/?op=allocate', form, ask)
    t.equal(answer.status, 400, JSON.stringify(form))
    t.ok(answer.json?.[field]?.[0]?.includes(text), answer.text)
  }
  const form = { interfaces: 'net:fabric=fabric-0', verbose: 'true' }
  const got = await api.post('machines/?op=allocate', form, ask)
  const id = got.json.system_id as string
  const ids = [got.json.interface_set[0].id]
  t.strictSame(got.json.constraints_by_type, {
    interfaces: { net: ids },
    ...{ verbose_storage: { [id]: {} }, verbose_interfaces: { [id]: { net: ids } } },
  })
  t.equal(got.json.owner, 'plain')
  for (let left = 2; left > 0; left--) await api.post('machines/?op=allocate', {}, ask)
  const none = await api.post('machines/?op=allocate', {}, ask)
  t.equal(none.text, 'No machine available.')
})

const REFUSED = ['not_in_zone', 'not_in_pool', 'not_tags', 'not_vlans', 'not_fabric_classes']

t.test('what is refused of the lists, and what the older clients call the same', async (t) => {
  const api = await makePool(t)
  const dry = (form: Record<string, string>) =>
    api.post('machines/?op=allocate', { ...form, dry_run: 'true' }, { key: PLAIN })
  await api.put('fabrics/0/', { class_type: '10g' })
  const machines = (await api.get('machines/')).json as { system_id: string; hostname: string }[]
  const id = machines.find(({ hostname }) => hostname === 'm2')?.system_id ?? ''
  for (const [form, is] of [
    [{ system_id: id }, 'm2'],
    [{ system_id: id, zone: 'north', pool: 'gold', tags: 'gpu' }, 'm2'],
    [{ fabric_classes: '10g', vlans: 'vid:0', mem: '8000' }, 'm3'],
  ] as const) {
    t.equal((await dry(form)).json?.hostname, is, JSON.stringify(form))
  }
  for (const form of [
    { system_id: id, zone: 'default' },
    { not_vlans: 'vid:0' },
    { not_fabric_classes: '10g' },
    { tags: 'gpu', not_tags: 'gpu' },
    { zone: 'north', not_in_pool: 'gold' },
    { pod_type: 'lxd' },
  ]) {
    const answer = await dry(form)
    t.equal(answer.status, 409, JSON.stringify(form))
    t.match(answer.text, 'No available machine matches constraints: ')
  }
  for (const field of REFUSED) {
    const answer = await dry({ [field]: 'nobody made this' })
    t.equal(answer.status, 400, field)
    t.same(Object.keys(answer.json), [field])
  }
})

t.test('disks that fulfil labels, as Juju reads them', async (t) => {
  const api = await makePool(t)
  const machines = (await api.get('machines/')).json as { system_id: string; hostname: string }[]
  const id = machines.find(({ hostname }) => hostname === 'm3')?.system_id ?? ''
  const disks: number[] = []
  for (const [name, size] of [
    ['sda', '20G'],
    ['sdb', '10G'],
  ]) {
    const form = { name: `${name}`, size: `${size}`, model: 'm', serial: `${name}` }
    const made = await api.post(`nodes/${id}/blockdevices/`, { ...form, block_size: '512' })
    disks.push(made.json.id as number)
  }
  await api.post(`nodes/${id}/blockdevices/sdb/?op=add_tag`, { tag: 'ssd' })
  const [sda = 0, sdb = 0] = disks
  const storage = 'root:15,fast:5(ssd)'
  const ask = { storage, dry_run: 'true' }
  const plain = await api.post('machines/?op=allocate', ask, { key: PLAIN })
  const found = { root: [sda], fast: [sdb] }
  t.same(plain.json.constraints_by_type, { storage: found })
  t.notOk('constraint_map' in plain.json)
  const verbose = await api.post('machines/?op=allocate', { ...ask, verbose: 'true' })
  t.same(verbose.json.constraint_map, { [sda]: 'root', [sdb]: 'fast' }, 'the older form')
  t.same(verbose.json.constraints_by_type.verbose_storage, { [id]: found })
  const two = await api.post('machines/?op=allocate', { storage: 'root:15,5(ssd),1(ssd)' })
  t.equal(two.status, 409, 'one disk is for one label')
})

const STORAGE = [
  { text: '50', disks: [{ label: '', bytes: 50e9, tags: [] }] },
  { text: 'root:0.5(ssd)', disks: [{ label: 'root', bytes: 5e8, tags: ['ssd'] }] },
  {
    text: 'a:1(x,y),b:2',
    disks: [
      { label: 'a', bytes: 1e9, tags: ['x', 'y'] },
      { label: 'b', bytes: 2e9, tags: [] },
    ],
  },
  { text: '', disks: [] },
  { text: 'a:b:1', disks: null },
  { text: 'root:1(ssd', disks: null },
  { text: '-1', disks: null },
]
for (const { text, disks } of STORAGE) {
  t.test(`storage ${text}`, async (t) => t.strictSame(parseStorage(text), disks))
}
