// A rack cut off from all regions: lease-protocol §4, "What a rack may answer" and "After reconnecting".
import t from 'tap'
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { mac, makeRelayedLab, makeServedLab, RACK } from '#test/support/region-state.ts'
import { fromServer, ip as address, wants } from '#test/rack/dhcp/world.ts'
import { makeCutOffRack, turn } from './support/cut-off-rack.ts'

type Rack = ReturnType<typeof makeCutOffRack>

const select = (rack: Rack, client: MacAddress, ip: Ipv4) =>
  rack.exchange('DHCPREQUEST', client, {
    options: [wants(formatIpv4(ip)), fromServer('10.0.0.2')],
  })

async function boot(rack: Rack, client: MacAddress) {
  const offer = await rack.exchange('DHCPDISCOVER', client)
  return offer === undefined ? undefined : select(rack, client, offer.ip)
}

async function withTenure(): Promise<Rack> {
  const rack = makeCutOffRack()
  await rack.settle()
  return rack
}

const unused = (rack: Rack) =>
  [...rack.ledger.reserves.values()].filter((one) => one.status === 'usable' && one.bound === null)

t.test('a rack gets a tenure and a reserve of four', async (t) => {
  const rack = await withTenure()
  t.equal(unused(rack).length, 4)
  t.equal(rack.lab.state.reserves.size, 4)
})

t.test('no tenure is asked for before there is a view: its answer could not be used', async (t) => {
  const rack = makeCutOffRack([], 'boot-1', makeServedLab(), false)
  await rack.settle()
  t.strictSame(rack.asked, [])
  rack.push()
  await rack.settle()
  t.equal(rack.asked[0]?.type, 'tenure.hello')
  t.equal(unused(rack).length, 4)
})

t.test('a rack that the region does not know yet asks again soon', async (t) => {
  const rack = makeCutOffRack()
  const row = rack.lab.state.controllers.get(RACK)
  if (row === undefined) throw new Error('no rack')
  rack.lab.state.load('controllers', RACK, { ...row, kind: 'region' })
  rack.endurance.tick()
  await turn()
  t.equal(rack.ledger.epoch, undefined)
  rack.lab.state.load('controllers', RACK, row)
  rack.clock.advance(2_000)
  rack.endurance.tick()
  await turn()
  t.not(rack.lab.state.tenures.get(RACK), undefined)
})

t.test('its gauges say what it could do without a region', async (t) => {
  const rack = await withTenure()
  await boot(rack, mac(9))
  const { gauges } = rack.metrics
  rack.endurance.measure()
  t.match(gauges, {
    ironraft_rack_offline: 0,
    ironraft_rack_offline_rights: 1,
    // Of 100: four in reserve, one held.
    ironraft_rack_window_addresses: 95,
    'ironraft_rack_reserve_addresses unused': 4,
  })
  rack.cutOff()
  await boot(rack, mac(1))
  rack.clock.advance(1_700_000)
  rack.endurance.measure()
  t.match(gauges, {
    ironraft_rack_offline: 1,
    ironraft_rack_offline_rights: 0,
    ironraft_rack_tenure_remaining_seconds: 0,
    ironraft_rack_journal_unreplayed: 1,
    'ironraft_rack_reserve_addresses bound': 1,
  })
})

t.test('cut off, it serves new clients from its reserve, each address once', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const given = new Set<Ipv4>()
  for (let n = 1; n <= 4; n++) {
    const ack = await boot(rack, mac(n))
    t.match(ack, { type: 'DHCPACK', leaseSeconds: 600 })
    if (ack !== undefined) given.add(ack.ip)
  }
  t.equal(given.size, 4)
  t.equal(await boot(rack, mac(5)), undefined, 'then it is silent')
  t.match(await boot(rack, mac(1)), { type: 'DHCPACK' }, 'the first client again')
})

t.test(
  'clients behind a relay: bound by the region, and by the reserve of their own VLAN',
  async (t) => {
    const rack = makeCutOffRack([], 'boot-1', makeRelayedLab())
    await rack.settle()
    const giaddr = address('10.1.0.1')
    const behindRelay = async (client: MacAddress) => {
      const offer = await rack.exchange('DHCPDISCOVER', client, { giaddr })
      const options = [wants(formatIpv4(offer?.ip ?? (0 as Ipv4))), fromServer('10.0.0.2')]
      return rack.exchange('DHCPREQUEST', client, { giaddr, options })
    }
    const online = await behindRelay(mac(1))
    t.match(online, { type: 'DHCPACK', leaseSeconds: 600 })
    t.match(formatIpv4(online?.ip ?? (0 as Ipv4)), /^10\.1\.0\.1/)
    t.match(rack.lab.state.holds.get(online?.ip ?? (0 as Ipv4)), { mac: mac(1) })
    rack.cutOff()
    const renewed = { giaddr, ciaddr: online?.ip ?? (0 as Ipv4) }
    t.match(await rack.exchange('DHCPREQUEST', mac(1), renewed), { type: 'DHCPACK' })
    const offline = await behindRelay(mac(2))
    t.match(offline, { type: 'DHCPACK' })
    t.match(formatIpv4(offline?.ip ?? (0 as Ipv4)), /^10\.1\.0\.1/)
    t.match(await boot(rack, mac(3)), { type: 'DHCPACK' }, 'and on the rack’s own VLAN')
  },
)

t.test('cut off, it renews a hold for the time that is left, then falls silent', async (t) => {
  const rack = await withTenure()
  const bound = await boot(rack, mac(9))
  t.match(bound, { type: 'DHCPACK' })
  rack.cutOff()
  const renew = () => rack.exchange('DHCPREQUEST', mac(9), { ciaddr: bound?.ip ?? (0 as Ipv4) })
  t.match(await renew(), { type: 'DHCPACK', leaseSeconds: 600 })
  const hold = rack.lab.state.holds.get(bound?.ip ?? (0 as Ipv4))
  let last: number | undefined
  for (let minute = 0; minute < 60; minute++) {
    rack.clock.advance(60_000)
    const ack = await renew()
    if (ack === undefined) break
    last = ack.leaseSeconds ?? 0
    const endsAtMs = rack.clock.monotonicMs() + last * 1000
    t.ok(endsAtMs < (hold?.until ?? 0), 'inside of what the region protects')
  }
  t.ok(last !== undefined && last < 600, 'the last leases were cut')
})

t.test('cut off, it is silent to a reboot, a renewal and a wish it knows nothing of', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const [first] = unused(rack)
  const address = first?.ip ?? (0 as Ipv4)
  const reboot = { options: [wants(formatIpv4(address))] }
  t.equal(await rack.exchange('DHCPREQUEST', mac(1), reboot), undefined)
  t.equal(await rack.exchange('DHCPREQUEST', mac(1), { ciaddr: address }), undefined)
  t.equal(await select(rack, mac(1), (address + 50) as Ipv4), undefined)
  t.equal(first?.bound, null)
})

t.test('no ACK leaves before the journal is synced', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const offer = await rack.exchange('DHCPDISCOVER', mac(1))
  rack.disk.isStuck = true
  t.equal(await select(rack, mac(1), offer?.ip ?? (0 as Ipv4)), undefined)
  const other = await rack.exchange('DHCPDISCOVER', mac(2))
  t.not(other?.ip, offer?.ip, 'and nobody else is promised the address meanwhile')
  rack.disk.isStuck = false
  for (const resolve of rack.disk.waiting.splice(0)) resolve()
  await turn()
  t.equal(rack.metrics.counts.get('ironraft_rack_offline_acks_total reserve'), 1)
})

t.test('back in sight, it replays what it bound, then returns the address', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const ack = await boot(rack, mac(1))
  const ip = ack?.ip ?? (0 as Ipv4)
  rack.reconnect()
  await rack.settle()
  t.match(rack.lab.state.holds.get(ip), { mac: mac(1), leaseSeconds: 600 })
  t.notOk(rack.lab.state.reserves.has(ip))
  t.notOk(rack.ledger.reserves.has(ip))
  const renewed = await rack.exchange('DHCPREQUEST', mac(1), { ciaddr: ip })
  t.match(renewed, { type: 'DHCPACK', leaseSeconds: 600 })
  t.equal(rack.asked.at(-1)?.type, 'lease.bind')
})

t.test('cut off, a RELEASE is journaled, frees nothing and is told later', async (t) => {
  const rack = await withTenure()
  const online = (await boot(rack, mac(9)))?.ip ?? (0 as Ipv4)
  rack.cutOff()
  const offline = (await boot(rack, mac(1)))?.ip ?? (0 as Ipv4)
  const releases = [
    [mac(9), online],
    [mac(1), offline],
  ] as const
  for (const [client, ciaddr] of releases) {
    t.equal(await rack.exchange('DHCPRELEASE', client, { ciaddr }), undefined)
  }
  t.strictSame([...rack.ledger.releases.keys()], [online, offline])
  t.not((await rack.exchange('DHCPDISCOVER', mac(2)))?.ip, offline, 'nobody else is offered it')
  const again = makeCutOffRack(rack.disk.records)
  t.equal(again.ledger.releases.size, 2, 'a restart remembers')
  rack.reconnect()
  await rack.settle()
  for (const [client, ip] of releases) {
    t.match(rack.lab.state.holds.get(ip), { mac: client, released: true })
  }
  t.equal(rack.ledger.releases.size, 0)
  t.notOk(rack.lab.state.reserves.has(offline), 'replayed and returned like any other')
})

t.test('a client that took its address again offline did not release it', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const ip = (await boot(rack, mac(1)))?.ip ?? (0 as Ipv4)
  await rack.exchange('DHCPRELEASE', mac(1), { ciaddr: ip })
  t.match(await boot(rack, mac(1)), { type: 'DHCPACK', ip })
  rack.reconnect()
  await rack.settle()
  t.match(rack.lab.state.holds.get(ip), { released: false })
})

t.test('a declined reserve address is offered to nobody and told later', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const ack = await boot(rack, mac(1))
  const ip = ack?.ip ?? (0 as Ipv4)
  await rack.exchange('DHCPDECLINE', mac(1), { options: [wants(formatIpv4(ip))] })
  t.not((await rack.exchange('DHCPDISCOVER', mac(1)))?.ip, ip)
  rack.reconnect()
  await rack.settle()
  t.ok(rack.lab.state.quarantines.has(ip))
})

t.test('after its deadline the rack has no rights, and its beat revives nothing', async (t) => {
  const rack = await withTenure()
  const epoch = rack.ledger.epoch
  rack.cutOff()
  rack.clock.advance(1_620_000)
  t.equal(await boot(rack, mac(1)), undefined)
  rack.clock.advance(600_000)
  rack.reconnect()
  await rack.settle()
  t.not(rack.ledger.epoch, epoch)
  t.equal(unused(rack).length, 4)
  t.ok(rack.metrics.counts.has('ironraft_rack_offline_rights_void_total lapsed'))
})

t.test('a restarted process goes on; a rebooted host starts anew', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const ack = await boot(rack, mac(1))
  const again = makeCutOffRack([...rack.disk.records])
  t.match(again.ledger.reserves.get(ack?.ip ?? (0 as Ipv4))?.bound, { mac: mac(1) })
  t.equal(again.ledger.epoch, rack.ledger.epoch)
  const rebooted = makeCutOffRack([...rack.disk.records], 'boot-2')
  t.equal(rebooted.ledger.epoch, undefined)
  t.equal(unused(rebooted).length, 0)
  t.match(rebooted.ledger.reserves.get(ack?.ip ?? (0 as Ipv4)), { status: 'ended' })
})

t.test('a boot clock that had stopped voids the rights until the next beat', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  rack.clock.jumpWall(300_000)
  t.equal(await boot(rack, mac(1)), undefined)
  rack.reconnect()
  await rack.settle()
  rack.cutOff()
  t.match(await boot(rack, mac(1)), { type: 'DHCPACK' })
})

t.test('a rack whose view belongs to another cluster keeps nothing of the old one', async (t) => {
  const rack = await withTenure()
  const cluster = rack.lab.state.cluster.get('cluster')
  if (cluster === undefined) throw new Error('no cluster')
  rack.lab.state.load('cluster', 'cluster', { ...cluster, id: 'c2' })
  rack.push()
  rack.endurance.tick()
  t.equal(rack.ledger.reserves.size, 0)
  t.equal(rack.ledger.tenures.length, 0)
})

t.test('a nearly full pool gets its reserve back', async (t) => {
  const rack = await withTenure()
  for (let n = 0; n < 97; n++) {
    const ip = (10 * 2 ** 24 + 100 + n) as Ipv4
    rack.lab.run({
      ...{
        type: 'lease.bind',
        client: `1-${mac(n + 50)}`,
        mac: mac(n + 50),
        ip,
        leaseSeconds: 600,
      },
      ...{ kind: 'selecting', hostname: '', rackId: 'rack01' as never },
    })
  }
  rack.push()
  await rack.settle()
  t.equal(rack.lab.state.reserves.size, 0)
  t.equal(unused(rack).length, 0)
})

t.test('granted addresses whose answer was lost are returned', async (t) => {
  const rack = await withTenure()
  const epoch = rack.ledger.epoch ?? 0
  rack.lab.ok({
    ...{ type: 'reserve.grant', rackId: 'rack01' as never, epoch, count: 2 },
    vlanId: 5001 as never,
  })
  t.equal(rack.lab.state.reserves.size, 6)
  rack.push()
  await rack.settle()
  t.equal(rack.lab.state.reserves.size, 4)
})

t.test('an answer to a beat counts from when that beat was sent, however late it is', async (t) => {
  const rack = await withTenure()
  rack.wire.isSlow = true
  const beats = () => rack.asked.filter(({ type }) => type === 'tenure.beat').length
  const before = beats()
  while (beats() === before) {
    rack.clock.advance(1_000)
    rack.endurance.tick()
    await turn()
  }
  const sentAtMs = rack.clock.monotonicMs()
  for (let second = 0; second < 30; second++) {
    rack.clock.advance(1_000)
    rack.endurance.tick()
    await turn()
  }
  t.equal(beats(), before + 1, 'and no second one is sent meanwhile')
  rack.wire.isSlow = false
  for (const resolve of rack.wire.waiting.splice(0)) resolve()
  await turn()
  t.equal(rack.ledger.tenures.at(-1)?.sentAtMs, sentAtMs)
})

t.test('a beat is adopted only with a view as new as itself', async (t) => {
  const rack = await withTenure()
  const known = rack.ledger.tenures.at(-1)
  rack.view.apply = () => {}
  await rack.settle()
  t.same(rack.ledger.tenures.at(-1), known)
})

// Found by the lease simulation (offline, seed 56): replayed, killed before the sync, given to another.
t.test('nothing is replayed before the journal is synced', async (t) => {
  const rack = await withTenure()
  rack.cutOff()
  const offer = await rack.exchange('DHCPDISCOVER', mac(1))
  rack.disk.isStuck = true
  await select(rack, mac(1), offer?.ip ?? (0 as Ipv4))
  rack.reconnect()
  await rack.settle()
  const replays = () => rack.asked.filter(({ type }) => type === 'reserve.replay').length
  t.equal(replays(), 0)
  rack.disk.isStuck = false
  for (const resolve of rack.disk.waiting.splice(0)) resolve()
  await rack.settle()
  t.equal(replays(), 1)
})
