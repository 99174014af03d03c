// The text of a machine in a list is that of its object, and neither ever shows a VLAN or subnet as it was before: after
// every command, done or refused, both are what a state with the same rows, none of which was shown before, makes of them.
import fc from 'fast-check'
import t from 'tap'
import { machineText, renderMachine } from '#api/render/machine.ts'
import { renderSubnet, renderVlan } from '#api/render/network.ts'
import type { Command } from '#state/command.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { TABLE_NAMES } from '#state/tables.ts'
import { DEPLOY } from '#test/support/life-cycle.ts'
import { bind, Lab, newRange, RACK, registerRack } from '#test/support/region-state.ts'
import { fillInventory, idOf } from '#tools/bench/inventory.ts'

// Two seconds of work, on hosts that others keep busy.
t.setTimeout(120_000)

/** No row is the same object. */
function copyOf(state: RegionState): RegionState {
  const copy = emptyState()
  for (const table of TABLE_NAMES) {
    for (const [key, row] of state[table].entries()) {
      copy.load(table, key as never, structuredClone(row) as never)
    }
  }
  copy.setMeta(state)
  return copy
}

function shown(state: RegionState): readonly unknown[] {
  return [
    ...[...state.machines.values()].map((machine) => renderMachine(state, machine)),
    ...[...state.vlans.values()].map((vlan) => renderVlan(state, vlan)),
    ...[...state.subnets.values()].map((subnet) => renderSubnet(state, subnet)),
  ]
}

function wrongIn(state: RegionState): string | null {
  const copy = copyOf(state)
  for (const machine of state.machines.values()) {
    const fresh = JSON.stringify(renderMachine(copy, machine))
    if (machineText(state, machine) !== fresh) return `the text of ${machine.systemId}`
  }
  const isSame = JSON.stringify(shown(state)) === JSON.stringify(shown(copy))
  return isSame ? null : 'an object'
}

/** Of five machines two are deployed; each on another VLAN. */
function makeSite(): Lab {
  const lab = new Lab()
  lab.state = copyOf(fillInventory({ machines: 5, deployed: 2 }).state)
  lab.stamp = lab.state.stamp
  lab.ok({ type: 'session.open', id: 's1', nodeId: 'a', incarnation: 1 })
  lab.ok(registerRack(RACK, ['10.64.0.9/23']))
  const space = { type: 'space.create', name: 'first', description: '' } as const
  lab.ok(space)
  lab.ok(newRange('dynamic', 1, ['10.64.0.20', '10.64.0.40']))
  const dhcp = { dhcpOn: true, primaryRack: RACK }
  lab.ok({ type: 'vlan.update', id: 5_002 as never, set: dhcp })
  lab.ok({ type: 'fabric.create', name: 'second', description: '', classType: null })
  return lab
}

const name = fc.constantFrom('a', 'b"', 'ü\n', 'room-1')
const vlanId = fc.integer({ min: 5_001, max: 5_007 })
const subnetId = fc.integer({ min: 1, max: 6 })
const systemId = fc.integer({ min: 0, max: 5 }).map(idOf)
const LAYOUTS = ['flat', 'lvm', 'bcache', 'blank']
const command = fc.oneof(
  fc.record({ type: fc.constant('fabric.update'), id: fc.nat(1), set: fc.record({ name }) }),
  fc.record({ type: fc.constant('fabric.delete'), id: fc.nat(1) }),
  fc.record({ type: fc.constant('space.update'), id: fc.nat(1), set: fc.record({ name }) }),
  fc.record({ type: fc.constant('space.delete'), id: fc.nat(1) }),
  fc.record({
    ...{ type: fc.constant('vlan.update'), id: vlanId },
    set: fc.record(
      {
        ...{ name, mtu: fc.constantFrom(1_500, 9_000), fabricId: fc.nat(1), spaceId: fc.nat(1) },
        relayVlanId: fc.option(vlanId),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ type: fc.constant('vlan.delete'), id: vlanId }),
  fc.record({
    ...{ type: fc.constant('subnet.update'), id: subnetId },
    set: fc.record({ name, vlanId, gatewayIp: fc.constant(null) }, { requiredKeys: [] }),
  }),
  fc.record({ type: fc.constant('subnet.delete'), id: subnetId, force: fc.boolean() }),
  fc.record({
    ...{ type: fc.constant('machine.update'), systemId },
    set: fc.record({ hostname: fc.constantFrom('x', 'y'), description: name }),
  }),
  fc.record({ type: fc.constant('machine.delete'), systemId }),
  fc.record({
    ...{ type: fc.constant('storage.setLayout'), systemId },
    wish: fc.record({ layout: fc.constantFrom(...LAYOUTS) }),
  }),
  // The MACs of the machines' first interfaces.
  fc.nat(3).map((n) => bind(n, `10.64.0.${20 + n}`)),
  systemId.map((id) => ({ type: 'machine.deploy', systemId: id, comment: '', options: DEPLOY })),
) as unknown as fc.Arbitrary<Command>

t.test('whatever is done, lists show what is', async (t) => {
  const done = new Set<string>()
  const property = fc.property(fc.array(command, { minLength: 1, maxLength: 12 }), (commands) => {
    const lab = makeSite()
    const first = wrongIn(lab.state)
    if (first !== null) throw new Error(first)
    for (const each of commands) {
      if (lab.run(each).outcome.ok) done.add(each.type)
      const wrong = wrongIn(lab.state)
      if (wrong !== null) throw new Error(`after ${each.type}: ${wrong}`)
    }
  })
  fc.assert(property, { numRuns: 60 })
  for (const type of ['fabric.update', 'space.update', 'vlan.update', 'subnet.update']) {
    t.ok(done.has(type), `${type} was done`)
  }
  for (const type of ['storage.setLayout', 'lease.bind', 'machine.deploy']) {
    t.ok(done.has(type), `${type} was done`)
  }
})

t.test('a relay is shown as it is, also in a fabric and space of its own', async (t) => {
  const lab = makeSite()
  const [vlanId, relayVlanId] = [5_003 as never, 5_004 as never]
  const space = (text: string) => ({ name: text, description: '' })
  lab.ok({ type: 'space.create', ...space('second') })
  const moved = { fabricId: 1 as never, spaceId: 1 as never }
  lab.ok({ type: 'vlan.update', id: relayVlanId, set: moved })
  lab.ok({ type: 'vlan.update', id: vlanId, set: { relayVlanId } })
  const relay = () => renderVlan(lab.state, lab.state.vlans.get(vlanId)!).relay_vlan
  t.match(relay(), { fabric: 'second', space: 'second' })
  lab.ok({ type: 'fabric.update', id: 1 as never, set: { name: 'renamed' } })
  t.match(relay(), { fabric: 'renamed', space: 'second' })
  lab.ok({ type: 'space.update', id: 1 as never, set: space('elsewhere') })
  t.match(relay(), { fabric: 'renamed', space: 'elsewhere' })
  t.equal(relay(), relay(), 'nothing changed: the same object')
})
