// Links: a static one has its address at once, an automatic one while the machine is deployed, and what is given is
// nobody else's until it is given back.
import t from 'tap'
import { formatIp } from '#model/ip.ts'
import { MACHINE_STATUS as S, type InterfaceLink } from '#model/machine.ts'
import { ALLOC_TYPE } from '#model/network.ts'
import { defaultGateways } from '#state/interface-query.ts'
import { subnetStatistics } from '#state/subnet-usage.ts'
import { BOB, bring, DEPLOY, SYSTEM } from '#test/support/life-cycle.ts'
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
import { ADMIN, anyIp, bind, contentOf, ip, mac, RACK } from '#test/support/region-state.ts'

function makeStage() {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  const nic = (name: string) => nicOf(lab, systemId, name)
  return { lab, systemId, nic }
}

const shown = (links: readonly InterfaceLink[]): readonly string[] =>
  links.map(({ mode, ip: address }) => `${mode} ${address === null ? '-' : formatIp(address)}`)

t.test('a static link has an address at once, one that is asked for or the next', async (t) => {
  const { lab, nic } = makeStage()
  lab.ok(link(nic('eth0'), { ip: ip('10.0.0.7') }))
  lab.ok(link(nic('eth0')))
  t.same(shown(nic('eth0').links), ['static 10.0.0.7', 'static 10.0.0.3'])
  t.match(lab.state.ipAddresses.get(ip('10.0.0.7')), {
    ...{ allocType: ALLOC_TYPE.sticky, mac: mac(100), interfaceId: nic('eth0').id, userId: null },
  })
  t.match(lab.refused(link(nic('eth1'), { ip: ip('10.0.0.7') })), { code: 'ADDRESS_UNAVAILABLE' })
  t.match(lab.refused(link(nic('eth1'), { ip: ip('10.0.0.150') })), {
    message: /in the dynamic range/,
  })
  const usage = subnetStatistics(lab.state, SUBNET)
  t.ok(
    usage?.used.some(
      ({ start, purpose }) => start === ip('10.0.0.7') && purpose.includes('assigned-ip'),
    ),
  )
})

t.test('an address that DHCP promised is not linked, and a linked one not leased', async (t) => {
  const { lab, nic } = makeStage()
  lab.actor = SYSTEM
  lab.ok(bind(50, '10.0.0.120'))
  lab.actor = ADMIN
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  t.match(lab.refused(link(nic('eth0'), { ip: ip('10.0.0.120') })), { message: /is leased to/ })
  lab.ok(link(nic('eth0'), { ip: ip('10.0.0.121') }))
  lab.actor = SYSTEM
  t.match(lab.refused(bind(51, '10.0.0.121')), { code: 'ADDRESS_UNAVAILABLE' })
})

t.test(
  'an automatic link gets its address by the deployment and gives it back in the pool',
  async (t) => {
    const { lab, systemId, nic } = makeStage()
    bring(lab, systemId, S.ALLOCATED)
    t.same(shown(nic('eth0').links), ['auto -'])
    lab.actor = ADMIN
    lab.ok(link(nic('eth1'), { ip: ip('10.0.0.9') }))
    lab.actor = BOB
    lab.ok({ type: 'machine.deploy', systemId, comment: '', options: DEPLOY })
    t.same(shown(nic('eth0').links), ['auto 10.0.0.3'])
    t.equal(lab.state.ipAddresses.get(ip('10.0.0.3'))?.allocType, ALLOC_TYPE.auto)
    lab.ok({ type: 'machine.release', systemId, comment: '' })
    t.equal(lab.state.machines.get(systemId)?.status, S.READY)
    t.same(shown(nic('eth0').links), ['auto -'])
    t.same(shown(nic('eth1').links), ['static 10.0.0.9'], 'a static one stays')
    t.equal(lab.state.ipAddresses.size, 1)
  },
)

t.test(
  'a deployment without enough addresses is refused with figures and nothing is done',
  async (t) => {
    const { lab, systemId, nic } = makeStage()
    bring(lab, systemId, S.ALLOCATED)
    lab.actor = ADMIN
    make(lab, systemId, { kind: 'vlan', parents: [nic('eth1').id], vlanId: TAGGED })
    lab.ok(link(nic('eth1.20'), { mode: 'auto', subnetId: SMALL }))
    for (let n = 0; n < 5; n++) {
      const reserve = { subnetId: SMALL, ip: null, userId: ADMIN.userId as never, hostname: '' }
      lab.ok({ type: 'address.reserve', ...reserve, mac: null })
    }
    const before = contentOf(lab.state)
    lab.actor = BOB
    t.match(lab.refused({ type: 'machine.deploy', systemId, comment: '', options: DEPLOY }), {
      ...{
        code: 'ADDRESSES_EXHAUSTED',
        message: /10\.2\.0\.0\/29: 6 in all, 0 in ranges, 5 given/,
      },
    })
    t.equal(contentOf(lab.state), before)
  },
)

t.test('an aborted deployment keeps its addresses for the next one', async (t) => {
  const { lab, systemId, nic } = makeStage()
  bring(lab, systemId, S.DEPLOYING)
  const before = shown(nic('eth0').links)
  lab.ok({ type: 'machine.abort', systemId, comment: '' })
  lab.ok({ type: 'machine.deploy', systemId, comment: '', options: DEPLOY })
  t.same(shown(nic('eth0').links), before)
  t.equal(lab.state.ipAddresses.size, 1)
})

t.test('one that failed or broke keeps them until it is back in the pool', async (t) => {
  const { lab, systemId } = makeStage()
  bring(lab, systemId, S.DEPLOYED)
  lab.ok({ type: 'machine.markBroken', systemId, comment: '', error: '' })
  t.equal(lab.state.ipAddresses.size, 1, 'it may be running')
  lab.actor = ADMIN
  lab.ok({ type: 'machine.markFixed', systemId, comment: '' })
  t.equal(lab.state.ipAddresses.size, 0)
})

t.test('links that make no sense are refused', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const fieldOf = (change: object, name = 'eth0') =>
    Object.keys(lab.refused(link(nic(name), change)).fields ?? {})
  t.same(fieldOf({ subnetId: SMALL }), ['subnet'], 'of another VLAN')
  t.same(fieldOf({ subnetId: null }), ['subnet'], 'an address of nothing')
  t.same(fieldOf({ mode: 'dhcp', ip: ip('10.0.0.9') }), ['ip_address'])
  t.same(fieldOf({ mode: 'dhcp', defaultGateway: true }), ['default_gateway'])
  t.match(lab.refused(link(nic('eth0'), { subnetId: 99 as never })), { code: 'NOT_FOUND' })
  lab.ok(link(nic('eth0'), { mode: 'dhcp' }))
  t.same(fieldOf({ mode: 'dhcp' }), ['mode'], 'twice')
  t.same(fieldOf({ mode: 'link_up', subnetId: null }), ['mode'])
  lab.ok(link(nic('eth0'), { mode: 'link_up', subnetId: null, force: true }))
  t.same(shown(nic('eth0').links), ['link_up -'])
  make(lab, systemId, { kind: 'bond', name: 'bond0', parents: [nic('eth0').id, nic('eth1').id] })
  t.same(fieldOf({}), ['__all__'], 'a port has none')
})

t.test('an address that the machine itself was seen with is its to have', async (t) => {
  const { lab, nic } = makeStage()
  lab.actor = SYSTEM
  const seen = { type: 'lease.observe', rackId: RACK, ip: ip('10.0.0.150') } as const
  lab.ok({ ...seen, mac: mac(100) })
  lab.actor = ADMIN
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  const at = { ip: ip('10.0.0.150') }
  t.match(lab.refused(link(nic('eth1'), at)), { message: /was seen in use/ })
  lab.ok(link(nic('eth0'), at))
})

t.test('unlinking frees; disconnecting leaves nothing', async (t) => {
  const { lab, systemId, nic } = makeStage()
  const { id } = nic('eth0')
  lab.ok(link(nic('eth0')))
  const [first] = nic('eth0').links
  const linkId = first?.id ?? 0
  t.match(lab.refused({ type: 'interface.unlink', systemId, id, linkId: 999 }), {
    fields: { id: [/./] },
  })
  lab.ok({ type: 'interface.unlink', systemId, id, linkId })
  t.same(shown(nic('eth0').links), ['link_up -'])
  t.equal(lab.state.ipAddresses.size, 0)
  lab.ok(link(nic('eth0')))
  lab.ok({ type: 'interface.disconnect', systemId, id })
  t.match(nic('eth0'), { vlanId: null, links: [] })
  t.equal(lab.state.ipAddresses.size, 0)
})

t.test(
  'a linked address is not released behind the interface, and goes with its subnet',
  async (t) => {
    const { lab, nic } = makeStage()
    lab.ok(link(nic('eth0'), { ip: ip('10.0.0.9') }))
    const release = { type: 'address.release', ip: ip('10.0.0.9'), force: true } as const
    t.match(lab.refused({ ...release, userId: ADMIN.userId as never }), {
      ...{ code: 'CONFLICT', message: /is linked to eth0 of machine-000001/ },
    })
    t.match(lab.refused({ type: 'subnet.delete', id: SUBNET }), { code: 'VALIDATION' })
    lab.ok({ type: 'subnet.delete', id: SUBNET, force: true })
    t.same(shown(nic('eth0').links), ['link_up -'])
    t.equal(lab.state.ipAddresses.size, 0)
  },
)

t.test(
  'default gateways: the first ones, or those that were chosen, one of a family',
  async (t) => {
    const { lab, systemId, nic } = makeStage()
    make(lab, systemId, { kind: 'vlan', parents: [nic('eth1').id], vlanId: TAGGED })
    lab.ok(link(nic('eth0')))
    lab.ok(link(nic('eth1.20'), { subnetId: SMALL }))
    lab.ok(link(nic('eth1.20'), { subnetId: SIX }))
    const gateways = () => {
      const machine = lab.state.machines.get(systemId)
      if (machine === undefined) throw new Error('no machine')
      const { ipv4, ipv6 } = defaultGateways(lab.state, machine)
      return [ipv4, ipv6].map((each) => each && `${each.nic.name} ${formatIp(each.gatewayIp)}`)
    }
    t.same(gateways(), ['eth0 10.0.0.1', 'eth1.20 fe80::1'])
    const { id } = nic('eth1.20')
    lab.ok({ type: 'interface.setGateway', systemId, id, linkId: null })
    t.same(gateways(), ['eth1.20 10.2.0.1', 'eth1.20 fe80::1'])
    lab.ok(link(nic('eth1.20'), { subnetId: SMALL }))
    t.match(lab.refused({ type: 'interface.setGateway', systemId, id, linkId: null }), {
      message: /more than one usable gateway/,
    })
    const [chosen] = nic('eth1.20').links
    lab.ok({ type: 'interface.unlink', systemId, id, linkId: chosen?.id ?? 0 })
    t.equal(
      lab.state.machines.get(systemId)?.gatewayLinks?.ipv4,
      null,
      'a choice goes with its link',
    )
    t.same(gateways(), ['eth0 10.0.0.1', 'eth1.20 fe80::1'])
    lab.ok({ type: 'interface.clearGateways', systemId })
    t.equal(lab.state.machines.get(systemId)?.gatewayLinks, undefined)
    const { id: plain } = nic('eth1')
    t.match(lab.refused({ type: 'interface.setGateway', systemId, id: plain, linkId: null }), {
      message: 'This interface has no usable gateways.',
    })
  },
)

t.test('an IPv6 address by hand', async (t) => {
  const { lab, systemId, nic } = makeStage()
  make(lab, systemId, { kind: 'vlan', parents: [nic('eth1').id], vlanId: TAGGED })
  lab.ok(link(nic('eth1.20'), { subnetId: SIX, ip: anyIp('2001:db8:2::9'), defaultGateway: true }))
  t.same(shown(nic('eth1.20').links), ['static 2001:db8:2::9'])
  t.match(lab.state.machines.get(systemId)?.gatewayLinks, { ipv4: null })
})
