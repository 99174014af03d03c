// The shell's promises: one command per packet, silence when in doubt, no late replies, no datagram that
// stops it, bounded memory.
import fc from 'fast-check'
import t from 'tap'
import { formatIpv4, type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { Exchange } from '#rack/dhcp/decide.ts'
import type { Reply } from '#rack/dhcp/reply.ts'
import {
  BINDS_PER_CLIENT_MAX,
  REPLY_AGE_MAX_MS,
  Responder,
  NO_RIGHTS,
  type ResponderOptions,
} from '#rack/dhcp/responder.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import {
  arrival,
  CLIENT,
  fromServer,
  hold,
  ip,
  keyOf,
  link,
  list,
  mac,
  makeWorld,
  OTHER_CLIENT,
  OTHER_RACK,
  RACK,
  recordingLogger,
  recordingMetrics,
  requestBytes,
  vlan,
  wants,
  type WorldOptions,
} from './world.ts'

type Asked = { command: RackCommand; answer: (reply: RackToRegionReply | Error) => Promise<void> }

type Probe = NonNullable<ResponderOptions['probe']>

function makeResponder(options: WorldOptions = {}, probe?: Probe) {
  const world = makeWorld(options)
  const asked: Asked[] = []
  const sent: { reply: Reply; exchange: Exchange }[] = []
  const metrics = recordingMetrics()
  const logger = recordingLogger()
  const responder = new Responder({
    rackId: RACK,
    index: world.index,
    links: () => [link],
    request: (command) =>
      new Promise((resolve, reject) => {
        const answer = async (reply: RackToRegionReply | Error): Promise<void> => {
          if (reply instanceof Error) reject(reply)
          else resolve(reply)
          await Promise.resolve()
        }
        asked.push({ command, answer })
      }),
    ...(probe === undefined ? {} : { probe }),
    offline: NO_RIGHTS,
    transmit: (reply, exchange) => void sent.push({ reply, exchange }),
    clock: world.clock,
    logger,
    metrics,
    httpPort: 5248,
  })
  const receive = (bytes: Uint8Array, how = {}): void =>
    responder.receive(bytes, arrival({ receivedAtMs: world.clock.monotonicMs(), ...how }))
  return { ...world, responder, receive, asked, sent, metrics, logger }
}

function addressOf(reply: Reply | undefined): Ipv4 | undefined {
  const decoded = decodePacket(reply?.bytes ?? new Uint8Array())
  return decoded.ok ? decoded.packet.yiaddr : undefined
}

const bound = (address: Ipv4): RackToRegionReply => ({
  ok: true,
  outcome: { ok: true, value: { ip: address, leaseSeconds: 600, until: 9 } },
  revision: 2,
})
const selecting = requestBytes('DHCPREQUEST', {
  options: [fromServer('192.0.2.1'), wants('192.0.2.150')],
})

t.test('a DHCPDISCOVER is answered at once, without a region', async (t) => {
  const { receive, sent, asked } = makeResponder()
  receive(requestBytes('DHCPDISCOVER'))
  t.equal(sent[0]?.reply.messageType, 'DHCPOFFER')
  t.equal(asked.length, 0)
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test(
  'a first offer waits until the segment had time to object, a second one does not',
  async (t) => {
    const probed: Ipv4[] = []
    let answer: () => void = () => {}
    const { receive, sent } = makeResponder({}, (_, address) => {
      probed.push(address)
      return new Promise((resolve) => (answer = () => resolve(undefined)))
    })
    receive(requestBytes('DHCPDISCOVER'))
    receive(requestBytes('DHCPDISCOVER'))
    t.equal(sent.length, 0, 'its repetition too')
    answer()
    await turn()
    t.equal(sent.length, 1)
    receive(requestBytes('DHCPDISCOVER'))
    t.equal(sent.length, 2)
    t.equal(probed.length, 1)
  },
)

t.test('an address in use is reported, and the client is offered another', async (t) => {
  const used: Ipv4[] = []
  const { receive, sent, asked, metrics, clock } = makeResponder({}, async (_, address) => {
    if (used.length > 0) return undefined
    used.push(address)
    return OTHER_CLIENT
  })
  receive(requestBytes('DHCPDISCOVER'))
  await turn()
  t.equal(sent.length, 0)
  const [user] = used
  t.strictSame(
    asked.map(({ command }) => command),
    [{ type: 'lease.observe', rackId: RACK, mac: OTHER_CLIENT, ip: user }],
  )
  t.equal(metrics.counts.get('ironraft_dhcp_messages_total DHCPOFFER in_use'), 1)
  clock.advance(3_000_000)
  receive(
    requestBytes('DHCPDISCOVER', { options: user === undefined ? [] : [wants(formatIpv4(user))] }),
  )
  await turn()
  t.equal(sent[0]?.reply.messageType, 'DHCPOFFER')
  t.not(addressOf(sent[0]?.reply), user)
})

t.test('the client itself, a holder and clients behind a relay are not held up', async (t) => {
  const own = makeResponder({}, async () => CLIENT)
  own.receive(requestBytes('DHCPDISCOVER'))
  await turn()
  t.equal(own.sent.length, 1, 'it has the address still')
  const never: Probe = () => new Promise(() => {})
  const holder = makeResponder({ holds: [hold('192.0.2.150')] }, never)
  holder.receive(requestBytes('DHCPDISCOVER'))
  t.equal(holder.sent.length, 1)
  const relayed = makeResponder({}, never)
  relayed.receive(requestBytes('DHCPDISCOVER', { giaddr: ip('192.0.2.9') }))
  t.equal(relayed.sent.length, 1)
})

t.test('no DHCPACK before the region has answered', async (t) => {
  const { receive, sent, asked } = makeResponder()
  receive(selecting)
  t.equal(sent.length, 0)
  await asked[0]?.answer(bound(ip('192.0.2.150')))
  t.equal(sent[0]?.reply.messageType, 'DHCPACK')
})

t.test('each packet is a command of its own, also with an equal xid', async (t) => {
  const { receive, asked } = makeResponder()
  receive(selecting)
  receive(selecting)
  t.equal(asked.length, 2)
})

t.test('an unknown outcome, a failure and a throw of the link are silence', async (t) => {
  for (const reply of [
    { ok: false, reason: 'noQuorum' } as const,
    { ok: false, reason: 'overloaded' } as const,
    new Error('link broke'),
  ]) {
    const { receive, sent, asked } = makeResponder()
    receive(selecting)
    await asked[0]?.answer(reply)
    await Promise.resolve()
    t.equal(sent.length, 0)
  }
})

t.test('a reply older than five seconds is dropped at the last look', async (t) => {
  const { responder, receive, sent, asked, clock, metrics } = makeResponder()
  receive(selecting)
  await asked[0]?.answer(bound(ip('192.0.2.150')))
  const exchange = sent[0]?.exchange
  if (exchange === undefined) throw new Error('no reply')
  clock.advance(REPLY_AGE_MAX_MS)
  t.equal(responder.isTooOld(exchange), false)
  clock.advance(1)
  t.equal(responder.isTooOld(exchange), true)
  t.equal(metrics.counts.get('ironraft_dhcp_replies_too_old_total'), 1)
})

t.test('one client has only so many binds waiting; an answer makes room', async (t) => {
  const { receive, asked, metrics } = makeResponder()
  for (let i = 0; i < BINDS_PER_CLIENT_MAX + 3; i++) receive(selecting)
  t.equal(asked.length, BINDS_PER_CLIENT_MAX)
  t.equal(metrics.counts.get('ironraft_dhcp_messages_total DHCPREQUEST too_many_waiting'), 3)
  receive(
    requestBytes('DHCPREQUEST', {
      mac: OTHER_CLIENT,
      options: [fromServer('192.0.2.1'), wants('192.0.2.151')],
    }),
  )
  t.equal(asked.length, BINDS_PER_CLIENT_MAX + 1, 'another client is not hindered')
  for (const one of asked) await one.answer({ ok: false, reason: 'noQuorum' })
  receive(selecting)
  t.equal(asked.length, BINDS_PER_CLIENT_MAX + 2)
})

t.test('two clients asking at once are offered two addresses', async (t) => {
  const { receive, sent } = makeResponder({ ranges: [[1, '192.0.2.100', '192.0.2.101']] })
  for (const client of [CLIENT, OTHER_CLIENT, mac('52:54:00:00:00:03')]) {
    receive(requestBytes('DHCPDISCOVER', { mac: client }))
  }
  const offered = sent.map(({ reply }) => {
    const decoded = decodePacket(reply.bytes)
    return decoded.ok ? decoded.packet.yiaddr : 0
  })
  t.strictSame(
    offered.toSorted((a, b) => a - b),
    [ip('192.0.2.100'), ip('192.0.2.101')],
    'the third: silence',
  )
})

t.test('a client that takes another server frees our offer at once', async (t) => {
  const { receive, sent } = makeResponder({ ranges: [[1, '192.0.2.100', '192.0.2.100']] })
  receive(requestBytes('DHCPDISCOVER'))
  receive(requestBytes('DHCPREQUEST', { options: [fromServer('192.0.2.7'), wants('192.0.2.9')] }))
  receive(requestBytes('DHCPDISCOVER', { mac: OTHER_CLIENT }))
  t.equal(sent.length, 2)
})

t.test(
  'the second rack steps in for a client nobody answers, and out when somebody did',
  async (t) => {
    const options = { vlans: [vlan({ liveRacks: [OTHER_RACK, RACK] })] }
    const { receive, sent, clock } = makeResponder(options)
    receive(requestBytes('DHCPDISCOVER'))
    clock.advance(3_000)
    receive(requestBytes('DHCPDISCOVER', { xid: 9 }))
    t.equal(sent.length, 1, 'its second try')
    const other = makeResponder(options)
    other.receive(requestBytes('DHCPDISCOVER'))
    other.receive(
      requestBytes('DHCPREQUEST', { options: [fromServer('192.0.2.7'), wants('192.0.2.9')] }),
    )
    other.clock.advance(3_000)
    other.receive(requestBytes('DHCPDISCOVER', { xid: 9 }))
    t.equal(other.sent.length, 0, 'the first rack answered it')
  },
)

t.test('RELEASE and DECLINE are told and never answered, whatever comes back', async (t) => {
  const { receive, sent, asked, logger } = makeResponder({ holds: [hold('192.0.2.150')] })
  receive(requestBytes('DHCPRELEASE', { ciaddr: ip('192.0.2.150') }))
  receive(requestBytes('DHCPDECLINE', { options: [wants('192.0.2.150')] }))
  t.strictSame(
    asked.map(({ command }) => command.type),
    ['lease.release', 'lease.decline'],
  )
  await asked[0]?.answer({ ok: false, reason: 'noQuorum' })
  await asked[1]?.answer(new Error('link broke'))
  await Promise.resolve()
  t.equal(sent.length, 0)
  t.ok(logger.events.includes('dhcp.address_declined'))
})

t.test('an exhausted pool is warned about once a minute', async (t) => {
  const taken = hold('192.0.2.100', { client: keyOf(OTHER_CLIENT) })
  const { receive, logger, clock } = makeResponder({
    ranges: [[1, '192.0.2.100', '192.0.2.100']],
    holds: [taken],
  })
  for (let i = 0; i < 5; i++) receive(requestBytes('DHCPDISCOVER'))
  t.equal(logger.events.filter((event) => event === 'dhcp.pool_exhausted').length, 1)
  clock.advance(60_001)
  receive(requestBytes('DHCPDISCOVER'))
  t.equal(logger.events.filter((event) => event === 'dhcp.pool_exhausted').length, 2)
})

t.test('100,000 random and mutated datagrams: no throw, every reply well-formed', async (t) => {
  const { receive, sent, asked } = makeResponder({ holds: [hold('192.0.2.150')] })
  const random = seededRandom(20261124)
  const types = ['DHCPDISCOVER', 'DHCPREQUEST', 'DHCPDECLINE', 'DHCPRELEASE', 'DHCPINFORM'] as const
  const seeds = types.flatMap((type) => [
    requestBytes(type, { ciaddr: ip('192.0.2.150'), options: [list(1, 3, 6, 66, 67)] }),
    requestBytes(type, {
      giaddr: ip('192.0.2.9'),
      options: [wants('192.0.2.150'), fromServer('192.0.2.1'), [60, Buffer.from('PXEClient')]],
      relayInformation: Uint8Array.of(5, 4, 192, 0, 2, 0, 11, 4, 1, 2, 3, 4),
    }),
  ])
  for (let round = 0; round < 100_000; round++) {
    let bytes: Uint8Array
    if (round % 5 === 0) bytes = random.bytes(random.integer(700))
    else {
      const seed = seeds[random.integer(seeds.length)] ?? new Uint8Array(0)
      bytes = seed.slice(0, random.integer(4) === 0 ? random.integer(seed.length + 1) : undefined)
      for (let i = random.integer(12); i > 0 && bytes.length > 0; i--) {
        // Mostly in the options, where the parser branches.
        const from = random.integer(4) === 0 ? 0 : Math.min(236, bytes.length - 1)
        bytes[from + random.integer(bytes.length - from)] = random.integer(256)
      }
    }
    receive(bytes, round % 2 === 0 ? {} : { destination: ip('192.0.2.1') })
    for (const one of asked.splice(0)) {
      const address = 'ip' in one.command ? one.command.ip : makeIpv4(0)
      await one.answer(bound(address))
    }
    for (const { reply } of sent.splice(0)) {
      const decoded = decodePacket(reply.bytes)
      if (!decoded.ok || decoded.packet.op !== 2) t.fail(`bad reply in round ${round}`)
    }
  }
  t.pass()
})

t.test('any arrival, any request: decided without a throw', async (t) => {
  const { receive } = makeResponder()
  const address = fc.nat(0xffffffff).map(makeIpv4)
  fc.assert(
    fc.property(
      fc.constantFrom('DHCPDISCOVER', 'DHCPREQUEST', 'DHCPINFORM', 'DHCPRELEASE'),
      fc.record({ ciaddr: address, giaddr: address, flags: fc.nat(0xffff), secs: fc.nat(0xffff) }),
      fc.option(address, { nil: undefined }),
      (type, fields, destination) => {
        receive(requestBytes(type as 'DHCPDISCOVER', fields), { destination })
      },
    ),
  )
  t.pass()
})
