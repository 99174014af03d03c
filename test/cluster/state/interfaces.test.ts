// Interfaces of machines: what may be made of what, by whom and when, and what goes along.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { Command } from '#state/command.ts'
import { effectiveMtu } from '#state/interface-query.ts'
import { addMachine, BOB, bring } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  SMALL,
  TAGGED,
  UNTAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, contentOf, mac, RACK, type Lab } from '#test/support/region-state.ts'

function makeStage() {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  const nic = (name: string) => nicOf(lab, systemId, name)
  return { lab, systemId, nic }
}

const creating = (systemId: SystemId, change: object): Command =>
  ({
    ...{ type: 'interface.create', systemId, kind: 'bond', name: 'bond0', mac: null },
    ...{ parents: [], tags: [], params: {} },
    ...change,
  }) as Command

t.test(
  'a bond has the MAC of the boot interface, the VLAN of the first and quiet ports',
  async (t) => {
    const { lab, systemId, nic } = makeStage()
    lab.ok(link(nic('eth1')))
    const parents = [nic('eth1').id, nic('eth0').id]
    make(lab, systemId, { kind: 'bond', name: 'bond0', parents, params: { mtu: 9000 } })
    t.match(nic('bond0'), {
      ...{ type: 'bond', mac: mac(100), vlanId: UNTAGGED, parents },
      params: { mtu: 9000, bondMode: 'active-backup', bondMiimon: 100 },
      links: [{ mode: 'link_up' }],
    })
    t.same(nic('eth1').links, [])
    t.equal(lab.state.ipAddresses.size, 0, 'the address of the port is free again')
    t.equal(effectiveMtu(lab.state, nic('eth0')), 9000, 'a port carries what the bond needs')
  },
)

t.test('VLAN interfaces and bridges are named by their parent', async (t) => {
  const { lab, systemId, nic } = makeStage()
  make(lab, systemId, { kind: 'vlan', parents: [nic('eth0').id], vlanId: TAGGED })
  make(lab, systemId, { kind: 'bridge', parents: [nic('eth0.20').id] })
  t.match(nic('br-eth0.20'), { vlanId: TAGGED, mac: mac(100), params: { bridgeStp: false } })
  const { id } = nic('eth0.20')
  lab.ok({ type: 'interface.update', systemId, id, set: { parents: [nic('eth1').id] } })
  t.equal(nic('eth1.20').id, id, 'a made name goes with the parent')
})

const REFUSED: readonly (readonly [string, object, string])[] = [
  ['a bond without parents', {}, 'parents'],
  ['a bond of a bond', { parents: 'bond1' }, 'parents'],
  ['a port twice', { parents: ['eth2', 'eth2'] }, 'parents'],
  ['a port of another bond', { parents: ['eth0', 'eth2'] }, 'parents'],
  ['a name that is there', { name: 'eth2', parents: ['eth2'] }, 'name'],
  ['a name the kernel does not take', { name: 'a/b', parents: ['eth2'] }, 'name'],
  ['a name that is too long', { name: 'abcdefghijklmnop', parents: ['eth2'] }, 'name'],
  ['a card without MAC', { kind: 'physical', name: 'eth9' }, 'mac_address'],
  [
    'a card with a MAC of another',
    { kind: 'physical', name: 'eth9', mac: mac(100) },
    'mac_address',
  ],
  ['a bond with a MAC of another machine', { parents: ['eth2'], mac: mac(200) }, 'mac_address'],
  ['a VLAN interface on no VLAN', { kind: 'vlan', parents: ['eth2'], vlanId: null }, 'vlan'],
  ['a VLAN interface on an untagged VLAN', { kind: 'vlan', parents: ['eth2'] }, 'vlan'],
  ['a second one of a VLAN', { kind: 'vlan', parents: ['bond1'], vlanId: TAGGED }, 'name'],
  ['a VLAN on a port', { kind: 'vlan', parents: ['eth0'], vlanId: TAGGED }, 'parent'],
  ['a bridge of two', { kind: 'bridge', parents: ['eth2', 'bond1'] }, 'parent'],
  ['an unknown VLAN', { parents: ['eth2'], vlanId: 7 }, 'vlan'],
]

t.test('what cannot be is refused, with its field, and nothing is half done', async (t) => {
  const { lab, systemId, nic } = makeStage()
  addTwoCards(lab, 2)
  make(lab, systemId, { mac: mac(102) })
  const parents = [nic('eth0').id, nic('eth1').id]
  make(lab, systemId, { kind: 'bond', name: 'bond1', parents })
  make(lab, systemId, { kind: 'vlan', parents: [nic('bond1').id], vlanId: TAGGED })
  const before = contentOf(lab.state)
  for (const [what, change, field] of REFUSED) {
    const names = [(change as { readonly parents?: unknown }).parents ?? []].flat() as string[]
    const ids = names.map((name) => nic(name).id)
    const command = creating(systemId, { ...change, name: 'bond0', ...change, parents: ids })
    const nameless = (change as { kind?: string }).kind === 'vlan'
    const { fields } = lab.refused(nameless ? ({ ...command, name: '' } as Command) : command)
    t.same(Object.keys(fields ?? {}), [field], what)
  }
  t.equal(contentOf(lab.state), before)
})

t.test('nothing is made of itself', async (t) => {
  const { lab, systemId, nic } = makeStage()
  make(lab, systemId, { kind: 'bridge', name: 'br0', parents: [nic('eth0').id] })
  make(lab, systemId, { kind: 'vlan', name: 'v20', parents: [nic('br0').id], vlanId: TAGGED })
  const set = { parents: [nic('v20').id] }
  const { id } = nic('br0')
  t.match(lab.refused({ type: 'interface.update', systemId, id, set }), { code: 'VALIDATION' })
})

t.test('what is made of an interface alone goes with it', async (t) => {
  const { lab, systemId, nic } = makeStage()
  make(lab, systemId, { kind: 'bond', name: 'b', parents: [nic('eth0').id, nic('eth1').id] })
  make(lab, systemId, { kind: 'vlan', parents: [nic('b').id], vlanId: TAGGED })
  lab.ok(link(nic('b.20'), { subnetId: SMALL }))
  lab.ok({ type: 'interface.delete', systemId, id: nic('eth0').id })
  t.same(nic('b').parents, [nic('eth1').id])
  t.equal(lab.state.machines.get(systemId)?.bootInterfaceId, nic('eth1').id)
  lab.ok({ type: 'interface.delete', systemId, id: nic('b').id })
  t.same(
    lab.state.interfacesByMachine.rows(systemId).map(({ name }) => name),
    ['eth1'],
  )
  t.equal(lab.state.ipAddresses.size, 0)
  t.match(nic('eth1').links, [{ mode: 'link_up' }], 'a port is for itself again')
})

t.test('another MAC goes up, another VLAN drops the links', async (t) => {
  const { lab, systemId, nic } = makeStage()
  make(lab, systemId, { kind: 'vlan', parents: [nic('eth0').id], vlanId: TAGGED })
  lab.ok(link(nic('eth0.20'), { subnetId: SMALL }))
  const { id } = nic('eth0')
  lab.ok({ type: 'interface.update', systemId, id, set: { mac: mac(77) } })
  t.equal(nic('eth0.20').mac, mac(77))
  t.same(
    [...lab.state.ipAddresses.values()].map((row) => row.mac),
    [mac(77)],
  )
  lab.ok(link(nic('eth0')))
  lab.ok({ type: 'interface.update', systemId, id, set: { vlanId: null } })
  t.match(nic('eth0'), { vlanId: null, links: [{ mode: 'link_up', ip: null }] })
  t.equal(lab.state.ipAddresses.size, 1)
})

t.test('administrators change it, and not while the machine is at work', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const set = { params: { mtu: 9000 } }
  const change: Command = { type: 'interface.update', systemId, id: nic('eth0').id, set }
  lab.actor = BOB
  t.match(lab.refused(change), { code: 'FORBIDDEN' })
  lab.actor = ADMIN
  lab.ok(change)
  bring(lab, systemId, S.DEPLOYED)
  lab.actor = ADMIN
  const message =
    'Cannot update interface because the machine is not New, Ready, Allocated, or Broken.'
  t.match(lab.refused(change), { code: 'CONFLICT', message })
  lab.ok({ ...change, set: { name: 'lan0' } } as Command)
  lab.ok({ type: 'interface.tag', systemId, id: nic('lan0').id, tag: 'fast', isSet: true })
  t.same(nic('lan0').tags, ['fast'])
  lab.actor = BOB
  const { id } = nic('lan0')
  t.match(lab.refused({ type: 'interface.delete', systemId, id }), { code: 'FORBIDDEN' })
  t.match(lab.refused({ type: 'interface.restore', systemId }), { code: 'FORBIDDEN' })
})

t.test('what another user owns is not there; controllers report for themselves', async (t) => {
  const { lab } = makeStage()
  const systemId = addMachine(lab, 5)
  bring(lab, systemId, S.ALLOCATED)
  const [nic] = lab.state.interfacesByMachine.keys(systemId)
  const remove = (of: SystemId): Command =>
    ({ type: 'interface.delete', systemId: of, id: nic }) as Command
  lab.actor = { ...BOB, userId: 9 as never }
  t.match(lab.refused(remove(systemId)), { code: 'NOT_FOUND' })
  lab.actor = ADMIN
  t.match(lab.refused(remove(RACK)), { code: 'CONFLICT' })
})

t.test('a device has cards only, and its owner manages them', async (t) => {
  const { lab } = makeStage()
  const systemId = 'dev001' as SystemId
  const owner = { description: '', parent: null, ownerId: 2 as never }
  lab.ok({ type: 'device.create', systemId, hostname: '', ...owner, macs: [mac(900)] } as Command)
  lab.actor = BOB
  lab.ok(creating(systemId, { kind: 'physical', name: '', mac: mac(901) }))
  const nic = (name: string) => nicOf(lab, systemId, name)
  lab.ok(link(nic('eth0')))
  t.match(lab.refused(creating(systemId, { parents: [nic('eth0').id] })), { code: 'VALIDATION' })
  t.match(lab.refused(link(nic('eth0'), { mode: 'auto' })), { fields: { mode: [/./] } })
  t.equal(lab.state.ipAddresses.size, 1)
  lab.ok({ type: 'device.delete', systemId })
  t.equal(lab.state.ipAddresses.size, 0)
})

const count = (lab: Lab) => lab.state.interfaces.size

t.test('a machine that goes takes interfaces and addresses along', async (t) => {
  const { lab, systemId, nic } = makeStage()
  lab.ok(link(nic('eth0')))
  lab.ok({ type: 'machine.delete', systemId })
  t.equal(count(lab), 0)
  t.equal(lab.state.ipAddresses.size, 0)
})
