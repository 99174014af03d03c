// One test per rule of the standards that an authoritative server meets, in their order. Answers are read by `dns2`.
import t from 'tap'
import { DnsStage, lines } from '#test/support/dns-stage.ts'
import { makeQuery, readMessage } from '#test/support/dns-message.ts'

const NOERROR = 0
const FORMERR = 1
const NXDOMAIN = 3
const NOTIMP = 4
const REFUSED = 5

/** `maas` with one of each thing. */
function makeStage(): DnsStage {
  const stage = new DnsStage()
  stage.host('www', '10.0.0.9')
  stage.record('alias', 'CNAME www')
  stage.record('mail', 'MX 10 www')
  stage.record('mail', 'TXT hello')
  return stage
}

const replyTo = (stage: DnsStage, query: Uint8Array) => {
  const reaction = stage.react(query)
  return reaction.kind === 'reply' ? reaction.bytes : undefined
}

t.test('RFC 1035 §4.1.1: an answer of ours has AA, the id, RD copied, and no RA', (t) => {
  const { id, qr, aa, rd, ra, rcode } = makeStage().ask('www.maas', 'A', { id: 0xbeef })
  t.same({ id, qr, aa, rd, ra, rcode }, { id: 0xbeef, qr: 1, aa: 1, rd: 1, ra: 0, rcode: 0 })
  t.equal(makeStage().ask('www.maas', 'A', { flags: 0 }).rd, 0)
  t.end()
})

t.test('RFC 1035 §4.1.2: other counts of questions than one are FORMERR', (t) => {
  const stage = makeStage()
  for (const questions of [0, 2, 65_535]) {
    const bytes = replyTo(stage, makeQuery('www.maas', { questions }))
    t.equal(bytes?.length, 12)
    t.equal((bytes?.[3] ?? 0) & 15, FORMERR)
  }
  t.end()
})

t.test('RFC 1035 §4.1.1: opcodes besides QUERY are NOTIMP, with the opcode back', (t) => {
  const stage = makeStage()
  for (const opcode of [1, 2, 4, 5, 6, 15]) {
    const bytes = replyTo(stage, makeQuery('maas', { type: 'SOA', flags: opcode << 11 }))
    t.equal((bytes?.[3] ?? 0) & 15, NOTIMP, `opcode ${opcode}`)
    t.equal(((bytes?.[2] ?? 0) >> 3) & 15, opcode)
  }
  t.end()
})

t.test('a response is never answered, whatever it carries', (t) => {
  const stage = makeStage()
  for (const flags of [0x8000, 0x8180, 0xa800, 0xffff]) {
    t.equal(stage.react(makeQuery('www.maas', { flags })).kind, 'drop')
  }
  t.equal(stage.react(new Uint8Array(11)).kind, 'drop', 'and what has no header is nothing')
  t.end()
})

const MALFORMED: readonly [string, readonly number[]][] = [
  ['a pointer in the question', [0xc0, 12, 0, 1, 0, 1]],
  ['a label that runs out', [5, 97, 98]],
  ['no type', [1, 97, 0]],
  ['a reserved label type', [0x40, 97, 0, 0, 1, 0, 1]],
  ['a name of more than 255 octets', [...Array(64).fill([3, 97, 97, 97]).flat(), 0, 0, 1, 0, 1]],
]

t.test('RFC 1035 §4.1.2: what is no question is FORMERR', (t) => {
  const stage = makeStage()
  const head = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  for (const [name, body] of MALFORMED) {
    const bytes = replyTo(stage, Uint8Array.from([...head, ...body]))
    t.same([bytes?.[1], (bytes?.[3] ?? 0) & 15], [7, FORMERR], name)
  }
  t.end()
})

t.test('RFC 1035 §4.1.4: names are compressed, also inside of data', (t) => {
  const { bytes, answers } = makeStage().ask('mail.maas', 'MX')
  t.same(lines(answers), ['mail.maas 30 15 www.maas'])
  // header, question 11 + 4, record 2 + 10 + (2 + www 4 + pointer 2)
  t.equal(bytes.length, 12 + 15 + 12 + 8)
  t.end()
})

t.test('RFC 4343: names are found in any case and come back in the case asked (0x20)', (t) => {
  const message = makeStage().ask('wWw.MaaS')
  t.same(lines(message.answers), ['wWw.MaaS 30 1 10.0.0.9'])
  t.end()
})

t.test('RFC 1035 §3.3.13: a zone has SOA and NS; the serial is the revision', (t) => {
  const stage = makeStage()
  const [soa] = stage.ask('maas', 'SOA').answers
  t.match(soa, {
    ...{ primary: 'maas', admin: 'nobody.maas', serial: stage.lab.state.revision },
    ...{ refresh: 600, retry: 1_800, expiration: 604_800, minimum: 30 },
  })
  t.same(lines(stage.ask('maas', 'NS').answers), ['maas 30 2 maas'])
  stage.record('@', 'NS ns1.example.net')
  t.same(lines(stage.ask('maas', 'NS').answers), ['maas 30 2 ns1.example.net'])
  t.equal(stage.ask('maas', 'NS').aa, 1, 'the apex is no delegation')
  t.end()
})

t.test('RFC 1034 §4.3.2: a CNAME is followed inside of our zones', (t) => {
  const stage = makeStage()
  const domain = stage.domain('example.org', { ttl: 7 })
  stage.record('far', 'CNAME alias.maas', domain)
  t.same(lines(stage.ask('far.example.org').answers), [
    'far.example.org 7 5 alias.maas',
    'alias.maas 30 5 www.maas',
    'www.maas 30 1 10.0.0.9',
  ])
  t.same(lines(stage.ask('alias.maas', 'CNAME').answers), ['alias.maas 30 5 www.maas'])
  t.same(lines(stage.ask('alias.maas', 'MX').answers), ['alias.maas 30 5 www.maas'])
  t.end()
})

t.test('a CNAME that leads out or round is answered and not followed for ever', (t) => {
  const stage = makeStage()
  stage.record('out', 'CNAME www.example.net')
  const out = stage.ask('out.maas')
  t.same([out.rcode, lines(out.answers)], [NOERROR, ['out.maas 30 5 www.example.net']])
  stage.record('a', 'CNAME b')
  stage.record('b', 'CNAME a')
  t.equal(stage.ask('a.maas').answers.length, 2)
  t.end()
})

t.test('RFC 1034 §4.3.2: below a delegation there is a referral, without AA, with glue', (t) => {
  const stage = makeStage()
  stage.record('sub', 'NS ns.sub')
  stage.host('ns.sub', '192.0.2.53')
  for (const name of ['sub.maas', 'host.sub.maas', 'ns.sub.maas']) {
    const message = stage.ask(name)
    t.same([message.aa, message.rcode, message.answers.length], [0, NOERROR, 0], name)
    t.same(lines(message.authorities), ['sub.maas 30 2 ns.sub'])
  }
  stage.record('sub2', 'NS ns.sub2.maas.')
  stage.host('ns.sub2', '192.0.2.54')
  t.same(lines(stage.ask('x.sub2.maas').additionals), ['ns.sub2.maas 30 1 192.0.2.54'])
  const ds = stage.ask('sub.maas', 'DS')
  t.same([ds.aa, ds.authorities[0]?.type], [1, 6], 'the DS is the parent’s to deny')
  t.end()
})

t.test('a domain below another is a zone of its own', (t) => {
  const stage = makeStage()
  const domain = stage.domain('deep.sub.maas')
  stage.host('www', '203.0.113.5', domain)
  t.same(lines(stage.ask('www.deep.sub.maas').answers), ['www.deep.sub.maas 30 1 203.0.113.5'])
  t.equal(stage.ask('none.deep.sub.maas').authorities[0]?.name, 'deep.sub.maas')
  t.equal(stage.ask('sub.maas').rcode, NOERROR, 'what is between them exists')
  t.equal(stage.ask('none.maas').authorities[0]?.name, 'maas')
  t.end()
})

t.test('RFC 2181 §5.2: one TTL per RRset, below 2^31; record, resource, domain, cluster', (t) => {
  const stage = makeStage()
  stage.host('many', '203.0.113.1 203.0.113.2', 0, 5)
  const ttls = stage.ask('many.maas').answers.map(({ ttl }) => ttl)
  t.same(ttls, [5, 5])
  stage.record('many', 'A 203.0.113.3', 0, 9)
  t.same(
    stage.ask('many.maas').answers.map(({ ttl }) => ttl),
    [5, 5, 5],
    'the shortest for all',
  )
  const domain = stage.domain('example.org', { ttl: 2 ** 31 - 1 })
  stage.host('a', '203.0.113.4', domain)
  t.equal(stage.ask('a.example.org').answers[0]?.ttl, 2 ** 31 - 1)
  stage.do({ type: 'setting.put', name: 'default_dns_ttl', value: 77 })
  t.equal(stage.ask('www.maas').answers[0]?.ttl, 77)
  t.end()
})

t.test('RFC 2181 §10.1: a CNAME is alone, even where a lease has its name', (t) => {
  const stage = makeStage()
  const rackId = 'rack01' as never
  const lease = { rackId, client: '1-a', mac: '52:54:00:00:00:01' as never }
  const more = { leaseSeconds: 600, kind: 'selecting', hostname: 'alias' } as const
  stage.do({ type: 'lease.bind', ...lease, ...more, ip: 0x0a000064 as never })
  t.same(lines(stage.ask('alias.maas').answers), [
    'alias.maas 30 5 www.maas',
    'www.maas 30 1 10.0.0.9',
  ])
  t.end()
})

t.test('RFC 2181 §11: labels may have any octets; none of them is another name', (t) => {
  const stage = makeStage()
  stage.host('a.b', '203.0.113.1')
  const [dotted] = [
    makeQuery([
      [97, 46, 98],
      [109, 97, 97, 115],
    ]),
  ]
  const bytes = replyTo(stage, dotted)
  t.equal((bytes?.[3] ?? 0) & 15, NXDOMAIN)
  t.same(bytes?.subarray(12, 22), dotted.subarray(12, 22), 'and it comes back as it was')
  const odd = replyTo(
    stage,
    makeQuery([
      [0, 255, 92],
      [109, 97, 97, 115],
    ]),
  )
  t.equal((odd?.[3] ?? 0) & 15, NXDOMAIN)
  t.end()
})

t.test('RFC 2308 §2: NXDOMAIN and NODATA carry the SOA, with TTL = min(SOA TTL, MINIMUM)', (t) => {
  const stage = makeStage()
  for (const [name, type, rcode] of [
    ['none.maas', 'A', NXDOMAIN],
    ['www.maas', 'MX', NOERROR],
    ['mail.maas', 'A', NOERROR],
    ['maas', 'A', NOERROR],
  ] as const) {
    const message = stage.ask(name, type)
    const [soa] = message.authorities
    t.same([message.rcode, message.answers.length], [rcode, 0], `${name} ${type}`)
    t.same([soa?.name, soa?.type, soa?.ttl, soa?.['minimum']], ['maas', 6, 30, 30])
  }
  t.end()
})

t.test('RFC 2308 §2.1: after a CNAME the RCODE is that of the last name', (t) => {
  const stage = makeStage()
  stage.record('dangling', 'CNAME none')
  const message = stage.ask('dangling.maas')
  t.equal(message.rcode, NXDOMAIN)
  t.equal(message.answers.length, 1)
  t.equal(message.authorities[0]?.type, 6)
  t.end()
})

t.test('RFC 8020: a name with names below exists and has no data', (t) => {
  const stage = makeStage()
  const id = stage.host('a.b.c', '203.0.113.1')
  t.equal(stage.ask('b.c.maas').rcode, NOERROR)
  t.equal(stage.ask('c.maas').rcode, NOERROR)
  t.equal(stage.ask('x.c.maas').rcode, NXDOMAIN)
  stage.do({ type: 'dnsResource.delete', id: id as never })
  t.equal(stage.ask('c.maas').rcode, NXDOMAIN, 'and is gone with the last of them')
  t.end()
})

t.test('RFC 4592: wildcards', (t) => {
  const stage = makeStage()
  stage.host('*', '203.0.113.1')
  stage.record('*', 'TXT any')
  stage.host('host.sub', '203.0.113.2')
  t.same(lines(stage.ask('x.maas').answers), ['x.maas 30 1 203.0.113.1'])
  t.same(lines(stage.ask('x.y.maas').answers), ['x.y.maas 30 1 203.0.113.1'], 'several labels')
  t.equal(stage.ask('x.maas', 'MX').rcode, NOERROR)
  t.equal(stage.ask('x.maas', 'MX').answers.length, 0, 'NODATA of the wildcard')
  t.same(lines(stage.ask('www.maas').answers), ['www.maas 30 1 10.0.0.9'], 'not over names')
  t.equal(stage.ask('www.maas', 'TXT').answers.length, 0, 'nor over their other types')
  t.equal(stage.ask('sub.maas', 'A').answers.length, 0, 'nor over empty non-terminals')
  t.equal(stage.ask('x.sub.maas').rcode, NXDOMAIN, 'the closest encloser decides')
  t.equal(stage.ask('x.www.maas').rcode, NXDOMAIN)
  t.same(lines(stage.ask('*.maas').answers), ['*.maas 30 1 203.0.113.1'], 'asked for by name')
  t.end()
})

t.test('RFC 4592 §3.3.3: a wildcard may be a CNAME', (t) => {
  const stage = makeStage()
  stage.record('*.apps', 'CNAME www')
  t.same(lines(stage.ask('x.apps.maas').answers), [
    'x.apps.maas 30 5 www.maas',
    'www.maas 30 1 10.0.0.9',
  ])
  t.end()
})

t.test('RFC 6891: OPT only when asked, our size, DO back, unknown options ignored', (t) => {
  const stage = makeStage()
  t.equal(stage.ask('www.maas').additionals.length, 0)
  const edns = { udpOctets: 4_096, dnssecOk: true, options: [0xff, 0xf0, 0, 2, 1, 2] }
  const query = makeQuery('www.maas', { edns })
  const bytes = replyTo(stage, query) ?? new Uint8Array()
  t.same([...bytes.subarray(-11)], [0, 0, 41, 1_232 >> 8, 1_232 & 255, 0, 0, 0x80, 0, 0, 0])
  t.same(lines(readMessage(bytes).answers), ['www.maas 30 1 10.0.0.9'])
  t.end()
})

t.test('RFC 6891 §6.1.3: another version is BADVERS; §6.1.1: two OPT are FORMERR', (t) => {
  const stage = makeStage()
  const bytes = replyTo(stage, makeQuery('www.maas', { edns: { version: 1 } })) ?? new Uint8Array()
  t.equal((bytes[3] ?? 0) & 15, 0)
  t.equal(bytes.at(-6), 1, 'the upper bits of 16')
  t.same([bytes[6], bytes[7]], [0, 0])
  const one = makeQuery('www.maas', { edns: {} })
  const two = Uint8Array.from([...one, ...one.subarray(-11)])
  two[11] = 2
  t.equal((replyTo(stage, two)?.[3] ?? 0) & 15, FORMERR)
  const torn = makeQuery('www.maas', { edns: { options: [0, 10, 0, 9] } })
  t.equal((replyTo(stage, torn)?.[3] ?? 0) & 15, FORMERR)
  t.end()
})

t.test('RFC 2181 §9: what does not fit has TC and nothing of it', (t) => {
  const stage = makeStage()
  const many = Array.from({ length: 60 }, (_, i) => `203.0.113.${i + 1}`).join(' ')
  stage.host('many', many)
  const udp = stage.ask('many.maas', 'A', { transport: 'udp', from: '127.0.0.1' })
  t.same([udp.tc, udp.answers.length], [1, 0])
  const wide = { edns: { udpOctets: 65_000 }, transport: 'udp', from: '127.0.0.1' } as const
  t.same(stage.ask('many.maas', 'A', wide).answers.length, 60)
  const tcp = stage.ask('many.maas', 'A', { transport: 'tcp' })
  t.same([tcp.tc, tcp.answers.length], [0, 60])
  t.end()
})

t.test('RFC 8482: ANY is one small record', (t) => {
  const stage = makeStage()
  const { answers } = stage.ask('mail.maas', 'ANY')
  t.same(
    answers.map(({ type }) => type),
    [13],
  )
  t.equal(stage.ask('maas', 'ANY').answers[0]?.type, 13)
  t.equal(stage.ask('none.maas', 'ANY').rcode, NXDOMAIN)
  t.same(lines(stage.ask('alias.maas', 'ANY').answers), ['alias.maas 30 5 www.maas'])
  t.end()
})

t.test('RFC 3597: an unknown type is a type without data', (t) => {
  const message = makeStage().ask('www.maas', 'TYPE65280')
  t.same([message.rcode, message.answers.length, message.authorities.length], [NOERROR, 0, 1])
  t.end()
})

t.test('RFC 5936, 1995: transfers are refused', (t) => {
  const stage = makeStage()
  for (const type of ['AXFR', 'IXFR']) t.equal(stage.ask('maas', type).rcode, REFUSED)
  t.end()
})

t.test('other classes and other people’s names are refused', (t) => {
  const stage = makeStage()
  t.equal(stage.ask('www.maas', 'A', { class: 3 }).rcode, REFUSED)
  t.equal(stage.ask('www.maas', 'A', { class: 255 }).answers.length, 1)
  t.equal(stage.ask('example.com').rcode, REFUSED)
  t.equal(stage.ask('').rcode, REFUSED)
  t.end()
})

t.test('RFC 1982: the serial rises with each revision and wraps', (t) => {
  const stage = makeStage()
  const serial = () => stage.ask('maas', 'SOA').answers[0]?.['serial']
  const before = Number(serial())
  stage.host('new', '203.0.113.1')
  t.equal(serial(), before + 1)
  stage.do({ type: 'domain.setSerial', serial: 4_294_967_295 })
  t.equal(serial(), 4_294_967_295)
  stage.host('newer', '203.0.113.1')
  t.equal(serial(), 0)
  t.end()
})

t.test('RFC 6303, 6761, 8375: private and special names are not asked of others', (t) => {
  const stage = makeStage()
  stage.do({ type: 'setting.put', name: 'upstream_dns', value: '192.0.2.53' })
  const from = '10.0.0.77'
  for (const name of ['1.1.168.192.in-addr.arpa', 'x.home.arpa', 'x.invalid', '9.9.in-addr.arpa']) {
    const reaction = stage.react(makeQuery(name, { type: 'PTR' }), { from })
    t.equal(reaction.kind, name === '9.9.in-addr.arpa' ? 'forward' : 'reply', name)
  }
  t.same(lines(stage.ask('localhost', 'A').answers), ['localhost 10800 1 127.0.0.1'])
  t.equal(stage.ask('1.1.168.192.in-addr.arpa', 'PTR').rcode, NXDOMAIN)
  t.equal(stage.ask('168.192.in-addr.arpa', 'PTR').rcode, NOERROR)
  t.end()
})
