// Looking for DHCP servers that are not ours: what is asked, whose answer counts, how often it is told.
import t from 'tap'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { encodePacket } from '#rack/dhcp/encode.ts'
import { lookPacket, serverInAnswer } from '#rack/dhcp/look.ts'
import { Lookout } from '#rack/dhcp/lookout.ts'
import type { DhcpPacket } from '#rack/dhcp/packet.ts'
import type { PacketSender } from '#rack/net/packet-sender.ts'
import type { Datagram, UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { until } from '#test/support/until.ts'
import {
  CLIENT,
  fromServer,
  ip,
  link,
  makeWorld,
  RACK,
  recordingLogger,
  recordingMetrics,
  request,
  settings,
  VLAN,
} from './world.ts'

const DONE: RackToRegionReply = { ok: true, outcome: { ok: true, value: null }, revision: 1 }
const OURS: RackToRegionReply = {
  ...{ ok: true, revision: 1 },
  outcome: { ok: false, code: 'CONFLICT', message: '' },
}

/** A segment without wires: what is sent is kept, answers are put in by hand. */
function makeSegment(
  reply: () => RackToRegionReply = () => DONE,
  seconds: number | undefined = 300,
) {
  const clock = makeFakeClock(50_000)
  const told: RackCommand[] = []
  const sent: { readonly packet: DhcpPacket; readonly source: number }[] = []
  const opened: UdpOptions[] = []
  let onDatagram: (datagram: Datagram) => void = () => {}
  const open = { closed: 0, fails: false }
  const socket = {
    onDatagram: (handler: typeof onDatagram) => void (onDatagram = handler),
    close: async () => void open.closed++,
  } as unknown as UdpSocket
  const packets: PacketSender = {
    send: (_to, { payload, source }) => {
      const decoded = decodePacket(payload)
      if (decoded.ok) sent.push({ packet: decoded.packet, source })
      return true
    },
    ...{ flush: () => {}, close: () => {} },
    counters: () => ({ sent: 0, sendFailures: 0, lastSendError: '' }),
  }
  const metrics = recordingMetrics()
  const logger = recordingLogger()
  const lookout = new Lookout({
    rackId: RACK,
    sockets: {
      openUdp: async (options) => {
        if (open.fails) throw new Error('EADDRINUSE')
        opened.push(options)
        return socket
      },
    },
    packets,
    ports: { server: 67, client: 68 },
    view: {
      settings: () => ({
        ...settings,
        ...(seconds === undefined ? {} : { dhcpProbeSeconds: seconds }),
      }),
    },
    request: async (command) => {
      told.push(command)
      return reply()
    },
    ...{ clock, logger, metrics },
  })
  const hear = (bytes: Uint8Array): void => onDatagram({ bytes } as Datagram)
  return { clock, told, sent, opened, open, metrics, logger, lookout, hear }
}

/** A DHCPOFFER of `server` to the look. */
function answer(to: DhcpPacket, server: string, changes: Partial<DhcpPacket> = {}): Uint8Array {
  const packet = { ...to, op: 2, messageType: 'DHCPOFFER' as const, ...changes }
  const options = [fromServer(server)]
  return encodePacket({ ...packet, options, relayInformation: undefined }, 548)
}

t.test('a look is a DHCPDISCOVER from nowhere that our racks ignore', async (t) => {
  const { lookout, sent, opened, metrics } = makeSegment()
  t.teardown(() => lookout.close())
  lookout.follow([link])
  await until('a look', () => sent.length === 1)
  t.match(sent[0], { source: 0, packet: { op: 1, messageType: 'DHCPDISCOVER', flags: 0x8000 } })
  t.match(opened[0], { port: 68, device: 'eth0' })
  const decision = makeWorld().decide(sent[0]?.packet ?? request('DHCPDISCOVER'))
  t.match(decision, { type: 'ignore', reason: 'probe' })
  t.equal(metrics.counts.get('ironraft_dhcp_looks_total sent'), 1)
})

t.test('a server that answers is told to a region, once a minute at most', async (t) => {
  const { lookout, sent, told, hear, clock, logger } = makeSegment()
  t.teardown(() => lookout.close())
  lookout.follow([link])
  await until('a look', () => sent.length === 1)
  const look = sent[0]?.packet ?? request('DHCPDISCOVER')
  hear(answer(look, '192.0.2.66'))
  hear(answer(look, '192.0.2.66'))
  t.same(told, [{ type: 'dhcp.observe', rackId: RACK, vlanId: VLAN, ip: ip('192.0.2.66') }])
  await until('it is logged', () => logger.events.includes('dhcp.foreign_server'))
  hear(answer(look, '192.0.2.67'))
  clock.advance(60_000)
  lookout.heard(link, ip('192.0.2.66'))
  t.equal(told.length, 3)
})

t.test('what is no answer to the look is nothing', async (t) => {
  const look = decodePacket(lookPacket(CLIENT, 7))
  if (!look.ok) throw new Error(look.reason)
  const { packet } = look
  t.equal(serverInAnswer(answer(packet, '192.0.2.66'), 7), ip('192.0.2.66'))
  t.equal(serverInAnswer(answer(packet, '192.0.2.66'), 8), undefined, 'another xid')
  t.equal(serverInAnswer(answer(packet, '192.0.2.66', { op: 1 }), 7), undefined, 'a request')
  t.equal(serverInAnswer(answer(packet, '192.0.2.66', { messageType: 'DHCPNAK' }), 7), undefined)
  t.equal(serverInAnswer(answer(packet, '0.0.0.0'), 7), undefined)
  t.equal(serverInAnswer(Uint8Array.of(2), 7), undefined)
})

t.test('a rack of the cluster is not told again for an hour', async (t) => {
  const { lookout, told, clock } = makeSegment(() => OURS)
  t.teardown(() => lookout.close())
  lookout.heard(link, ip('192.0.2.3'))
  await until('it is told', () => told.length === 1)
  await new Promise(setImmediate)
  clock.advance(3_599_999)
  lookout.heard(link, ip('192.0.2.3'))
  t.equal(told.length, 1)
  clock.advance(1)
  lookout.heard(link, ip('192.0.2.3'))
  t.equal(told.length, 2)
})

t.test('looks come as often as the site says, on links of a known VLAN', async (t) => {
  const { lookout, sent, clock } = makeSegment()
  t.teardown(() => lookout.close())
  lookout.follow([link, { ...link, name: 'eth1', vlanId: null }])
  await until('a look', () => sent.length === 1)
  clock.advance(299_999)
  lookout.follow([link])
  await new Promise(setImmediate)
  t.equal(sent.length, 1)
  clock.advance(1)
  lookout.follow([link])
  await until('a look', () => sent.length === 2)
  const never = makeSegment(() => DONE, 0)
  never.lookout.follow([link])
  await new Promise(setImmediate)
  t.equal(never.opened.length, 0)
})

t.test('a flood of servers is not told, a port that is taken is said once', async (t) => {
  const { lookout, told, open, logger, metrics, clock } = makeSegment()
  for (let n = 0; n < 200; n++) lookout.heard(link, ip(`10.0.0.${n}`))
  t.equal(told.length, 16)
  open.fails = true
  lookout.follow([link])
  await until('it is counted', () => metrics.counts.get('ironraft_dhcp_looks_total failed') === 1)
  clock.advance(300_000)
  lookout.follow([link])
  await until('it is counted', () => metrics.counts.get('ironraft_dhcp_looks_total failed') === 2)
  t.equal(logger.events.filter((event) => event === 'dhcp.look_failed').length, 1)
  await lookout.close()
})
