// Bridges of `bridge_all`: over what is configured, for the time of one owner, and gone without a trace.
import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type Machine } from '#model/machine.ts'
import type { BridgeOptions } from '#model/machine-work.ts'
import { INTERFACES_MAX } from '#state/node-parts.ts'
import { defaultGateways } from '#state/interface-query.ts'
import { BOB, bring, DEPLOY, statusOf, SYSTEM } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  SMALL,
  SUBNET,
  TAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, ip, type Lab } from '#test/support/region-state.ts'

const BRIDGES: BridgeOptions = { bridgeType: 'standard', bridgeStp: false, bridgeFd: 15 }

function readyMachine(): [Lab, SystemId] {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  bring(lab, systemId, S.READY)
  lab.actor = ADMIN
  return [lab, systemId]
}

const allocate = (lab: Lab, systemId: SystemId, bridges?: BridgeOptions) => {
  lab.actor = BOB
  lab.ok({
    ...{ type: 'machine.allocate', constraints: { systemId }, asked: '', agentName: '' },
    ...{ comment: '', ...(bridges === undefined ? {} : { bridges }) },
  })
}
const deploy = (systemId: SystemId, bridges?: BridgeOptions) => ({
  ...{ type: 'machine.deploy' as const, systemId, comment: '' },
  options: { ...DEPLOY, ...(bridges === undefined ? {} : { bridges }) },
})
const release = (lab: Lab, systemId: SystemId) => {
  lab.ok({ type: 'machine.release', systemId, comment: '' })
}
/** The whole network configuration: interfaces without what changes at every turn, and every address of theirs. */
const network = (lab: Lab, systemId: SystemId) => ({
  nics: lab.state.interfacesByMachine.rows(systemId),
  addresses: [...lab.state.ipAddresses.values()].map(({ ip, interfaceId }) => [ip, interfaceId]),
  gateways: lab.state.machines.get(systemId)?.gatewayLinks,
})

t.test(
  'a deployment bridges what has links, addresses and all, and the release undoes it',
  async (t) => {
    const [lab, systemId] = readyMachine()
    lab.ok(link(nicOf(lab, systemId, 'eth1'), { ip: ip('10.0.0.9'), defaultGateway: true }))
    const params = { mtu: 9_000, acceptRa: false }
    const { id } = nicOf(lab, systemId, 'eth0')
    lab.ok({ type: 'interface.update', systemId, id, set: { params } })
    make(lab, systemId, { kind: 'vlan', parents: [id], vlanId: TAGGED })
    const before = network(lab, systemId)
    const route = (family: 'ipv4') => {
      const machine = lab.state.machines.get(systemId)
      return machine === undefined ? null : defaultGateways(lab.state, machine)[family]?.link.id
    }
    const gateway = route('ipv4')
    lab.actor = BOB
    lab.ok(deploy(systemId, { ...BRIDGES, bridgeStp: true }))
    const [eth0, bridge] = [nicOf(lab, systemId, 'eth0'), nicOf(lab, systemId, 'br-eth0')]
    t.same(eth0.links, [])
    t.match(bridge, { type: 'bridge', mac: eth0.mac, parents: [eth0.id], acquired: true })
    t.same(bridge.params, { ...BRIDGES, bridgeStp: true, ...params })
    const [auto] = bridge.links
    t.equal(auto?.mode, 'auto')
    t.equal(lab.state.ipAddresses.get(auto?.ip as never)?.interfaceId, bridge.id)
    const moved = nicOf(lab, systemId, 'br-eth1')
    t.equal(lab.state.ipAddresses.get(ip('10.0.0.9'))?.interfaceId, moved.id, 'the static one too')
    t.equal(route('ipv4'), gateway, 'the way to the world is the same')
    t.equal(lab.state.interfacesByMachine.count(systemId), 5, 'eth0.20 has no links: no bridge')
    release(lab, systemId)
    t.equal(statusOf(lab, systemId), S.READY)
    t.same(network(lab, systemId), before)
  },
)

const GATEWAYS = [
  { name: 'that of the boot interface before others', boot: 'eth1', over: [], is: 'br-eth1' },
  {
    name: 'none booted: the oldest interface, not bridge',
    boot: '',
    over: ['eth1'],
    is: 'br-eth0',
  },
]
for (const { name, boot, over, is } of GATEWAYS) {
  t.test(`the default gateway under bridges: ${name}`, async (t) => {
    const [lab, systemId] = readyMachine()
    for (const parent of over) {
      make(lab, systemId, { kind: 'bridge', parents: [nicOf(lab, systemId, parent).id] })
    }
    const second = nicOf(lab, systemId, over.length === 0 ? 'eth1' : 'br-eth1')
    lab.ok(link(second, { mode: 'static' }))
    const rows = lab.state.interfacesByMachine.rows(systemId)
    const bootInterfaceId = rows.find((nic) => nic.name === boot)?.id ?? null
    const machine = { ...(lab.state.machines.get(systemId) as Machine), bootInterfaceId }
    const before = defaultGateways(lab.state, machine).ipv4
    lab.ok(deploy(systemId, BRIDGES))
    const after = defaultGateways(lab.state, machine).ipv4
    t.equal(after?.nic.name, is)
    t.equal(after?.link.id, before?.link.id, 'the same link as without bridges')
    t.notOk(nicOf(lab, systemId, second.name).acquired, 'a bridge is not bridged')
  })
}

t.test(
  'allocated with bridges: they stay over a deployment that breaks off, and may be made anew',
  async (t) => {
    const [lab, systemId] = readyMachine()
    const before = network(lab, systemId)
    allocate(lab, systemId, BRIDGES)
    const first = nicOf(lab, systemId, 'br-eth0')
    t.same(
      first.links.map(({ mode, ip: address }) => [mode, address]),
      [['auto', null]],
    )
    lab.ok(deploy(systemId))
    t.not(nicOf(lab, systemId, 'br-eth0').links[0]?.ip, null)
    lab.ok({ type: 'machine.abort', systemId, comment: '' })
    lab.ok(deploy(systemId, { ...BRIDGES, bridgeType: 'ovs' }))
    const second = nicOf(lab, systemId, 'br-eth0')
    t.match(second.params, { bridgeType: 'ovs' })
    t.equal(lab.state.ipAddresses.get(second.links[0]?.ip as never)?.interfaceId, second.id)
    release(lab, systemId)
    t.same(network(lab, systemId), before)
  },
)

t.test('names that are taken or too long are told apart', async (t) => {
  const [lab, systemId] = readyMachine()
  const rename = (name: string, to: string) => {
    const { id } = nicOf(lab, systemId, name)
    lab.ok({ type: 'interface.update', systemId, id, set: { name: to } })
  }
  rename('eth0', 'a-very-long-na1')
  rename('eth1', 'a-very-long-na2')
  lab.ok(link(nicOf(lab, systemId, 'a-very-long-na2')))
  lab.ok(deploy(systemId, BRIDGES))
  const names = lab.state.interfacesByMachine.rows(systemId).map(({ name }) => name)
  t.same(names.slice(2), ['br-a-very-long-', 'br-a-very-lon-1'])
})

t.test('what the owner built on a bridge goes with it; a link of another VLAN too', async (t) => {
  const [lab, systemId] = readyMachine()
  allocate(lab, systemId, BRIDGES)
  const bridge = nicOf(lab, systemId, 'br-eth0')
  const vlan = make(lab, systemId, { kind: 'vlan', parents: [bridge.id], vlanId: TAGGED })
  lab.ok(link({ systemId, id: vlan }, { subnetId: SMALL, ip: ip('10.2.0.3') }))
  const { id } = nicOf(lab, systemId, 'eth0')
  lab.ok({ type: 'interface.update', systemId, id, set: { vlanId: TAGGED } })
  release(lab, systemId)
  t.same(
    lab.state.interfacesByMachine.rows(systemId).map(({ name }) => name),
    ['eth0', 'eth1'],
  )
  t.same(
    nicOf(lab, systemId, 'eth0').links.map(({ mode, subnetId }) => [mode, subnetId]),
    [['link_up', null]],
  )
  t.equal(lab.state.ipAddresses.get(ip('10.2.0.3')), undefined)
})

t.test('a deployment that is refused leaves no bridge', async (t) => {
  const [lab, systemId] = readyMachine()
  // As many interfaces as a machine may have: there is no room for one more.
  for (let number = 2; lab.state.interfacesByMachine.count(systemId) < INTERFACES_MAX; number++) {
    make(lab, systemId, { mac: `52:54:00:99:00:${number.toString(16).padStart(2, '0')}` as never })
  }
  const before = network(lab, systemId)
  lab.actor = BOB
  const refused = lab.refused(deploy(systemId, BRIDGES))
  t.match(refused.message, 'at most')
  t.same(network(lab, systemId), before)
  t.equal(statusOf(lab, systemId), S.READY)
})

t.test('whatever is configured: bridged, deployed and released, all is as it was', async (t) => {
  const step = fc.record({
    nic: fc.constantFrom('eth0', 'eth1', 'made'),
    does: fc.constantFrom('static', 'auto', 'dhcp', 'bond', 'bridge', 'vlan', 'drop'),
  })
  const property = fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
    const [lab, systemId] = readyMachine()
    for (const { nic, does } of steps) {
      const rows = lab.state.interfacesByMachine.rows(systemId)
      const found = rows.find(({ name }) => name === nic) ?? rows.at(-1)
      if (found === undefined) continue
      const create = { type: 'interface.create', systemId, name: '', mac: null, tags: [] } as const
      const more = { parents: [found.id], params: {} }
      const kind = does as 'bond' | 'bridge'
      if (does === 'vlan') lab.run({ ...create, ...more, kind: 'vlan', vlanId: TAGGED })
      else if (does === 'bond' || does === 'bridge') lab.run({ ...create, ...more, kind })
      else if (does === 'drop') lab.run({ type: 'interface.delete', systemId, id: found.id })
      else {
        const subnetId = found.vlanId === TAGGED ? SMALL : SUBNET
        lab.run(link(found, { mode: does as 'static', subnetId }))
      }
    }
    const before = network(lab, systemId)
    allocate(lab, systemId, BRIDGES)
    for (const nic of lab.state.interfacesByMachine.rows(systemId)) {
      const isBridged = nic.type !== 'bridge' && nic.links.some(({ mode }) => mode !== 'link_up')
      if (isBridged) throw new Error(`${nic.name} has links beside its bridge`)
      for (const { ip: address } of nic.links) {
        const row = address === null ? undefined : lab.state.ipAddresses.get(address)
        if (address !== null && row?.interfaceId !== nic.id) throw new Error('whose address?')
      }
    }
    const isDeployed = lab.run(deploy(systemId)).outcome.ok
    lab.actor = isDeployed ? SYSTEM : BOB
    release(lab, systemId)
    deepEqual(network(lab, systemId), before)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})
