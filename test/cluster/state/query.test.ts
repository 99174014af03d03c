import t from 'tap'
import { formatIp, formatIpCidr, type IpSpan } from '#model/ip.ts'
import {
  addressesOf,
  defaultVlanOf,
  hostRange,
  isServedBy,
  machineBootOf,
  machineByMac,
  pageOf,
  settingOf,
  subnetOf,
} from '#state/query.ts'
import { canonical, digest, dump, restore } from '#state/snapshot.ts'
import { whyNotGiven } from '#state/address-obstacles.ts'
import { subnetStatistics, unusedRanges, usedRanges } from '#state/subnet-usage.ts'
import {
  bind,
  ip,
  mac,
  makeServedLab,
  newMachine,
  newRange,
  newSubnet,
  RACK,
  RACK_2,
} from '#test/support/region-state.ts'

t.test('what a rack must know to boot a machine', async (t) => {
  const made = makeServedLab()
  made.ok(newMachine(1))
  t.same(machineBootOf(made.state, '000001' as never), {
    systemId: '000001',
    hostname: 'machine-000001',
    macs: [mac(1)],
    architecture: 'amd64/generic',
    purpose: 'commissioning',
  })
  t.equal(machineBootOf(made.state, 'zzzzzz' as never), undefined)
  t.equal(machineByMac(made.state, mac(1))?.systemId, '000001')
  t.equal(machineByMac(made.state, mac(2)), undefined)
})

t.test('an address belongs to the longest prefix', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.0.0.0/8', 5001))
  lab.ok(newSubnet('10.0.0.64/26', 5001))
  const at = (text: string): string => {
    const subnet = subnetOf(lab.state, ip(text))
    return subnet === undefined ? '' : formatIpCidr(subnet.cidr)
  }
  t.equal(at('10.0.0.70'), '10.0.0.64/26')
  t.equal(at('10.0.0.130'), '10.0.0.0/24')
  t.equal(at('10.3.0.1'), '10.0.0.0/8')
  t.equal(at('11.0.0.1'), '')
})

t.test('pages are in key order and know whether there is more', async (t) => {
  const lab = makeServedLab()
  for (const n of [3, 1, 2]) lab.ok(newMachine(n))
  const first = pageOf(lab.state.machines, undefined, 2)
  t.same(
    first.rows.map(({ systemId }) => systemId),
    ['000001', '000002'],
  )
  t.equal(first.more, true)
  const second = pageOf(lab.state.machines, '000002' as never, 2)
  t.match(second, { rows: [{ systemId: '000003' }], more: false })
})

t.test('addresses of a machine are its live leases', async (t) => {
  const lab = makeServedLab()
  const { systemId } = lab.ok(newMachine(1))
  lab.ok(bind(1, '10.0.0.101'))
  lab.ok(bind(1, '10.0.0.100'))
  t.same(addressesOf(lab.state, systemId).map(formatIp), ['10.0.0.100', '10.0.0.101'])
  lab.ok({ type: 'lease.release', client: `1-${mac(1)}`, ip: ip('10.0.0.100') })
  t.same(addressesOf(lab.state, systemId).map(formatIp), ['10.0.0.101'])
  lab.ok({ type: 'rack.beat', racks: [] }, 10_000_000)
  t.same(addressesOf(lab.state, systemId), [])
})

t.test('small answers', async (t) => {
  const { state } = makeServedLab()
  const vlan = defaultVlanOf(state, 0 as never)
  t.equal(vlan?.id, 5001)
  t.equal(vlan !== undefined && isServedBy(state, vlan, RACK), true)
  t.equal(vlan !== undefined && isServedBy(state, vlan, RACK_2), false)
  t.equal(vlan !== undefined && isServedBy(state, { ...vlan, dhcpOn: false }, RACK), false)
  t.equal(settingOf(state, 'default_domain'), 'maas')
  t.equal(settingOf(state, 'none'), undefined)
})

t.test('how a subnet is used', async (t) => {
  const lab = makeServedLab()
  const gatewayIp = ip('10.0.0.1')
  const set = { gatewayIp, dnsServers: ['10.0.0.1', '192.0.2.1'] }
  lab.ok({ type: 'subnet.update', id: 1 as never, set })
  lab.ok(newRange('reserved', 1, ['10.0.0.10', '10.0.0.20']))
  const reserve = { subnetId: 1 as never, userId: 1 as never, hostname: '', mac: null }
  lab.ok({ type: 'address.reserve', ip: ip('10.0.0.12'), ...reserve })
  lab.ok({ type: 'address.reserve', ip: ip('10.0.0.254'), ...reserve })
  const text = ({ start, end }: IpSpan): string => `${formatIp(start)}-${formatIp(end)}`
  t.same(
    usedRanges(lab.state, 1 as never).map((range) => `${text(range)} ${range.purpose.join('+')}`),
    [
      '10.0.0.1-10.0.0.1 dns-server+gateway-ip',
      '10.0.0.2-10.0.0.2 rack-controller',
      '10.0.0.10-10.0.0.11 reserved',
      '10.0.0.12-10.0.0.12 assigned-ip+reserved',
      '10.0.0.13-10.0.0.20 reserved',
      '10.0.0.100-10.0.0.199 dynamic',
      '10.0.0.254-10.0.0.254 assigned-ip',
    ],
  )
  t.same(unusedRanges(lab.state, 1 as never).map(text), [
    '10.0.0.3-10.0.0.9',
    '10.0.0.21-10.0.0.99',
    '10.0.0.200-10.0.0.253',
  ])
  t.match(subnetStatistics(lab.state, 1 as never), {
    totalAddresses: 254,
    availableCount: 140,
    unavailableCount: 114,
    largestAvailable: 79,
  })
  t.equal(subnetStatistics(lab.state, 9 as never), undefined)
  t.same([usedRanges(lab.state, 9 as never), unusedRanges(lab.state, 9 as never)], [[], []])
  const subnet = lab.state.subnets.get(1 as never)
  if (subnet === undefined) throw new Error('no subnet')
  const free = (last: number): boolean =>
    whyNotGiven(lab.state, lab.stamp, { subnet, ip: ip(`10.0.0.${last}`) }) === null
  t.same([0, 1, 2, 3, 12, 13, 150, 254, 255].filter(free), [3, 13])
})

t.test('an untouched subnet is free from first to last host', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('255.255.255.0/24', 5001))
  t.same(usedRanges(lab.state, 2 as never), [])
  const subnet = lab.state.subnets.get(2 as never)
  t.same(unusedRanges(lab.state, 2 as never), subnet && [hostRange(subnet)])
})

t.test('the digest is the same for the same rows, and another for other rows', async (t) => {
  const text = (state: Parameters<typeof digest>[0]): string => {
    let all = ''
    digest(state, (line) => (all += line))
    return all
  }
  const [a, b] = [makeServedLab(), makeServedLab()]
  t.equal(text(a.state), text(b.state))
  t.equal(text(restore([...dump(a.state)].toReversed())), text(a.state))
  a.ok(bind(1, '10.0.0.100'))
  b.ok(bind(1, '10.0.0.101'))
  t.not(text(a.state), text(b.state))
})

t.test('fields are sorted at every depth, absent ones left out alike', async (t) => {
  const value = { b: [{ d: 1, c: 2 }], a: null }
  t.equal(JSON.stringify(canonical(value)), '{"a":null,"b":[{"c":2,"d":1}]}')
})

t.test('a snapshot without its head or of another version is refused', async (t) => {
  const rows = [...dump(makeServedLab().state)]
  t.throws(() => restore(rows.slice(1)), /without its meta/)
  const other = { table: 'meta', key: 'meta', row: { version: 2, revision: 1, stamp: 1 } }
  t.throws(() => restore([other as never]), /version 2/)
})
