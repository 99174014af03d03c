// The small objects over HTTP: key sets, statuses and texts of each operation (maas-api §4, §8, §9).
import t from 'tap'
import { PLAIN, startTestApi, type TestApi } from './support/api.ts'
import { differences } from './support/key-check.ts'

type Form = Record<string, string>
type Case = {
  readonly list: string
  readonly kind: string
  readonly model: string
  readonly form: Form
  readonly change: Form
  readonly shown: object
  readonly bad: readonly (readonly [field: string, form: Form])[]
  readonly created?: number
  /** Path of the object made, from its answer. */
  readonly path: (json: { readonly [key: string]: string }) => string
  readonly readers?: 'admin'
}

const LONG = 'x'.repeat(5_000)
const CASES: readonly Case[] = [
  {
    ...{ list: 'zones/', kind: 'zone', model: 'Zone', form: { name: 'north', description: 'd' } },
    ...{ change: { name: 'south' }, shown: { name: 'south', description: 'd' } },
    ...{
      bad: [
        ['name', {}],
        ['name', { name: '' }],
        ['name', { name: '%' }],
      ],
    },
    path: ({ name }) => `zones/${name}/`,
  },
  {
    ...{ list: 'resourcepools/', kind: 'resourcepool', model: 'ResourcePool' },
    ...{
      form: { name: 'lab' },
      change: { description: 'x' },
      shown: { name: 'lab', description: 'x' },
    },
    ...{
      bad: [
        ['name', {}],
        ['description', { name: 'a', description: LONG }],
      ],
    },
    path: ({ id }) => `resourcepool/${id}/`,
  },
  {
    ...{ list: 'tags/', kind: 'tag', model: 'Tag', form: { name: 'gpu', comment: 'c' } },
    ...{ change: { kernel_opts: 'quiet' }, shown: { kernel_opts: 'quiet', comment: 'c' } },
    ...{
      bad: [
        ['name', { name: 'a b' }],
        ['definition', { name: 'a', definition: LONG }],
        ['definition', { name: 'a', definition: '//node[' }],
      ],
    },
    path: ({ name }) => `tags/${name}/`,
  },
  {
    ...{ list: 'package-repositories/', kind: 'package-repository', model: 'PackageRepository' },
    form: { name: 'own', url: 'http://192.0.2.1/ubuntu', arches: 'amd64,arm64', enabled: 'False' },
    ...{ change: { disabled_pockets: 'updates' } },
    shown: { arches: ['amd64', 'arm64'], enabled: false, disabled_pockets: ['updates'] },
    bad: [
      ['url', { name: 'a', url: 'nowhere' }],
      ['arches', { name: 'a', url: 'http://a.example/', arches: 'vax' }],
      ['enabled', { name: 'a', url: 'http://a.example/', enabled: 'maybe' }],
    ],
    path: ({ id }) => `package-repositories/${id}/`,
  },
  {
    ...{ list: 'notifications/', kind: 'notification', model: 'Notification' },
    form: { message: 'hello {who}', context: '{"who":"you"}', admins: 'true', ident: 'greeting' },
    ...{ change: { category: 'warning' }, shown: { category: 'warning', context: { who: 'you' } } },
    bad: [
      ['message', {}],
      ['context', { message: 'm', context: '[1]' }],
      ['category', { message: 'm', category: 'joke' }],
      ['user', { message: 'm', user: 'nobody' }],
    ],
    path: ({ id }) => `notifications/${id}/`,
  },
  {
    ...{ list: 'license-keys/', kind: 'license-key', model: 'LicenseKey', readers: 'admin' },
    form: { osystem: 'windows', distro_series: 'win2022', license_key: 'A-B' },
    ...{ change: { license_key: 'C-D', osystem: 'other' } },
    ...{ shown: { osystem: 'windows', license_key: 'C-D' } },
    bad: [['license_key', { osystem: 'windows', distro_series: 'win2019' }]],
    path: ({ osystem, distro_series }) => `license-key/${osystem}/${distro_series}`,
  },
  {
    ...{ list: 'scripts/', kind: 'script', model: 'Script' },
    form: {
      name: 'burn-in',
      script: '#!/bin/sh\n',
      type: 'test',
      timeout: '01:02:03',
      tags: 'a,b',
    },
    ...{ change: { title: 'Burn in', hardware_type: 'cpu' } },
    shown: { title: 'Burn in', hardware_type: 1, type: 2, timeout: '1:02:03', tags: ['a', 'b'] },
    bad: [
      ['script', { name: 'a' }],
      ['script', { name: 'a', script: 'echo' }],
      ['type', { name: 'a', script: '#!', type: 'x' }],
      ['timeout', { name: 'a', script: '#!', timeout: 'soon' }],
    ],
    path: ({ name }) => `scripts/${name}`,
  },
  {
    ...{ list: 'boot-sources/', kind: 'boot-source', model: 'BootSource', readers: 'admin' },
    ...{ form: { url: 'http://192.0.2.1/images/' }, change: { keyring_filename: '/k.gpg' } },
    ...{ shown: { keyring_filename: '/k.gpg' }, bad: [['url', { url: 'ftp' }]], created: 201 },
    path: ({ id }) => `boot-sources/${id}/`,
  },
  {
    ...{ list: 'boot-sources/1/selections/', kind: 'boot-source-selection', readers: 'admin' },
    ...{ model: 'BootSourceSelection', form: { os: 'ubuntu', release: 'noble', arches: 'amd64' } },
    ...{ change: { labels: 'release' }, shown: { arches: ['amd64'], labels: ['release'] } },
    bad: [['release', { os: 'ubuntu' }]],
    path: ({ id }) => `boot-sources/1/selections/${id}/`,
  },
  {
    ...{ list: 'dhcp-snippets/', kind: 'dhcp-snippet', model: 'DHCPSnippet' },
    ...{ form: { name: 's', value: 'option interface-mtu 1400;' }, change: { enabled: 'false' } },
    ...{ shown: { enabled: false, value: 'option interface-mtu 1400;', global_snippet: true } },
    bad: [
      ['value', { name: 's' }],
      ['value', { name: 's', value: 'option interface-mtu many;' }],
      ['subnet', { name: 's', value: 'filename "a";', subnet: '192.0.2.0/24' }],
      ['node', { name: 's', value: 'filename "a";', node: 'abcdef' }],
    ],
    path: ({ id }) => `dhcp-snippets/${id}/`,
  },
]

async function startWith(t: Parameters<typeof startTestApi>[0], { list }: Case): Promise<TestApi> {
  const api = await startTestApi(t)
  if (list.includes('selections')) await api.post('boot-sources/', { url: 'http://192.0.2.1/' })
  return api
}

for (const one of CASES) {
  t.test(`${one.list} is made, listed, read, changed and deleted`, async (t) => {
    const api = await startWith(t, one)
    const before = (await api.get(one.list)).json.length
    const made = await api.post(one.list, one.form)
    t.equal(made.status, one.created ?? 200, made.text)
    t.strictSame(differences(one.kind, made.json), [])
    const path = one.path(made.json)
    t.equal(`${made.json.resource_uri}`, `/MAAS/api/2.0/${path}`)
    const listed = (await api.get(one.list)).json
    t.equal(listed.length, before + 1)
    for (const item of listed) t.strictSame(differences(one.kind, item), [])
    t.strictSame((await api.get(path)).json, made.json)
    const changed = await api.put(path, one.change)
    t.equal(changed.status, 200, changed.text)
    t.match(changed.json, one.shown)
    const now = one.path(changed.json)
    t.match((await api.get(now)).json, one.shown)
    const gone = await api.delete(now)
    t.equal(gone.status, 204)
    t.equal(gone.text, '')
    for (const answer of [
      await api.get(now),
      await api.delete(now),
      await api.put(now, one.change),
    ]) {
      t.equal(answer.status, 404)
      t.equal(answer.text, `No ${one.model} matches the given query.`)
    }
  })

  t.test(`${one.list} names the field that is wrong, and nothing is made`, async (t) => {
    const api = await startWith(t, one)
    const before = (await api.get(one.list)).text
    for (const [field, form] of one.bad) {
      const { status, json, text } = await api.post(one.list, form)
      t.equal(status, 400, JSON.stringify(form))
      t.ok(json?.[field]?.[0], text)
    }
    t.equal((await api.get(one.list)).text, before)
  })

  t.test(`${one.list} is changed by administrators only`, async (t) => {
    const api = await startWith(t, one)
    const path = one.path((await api.post(one.list, one.form)).json)
    const ask = { key: PLAIN }
    t.equal((await api.post(one.list, one.form, ask)).status, 403)
    t.equal((await api.put(path, one.change, ask)).status, 403)
    t.equal((await api.delete(path, ask)).status, 403)
    t.equal((await api.get(one.list, ask)).status, one.readers === 'admin' ? 403 : 200)
    t.equal((await api.get(one.list, { key: null })).status, 401)
  })
}

t.test('zones and pools: nodes are moved by name, machines show both', async (t) => {
  const api = await startTestApi(t)
  const machine = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const { system_id: id } = (await api.post('machines/', machine)).json
  await api.post('zones/', { name: 'north' })
  const pool = (await api.post('resourcepools/', { name: 'lab' })).json
  const moved = await api.put(`machines/${id}/`, { zone: 'north', pool: 'lab' })
  t.match(moved.json, { zone: { name: 'north' }, pool: { name: 'lab', id: pool.id } })
  t.equal((await api.get('machines/?zone=north&pool=lab')).json.length, 1)
  t.equal((await api.get('machines/?zone=default')).json.length, 0)
  t.equal((await api.put(`machines/${id}/`, { zone: 'nowhere', hostname: 'x' })).status, 400)
  t.not((await api.get(`machines/${id}/`)).json.hostname, 'x', 'nothing half done')
  const busy = await api.delete(`resourcepool/${pool.id}/`)
  t.equal(busy.status, 400)
  t.match(busy.text, /cannot be deleted: machine .* is in it/)
  t.equal((await api.post('machines/?op=set_zone', { zone: 'default', nodes: id })).status, 204)
  t.equal((await api.get(`machines/${id}/`)).json.zone.name, 'default')
  t.equal((await api.post('nodes/?op=set_zone', { zone: 'north', nodes: 'nobody' })).status, 400)
  t.equal(
    (await api.post('nodes/?op=set_zone', { nodes: id })).json.zone[0],
    'This field is required.',
  )
  t.equal((await api.delete('zones/default/')).status, 400)
  t.equal((await api.get(`resourcepools/${pool.id}/`)).json.name, 'lab', 'the plural path')
})

t.test('tags: nodes get them, lose them and are listed by them', async (t) => {
  const api = await startTestApi(t)
  const machine = { architecture: 'amd64', mac_addresses: 'aa:bb:cc:00:00:02' }
  const { system_id: id } = (await api.post('machines/', machine)).json
  const device = (await api.post('devices/', { mac_addresses: 'aa:bb:cc:00:00:04' })).json.system_id
  await api.post('tags/', { name: 'gpu', definition: '//node' })
  const update = (form: Form) => api.post('tags/gpu/?op=update_nodes', form)
  t.strictSame((await update({ add: `${id},${device},nobody` })).json, { added: 2, removed: 0 })
  t.equal((await api.get('tags/gpu/?op=nodes')).json.length, 2)
  t.match((await api.get('tags/gpu/?op=machines')).json, [{ system_id: id, tag_names: ['gpu'] }])
  t.match((await api.get('tags/gpu/?op=devices')).json, [{ system_id: device }])
  t.strictSame((await api.get('tags/gpu/?op=rack_controllers')).json, [])
  t.strictSame((await api.get('tags/gpu/?op=region_controllers')).json, [])
  t.equal((await api.get('machines/?tags=gpu')).json.length, 1)
  t.equal((await update({ remove: id, definition: '//other' })).status, 409)
  t.strictSame((await update({ remove: id, definition: '//node' })).json, { added: 0, removed: 1 })
  t.equal((await api.post('tags/gpu/?op=rebuild')).status, 501, 'a definition is not evaluated')
  await api.put('tags/gpu/', { definition: '' })
  t.strictSame((await api.post('tags/gpu/?op=rebuild')).json, { rebuilding: 'gpu' })
  t.equal((await api.get('tags/none/?op=nodes')).status, 404)
  t.equal((await api.post('tags/gpu/op-update_nodes', { add: id })).json.added, 1, 'op as a suffix')
})

t.test('notifications: shown to those they are for, until they dismiss them', async (t) => {
  const api = await startTestApi(t)
  const plain = { key: PLAIN }
  const make = async (form: Form) =>
    (await api.post('notifications/', { message: 'm', ...form })).json.id
  const forUsers = await make({ users: 'true' })
  const forAdmins = await make({ admins: 'true' })
  const forOne = await make({ user: 'plain', dismissable: 'false' })
  const listed = async (ask: object) =>
    (await api.get('notifications/', ask)).json.map(({ id }: { id: number }) => id)
  t.strictSame(await listed(plain), [forUsers, forOne])
  t.strictSame(await listed({}), [forAdmins])
  t.equal((await api.get(`notifications/${forAdmins}/`, plain)).status, 403)
  const dismiss = (id: number) => api.post(`notifications/${id}/?op=dismiss`, {}, plain)
  t.equal((await dismiss(forUsers)).status, 200)
  t.equal((await dismiss(forOne)).status, 403)
  t.equal((await dismiss(forAdmins)).status, 403)
  t.equal((await dismiss(9_999)).status, 404)
  t.strictSame(await listed(plain), [forOne])
})

t.test('snippets: for a subnet or node, with versions to go back to', async (t) => {
  const api = await startTestApi(t)
  const subnet = (await api.post('subnets/', { cidr: '192.0.2.0/24' })).json
  const form = { name: 's', value: 'filename "a";', subnet: '192.0.2.0/24' }
  const made = (await api.post('dhcp-snippets/', form)).json
  t.equal(made.subnet.id, subnet.id)
  t.equal(made.global_snippet, false)
  const path = `dhcp-snippets/${made.id}/`
  const { json } = await api.put(path, { value: 'filename "b";', global_snippet: 'true' })
  t.match(json, { value: 'filename "b";', subnet: null, global_snippet: true })
  t.same(
    json.history.map(({ value }: { value: string }) => value),
    ['filename "b";', 'filename "a";'],
  )
  t.equal((await api.put(path, { global_snippet: 'true', node: 'abcdef' })).status, 400)
  const revert = (to: string) => api.post(`${path}?op=revert`, { to })
  t.equal((await revert('x')).json.to[0], 'Enter a whole number.')
  t.equal((await revert('')).json.to[0], 'This field is required.')
  t.equal((await revert('9999')).status, 400)
  t.equal((await revert(String(made.history[0].id))).json.value, 'filename "a";')
  t.equal((await api.post(`${path}?op=revert`, { to: '-1' }, { key: PLAIN })).status, 403)
})

t.test('scripts: tags, versions, the text itself, and filters of the list', async (t) => {
  const api = await startTestApi(t)
  await api.post('scripts/', { name: 'a', script: '#!/bin/a', tags: 'one' })
  await api.post('scripts/', { name: 'b', script: '#!/bin/b', type: 'commissioning' })
  const path = 'scripts/a'
  t.same((await api.post(`${path}?op=add_tag`, { tag: 'two' })).json.tags, ['one', 'two'])
  t.same((await api.post(`${path}?op=remove_tag`, { tag: 'one' })).json.tags, ['two'])
  t.equal((await api.post(`${path}?op=add_tag`, { tag: 'a b' })).status, 400)
  const first = (await api.get(path)).json.history[0].id
  await api.put(path, { script: '#!/bin/c', comment: 'faster' })
  const download = (query: string) => api.get(`${path}?op=download${query}`)
  t.equal((await download('')).text, '#!/bin/c')
  t.equal((await download(`&revision=${first}`)).text, '#!/bin/a')
  t.equal((await download('&revision=999')).status, 400)
  const { json } = await api.get(`${path}?include_script=true`)
  t.equal(Buffer.from(json.history[0].data, 'base64').toString(), '#!/bin/c')
  t.notOk((await api.get(path)).json.history[0].data)
  t.equal((await api.post(`${path}?op=revert`, { to: '-1' })).status, 200)
  t.equal((await download('')).text, '#!/bin/a')
  const names = async (query: string) =>
    (await api.get(`scripts/?${query}`)).json.map(({ name }: { name: string }) => name)
  t.same(await names('type=commissioning'), ['b'])
  t.same(await names('filters=two'), ['a'])
  t.same(await names('hardware_type=cpu'), [])
  t.equal((await api.get('scripts/?type=joke')).status, 400)
})

t.test('selections belong to a source that exists', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.get('boot-sources/7/selections/')).status, 404)
  t.equal((await api.post('boot-sources/7/selections/', { os: 'a', release: 'b' })).status, 404)
  await api.post('boot-sources/', { url: 'http://192.0.2.1/' })
  await api.post('boot-sources/', { url: 'http://192.0.2.2/' })
  await api.post('boot-sources/1/selections/', { os: 'ubuntu', release: 'noble' })
  t.equal((await api.get('boot-sources/2/selections/')).json.length, 0)
  t.equal((await api.get('boot-sources/2/selections/1/')).status, 404)
})

t.test('discovery: nobody was seen, and says so in MAAS’s shapes', async (t) => {
  const api = await startTestApi(t)
  for (const op of ['', '?op=by_unknown_mac', '?op=by_unknown_ip', '?op=by_unknown_ip_and_mac']) {
    t.strictSame((await api.get(`discovery/${op}`)).json, [])
  }
  t.equal((await api.get('discovery/abc/')).status, 404)
  t.equal((await api.post('discovery/?op=clear', { all: 'true' })).status, 204)
  t.equal((await api.post('discovery/?op=clear')).status, 400)
  t.equal((await api.post('discovery/?op=clear', { all: 'true' }, { key: PLAIN })).status, 403)
  const one = { ip: '192.0.2.1', mac: 'aa:bb:cc:00:00:02' }
  t.equal((await api.post('discovery/?op=clear_by_mac_and_ip', one)).status, 404)
  t.equal((await api.post('discovery/?op=scan')).status, 501)
})
