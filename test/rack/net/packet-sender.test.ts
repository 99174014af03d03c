// Frames below ARP need CAP_NET_RAW; without it EPERM is said. That clients receive them is shown in the
// second tier (a loopback frame is a martian to the kernel).
import t from 'tap'
import { makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Logger } from '#model/ports.ts'
import { openSockets } from '#rack/net/sockets.ts'

const LOOPBACK = makeIpv4(0x7f000001)
const quiet: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => quiet,
}
const zeroMac = '00:00:00:00:00:00' as MacAddress

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(`${backend}: the kernel takes a frame for an interface and a MAC`, async (t) => {
    const sockets = await openSockets({ only: backend, logger: quiet })
    if (process.getuid?.() !== 0) {
      t.throws(() => sockets.openPacketSender(), { code: 'EPERM', syscall: 'socket' })
      return
    }
    const sender = sockets.openPacketSender()
    const frame = { source: LOOPBACK, destination: LOOPBACK, sourcePort: 67, destinationPort: 68 }
    const link = { interfaceIndex: 1, mac: zeroMac }
    t.equal(sender?.send(link, { ...frame, payload: new Uint8Array(2020) }), true)
    t.equal(sender?.send(link, { ...frame, payload: new Uint8Array(2021) }), false, 'too long')
    sender?.flush()
    t.match(sender?.counters(), { sent: 1, sendFailures: 0 })
    sender?.close()
    t.equal(sender?.send(link, { ...frame, payload: new Uint8Array(1) }), false, 'closed')
  })

  t.test(`${backend}: a frame for an interface that is gone is a counted loss`, async (t) => {
    const sockets = await openSockets({ only: backend, logger: quiet })
    if (process.getuid?.() !== 0) return
    const sender = sockets.openPacketSender()
    const frame = { source: LOOPBACK, destination: LOOPBACK, sourcePort: 67, destinationPort: 68 }
    sender?.send(
      { interfaceIndex: 999_999, mac: zeroMac },
      { ...frame, payload: new Uint8Array(4) },
    )
    sender?.flush()
    t.match(sender?.counters(), { sent: 0, sendFailures: 1, lastSendError: 'ENXIO' })
    sender?.close()
  })
}

t.test('the dgram backend has no packet sender', async (t) => {
  const sockets = await openSockets({ only: 'dgram', logger: quiet })
  t.equal(sockets.openPacketSender(), undefined)
  t.equal(sockets.openIcmpv6({ device: 'lo', interfaceIndex: 1 }), undefined)
})
