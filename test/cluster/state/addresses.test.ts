import t from 'tap'
import { formatIp } from '#model/ip.ts'
import type { CommandOf } from '#state/command.ts'
import {
  bind,
  ip,
  mac,
  makeServedLab,
  newRange,
  newSubnet,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

function reserve(text: string | null, subnetId = 1): CommandOf<'address.reserve'> {
  return {
    type: 'address.reserve',
    subnetId: subnetId as never,
    ip: text === null ? null : ip(text),
    userId: 1 as never,
    hostname: 'db',
    mac: null,
  }
}
const release = (text: string, userId = 1, force = false): CommandOf<'address.release'> => ({
  type: 'address.release',
  ip: ip(text),
  userId: userId as never,
  force,
})
const next = (lab: Lab, subnetId = 1): string => formatIp(lab.ok(reserve(null, subnetId)).ip)

/** Subnet 2: 10.5.0.0/29, hosts .1 to .6. */
function smallLab(change: object = {}): Lab {
  const lab = makeServedLab()
  lab.ok({ ...newSubnet('10.5.0.0/29', 5001), ...change })
  return lab
}

t.test('next free: hosts in order, not the rack, gateway, DNS servers or ranges', async (t) => {
  const lab = smallLab({ gatewayIp: ip('10.5.0.1'), dnsServers: ['10.5.0.3', '2001:db8::1'] })
  lab.ok(newRange('reserved', 2, ['10.5.0.4', '10.5.0.4']))
  lab.ok(registerRack(RACK_2, ['10.5.0.5/29']))
  t.same([next(lab, 2), next(lab, 2)], ['10.5.0.2', '10.5.0.6'])
})

t.test('an exhausted subnet says so with its figures', async (t) => {
  const lab = smallLab()
  lab.ok(newRange('reserved', 2, ['10.5.0.1', '10.5.0.2']))
  for (let n = 0; n < 4; n++) next(lab, 2)
  const refusal = lab.refused(reserve(null, 2))
  t.equal(refusal.code, 'ADDRESSES_EXHAUSTED')
  t.match(refusal.message, /10\.5\.0\.0\/29: 6 in all, 2 in ranges, 4 given out/)
})

t.test('an address given back is the last to be given again', async (t) => {
  const lab = smallLab()
  t.same([next(lab, 2), next(lab, 2)], ['10.5.0.1', '10.5.0.2'])
  lab.ok(release('10.5.0.1'))
  t.same([next(lab, 2), next(lab, 2), next(lab, 2)], ['10.5.0.3', '10.5.0.4', '10.5.0.5'])
  lab.ok(release('10.5.0.4'))
  t.same([next(lab, 2), next(lab, 2)], ['10.5.0.6', '10.5.0.1'], 'round')
  t.equal(next(lab, 2), '10.5.0.4')
})

t.test('an unmanaged subnet gives addresses of its reserved ranges only', async (t) => {
  const lab = smallLab({ managed: false, gatewayIp: ip('10.5.0.4') })
  lab.ok(newRange('reserved', 2, ['10.5.0.4', '10.5.0.6']))
  lab.ok(newRange('reserved', 2, ['10.5.0.2', '10.5.0.2']))
  t.same([next(lab, 2), next(lab, 2), next(lab, 2)], ['10.5.0.2', '10.5.0.5', '10.5.0.6'])
  t.equal(lab.refused(reserve(null, 2)).code, 'ADDRESSES_EXHAUSTED')
})

t.test('a /31 has two hosts (RFC 3021), a /32 one', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.6.0.0/31', 5001))
  lab.ok(newSubnet('10.6.0.9/32', 5001))
  t.same([next(lab, 2), next(lab, 2), next(lab, 3)], ['10.6.0.0', '10.6.0.1', '10.6.0.9'])
})

t.test('the last addresses of all are no trap', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('255.255.255.252/30', 5001))
  t.same([next(lab, 2), next(lab, 2)], ['255.255.255.253', '255.255.255.254'])
  t.equal(lab.refused(reserve(null, 2)).code, 'ADDRESSES_EXHAUSTED')
})

t.test('a hold outside of every range is stepped over while it lives', async (t) => {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  lab.ok(newRange('reserved', 1, ['10.0.0.1', '10.0.0.99']))
  t.equal(next(lab), '10.0.0.101')
  t.equal(lab.refused(reserve('10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
  t.equal(formatIp(lab.ok(reserve('10.0.0.100'), 3_000_000).ip), '10.0.0.100')
})

t.test('a crowded /8 is searched by blocks, not by addresses', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('44.0.0.0/8', 5001))
  // Two thirds of the subnet in one range and 4,000 addresses in a row.
  lab.ok(newRange('reserved', 2, ['44.0.0.1', '44.170.0.0']))
  for (let n = 0; n < 4000; n++) next(lab, 2)
  lab.state.counters.restore('allocated/2', undefined)
  let looks = 0
  const at = lab.state.pools.at.bind(lab.state.pools)
  lab.state.pools.at = (address) => {
    looks++
    return at.call(lab.state.pools, address)
  }
  t.equal(next(lab, 2), '44.170.15.161')
  t.ok(looks < 600, `${looks} looks`)
})

const refusals = [
  { name: 'outside', address: '10.0.1.1', says: /not a host address/ },
  { name: 'network', address: '10.0.0.0', says: /not a host address/ },
  { name: 'broadcast', address: '10.0.0.255', says: /not a host address/ },
  { name: 'dynamic', address: '10.0.0.150', says: /dynamic range/ },
  { name: 'rack', address: '10.0.0.2', says: /rack controller/ },
  { name: 'gateway', address: '10.0.0.1', says: /gateway/ },
  { name: 'DNS server', address: '10.0.0.3', says: /DNS server/ },
  { name: 'given already', address: '10.0.0.7', says: /10\.0\.0\.7 is already in use/ },
]
for (const { name, address, says } of refusals) {
  t.test(`a wanted address is refused: ${name}`, async (t) => {
    const lab = makeServedLab()
    const set = { gatewayIp: ip('10.0.0.1'), dnsServers: ['10.0.0.3'] }
    lab.ok({ type: 'subnet.update', id: 1 as never, set })
    lab.ok(reserve('10.0.0.7'))
    const refusal = lab.refused(reserve(address))
    t.equal(refusal.code, 'ADDRESS_UNAVAILABLE')
    t.match(refusal.message, says)
  })
}

t.test('a wanted address in quarantine is refused until it is over', async (t) => {
  const lab = makeServedLab()
  const address = ip('10.0.0.100')
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok({ type: 'lease.decline', client: `1-${mac(1)}`, mac: mac(1), ip: address })
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  t.match(lab.refused(reserve('10.0.0.100'), 80_000_000).message, /found in use/)
  t.ok(lab.ok(reserve('10.0.0.100'), 7_000_000))
})

t.test('a wanted address may lie in a reserved range', async (t) => {
  const lab = makeServedLab()
  lab.ok(newRange('reserved', 1, ['10.0.0.20', '10.0.0.29']))
  t.ok(lab.ok(reserve('10.0.0.20')))
  t.match(lab.state.ipAddresses.get(ip('10.0.0.20')), { allocType: 4, hostname: 'db', userId: 1 })
})

t.test('no such subnet', async (t) => {
  t.equal(makeServedLab().refused(reserve(null, 9)).code, 'NOT_FOUND')
})

t.test('an address is released by its owner or by force', async (t) => {
  const lab = makeServedLab()
  lab.ok(reserve('10.0.0.7'))
  t.equal(lab.refused(release('10.0.0.7', 2)).code, 'NOT_FOUND')
  lab.ok(release('10.0.0.7', 2, true))
  t.equal(lab.refused(release('10.0.0.7')).code, 'NOT_FOUND')
  t.ok(lab.ok(reserve('10.0.0.7')))
})
