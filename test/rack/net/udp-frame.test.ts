// Frames written by hand: header fields and both checksums (RFC 791 §3.1, RFC 768).
import fc from 'fast-check'
import t from 'tap'
import { makeIpv4 } from '#model/ipv4.ts'
import { finish, sum, writeUdpFrame } from '#rack/net/udp-frame.ts'

const frame = {
  source: makeIpv4(0xc0000201),
  destination: makeIpv4(0xc0000264),
  sourcePort: 67,
  destinationPort: 68,
}

t.test('a frame reads as the kernel writes it', async (t) => {
  const target = new Uint8Array(64)
  const length = writeUdpFrame(target, { ...frame, payload: Uint8Array.of(1, 2, 3) })
  t.equal(length, 31)
  // Checksums computed by an independent program over the same bytes.
  t.equal(
    Buffer.from(target.subarray(0, length)).toString('hex'),
    '4500001f000040004011b668c0000201c000026400430044000b76e9010203',
  )
})

t.test('both checksums come out as zero when the receiver sums them', async (t) => {
  const words = fc.uint8Array({ minLength: 0, maxLength: 600 })
  fc.assert(
    fc.property(words, fc.nat(0xffffffff), (payload, destination) => {
      const target = new Uint8Array(1024)
      const to = makeIpv4(destination)
      const length = writeUdpFrame(target, { ...frame, destination: to, payload })
      const view = new DataView(target.buffer)
      const udpBytes = length - 20
      return finish(sum(view, 0, 20)) === 0 && finish(sum(view, 12, length) + 17 + udpBytes) === 0
    }),
  )
  t.pass()
})

t.test('a checksum of zero is sent as ones: zero would mean none (RFC 768)', async (t) => {
  const target = new Uint8Array(64)
  for (let value = 0; value < 0x10000; value++) {
    const payload = Uint8Array.of(value >> 8, value & 255)
    writeUdpFrame(target, { ...frame, payload })
    if (new DataView(target.buffer).getUint16(26) === 0) t.fail(`zero for ${value}`)
  }
  t.pass()
})

t.test('a frame longer than its buffer is refused', async (t) => {
  t.throws(() => writeUdpFrame(new Uint8Array(30), { ...frame, payload: new Uint8Array(3) }))
})
