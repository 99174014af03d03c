// What DNS would answer for a name, and the rows that it is from.
import t, { type Test } from 'tap'
import { ZoneData } from '#rack/dns/zone-data.ts'
import { resolve } from '#rack/dns/answer.ts'
import { dnsView } from '#node/rack-view.ts'
import { bind, mac } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM, type TestApi } from '../support/api.ts'
import { startSite } from '../support/site.ts'

async function makeSite(t: Test): Promise<TestApi> {
  const api = await startSite(t)
  await api.post('domains/', { name: 'lab.example', ttl: '60' })
  const resource = (fqdn: string, addresses: string) =>
    api.post('dnsresources/', { fqdn, ip_addresses: addresses })
  const record = (fqdn: string, type: string, data: string) =>
    api.post('dnsresourcerecords/', { fqdn, rrtype: type, rrdata: data })
  await resource('www.lab.example', '192.0.2.40')
  await resource('deep.er.lab.example', '192.0.2.41')
  await record('alias.lab.example', 'CNAME', 'www.lab.example')
  await record('*.wild.lab.example', 'TXT', 'any')
  await record('sub.lab.example', 'NS', 'ns.elsewhere.example')
  const client = `1-${mac(1).replaceAll(':', '')}`
  const leased = bind(1, '192.0.2.150', { client, hostname: 'laptop' })
  await api.region.propose(leased, { actor: SYSTEM })
  return api
}

const CASES: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
  ['www.lab.example', 'A', 'records', /192\.0\.2\.40/, /resource/],
  ['alias.lab.example', 'A', 'records', /192\.0\.2\.40/, /record/],
  ['www.lab.example', 'MX', 'nodata', /The name has A, and no MX/, /^/],
  ['er.lab.example', 'A', 'nodata', /exists because others are below it/, /^/],
  ['nothing.lab.example', 'A', 'nxdomain', /no wildcard covers it/, /^/],
  ['x.wild.lab.example', 'TXT', 'records', /any/, /^/],
  ['host.sub.lab.example', 'A', 'referral', /hands it on/, /^/],
  ['laptop.maas', 'A', 'records', /192\.0\.2\.150/, /address 192\.0\.2\.150/],
  ['150.2.0.192.in-addr.arpa', 'PTR', 'records', /laptop\.maas/, /address/],
  ['example.org', 'A', 'forwarded', /no server to ask/, /^/],
]

for (const [name, type, answer, expected, source] of CASES) {
  t.test(`${name} ${type}: ${answer}`, async (t) => {
    const api = await makeSite(t)
    const { json } = await api.get(`/api/v1/explain/name/${name}?type=${type}`, { key: PLAIN })
    t.equal(json.answer, answer, JSON.stringify(json))
    t.match(JSON.stringify(json), expected)
    t.match(JSON.stringify(json.records.map((each: { sources: unknown }) => each.sources)), source)
    t.equal(json.records.length > 0, answer === 'records')
  })
}

t.test('few rows give the answer that all rows give', async (t) => {
  const api = await makeSite(t)
  const { state } = api.region.local()
  const data = new ZoneData()
  data.apply(state.revision, dnsView(state))
  for (const [name, type] of CASES) {
    const { json } = await api.get(`/api/v1/explain/name/${name}?type=${type}`)
    const wire = [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0]
    const code = { A: 1, MX: 15, TXT: 16, PTR: 12 }[type] ?? 0
    const whole = resolve(data, { name: Uint8Array.from(wire), type: code, class: 1 })
    const count = whole.kind === 'answer' ? whole.answer.answers.length : 0
    t.equal(json.records.length, count, `${name} ${type}`)
  }
})

t.test('what is no name or type is refused', async (t) => {
  const api = await startSite(t)
  t.match(await api.get('/api/v1/explain/name/a..b'), {
    status: 400,
    json: { fields: { fqdn: /./ } },
  })
  t.match(await api.get('/api/v1/explain/name/a?type=AXFR'), {
    ...{ status: 400, json: { fields: { type: /./ } } },
  })
})
