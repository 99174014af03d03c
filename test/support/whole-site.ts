// A whole site as calls of API 2.0, in order: what an operator's script would send. Made by form, multipart and JSON.
export type Fields = Readonly<Record<string, string>>
export type SiteCall = readonly [path: string, fields: Fields]

export const SITE = {
  ...{ fabrics: 3, vlans: 40, subnets: 60, domains: 5, snippets: 12 },
  ...{ ranges: 120, reservedIps: 60, addresses: 120, routes: 59, resources: 20, records: 40 },
} as const

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)
const netOf = (n: number): string => `10.${n}.0`

/** Ids in it are those that a new region gives. */
export function* siteCalls(): Generator<SiteCall> {
  for (const n of numbers(3)) yield ['spaces/', { name: `space ${n}`, description: 'größer' }]
  // Fabric 0 comes with the region.
  for (const n of numbers(SITE.fabrics - 1)) yield ['fabrics/', { name: `hall ${n + 1}` }]
  // One untagged VLAN comes with each fabric.
  for (const n of numbers(SITE.vlans - SITE.fabrics)) {
    const fields = { vid: String(100 + n), mtu: String(1_500 + n), space: `space ${n % 3}` }
    yield [`fabrics/${n % SITE.fabrics}/vlans/`, { ...fields, description: 'a & b = c' }]
  }
  for (const n of numbers(SITE.subnets)) yield* subnetCalls(n)
  yield* nameCalls()
  for (const n of numbers(SITE.snippets)) {
    const where = n % 3 === 0 ? { global_snippet: 'true' } : { subnet: `${netOf(n)}.0/24` }
    const value = `option domain-name "bücher-${n}.example.org";\ndefault-lease-time ${600 + n};`
    yield ['dhcp-snippets/', { name: `snippet ${n}`, value, description: 'two\nlines', ...where }]
  }
}

function* subnetCalls(n: number): Generator<SiteCall> {
  const net = netOf(n)
  const subnet = `${net}.0/24`
  yield [
    'subnets/',
    {
      ...{ cidr: subnet, fabric: String(n % SITE.fabrics), vid: n < 30 ? String(100 + n) : '0' },
      ...{ gateway_ip: `${net}.1`, dns_servers: `${net}.2, ${net}.3`, rdns_mode: '1' },
      ...{ allow_proxy: 'false', managed: n % 10 === 9 ? 'no' : 'yes' },
    },
  ]
  const start = { subnet, comment: 'café' }
  yield ['ipranges/', { type: 'dynamic', start_ip: `${net}.100`, end_ip: `${net}.199`, ...start }]
  yield ['ipranges/', { type: 'reserved', start_ip: `${net}.20`, end_ip: `${net}.29`, ...start }]
  const mac_address = `52:54:00:00:01:${n.toString(16).padStart(2, '0')}`
  yield ['reservedips/', { ip: `${net}.150`, mac_address, comment: `printer ${n}` }]
  yield ['ipaddresses/?op=reserve', { subnet }]
  yield ['ipaddresses/?op=reserve', { ip: `${net}.25` }]
  if (n === 0) return
  const route = { source: `cidr:${subnet}`, destination: '10.0.0.0/24', gateway_ip: `${net}.9` }
  yield ['static-routes/', { ...route, metric: String(n) }]
}

const RECORDS: readonly (readonly [rrtype: string, rrdata: string])[] = [
  ...([
    ['MX', '10 mail.example.org.'],
    ['TXT', 'v=spf1 "größer" & -all'],
  ] as const),
  ...([
    ['SRV', '1 2 5060 sip.example.org.'],
    ['CAA', '0 issue "ca.example.org"'],
  ] as const),
]

function* nameCalls(): Generator<SiteCall> {
  for (const n of numbers(SITE.domains)) {
    yield ['domains/', { name: `d${n}.example.org`, authoritative: 'true' }]
  }
  for (const n of numbers(SITE.resources)) {
    const domain = `d${n % SITE.domains}.example.org`
    const owner = { name: `host-${n}`, domain }
    yield ['dnsresources/', { ...owner, ip_addresses: `192.0.2.${n + 1}`, address_ttl: '60' }]
    for (const at of [n, n + 1]) {
      const [rrtype, rrdata] = RECORDS[at % RECORDS.length] ?? ['TXT', '']
      yield ['dnsresourcerecords/', { ...owner, rrtype, rrdata }]
    }
  }
}
