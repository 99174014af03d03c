// Reserved IPs of MAAS on the reservations of the lease protocol: nobody's hold is shortened by one.
import t from 'tap'
import { tenureHoldMs } from '#model/lease-time.ts'
import type { Command, CommandOf } from '#state/command.ts'
import { dump, restore } from '#state/snapshot.ts'
import {
  bind,
  cidr,
  contentOf,
  ip,
  mac,
  makeNewestLab,
  makeServedLab,
  newSubnet,
  type Lab,
} from '#test/support/region-state.ts'

const reserved = (
  text: string,
  n: number,
  change: object = {},
): CommandOf<'reservation.create'> => ({
  ...{ type: 'reservation.create', ip: ip(text), client: `1-${mac(n)}`, mac: mac(n) },
  ...{ hostname: '', comment: 'printer', ...change },
})
const give = (text: string): Command => ({
  ...{ type: 'address.reserve', subnetId: 1 as never, ip: ip(text), userId: 1 as never },
  ...{ hostname: '', mac: null },
})
const rowAt = (lab: Lab, text: string) => lab.state.reservations.get(ip(text))
const holdAt = (lab: Lab, text: string) => lab.state.holds.get(ip(text))

t.test('a reserved IP has an id, a comment, and is bound by its client alone', async (t) => {
  const lab = makeNewestLab()
  lab.ok(reserved('10.0.0.20', 1))
  lab.ok(reserved('10.0.0.120', 2))
  t.match(rowAt(lab, '10.0.0.20'), { id: 1, comment: 'printer', mac: mac(1) })
  t.match(rowAt(lab, '10.0.0.120'), { id: 2 })
  t.equal(lab.refused(bind(3, '10.0.0.20')).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(1, '10.0.0.20')), 'outside of every range')
  t.equal(lab.refused(bind(3, '10.0.0.120')).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(2, '10.0.0.120')), 'inside of the dynamic range')
  lab.ok({ type: 'reservation.update', id: 2 as never, comment: 'other' })
  t.equal(rowAt(lab, '10.0.0.120')?.comment, 'other')
})

t.test('below level 3 a reservation is what it was: no id, and a second replaces it', async (t) => {
  const lab = makeServedLab()
  const { comment: _comment, ...plain } = reserved('10.0.0.20', 1)
  lab.ok(plain)
  lab.ok({ ...plain, hostname: 'h' })
  t.notOk(Object.hasOwn(rowAt(lab, '10.0.0.20') ?? {}, 'id'))
  lab.ok({ type: 'cluster.raiseLevel', level: 3 })
  lab.ok({ ...plain, hostname: 'i' })
  t.match(rowAt(lab, '10.0.0.20'), { id: 1, comment: '', hostname: 'i' })
})

const refusals: readonly {
  readonly name: string
  readonly before?: readonly Command[]
  readonly command: Command
  readonly code?: string
  readonly field?: string
  readonly says?: RegExp
}[] = [
  { name: 'in no subnet', command: reserved('192.0.2.1', 1), code: 'NOT_FOUND' },
  { name: 'network', command: reserved('10.0.0.0', 1), field: 'ip', says: /network address of/ },
  { name: 'broadcast', command: reserved('10.0.0.255', 1), field: 'ip', says: /broadcast/ },
  {
    name: 'gateway',
    before: [{ type: 'subnet.update', id: 1 as never, set: { gatewayIp: ip('10.0.0.1') } }],
    command: reserved('10.0.0.1', 1),
    field: 'ip',
    says: /the gateway of subnet 10\.0\.0\.0\/24/,
  },
  { name: 'rack', command: reserved('10.0.0.2', 1), field: 'ip', says: /rack controller/ },
  {
    name: 'given by the API',
    before: [give('10.0.0.20')],
    command: reserved('10.0.0.20', 1),
    field: 'ip',
    says: /10\.0\.0\.20 is already in use/,
  },
  {
    name: 'reserved for another',
    before: [reserved('10.0.0.20', 2)],
    command: reserved('10.0.0.20', 1),
    field: 'ip',
    says: /is reserved for 52:54:00:00:00:02 already/,
  },
  {
    name: 'reserved for the same',
    before: [reserved('10.0.0.20', 1)],
    command: reserved('10.0.0.20', 1),
    field: 'ip',
  },
  {
    name: 'a second one of the MAC in the subnet',
    before: [reserved('10.0.0.20', 1)],
    command: reserved('10.0.0.21', 1),
    field: 'mac_address',
    says: /has 10\.0\.0\.20 reserved in 10\.0\.0\.0\/24 already/,
  },
  {
    name: 'update of none',
    command: { type: 'reservation.update', id: 9 as never, comment: '' },
    code: 'NOT_FOUND',
  },
  {
    name: 'allocation of a reserved IP',
    before: [reserved('10.0.0.20', 1)],
    command: give('10.0.0.20'),
    code: 'ADDRESS_UNAVAILABLE',
    says: /is reserved for 52:54:00:00:00:01/,
  },
  {
    name: 'delete of the subnet',
    before: [
      { type: 'vlan.update', id: 5001 as never, set: { dhcpOn: false } },
      reserved('10.0.0.20', 1),
    ],
    command: { type: 'subnet.delete', id: 1 as never },
    says: /10\.0\.0\.20 is reserved for 52:54:00:00:00:01/,
  },
  {
    name: 'a CIDR that leaves it in no subnet',
    before: [reserved('10.0.0.20', 1)],
    command: { type: 'subnet.update', id: 1 as never, set: { cidr: cidr('10.0.0.64/26') } },
    field: 'cidr',
  },
]
for (const { name, before = [], command, code = 'VALIDATION', field, says } of refusals) {
  t.test(`refused, and nothing changes: ${name}`, async (t) => {
    const lab = makeNewestLab()
    for (const one of before) lab.ok(one)
    const content = contentOf(lab.state)
    const refusal = lab.refused(command)
    t.equal(refusal.code, code)
    if (field !== undefined) t.same(Object.keys(refusal.fields ?? {}), [field])
    if (says !== undefined) t.match(refusal.message, says)
    t.equal(contentOf(lab.state), content)
  })
}

t.test('a MAC may have one in each subnet', async (t) => {
  const lab = makeNewestLab()
  lab.ok(newSubnet('10.1.0.0/24', 5001))
  lab.ok(reserved('10.0.0.20', 1))
  t.equal(lab.run(reserved('10.1.0.20', 1)).outcome.ok, true)
})

t.test('reserving a leased address leaves the lease to its time', async (t) => {
  const lab = makeNewestLab()
  const { until } = lab.ok(bind(1, '10.0.0.120'))
  lab.ok(reserved('10.0.0.120', 2))
  t.equal(holdAt(lab, '10.0.0.120')?.until, until)
  t.equal(lab.refused(bind(2, '10.0.0.120')).code, 'ADDRESS_UNAVAILABLE', 'the other has it yet')
  t.equal(lab.refused(bind(1, '10.0.0.120', { kind: 'renewing' })).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(2, '10.0.0.120'), until - lab.stamp))
})

const deletions: readonly { readonly name: string; readonly command: Command }[] = [
  { name: 'the reserved IP', command: { type: 'reservation.delete', ip: ip('10.0.0.20') } },
  { name: 'its subnet by force', command: { type: 'subnet.delete', id: 1 as never, force: true } },
]
for (const { name, command } of deletions) {
  t.test(`who had it keeps a hold when it goes: ${name}`, async (t) => {
    const lab = makeNewestLab()
    lab.ok(reserved('10.0.0.20', 1))
    lab.ok(command)
    t.equal(lab.state.reservations.size, 0)
    t.match(holdAt(lab, '10.0.0.20'), { client: `1-${mac(1)}`, until: lab.stamp + tenureHoldMs() })
  })
}

t.test('ids are found again after a restore', async (t) => {
  const lab = makeNewestLab()
  lab.ok(reserved('10.0.0.20', 1))
  const restored = restore(dump(lab.state))
  t.equal(restored.reservationsById.first(1 as never)?.ip, ip('10.0.0.20'))
  t.equal(restored.keptAddresses.has(ip('10.0.0.255')), true)
})
