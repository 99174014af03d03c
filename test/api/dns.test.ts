// domains/, dnsresources/, dnsresourcerecords/: every operation, who may, and how each error is told.
import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'

const DOMAIN_KEYS = [
  ...['authoritative', 'forward_dns_servers', 'id', 'is_default', 'name'],
  ...['resource_record_count', 'resource_uri', 'ttl'],
]
const RESOURCE_KEYS = [
  ...['address_ttl', 'fqdn', 'id', 'ip_addresses', 'resource_records', 'resource_uri'],
]
const RECORD_KEYS = ['fqdn', 'id', 'resource_uri', 'rrdata', 'rrtype', 'ttl']

t.test('domains: listed, created, read, changed, deleted', async (t) => {
  const api = await startTestApi(t)
  t.match((await api.get('domains/')).json, [{ id: 0, name: 'maas', is_default: true }])
  const made = await api.post('domains/', { name: 'example.org', ttl: '60' })
  t.equal(made.status, 200)
  t.strictSame(Object.keys(made.json).toSorted(), DOMAIN_KEYS)
  t.match(made.json, { id: 1, authoritative: true, ttl: 60, is_default: false })
  t.equal(made.json.resource_uri, '/MAAS/api/2.0/domains/1/')
  t.strictSame((await api.get('domains/1')).json, made.json, 'without the final slash too')
  const changed = await api.put('domains/1/', { name: 'example.net', ttl: '' })
  t.match(changed.json, { name: 'example.net', ttl: null })
  const forward = { authoritative: 'false', forward_dns_servers: '192.0.2.1 192.0.2.2' }
  t.strictSame((await api.put('domains/1/', forward)).json.forward_dns_servers, [
    '192.0.2.1',
    '192.0.2.2',
  ])
  t.equal((await api.delete('domains/1/')).status, 204)
  t.equal((await api.get('domains/1/')).status, 404)
  t.equal((await api.get('domains/1/')).text, 'No Domain matches the given query.')
})

t.test('domains: what is refused', async (t) => {
  const api = await startTestApi(t)
  t.strictSame((await api.post('domains/')).json, { name: ['This field is required.'] })
  const twice = await api.post('domains/', { name: 'maas' })
  t.equal(twice.status, 400)
  t.strictSame(twice.json, { name: ['Domain with this Name already exists.'] })
  t.strictSame(Object.keys((await api.post('domains/', { name: 'a b' })).json), ['name'])
  t.strictSame(Object.keys((await api.put('domains/0/', { ttl: '-1' })).json), ['ttl'])
  const last = await api.delete('domains/0/')
  t.equal(last.status, 400)
  t.equal(last.text, 'This domain is the default domain, it cannot be deleted.')
  for (const path of ['domains/9/', 'domains/x/']) {
    t.equal((await api.put(path, { ttl: '5' })).status, 404)
    t.equal((await api.delete(path)).status, 404)
    t.equal((await api.post(`${path}?op=set_default`)).status, 404)
  }
})

t.test('domains: set_default moves the default', async (t) => {
  const api = await startTestApi(t)
  await api.post('domains/', { name: 'example.org' })
  const answer = await api.post('domains/1/?op=set_default')
  t.equal(answer.status, 200)
  t.match(answer.json, { id: 1, is_default: true })
  t.equal((await api.get('domains/0/')).json.is_default, false)
  t.equal((await api.delete('domains/0/')).status, 204)
})

t.test('domains: set_serial takes 32 bits', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.post('domains/?op=set_serial', { serial: '4294967295' })).status, 200)
  for (const serial of ['', '0', '4294967296', 'x']) {
    const answer = await api.post('domains/?op=set_serial', { serial })
    t.equal(answer.status, 400, serial)
    t.strictSame(Object.keys(answer.json), ['serial'])
  }
})

t.test('dnsresources: created by fqdn or by name and domain, read, changed, deleted', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  await api.post('domains/', { name: 'sub.maas' })
  const made = await api.post('dnsresources/', {
    fqdn: 'www.sub.maas',
    ip_addresses: '192.0.2.7,192.0.2.8',
    address_ttl: '5',
  })
  t.equal(made.status, 200)
  t.strictSame(Object.keys(made.json).toSorted(), RESOURCE_KEYS)
  t.match(made.json, { fqdn: 'www.sub.maas', address_ttl: 5 })
  t.match(made.json.ip_addresses, [
    { ip: '192.0.2.7', alloc_type_name: 'User reserved', owner: { username: 'admin' } },
    { ip: '192.0.2.8' },
  ])
  const other = { name: 'db', domain: 'maas', ip_addresses: '203.0.113.1' }
  t.match((await api.post('dnsresources/', other)).json, {
    fqdn: 'db.maas',
    ip_addresses: [{ ip: '203.0.113.1', subnet: null, owner: null }],
  })
  const path = 'dnsresources/1/'
  t.strictSame((await api.get(path)).json, made.json)
  t.equal((await api.put(path, { fqdn: 'web.maas' })).json.fqdn, 'web.maas')
  t.equal((await api.put(path, { name: 'web2' })).json.fqdn, 'web2.maas')
  const changed = await api.put(path, { ip_addresses: '192.0.2.9', address_ttl: '' })
  t.match(changed.json, { address_ttl: null, ip_addresses: [{ ip: '192.0.2.9' }] })
  t.equal((await api.delete(path)).status, 204)
  t.equal((await api.get(path)).text, 'No DNSResource matches the given query.')
})

t.test('dnsresources: the list narrows by fqdn, domain, name and rrtype', async (t) => {
  const api = await startTestApi(t)
  await api.post('domains/', { name: 'example.org' })
  const ip_addresses = '203.0.113.1'
  await api.post('dnsresources/', { fqdn: 'a.maas', ip_addresses })
  await api.post('dnsresources/', { fqdn: 'a.example.org', ip_addresses })
  await api.post('dnsresourcerecords/', { fqdn: 't.maas', rrtype: 'txt', rrdata: 'x' })
  const names = async (query: string) =>
    (await api.get(`dnsresources/?${query}`)).json.map((row: { fqdn: string }) => row.fqdn)
  t.strictSame(await names(''), ['a.maas', 'a.example.org', 't.maas'])
  t.strictSame(await names('domain=example.org'), ['a.example.org'])
  t.strictSame(await names('domain=0&name=A'), ['a.maas'])
  t.strictSame(await names('fqdn=a.example.org'), ['a.example.org'])
  t.strictSame(await names('rrtype=TXT'), ['t.maas'])
  t.strictSame(await names('rrtype=A'), ['a.maas', 'a.example.org'])
  t.equal((await api.get('dnsresources/?domain=none')).status, 404)
  t.strictSame(await names('all=true&name=a'), ['a.maas', 'a.example.org'])
})

t.test('dnsresources: what is refused', async (t) => {
  const api = await startTestApi(t)
  const bare = await api.post('dnsresources/', { ip_addresses: '203.0.113.1' })
  t.equal(bare.status, 400)
  t.equal(bare.text, 'Either name and domain (or fqdn) must be specified.')
  const none = await api.post('dnsresources/', { fqdn: 'a.other', ip_addresses: '203.0.113.1' })
  t.equal(none.status, 404)
  const without = await api.post('dnsresources/', { fqdn: 'a.maas' })
  t.strictSame(without.json, { ip_addresses: ['This field is required.'] })
  const bad = await api.post('dnsresources/', { fqdn: 'a.maas', ip_addresses: 'x' })
  t.strictSame(Object.keys(bad.json), ['ip_addresses'])
  await api.post('dnsresources/', { fqdn: 'a.maas', ip_addresses: '203.0.113.1' })
  const twice = await api.post('dnsresources/', { fqdn: 'A.maas', ip_addresses: '203.0.113.1' })
  t.strictSame(twice.json, { name: ['Labels must be unique within their zone.'] })
  for (const path of ['dnsresources/9/', 'dnsresources/x/']) {
    t.equal((await api.put(path)).status, 404)
    t.equal((await api.delete(path)).status, 404)
  }
})

t.test('dnsresourcerecords: created, listed, read, changed, deleted', async (t) => {
  const api = await startTestApi(t)
  const made = await api.post('dnsresourcerecords/', {
    ...{ name: 'mail', domain: 'maas', rrtype: 'mx', rrdata: '10 mx1', ttl: '9' },
  })
  t.equal(made.status, 200)
  t.strictSame(Object.keys(made.json).toSorted(), RECORD_KEYS)
  t.match(made.json, { fqdn: 'mail.maas', rrtype: 'MX', rrdata: '10 mx1', ttl: 9 })
  const path = `dnsresourcerecords/${made.json.id}/`
  t.strictSame((await api.get(path)).json, made.json)
  t.strictSame((await api.get('dnsresourcerecords/?rrtype=MX&domain=maas')).json, [made.json])
  t.strictSame((await api.get('dnsresourcerecords/?name=other')).json, [])
  t.equal((await api.put(path, { rrdata: '20 mx2' })).json.rrdata, '20 mx2')
  t.match((await api.get('domains/0/')).json, { resource_record_count: 1 })
  t.equal((await api.delete(path)).status, 204)
  t.equal((await api.get(path)).text, 'No DNSData matches the given query.')
  t.strictSame((await api.get('dnsresources/')).json, [], 'the bare name went with it')
})

t.test('dnsresourcerecords: what is refused', async (t) => {
  const api = await startTestApi(t)
  const ask = (form: Record<string, string>) => api.post('dnsresourcerecords/', form)
  t.equal((await ask({})).text, 'Either name and domain (or fqdn) must be specified.')
  t.equal((await ask({ fqdn: 'a.maas' })).text, 'rrtype must be provided.')
  t.equal((await ask({ fqdn: 'a.maas', rrtype: 'A' })).text, 'rrdata must be provided.')
  const odd = await ask({ fqdn: 'a.maas', rrtype: 'HINFO', rrdata: 'x' })
  t.match(odd.json.rrtype, [/^HINFO is not one of A, AAAA/])
  const bad = await ask({ fqdn: 'a.maas', rrtype: 'MX', rrdata: 'x' })
  t.strictSame(bad.json, { rrdata: ["Invalid MX: Should be '<preference> <server>'."] })
  await ask({ fqdn: 'a.maas', rrtype: 'CNAME', rrdata: 'b' })
  const beside = await ask({ fqdn: 'a.maas', rrtype: 'TXT', rrdata: 'x' })
  t.equal(beside.status, 400)
  t.strictSame(Object.keys(beside.json), ['__all__'])
  for (const path of ['dnsresourcerecords/9/', 'dnsresourcerecords/x/']) {
    t.equal((await api.put(path)).status, 404)
    t.equal((await api.delete(path)).status, 404)
  }
})

t.test('reading is for users, changing for administrators', async (t) => {
  const api = await startTestApi(t)
  await api.post('dnsresourcerecords/', { fqdn: 'a.maas', rrtype: 'TXT', rrdata: 'x' })
  const key = { key: PLAIN }
  const reads = ['domains/', 'domains/0/', 'dnsresources/', 'dnsresources/1/']
  for (const path of [...reads, 'dnsresourcerecords/', 'dnsresourcerecords/1/']) {
    t.equal((await api.get(path, key)).status, 200, path)
    t.equal((await api.get(path, { key: null })).status, 401, path)
    const method = path.match(/\d\/$/) === null ? 'POST' : 'PUT'
    t.equal((await api.ask(method, path, { ...key, form: {} })).status, 403, path)
    if (method === 'PUT') t.equal((await api.delete(path, key)).status, 403, path)
  }
  for (const path of ['domains/?op=set_serial', 'domains/0/?op=set_default']) {
    t.equal((await api.post(path, {}, key)).status, 403, path)
  }
})
