// Every operation on the network: statuses, whole key sets, and the sentences of refusals (maas-api §8, §9, §10.3).
import t from 'tap'
import { mac } from '#test/support/region-state.ts'
import { PLAIN } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'
import { startSite } from './support/site.ts'

const ROUTE = { source: '1', destination: '198.51.100.0/24', gateway_ip: '192.0.2.9' }
const RESERVED = { ip: '192.0.2.20', mac_address: mac(1), comment: 'printer' }
const RANGE = { type: 'reserved', start_ip: '192.0.2.30', end_ip: '192.0.2.39', subnet: '1' }

type Form = Record<string, string>
/** One resource: how one is made, read, changed and deleted; `kind` of its key set. */
const RESOURCES: readonly {
  readonly kind: string
  readonly path: string
  readonly create: Form
  readonly update: Form
  readonly bad: Form
  readonly shows: object
  readonly missing: string
  /** Rights of a plain user on create. */
  readonly plain: 200 | 403
  /** Path of the object that was made. */
  readonly at: (id: number) => string
}[] = [
  {
    ...{ kind: 'fabric', path: 'fabrics/', create: { name: 'lab' }, update: { class_type: '10g' } },
    ...{ bad: { name: 'a/b' }, shows: { class_type: '10g' }, missing: 'No Fabric', plain: 403 },
    at: (id) => `fabrics/${id}/`,
  },
  {
    ...{ kind: 'vlan', path: 'fabrics/0/vlans/', create: { vid: '7' }, update: { mtu: '9000' } },
    ...{ bad: { mtu: '9' }, shows: { vid: 7, mtu: 9000 }, missing: 'No VLAN', plain: 403 },
    at: (id) => `vlans/${id}/`,
  },
  {
    ...{ kind: 'vlan', path: 'fabrics/0/vlans/', create: { vid: '8' }, update: { name: 'eight' } },
    ...{ bad: { vid: '0' }, shows: { name: 'eight' }, missing: 'No VLAN', plain: 403 },
    at: (id) => (id === 99 ? 'fabrics/0/vlans/99/' : 'fabrics/0/vlans/8/'),
  },
  {
    ...{ kind: 'space', path: 'spaces/', create: { name: 'dmz' }, update: { description: 'x' } },
    ...{ bad: { name: '\n' }, shows: { description: 'x' }, missing: 'No Space', plain: 403 },
    at: (id) => `spaces/${id}/`,
  },
  {
    ...{ kind: 'subnet', path: 'subnets/', create: { cidr: '203.0.113.0/24' } },
    ...{ update: { managed: 'false' }, bad: { gateway_ip: '10.0.0.1' }, plain: 403 },
    ...{ shows: { managed: false }, missing: 'No Subnet', at: (id: number) => `subnets/${id}/` },
  },
  {
    ...{ kind: 'iprange', path: 'ipranges/', create: RANGE, update: { comment: 'x' } },
    ...{ bad: { end_ip: '192.0.2.3' }, shows: { comment: 'x' }, missing: 'No IPRange', plain: 200 },
    at: (id) => `ipranges/${id}/`,
  },
  {
    ...{ kind: 'static-route', path: 'static-routes/', create: ROUTE, update: { metric: '5' } },
    ...{ bad: { gateway_ip: '198.51.100.1' }, shows: { metric: 5 }, missing: 'No StaticRoute' },
    ...{ plain: 403, at: (id: number) => `static-routes/${id}/` },
  },
  {
    ...{ kind: 'reservedip', path: 'reservedips/', create: RESERVED, update: { comment: 'x' } },
    ...{ bad: { ip: '192.0.2.21' }, shows: { comment: 'x' }, missing: 'No ReservedIP', plain: 403 },
    at: (id) => `reservedips/${id}/`,
  },
]

for (const r of RESOURCES) {
  t.test(`${r.path} → ${r.at(7)}: all operations`, async (t) => {
    const api = await startSite(t)
    const known = (await api.get(r.path)).json.length as number
    t.equal((await api.post(r.path, r.create, { key: PLAIN })).status, r.plain)
    if (r.plain === 200) await api.delete(r.at((await api.get(r.path)).json.at(-1).id))
    t.equal(
      (await api.post(r.path, {})).status,
      r.kind === 'fabric' || r.kind === 'space' ? 200 : 400,
    )
    const made = await api.post(r.path, r.create)
    t.equal(made.status, 200, made.text)
    t.same(differences(r.kind, made.json), [])
    const at = r.at(made.json.id)
    t.match(made.json.resource_uri, /^\/MAAS\/api\/2\.0\//)
    t.same((await api.get(at)).json, made.json)
    t.same((await api.get(at.slice(0, -1), { key: PLAIN })).json, made.json, 'also without slash')
    const list = (await api.get(r.path)).json as { id: number }[]
    t.ok(list.length > known && list.some(({ id }) => id === made.json.id))
    for (const item of list) t.same(differences(r.kind, item), [])
    const changed = await api.put(at, r.update)
    t.equal(changed.status, 200, changed.text)
    t.match(changed.json, r.shows)
    t.same(differences(r.kind, changed.json), [])
    t.equal((await api.put(at, r.update, { key: PLAIN })).status, 403)
    const before = api.region.local().revision
    const bad = await api.put(at, r.bad)
    t.equal(bad.status, 400)
    t.same(Object.keys(bad.json), Object.keys(r.bad), bad.text)
    t.same((await api.get(at)).json, changed.json, 'a refusal changes nothing')
    t.ok(api.region.local().revision <= before + 1)
    t.equal((await api.delete(at, { key: PLAIN })).status, 403)
    t.equal((await api.delete(at)).status, 204)
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const gone = await api.ask(method, r.at(99), method === 'PUT' ? { form: r.update } : {})
      t.equal(gone.status, 404)
      t.match(gone.text, r.missing)
    }
    t.equal((await api.get(at)).status, 404)
  })
}

t.test('subnets: every field, and defaults', async (t) => {
  const api = await startSite(t)
  const form = {
    ...{ cidr: '203.0.113.7/24', name: 'n', description: 'd', gateway_ip: '203.0.113.1' },
    ...{ vlan: '5001', rdns_mode: '1', allow_dns: 'no', allow_proxy: 'off', managed: '0' },
    ...{ dns_servers: '203.0.113.2, 203.0.113.3', active_discovery: 'yes' },
    disabled_boot_architectures: 'uefi_arm64,pxe',
  }
  const { json } = await api.post('subnets/', form)
  t.match(json, {
    ...{ cidr: '203.0.113.0/24', name: 'n', description: 'd', gateway_ip: '203.0.113.1' },
    ...{ rdns_mode: 1, allow_dns: false, allow_proxy: false, managed: false },
    ...{ dns_servers: ['203.0.113.2', '203.0.113.3'], active_discovery: true },
    ...{ disabled_boot_architectures: ['uefi_arm64', 'pxe'], space: 'undefined' },
  })
  const cleared = await api.put(`subnets/${json.id}/`, { gateway_ip: '', dns_servers: '' })
  t.match(cleared.json, { gateway_ip: null, dns_servers: [], name: 'n' })
})

const REFUSALS: readonly {
  readonly name: string
  readonly ask: readonly [method: string, path: string, form?: Form]
  readonly status: number
  readonly says: RegExp
}[] = [
  {
    name: 'a range over another',
    ask: ['POST', 'ipranges/', { ...RANGE, end_ip: '192.0.2.110' }],
    status: 400,
    says: /"__all__":\["The range overlaps the dynamic range 192\.0\.2\.100-192\.0\.2\.199/,
  },
  {
    name: 'a range outside',
    ask: ['POST', 'ipranges/', { ...RANGE, start_ip: '10.0.0.1', end_ip: '10.0.0.2' }],
    status: 400,
    says: /"start_ip":\["10\.0\.0\.1 is not a host address of 192\.0\.2\.0\/24/,
  },
  {
    name: 'the subnet of a served range',
    ask: ['DELETE', 'subnets/1/'],
    status: 400,
    says: /DHCP serves its dynamic range 192\.0\.2\.100-192\.0\.2\.199/,
  },
  {
    name: 'a served subnet moves',
    ask: ['PUT', 'subnets/1/', { fabric: '1' }],
    status: 400,
    says: /"vlan":\["DHCP of VLAN untagged serves/,
  },
  {
    name: 'the default fabric',
    ask: ['DELETE', 'fabrics/0/'],
    status: 400,
    says: /^Fabric fabric-0 is the default fabric/,
  },
  {
    name: 'the default VLAN',
    ask: ['DELETE', 'vlans/5001/'],
    status: 400,
    says: /^VLAN untagged is the default VLAN of fabric-0/,
  },
  {
    name: 'the stand-in for no space',
    ask: ['DELETE', 'spaces/undefined/'],
    status: 400,
    says: /^The space that stands for none/,
  },
  {
    name: 'its change',
    ask: ['PUT', 'spaces/-1/', { name: 'x' }],
    status: 400,
    says: /^The space that stands for none/,
  },
  {
    name: 'a reserved IP without a MAC',
    ask: ['POST', 'reservedips/', { ip: '192.0.2.20' }],
    status: 400,
    says: /"mac_address":\["This field is required/,
  },
  {
    name: 'a reserved IP in another subnet than named',
    ask: ['POST', 'reservedips/', { ...RESERVED, subnet: '2' }],
    status: 400,
    says: /"ip":\["The IP address 192\.0\.2\.20 is not in subnet 2/,
  },
  {
    name: 'a reserved IP in no subnet',
    ask: ['POST', 'reservedips/', { ...RESERVED, ip: '10.0.0.1' }],
    status: 400,
    says: /"ip":\["The IP address 10\.0\.0\.1 is not in any subnet/,
  },
  {
    name: 'the gateway as a reserved IP',
    ask: ['POST', 'reservedips/', { ...RESERVED, ip: '192.0.2.1' }],
    status: 400,
    says: /"ip":\["192\.0\.2\.1 is the gateway of subnet 192\.0\.2\.0\/24/,
  },
  {
    name: 'a further rack that is none',
    ask: ['PUT', 'vlans/5001/', { further_racks: 'nobody' }],
    status: 400,
    says: /"further_racks":\["There is no rack controller nobody/,
  },
  {
    name: 'a static route to itself',
    ask: ['POST', 'static-routes/', { ...ROUTE, destination: '1' }],
    status: 400,
    says: /"__all__":\["source and destination cannot be the same subnet/,
  },
  {
    name: 'an address of a dynamic range',
    ask: ['POST', 'ipaddresses/?op=reserve', { ip: '192.0.2.100' }],
    status: 409,
    says: /^The IP address 192\.0\.2\.100 is in the dynamic range/,
  },
  {
    name: 'an address of another subnet',
    ask: ['POST', 'ipaddresses/?op=reserve', { ip: '192.0.2.50', subnet: '2' }],
    status: 409,
    says: /is not a host address of 198\.51\.100\.0\/24/,
  },
  {
    name: 'nowhere to reserve',
    ask: ['POST', 'ipaddresses/?op=reserve', {}],
    status: 400,
    says: /^Name a subnet/,
  },
  {
    name: 'releasing what nobody has',
    ask: ['POST', 'ipaddresses/?op=release', { ip: '192.0.2.50' }],
    status: 404,
    says: /^No StaticIPAddress matches/,
  },
  {
    name: 'forgetting what nobody declined',
    ask: ['POST', 'ipaddresses/?op=release', { ip: '192.0.2.50', discovered: 'true' }],
    status: 404,
    says: /^No StaticIPAddress matches/,
  },
]
for (const { name, ask, status, says } of REFUSALS) {
  t.test(`refused: ${name}`, async (t) => {
    const api = await startSite(t)
    await api.post('fabrics/', {})
    const [method, path, form] = ask
    const answer = await api.ask(method, path, form === undefined ? {} : { form })
    t.equal(answer.status, status, answer.text)
    t.match(answer.text, says)
  })
}

t.test('a subnet with an address goes by force only', async (t) => {
  const api = await startSite(t)
  await api.post('ipaddresses/?op=reserve', { ip: '198.51.100.9' })
  const refused = await api.delete('subnets/2/')
  t.equal(refused.status, 400)
  t.match(refused.text, /address 198\.51\.100\.9 is reserved/)
  t.equal((await api.delete('subnets/2/?force=true')).status, 204)
  t.equal((await api.get('ipaddresses/?all=true&ip=198.51.100.9')).json.length, 0)
})

t.test('a third rack is shown when there is one', async (t) => {
  const api = await startSite(t)
  const { json } = await api.put('vlans/5001/', { further_racks: 'host-rack03' })
  t.same(json.further_racks, ['rack03'])
  const cleared = await api.put('vlans/5001/', { further_racks: '' })
  t.same(differences('vlan', cleared.json), [])
})

t.test('a VLAN relays to another one, or serves', async (t) => {
  const api = await startSite(t)
  await api.post('fabrics/0/vlans/', { vid: '7' })
  const relayed = (await api.put('fabrics/0/vlans/7/', { relay_vlan: '5001' })).json
  t.same(differences('vlan', relayed), [])
  t.match(relayed, { relay_vlan: { id: 5001, relay_vlan: null } })
  const both = await api.put('vlans/5001/', { relay_vlan: String(relayed.id) })
  t.match(both.json, { relay_vlan: [/cannot be relayed/] })
})

t.test('spaces: what is in none is in `undefined`', async (t) => {
  const api = await startSite(t)
  const { json } = await api.get('spaces/')
  t.match(json, [
    { id: -1, name: 'undefined', vlans: [{ id: 5001 }], subnets: [{ id: 1 }, { id: 2 }] },
  ])
  t.same(differences('space', json[0]), [])
  t.same((await api.get('spaces/undefined/')).json, json[0])
})
