// The network of a deployed machine as netplan gets it. The files of test/fixtures/netplan are what is written to the
// machine's disk; UPDATE=1 writes them anew: look at the difference.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { DeployOptions } from '#model/machine-work.ts'
import { renderCurtinNetwork, renderNetplan } from '#api/render/netplan.ts'
import { bring, BOB, DEPLOY } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  SIX,
  SMALL,
  SUBNET,
  TAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, anyIp, ip, newSubnet, type Lab } from '#test/support/region-state.ts'

type Stage = {
  readonly lab: Lab
  readonly systemId: SystemId
  readonly nic: (name: string) => ReturnType<typeof nicOf>
}

/** Ready with the default network; `configure` is what the administrator makes of it before it is deployed. */
function deployed(configure: (stage: Stage) => void, more: Partial<DeployOptions> = {}): string {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  bring(lab, systemId, S.READY)
  lab.actor = ADMIN
  configure({ lab, systemId, nic: (name) => nicOf(lab, systemId, name) })
  const constraints = { systemId }
  lab.actor = BOB
  lab.ok({ type: 'machine.allocate', constraints, asked: '', agentName: '', comment: '' })
  lab.ok({ type: 'machine.deploy', systemId, comment: '', options: { ...DEPLOY, ...more } })
  return renderNetplan(lab.state, systemId)
}

const CASES: Readonly<Record<string, (stage: Stage) => void>> = {
  'as-commissioned': () => {},
  'two-subnets': ({ lab, systemId, nic }) => {
    // Another gateway than the first one, two addresses on one interface, a route, servers of the subnet's own.
    lab.ok({ type: 'subnet.update', id: SUBNET, set: { dnsServers: ['192.0.2.53'] } })
    const far = lab.ok(newSubnet('10.9.0.0/16', TAGGED))
    const route = { source: SUBNET, destination: far.id, gatewayIp: anyIp('10.0.0.254'), metric: 7 }
    lab.ok({ type: 'staticRoute.create', ...route })
    lab.ok(link(nic('eth1'), { ip: ip('10.0.0.9'), defaultGateway: true }))
    lab.ok(link(nic('eth1'), { ip: ip('10.0.0.10') }))
    const { id } = nic('eth1')
    lab.ok({ type: 'interface.update', systemId, id, set: { params: { acceptRa: false } } })
  },
  'bond-vlan-bridge': ({ lab, systemId, nic }) => {
    const parents = [nic('eth0').id, nic('eth1').id]
    const params = { bondMode: '802.3ad', bondLacpRate: 'fast', mtu: 9000 } as const
    make(lab, systemId, { kind: 'bond', name: 'bond0', parents, params })
    lab.ok(link(nic('bond0'), { mode: 'auto' }))
    make(lab, systemId, { kind: 'vlan', parents: [nic('bond0').id], vlanId: TAGGED })
    const bridge = { bridgeStp: true, bridgeFd: 4 }
    make(lab, systemId, {
      ...{ kind: 'bridge', name: 'br0', parents: [nic('bond0.20').id], params: bridge },
    })
    lab.ok(link(nic('br0'), { mode: 'auto', subnetId: SMALL }))
    lab.ok(link(nic('br0'), { subnetId: SIX, ip: anyIp('2001:db8:2::9') }))
  },
  dhcp: ({ lab, systemId, nic }) => {
    lab.ok(link(nic('eth0'), { mode: 'dhcp', force: true }))
    make(lab, systemId, { kind: 'vlan', parents: [nic('eth1').id], vlanId: TAGGED })
    lab.ok(link(nic('eth1.20'), { mode: 'dhcp', subnetId: SIX }))
    lab.ok(link(nic('eth1.20'), { mode: 'dhcp', subnetId: SMALL }))
  },
  'open-vswitch': ({ lab, systemId, nic }) => {
    const params = { bridgeType: 'ovs' } as const
    make(lab, systemId, { kind: 'bridge', name: 'ovs0', parents: [nic('eth0').id], params })
    lab.ok(link(nic('ovs0'), { mode: 'auto' }))
  },
}

for (const [name, configure] of Object.entries(CASES)) {
  t.test(`netplan: ${name}`, async (t) => {
    const file = join(import.meta.dirname, '../../fixtures/netplan', `${name}.yaml`)
    const text = deployed(configure)
    if (process.env['UPDATE'] === '1') writeFileSync(file, text)
    t.equal(text, readFileSync(file, 'utf8'))
  })
}

t.test('netplan: bridge-all, the cards under bridges that have what was theirs', async (t) => {
  const file = join(import.meta.dirname, '../../fixtures/netplan/bridge-all.yaml')
  const bridges = { bridgeType: 'standard', bridgeStp: true, bridgeFd: 4 } as const
  const text = deployed(
    ({ lab, systemId, nic }) => {
      const { id } = nic('eth0')
      const params = { mtu: 9_000, acceptRa: false }
      lab.ok({ type: 'interface.update', systemId, id, set: { params } })
      lab.ok(link(nic('eth0'), { ip: ip('10.0.0.9') }))
      make(lab, systemId, { kind: 'vlan', parents: [id], vlanId: TAGGED })
      lab.ok(link(nic('eth0.20'), { mode: 'dhcp', subnetId: SMALL }))
    },
    { bridges },
  )
  if (process.env['UPDATE'] === '1') writeFileSync(file, text)
  t.equal(text, readFileSync(file, 'utf8'))
})

t.test('nothing configured: the image keeps its own network', async (t) => {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  t.equal(renderNetplan(lab.state, systemId), '')
  t.same(renderCurtinNetwork(lab.state, systemId), { network: null })
  t.equal(renderNetplan(lab.state, 'nobody' as SystemId), '')
})
