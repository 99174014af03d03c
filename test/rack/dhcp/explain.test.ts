// Decisions in words. That they are the decisions themselves is shown in test/api/v1/explain-packet.test.ts.
import t from 'tap'
import { explainPacket } from '#rack/dhcp/explain.ts'
import type { DhcpPacket } from '#rack/dhcp/packet.ts'
import type { RackToRegionReply } from '#protocol/rack.ts'
import {
  arrival,
  CLIENT,
  fromServer,
  hold,
  ip,
  keyOf,
  list,
  makeWorld,
  OTHER_CLIENT,
  RACK,
  request,
  subnet,
  text,
  vlan,
  wants,
  type WorldOptions,
} from './world.ts'

const bound: RackToRegionReply = {
  ...{ ok: true, revision: 2 },
  outcome: { ok: true, value: { ip: ip('192.0.2.150'), leaseSeconds: 60, until: 1 } },
}

function explain(packet: DhcpPacket, world: WorldOptions = {}, reply = bound) {
  const { index } = makeWorld(world)
  const own = { rackId: RACK, index, ownAddresses: [ip('192.0.2.1')], httpPort: 5248 }
  return explainPacket(packet, arrival(), { ...own, judge: () => reply })
}

const lease = hold('192.0.2.120')
const OFFERS: readonly (readonly [WorldOptions, DhcpPacket, RegExp])[] = [
  [{ holds: [lease] }, request('DHCPDISCOVER'), /192\.0\.2\.120 is leased to the client/],
  [{ holds: [{ ...lease, until: 1 }] }, request('DHCPDISCOVER'), /last address and is free/],
  [
    {},
    request('DHCPDISCOVER', { options: [wants('192.0.2.130')] }),
    /130 is free, and the client asks/,
  ],
  [{}, request('DHCPDISCOVER'), /first free address from the client's place/],
]

t.test('an offer says why it is that address', async (t) => {
  for (const [world, packet, why] of OFFERS) {
    const { answer, steps } = explain(packet, world)
    t.equal(answer, 'offer')
    t.match(steps.join(' '), why)
  }
})

t.test('a request tells what a region would say', async (t) => {
  const packet = request('DHCPREQUEST', {
    options: [fromServer('192.0.2.1'), wants('192.0.2.150')],
  })
  t.match(explain(packet), { answer: 'ack', address: { ip: ip('192.0.2.150'), leaseSeconds: 60 } })
  const outcome = { ok: false, code: 'ADDRESS_UNAVAILABLE', message: 'It is taken.' } as const
  const refused = explain(packet, {}, { ok: true, revision: 2, outcome })
  t.match(refused, {
    answer: 'nak',
    steps: [/selecting/, 'The region would refuse: It is taken.', /^NAK/],
  })
})

const SILENT: readonly (readonly [DhcpPacket, WorldOptions, RegExp])[] = [
  [request('DHCPDISCOVER'), { vlans: [vlan({ dhcpOn: false })] }, /DHCP is off/],
  [
    request('DHCPDISCOVER'),
    { vlans: [vlan({ primaryRack: null, liveRacks: [] })] },
    /none of those that serve/,
  ],
  [request('DHCPDISCOVER'), { ranges: [] }, /No address is free/],
  [request('DHCPREQUEST', { options: [fromServer('192.0.2.9')] }), {}, /another server/],
  [request('DHCPREQUEST'), {}, /names no address/],
  [request('DHCPRELEASE', { ciaddr: ip('192.0.2.120') }), { holds: [lease] }, /gets no answer/],
  [
    request('DHCPRELEASE', { ciaddr: ip('192.0.2.120') }),
    { holds: [hold('192.0.2.120', { mac: OTHER_CLIENT, client: keyOf(OTHER_CLIENT) })] },
    /does not have the address/,
  ],
]

t.test('silence ends with its reason', async (t) => {
  for (const [packet, world, why] of SILENT) {
    const { answer, steps, address } = explain(packet, world)
    t.equal(answer, 'silence')
    t.equal(address, null)
    t.match(steps.at(-1), why)
  }
})

t.test('options are shown as what they are', async (t) => {
  const asks = { options: [list(3, 15, 26, 28), text(60, 'PXEClient')], mac: CLIENT }
  const { options, boot } = explain(request('DHCPDISCOVER', asks), {
    ...{ vlans: [vlan({ mtu: 9000 })], subnets: [subnet({ disabledBootArchitectures: ['pxe'] })] },
  })
  const shown = Object.fromEntries(options.map(({ name, value, scope }) => [name, [value, scope]]))
  t.match(shown, {
    'subnet-mask': ['255.255.255.0', 'subnet'],
    routers: ['192.0.2.254', 'subnet'],
    'domain-name': ['maas.example.org', 'global'],
    'interface-mtu': ['9000', 'vlan'],
    'broadcast-address': ['192.0.2.255', 'subnet'],
    'dhcp-lease-time': ['30', null],
  })
  t.equal(boot, null)
})
