// IPv6 through API 2.0: MAAS's shapes and statuses, text as RFC 5952 has it, whatever text came in.
import t from 'tap'
import { makeIpv6 } from '#model/ipv6.ts'
import { differences } from '#tools/walk/key-check.ts'
import { startTestApi } from './support/api.ts'

const CIDR = '2001:db8:1::/64'
const NAME = encodeURIComponent(CIDR)
type Shown = { readonly ip: string; readonly start: string; readonly end: string }

async function startIpv6(t: Parameters<typeof startTestApi>[0]) {
  const api = await startTestApi(t)
  const made = await api.post('subnets/', {
    ...{ cidr: '2001:0DB8:1:0::77/64', gateway_ip: '2001:DB8:1::0001', rdns_mode: '1' },
    ...{ dns_servers: '192.0.2.53 2001:0db8:0::53', allow_proxy: 'false' },
  })
  t.equal(made.status, 200, made.text)
  return { api, made }
}

t.test('a subnet, by its CIDR too', async (t) => {
  const { api, made } = await startIpv6(t)
  t.same(differences('subnet', made.json), [])
  t.match(made.json, {
    ...{ cidr: CIDR, name: CIDR, gateway_ip: '2001:db8:1::1', rdns_mode: 1, allow_proxy: false },
    dns_servers: ['192.0.2.53', '2001:db8::53'],
  })
  for (const specifier of [NAME, `cidr:${NAME}`, 'ip:2001:db8:1::5', `name:${NAME}`]) {
    t.equal((await api.get(`subnets/${specifier}/`)).json.id, made.json.id, specifier)
  }
  const again = await api.post('subnets/', { cidr: '2001:db8:1::9/64' })
  t.match([again.status, again.json.cidr?.[0]], [400, /2001:db8:1::\/64 already exists/])
  t.match((await api.post('subnets/', { cidr: '2001:db8::/129' })).json.cidr[0], /not an IPv4 or/)
  t.match((await api.get('networks/')).json[0], {
    ip: '2001:db8:1::',
    netmask: 'ffff:ffff:ffff:ffff::',
  })
})

t.test('addresses: next free, by name, released, refused', async (t) => {
  const { api } = await startIpv6(t)
  const ask = (form: Record<string, string>) => api.post('ipaddresses/?op=reserve', form)
  const next = await ask({ subnet: CIDR })
  t.match(next.json, { ip: '2001:db8:1::1:0:0', alloc_type: 4, subnet: { cidr: CIDR } })
  t.same(differences('ipaddress', next.json), [])
  const named = await ask({ ip: '2001:0db8:1::00AA', hostname: 'box' })
  t.equal(named.json.ip, '2001:db8:1::aa')
  const twice = await ask({ ip: '2001:db8:1::aa' })
  t.match([twice.status, twice.text], [409, /2001:db8:1::aa is already in use/])
  const anycast = await ask({ subnet: CIDR, ip: '2001:db8:1::' })
  t.match([anycast.status, anycast.text], [409, /is not a host address/])
  const ips = ((await api.get('ipaddresses/')).json as Shown[]).map(({ ip }) => ip)
  t.same(ips, ['2001:db8:1::aa', '2001:db8:1::1:0:0'])
  t.equal((await api.get('ipaddresses/?ip=2001:DB8:1::AA')).json.length, 1)
  t.equal((await api.post('ipaddresses/?op=release', { ip: '2001:DB8:1::AA' })).status, 204)
  t.equal((await api.post('ipaddresses/?op=release', { ip: '2001:db8:1::aa' })).status, 404)
  const bad = await api.post('ipaddresses/?op=release', { ip: '2001:db8:1::xx' })
  t.match([bad.status, bad.text], [400, /Enter a valid IPv4 or IPv6 address/])
  const declined = { ip: '2001:db8:1::1:0:0', discovered: 'true' }
  t.equal((await api.post('ipaddresses/?op=release', declined)).status, 404)
})

t.test('ranges, and how a /64 is used: numbers, rounded beyond 2^53', async (t) => {
  const { api } = await startIpv6(t)
  const range = { type: 'dynamic', start_ip: '2001:db8:1::1:0000', end_ip: '2001:db8:1::1:ffff' }
  const made = await api.post('ipranges/', range)
  t.match(made.json, { start_ip: '2001:db8:1::1:0', end_ip: '2001:db8:1::1:ffff' })
  t.same(differences('iprange', made.json), [])
  const small = await api.post('ipranges/', {
    ...range,
    start_ip: '2001:db8:1::5',
    end_ip: '2001:db8:1::6',
  })
  t.match([small.status, small.text], [400, /at least 256/])
  const { json, text } = await api.get(
    `subnets/${NAME}/?op=statistics&include_ranges=1&include_suggestions=1`,
  )
  t.match(json, {
    ...{ ip_version: 6, first_address: '2001:db8:1::', total_addresses: 2 ** 64 },
    ...{ num_unavailable: 2 ** 32, usage: 2 ** -32, usage_string: '0%', available_string: '100%' },
    suggested_gateway: '2001:db8:1::1:0:0',
  })
  t.match(text, /"total_addresses":18446744073709552000,/, 'no text, no exponent')
  const used = (await api.get(`subnets/${NAME}/?op=reserved_ip_ranges`)).json as Shown[]
  t.match(used[0], { start: '2001:db8:1::', end: '2001:db8:1::', purpose: ['rfc-4291-2.6.1'] })
  const free = (await api.get(`subnets/${NAME}/?op=unreserved_ip_ranges`)).json
  t.match(free, [{ start: '2001:db8:1::1:0:0', end: '2001:db8:1:0:ffff:ffff:ffff:ffff' }])
  await api.post('ipaddresses/?op=reserve', { subnet: CIDR })
  const lines = (await api.get(`subnets/${NAME}/?op=ip_addresses`)).json as Shown[]
  t.same(
    lines.map(({ ip }) => ip),
    ['2001:db8:1::1:0:0'],
  )
})

t.test('routes, reserved IPs and names', async (t) => {
  const { api } = await startIpv6(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  await api.post('subnets/', { cidr: '2001:db8:2::/64' })
  const route = { source: CIDR, destination: '2001:db8:2::/64', gateway_ip: '2001:db8:1:0:0::1' }
  t.match((await api.post('static-routes/', route)).json, { gateway_ip: '2001:db8:1::1' })
  const mixed = await api.post('static-routes/', { ...route, destination: '192.0.2.0/24' })
  t.match([mixed.status, mixed.json.destination?.[0]], [400, /same IP version/])
  const kept = { ip: '2001:db8:1::0b', mac_address: '52:54:00:00:00:01' }
  t.match((await api.post('reservedips/', kept)).json, {
    ip: '2001:db8:1::b',
    subnet: { cidr: CIDR },
  })
  const dns = { fqdn: 'web.maas', ip_addresses: '2001:DB8:1::c 192.0.2.7' }
  const { json } = await api.post('dnsresources/', dns)
  t.same(
    (json.ip_addresses as Shown[]).map(({ ip }) => ip),
    ['2001:db8:1::c', '192.0.2.7'],
  )
  const explained = await api.get('/api/v1/explain/address/2001:DB8:1::b')
  t.match(explained.json, {
    ...{ ip: '2001:db8:1::b', subnet: { cidr: CIDR }, reserved_ip: { mac: kept.mac_address } },
    by_name: { given: false },
  })
})

t.test(
  'requests at once for a /120: 255 owners, each address once, the rest refused',
  async (t) => {
    const api = await startTestApi(t)
    await api.post('subnets/', { cidr: '2001:db8:7::/120', gateway_ip: '2001:db8:7::1' })
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        // Every third one by name, of which many are asked for as the next one too.
        const ip = n % 3 === 0 ? { ip: `2001:db8:7::${(n / 3 + 2).toString(16)}` } : {}
        return await api.post('ipaddresses/?op=reserve', { subnet: '2001:db8:7::/120', ...ip })
      }),
    )
    const given = answers.filter(({ status }) => status === 200).map(({ json }) => String(json.ip))
    t.equal(new Set(given).size, given.length, 'no address twice')
    const rest = answers.filter(({ status }) => status !== 200)
    t.ok(rest.every(({ text }) => /already in use|No more addresses available/.test(text)))
    let more = given.length
    while (
      (await api.post('ipaddresses/?op=reserve', { subnet: '2001:db8:7::/120' })).status === 200
    )
      more++
    t.equal(more, 254, 'all but the anycast address and the gateway')
  },
)

t.test('a cluster of an older level is not asked for an IPv6 subnet', async (t) => {
  const api = await startTestApi(t)
  Object.defineProperty(api.region.local().state, 'featureLevel', { value: 2 })
  const { status, text } = await api.post('subnets/', { cidr: CIDR })
  t.match([status, text], [503, /An IPv6 subnet needs feature level 3, the cluster is at 2/])
})

t.test('watchers are told addresses as text', async (t) => {
  const { renderBatch } = await import('#api/v1/render-change.ts')
  const ip = makeIpv6(0x20010db8000000000000000000000001n)
  const row = { ip, subnetId: 1, allocType: 4 }
  const cidr = { network: ip, prefix: 128 }
  const changes = [
    { table: 'ipAddresses', key: ip, row },
    { table: 'subnets', key: 1, row: { cidr, gatewayIp: ip } },
  ]
  const batch = { revision: 1, stamp: 1, wall: 1, changes }
  const shown = JSON.parse(renderBatch(batch as never) ?? '') as { changes: unknown }
  t.match(shown.changes, [
    { key: '2001:db8::1', row: { ip: '2001:db8::1' } },
    { row: { cidr: '2001:db8::1/128', gateway_ip: '2001:db8::1' } },
  ])
})
