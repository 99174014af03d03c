// Where names come from, and what a change of one row changes.
import t from 'tap'
import * as fc from 'fast-check'
import type { SubnetId, UserId } from '#model/ids.ts'
import { formatIpv4, makeIpv4 } from '#model/ipv4.ts'
import { dnsView } from '#node/rack-view.ts'
import { viewFeed } from '#rack/dns/view-feed.ts'
import { resolve } from '#rack/dns/answer.ts'
import { ZoneData } from '#rack/dns/zone-data.ts'
import { DnsStage, lines } from '#test/support/dns-stage.ts'
import { makeView, settingsRow, viewChanges } from '#test/support/rack-view.ts'
import { bind, ip, mac, newMachine } from '#test/support/region-state.ts'

const NXDOMAIN = 3

const addressOf = (stage: DnsStage, name: string) =>
  stage.ask(name).answers.map((record) => record['address'])
const nameOf = (stage: DnsStage, address: string) => {
  const name = `${address.split('.').toReversed().join('.')}.in-addr.arpa`
  return stage
    .ask(name, 'PTR')
    .answers.filter(({ type }) => type === 12)
    .map((record) => record['domain'])
}

t.test('a machine has the addresses that its interfaces hold', (t) => {
  const stage = new DnsStage()
  stage.do({ ...newMachine(1), hostname: 'box' })
  t.same(addressOf(stage, 'box.maas'), [])
  stage.do(bind(1, '10.0.0.100', { hostname: 'called-otherwise' }))
  t.same(addressOf(stage, 'box.maas'), ['10.0.0.100'])
  t.same(addressOf(stage, 'called-otherwise.maas'), [], 'what its operator calls it')
  t.same(nameOf(stage, '10.0.0.100'), ['box.maas'])
  stage.do({ type: 'machine.update', systemId: '000001' as never, set: { hostname: 'crate' } })
  t.same(addressOf(stage, 'crate.maas'), ['10.0.0.100'])
  t.equal(stage.ask('box.maas').rcode, NXDOMAIN)
  stage.do({ type: 'machine.delete', systemId: '000001' as never })
  t.same(nameOf(stage, '10.0.0.100'), ['called-otherwise.maas'])
  t.end()
})

t.test('a machine is named in the domain it was put in, whatever that is called', (t) => {
  const stage = new DnsStage()
  const lab = stage.domain('lab.example')
  stage.do({ ...newMachine(1), hostname: 'box' })
  stage.do({ ...newMachine(2), hostname: 'other', domainId: lab })
  stage.do(bind(1, '10.0.0.100'))
  stage.do(bind(2, '10.0.0.102'))
  t.same(nameOf(stage, '10.0.0.100'), ['box.maas'])
  t.same(nameOf(stage, '10.0.0.102'), ['other.lab.example'])
  stage.do({ type: 'node.place', systemIds: ['000001' as never], domainId: lab })
  t.same(addressOf(stage, 'box.lab.example'), ['10.0.0.100'])
  t.equal(stage.ask('box.maas').rcode, NXDOMAIN)
  stage.do({ type: 'domain.update', id: lab, set: { name: 'room.example' } })
  t.same(nameOf(stage, '10.0.0.100'), ['box.room.example'])
  t.equal(stage.ask('other.lab.example').rcode, 5, 'no domain of ours any more')
  stage.do({ type: 'domain.setDefault', id: lab })
  stage.do({ type: 'node.place', systemIds: ['000001' as never], domainId: 0 as never })
  t.same(addressOf(stage, 'box.maas'), ['10.0.0.100'])
  stage.responder.data = new ZoneData()
  stage.data.apply(stage.lab.state.revision, dnsView(stage.lab.state))
  t.same(nameOf(stage, '10.0.0.100'), ['box.maas'])
  t.same(nameOf(stage, '10.0.0.102'), ['other.room.example'])
  t.end()
})

t.test('a DHCP client has the name it gives itself, until it releases', (t) => {
  const stage = new DnsStage()
  stage.do(bind(1, '10.0.0.100', { hostname: 'laptop' }))
  t.same(addressOf(stage, 'laptop.maas'), ['10.0.0.100'])
  t.same(nameOf(stage, '10.0.0.100'), ['laptop.maas'])
  stage.do({ type: 'lease.release', client: `1-${mac(1)}`, ip: ip('10.0.0.100') })
  t.equal(stage.ask('laptop.maas').rcode, NXDOMAIN)
  t.same(nameOf(stage, '10.0.0.100'), [])
  t.end()
})

t.test('who had a name first keeps it, and an operator’s name is nobody’s to take', (t) => {
  const stage = new DnsStage()
  stage.host('www', '203.0.113.1')
  stage.do(bind(1, '10.0.0.100', { hostname: 'www' }))
  t.same(addressOf(stage, 'www.maas'), ['203.0.113.1'])
  t.same(nameOf(stage, '10.0.0.100'), ['ip-10-0-0-100.maas'])
  stage.do(bind(3, '10.0.0.103', { hostname: 'twin' }))
  stage.do(bind(2, '10.0.0.102', { hostname: 'twin' }))
  t.same(addressOf(stage, 'twin.maas'), ['10.0.0.103'])
  t.same(nameOf(stage, '10.0.0.102'), ['ip-10-0-0-102.maas'])
  t.end()
})

t.test('a lease without a name has its number', (t) => {
  const stage = new DnsStage()
  stage.do(bind(1, '10.0.0.100'))
  t.same(nameOf(stage, '10.0.0.100'), ['ip-10-0-0-100.maas'])
  t.same(addressOf(stage, 'ip-10-0-0-100.maas'), ['10.0.0.100'])
  t.equal(stage.ask('ip-10-0-0-101.maas').rcode, NXDOMAIN)
  t.end()
})

t.test('addresses of the API and reservations have the name they were given', (t) => {
  const stage = new DnsStage()
  const domain = stage.domain('example.org')
  t.equal(domain, 1)
  const reserve = {
    type: 'address.reserve' as const,
    ...{ subnetId: 1 as SubnetId, userId: 1 as UserId, mac: null },
  }
  stage.do({ ...reserve, ip: ip('10.0.0.20'), hostname: 'printer' })
  stage.do({ ...reserve, ip: ip('10.0.0.21'), hostname: 'Scan.Example.org' })
  stage.do({ ...reserve, ip: ip('10.0.0.22'), hostname: 'far.example.com' })
  const kept = { client: `1-${mac(9)}`, mac: mac(9), hostname: 'kept' }
  stage.do({ type: 'reservation.create', ip: ip('10.0.0.30'), ...kept })
  t.same(addressOf(stage, 'printer.maas'), ['10.0.0.20'])
  t.same(addressOf(stage, 'scan.example.org'), ['10.0.0.21'])
  t.same(addressOf(stage, 'kept.maas'), ['10.0.0.30'])
  t.same(nameOf(stage, '10.0.0.21'), ['scan.example.org'])
  t.same(nameOf(stage, '10.0.0.22'), [], 'in no domain of ours')
  stage.do({ type: 'address.release', ip: ip('10.0.0.20'), userId: 1 as UserId, force: false })
  t.same(addressOf(stage, 'printer.maas'), [])
  t.end()
})

t.test('an address with several names has them all', (t) => {
  const stage = new DnsStage()
  stage.host('b', '10.0.0.9')
  stage.host('a', '10.0.0.9')
  stage.host('*.apps', '10.0.0.9')
  t.same(nameOf(stage, '10.0.0.9'), ['a.maas', 'b.maas'])
  t.end()
})

t.test('another default domain renames what is in it', (t) => {
  const stage = new DnsStage()
  stage.do(bind(1, '10.0.0.100', { hostname: 'laptop' }))
  stage.host('www', '10.0.0.9')
  const id = stage.domain('example.org')
  stage.do({ type: 'domain.setDefault', id })
  t.same(addressOf(stage, 'laptop.example.org'), ['10.0.0.100'])
  t.same(addressOf(stage, 'laptop.maas'), [])
  t.same(addressOf(stage, 'www.maas'), ['10.0.0.9'], 'resources stay where they are')
  stage.do({ type: 'domain.update', id: 0 as never, set: { name: 'lab.example' } })
  t.same(addressOf(stage, 'www.lab.example'), ['10.0.0.9'])
  t.equal(stage.ask('www.maas').rcode, 5)
  t.end()
})

t.test('rdns_mode 0, 1, 2 (RFC 2317)', (t) => {
  const stage = new DnsStage()
  stage.subnet('192.0.2.0/25', 2)
  stage.subnet('192.0.2.128/26', 1)
  stage.subnet('192.0.2.192/26', 0)
  stage.host('a', '192.0.2.5')
  stage.host('b', '192.0.2.130')
  stage.host('c', '192.0.2.200')
  const ask = (name: string, type = 'PTR') => stage.ask(`${name}.2.0.192.in-addr.arpa`, type)
  t.same(lines(ask('5').answers), [
    '5.2.0.192.in-addr.arpa 30 5 "5.0-25.2.0.192.in-addr.arpa"'.replaceAll('"', ''),
    '5.0-25.2.0.192.in-addr.arpa 30 12 a.maas',
  ])
  t.same(lines(ask('5.0-25').answers), ['5.0-25.2.0.192.in-addr.arpa 30 12 a.maas'])
  t.equal(ask('0-25', 'SOA').answers[0]?.name, '0-25.2.0.192.in-addr.arpa')
  t.equal(ask('0-25', 'NS').answers.length, 1)
  t.same(lines(ask('130').answers), ['130.2.0.192.in-addr.arpa 30 12 b.maas'])
  t.equal(ask('200').rcode, NXDOMAIN)
  t.equal(ask('130.0-25').rcode, NXDOMAIN, 'outside of the classless zone')
  t.equal(ask('6').rcode, NXDOMAIN)
  t.equal(ask('005').rcode, NXDOMAIN, 'one way to write an octet')
  t.end()
})

t.test('a subnet makes the zones at the next octet border, and empty names above exist', (t) => {
  const stage = new DnsStage()
  stage.subnet('172.20.0.0/14', 1)
  stage.subnet('198.18.4.0/22', 1)
  stage.host('a', '172.21.3.4')
  stage.host('b', '198.18.6.1')
  const zoneOf = (name: string) => stage.ask(name, 'PTR').authorities[0]?.name
  t.same(nameOf(stage, '172.21.3.4'), ['a.maas'])
  t.same(nameOf(stage, '198.18.6.1'), ['b.maas'])
  t.equal(zoneOf('9.9.23.172.in-addr.arpa'), '23.172.in-addr.arpa')
  t.equal(zoneOf('9.7.18.198.in-addr.arpa'), '7.18.198.in-addr.arpa')
  t.equal(stage.ask('3.21.172.in-addr.arpa', 'PTR').rcode, 0)
  t.equal(stage.ask('4.21.172.in-addr.arpa', 'PTR').rcode, NXDOMAIN)
  t.equal(stage.ask('8.18.198.in-addr.arpa', 'PTR').rcode, 5, 'not ours')
  const { id } = [...stage.lab.state.subnets.values()].find(({ cidr }) => cidr.prefix === 22) ?? {}
  stage.do({ type: 'subnet.update', id: id as SubnetId, set: { rdnsMode: 0 } })
  t.equal(stage.ask('1.6.18.198.in-addr.arpa', 'PTR').rcode, 5)
  t.end()
})

t.test('a domain that is not authoritative is asked of its servers', (t) => {
  const stage = new DnsStage()
  stage.domain('corp.example', { forward: ['192.0.2.53'] })
  const { data } = stage
  const question = { type: 1, class: 1 }
  const name = Uint8Array.from([1, 97, 4, 99, 111, 114, 112, 7, ...Buffer.from('example'), 0])
  t.same(resolve(data, { ...question, name }), { kind: 'forward', servers: ['192.0.2.53'] })
  t.end()
})

t.test('a view that is pushed again or changes row by row is followed', (t) => {
  const view = makeView([settingsRow()])
  let data = new ZoneData()
  const stop = viewFeed(view)({
    onWhole: (revision, rows) => {
      data = new ZoneData()
      data.apply(revision, rows)
    },
    onChanges: (revision, rows) => data.apply(revision, rows),
  })
  const fields = { id: 1 as never, domainId: 0 as never, name: 'www', addressTtl: null }
  const row = { ...fields, addresses: [ip('10.0.0.9')], reserved: [] }
  const domain = { id: 0 as never, name: 'maas', authoritative: true, ttl: null }
  view.apply(
    viewChanges(2, [
      { table: 'domains', key: 0, row: { ...domain, forwardDnsServers: [] } },
      { table: 'dnsResources', key: 1, row },
    ]),
  )
  t.same(data.names.namesOf(ip('10.0.0.9')), ['www.maas'])
  t.equal(data.revision, 2)
  view.apply({ type: 'viewReset', revision: 3, stamp: 30, rows: [settingsRow()] })
  t.same(data.names.namesOf(ip('10.0.0.9')), [])
  stop()
  view.apply({ type: 'viewReset', revision: 4, stamp: 40, rows: [settingsRow()] })
  t.equal(data.revision, 3)
  t.end()
})

const HOSTNAMES = ['', 'a', 'b', 'www', 'x.example.org', 'y.maas']
const command = fc.oneof(
  fc.record({ kind: fc.constant('bind'), n: fc.nat(5), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('release'), n: fc.nat(5), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('host'), n: fc.nat(3), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('unhost'), n: fc.nat(6), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('reserve'), n: fc.nat(3), ip: fc.nat(9), name: fc.nat(5) }),
  fc.record({ kind: fc.constant('machine'), n: fc.nat(5), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('domain'), n: fc.nat(1), ip: fc.nat(9), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('default'), n: fc.nat(2), ip: fc.nat(9), name: fc.nat(3) }),
)

type Step = {
  readonly kind: string
  readonly n: number
  readonly ip: number
  readonly name: number
}

function commandOf(step: Step) {
  const { n } = step
  const address = makeIpv4(ip('10.0.0.100') + step.ip)
  const hostname = HOSTNAMES[step.name] ?? ''
  const userId = 1 as UserId
  const names = { authoritative: true, ttl: null, forwardDnsServers: [] }
  const fixed = makeIpv4(address - 60)
  const fields = { domainId: (n % 2) as never, addressTtl: null, addresses: [address, fixed] }
  switch (step.kind) {
    case 'bind':
      return bind(n, formatIpv4(address), { hostname: hostname.split('.')[0] ?? '' })
    case 'release':
      return { type: 'lease.release', client: `1-${mac(n)}`, ip: address } as const
    case 'host':
      return { type: 'dnsResource.create', userId, name: hostname || '*', ...fields } as const
    case 'unhost':
      return { type: 'dnsResource.delete', id: n as never } as const
    case 'reserve': {
      const subnetId = 1 as SubnetId
      return {
        type: 'address.reserve',
        subnetId,
        userId,
        ip: fixed,
        hostname,
        mac: mac(n),
      } as const
    }
    case 'machine':
      return { ...newMachine(n), hostname: hostname.split('.')[0] ?? '' }
    case 'domain':
      return { type: 'domain.create', name: n === 0 ? 'example.org' : 'b.maas', ...names } as const
    default:
      return { type: 'domain.setDefault', id: n as never } as const
  }
}

const QUESTIONS = [
  ...HOSTNAMES.flatMap((name) => [`${name}.maas`, `${name}.example.org`, name]),
  ...['b.maas', 'x.b.maas', 'ip-10-0-0-103.maas'],
]

t.test('changes row by row come to what the whole state says; the PTR of an A is its name', (t) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (steps) => {
      const stage = new DnsStage()
      for (const step of steps) {
        try {
          stage.do(commandOf(step))
        } catch {
          // Refused: nothing changed.
        }
      }
      const incremental = transcript(stage)
      checkPointers(stage)
      stage.responder.data = new ZoneData()
      stage.data.apply(stage.lab.state.revision, dnsView(stage.lab.state))
      return JSON.stringify(incremental) === JSON.stringify(transcript(stage))
    }),
    { numRuns: 150 },
  )
  t.pass('for every order of commands')
  t.end()
})

function transcript(stage: DnsStage): unknown {
  const pointers = Array.from({ length: 10 }, (_, i) => `10.0.0.${100 + i}`).concat('10.0.0.45')
  return [
    QUESTIONS.map((name) => [
      name,
      stage.ask(name).rcode,
      lines(stage.ask(name).answers).toSorted(),
    ]),
    pointers.map((address) => [address, nameOf(stage, address)]),
  ]
}

function checkPointers(stage: DnsStage): void {
  for (let i = 0; i < 10; i++) {
    const address = `10.0.0.${100 + i}`
    for (const name of nameOf(stage, address)) {
      if (!addressOf(stage, String(name)).includes(address)) {
        throw new Error(`${address} is ${String(name)}, which is not ${address}`)
      }
    }
  }
}
