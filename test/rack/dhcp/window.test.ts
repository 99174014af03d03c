// The choice of an address to offer: one client an address, alike on every rack, bounded work.
import fc from 'fast-check'
import t from 'tap'
import { formatIpv4, type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { OFFER_MS, Offers, OFFERS_MAX } from '#rack/dhcp/offers.ts'
import { chooseOffer, hash, PROBES_FAR, PROBES_NEAR } from '#rack/dhcp/window.ts'
import { addressAt, rangeOf } from '#rack/dhcp/view-index.ts'
import { hold, ip, keyOf, link, mac, makeWorld, subnet, VLAN, type WorldOptions } from './world.ts'

const nth = (n: number): MacAddress => mac(n.toString(16).padStart(12, '0'))

function chooser(world: ReturnType<typeof makeWorld>) {
  const pool = world.index.pools.get(VLAN)
  if (pool === undefined) throw new Error('no pool')
  return (client: MacAddress, requested?: Ipv4, xid = 1): Ipv4 | undefined =>
    chooseOffer(world.index, world.offers, {
      client: keyOf(client),
      mac: client,
      pool,
      requested,
      xid,
      own: link.addresses.map((one) => one.ip),
      nowMs: world.clock.monotonicMs(),
    })
}

t.test('never is one address offered to two clients within the tentative time', async (t) => {
  const steps = fc.array(
    fc.record({
      client: fc.integer({ min: 1, max: 40 }),
      asks: fc.option(fc.integer({ min: 95, max: 130 }), { nil: undefined }),
      passes: fc.integer({ min: 0, max: 4_000 }),
      xid: fc.nat(5),
    }),
    { minLength: 20, maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, (list) => {
      const world = makeWorld({
        ranges: [[1, '192.0.2.100', '192.0.2.124']],
        holds: [hold('192.0.2.103', { client: keyOf(nth(7)) }), hold('192.0.2.104', { until: 1 })],
        allocated: ['192.0.2.105'],
      })
      const choose = chooser(world)
      const lastOffer = new Map<Ipv4, { client: number; atMs: number }>()
      for (const { client, asks, passes, xid } of list) {
        world.clock.advance(passes)
        const nowMs = world.clock.monotonicMs()
        const requested = asks === undefined ? undefined : ip(`192.0.2.${asks}`)
        const offered = choose(nth(client), requested, xid)
        if (offered === undefined) continue
        if (!world.offers.put(offered, keyOf(nth(client)), nowMs)) return false
        const last = lastOffer.get(offered)
        const isForeign = last !== undefined && last.client !== client
        // An offer given up for another address of the same client frees it at once: count live ones.
        const isLive = isForeign && nowMs - last.atMs < OFFER_MS
        if (
          isLive &&
          ![...lastOffer].some(
            ([other, one]) =>
              one.client === last.client && other !== offered && one.atMs > last.atMs,
          )
        )
          return false
        if (offered === ip('192.0.2.105')) return false
        if (offered === ip('192.0.2.103') && client !== 7) return false
        lastOffer.set(offered, { client, atMs: nowMs })
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('two racks that know the same offer the same client the same address', async (t) => {
  const options: WorldOptions = { ranges: [[1, '192.0.2.10', '192.0.2.250']] }
  const [one, other] = [chooser(makeWorld(options)), chooser(makeWorld(options))]
  for (let n = 1; n < 200; n++) t.equal(one(nth(n)), other(nth(n)))
})

t.test('clients spread over the pool: neighbours by MAC do not crowd', async (t) => {
  const choose = chooser(makeWorld({ ranges: [[1, '192.0.2.0', '192.0.2.255']] }))
  const addresses = new Set(Array.from({ length: 100 }, (_, n) => choose(nth(n + 1))))
  t.ok(addresses.size > 75, `${addresses.size} different of 100`)
})

t.test('every address of a pool can be given, none twice', async (t) => {
  const world = makeWorld({ ranges: [[1, '192.0.2.100', '192.0.2.163']] })
  const choose = chooser(world)
  const given = new Set<Ipv4>()
  for (let n = 1; n <= 64; n++) {
    const offered = choose(nth(n))
    if (offered === undefined) throw new Error(`nothing for client ${n}`)
    given.add(offered)
    world.offers.put(offered, keyOf(nth(n)), world.clock.monotonicMs())
  }
  t.equal(given.size, 64)
  t.equal(choose(nth(65)), undefined)
  world.clock.advance(OFFER_MS)
  t.ok(choose(nth(65)) !== undefined, 'offers end')
})

t.test('never-used addresses come first, then the one unused for longest', async (t) => {
  const other = { client: keyOf(nth(9)) }
  const ranges: WorldOptions['ranges'] = [[1, '192.0.2.100', '192.0.2.102']]
  const ended = [
    hold('192.0.2.100', { ...other, until: 300 }),
    hold('192.0.2.102', { ...other, until: 200 }),
  ]
  const fresh = makeWorld({ ranges, holds: ended })
  t.equal(formatIpv4(chooser(fresh)(nth(1)) ?? makeIpv4(0)), '192.0.2.101')
  const used = makeWorld({
    ranges,
    holds: [...ended, hold('192.0.2.101', { ...other, until: 250 })],
  })
  t.equal(formatIpv4(chooser(used)(nth(1)) ?? makeIpv4(0)), '192.0.2.102')
})

t.test('a hold counts until the very log time of the view', async (t) => {
  const ranges: WorldOptions['ranges'] = [[1, '192.0.2.100', '192.0.2.100']]
  const other = { client: keyOf(nth(9)) }
  const live = makeWorld({
    ranges,
    stamp: 500,
    holds: [hold('192.0.2.100', { ...other, until: 501 })],
  })
  t.equal(chooser(live)(nth(1)), undefined)
  const ended = makeWorld({
    ranges,
    stamp: 500,
    holds: [hold('192.0.2.100', { ...other, until: 500 })],
  })
  t.equal(chooser(ended)(nth(1)), ip('192.0.2.100'))
})

t.test('gateway, network, broadcast and the rack itself are never offered', async (t) => {
  const world = makeWorld({
    subnets: [subnet({ network: '192.0.2.0/29', gatewayIp: ip('192.0.2.2') })],
    ranges: [[1, '192.0.2.0', '192.0.2.7']],
  })
  const choose = chooser(world)
  const given: string[] = []
  for (let n = 1; n <= 8; n++) {
    const offered = choose(nth(n))
    if (offered === undefined) break
    given.push(formatIpv4(offered))
    world.offers.put(offered, keyOf(nth(n)), world.clock.monotonicMs())
  }
  t.strictSame(given.toSorted(), ['192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6'])
})

t.test(
  'a nearly full large pool costs bounded work, and another xid tries elsewhere',
  async (t) => {
    const world = makeWorld({
      subnets: [subnet({ network: '10.0.0.0/16', gatewayIp: null })],
      ranges: [[1, '10.0.0.1', '10.0.255.254']],
    })
    let looked = 0
    const free = ip('10.0.77.77')
    const index = Object.create(world.index, {
      hold: {
        value: (address: Ipv4) => {
          looked++
          return address === free ? undefined : hold('10.0.0.1', { client: 'another' })
        },
      },
    }) as typeof world.index
    const pool = world.index.pools.get(VLAN)
    if (pool === undefined) throw new Error('no pool')
    const base = { client: 'c', mac: nth(1), pool, requested: undefined, own: [], nowMs: 0 }
    t.equal(chooseOffer(index, world.offers, { ...base, xid: 1 }), undefined)
    t.ok(looked <= PROBES_NEAR + PROBES_FAR, `${looked} looked at`)
    let xid = 0
    while (chooseOffer(index, world.offers, { ...base, xid }) !== free && xid < 5_000) xid++
    t.ok(xid < 5_000, `found at the ${xid}th try`)
  },
)

t.test('a pool of several ranges and subnets is one sequence without gaps', async (t) => {
  const world = makeWorld({
    subnets: [subnet(), subnet({ id: 2 as never, network: '198.51.100.0/24' })],
    ranges: [
      [2, '198.51.100.5', '198.51.100.6'],
      [1, '192.0.2.200', '192.0.2.201'],
      [1, '192.0.2.100', '192.0.2.100'],
    ],
  })
  const pool = world.index.pools.get(VLAN)
  if (pool === undefined) throw new Error('no pool')
  const all = Array.from({ length: pool.size }, (_, n) => formatIpv4(addressAt(pool, n)!))
  t.strictSame(all, ['192.0.2.100', '192.0.2.200', '192.0.2.201', '198.51.100.5', '198.51.100.6'])
  t.equal(rangeOf(pool, ip('198.51.100.6'))?.subnet.id, 2)
  t.equal(rangeOf(pool, ip('192.0.2.150')), undefined)
})

t.test('the view moves and the pool with it', async (t) => {
  const world = makeWorld()
  t.equal(world.index.pools.get(VLAN)?.size, 100)
  const key = 9
  const added = {
    id: key,
    type: 'dynamic',
    subnetId: 1,
    start: ip('192.0.2.10'),
    end: ip('192.0.2.19'),
  }
  const change = { table: 'ipRanges', key, row: added } as never
  world.view.apply({ type: 'viewChanges', revision: 2, stamp: 10_001, changes: [change] })
  t.equal(world.index.pools.get(VLAN)?.size, 110)
  world.index.close()
})

t.test('hash: spread over all 32 bits, seed matters', async (t) => {
  const values = new Set(Array.from({ length: 10_000 }, (_, n) => hash(`1-${n}`, 0)))
  t.ok(values.size > 9_995)
  t.not(hash('a', 1), hash('a', 2))
})

t.test('offers: one per client, refused while another has it, bounded', async (t) => {
  const offers = new Offers()
  const a = makeIpv4(1)
  t.equal(offers.put(a, 'one', 0), true)
  t.equal(offers.put(a, 'two', 1), false)
  t.equal(offers.put(makeIpv4(2), 'one', 2), true, 'a client moves')
  t.equal(offers.clientOf(a, 3), undefined)
  t.equal(offers.addressOf('one', 3), makeIpv4(2))
  t.equal(offers.addressOf('one', 2 + OFFER_MS), undefined)
  offers.forget('one')
  t.equal(offers.size, 0)
  for (let n = 0; n < OFFERS_MAX; n++) offers.put(makeIpv4(n), `c${n}`, 0)
  t.equal(offers.put(makeIpv4(OFFERS_MAX), 'late', OFFER_MS - 1), false, 'full: not answered')
  t.equal(offers.put(makeIpv4(OFFERS_MAX), 'late', OFFER_MS), true, 'room when the old ones ended')
  t.equal(offers.size, 1)
})

t.test('a client is offered the address of its own link, before what it leased', async (t) => {
  const linked = [
    { ip: '192.0.2.21', mac: nth(1) },
    { ip: '192.0.2.20', mac: nth(1) },
    { ip: '192.0.2.22', mac: nth(2) },
    { ip: '198.51.100.7', mac: nth(3) },
  ]
  const world = makeWorld({ linked, holds: [hold('192.0.2.150', { client: keyOf(nth(1)) })] })
  const choose = chooser(world)
  t.equal(choose(nth(1)), ip('192.0.2.20'))
  t.equal(choose(nth(2), ip('192.0.2.20')), ip('192.0.2.22'))
  // On another network than the client is, and of nobody who asks here.
  t.ok(inRange(choose(nth(3))))
  t.ok(inRange(choose(nth(4), ip('192.0.2.21'))))
})

t.test(
  'a linked address that another still has by lease is offered when that is over',
  async (t) => {
    const linked = [{ ip: '192.0.2.20', mac: nth(1) }]
    const held = hold('192.0.2.20', { client: keyOf(nth(2)), until: 20_000 })
    t.ok(inRange(chooser(makeWorld({ linked, holds: [held] }))(nth(1))))
    const later = makeWorld({ linked, holds: [held], stamp: 20_000 })
    t.equal(chooser(later)(nth(1)), ip('192.0.2.20'))
  },
)

t.test('what was linked is forgotten with its link, row by row and with a new view', async (t) => {
  const world = makeWorld({ linked: [{ ip: '192.0.2.20', mac: nth(1) }] })
  const change = (revision: number, row: unknown): void => {
    const changes = [{ table: 'ipAddresses', key: ip('192.0.2.20'), row }] as never
    world.view.apply({ type: 'viewChanges', revision, stamp: 10_000, changes })
  }
  const choose = chooser(world)
  change(2, { ip: ip('192.0.2.20'), mac: nth(2), interfaceId: 4 })
  t.ok(inRange(choose(nth(1))))
  t.equal(choose(nth(2)), ip('192.0.2.20'))
  change(3, { ip: ip('192.0.2.20'), mac: nth(2) })
  t.ok(inRange(choose(nth(2))), 'reserved by hand')
  change(4, null)
  t.same(world.view.linkedAddressesOf(nth(2)), [])
  change(5, { ip: ip('192.0.2.20'), mac: nth(2), interfaceId: 4 })
  world.view.apply({ type: 'viewReset', revision: 6, stamp: 10_000, rows: [] })
  t.same(world.view.linkedAddressesOf(nth(2)), [])
})

function inRange(chosen: Ipv4 | undefined): boolean {
  return chosen !== undefined && chosen >= ip('192.0.2.100') && chosen <= ip('192.0.2.199')
}
