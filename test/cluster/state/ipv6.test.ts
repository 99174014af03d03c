// IPv6 subnets: what they hold, what is given of them and what is refused. The rules that both families share are
// tested by the property of `allocate.test.ts`.
import t from 'tap'
import { formatIp, type IpSpan } from '#model/ip.ts'
import type { Command, CommandOf } from '#state/command.ts'
import { explainAddress } from '#state/explain-address.ts'
import { hostRange, subnetOf } from '#state/query.ts'
import { dump, restore } from '#state/snapshot.ts'
import { subnetStatistics, unusedRanges, usedRanges } from '#state/subnet-usage.ts'
import {
  anyCidr,
  anyIp,
  contentOf,
  makeNewestLab,
  makeServedLab,
  mac,
  newRange,
  newSubnet,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const NET = '2001:db8:1::/64'
const reserve = (text: string | null, subnetId = 2): CommandOf<'address.reserve'> => ({
  ...{ type: 'address.reserve', subnetId: subnetId as never, hostname: '', mac: null },
  ...{ ip: text === null ? null : anyIp(text), userId: 1 as never },
})
const next = (lab: Lab, subnetId = 2): string => formatIp(lab.ok(reserve(null, subnetId)).ip)
const set = (change: CommandOf<'subnet.update'>['set'], id = 2): Command => {
  return { type: 'subnet.update', id: id as never, set: change }
}
const reservedIp = (text: string, n = 1): CommandOf<'reservation.create'> => ({
  ...{ type: 'reservation.create', ip: anyIp(text), client: `1-${mac(n)}`, mac: mac(n) },
  ...{ hostname: '', comment: '' },
})
/** Subnet 1 is 10.0.0.0/24. */
function labWith(...cidrs: readonly string[]): Lab {
  const lab = makeNewestLab()
  for (const cidr of cidrs) lab.ok(newSubnet(cidr, 5001))
  return lab
}
const text = ({ start, end }: IpSpan): string => `${formatIp(start)} ${formatIp(end)}`

t.test('below feature level 3 there are none', async (t) => {
  const lab = makeServedLab()
  const { fields } = lab.refused(newSubnet(NET, 5001)) as { fields?: unknown }
  t.match(fields, { cidr: ['IPv6 subnets need feature level 3.'] })
  t.match(lab.refused(set({ cidr: anyCidr(NET) }, 1)), { code: 'VALIDATION' })
})

t.test('the name is the CIDR in its shortest form, and a CIDR exists once', async (t) => {
  const lab = labWith('2001:0DB8:0001:0000::7/64')
  t.equal(lab.state.subnets.get(2 as never)?.name, NET)
  t.match(lab.refused(newSubnet(NET, 5001)), { code: 'VALIDATION' })
  lab.ok(newSubnet('2001:db8:1::/65', 5001))
})

t.test('an address belongs to the longest prefix of its family', async (t) => {
  const lab = labWith('2001:db8::/32', NET, '::/8', '2001:db8:1::40/123')
  const at = (ip: string) => subnetOf(lab.state, anyIp(ip))?.id
  t.same([at('2001:db8:1::41'), at('2001:db8:1::60'), at('2001:db8:2::1')], [5, 3, 2])
  t.same(
    [at('::192.0.2.1'), at('192.0.2.1'), at('10.0.0.1'), at('fd00::1')],
    [4, undefined, 1, undefined],
  )
  lab.ok({ type: 'subnet.delete', id: 3 as never })
  t.equal(at('2001:db8:1::60'), 2)
})

t.test('the next free address: MAAS leaves ::1 to ::ffff:ffff of a /64 to operators', async (t) => {
  const lab = labWith(NET)
  t.same([next(lab), next(lab)], ['2001:db8:1::1:0:0', '2001:db8:1::1:0:1'])
  lab.ok(reserve('2001:db8:1::1'))
  const given = anyIp('2001:db8:1::1:0:0')
  lab.ok({ type: 'address.release', ip: given, userId: 1 as never, force: false })
  t.equal(next(lab), '2001:db8:1::1:0:2', 'what was given back rests')
  lab.ok(newRange('reserved', 2, ['2001:db8:1::1:0:3', '2001:db8:1:0:8000::']))
  lab.ok(set({ gatewayIp: anyIp('2001:db8:1:0:8000::1') }))
  t.equal(next(lab), '2001:db8:1:0:8000::2', 'half of the subnet is one step')
})

t.test('small subnets: all of a /127 and a /128, all but the first of others', async (t) => {
  const lab = labWith('2001:db8::10/126', '2001:db8::20/127', '2001:db8::30/128')
  const all = (id: number): readonly string[] => {
    const given: string[] = []
    for (;;) {
      const { outcome } = lab.run(reserve(null, id))
      if (!outcome.ok) return given
      given.push(formatIp((outcome.value as { readonly ip: never }).ip))
    }
  }
  t.same(all(2), ['2001:db8::11', '2001:db8::12', '2001:db8::13'])
  t.same(all(3), ['2001:db8::20', '2001:db8::21'])
  t.same(all(4), ['2001:db8::30'])
  const { message } = lab.refused(reserve(null))
  t.match(message, /in subnet 2001:db8::10\/126: 3 in all, 0 in ranges, 3 given out/)
  t.equal(lab.state.subnets.get(2 as never)?.cidr.prefix, 126)
})

const REFUSED: readonly (readonly [ask: string, says: RegExp, before?: readonly Command[]])[] = [
  ['2001:db8:1::', /is not a host address of 2001:db8:1::\/64/],
  ['2001:db8:2::1', /is not a host address of/],
  ['10.0.0.9', /is not a host address of/],
  ['2001:db8:1::9', /is the gateway of subnet/, [set({ gatewayIp: anyIp('2001:db8:1::9') })]],
  ['2001:db8:1::9', /is a DNS server of subnet/, [set({ dnsServers: ['2001:DB8:1::9'] })]],
  ['2001:db8:1::9', /is already in use/, [reserve('2001:db8:1::9')]],
  ['2001:db8:1::9', /is reserved for 52:54:00:00:00:01/, [reservedIp('2001:db8:1::9')]],
  [
    '2001:db8:1::15',
    /in the dynamic range 2001:db8:1::10-2001:db8:1::1ff/,
    [newRange('dynamic', 2, ['2001:db8:1::10', '2001:db8:1::1ff'])],
  ],
  ['2001:db8:1::9', /belongs to rack/, [registerRack(RACK_2, ['2001:db8:1::9/64'])]],
  [
    '2001:db8:1::81',
    /belongs to subnet 2001:db8:1::80\/121/,
    [newSubnet('2001:db8:1::80/121', 5001)],
  ],
  ['2001:db8:1::80', /belongs to subnet/, [newSubnet('2001:db8:1::80/121', 5001)]],
]
for (const [ask, says, before = []] of REFUSED) {
  t.test(`by name: ${ask} ${says.source}`, async (t) => {
    const lab = labWith(NET)
    for (const command of before) lab.ok(command)
    const content = contentOf(lab.state)
    const refusal = lab.refused(reserve(ask))
    t.equal(refusal.code, 'ADDRESS_UNAVAILABLE')
    t.match(refusal.message, says)
    t.equal(contentOf(lab.state), content)
  })
}

const wrong: readonly (readonly [name: string, ask: Command, says: RegExp])[] = [
  [
    'a dynamic range of fewer than 256',
    newRange('dynamic', 2, ['2001:db8:1::10', '2001:db8:1::10e']),
    /at least 256 addresses/,
  ],
  ['a range of two families', newRange('reserved', 2, ['10.0.0.3', '2001:db8:1::3']), /one family/],
  ['a range of the other family', newRange('reserved', 2, ['10.0.0.3', '10.0.0.4']), /not a host/],
  [
    'a range over the anycast address',
    newRange('reserved', 2, ['2001:db8:1::', '2001:db8:1::4']),
    /not a host/,
  ],
  [
    'a range upside down',
    newRange('reserved', 2, ['2001:db8:1::5', '2001:db8:1::4']),
    /below the start/,
  ],
  ['a gateway outside', set({ gatewayIp: anyIp('2001:db8:2::1') }), /gateway must be a host/],
  [
    'a gateway of the other family',
    set({ gatewayIp: anyIp('10.0.0.1') }),
    /gateway must be a host/,
  ],
  ['the anycast address as gateway', set({ gatewayIp: anyIp('2001:db8:1::') }), /gateway must be/],
  [
    'an IPv4 subnet with a link-local gateway',
    set({ gatewayIp: anyIp('fe80::1') }, 1),
    /gateway must/,
  ],
  ['a prefix of 0', newSubnet('::/0', 5001), /greater than 0/],
  [
    'a route to the other family',
    {
      ...{ type: 'staticRoute.create', source: 2 as never, destination: 1 as never },
      ...{ gatewayIp: anyIp('2001:db8:1::1'), metric: 0 },
    },
    /same IP version/,
  ],
  [
    'a reserved IP on the anycast address',
    reservedIp('2001:db8:1::'),
    /is the subnet-router anycast/,
  ],
]
for (const [name, ask, says] of wrong) {
  t.test(`refused: ${name}`, async (t) => {
    const lab = labWith(NET)
    const { fields } = lab.refused(ask) as { fields?: unknown }
    t.match(JSON.stringify(fields), says)
  })
}

t.test('ranges do not overlap, hold no gateway and no given address', async (t) => {
  const lab = labWith(NET)
  lab.ok(set({ gatewayIp: anyIp('2001:db8:1::5') }))
  lab.ok(reserve('2001:db8:1::1:0'))
  const dynamic = (...ends: [string, string]) => newRange('dynamic', 2, ends)
  t.match(JSON.stringify(lab.refused(dynamic('2001:db8:1::4', '2001:db8:1::fff'))), /the gateway/)
  const over = lab.refused(dynamic('2001:db8:1::f000', '2001:db8:1::1:ffff'))
  t.match(JSON.stringify(over), /the reserved address 2001:db8:1::1:0/)
  lab.ok(dynamic('2001:db8:1::2:0', '2001:db8:1::2:ffff'))
  const again = lab.refused(newRange('reserved', 2, ['2001:db8:1::2:ffff', '2001:db8:1::3:0']))
  t.match(JSON.stringify(again), /overlaps the dynamic range 2001:db8:1::2:0-2001:db8:1::2:ffff/)
  t.match(JSON.stringify(lab.refused(set({ cidr: anyCidr('2001:db8:1::/112') }))), /outside/)
})

t.test('a gateway may be link-local, and a route goes between subnets of IPv6', async (t) => {
  const lab = labWith(NET, '2001:db8:2::/64')
  lab.ok(set({ gatewayIp: anyIp('fe80::1'), dnsServers: ['192.0.2.53', '2001:db8::53'] }))
  lab.ok({
    ...{ type: 'staticRoute.create', source: 2 as never, destination: 3 as never },
    ...{ gatewayIp: anyIp('2001:db8:1::1:0:0'), metric: 0 },
  })
  t.equal(next(lab), '2001:db8:1::1:0:1')
  t.match(JSON.stringify(lab.refused({ type: 'subnet.delete', id: 3 as never })), /static route/)
})

t.test(
  'what racks and regions have is nobody else’s; link-local addresses are no subnet',
  async (t) => {
    const lab = makeNewestLab()
    lab.ok(registerRack(RACK_2, ['fe80::1/64', '2001:db8:1::1:0:0/64', '10.0.0.9/24']))
    const cidrs = [...lab.state.subnets.values()].map(({ cidr }) => formatIp(cidr.network))
    t.same(cidrs, ['10.0.0.0', '2001:db8:1::'], 'a subnet that a rack is on is made, as of IPv4')
    t.equal(next(lab), '2001:db8:1::1:0:1')
  },
)

t.test('a reserved IP is deleted without a hold: racks give no IPv6 addresses', async (t) => {
  const lab = labWith(NET)
  lab.ok(reservedIp('2001:db8:1::9'))
  t.equal(lab.refused(reservedIp('2001:db8:1::9', 2)).code, 'VALIDATION')
  t.match(JSON.stringify(lab.refused({ type: 'subnet.delete', id: 2 as never })), /is reserved for/)
  lab.ok({ type: 'reservation.delete', ip: anyIp('2001:db8:1::9') })
  t.equal(lab.state.holds.size, 0)
  lab.ok(reserve('2001:db8:1::9'))
})

t.test('how a /64 is used', async (t) => {
  const lab = labWith(NET, '2001:db8:1:0:ff::/80')
  lab.ok(newRange('dynamic', 2, ['2001:db8:1::8000:0', '2001:db8:1::2:ffff:ffff']))
  lab.ok(reserve(null))
  lab.ok(set({ gatewayIp: anyIp('2001:db8:1::1') }))
  t.same(
    usedRanges(lab.state, 2 as never).map((range) => `${text(range)} ${range.purpose.join('+')}`),
    [
      '2001:db8:1:: 2001:db8:1:: rfc-4291-2.6.1',
      '2001:db8:1::1 2001:db8:1::1 gateway-ip+reserved',
      '2001:db8:1::2 2001:db8:1::7fff:ffff reserved',
      '2001:db8:1::8000:0 2001:db8:1::ffff:ffff dynamic+reserved',
      '2001:db8:1::1:0:0 2001:db8:1::2:ffff:ffff dynamic',
      '2001:db8:1::3:0:0 2001:db8:1::3:0:0 assigned-ip',
      '2001:db8:1:0:ff:: 2001:db8:1:0:ff:: rfc-4291-2.6.1+subnet',
      '2001:db8:1:0:ff::1 2001:db8:1:0:ff:ffff:ffff:ffff subnet',
    ],
  )
  t.same(unusedRanges(lab.state, 2 as never).map(text), [
    '2001:db8:1::3:0:1 2001:db8:1:0:fe:ffff:ffff:ffff',
    '2001:db8:1:0:100:: 2001:db8:1:0:ffff:ffff:ffff:ffff',
  ])
  t.match(subnetStatistics(lab.state, 2 as never), {
    totalAddresses: 2 ** 64,
    unavailableCount: 3 * 2 ** 32 + 1 + 2 ** 48,
  })
  t.match(subnetStatistics(labWith('2001:db8::/120').state, 2 as never), {
    ...{ totalAddresses: 256, availableCount: 255, unavailableCount: 1, largestAvailable: 255 },
  })
})

t.test('explained: who has it, and that DHCP gives none', async (t) => {
  const lab = labWith(NET)
  lab.ok(reserve('2001:db8:1::9'))
  const found = explainAddress(lab.state, anyIp('2001:db8:1::9'))
  t.match(found, { allocation: { allocType: 4 }, whyNotByName: 'is already in use' })
  t.match(found.whyNotByDhcp, /IPv6/)
  t.match(explainAddress(lab.state, anyIp('2001:db8:1::1:0:0')), { isOfferedAsNext: true })
  t.match(explainAddress(lab.state, anyIp('2001:db8:1::')), {
    keptAs: 'the subnet-router anycast address of subnet 2001:db8:1::/64',
  })
  t.match(explainAddress(lab.state, anyIp('fd00::1')), { whyNotByName: 'is in no subnet' })
})

t.test('the cursor is a row: a restored replica goes on with the same address', async (t) => {
  const lab = labWith(NET)
  next(lab)
  const other = restore(JSON.parse(JSON.stringify([...dump(lab.state)])) as never)
  t.equal(other.counters.get('allocated/2')?.lastIp, anyIp('2001:db8:1::1:0:0'))
  t.equal(contentOf(other), contentOf(lab.state))
  t.same(
    hostRange(other.subnets.get(2 as never) as never),
    hostRange(lab.state.subnets.get(2 as never) as never),
  )
})

t.test('a crowded subnet is searched by blocks, not by addresses', async (t) => {
  const lab = labWith('2001:db8::/104')
  const { ipAddresses, addressCounts } = lab.state
  const row = { ...lab.ok(reserve(null)) }
  for (let n = 0; n < 131_072; n++) {
    const ip = anyIp(
      `2001:db8::${Math.floor(n / 65_536).toString(16)}:${(n % 65_536).toString(16)}`,
    )
    if (n > 1 && n !== 70_000) ipAddresses.restore(ip, { ...row, ip, subnetId: 2 } as never)
  }
  let looks = 0
  const skip = addressCounts.skipFull.bind(addressCounts)
  addressCounts.skipFull = (ip) => {
    looks++
    return skip(ip)
  }
  ipAddresses.restore(anyIp('2001:db8::'), { ...row, subnetId: 9 } as never)
  t.equal(next(lab), '2001:db8::1:1170', 'the one that was left out')
  t.ok(looks < 2_000, `${looks} steps`)
})
