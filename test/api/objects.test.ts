// The small objects over HTTP: key sets, statuses and texts of each operation (maas-api §4, §8, §9).
import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'

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

/** One region for all kinds; selections want the first boot source to be there and have their own. */
const shared = startTestApi(t)
const selections = startTestApi(t).then(async (api) => {
  await api.post('boot-sources/', { url: 'http://192.0.2.1/' })
  return api
})
const apiFor = ({ list }: Case) => (list.includes('selections') ? selections : shared)

for (const one of CASES) {
  t.test(`${one.list} is made, listed, read, changed and deleted`, async (t) => {
    const api = await apiFor(one)
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
    const api = await apiFor(one)
    const before = (await api.get(one.list)).text
    for (const [field, form] of one.bad) {
      const { status, json, text } = await api.post(one.list, form)
      t.equal(status, 400, JSON.stringify(form))
      t.ok(json?.[field]?.[0], text)
    }
    t.equal((await api.get(one.list)).text, before)
  })

  t.test(`${one.list} is changed by administrators only`, async (t) => {
    const api = await apiFor(one)
    const path = one.path((await api.post(one.list, one.form)).json)
    const ask = { key: PLAIN }
    t.equal((await api.post(one.list, one.form, ask)).status, 403)
    t.equal((await api.put(path, one.change, ask)).status, 403)
    t.equal((await api.delete(path, ask)).status, 403)
    t.equal((await api.get(one.list, ask)).status, one.readers === 'admin' ? 403 : 200)
    t.equal((await api.get(one.list, { key: null })).status, 401)
  })
}
