import t from 'tap'
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { formatIpCidr } from '#model/ip.ts'
import {
  contentOf,
  makeLab,
  makeServedLab,
  newMachine,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const networks = (lab: Lab) =>
  [...lab.state.subnets.values()].map(({ cidr, vlanId }) => `${formatIpCidr(cidr)} on ${vlanId}`)
const vlansOf = (lab: Lab, rack = RACK) =>
  lab.state.controllers.get(rack)?.interfaces.map(({ vlanId }) => vlanId)
const beatOf = (lab: Lab) => lab.state.controllers.get(RACK)?.lastBeatAt ?? -1

t.test(
  'the first network goes on the default VLAN, each further one on a fabric of its own',
  async (t) => {
    const lab = makeLab()
    lab.ok(registerRack(RACK, ['10.0.0.2/24', '10.1.0.2/24']))
    t.same(networks(lab), ['10.0.0.0/24 on 5001', '10.1.0.0/24 on 5002'])
    t.same(vlansOf(lab), [5001, 5002])
    t.equal(lab.state.fabrics.size, 2)
  },
)

t.test('a second rack on the same networks makes nothing', async (t) => {
  const lab = makeLab()
  lab.ok(registerRack(RACK, ['10.0.0.2/24']))
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  t.equal(lab.state.subnets.size, 1)
  t.same(vlansOf(lab, RACK_2), [5001])
})

t.test('a second network on one interface shares its VLAN', async (t) => {
  const lab = makeLab()
  const command = registerRack(RACK, ['10.0.0.2/24'])
  const [nic] = command.interfaces
  if (nic === undefined) throw new Error('no interface')
  const addresses = ['10.9.0.2/24', '10.9.0.3/24', '10.0.0.2/24']
  lab.ok(command)
  lab.ok({ ...command, interfaces: [{ ...nic, addresses }] })
  t.same(networks(lab), ['10.0.0.0/24 on 5001', '10.9.0.0/24 on 5001'])
})

t.test('loopback, link-local, host routes and nonsense make no subnet', async (t) => {
  const lab = makeLab()
  const addresses = ['127.0.0.1/8', '169.254.7.7/16', '10.0.0.9/32', '0.0.0.0/0', 'fe80::1/64', '']
  lab.ok(registerRack(RACK, addresses))
  t.same(networks(lab), [])
  t.same(vlansOf(lab), [null, null, null, null, null, null])
})

t.test('an interface without an address keeps the VLAN it had', async (t) => {
  const lab = makeLab()
  lab.ok(registerRack(RACK, ['10.0.0.2/24']))
  const command = registerRack(RACK, ['10.0.0.2/24'])
  const interfaces = command.interfaces.map((nic) => ({ ...nic, addresses: [] }))
  lab.ok({ ...command, interfaces })
  t.same(vlansOf(lab), [5001])
  t.notOk(lab.state.controllerAddresses.has(0x0a000002 as never))
})

t.test('addresses of networks that it does not serve are its own and make no subnet', async (t) => {
  const lab = makeLab()
  const other = 0x0a09_0002 as never
  const command = { ...registerRack(RACK, ['10.0.0.2/24']), otherAddresses: ['10.9.0.2', 'x'] }
  lab.ok(command)
  t.notOk(lab.state.controllerAddresses.has(other), 'below feature level 3 nobody hears of them')
  lab.ok({ type: 'cluster.raiseLevel', level: NETWORK_LEVEL })
  lab.ok(command)
  t.same(networks(lab), ['10.0.0.0/24 on 5001'])
  t.equal(lab.state.controllerAddresses.ownerOf(other), RACK)
  lab.ok(registerRack(RACK, ['10.0.0.2/24']))
  t.notOk(lab.state.controllerAddresses.has(other))
  const many = Array.from({ length: 1025 }, () => '10.9.0.2')
  t.equal(lab.refused({ ...command, otherAddresses: many }).code, 'RACK_REFUSED')
})

t.test(
  'registering again refreshes, keeps what was first, and an older start is refused',
  async (t) => {
    const lab = makeLab()
    lab.ok(registerRack(RACK, [], 3))
    const { createdWall } = lab.state.controllers.get(RACK) ?? {}
    lab.ok({ ...registerRack(RACK, [], 4), version: '0.2.0' })
    t.match(lab.state.controllers.get(RACK), { version: '0.2.0', incarnation: 4, createdWall })
    const content = contentOf(lab.state)
    t.equal(lab.refused(registerRack(RACK, ['10.0.0.2/24'], 3)).code, 'RACK_REFUSED')
    t.equal(contentOf(lab.state), content)
  },
)

t.test('regions register beside racks, ids are told apart', async (t) => {
  const lab = makeLab()
  const region = {
    type: 'region.register',
    systemId: 'regio1' as never,
    hostname: 'r1',
    version: '0.1.0',
    apiUrl: 'http://192.0.2.1:5240',
    peerAddress: '192.0.2.1:5250',
    incarnation: 2,
  } as const
  lab.ok(region)
  t.match(lab.state.controllers.get(region.systemId), { kind: 'region', apiUrl: region.apiUrl })
  t.equal(lab.refused({ ...region, incarnation: 1 }).code, 'RACK_REFUSED')
  t.equal(lab.refused(registerRack(region.systemId, [])).code, 'CONFLICT')
  lab.ok(newMachine(1))
  t.equal(lab.refused(registerRack('000001' as never, [])).code, 'CONFLICT')
  t.equal(lab.refused({ ...region, systemId: '000001' as never }).code, 'CONFLICT')
})

t.test('too many interfaces are refused', async (t) => {
  const command = registerRack(RACK, [])
  const nic = { name: 'e', mac: '52:54:00:00:00:01' as never, addresses: [] }
  const interfaces = Array.from({ length: 1025 }, () => nic)
  t.equal(makeLab().refused({ ...command, interfaces }).code, 'RACK_REFUSED')
  const many = { ...nic, addresses: Array.from({ length: 65 }, () => '10.0.0.1/24') }
  t.equal(makeLab().refused({ ...command, interfaces: [many] }).code, 'RACK_REFUSED')
})

t.test('a beat is stamped with log time and connects, unknown racks are passed over', async (t) => {
  const lab = makeLab()
  lab.ok(registerRack(RACK, []))
  lab.ok({ type: 'rack.beat', racks: ['nobody' as never, RACK] }, 5000)
  t.equal(beatOf(lab), lab.stamp)
})

t.test('a rack is lost only if no beat came in between', async (t) => {
  const lab = makeLab()
  lab.ok(registerRack(RACK, []))
  const lastBeatAt = beatOf(lab)
  lab.ok({ type: 'rack.beat', racks: [RACK] })
  t.equal(lab.refused({ type: 'rack.lost', systemId: RACK, lastBeatAt }).code, 'CONFLICT')
  t.equal(lab.state.controllers.get(RACK)?.connected, true)
  lab.ok({ type: 'rack.lost', systemId: RACK, lastBeatAt: beatOf(lab) })
  t.equal(lab.state.controllers.get(RACK)?.connected, false)
  t.match([...lab.state.events.values()].at(-1), { level: 'WARNING', systemId: RACK })
  lab.ok({ type: 'rack.beat', racks: [RACK] })
  t.equal(lab.state.controllers.get(RACK)?.connected, true)
  t.equal(lab.refused({ type: 'rack.lost', systemId: RACK_2, lastBeatAt: 0 }).code, 'NOT_FOUND')
})

t.test('a primary rack stays, a secondary one goes from its VLANs', async (t) => {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  lab.ok({ type: 'vlan.update', id: 5001 as never, set: { secondaryRack: RACK_2 } })
  t.match(lab.refused({ type: 'rack.delete', systemId: RACK }), {
    code: 'VALIDATION',
    message: /primary rack of VLAN untagged of fabric-0/,
  })
  lab.ok({ type: 'rack.delete', systemId: RACK_2 })
  t.equal(lab.state.vlans.get(5001 as never)?.secondaryRack, null)
  t.equal(lab.refused({ type: 'rack.delete', systemId: RACK_2 }).code, 'NOT_FOUND')
})
