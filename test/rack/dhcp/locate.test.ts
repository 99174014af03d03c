// Relays and selections: which subnet a client is on (RFC 2131 §4.3.1, RFC 3011, 3046, 3527, 5107, 8357).
import t from 'tap'
import { NO_SETTINGS } from '#rack/dhcp/client-options.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { OptionToWrite } from '#rack/dhcp/encode.ts'
import { OPTION, ipv4Bytes, readIpv4 } from '#rack/dhcp/options.ts'
import { makeReply } from '#rack/dhcp/reply.ts'
import {
  fromServer,
  ip,
  makeWorld,
  OTHER_RACK,
  RACK,
  request,
  subnet,
  vlan,
  wants,
} from './world.ts'

const relayed = 5002 as never
const options = {
  vlans: [vlan(), vlan({ id: relayed, dhcpOn: false, relayVlanId: 5001 as never })],
  subnets: [
    subnet(),
    subnet({ id: 2 as never, network: '198.51.100.0/24', vlanId: relayed, gatewayIp: null }),
    subnet({ id: 3 as never, network: '203.0.113.0/24', vlanId: relayed, gatewayIp: null }),
  ],
  ranges: [
    [1, '192.0.2.100', '192.0.2.199'],
    [2, '198.51.100.100', '198.51.100.199'],
    [3, '203.0.113.100', '203.0.113.199'],
  ] as const,
}
const giaddr = ip('198.51.100.1')
const sub = (...parts: readonly (readonly [number, Uint8Array])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap(([code, value]) => [code, value.length, ...value]))
const select = (address: string): OptionToWrite => [OPTION.SUBNET_SELECTION, ipv4Bytes(ip(address))]

function offered(fields: Parameters<typeof request>[1], how = {}): string {
  const decision = makeWorld(options).decide(request('DHCPDISCOVER', fields), how)
  return decision.type === 'offer' ? formatIpv4(decision.ip) : JSON.stringify(decision)
}

t.test('without a relay: the subnets of the receiving interface', async (t) => {
  t.match(offered({}), /^192\.0\.2\./)
})

t.test('giaddr: the VLAN of its subnet, through the VLAN its relay points to', async (t) => {
  t.match(offered({ giaddr }), /^(198\.51\.100|203\.0\.113)\.1/)
})

t.test('RFC 3527: link selection beats giaddr and is exact', async (t) => {
  const relayInformation = sub([5, ipv4Bytes(ip('203.0.113.0'))])
  for (let n = 1; n < 9; n++) {
    const mac = `52:54:00:00:01:0${n}` as never
    t.match(offered({ mac, giaddr, relayInformation }), /^203\.0\.113\.1/)
  }
})

t.test('RFC 3011: subnet selection beats giaddr, link selection beats both', async (t) => {
  t.match(offered({ giaddr, options: [select('203.0.113.0')] }), /^203\.0\.113\.1/)
  const relayInformation = sub([5, ipv4Bytes(ip('198.51.100.0'))])
  const both = { giaddr, relayInformation, options: [select('203.0.113.0')] }
  t.match(offered(both), /^198\.51\.100\.1/)
})

t.test('RFC 3011: an unknown selection is silence, never another subnet', async (t) => {
  t.match(offered({ options: [select('10.9.9.0')] }), /no_subnet/)
  const relayInformation = sub([5, ipv4Bytes(ip('10.9.9.0'))])
  t.match(offered({ giaddr, relayInformation }), /no_subnet/)
})

t.test('link selection without giaddr is nobody’s word', async (t) => {
  const relayInformation = sub([5, ipv4Bytes(ip('203.0.113.0'))])
  t.match(offered({ relayInformation }), /^192\.0\.2\./)
})

t.test('a relayed VLAN is served by the racks of the VLAN its relay points to', async (t) => {
  const world = makeWorld({ ...options, vlans: [vlan({ dhcpOn: false }), options.vlans[1]!] })
  t.match(world.decide(request('DHCPDISCOVER', { giaddr })), { reason: 'dhcp_off' })
  const standby = vlan({ liveRacks: [OTHER_RACK, RACK] })
  const second = makeWorld({ ...options, vlans: [standby, options.vlans[1]!] })
  t.match(second.decide(request('DHCPDISCOVER', { giaddr })), { reason: 'standby' })
})

function replied(fields: Parameters<typeof request>[1]) {
  const decision = makeWorld(options).decide(request('DHCPDISCOVER', fields), { sourcePort: 4067 })
  if (decision.type !== 'offer') throw new Error(JSON.stringify(decision))
  const reply = makeReply(decision, {
    domainName: '',
    hostname: undefined,
    settings: NO_SETTINGS,
    httpPort: 5248,
  })
  const decoded = decodePacket(reply.bytes)
  if (!decoded.ok) throw new Error(decoded.reason)
  return { reply, packet: decoded.packet }
}

t.test('RFC 3046 §2.2: option 82 comes back verbatim, also what is in it unknown', async (t) => {
  const relayInformation = sub(
    [1, Uint8Array.of(9, 9)],
    [200, Uint8Array.of(1)],
    [2, new Uint8Array(0)],
  )
  const { packet } = replied({ giaddr, relayInformation })
  t.strictSame(packet.options.get(82), relayInformation)
  t.equal([...packet.options.keys()].at(-1), 82)
})

t.test('malformed option 82 is echoed and otherwise ignored', async (t) => {
  const relayInformation = Uint8Array.of(5, 4, 1)
  const { packet } = replied({ giaddr, relayInformation })
  t.strictSame(packet.options.get(82), relayInformation)
})

t.test('RFC 8357: the reply goes to the relay’s source port when it says so', async (t) => {
  const said = replied({ giaddr, relayInformation: sub([19, new Uint8Array(0)]) })
  t.strictSame(said.reply.destination, { type: 'relay', address: giaddr, port: 4067 })
  const unsaid = replied({ giaddr })
  t.strictSame(unsaid.reply.destination, { type: 'relay', address: giaddr, port: 67 })
})

t.test(
  'RFC 5107: the relay stands in as server, and the client’s request for it is ours',
  async (t) => {
    const relayInformation = sub([11, ipv4Bytes(giaddr)])
    const { packet } = replied({ giaddr, relayInformation })
    t.equal(readIpv4(packet.options, OPTION.SERVER_IDENTIFIER), giaddr)
    const selecting = {
      giaddr,
      relayInformation,
      options: [fromServer('198.51.100.1'), wants('198.51.100.150')],
    }
    t.equal(makeWorld(options).decide(request('DHCPREQUEST', selecting)).type, 'bind')
  },
)

t.test('RFC 3011: the selection is repeated in the answer', async (t) => {
  const { packet } = replied({ giaddr, options: [select('203.0.113.0')] })
  t.equal(readIpv4(packet.options, OPTION.SUBNET_SELECTION), ip('203.0.113.0'))
})

t.test('an option 82 that could not be echoed is not answered', async (t) => {
  const relayInformation = new Uint8Array(256)
  const decision = makeWorld(options).decide(request('DHCPDISCOVER', { giaddr, relayInformation }))
  t.match(decision, { type: 'ignore', reason: 'relay_information_too_long' })
})
