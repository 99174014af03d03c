// Foreign DHCP servers (`external_dhcp`): named while somebody hears them, forgotten by log time.
import t from 'tap'
import type { VlanId } from '#model/ids.ts'
import { ip, makeServedLab, RACK, RACK_2, type Lab } from '#test/support/region-state.ts'

const vlanOf = ({ state }: Lab) => {
  const vlan = [...state.vlans.values()].find(({ dhcpOn }) => dhcpOn)
  if (vlan === undefined) throw new Error('no VLAN with DHCP')
  return vlan
}
const seen = (lab: Lab, address: string) =>
  ({ type: 'dhcp.observe', rackId: RACK, vlanId: vlanOf(lab).id, ip: ip(address) }) as const

t.test('a foreign server is named until nobody heard it for 15 minutes', async (t) => {
  const lab = makeServedLab()
  t.equal(vlanOf(lab).externalDhcp, null)
  lab.ok(seen(lab, '10.0.0.9'))
  t.equal(vlanOf(lab).externalDhcp, '10.0.0.9')
  t.match([...lab.state.events.values()].at(-1), { level: 'WARNING', type: 'External DHCP server' })
  const before = vlanOf(lab)
  const { changes } = lab.run(seen(lab, '10.0.0.9'), 600_000)
  t.same(
    changes.map(({ table }) => table).filter((name) => !name.startsWith('session')),
    ['dhcpSightings'],
  )
  t.equal(vlanOf(lab), before, 'the row of the VLAN is the same: no new view')
  lab.ok({ type: 'time.advance' }, 899_999)
  t.equal(vlanOf(lab).externalDhcp, '10.0.0.9')
  lab.ok({ type: 'time.advance' }, 1)
  t.equal(vlanOf(lab).externalDhcp, null)
  t.equal(lab.state.dhcpSightings.size, 0)
})

t.test('of two servers the first stays named, then the other', async (t) => {
  const lab = makeServedLab()
  lab.ok(seen(lab, '10.0.0.9'))
  lab.ok(seen(lab, '10.0.0.8'), 60_000)
  t.equal(vlanOf(lab).externalDhcp, '10.0.0.9')
  lab.ok({ type: 'time.advance' }, 840_000)
  t.equal(vlanOf(lab).externalDhcp, '10.0.0.8')
})

t.test('racks are no foreign servers, and there is a limit', async (t) => {
  const lab = makeServedLab()
  const own = [...lab.state.controllers.values()].flatMap(({ interfaces }) => interfaces)
  const address = own.flatMap(({ addresses }) => addresses)[0]?.split('/')[0] ?? ''
  t.equal(lab.refused(seen(lab, address)).code, 'CONFLICT')
  t.equal(lab.state.dhcpSightings.size, 0)
  t.equal(lab.refused({ ...seen(lab, '10.0.0.9'), rackId: RACK_2 }).code, 'NOT_FOUND')
  t.equal(lab.refused({ ...seen(lab, '10.0.0.9'), vlanId: 1 as VlanId }).code, 'NOT_FOUND')
  for (let n = 1; n <= 8; n++) lab.ok(seen(lab, `10.0.9.${n}`))
  t.equal(lab.refused(seen(lab, '10.0.9.9')).code, 'OVERLOADED')
})
