// RFC 2131 section by section: what the server decides and what its answers look like.
import t from 'tap'
import { NO_SETTINGS } from '#rack/dhcp/client-options.ts'
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { RackToRegionReply } from '#protocol/rack.ts'
import { answerBind, type Decision } from '#rack/dhcp/decide.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { OPTION, readIpv4, readText } from '#rack/dhcp/options.ts'
import type { DhcpPacket } from '#rack/dhcp/packet.ts'
import { type Answer, makeReply, type Reply } from '#rack/dhcp/reply.ts'
import {
  arrival,
  CLIENT,
  fromServer,
  hold,
  ip,
  keyOf,
  link,
  list,
  makeWorld,
  OTHER_CLIENT,
  OTHER_RACK,
  RACK,
  request,
  subnet,
  text,
  vlan,
  wants,
} from './world.ts'

const parameters = {
  domainName: 'maas.example.org',
  hostname: undefined,
  settings: NO_SETTINGS,
  httpPort: 5248,
}

const ANSWERS = ['offer', 'ack', 'inform', 'nak']
const isAnswer = (decision: Decision): decision is Answer => ANSWERS.includes(decision.type)

function replyTo(decision: Decision): { reply: Reply; packet: DhcpPacket } {
  if (!isAnswer(decision)) {
    throw new Error(`no reply: ${JSON.stringify(decision)}`)
  }
  const reply = makeReply(decision, parameters)
  const decoded = decodePacket(reply.bytes)
  if (!decoded.ok) throw new Error(decoded.reason)
  return { reply, packet: decoded.packet }
}

/** Decides a DHCPREQUEST and answers its bind as a region that grants it. */
function granted(decision: Decision, leaseSeconds = 600): Decision {
  if (decision.type !== 'bind') throw new Error(`no bind: ${JSON.stringify(decision)}`)
  const value = { ip: decision.command.ip, leaseSeconds, until: 99_999 }
  const reply: RackToRegionReply = { ok: true, outcome: { ok: true, value }, revision: 2 }
  return answerBind(decision.exchange, decision.command, reply)
}

const address = (packet: DhcpPacket, code: number): string | undefined => {
  const value = readIpv4(packet.options, code)
  return value === undefined ? undefined : formatIpv4(value)
}
const seconds = (packet: DhcpPacket, code: number): number | undefined =>
  packet.options.get(code) === undefined
    ? undefined
    : Buffer.from(packet.options.get(code) ?? []).readUInt32BE(0)

t.test('§2: a reply repeats xid, flags, giaddr and chaddr and is a BOOTREPLY', async (t) => {
  const world = makeWorld()
  const giaddr = ip('192.0.2.9')
  const discover = request('DHCPDISCOVER', { xid: 0xfedcba98, flags: 0x8000, giaddr, secs: 7 })
  const { packet } = replyTo(world.decide(discover))
  t.match(packet, { op: 2, htype: 1, hlen: 6, hops: 0, xid: 0xfedcba98, secs: 0, flags: 0x8000 })
  t.match(packet, { ciaddr: 0, giaddr, messageType: 'DHCPOFFER' })
  t.strictSame(packet.chaddr, discover.chaddr)
})

t.test('§3.1(2): the offer names address, server, lease, T1, T2 and mask', async (t) => {
  const { packet } = replyTo(makeWorld().decide(request('DHCPDISCOVER')))
  t.ok(packet.yiaddr >= ip('192.0.2.100') && packet.yiaddr <= ip('192.0.2.199'))
  t.equal(address(packet, OPTION.SERVER_IDENTIFIER), '192.0.2.1')
  t.equal(seconds(packet, OPTION.LEASE_TIME), 600)
  t.equal(seconds(packet, OPTION.RENEWAL_TIME), 300)
  t.equal(seconds(packet, OPTION.REBINDING_TIME), 525)
  t.equal(address(packet, OPTION.SUBNET_MASK), '255.255.255.0')
})

t.test('§3.1(4): a request that takes another server drops our offer in silence', async (t) => {
  const world = makeWorld()
  const options = [fromServer('192.0.2.7'), wants('192.0.2.100')]
  t.match(world.decide(request('DHCPREQUEST', { options })), {
    type: 'ignore',
    reason: 'other_server',
  })
})

t.test('§4.1: where the reply goes', async (t) => {
  const relay = ip('192.0.2.9')
  const own = ip('192.0.2.150')
  const renew = { ciaddr: own }
  const unicast = { destination: ip('192.0.2.1') }
  const cases = [
    {
      name: 'giaddr: to the relay, port 67',
      decision: makeWorld().decide(request('DHCPDISCOVER', { giaddr: relay })),
      destination: { type: 'relay', address: relay, port: 67 },
    },
    {
      name: 'giaddr beats ciaddr and the broadcast flag',
      decision: granted(
        makeWorld().decide(request('DHCPREQUEST', { giaddr: relay, flags: 0x8000, ...renew })),
      ),
      destination: { type: 'relay', address: relay, port: 67 },
    },
    {
      name: 'ciaddr: to the client by IP',
      decision: granted(makeWorld().decide(request('DHCPREQUEST', renew), unicast)),
      destination: { type: 'unicast', address: own },
    },
    {
      name: 'ciaddr beats the broadcast flag',
      decision: granted(
        makeWorld().decide(request('DHCPREQUEST', { ...renew, flags: 0x8000 }), unicast),
      ),
      destination: { type: 'unicast', address: own },
    },
    {
      name: 'broadcast flag: broadcast',
      decision: makeWorld().decide(request('DHCPDISCOVER', { flags: 0x8000 })),
      destination: { type: 'broadcast' },
    },
    {
      name: 'other flag bits mean nothing',
      decision: makeWorld().decide(
        request('DHCPDISCOVER', { flags: 0x7fff, options: [wants('192.0.2.150')] }),
      ),
      destination: { type: 'hardware', address: own, mac: CLIENT },
    },
    {
      name: 'none of them: to the hardware address at yiaddr',
      decision: makeWorld().decide(request('DHCPDISCOVER', { options: [wants('192.0.2.150')] })),
      destination: { type: 'hardware', address: own, mac: CLIENT },
    },
  ]
  for (const { name, decision, destination } of cases) {
    t.strictSame(replyTo(decision).reply.destination, destination, name)
  }
})

t.test(
  '§4.1: a NAK without relay is broadcast, also to a client that has an address',
  async (t) => {
    const world = makeWorld()
    const rebinding = request('DHCPREQUEST', { ciaddr: ip('198.51.100.5') })
    const { reply, packet } = replyTo(world.decide(rebinding))
    t.equal(packet.messageType, 'DHCPNAK')
    t.strictSame(reply.destination, { type: 'broadcast' })
  },
)

t.test('§4.3.1: the offered address, in this order of preference', async (t) => {
  const asks = [wants('192.0.2.150')]
  const cases: { name: string; world: ReturnType<typeof makeWorld>; expected: string | RegExp }[] =
    [
      {
        name: 'the current binding beats the address asked for',
        world: makeWorld({ holds: [hold('192.0.2.140')] }),
        expected: '192.0.2.140',
      },
      {
        name: 'a binding that ended is still preferred',
        world: makeWorld({ holds: [hold('192.0.2.140', { until: 1 })] }),
        expected: '192.0.2.140',
      },
      {
        name: 'the latest of several bindings',
        world: makeWorld({
          holds: [
            hold('192.0.2.140', { boundAt: 5 }),
            hold('192.0.2.142', { boundAt: 7 }),
            hold('192.0.2.141', { boundAt: 6 }),
          ],
        }),
        expected: '192.0.2.142',
      },
      { name: 'else the address asked for', world: makeWorld(), expected: '192.0.2.150' },
      {
        name: 'but not when another holds it',
        world: makeWorld({ holds: [hold('192.0.2.150', { client: keyOf(OTHER_CLIENT) })] }),
        expected: /^192\.0\.2\.1\d\d$/,
      },
      {
        name: 'but not when the API gave it away',
        world: makeWorld({ allocated: ['192.0.2.150'] }),
        expected: /^192\.0\.2\.1\d\d$/,
      },
      {
        name: 'but not when it was declined',
        world: makeWorld({ quarantined: ['192.0.2.150'] }),
        expected: /^192\.0\.2\.1\d\d$/,
      },
      {
        name: 'a binding the API took away since is not offered',
        world: makeWorld({ holds: [hold('192.0.2.140')], allocated: ['192.0.2.140'] }),
        expected: '192.0.2.150',
      },
      {
        name: 'a binding outside every range is not offered',
        world: makeWorld({ holds: [hold('192.0.2.20')] }),
        expected: '192.0.2.150',
      },
    ]
  for (const { name, world, expected } of cases) {
    const { packet } = replyTo(world.decide(request('DHCPDISCOVER', { options: asks })))
    const offered = formatIpv4(packet.yiaddr)
    if (typeof expected === 'string') t.equal(offered, expected, name)
    else {
      t.match(offered, expected, name)
      t.not(offered, '192.0.2.150', name)
    }
  }
})

t.test('§4.3.1: an address asked for outside the ranges is not offered', async (t) => {
  for (const asked of ['192.0.2.1', '192.0.2.20', '192.0.2.255', '198.51.100.9', '0.0.0.0']) {
    const discover = request('DHCPDISCOVER', { options: [wants(asked)] })
    const { packet } = replyTo(makeWorld().decide(discover))
    t.not(formatIpv4(packet.yiaddr), asked)
    t.match(formatIpv4(packet.yiaddr), /^192\.0\.2\.1\d\d$/)
  }
})

t.test('§4.3.1: a repeated DHCPDISCOVER gets the same offer', async (t) => {
  const world = makeWorld()
  const first = world.decide(request('DHCPDISCOVER'))
  if (first.type !== 'offer') throw new Error(first.type)
  world.offers.put(first.ip, keyOf(CLIENT), world.clock.monotonicMs())
  world.clock.advance(4_000)
  const again = world.decide(request('DHCPDISCOVER', { secs: 4 }))
  t.match(again, { type: 'offer', ip: first.ip })
})

t.test('§4.3.1: an exhausted pool is silence', async (t) => {
  const taken = { client: keyOf(OTHER_CLIENT) }
  const world = makeWorld({
    ranges: [[1, '192.0.2.100', '192.0.2.101']],
    holds: [hold('192.0.2.100', taken), hold('192.0.2.101', taken)],
  })
  t.match(world.decide(request('DHCPDISCOVER')), { type: 'ignore', reason: 'pool_exhausted' })
})

t.test('§4.3.1: options come by the parameter request list, in its order', async (t) => {
  const options = [list(15, 6, 3, 28, 26, 12, 1, 42, 200), text(OPTION.HOST_NAME, 'guest')]
  const { packet } = replyTo(makeWorld().decide(request('DHCPDISCOVER', { options })))
  t.strictSame([...packet.options.keys()].slice(-4), [15, 6, 3, 28])
  t.equal(address(packet, OPTION.ROUTER), '192.0.2.254')
  t.equal(address(packet, OPTION.DOMAIN_NAME_SERVER), '192.0.2.53', 'IPv6 servers left out')
  t.equal(readText(packet.options, OPTION.DOMAIN_NAME), 'maas.example.org')
  t.equal(address(packet, OPTION.BROADCAST_ADDRESS), '192.0.2.255')
  t.notOk(packet.options.has(OPTION.INTERFACE_MTU), '1500 is not worth an option')
  t.notOk(packet.options.has(OPTION.HOST_NAME), 'the region names no machine here')
})

t.test('§4.3.1: what does not exist is left out, another MTU is told', async (t) => {
  const world = makeWorld({
    vlans: [vlan({ mtu: 9000 })],
    subnets: [subnet({ gatewayIp: null, dnsServers: [] })],
  })
  const discover = request('DHCPDISCOVER', { options: [list(3, 6, 26)] })
  const { packet } = replyTo(world.decide(discover))
  t.notOk(packet.options.has(OPTION.ROUTER))
  t.notOk(packet.options.has(OPTION.DOMAIN_NAME_SERVER))
  t.strictSame([...(packet.options.get(OPTION.INTERFACE_MTU) ?? [])], [0x23, 0x28])
})

t.test('§4.3.2 SELECTING: the region binds; only its yes is a DHCPACK', async (t) => {
  const world = makeWorld()
  const options = [fromServer('192.0.2.1'), wants('192.0.2.150'), text(12, 'Guest_1.example')]
  const decision = world.decide(request('DHCPREQUEST', { options }))
  t.match(decision, {
    type: 'bind',
    command: {
      type: 'lease.bind',
      rackId: RACK,
      client: keyOf(CLIENT),
      mac: CLIENT,
      ip: ip('192.0.2.150'),
      leaseSeconds: 600,
      kind: 'selecting',
      hostname: 'guest1',
    },
  })
  const { packet } = replyTo(granted(decision, 123))
  t.match(packet, { messageType: 'DHCPACK', yiaddr: ip('192.0.2.150'), ciaddr: 0 })
  t.equal(seconds(packet, OPTION.LEASE_TIME), 123, 'what was committed, not what we would like')
})

t.test('§4.3.2: the four kinds are told apart by 54, 50, ciaddr and destination', async (t) => {
  const own = ip('192.0.2.150')
  const cases = [
    { kind: 'selecting', fields: { options: [fromServer('192.0.2.1'), wants('192.0.2.150')] } },
    { kind: 'selecting', fields: { options: [fromServer('192.0.2.1')], ciaddr: own } },
    { kind: 'initReboot', fields: { options: [wants('192.0.2.150')] } },
    { kind: 'rebinding', fields: { ciaddr: own } },
    { kind: 'renewing', fields: { ciaddr: own }, destination: ip('192.0.2.1') },
  ]
  for (const { kind, fields, destination } of cases) {
    const how = destination === undefined ? {} : { destination }
    const decision = makeWorld().decide(request('DHCPREQUEST', fields), how)
    t.match(decision, { type: 'bind', command: { kind, ip: own } }, kind)
  }
})

t.test('§4.3.2: an address of another network is a DHCPNAK without asking anybody', async (t) => {
  const elsewhere = '198.51.100.5'
  const cases = {
    selecting: { options: [fromServer('192.0.2.1'), wants(elsewhere)] },
    'init-reboot': { options: [wants(elsewhere)] },
    rebinding: { ciaddr: ip(elsewhere) },
    'relayed init-reboot': { options: [wants(elsewhere)], giaddr: ip('192.0.2.9') },
  }
  for (const [name, fields] of Object.entries(cases)) {
    const { packet } = replyTo(makeWorld().decide(request('DHCPREQUEST', fields)))
    t.equal(packet.messageType, 'DHCPNAK', name)
  }
})

t.test('§4.3.2: a relayed NAK sets the broadcast bit', async (t) => {
  const fields = { options: [wants('198.51.100.5')], giaddr: ip('192.0.2.9') }
  const { reply, packet } = replyTo(makeWorld().decide(request('DHCPREQUEST', fields)))
  t.equal(packet.flags, 0x8000)
  t.match(reply.destination, { type: 'relay', address: ip('192.0.2.9') })
})

t.test('§4.3.2 RENEWING from behind a router: the client is placed by ciaddr', async (t) => {
  const second = { id: 2, vlanId: 5002, network: '203.0.113.0/24', gatewayIp: null }
  const world = makeWorld({
    vlans: [vlan(), vlan({ id: 5002 as never })],
    subnets: [subnet(), subnet(second as never)],
    ranges: [[2, '203.0.113.10', '203.0.113.20']],
  })
  const renewing = request('DHCPREQUEST', { ciaddr: ip('203.0.113.15') })
  const decision = world.decide(renewing, { destination: ip('192.0.2.1') })
  t.match(decision, { type: 'bind', command: { kind: 'renewing', ip: ip('203.0.113.15') } })
})

t.test('§4.3.2: a request that names no address is silence', async (t) => {
  for (const options of [[], [fromServer('192.0.2.1')], [wants('0.0.0.0')]]) {
    const decision = makeWorld().decide(request('DHCPREQUEST', { options }))
    t.match(decision, { type: 'ignore', reason: 'no_address_named' })
  }
})

t.test('lease-protocol §4: what a region says and what the client hears', async (t) => {
  const options = [fromServer('192.0.2.1'), wants('192.0.2.150')]
  const decision = makeWorld().decide(request('DHCPREQUEST', { options }))
  if (decision.type !== 'bind') throw new Error(decision.type)
  const refusal = (code: string): RackToRegionReply =>
    ({ ok: true, outcome: { ok: false, code, message: '' }, revision: 2 }) as RackToRegionReply
  const lease = (address: Ipv4): RackToRegionReply => ({
    ok: true,
    outcome: { ok: true, value: { ip: address, leaseSeconds: 600, until: 9 } },
    revision: 2,
  })
  const cases: [string, RackToRegionReply, string][] = [
    ['bound', lease(ip('192.0.2.150')), 'ack'],
    ['another has it', refusal('ADDRESS_UNAVAILABLE'), 'nak'],
    ['no record of it', refusal('NOT_FOUND'), 'ignore'],
    ['not this rack', refusal('RACK_REFUSED'), 'ignore'],
    ['malformed', refusal('VALIDATION'), 'ignore'],
    ['forbidden', refusal('FORBIDDEN'), 'ignore'],
    ['no quorum', { ok: false, reason: 'noQuorum' }, 'ignore'],
    ['overloaded', { ok: false, reason: 'overloaded' }, 'ignore'],
    ['a lease of another address', lease(ip('192.0.2.151')), 'ignore'],
    ['no value', { ok: true, outcome: { ok: true, value: null }, revision: 2 }, 'ignore'],
  ]
  for (const [name, reply, expected] of cases) {
    t.equal(answerBind(decision.exchange, decision.command, reply).type, expected, name)
  }
})

t.test('§4.3.3 DHCPDECLINE: only its holder, with an address, to us or to nobody', async (t) => {
  const declines = (options: Parameters<typeof request>[1]) =>
    makeWorld({ holds: [hold('192.0.2.150')] }).decide(request('DHCPDECLINE', options))
  const command = { type: 'lease.decline', client: keyOf(CLIENT), mac: CLIENT }
  t.match(declines({ options: [fromServer('192.0.2.1'), wants('192.0.2.150')] }), {
    type: 'tell',
    command,
  })
  t.match(declines({ options: [wants('192.0.2.150')] }), { type: 'tell', command })
  const silent: [string, Parameters<typeof request>[1]][] = [
    ['other_server', { options: [fromServer('192.0.2.7'), wants('192.0.2.150')] }],
    ['no_address_named', { options: [fromServer('192.0.2.1')] }],
    ['not_the_holder', { options: [wants('192.0.2.151')] }],
    ['not_the_holder', { options: [wants('192.0.2.150')], mac: OTHER_CLIENT }],
  ]
  for (const [reason, fields] of silent) {
    t.match(declines(fields), { type: 'ignore', reason }, reason)
  }
})

t.test('§4.3.4 DHCPRELEASE: of the holder, no answer', async (t) => {
  const releases = (fields: Parameters<typeof request>[1]) =>
    makeWorld({ holds: [hold('192.0.2.150')] }).decide(request('DHCPRELEASE', fields), {
      destination: ip('192.0.2.1'),
    })
  const ciaddr = ip('192.0.2.150')
  t.match(releases({ ciaddr, options: [fromServer('192.0.2.1')] }), {
    type: 'tell',
    command: { type: 'lease.release', client: keyOf(CLIENT), ip: ciaddr },
  })
  t.match(releases({ ciaddr, mac: OTHER_CLIENT }), { type: 'ignore', reason: 'not_the_holder' })
  const moved = releases({ ciaddr, options: [fromServer('192.0.2.7')] })
  t.match(moved, { type: 'tell' }, 'bound by a rack that is gone')
})

t.test('§4.3.5 DHCPINFORM: parameters without a lease, to ciaddr', async (t) => {
  const ciaddr = ip('192.0.2.20')
  const inform = request('DHCPINFORM', { ciaddr, giaddr: ip('192.0.2.9'), options: [list(3, 51)] })
  const { reply, packet } = replyTo(makeWorld().decide(inform))
  t.match(packet, { messageType: 'DHCPACK', yiaddr: 0, ciaddr })
  t.strictSame([...packet.options.keys()], [53, 54, 1, 3])
  t.strictSame(reply.destination, { type: 'unicast', address: ciaddr }, 'not to the relay')
})

t.test('§4.3.5: an INFORM for an address elsewhere is silence: no reflector', async (t) => {
  for (const ciaddr of [ip('198.51.100.1'), ip('0.0.0.0')]) {
    t.equal(makeWorld().decide(request('DHCPINFORM', { ciaddr })).type, 'ignore')
  }
})

t.test('Table 3: a DHCPNAK carries no addresses and only its own options', async (t) => {
  const options = [
    wants('198.51.100.5'),
    list(1, 3, 6),
    text(OPTION.VENDOR_CLASS, 'PXEClient'),
    text(OPTION.CLIENT_IDENTIFIER, '\u0001id'),
  ]
  const fields = { options, giaddr: ip('192.0.2.9'), relayInformation: Uint8Array.of(1, 1, 7) }
  const { packet } = replyTo(makeWorld().decide(request('DHCPREQUEST', fields)))
  t.match(packet, { ciaddr: 0, yiaddr: 0, siaddr: 0, file: '', sname: '' })
  t.strictSame([...packet.options.keys()], [53, 54, 56, 61, 82])
})

t.test('Table 3: an offer has no ciaddr, an ACK repeats it', async (t) => {
  const ciaddr = ip('192.0.2.150')
  const offer = replyTo(makeWorld().decide(request('DHCPDISCOVER', { ciaddr })))
  t.equal(offer.packet.ciaddr, 0)
  const ack = replyTo(granted(makeWorld().decide(request('DHCPREQUEST', { ciaddr }))))
  t.equal(ack.packet.ciaddr, ciaddr)
})

t.test('who answers: ranks, the lost, and clients nobody answers (D8)', async (t) => {
  const second = { vlans: [vlan({ liveRacks: [OTHER_RACK, RACK] })] }
  const standby = { type: 'ignore', reason: 'standby' }
  t.match(makeWorld(second).decide(request('DHCPDISCOVER')), standby, 'the first one answers')
  t.match(makeWorld(second).decide(request('DHCPDISCOVER', { secs: 4 })), { type: 'offer' })
  t.match(makeWorld(second).decide(request('DHCPDISCOVER', { secs: 3 })), standby)
  const alone = makeWorld({
    vlans: [vlan({ liveRacks: [RACK], primaryRack: OTHER_RACK, secondaryRack: RACK })],
  })
  t.match(alone.decide(request('DHCPDISCOVER')), { type: 'offer' }, 'the primary was lost')
  const stranger = makeWorld({
    vlans: [vlan({ liveRacks: [OTHER_RACK], primaryRack: OTHER_RACK, secondaryRack: null })],
  })
  t.match(stranger.decide(request('DHCPDISCOVER', { secs: 99 })), { reason: 'not_our_vlan' })
  const unseen = makeWorld({ vlans: [vlan({ liveRacks: [] })] })
  t.match(unseen.decide(request('DHCPDISCOVER')), { type: 'offer' }, 'primary of a dark VLAN')

  const world = makeWorld(second)
  world.waiting.note(keyOf(CLIENT), world.clock.monotonicMs())
  world.clock.advance(2_999)
  t.match(world.decide(request('DHCPDISCOVER', { xid: 7 })), standby)
  world.clock.advance(1)
  t.match(world.decide(request('DHCPDISCOVER', { xid: 8 })), { type: 'offer' })
})

t.test('the second rack answers what is addressed to it, and keeps out of the rest', async (t) => {
  const world = makeWorld({ vlans: [vlan({ liveRacks: [OTHER_RACK, RACK] })] })
  const ciaddr = ip('192.0.2.150')
  const selecting = { options: [fromServer('192.0.2.1'), wants('192.0.2.150')] }
  t.equal(world.decide(request('DHCPREQUEST', selecting)).type, 'bind')
  const direct = { destination: ip('192.0.2.1') }
  t.equal(world.decide(request('DHCPREQUEST', { ciaddr }), direct).type, 'bind')
  const standby = { type: 'ignore', reason: 'standby' }
  t.match(world.decide(request('DHCPREQUEST', { ciaddr })), standby, 'rebinding')
  const reboot = { options: [wants('192.0.2.150')] }
  t.match(world.decide(request('DHCPREQUEST', reboot)), standby, 'init-reboot')
  const wrong = { options: [wants('198.51.100.5')] }
  t.match(world.decide(request('DHCPREQUEST', wrong)), standby, 'no NAK from the second either')
})

t.test('what is not served is silence', async (t) => {
  const cases: [string, Decision][] = [
    ['dhcp_off', makeWorld({ vlans: [vlan({ dhcpOn: false })] }).decide(request('DHCPDISCOVER'))],
    ['no_subnet', makeWorld().decide(request('DHCPDISCOVER'), { link: { ...link, vlanId: null } })],
    ['no_subnet', makeWorld().decide(request('DHCPDISCOVER', { giaddr: ip('198.51.100.1') }))],
    [
      'no_server_address',
      makeWorld().decide(request('DHCPDISCOVER'), { link: { ...link, addresses: [] } }),
    ],
    ['not_a_request', makeWorld().decide(request('DHCPDISCOVER', { op: 2 }))],
    ['reply_message', makeWorld().decide(request('DHCPOFFER'))],
    ['reply_message', makeWorld().decide(request('DHCPACK'))],
    [
      'hardware_address',
      makeWorld().decide(request('DHCPDISCOVER', { chaddr: new Uint8Array(6) })),
    ],
    [
      'hardware_address',
      makeWorld().decide(request('DHCPDISCOVER', { chaddr: new Uint8Array(16).fill(2) })),
    ],
    [
      'hardware_address',
      makeWorld().decide(request('DHCPDISCOVER', { chaddr: new Uint8Array(6).fill(255) })),
    ],
  ]
  for (const [reason, decision] of cases) t.match(decision, { type: 'ignore', reason }, reason)
})

t.test('the arrival of a reply does not depend on who asked last', async (t) => {
  const decision = makeWorld().decide(request('DHCPDISCOVER'), arrival({ sourcePort: 1068 }))
  t.equal(replyTo(decision).reply.destination.type, 'hardware')
})
