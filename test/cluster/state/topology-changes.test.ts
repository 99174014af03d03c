// What changes of the topology do when they are allowed; the refusals are in `topology.test.ts`.
import t from 'tap'
import type { Command } from '#state/command.ts'
import {
  bind,
  ip,
  makeServedLab,
  newMachine,
  newRange,
  newSubnet,
  type Lab,
} from '#test/support/region-state.ts'

const fabric = (name: string): Command => ({
  type: 'fabric.create',
  name,
  description: '',
  classType: null,
})
const vlan = (vid: number, change: object = {}): Command => ({
  type: 'vlan.create',
  fabricId: 0 as never,
  name: '',
  vid,
  mtu: 1500,
  description: '',
  spaceId: null,
  ...change,
})
const setVlan = (id: number, set: object): Command => ({
  type: 'vlan.update',
  id: id as never,
  set: set as never,
})
const put =
  (...commands: Command[]) =>
  (lab: Lab) =>
    commands.forEach((command) => lab.ok(command))
const space = (name: string): Command => ({ type: 'space.create', name, description: '' })

t.test('a fabric gets its name and default VLAN', async (t) => {
  const lab = makeServedLab()
  t.same(lab.ok(fabric('')), { id: 1 })
  t.match(lab.state.fabrics.get(1 as never), { name: 'fabric-1' })
  t.match(lab.state.vlansByFabric.rows(1 as never), [{ id: 5002, vid: 0, name: 'untagged' }])
  lab.ok({ type: 'fabric.delete', id: 1 as never })
  t.equal(lab.state.vlans.size, 1)
  t.same(lab.ok(fabric('')), { id: 2 }, 'ids are not given twice')
})

t.test('a VLAN without a name is called by its VID and can move and go', async (t) => {
  const lab = makeServedLab()
  lab.ok(fabric('x'))
  t.same(lab.ok(vlan(7)), { id: 5003 })
  lab.ok(setVlan(5003, { fabricId: 1, mtu: 9000 }))
  t.match(lab.state.vlans.get(5003 as never), { name: '7', fabricId: 1, mtu: 9000 })
  lab.ok({ type: 'vlan.delete', id: 5003 as never })
  t.notOk(lab.state.vlans.has(5003 as never))
})

t.test('relays that point at a deleted VLAN point nowhere', async (t) => {
  const lab = makeServedLab()
  put(vlan(7), vlan(8), setVlan(5002, { relayVlanId: 5003 }))(lab)
  lab.ok({ type: 'vlan.delete', id: 5003 as never })
  t.equal(lab.state.vlans.get(5002 as never)?.relayVlanId, null)
})

t.test('a VLAN with a machine on it stays', async (t) => {
  const lab = makeServedLab()
  put(fabric('x'), newSubnet('10.5.0.0/24', 5002))(lab)
  const machine = newMachine(1)
  const [nic] = machine.interfaces
  if (nic === undefined) throw new Error('no interface')
  lab.ok({ ...machine, interfaces: [{ ...nic, ip: ip('10.5.0.7') }] })
  lab.ok({ type: 'subnet.delete', id: 2 as never })
  t.match(lab.refused({ type: 'fabric.delete', id: 1 as never }).message, /ens3 of machine-000001/)
})

t.test('VLANs of a deleted space are in none', async (t) => {
  const lab = makeServedLab()
  t.same(lab.ok(space('')), { id: 0 })
  lab.ok(setVlan(5001, { spaceId: 0 }))
  lab.ok({ type: 'space.delete', id: 0 as never })
  t.equal(lab.state.vlans.get(5001 as never)?.spaceId, null)
})

t.test('a subnet without a name is called by its CIDR and goes with its ranges', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.5.0.0/24', 5001))
  t.match(lab.state.subnets.get(2 as never), { name: '10.5.0.0/24' })
  lab.ok(newRange('reserved', 2, ['10.5.0.1', '10.5.0.9']))
  lab.ok({ type: 'subnet.delete', id: 2 as never })
  t.equal(lab.state.ipRangesBySubnet.count(2 as never), 0)
})

t.test('deleting a subnet leaves its holds to run out', async (t) => {
  const lab = makeServedLab()
  const { until } = lab.ok(bind(1, '10.0.0.100')) as { until: number }
  lab.ok(setVlan(5001, { dhcpOn: false }))
  lab.ok({ type: 'subnet.delete', id: 1 as never })
  t.equal(lab.state.holds.get(ip('10.0.0.100'))?.until, until)
})

t.test('a range may grow over itself', async (t) => {
  const lab = makeServedLab()
  lab.ok({
    type: 'ipRange.update',
    id: 1 as never,
    set: { end: ip('10.0.0.220'), comment: 'more' },
  })
  t.match(lab.state.ipRanges.get(1 as never), { end: ip('10.0.0.220'), comment: 'more' })
})
