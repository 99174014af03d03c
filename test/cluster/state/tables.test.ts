// The table layer: order, indexes, undo, deadlines, pools and counts, each against the plain way to do it.
import fc from 'fast-check'
import t from 'tap'
import { compareIps, familyOf, formatIp, isIn, type Ip } from '#model/ip.ts'
import { makeIpv6 } from '#model/ipv6.ts'
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import { AddressCounts } from '#state/address-counts.ts'
import { Deadlines } from '#state/deadlines.ts'
import { keysWithin } from '#state/query.ts'
import { compareKeys } from '#state/sorted-keys.ts'
import { cidrKey, emptyState } from '#state/state.ts'
import { encodeStateKey } from '#storage/state-key.ts'
import { TableIndex } from '#state/table-index.ts'
import { Journal, Table } from '#state/table.ts'
import { TABLE_NAMES } from '#state/tables.ts'
import {
  anyIp,
  bind,
  cidr,
  ip,
  makeServedLab,
  RACK_2,
  registerRack,
} from '#test/support/region-state.ts'

type Row = { readonly value: number }
const writes = fc.array(
  fc.record({
    // Few keys, so that rows are written again; many, so that sorting anew is tried too.
    key: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 400 })),
    value: fc.option(fc.integer({ min: 0, max: 5 })),
    look: fc.boolean(),
  }),
  { maxLength: 600 },
)

function makeTable() {
  const journal = new Journal()
  return { journal, table: new Table<Row, number>('counters', journal) }
}

function write(table: Table<Row, number>, { key, value }: { key: number; value: number | null }) {
  if (value === null) table.delete(key)
  else table.put(key, { value })
}

t.test('iteration is in key order whatever came in which order', async (t) => {
  fc.assert(
    fc.property(writes, (all) => {
      const { table } = makeTable()
      const model = new Map<number, Row>()
      for (const one of all) {
        write(table, one)
        if (one.value === null) model.delete(one.key)
        else model.set(one.key, { value: one.value })
        if (!one.look) continue
        const sorted = [...model].sort(([a], [b]) => a - b)
        if (JSON.stringify([...table.entries()]) !== JSON.stringify(sorted))
          throw new Error('order')
      }
    }),
  )
  t.pass('for every sequence tried')
})

t.test('numbers sort by value, text by code unit', async (t) => {
  t.same([10, 9, 2].sort(compareKeys), [2, 9, 10])
  t.same(['b', 'a10', 'a9', 'Z'].sort(compareKeys), ['Z', 'a10', 'a9', 'b'])
})

t.test('addresses of both families in one table: IPv4 first, each family by itself', async (t) => {
  const some = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }).map((number) => makeIpv4(number) as Ip),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => makeIpv6(value) as Ip),
    fc.bigInt({ min: 0n, max: 20n }).map((value) => makeIpv6(value) as Ip),
    fc.integer({ min: 0, max: 20 }).map((number) => makeIpv4(number) as Ip),
  )
  fc.assert(
    fc.property(fc.uniqueArray(some, { maxLength: 60 }), some, some, (all, a, b) => {
      const { ipAddresses } = emptyState()
      for (const [at, ip] of all.entries()) {
        ipAddresses.restore(ip, {} as never)
        if (at % 7 === 0) ipAddresses.firstKey()
      }
      // Byte by byte, as the state database has them.
      const bytes = (ip: Ip) => encodeStateKey('ipAddresses', ip)
      const sorted = all.toSorted((one, other) => Buffer.compare(bytes(one), bytes(other)))
      if ([...ipAddresses.keys()].join() !== sorted.join()) throw new Error('order')
      if (familyOf(a) !== familyOf(b)) return
      const span = compareIps(a, b) < 0 ? { start: a, end: b } : { start: b, end: a }
      const inside = sorted.filter((ip) => isIn(span, ip))
      if (keysWithin(ipAddresses, span).join() !== inside.join()) throw new Error('span')
    }),
    { numRuns: 300 },
  )
  t.pass('for every table tried')
})

t.test('a page begins after a key that may be gone', async (t) => {
  const { table } = makeTable()
  for (const key of [5, 1, 9, 3]) table.put(key, { value: 0 })
  t.same(table.keysAfter(undefined, 2), [1, 3])
  t.same(table.keysAfter(3, 9), [5, 9])
  t.same(table.keysAfter(4, 1), [5])
  t.same(table.keysAfter(9, 9), [])
})

t.test('rows may be deleted while somebody iterates', async (t) => {
  const { table } = makeTable()
  for (let key = 0; key < 10; key++) table.put(key, { value: 0 })
  const seen = []
  for (const key of table.keys()) {
    seen.push(key)
    table.delete(key)
    table.firstKey()
  }
  t.equal(seen.length, 10)
  t.equal(table.size, 0)
})

t.test('an index has the rows a search would find, also after undo', async (t) => {
  fc.assert(
    fc.property(writes, fc.nat(), (all, at) => {
      const { table, journal } = makeTable()
      const index = new TableIndex<Row, number, number>(table, ({ value }) =>
        value === 0 ? null : value,
      )
      const cut = at % (all.length + 1)
      for (const one of all.slice(0, cut)) write(table, one)
      const mark = journal.entries.length
      const before = JSON.stringify([...table.entries()])
      for (const one of all.slice(cut)) write(table, one)
      journal.undo(mark)
      if (JSON.stringify([...table.entries()]) !== before) throw new Error('undo')
      for (let value = 0; value < 6; value++) {
        const found =
          value === 0 ? [] : [...table.entries()].filter(([, row]) => row.value === value)
        const keys = found.map(([key]) => key)
        if (JSON.stringify(index.keys(value)) !== JSON.stringify(keys)) throw new Error('keys')
        if (index.count(value) !== keys.length) throw new Error('count')
        if (index.first(value) !== found[0]?.[1]) throw new Error('first')
      }
    }),
  )
  t.pass('for every sequence tried')
})

t.test('deadlines come in order of time and key, moved ones at their new time only', async (t) => {
  fc.assert(
    fc.property(
      writes,
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (all, now, limit) => {
        const { table } = makeTable()
        const ends = new Deadlines<Row, number>(table, ({ value }) => value)
        for (const one of all) write(table, one)
        const due = [...table.entries()].filter(([, row]) => row.value <= now)
        due.sort(([a, x], [b, y]) => x.value - y.value || a - b)
        const expected = JSON.stringify(due.slice(0, limit).map(([key]) => key))
        if (JSON.stringify(ends.ended(now, limit)) !== expected) throw new Error('first look')
        if (JSON.stringify(ends.ended(now, limit)) !== expected) throw new Error('second look')
      },
    ),
  )
  t.pass('for every sequence tried')
})

t.test('rows that are renewed for ever do not pile up as deadlines', async (t) => {
  const { table } = makeTable()
  const ends = new Deadlines<Row, number>(table, ({ value }) => value)
  for (let at = 0; at < 100_000; at++) table.put(at % 10, { value: at })
  t.same(ends.ended(99_990, 99), [0])
  t.same(ends.ended(99_999, 99).length, 10)
})

t.test('full blocks are skipped, others are not', async (t) => {
  const { addressCounts, ipAddresses } = emptyState()
  const fill = (first: Ipv4, count: number): void => {
    for (let n = 0; n < count; n++) ipAddresses.restore(makeIpv4(first + n), {} as never)
  }
  fill(ip('10.0.0.0'), 65_536)
  fill(ip('10.1.0.0'), 255)
  const skipped = (text: string): string => formatIp(addressCounts.skipFull(anyIp(text)))
  t.equal(skipped('10.0.0.0'), '10.1.0.0')
  t.equal(skipped('10.0.7.0'), '10.1.0.0')
  t.equal(skipped('10.0.0.1'), '10.0.0.1')
  ipAddresses.restore(ip('10.0.9.9'), undefined)
  t.equal(skipped('10.0.0.0'), '10.0.9.0')
  t.ok(addressCounts instanceof AddressCounts)
})

t.test('pools count the holds in a range, also when ranges come later', async (t) => {
  const lab = makeServedLab()
  const at = (text: string) => lab.state.pools.at(ip(text))
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(bind(2, '10.0.0.199'))
  t.match(at('10.0.0.150'), { size: 100, heldCount: 2 })
  lab.ok({ type: 'ipRange.update', id: 1 as never, set: { end: ip('10.0.0.198') } })
  t.match(at('10.0.0.150'), { size: 99, heldCount: 1 })
  t.equal(at('10.0.0.199'), undefined)
  lab.ok({ type: 'time.advance' }, 10_000_000)
  t.match(at('10.0.0.150'), { heldCount: 0 })
})

t.test('addresses of controllers follow their interfaces', async (t) => {
  const lab = makeServedLab()
  const { controllerAddresses } = lab.state
  lab.ok(registerRack(RACK_2, ['10.0.0.2/24', '10.0.0.3/24']))
  t.same(controllerAddresses.all().map(formatIp), ['10.0.0.2', '10.0.0.3'])
  lab.ok(registerRack(RACK_2, []))
  t.same(controllerAddresses.all().map(formatIp), ['10.0.0.2'], 'rack 1 has it still')
})

t.test('every table is named once, and every CIDR has a key of its own', async (t) => {
  const state = emptyState()
  t.equal(new Set(TABLE_NAMES).size, TABLE_NAMES.length)
  for (const name of TABLE_NAMES) t.equal(state[name].name, name)
  t.not(cidrKey(cidr('10.0.0.0/24')), cidrKey(cidr('10.0.0.0/25')))
  t.equal(cidrKey(cidr('255.255.255.255/32')), 0xffffffff * 64 + 32)
})
