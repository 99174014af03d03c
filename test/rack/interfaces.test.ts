// What a rack tells of its host's network: the interfaces that it serves whole, of the others only their addresses.
import t from 'tap'
import { parseIpv4 } from '#model/ipv4.ts'
import { mac } from '#test/support/region-state.ts'
import { listInterfaces, reportOf, type RackInterface } from '#rack/interfaces.ts'

function nic(name: string, address?: string, ipv6: readonly string[] = []): RackInterface {
  const ip = parseIpv4(address ?? '')
  const addresses = ip === undefined ? [] : [{ ip, prefix: 24, cidr: `${address}/24` }]
  return { name, interfaceIndex: 1, mac: mac(1), addresses, ipv6 }
}

const ETH0 = nic('eth0', '10.0.0.2', ['2001:db8::2/64'])
const ETH1 = nic('eth1', '192.0.2.7', ['2001:db8:1::7/64'])

t.test('those that are served, and the addresses of the rest', async (t) => {
  t.strictSame(reportOf([ETH0, ETH1], ['eth0']), {
    interfaces: [{ name: 'eth0', mac: mac(1), addresses: ['10.0.0.2/24', '2001:db8::2/64'] }],
    otherAddresses: ['192.0.2.7', '2001:db8:1::7'],
  })
})

t.test('without names all are reported, and nothing is left', async (t) => {
  const { interfaces, otherAddresses } = reportOf([ETH0, ETH1], null)
  t.same(
    interfaces.map(({ name }) => name),
    ['eth0', 'eth1'],
  )
  t.same(otherAddresses, [])
  t.same(reportOf(listInterfaces(null), null).otherAddresses, [], 'those of this host too')
})

t.test('containers that come and go change nothing', async (t) => {
  const before = reportOf([ETH0, ETH1], ['eth0'])
  t.strictSame(reportOf([ETH0, nic('veth1'), ETH1, nic('veth2')], ['eth0']), before)
  t.strictSame(reportOf([ETH0, nic('eth7', '192.0.2.7', ['2001:db8:1::7/64'])], ['eth0']), before)
})

t.test('a host with thousands of addresses reports as many as a region keeps', async (t) => {
  const many = Array.from({ length: 1_100 }, (_, n) => nic(`v${n}`, `10.1.${n >> 8}.${n & 255}`))
  t.equal(reportOf([ETH0, ...many], ['eth0']).otherAddresses.length, 1_024)
})
