// A whole site is built through the API alone by form bodies, by multipart bodies as MAAS's own clients write them, and
// by JSON: the states are equal to the last row.
import { createHash } from 'node:crypto'
import t from 'tap'
import { digest } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import { startTestApi, SYSTEM, type Answer, type Ask, type TestApi } from './support/api.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

type Fields = Record<string, string>
type Send = (api: TestApi, path: string, fields: Fields) => Promise<Answer>

const BOUNDARY = '===============8628965895483672256=='

/** Base64 parts, quoted boundary, an empty line after each part, no line end after the last (maas-api §3). */
function multipart(fields: Fields): Ask {
  const parts = Object.entries(fields).map(([name, value]) =>
    [
      `--${BOUNDARY}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: form-data; name="${name}"`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset="utf-8"',
      '',
      Buffer.from(value).toString('base64'),
      '',
      '',
    ].join('\r\n'),
  )
  return {
    body: `${parts.join('')}--${BOUNDARY}--`,
    headers: { 'content-type': `multipart/form-data; boundary="${BOUNDARY}"` },
  }
}

const SENDERS: Readonly<Record<string, Send>> = {
  form: (api, path, form) => api.ask('POST', path, { form }),
  multipart: (api, path, fields) => api.ask('POST', path, multipart(fields)),
  json: (api, path, json) => api.ask('POST', path, { json }),
}

const FABRICS = 3
const VLANS = 40
const SUBNETS = 60
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

/** Path and fields of every call, in order. Ids are those that a new region gives. */
function* calls(): Generator<readonly [path: string, fields: Fields]> {
  for (const n of numbers(3)) yield ['spaces/', { name: `space ${n}`, description: 'größer' }]
  // Fabric 0 comes with the region.
  for (const n of numbers(FABRICS - 1)) yield ['fabrics/', { name: `hall ${n + 1}` }]
  // One untagged VLAN comes with each fabric.
  for (const n of numbers(VLANS - FABRICS)) {
    const fields = { vid: String(100 + n), mtu: String(1_500 + n), space: `space ${n % 3}` }
    yield [`fabrics/${n % FABRICS}/vlans/`, { ...fields, description: 'a & b = c' }]
  }
  for (const n of numbers(SUBNETS)) {
    const net = `10.${n}.0`
    const fabric = n % FABRICS
    yield [
      'subnets/',
      {
        ...{ cidr: `${net}.0/24`, fabric: String(fabric), vid: n < 30 ? String(100 + n) : '0' },
        ...{ gateway_ip: `${net}.1`, dns_servers: `${net}.2, ${net}.3`, rdns_mode: '1' },
        ...{ allow_proxy: 'false', managed: n % 10 === 9 ? 'no' : 'yes' },
      },
    ]
    const start = { subnet: `${net}.0/24`, comment: 'café' }
    yield ['ipranges/', { type: 'dynamic', start_ip: `${net}.100`, end_ip: `${net}.199`, ...start }]
    yield ['ipranges/', { type: 'reserved', start_ip: `${net}.20`, end_ip: `${net}.29`, ...start }]
    const mac_address = `52:54:00:00:01:${n.toString(16).padStart(2, '0')}`
    yield ['reservedips/', { ip: `${net}.150`, mac_address, comment: `printer ${n}` }]
    yield ['ipaddresses/?op=reserve', { subnet: `${net}.0/24` }]
    yield ['ipaddresses/?op=reserve', { ip: `${net}.25` }]
    if (n === 0) continue
    const source = { source: `cidr:${net}.0/24`, destination: '10.0.0.0/24' }
    yield ['static-routes/', { ...source, gateway_ip: `${net}.9`, metric: String(n) }]
  }
}

/** Digest of all rows but the audit, which has ids of requests; the clock of the tests stands still. */
function digestOf(state: RegionState): string {
  const hash = createHash('sha256')
  digest(state, (line) => {
    if (!line.startsWith('{"table":"auditEvents"')) hash.update(line)
  })
  return hash.digest('hex')
}

t.test('one site by three encodings', async (t) => {
  const digests: string[] = []
  for (const [name, send] of Object.entries(SENDERS)) {
    const api = await startTestApi(t)
    // Its salt is random; nothing of the site is.
    await api.region.propose(
      { type: 'user.update', id: 1 as never, set: { passwordHash: '' } },
      { actor: SYSTEM },
    )
    for (const [path, fields] of calls()) {
      const answer = await send(api, path, fields)
      if (answer.status !== 200) throw new Error(`${name} ${path}: ${answer.text}`)
    }
    const { state } = api.region.local()
    t.same(
      [state.fabrics, state.vlans, state.subnets, state.ipRanges].map(({ size }) => size),
      [FABRICS, VLANS, SUBNETS, 2 * SUBNETS],
      name,
    )
    t.same(
      [state.reservations, state.ipAddresses, state.staticRoutes].map(({ size }) => size),
      [SUBNETS, 2 * SUBNETS, SUBNETS - 1],
      name,
    )
    t.match((await api.get('spaces/')).json[0], { description: 'größer' })
    digests.push(digestOf(state))
  }
  t.equal(new Set(digests).size, 1)
})
