// Where racks are found by machines that look for another one.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import { rackPlacesBeside, regionApisOf } from '#state/rack-places.ts'
import {
  ip,
  makeServedLab,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const beside = (lab: Lab, address: string) =>
  rackPlacesBeside(lab.state, ip(address)).map(
    (place) =>
      `${place.rackId} ${formatIpv4(place.ip)}/${place.prefix}${place.connected ? '' : ' lost'}`,
  )

t.test('racks of the VLAN, those that serve it first in their order, lost ones too', (t) => {
  const lab = makeServedLab()
  const third = 'aaaaaa' as SystemId
  lab.ok(registerRack(third, ['10.0.0.9/24', 'fd00::9/64']))
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24', '10.1.0.3/24']))
  const set = { primaryRack: RACK_2, secondaryRack: RACK }
  lab.ok({ type: 'vlan.update', id: 5001 as never, set })
  const lastBeatAt = lab.state.controllers.get(RACK_2)?.lastBeatAt ?? -1
  lab.ok({ type: 'rack.lost', systemId: RACK_2, lastBeatAt })
  t.same(beside(lab, '10.0.0.2'), [
    ...[`${RACK_2} 10.0.0.3/24 lost`, `${RACK} 10.0.0.2/24`, `${third} 10.0.0.9/24`],
  ])
  t.same(beside(lab, '10.1.0.1'), [`${RACK_2} 10.1.0.3/24 lost`], 'another VLAN')
  t.end()
})

t.test('beside an address of no subnet there is nobody', (t) => {
  const lab = makeServedLab()
  t.same(beside(lab, '203.0.113.1'), [])
  t.same(rackPlacesBeside(lab.state, undefined), [])
  t.same(
    regionApisOf(lab.state).filter((url) => !url.startsWith('http')),
    [],
  )
  t.end()
})
