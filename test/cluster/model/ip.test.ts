// Both families by one set of words.
import t from 'tap'
import {
  compareIps,
  contains,
  countOf,
  familyOf,
  formatIp,
  formatIpCidr,
  isIn,
  nextIp,
  parseIp,
  parseIpCidr,
  previousIp,
  sizeOf,
  spanOf,
  spansOverlap,
  type Ip,
  type IpCidr,
  type IpSpan,
} from '#model/ip.ts'
import { anyCidr, anyIp } from '#test/support/region-state.ts'

const span = (text: string): IpSpan => {
  const [start = '', end = ''] = text.split(' ')
  return { start: anyIp(start), end: anyIp(end) }
}

t.test('text of either family is read and written', async (t) => {
  for (const text of ['192.0.2.1', '2001:db8::1']) t.equal(formatIp(anyIp(text)), text)
  for (const text of ['192.0.2.0/24', '2001:db8::/32']) t.equal(formatIpCidr(anyCidr(text)), text)
  t.equal(formatIpCidr(anyCidr('2001:db8::7/64')), '2001:db8::/64', 'host bits are cleared')
  t.equal(parseIp('192.0.2.256') ?? parseIp('x::') ?? parseIpCidr('192.0.2.1'), undefined)
  t.same([anyIp('192.0.2.1'), anyIp('::1')].map(familyOf), [4, 6])
})

t.test('IPv4 comes first, then each family by its order', async (t) => {
  const texts = ['2001:db8::2', '192.0.2.9', '::', '255.255.255.255', '0.0.0.0', '2001:db8::1']
  const sorted = texts.map(anyIp).toSorted(compareIps).map(formatIp)
  t.same(sorted, ['0.0.0.0', '192.0.2.9', '255.255.255.255', '::', '2001:db8::1', '2001:db8::2'])
})

t.test('nothing of one family is inside of anything of the other', async (t) => {
  const all: readonly (readonly [IpCidr, Ip])[] = [
    [anyCidr('0.0.0.0/0'), anyIp('::1')],
    [anyCidr('::/0'), anyIp('0.0.0.1')],
    [anyCidr('::/96'), anyIp('192.0.2.1')],
  ]
  for (const [cidr, ip] of all) t.equal(contains(cidr, ip), false, formatIpCidr(cidr))
  t.equal(contains(anyCidr('::/0'), anyIp('::1')), true)
  t.equal(isIn(span('192.0.2.1 192.0.2.9'), anyIp('192.0.2.9')), true)
  t.equal(spansOverlap(spanOf(anyCidr('::/0')), spanOf(anyCidr('0.0.0.0/0'))), false)
  t.equal(spansOverlap(span('::1 ::5'), span('::5 ::9')), true)
  t.equal(spansOverlap(span('::1 ::4'), span('::5 ::9')), false)
})

t.test('addresses are counted exactly; as numbers beyond 2^53 they are rounded', async (t) => {
  t.equal(sizeOf(span('0.0.0.0 255.255.255.255')), 2 ** 32)
  t.equal(countOf(span('192.0.2.1 192.0.2.9')), 9n)
  t.equal(countOf(spanOf(anyCidr('2001:db8::/64'))), 2n ** 64n)
  t.equal(countOf(span('2001:db8::1 2001:db8::ffff:ffff:ffff:ffff')), 2n ** 64n - 1n)
  t.equal(sizeOf(span('2001:db8::1 2001:db8::ffff:ffff:ffff:ffff')), 2 ** 64)
})

t.test('neighbours; beyond the ends there is something that is no address', async (t) => {
  t.equal(formatIp(nextIp(anyIp('192.0.2.255'))), '192.0.3.0')
  t.equal(formatIp(previousIp(anyIp('2001:db8:1::'))), '2001:db8:0:ffff:ffff:ffff:ffff:ffff')
  t.ok(nextIp(anyIp('255.255.255.255')) > anyIp('255.255.255.255'))
  t.ok(previousIp(anyIp('0.0.0.0')) < anyIp('0.0.0.0'))
})
