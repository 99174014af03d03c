// The whole service on the loopback interface, by real datagrams and without privileges: a relay asks (its
// source port named by RFC 8357), the region is a function.
import t from 'tap'
import { NO_RIGHTS } from '#rack/dhcp/responder.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import type { RackToRegionReply } from '#protocol/rack.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { DhcpLink } from '#rack/dhcp/locate.ts'
import { type DhcpServer, type DhcpServerOptions, startDhcp } from '#rack/dhcp/server.ts'
import { openSockets, type SocketBackend } from '#rack/net/sockets.ts'
import type { UdpSocket } from '#rack/net/udp-socket.ts'
import { until } from '#test/support/until.ts'
import {
  CLIENT,
  fromServer,
  ip,
  link,
  makeWorld,
  OTHER_CLIENT,
  RACK,
  recordingLogger,
  recordingMetrics,
  requestBytes,
  subnet,
  vlan,
  VLAN,
  wants,
} from './world.ts'

const LOOPBACK = makeIpv4(0x7f000001)
const lo: DhcpLink = {
  ...link,
  name: 'lo',
  interfaceIndex: 1,
  addresses: [{ ip: LOOPBACK, prefix: 8 }],
}
const relay = { giaddr: LOOPBACK, relayInformation: Uint8Array.of(19, 0) }

async function startAt(backend: SocketBackend, changes: Partial<DhcpServerOptions> = {}) {
  const logger = recordingLogger()
  const metrics = recordingMetrics()
  const sockets = await openSockets({ only: backend, logger })
  const world = makeWorld({
    subnets: [subnet({ network: '127.0.0.0/8', gatewayIp: null })],
    ranges: [[1, '127.9.0.1', '127.9.0.200']],
  })
  // A free port of the moment; nobody else listens on lo's high ports in between.
  const probe = await sockets.openUdp({ address: LOOPBACK, port: 0 })
  const ports = { server: probe.port, client: 1 }
  await probe.close()
  const grant = (address: number): RackToRegionReply => ({
    ok: true,
    outcome: { ok: true, value: { ip: makeIpv4(address), leaseSeconds: 60, until: 9 } },
    revision: 2,
  })
  const server = await startDhcp({
    rackId: RACK,
    sockets,
    links: () => [lo],
    view: world.view,
    request: async (command) => grant('ip' in command ? command.ip : 0),
    offline: NO_RIGHTS,
    clock: world.clock,
    logger,
    metrics,
    httpPort: 5248,
    ports,
    ...changes,
  })
  const client = await sockets.openUdp({ address: LOOPBACK, port: 0 })
  const answers: string[] = []
  client.onDatagram(({ bytes }) => {
    const decoded = decodePacket(bytes)
    answers.push(decoded.ok ? decoded.packet.messageType : decoded.reason)
  })
  const send = (bytes: Uint8Array): void => {
    client.send(bytes, { address: LOOPBACK, port: ports.server })
    client.flush()
  }
  const close = async (): Promise<void> => {
    await server.close()
    await client.close()
  }
  return { ...world, server, client, answers, send, close, logger, metrics, ports, sockets }
}

for (const backend of ['ffi', 'koffi', 'dgram'] as const) {
  t.test(`${backend}: offer and acknowledgement reach a relay`, async (t) => {
    const { send, answers, close, metrics, server } = await startAt(backend)
    t.strictSame(server.served(), ['lo'])
    send(requestBytes('DHCPDISCOVER', relay))
    await until('offer', () => answers.length === 1)
    send(
      requestBytes('DHCPREQUEST', {
        ...relay,
        options: [fromServer('127.0.0.1'), wants('127.9.0.7')],
      }),
    )
    await until('acknowledgement', () => answers.length === 2)
    t.strictSame(answers, ['DHCPOFFER', 'DHCPACK'])
    t.equal(metrics.counts.get('ironraft_dhcp_messages_total DHCPDISCOVER offer'), 1)
    t.equal(metrics.counts.get('ironraft_dhcp_messages_total bind ack'), 1)
    t.equal(metrics.counts.get('ironraft_dhcp_reply_seconds DHCPACK'), 1)
    await close()
  })

  t.test(`${backend}: junk is counted and the next client served`, async (t) => {
    const { send, answers, close, metrics } = await startAt(backend)
    for (const junk of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(300).fill(255)]) {
      send(junk)
    }
    send(requestBytes('DHCPDISCOVER', relay))
    await until('offer', () => answers.length === 1)
    t.equal(metrics.counts.get('ironraft_dhcp_messages_total malformed too_short'), 2)
    t.equal(metrics.counts.get('ironraft_dhcp_messages_total malformed op'), 1)
    await close()
  })
}

t.test('the service follows the VLAN: DHCP off closes the socket, on opens it', async (t) => {
  const { server, view, close } = await startAt('ffi')
  const turn = (revision: number, dhcpOn: boolean): void => {
    const change = { table: 'vlans', key: VLAN, row: vlan({ dhcpOn }) } as const
    view.apply({ type: 'viewChanges', revision, stamp: 10_000 + revision, changes: [change] })
  }
  turn(2, false)
  await until('closed', () => server.served().length === 0)
  turn(3, true)
  await until('open', () => server.served().length === 1)
  t.strictSame(server.served(), ['lo'])
  await close()
})

t.test('an interface under a new index gets a new socket', async (t) => {
  let links: readonly DhcpLink[] = [lo]
  const { server, logger, close } = await startAt('ffi', { links: () => links })
  links = [{ ...lo, interfaceIndex: 77 }]
  await server.refresh()
  const events = logger.events.filter((event) => event.startsWith('dhcp.link'))
  t.strictSame(events, ['dhcp.link_served', 'dhcp.link_left', 'dhcp.link_served'])
  links = []
  await server.refresh()
  t.strictSame(server.served(), [])
  await close()
})

t.test('a link that cannot be had is said once, tried again, and hinders no other', async (t) => {
  const gone = { ...lo, name: 'no-such-device', interfaceIndex: 99 }
  const { server, logger, close } = await startAt('ffi', { links: () => [gone, lo] })
  await server.refresh()
  await server.refresh()
  t.equal(logger.events.filter((event) => event === 'dhcp.socket_failed').length, 1)
  t.strictSame(server.served(), ['lo'])
  await close()
})

t.test('a reply that outlived its link is dropped, not sent elsewhere', async (t) => {
  let answer: (reply: RackToRegionReply) => void = () => {}
  let links: readonly DhcpLink[] = [lo]
  const started = await startAt('ffi', {
    links: () => links,
    request: () => new Promise((resolve) => (answer = resolve)),
  })
  const { send, answers, server, metrics, close } = started
  const options = [fromServer('127.0.0.1'), wants('127.9.0.7')]
  send(requestBytes('DHCPREQUEST', { ...relay, options }))
  const asked = 'ironraft_dhcp_messages_total DHCPREQUEST bind'
  await until('asked', () => metrics.counts.get(asked) === 1)
  links = []
  await server.refresh()
  const value = { ip: ip('127.9.0.7'), leaseSeconds: 60, until: 9 }
  answer({ ok: true, outcome: { ok: true, value }, revision: 2 })
  await until('answered', () => metrics.counts.has('ironraft_dhcp_messages_total bind ack'))
  // Replies leave in the immediate of the turn they were made in.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  links = [lo]
  await server.refresh()
  send(requestBytes('DHCPDISCOVER', { ...relay, mac: OTHER_CLIENT }))
  await until('offer', () => answers.length > 0)
  t.strictSame(answers, ['DHCPOFFER'])
  await close()
})

t.test('a reply too old at the last look is not sent', async (t) => {
  let answer: (reply: RackToRegionReply) => void = () => {}
  const started = await startAt('ffi', {
    request: () => new Promise((resolve) => (answer = resolve)),
  })
  const { send, answers, clock, metrics, close } = started
  const options = [fromServer('127.0.0.1'), wants('127.9.0.7')]
  send(requestBytes('DHCPREQUEST', { ...relay, mac: CLIENT, options }))
  await until('asked', () => metrics.counts.has('ironraft_dhcp_messages_total DHCPREQUEST bind'))
  clock.advance(5_001)
  const value = { ip: ip('127.9.0.7'), leaseSeconds: 60, until: 9 }
  answer({ ok: true, outcome: { ok: true, value }, revision: 2 })
  await until('dropped', () => metrics.counts.has('ironraft_dhcp_replies_too_old_total'))
  send(requestBytes('DHCPDISCOVER', { ...relay, mac: OTHER_CLIENT }))
  await until('offer', () => answers.length > 0)
  t.strictSame(answers, ['DHCPOFFER'])
  await close()
})

t.test('closing twice and with a reply under way is peaceful', async (t) => {
  const { server, send, close, client } = await startAt('ffi')
  send(requestBytes('DHCPDISCOVER', relay))
  const closing: Promise<void>[] = [server.close(), server.close()]
  await Promise.all(closing)
  await close()
  t.equal(
    (client satisfies UdpSocket).send(new Uint8Array(1), { address: LOOPBACK, port: 9 }),
    false,
  )
  t.type((server satisfies DhcpServer).served, 'function')
})
