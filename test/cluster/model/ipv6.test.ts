// IPv6 as values: text in (RFC 4291 §2.2), text out (RFC 5952 §4, §5), order and arithmetic against big integers.
import fc from 'fast-check'
import t from 'tap'
import { isIpv4 } from '#model/ip.ts'
import {
  formatIpv6,
  hexOf,
  ipv6Bytes,
  ipv6FromHex,
  ipv6Value,
  isLinkLocal,
  lastOfIpv6,
  makeIpv6,
  networkOf,
  nextIpv6,
  parseIpv6,
  parseIpv6Cidr,
  previousIpv6,
  type Ipv6,
} from '#model/ipv6.ts'

const MAX = 2n ** 128n - 1n
/** Also addresses with runs of zeros and ones, and the edges. */
const values = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc
    .array(fc.constantFrom(0n, 0n, 1n, 0xffffn, 0xabcn), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n)),
  fc.constantFrom(0n, 1n, MAX - 1n, MAX),
)
const addresses = values.map(makeIpv6)
const known = (text: string): Ipv6 => {
  const ip = parseIpv6(text)
  if (ip === undefined) throw new Error(`not an address: ${text}`)
  return ip
}

const SHORTEST: readonly (readonly [text: string, shortest: string])[] = [
  ['2001:0DB8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
]
t.test('RFC 5952 §4, §5: every address has one text', async (t) => {
  for (const [text, shortest] of SHORTEST) t.equal(formatIpv6(known(text)), shortest, text)
})

const BAD = [
  ...['', ':', '1:', ':1', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::'],
  ...['1:2:3:4:5:6:7::8', 'g::', '::1%eth0', '192.0.2.1', '::192.0.2', '::192.0.2.1:1', '::-1'],
]
t.test('RFC 4291 §2.2: what is no address is none', async (t) => {
  for (const bad of BAD) t.equal(parseIpv6(bad), undefined, bad)
})

t.test('reading what was written gives the address back, and text is written once', async (t) => {
  fc.assert(
    fc.property(addresses, (ip) => {
      const text = formatIpv6(ip)
      return parseIpv6(text) === ip && formatIpv6(known(text)) === text
    }),
    { numRuns: 2_000 },
  )
  fc.assert(fc.property(addresses, (ip) => parseIpv6(ip) === ip && ipv6FromHex(hexOf(ip)) === ip))
  fc.assert(fc.property(values, (value) => ipv6Value(makeIpv6(value)) === value))
  t.same([...ipv6Bytes(known('2001:db8::ff'))].slice(0, 4), [0x20, 1, 0x0d, 0xb8])
  t.equal(ipv6Bytes(known('2001:db8::ff'))[15], 0xff)
})

t.test('text is ordered as the numbers are, neighbours too', async (t) => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [one, other] = [makeIpv6(a), makeIpv6(b)]
      return one < other === a < b && (one === other) === (a === b)
    }),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(values, (value) => {
      const ip = makeIpv6(value)
      const up = value === MAX ? nextIpv6(ip) > ip : nextIpv6(ip) === makeIpv6(value + 1n)
      const down = value === 0n ? previousIpv6(ip) < ip : previousIpv6(ip) === makeIpv6(value - 1n)
      return up && down && nextIpv6(previousIpv6(ip)) === ip && previousIpv6(nextIpv6(ip)) === ip
    }),
    { numRuns: 2_000 },
  )
  t.equal(parseIpv6(nextIpv6(makeIpv6(MAX))), undefined, 'above the last there is no address')
  t.equal(parseIpv6(previousIpv6(makeIpv6(0n))), undefined, 'nor below the first')
})

t.test('a network is the bits of its prefix, then zeros; its last address ones', async (t) => {
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 128 }), (value, prefix) => {
      const host = 2n ** BigInt(128 - prefix) - 1n
      const network = networkOf(makeIpv6(value), prefix)
      const first = value - (value & host)
      return (
        network === makeIpv6(first) && lastOfIpv6({ network, prefix }) === makeIpv6(first + host)
      )
    }),
    { numRuns: 2_000 },
  )
  t.same(parseIpv6Cidr(' 2001:db8::1/64 '), { network: known('2001:db8::'), prefix: 64 })
  for (const bad of ['2001:db8::', '2001:db8::/129', '2001:db8::/-1', '2001:db8::/6x', '/64']) {
    t.equal(parseIpv6Cidr(bad), undefined, bad)
  }
  t.ok(isLinkLocal(known('fe80::1')) && isLinkLocal(known('febf::1')))
  t.notOk(isLinkLocal(known('fec0::1')) || isLinkLocal(known('fd00::1')))
})

t.test('an address is neither less nor greater than one of the other family', async (t) => {
  fc.assert(
    fc.property(addresses, fc.integer({ min: 0, max: 0xffffffff }), (ip, number) => {
      const other = number as unknown as Ipv6
      return !isIpv4(ip) && !(ip < other) && !(ip >= other) && !(ip > other) && !(ip <= other)
    }),
  )
  t.pass('for every pair tried')
})
