// What commissioning makes of a machine's network, and that it can be had back.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { bring, SYSTEM } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  SUBNET,
  TAGGED,
  UNTAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, bind, mac } from '#test/support/region-state.ts'

function makeStage() {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  const nic = (name: string) => nicOf(lab, systemId, name)
  return { lab, systemId, nic }
}

t.test(
  'the boot interface is on the subnet of its VLAN, what was only guessed is brought up',
  async (t) => {
    const { lab, systemId, nic } = makeStage()
    bring(lab, systemId, S.READY)
    t.match(nic('eth0').links, [{ mode: 'auto', subnetId: SUBNET, ip: null }])
    t.match(nic('eth1').links, [{ mode: 'link_up', subnetId: null }])
  },
)

t.test('a lease shows more than a VLAN', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const { id } = nic('eth0')
  lab.ok({ type: 'interface.update', systemId, id, set: { vlanId: TAGGED } })
  lab.actor = SYSTEM
  lab.ok(bind(100, '10.0.0.120'), 1)
  bring(lab, systemId, S.READY)
  t.match(nic('eth0'), { vlanId: UNTAGGED, links: [{ mode: 'auto', subnetId: SUBNET }] })
})

t.test('another interface that was leased an address of another subnet is on that', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const { id } = nic('eth0')
  lab.ok({ type: 'interface.update', systemId, id, set: { vlanId: TAGGED } })
  lab.actor = SYSTEM
  lab.ok(bind(101, '10.0.0.121'), 1)
  bring(lab, systemId, S.READY)
  t.match(nic('eth0').links, [{ mode: 'auto', subnetId: 2 }])
  t.match(nic('eth1').links, [{ mode: 'auto', subnetId: SUBNET }])
})

t.test('skip_networking leaves all as it is', async (t) => {
  const { lab, systemId, nic } = makeStage()
  lab.ok(link(nic('eth1')))
  const options = { ...DEFAULT_PROBE, skipNetworking: true }
  lab.ok({ type: 'machine.commission', systemId, comment: '', options })
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  t.equal(lab.state.machines.get(systemId)?.status, S.READY)
  t.match(nic('eth1').links, [{ mode: 'static' }])
  t.same(nic('eth0').links, [])
})

t.test('tests that follow do not put it off', async (t) => {
  const { lab, systemId, nic } = makeStage()
  lab.ok({ type: 'machine.commission', systemId, comment: '', options: DEFAULT_PROBE })
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'TESTING', error: '' })
  t.match(nic('eth0').links, [{ mode: 'auto' }])
})

t.test('the setting says how the boot interface is linked', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const name = 'default_boot_interface_link_type'
  lab.ok({ type: 'config.put', name, value: 'static' })
  bring(lab, systemId, S.READY)
  t.match(nic('eth0').links, [{ mode: 'static', subnetId: SUBNET }])
  t.equal(lab.state.ipAddresses.size, 1)
})

t.test('restoring drops bonds and links and keeps the cards', async (t) => {
  const { lab, systemId, nic } = makeStage()
  bring(lab, systemId, S.READY)
  lab.actor = ADMIN
  make(lab, systemId, { kind: 'bond', name: 'b', parents: [nic('eth0').id, nic('eth1').id] })
  make(lab, systemId, { kind: 'vlan', parents: [nic('b').id], vlanId: TAGGED })
  lab.ok(link(nic('b')))
  lab.ok({ type: 'interface.restore', systemId })
  const names = lab.state.interfacesByMachine.rows(systemId).map(({ name }) => name)
  t.same(names, ['eth0', 'eth1'])
  t.match(nic('eth0'), { mac: mac(100), links: [{ mode: 'auto' }] })
  t.equal(lab.state.ipAddresses.size, 0)
  bring(lab, addTwoCards(lab, 2), S.ALLOCATED)
  lab.actor = ADMIN
  const text =
    'Machine must be in a ready or failed testing state to restore networking configuration'
  t.match(lab.refused({ type: 'interface.restore', systemId: '000002' as never }), {
    ...{ code: 'CONFLICT', message: text },
  })
})

t.test('a deployed machine whose test failed keeps its addresses', async (t) => {
  const { lab, systemId, nic } = makeStage()
  bring(lab, systemId, S.DEPLOYED)
  const addresses = nic('eth0').links
  lab.actor = ADMIN
  lab.ok({ type: 'machine.test', systemId, comment: '', options: DEFAULT_PROBE })
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'FAILED', error: '' })
  t.equal(lab.state.machines.get(systemId)?.status, S.FAILED_TESTING)
  lab.actor = ADMIN
  t.match(lab.refused({ type: 'interface.restore', systemId }), { code: 'CONFLICT' })
  lab.ok({ type: 'machine.overrideFailedTesting', systemId, comment: '' })
  t.same(nic('eth0').links, addresses)
})
