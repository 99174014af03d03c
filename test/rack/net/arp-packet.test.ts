// RFC 826 and the probe of RFC 5227 §2.1.1.
import t from 'tap'
import { arpProbe, arpSender } from '#rack/net/arp-packet.ts'
import { ip, mac } from '#test/rack/dhcp/world.ts'

const OWN = mac('52:54:00:ff:ff:01')
const TARGET = ip('192.0.2.100')

t.test('a probe asks for the target and claims nothing', async (t) => {
  const bytes = arpProbe(OWN, TARGET)
  const parts = ['0001', '0800', '06', '04', '0001', '525400ffff01', '00000000']
  const hex = [...parts, '000000000000', 'c0000264'].join('')
  t.equal(Buffer.from(bytes).toString('hex'), hex)
  t.equal(arpSender(bytes), undefined, 'so that nobody takes a rack’s own probe for a claim')
})

function claim(change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = arpProbe(mac('52:54:00:00:00:07'), ip('192.0.2.1'))
  bytes.set([0, 2], 6)
  bytes.set([192, 0, 2, 100], 14)
  change(bytes)
  return bytes
}

t.test('a reply, or a request, claims its sender’s address; padding is nothing', async (t) => {
  const sender = { ip: TARGET, mac: '52:54:00:00:00:07' }
  t.strictSame(arpSender(claim()), sender)
  t.strictSame(arpSender(claim((bytes) => bytes.set([0, 1], 6))), sender)
  t.strictSame(arpSender(Uint8Array.from([...claim(), ...new Uint8Array(18)])), sender)
})

const malformed = [
  { name: 'too short', bytes: claim().subarray(0, 27) },
  { name: 'other hardware', bytes: claim((bytes) => bytes.set([0, 6], 0)) },
  { name: 'another protocol', bytes: claim((bytes) => bytes.set([0x86, 0xdd], 2)) },
  { name: 'long hardware addresses', bytes: claim((bytes) => bytes.set([8], 4)) },
  { name: 'long protocol addresses', bytes: claim((bytes) => bytes.set([16], 5)) },
]
for (const { name, bytes } of malformed) {
  t.test(`${name}: nobody`, async (t) => t.equal(arpSender(bytes), undefined))
}
