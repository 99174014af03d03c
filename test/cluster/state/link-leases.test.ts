// DHCP gives a machine the address of its own link: to the MAC of the link's interface, while the link has it, and what
// was leased runs out like every other lease.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { holdMs } from '#model/lease-time.ts'
import { bring, SYSTEM } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  TAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, bind, ip, mac, RACK_2, registerRack } from '#test/support/region-state.ts'

const CARD = 100

function makeStage() {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  const nic = (name: string) => nicOf(lab, systemId, name)
  const asRack = () => (lab.actor = SYSTEM)
  const asAdmin = () => (lab.actor = ADMIN)
  lab.ok(link(nic('eth0'), { ip: ip('10.0.0.7') }))
  asRack()
  return { lab, systemId, nic, asRack, asAdmin }
}

t.test('the address of a link is bound by the MAC of its interface, and by no other', async (t) => {
  const { lab } = makeStage()
  for (const kind of ['selecting', 'initReboot', 'renewing', 'rebinding'] as const) {
    t.equal(lab.refused(bind(51, '10.0.0.7', { kind })).ok, false, kind)
    // The other card of the same machine is another client.
    t.equal(lab.refused(bind(CARD + 1, '10.0.0.7', { kind })).ok, false, kind)
  }
  const value = lab.ok(bind(CARD, '10.0.0.7'))
  t.same(value, { ip: ip('10.0.0.7'), leaseSeconds: 600, until: lab.stamp + holdMs(600, 0) })
  for (const kind of ['initReboot', 'renewing', 'rebinding'] as const) {
    t.ok(lab.ok(bind(CARD, '10.0.0.7', { kind })), kind)
  }
})

t.test('at the first boot from a lease file too: the link is the record', async (t) => {
  const { lab } = makeStage()
  t.ok(lab.ok(bind(CARD, '10.0.0.7', { kind: 'initReboot' })))
})

t.test('not by a rack that does not serve the VLAN', async (t) => {
  const { lab } = makeStage()
  lab.ok(registerRack(RACK_2, ['10.9.0.2/24']))
  t.equal(lab.refused(bind(CARD, '10.0.0.7', { rackId: RACK_2 })).code, 'RACK_REFUSED')
})

t.test('an address that was reserved by hand for a MAC is none of a link', async (t) => {
  const { lab, asAdmin, asRack } = makeStage()
  asAdmin()
  lab.ok({
    ...{ type: 'address.reserve', subnetId: 1 as never, ip: ip('10.0.0.8') },
    ...{ userId: 1 as never, hostname: '', mac: mac(60) },
  })
  asRack()
  t.equal(lab.refused(bind(60, '10.0.0.8')).code, 'ADDRESS_UNAVAILABLE')
})

t.test('without its link the lease runs out and is renewed no more', async (t) => {
  const { lab, nic, asAdmin, asRack } = makeStage()
  const { until } = lab.ok(bind(CARD, '10.0.0.7'))
  const eth0 = nic('eth0')
  asAdmin()
  const [first] = eth0.links
  lab.ok({ type: 'interface.unlink', systemId: eth0.systemId, id: eth0.id, linkId: first?.id ?? 0 })
  // Nobody else gets it while the client may still use it; the machine itself may be linked to it again.
  t.match(lab.refused(link(nic('eth1'), { ip: ip('10.0.0.7') })), { message: /is leased to/ })
  asRack()
  t.equal(lab.refused(bind(CARD, '10.0.0.7', { kind: 'renewing' })).code, 'ADDRESS_UNAVAILABLE')
  t.equal(lab.state.holds.get(ip('10.0.0.7'))?.until, until)
  asAdmin()
  lab.ok(link(nic('eth0'), { ip: ip('10.0.0.7') }))
  t.match(lab.refused(link(nic('eth0'), { ip: ip('10.0.0.7') })), { message: /already in use/ })
  lab.ok({ type: 'interface.unlink', systemId: eth0.systemId, id: eth0.id, linkId: linkId(nic) })
  lab.ok(link(nic('eth1'), { ip: ip('10.0.0.7') }), until - lab.stamp)
  t.equal(lab.state.ipAddresses.get(ip('10.0.0.7'))?.mac, mac(CARD + 1))
})

const linkId = (nic: ReturnType<typeof makeStage>['nic']): number =>
  nic('eth0').links.find((one) => one.ip === ip('10.0.0.7'))?.id ?? 0

t.test('a link made over a reservation that went is the same client or nobody', async (t) => {
  const { lab, nic, asAdmin } = makeStage()
  asAdmin()
  const kept = { type: 'reservation.create', ip: ip('10.0.0.9'), hostname: '' } as const
  lab.ok({ ...kept, client: `1-${mac(CARD).replaceAll(':', '')}`, mac: mac(CARD) })
  t.match(lab.refused(link(nic('eth0'), { ip: ip('10.0.0.9') })), { message: /is reserved for/ })
  lab.ok({ type: 'reservation.delete', ip: ip('10.0.0.9') })
  t.match(lab.refused(link(nic('eth1'), { ip: ip('10.0.0.9') })), { message: /is leased to/ })
  lab.ok(link(nic('eth0'), { ip: ip('10.0.0.9') }))
  t.equal(lab.state.ipAddresses.get(ip('10.0.0.9'))?.mac, mac(CARD))
})

t.test('an automatic link is bound while the machine is deployed', async (t) => {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  bring(lab, systemId, S.DEPLOYED)
  const own = nicOf(lab, systemId, 'eth0').links.find(({ mode }) => mode === 'auto')?.ip
  t.type(own, 'number')
  lab.actor = SYSTEM
  const asked = { ...bind(CARD, '10.0.0.7'), ip: own as never }
  t.equal(lab.refused({ ...asked, mac: mac(51), client: 'another' }).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(asked))
})

t.test('the address of a bond is for its MAC, which is that of its first card', async (t) => {
  const lab = makeNetworkLab()
  const systemId = addTwoCards(lab, 1)
  const cards = ['eth0', 'eth1'].map((name) => nicOf(lab, systemId, name).id)
  const bond = make(lab, systemId, { kind: 'bond', name: 'bond0', parents: cards })
  lab.ok(link({ systemId, id: bond }, { ip: ip('10.0.0.8') }))
  lab.actor = SYSTEM
  t.equal(lab.refused(bind(CARD + 1, '10.0.0.8')).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(CARD, '10.0.0.8')))
})

t.test('a VLAN interface binds on its VLAN only', async (t) => {
  const { lab, systemId, nic, asAdmin, asRack } = makeStage()
  asAdmin()
  const tagged = make(lab, systemId, {
    ...{ kind: 'vlan', parents: [nic('eth1').id], vlanId: TAGGED },
  })
  const { mac: ofVlan } = nicOf(lab, systemId, 'eth1.20')
  t.equal(ofVlan, mac(CARD + 1))
  lab.ok(link({ systemId, id: tagged }, { subnetId: 2 as never, ip: ip('10.2.0.5') }))
  asRack()
  // No rack serves the tagged VLAN of this room.
  t.equal(lab.refused(bind(CARD + 1, '10.2.0.5')).code, 'RACK_REFUSED')
})
