// What racks hear on their links: bounded, forgotten by log time, and of no consequence for addresses.
import t from 'tap'
import type { CommandOf } from '#state/command.ts'
import { bind, cidr, ip, mac, makeServedLab, RACK, RACK_2 } from '#test/support/region-state.ts'

const VLAN = 5001 as never
type Report = CommandOf<'neighbour.report'>
const report = (...heard: readonly (readonly [string, number])[]): Report => ({
  ...{ type: 'neighbour.report', rackId: RACK },
  neighbours: heard.map(([address, n]) => ({ vlanId: VLAN, ip: ip(address), mac: mac(n) })),
})

t.test(
  'a neighbour is kept for a week after it was heard last, and keeps nothing from anybody',
  async (t) => {
    const lab = makeServedLab()
    lab.ok(report(['10.0.0.100', 7], ['10.0.0.101', 8]))
    const first = lab.state.neighbours.get(`10.0.0.100,${mac(7)}`)
    t.match(first, { rackId: RACK, vlanId: VLAN })
    t.ok(lab.ok(bind(1, '10.0.0.100')), 'somebody else may have the address')
    lab.ok(report(['10.0.0.100', 7]), 86_400_000)
    t.match(lab.state.neighbours.get(`10.0.0.100,${mac(7)}`), { firstWall: first?.firstWall })
    lab.ok({ type: 'time.advance' }, 6 * 86_400_000)
    t.same([...lab.state.neighbours.keys()], [`10.0.0.100,${mac(7)}`])
  },
)

t.test(
  'racks, VLANs nobody knows and unknown racks are left out; reports have a limit',
  async (t) => {
    const lab = makeServedLab()
    const own = [...lab.state.controllers.values()].flatMap(({ interfaces }) => interfaces)
    const address = own.flatMap(({ addresses }) => addresses)[0]?.split('/')[0] ?? ''
    lab.ok(report([address, 9]))
    lab.ok({ ...report(), neighbours: [{ vlanId: 1 as never, ip: ip('10.0.0.9'), mac: mac(1) }] })
    t.equal(lab.state.neighbours.size, 0)
    t.equal(lab.refused({ ...report(), rackId: RACK_2 }).code, 'NOT_FOUND')
    const many = Array.from({ length: 257 }, (_, n) => ['10.0.0.9', n] as const)
    t.equal(lab.refused(report(...many)).code, 'OVERLOADED')
  },
)

t.test('a scan is one row, whose number rises', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'neighbour.scan', cidrs: [cidr('10.0.0.0/24')] })
  t.match(lab.state.scans.get('scan'), { number: 1, until: lab.stamp + 600_000 })
  lab.ok({ type: 'neighbour.scan', cidrs: [] })
  t.match(lab.state.scans.get('scan'), { number: 2, cidrs: [] })
  const cidrs = Array.from({ length: 257 }, () => cidr('10.0.0.0/24'))
  t.equal(lab.refused({ type: 'neighbour.scan', cidrs }).code, 'VALIDATION')
})

t.test('clearing takes one or all', async (t) => {
  const lab = makeServedLab()
  lab.ok(report(['10.0.0.100', 7], ['10.0.0.101', 8], ['10.0.0.102', 9]))
  lab.ok({ type: 'neighbour.clear', only: { ip: ip('10.0.0.101'), mac: mac(8) } })
  t.equal(
    lab.refused({ type: 'neighbour.clear', only: { ip: ip('10.0.0.101'), mac: mac(8) } }).code,
    'NOT_FOUND',
  )
  t.equal(lab.state.neighbours.size, 2)
  lab.ok({ type: 'neighbour.clear', only: null })
  t.equal(lab.state.neighbours.size, 0)
})
