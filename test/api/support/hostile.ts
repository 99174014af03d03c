// Requests to an operation that nobody sane would send, beside some that are right: what is right gets far enough to
// break something. Made from the operation's description alone.
import fc from 'fast-check'
import type { Operation, Schema } from './documents.ts'

export type Hostile = {
  readonly api: Operation['api']
  readonly method: string
  readonly path: string
  readonly answer: Operation['answer']
  /** With its query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
  readonly who: 'admin' | 'plain' | 'nobody'
}

type Field = readonly [name: string, value: unknown]

const STRANGE = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '9'.repeat(30),
    '1e400',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '[[[[[[]]]]]]',
  ],
  ...['\u0000', 'a\u0000b', '\u001b[31m', '\r\nX-Evil: 1', '\ud800', '\u202e', '💥'.repeat(40)],
  ...['../../etc/passwd', '%00', '%s%n', "' OR 1=1 --", '<script>', '${x}', '__proto__', ',,,,'],
  ...['{"__proto__":{"a":1}}', '{"a":'.repeat(200), 'x'.repeat(300), 'é'.repeat(5_000)],
]
const HUGE = 'x'.repeat(300_000)
const NAMES = ['__proto__', 'constructor', 'toString', '', 'op', 'a\u0000', 'x'.repeat(400)]

/** Texts that operations take for right, by the name of the parameter. */
const RIGHT: Readonly<Record<string, readonly string[]>> = {
  cidr: ['10.1.0.0/24', '10.2.0.0/16', '10.2.3.0/24', '192.0.2.0/24', '0.0.0.0/0', '10.0.0.1/32'],
  ip: ['192.0.2.9', '192.0.2.1', '10.1.0.5', '255.255.255.255', '2001:db8::1'],
  ...{ start_ip: ['10.1.0.10', '192.0.2.20'], end_ip: ['10.1.0.20', '192.0.2.30'] },
  ...{ gateway_ip: ['192.0.2.1', '10.1.0.1'], ip_addresses: ['192.0.2.7', '192.0.2.7 10.1.0.9'] },
  ...{ mac_address: ['02:00:00:00:00:01'], mac: ['02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff'] },
  mac_addresses: ['02:00:00:00:01:01', '02:00:00:00:01:02,02:00:00:00:01:03'],
  ...{ subnet: ['1', '2', '192.0.2.0/24'], vlan: ['5001', '5002'], fabric: ['0', '1'], vid: ['7'] },
  ...{ source: ['1', '2'], destination: ['2', '1'], domain: ['0', 'maas', '1'], space: ['1', ''] },
  ...{ zone: ['default', 'z1'], pool: ['default'], user: ['plain', 'admin'], owner: ['admin'] },
  ...{ name: ['z1', 'a-name', 'example.org', 'enlist_commissioning'], fqdn: ['a.maas', 'b.maas.'] },
  ...{ rrtype: ['A', 'TXT', 'MX', 'SRV', 'CNAME'], rrdata: ['10 mail', '"x"', 'a.example.org.'] },
  ...{ script: ['#!/bin/sh\n'], content: ['#!/bin/sh\n'], value: ['true', '5', 'option x 1;'] },
  ...{ architecture: ['amd64/generic'], hostname: ['h1', 'a.b.c'], email: ['a@example.org'] },
  ...{ username: ['plain', 'u1'], password: ['a long password'], url: ['http://example.org/'] },
  ...{
    id: ['1', 'rack01'],
    nodes: ['rack01'],
    add: ['rack01'],
    remove: ['rack01'],
    to: ['-1', '1'],
  },
  ...{ keysource: ['gh:somebody'], primary_rack: ['rack01'], secondary_rack: ['rack02'] },
  ...{ block_devices: ['sda', 'sdb', 'sdb,sdc', '1'], partitions: ['sda-part1', '1'] },
  ...{ spare_devices: ['sdd'], backing_device: ['sdb'], cache_device: ['sdc'], cache_set: ['1'] },
  ...{ add_block_devices: ['sdd'], remove_block_devices: ['sdc'], mount_point: ['/', '/a'] },
  ...{ size: ['1G', '64M', '5000000'], boot_size: ['1G', '10%'], root_size: ['50%'], tag: ['ssd'] },
  ...{ level: ['AUDIT', 'DEBUG'], filename: ['f'], file: ['bytes'], parent: ['rack01'] },
}
const PLACES = [
  ...['0', '1', '2', '3', '5001', '5002', '7', 'default', 'plain', 'nobody', 'maas', 'f', 'z1'],
  ...['rack01', 'region-1', '192.0.2.9', '10.1.0.5', 'bench/k', 'custom/a.b', 'f'.repeat(64)],
  ...['disks1', 'sda', 'sdb', 'sdc', 'sda-part1', 'md0'],
  ...['a-name', '192.0.2.0/24', 'cidr:10.1.0.0/24', 'vid:7,fabric:0', 'windows'],
]

const strange = fc.oneof(
  { arbitrary: fc.constantFrom(...STRANGE), weight: 12 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 24 }), weight: 7 },
  fc.constant(HUGE),
)

/** Text that the schema allows, as far as it tells; else what the name makes likely. */
function right(name: string, schema: Schema): fc.Arbitrary<unknown> {
  const known = RIGHT[name]
  const guesses: fc.Arbitrary<unknown>[] = known === undefined ? [] : [fc.constantFrom(...known)]
  if (schema.enum !== undefined) guesses.push(fc.constantFrom(...schema.enum))
  else if (schema.type === 'boolean') guesses.push(fc.boolean())
  else if (schema.type === 'integer') {
    const { minimum: min = 0, maximum: max = 2 ** 31 } = schema
    guesses.push(fc.constantFrom(min, max, Math.min(max, min + 3)))
  } else if (schema.type === 'array' && schema.items !== undefined) {
    guesses.push(fc.array(right(name, schema.items), { maxLength: 3 }))
  } else if (schema.properties !== undefined) guesses.push(rightObject(schema))
  else if (known === undefined) guesses.push(fc.constantFrom('a', 'b-1', '1', 'example.org'))
  return fc.oneof(...guesses)
}

function rightObject(schema: Schema): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema
  const members = Object.entries(properties).map(([name, one]) => [name, right(name, one)] as const)
  return fc.record(Object.fromEntries(members), { requiredKeys: [...required] })
}

/** Most required ones, some of the others, some of all wrong, some twice, some that nobody knows. */
function fieldsOf(schema: Schema): fc.Arbitrary<readonly Field[]> {
  const { properties = {}, required = [] } = schema
  const known = Object.entries(properties).map(([name, one]) => {
    const value = fc.oneof({ arbitrary: right(name, one), weight: 4 }, fc.oneof(strange, fc.json()))
    const field = value.map((given): Field[] => [[name, given]])
    const share = required.includes(name) ? 9 : 1
    return fc.oneof({ arbitrary: field, weight: share }, fc.constant([] as Field[]))
  })
  const name = fc.constantFrom(...NAMES, ...Object.keys(properties))
  const extra = fc.array(fc.tuple(name, strange), { maxLength: 2 })
  const extras = fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, extra)
  return fc.tuple(...known, extras).map((parts) => parts.flat() as Field[])
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** Lists repeat their name. */
function pairsOf(fields: readonly Field[]): [string, string][] {
  return fields.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, textOf(one)]),
  )
}

type Body = Pick<Hostile, 'headers' | 'body'>

const FORM = 'application/x-www-form-urlencoded'
const typed = (type: string, body: string | Buffer): Body => ({
  headers: type === '' ? {} : { 'content-type': type },
  body,
})

function partHead(name: string): string {
  const quoted = name.replaceAll(/["\r\n]/g, '')
  return `--b\r\nContent-Disposition: form-data; name="${quoted}"\r\n\r\n`
}

function multipart(fields: readonly Field[]): Body {
  const parts = pairsOf(fields).map(([name, value]) => `${partHead(name)}${value}\r\n`)
  return typed('multipart/form-data; boundary=b', `${parts.join('')}--b--\r\n`)
}

function jsonText(fields: readonly Field[]): string {
  return JSON.stringify(Object.fromEntries(fields.map(([name, value]) => [name, value])))
}

const BROKEN: readonly Body[] = [
  typed('multipart/form-data', '--b\r\n\r\n--b--'),
  typed('multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="na'),
  typed('multipart/form-data; boundary=b', '--b\r\n\r\nx\r\n--b--'),
  typed(
    'multipart/form-data; boundary=b',
    `${partHead('name').slice(0, -2)}Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--b--`,
  ),
  typed('multipart/form-data; boundary=b', Buffer.from([0x2d, 0x2d, 0x62, 0xff, 0x00, 0x0d])),
  ...['{', '[', 'null', '1', '"x"', '[{}]', '{"a":{"b":[[[]]]}}'].map((text) =>
    typed('application/json', text),
  ),
  typed('application/json', '['.repeat(100_000)),
  typed('application/merge-patch+json', 'null'),
  typed('application/json; charset=utf-16', '{}'),
  ...['%', 'a=%ff%fe&%00=1', '&&&===', 'name=a&name=b'].map((text) => typed(FORM, text)),
  typed(FORM, `name=${'&a=b'.repeat(1_500)}`),
  typed(FORM, HUGE.repeat(4)),
  ...['text/plain', 'application/octet-stream', 'application/xml', ';;;'].map((type) =>
    typed(type, 'name=x'),
  ),
  typed('', 'name=x'),
]

function bodyOf({ body, api, method }: Operation): fc.Arbitrary<Body> {
  if (body === null) {
    const nothing = fc.constant<Body>({ headers: {}, body: undefined })
    if (method === 'GET') return nothing
    return fc.oneof({ arbitrary: nothing, weight: 9 }, fc.constantFrom(...BROKEN))
  }
  const fields = fieldsOf(body.schema)
  const [type = ''] = body.types
  const asJson = fields.map((all) => typed(api === 'v1' ? type : 'application/json', jsonText(all)))
  const asForm = fields.map((all) => typed(FORM, new URLSearchParams(pairsOf(all)).toString()))
  const asParts = fields.map(multipart)
  const junk = fc.oneof(
    fc.constantFrom(...BROKEN),
    fc.tuple(fc.constantFrom(...BROKEN), strange).map(([one, text]) => ({ ...one, body: text })),
  )
  const sane = api === 'v1' ? [asJson] : [asForm, asParts, asJson]
  return fc.oneof({ arbitrary: fc.oneof(...sane), weight: 6 }, asForm, junk)
}

export function hostileTo(operation: Operation): fc.Arbitrary<Hostile> {
  const places = [...operation.path.matchAll(/\{(\w+)\}/g)].map(() =>
    fc.oneof({ arbitrary: fc.constantFrom(...PLACES), weight: 4 }, strange),
  )
  const asked = fieldsOf({ properties: operation.query })
  const who = fc.oneof(
    { arbitrary: fc.constant('admin' as const), weight: 12 },
    fc.constantFrom('plain' as const, 'nobody' as const),
  )
  return fc
    .record({ places: fc.tuple(...places), asked, body: bodyOf(operation), who })
    .map(({ places: found, asked: query, body, who: asker }) => ({
      ...{ api: operation.api, method: operation.method, path: operation.path },
      answer: operation.answer,
      target: targetOf(operation, found, query),
      ...body,
      who: asker,
    }))
}

/** A target of a few thousand characters: longer ones never reach the API (431). */
function targetOf(operation: Operation, places: readonly string[], query: readonly Field[]) {
  let at = 0
  const path = operation.path.replaceAll(/\{\w+\}/g, () => {
    const place = Buffer.from((places[at++] ?? '').slice(0, 500)).toString()
    // Empty, or dots that a client resolves by itself: it would be another path.
    return encodeURIComponent(/^\.*$/.test(place) ? 'x' : place)
  })
  const pairs = pairsOf(query).map(([name, value]): [string, string] => [name, value.slice(0, 500)])
  const text = new URLSearchParams(pairs).toString()
  return text === '' ? path : `${path}?${text.slice(0, 6_000)}`
}
