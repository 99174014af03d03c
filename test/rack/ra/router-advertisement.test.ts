// RFC 4861, in its order, and the server over a fake socket.
import fc from 'fast-check'
import t from 'tap'
import { parseMac } from '#model/mac-address.ts'
import type { Icmpv6Options, Icmpv6Socket } from '#rack/net/icmpv6-socket.ts'
import {
  destinationOf,
  formatRouterAdvertisement,
  isRouterSolicitation,
} from '#rack/ra/router-advertisement.ts'
import { RouterAdvertiser } from '#rack/ra/server.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { known } from '#test/support/rack-view.ts'

const MAC = known(parseMac('52:54:00:12:34:56'))
const HOST = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9)
const NOBODY = new Uint8Array(16)
const SOLICITATION = Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0)
const LINK_OPTION = [1, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x57]

t.test('§4.2: an advertisement that ends the wait and makes no router of the rack', (t) => {
  const bytes = formatRouterAdvertisement({ mac: MAC, prefixes: [], mtu: undefined })
  t.strictSame([...bytes.subarray(0, 4)], [134, 0, 0, 0], 'the kernel writes the checksum')
  t.equal(bytes[5], 0, 'no DHCPv6: neither M nor O')
  t.strictSame([...bytes.subarray(6, 8)], [0, 0], 'router lifetime 0')
  t.strictSame([...bytes.subarray(16)], [1, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56])
  t.end()
})

t.test('§4.6: MTU and prefix', (t) => {
  const prefix = Uint8Array.of(0xfd, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  const bytes = formatRouterAdvertisement({
    mac: MAC,
    mtu: 1_400,
    prefixes: [{ prefix, length: 64, validSeconds: 7_200, preferredSeconds: 3_600 }],
  })
  t.strictSame([...bytes.subarray(24, 32)], [5, 1, 0, 0, 0, 0, 5, 0x78])
  t.strictSame([...bytes.subarray(32, 36)], [3, 4, 64, 0xc0])
  t.strictSame([...bytes.subarray(36, 44)], [0, 0, 0x1c, 0x20, 0, 0, 0x0e, 0x10])
  t.strictSame([...bytes.subarray(48)], [...prefix])
  t.end()
})

t.test('§6.1.1: which solicitations are valid', (t) => {
  const cases: readonly (readonly [string, readonly number[], Uint8Array, boolean])[] = [
    ['the shortest', [...SOLICITATION], HOST, true],
    ['with link-layer address', [...SOLICITATION, ...LINK_OPTION], HOST, true],
    ['with an unknown option', [...SOLICITATION, 99, 1, 0, 0, 0, 0, 0, 0], HOST, true],
    ['without an address', [...SOLICITATION], NOBODY, true],
    ['a link-layer address of nobody', [...SOLICITATION, ...LINK_OPTION], NOBODY, false],
    ['too short', [133, 0, 0, 0, 0, 0, 0], HOST, false],
    ['code not 0', [133, 1, 0, 0, 0, 0, 0, 0], HOST, false],
    ['another type', [134, 0, 0, 0, 0, 0, 0, 0], HOST, false],
    ['an option of length 0', [...SOLICITATION, 1, 0, 0, 0, 0, 0, 0, 0], HOST, false],
    ['an option beyond the end', [...SOLICITATION, 1, 2, 0, 0, 0, 0, 0, 0], HOST, false],
  ]
  for (const [name, bytes, source, valid] of cases) {
    t.equal(isRouterSolicitation(Uint8Array.from(bytes), source), valid, name)
  }
  t.end()
})

t.test('§6.2.6: the host itself is answered, or all nodes when it has no address', (t) => {
  t.strictSame(destinationOf(HOST), HOST)
  t.strictSame([...destinationOf(NOBODY)], [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  t.end()
})

t.test('no bytes throw', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      isRouterSolicitation(bytes, HOST)
      isRouterSolicitation(Uint8Array.from([...SOLICITATION, ...bytes]), NOBODY)
    }),
  )
  t.pass('no counterexample')
  t.end()
})

function makeRig() {
  const open = new Map<string, { receive: (bytes: Uint8Array) => void }>()
  const sent: Uint8Array[] = []
  let refuse: Error | undefined
  const openIcmpv6 = ({ device }: Icmpv6Options): Icmpv6Socket => {
    if (refuse !== undefined) throw refuse
    const socket = { receive: (_bytes: Uint8Array): void => {} }
    open.set(device, socket)
    return {
      onPacket: (handler) => {
        socket.receive = (bytes) => handler(bytes, HOST)
      },
      send: (_to, bytes) => {
        sent.push(bytes)
        return true
      },
      lastSendError: () => '',
      close: async () => {
        open.delete(device)
      },
    }
  }
  const clock = makeFakeClock()
  const metrics = makeCountingMetrics()
  const { logger, lines } = makeLogRecorder()
  const sockets = { backend: 'ffi' as const, openIcmpv6 }
  const advertiser = new RouterAdvertiser({ sockets, clock, logger, metrics })
  const refuseWith = (error: Error | undefined): void => {
    refuse = error
  }
  return { advertiser, open, sent, clock, metrics, lines, refuseWith }
}

const ETH0 = { name: 'eth0', interfaceIndex: 2, mac: MAC }

t.test('exactly the links asked for are served', (t) => {
  const rig = makeRig()
  rig.advertiser.follow([ETH0, { ...ETH0, name: 'eth1', interfaceIndex: 3 }])
  t.strictSame([...rig.open.keys()], ['eth0', 'eth1'])
  rig.advertiser.follow([ETH0])
  t.strictSame(rig.advertiser.served(), ['eth0'])
  rig.advertiser.follow([{ ...ETH0, interfaceIndex: 9 }])
  t.strictSame(rig.advertiser.served(), ['eth0'], 'made anew under the same name')
  t.equal(rig.lines.filter(({ event }) => event === 'ra.link_served').length, 3)
  t.end()
})

t.test('solicitations are answered, anything else is counted', (t) => {
  const rig = makeRig()
  rig.advertiser.follow([ETH0])
  rig.open.get('eth0')?.receive(SOLICITATION)
  rig.open.get('eth0')?.receive(Uint8Array.of(1))
  t.equal(rig.sent.length, 1)
  t.equal(rig.metrics.total('ironraft_rack_router_solicitations_total', 'malformed'), 1)
  t.end()
})

t.test('at most 100 answers a second', (t) => {
  const rig = makeRig()
  rig.advertiser.follow([ETH0])
  for (let i = 0; i < 150; i++) rig.open.get('eth0')?.receive(SOLICITATION)
  t.equal(rig.sent.length, 100)
  rig.clock.advance(1_000)
  rig.open.get('eth0')?.receive(SOLICITATION)
  t.equal(rig.sent.length, 101)
  t.end()
})

t.test('a link without the right is said once and tried again', (t) => {
  const rig = makeRig()
  rig.refuseWith(new Error('EPERM'))
  rig.advertiser.follow([ETH0])
  rig.advertiser.follow([ETH0])
  t.equal(rig.lines.filter(({ event }) => event === 'ra.link_not_served').length, 1)
  rig.refuseWith(undefined)
  rig.advertiser.follow([ETH0])
  t.strictSame(rig.advertiser.served(), ['eth0'])
  t.end()
})
