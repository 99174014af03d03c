// Domains, DNS resources and records in the replicated state: what is accepted, what is refused and why.
import t from 'tap'
import type { DnsRecordId, DnsResourceId, DomainId, UserId } from '#model/ids.ts'
import type { CommandOf } from '#state/command.ts'
import { defaultDomainOf, domainOf, domainsOf, serialOffsetOf } from '#state/query-dns.ts'
import { ip, makeLab, makeServedLab, type Lab } from '#test/support/region-state.ts'

const FIRST = 0 as DomainId
const userId = 1 as UserId

function domain(name: string, more: Partial<CommandOf<'domain.create'>> = {}) {
  const fields = { authoritative: true, ttl: null, forwardDnsServers: [] }
  return { type: 'domain.create' as const, name, ...fields, ...more }
}

function resource(name: string, addresses: readonly string[], domainId = FIRST) {
  const fields = { name, domainId, addressTtl: null, addresses: addresses.map(ip) }
  return { type: 'dnsResource.create' as const, userId, ...fields }
}

function record(name: string, rrtype: string, rrdata: string, ttl: number | null = null) {
  const fields = { domainId: FIRST, name, ttl, rrtype: rrtype as never, rrdata }
  return { type: 'dnsRecord.create' as const, ...fields }
}

t.test('the first domain is there before any row, and becomes one', (t) => {
  const lab = makeLab()
  t.match(domainsOf(lab.state), [{ id: 0, name: 'maas', authoritative: true }])
  t.equal(domainOf(lab.state, FIRST)?.name, 'maas')
  t.equal(lab.state.domains.size, 0)
  t.same(lab.ok(domain('example.org')), { id: 1 })
  t.same(
    domainsOf(lab.state).map(({ id, name }) => [id, name]),
    [
      [0, 'maas'],
      [1, 'example.org'],
    ],
  )
  t.equal(domainOf(lab.state, 7 as DomainId), undefined)
  t.end()
})

t.test('the setting names the default domain', (t) => {
  const lab = makeLab()
  lab.ok({ type: 'setting.put', name: 'default_domain', value: 'lan.example' })
  t.equal(defaultDomainOf(lab.state).name, 'lan.example')
  const { id } = lab.ok(domain('example.org'))
  lab.ok({ type: 'domain.setDefault', id })
  t.equal(lab.state.settings.get('default_domain')?.value, 'example.org')
  lab.ok({ type: 'domain.update', id, set: { name: 'example.net' } })
  t.equal(defaultDomainOf(lab.state).id, id, 'a new name keeps it the default')
  t.equal(lab.state.settings.get('default_domain')?.value, 'example.net')
  t.match(lab.refused({ type: 'domain.delete', id }), { message: /is the default domain/ })
  lab.ok({ type: 'domain.delete', id: FIRST })
  t.end()
})

const BAD_DOMAINS: readonly [Partial<CommandOf<'domain.create'>>, string][] = [
  [{ name: '' }, 'name'],
  [{ name: 'a..b' }, 'name'],
  [{ name: '-a.example' }, 'name'],
  [{ name: 'a.example.' }, 'name'],
  [{ name: `${'x'.repeat(64)}.example` }, 'name'],
  [{ name: Array(64).fill('abc').join('.') }, 'name'],
  [{ name: 'MAAS' }, 'name'],
  [{ ttl: -1 }, 'ttl'],
  [{ ttl: 2 ** 31 }, 'ttl'],
  [{ forwardDnsServers: ['192.0.2.1'] }, 'forward_dns_servers'],
  [{ authoritative: false, forwardDnsServers: ['x'] }, 'forward_dns_servers'],
]

t.test('domains that are refused, with the field at fault', (t) => {
  const lab = makeLab()
  lab.ok(domain('other.example'))
  for (const [change, field] of BAD_DOMAINS) {
    const refusal = lab.refused({ ...domain('example.org'), ...change })
    t.same(Object.keys(refusal.fields ?? {}), [field], JSON.stringify(change).slice(0, 60))
  }
  t.equal(lab.state.domains.size, 2)
  t.end()
})

t.test('a domain with names in it stays, and says which', (t) => {
  const lab = makeLab()
  const { id } = lab.ok(domain('example.org'))
  const www = lab.ok(resource('www', ['203.0.113.1'], id))
  t.match(lab.refused({ type: 'domain.delete', id }), { message: /DNS resource www is in it/ })
  lab.ok({ type: 'dnsResource.delete', id: www.id })
  lab.ok({ type: 'domain.delete', id })
  t.end()
})

t.test('the serial counts from what was set', (t) => {
  const lab = makeLab()
  lab.ok({ type: 'domain.setSerial', serial: 4_294_967_295 })
  t.equal((serialOffsetOf(lab.state) + lab.state.revision) >>> 0, 4_294_967_295)
  lab.ok(domain('example.org'))
  t.equal((serialOffsetOf(lab.state) + lab.state.revision) >>> 0, 0, 'and wraps (RFC 1982)')
  for (const serial of [0, -1, 1.5, 2 ** 32]) {
    t.equal(lab.refused({ type: 'domain.setSerial', serial }).code, 'VALIDATION')
  }
  t.end()
})

function ownerOf(lab: Lab, address: string): number | null | undefined {
  return lab.state.ipAddresses.get(ip(address))?.userId
}

t.test('a free address of a subnet is reserved with the name and goes free with it', (t) => {
  const lab = makeServedLab()
  const { id } = lab.ok(resource('www', ['10.0.0.9', '203.0.113.1', '10.0.0.150']))
  t.equal(ownerOf(lab, '10.0.0.9'), 1)
  t.same(lab.state.dnsResources.get(id)?.reserved, [ip('10.0.0.9')], 'not in the dynamic range')
  const reserve = { type: 'address.reserve' as const, subnetId: 1 as never, ip: ip('10.0.0.9') }
  const more = { userId, hostname: '', mac: null }
  t.equal(lab.refused({ ...reserve, ...more }).code, 'ADDRESS_UNAVAILABLE')
  const addresses = [ip('10.0.0.10')]
  lab.ok({ type: 'dnsResource.update', id, userId, set: { addresses } })
  t.equal(ownerOf(lab, '10.0.0.9'), undefined)
  t.equal(ownerOf(lab, '10.0.0.10'), 1)
  lab.ok({ type: 'dnsResource.delete', id })
  t.equal(ownerOf(lab, '10.0.0.10'), undefined)
  t.equal(lab.state.dnsResources.size, 0)
  t.end()
})

t.test('an address somebody has is named and left to him', (t) => {
  const lab = makeServedLab()
  const taken = ip('10.0.0.9')
  const more = { subnetId: 1 as never, userId: 7 as UserId, hostname: 'his', mac: null }
  lab.ok({ type: 'address.reserve', ip: taken, ...more })
  const { id } = lab.ok(resource('www', ['10.0.0.9']))
  t.same(lab.state.dnsResources.get(id)?.reserved, [])
  lab.ok({ type: 'dnsResource.delete', id })
  t.equal(ownerOf(lab, '10.0.0.9'), 7)
  t.end()
})

t.test('what was released and given to another is not taken from him', (t) => {
  const lab = makeServedLab()
  const { id } = lab.ok(resource('www', ['10.0.0.9']))
  lab.ok({ type: 'address.release', ip: ip('10.0.0.9'), userId, force: false })
  const more = { subnetId: 1 as never, userId: 7 as UserId, hostname: 'his', mac: null }
  lab.ok({ type: 'address.reserve', ip: ip('10.0.0.9'), ...more })
  lab.ok({ type: 'dnsResource.delete', id })
  t.equal(ownerOf(lab, '10.0.0.9'), 7)
  t.end()
})

t.test('names that are refused', (t) => {
  const lab = makeLab()
  lab.ok(resource('www', ['203.0.113.1']))
  const fieldOf = (command: Parameters<Lab['refused']>[0]) =>
    Object.keys(lab.refused(command).fields ?? {})
  t.same(fieldOf(resource('WWW', ['203.0.113.2'])), ['name'], 'unique, ignoring case')
  for (const name of ['', 'a..b', '-a', 'a b', 'a.*', 'é']) {
    t.same(fieldOf(resource(name, ['203.0.113.2'])), ['name'], name)
  }
  t.same(fieldOf(resource('none', [])), ['ip_addresses'])
  t.equal(lab.refused(resource('x', ['203.0.113.2'], 9 as DomainId)).code, 'NOT_FOUND')
  t.equal(lab.state.dnsResources.size, 1)
  lab.ok(resource('@', ['203.0.113.2']))
  lab.ok(resource('*.apps', ['203.0.113.2']))
  t.end()
})

const GOOD_RECORDS: readonly [string, string][] = [
  ['A', '192.0.2.1'],
  ['AAAA', '2001:db8::1'],
  ['CAA', '0 issue "ca.example.net"'],
  ['CNAME', 'www'],
  ['MX', '10 mail.example.org.'],
  ['NS', 'ns1.example.net'],
  ['PTR', 'host.example.org'],
  ['SRV', '0 5 5060 sip'],
  ['SSHFP', `1 2 ${'ab'.repeat(32)}`],
  ['TXT', '"v=spf1 -all" "second"'],
]
const BAD_RECORDS: readonly [string, string][] = [
  ['A', '192.0.2.256'],
  ['AAAA', '2001:db8'],
  ['AAAA', '1::2::3'],
  ['CAA', '256 issue "x"'],
  ['CNAME', 'a b'],
  ['CNAME', '.'],
  ['MX', 'mail'],
  ['MX', '65536 mail'],
  ['NS', ''],
  ['SRV', '0 5 sip'],
  ['SRV', '0 5 70000 sip'],
  ['SSHFP', '1 1 abc'],
  ['SSHFP', '256 1 ab'],
  ['TXT', ''],
  ['TXT', '"open'],
  ['TXT', 'x'.repeat(5_000)],
]

t.test('every type has its form', (t) => {
  const lab = makeLab()
  for (const [type, rrdata] of GOOD_RECORDS) {
    t.ok(lab.ok(record(`n-${type}`, type, rrdata)).id > 0, type)
  }
  for (const [type, rrdata] of BAD_RECORDS) {
    const { fields } = lab.refused(record('bad', type, rrdata))
    t.same(Object.keys(fields ?? {}), ['rrdata'], `${type} ${rrdata.slice(0, 20)}`)
  }
  t.same(Object.keys(lab.refused(record('bad', 'HINFO', 'x')).fields ?? {}), ['rrtype'])
  t.equal(lab.state.dnsResourcesByName.first('0/bad'), undefined, 'no name is left behind')
  t.end()
})

t.test('a CNAME is alone, and no domain is one', (t) => {
  const lab = makeLab()
  lab.ok(record('alias', 'CNAME', 'www'))
  t.match(lab.refused(record('alias', 'CNAME', 'other')).message, 'Only one CNAME')
  t.match(lab.refused(record('alias', 'TXT', 'x')).message, 'cannot coexist')
  lab.ok(record('text', 'TXT', 'x'))
  t.match(lab.refused(record('text', 'CNAME', 'www')).message, 'cannot coexist')
  lab.ok(resource('host', ['203.0.113.1']))
  t.match(lab.refused(record('host', 'CNAME', 'www')).message, 'cannot coexist')
  const id = lab.state.dnsResourcesByName.first('0/alias')?.id as DnsResourceId
  const set = { addresses: [ip('203.0.113.2')] }
  t.match(lab.refused({ type: 'dnsResource.update', id, userId, set }).message, 'CNAME present')
  t.same(Object.keys(lab.refused(record('@', 'CNAME', 'www')).fields ?? {}), ['rrtype'])
  t.end()
})

t.test('one TTL for all records of a type at a name (RFC 2181 §5.2)', (t) => {
  const lab = makeLab()
  lab.ok(record('text', 'TXT', 'a', 60))
  t.same(Object.keys(lab.refused(record('text', 'TXT', 'b', 30)).fields ?? {}), ['ttl'])
  t.match(lab.refused(record('text', 'TXT', 'a', 60)).message, 'has this record already')
  lab.ok(record('text', 'TXT', 'b', 60))
  lab.ok(record('text', 'MX', '1 mail', 30))
  t.end()
})

t.test('records change, and a bare name goes with its last one', (t) => {
  const lab = makeLab()
  const { id } = lab.ok(record('text', 'TXT', 'a'))
  lab.ok({ type: 'dnsRecord.update', id, set: { rrdata: 'b' } })
  t.equal(lab.state.dnsRecords.get(id)?.rrdata, 'b')
  const set = { rrtype: 'MX' as const }
  t.match(lab.refused({ type: 'dnsRecord.update', id, set }).message, 'Invalid MX')
  lab.ok({ type: 'dnsRecord.delete', id })
  t.equal(lab.state.dnsResources.size, 0)
  t.equal(lab.refused({ type: 'dnsRecord.delete', id }).code, 'NOT_FOUND')
  const none = 99 as DnsRecordId
  t.equal(lab.refused({ type: 'dnsRecord.update', id: none, set }).code, 'NOT_FOUND')
  t.end()
})

t.test('a longer name of the domain must leave room', (t) => {
  const lab = makeLab()
  lab.ok(resource(Array(60).fill('abc').join('.'), ['203.0.113.1']))
  const set = { name: `${'x'.repeat(30)}.example` }
  t.same(Object.keys(lab.refused({ type: 'domain.update', id: FIRST, set }).fields ?? {}), ['name'])
  t.end()
})
