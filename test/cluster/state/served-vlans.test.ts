// Who serves a VLAN beyond primary and secondary, and what may not happen to a subnet that is served.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { racksOf } from '#model/network.ts'
import type { Command } from '#state/command.ts'
import { isServedBy } from '#state/query.ts'
import {
  bind,
  contentOf,
  ip,
  makeNewestLab,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const RACK_3 = 'rack03' as SystemId
const RACK_4 = 'rack04' as SystemId

function manyRacksLab(): Lab {
  const lab = makeNewestLab()
  for (const [at, rack] of [RACK_2, RACK_3, RACK_4].entries()) {
    lab.ok(registerRack(rack, [`10.0.0.${at + 3}/24`]))
  }
  lab.ok(setVlan({ secondaryRack: RACK_2 }))
  return lab
}
const setVlan = (set: object): Command => ({ type: 'vlan.update', id: 5001 as never, set })

t.test('further racks serve the VLAN and bind leases', async (t) => {
  const lab = manyRacksLab()
  t.equal(lab.refused(bind(1, '10.0.0.100', { rackId: RACK_3 })).code, 'RACK_REFUSED')
  lab.ok(setVlan({ furtherRacks: [RACK_3, RACK_4] }))
  const vlan = lab.state.vlans.get(5001 as never)
  if (vlan === undefined) throw new Error('no VLAN')
  t.same(racksOf(vlan), [RACK, RACK_2, RACK_3, RACK_4])
  t.equal(isServedBy(lab.state, vlan, RACK_4), true)
  t.ok(lab.ok(bind(1, '10.0.0.100', { rackId: RACK_3 })))
})

t.test('a deleted rack is no further rack any more', async (t) => {
  const lab = manyRacksLab()
  lab.ok(setVlan({ furtherRacks: [RACK_3, RACK_4] }))
  lab.ok({ type: 'rack.delete', systemId: RACK_3 })
  t.same(lab.state.vlans.get(5001 as never)?.furtherRacks, [RACK_4])
})

t.test('every rack of the VLAN divides what may be kept in reserve', async (t) => {
  const grant = (lab: Lab): number => {
    lab.ok({ type: 'tenure.hello', rackId: RACK, incarnation: 1, journalSequence: 0 })
    const epoch = lab.state.tenures.get(RACK)?.epoch ?? 0
    const command = { type: 'reserve.grant', rackId: RACK, epoch, count: 64 } as const
    return lab.ok({ ...command, vlanId: 5001 as never }).addresses.length
  }
  const [two, four] = [manyRacksLab(), manyRacksLab()]
  four.ok(setVlan({ furtherRacks: [RACK_3, RACK_4] }))
  t.same([grant(two), grant(four)], [6, 3])
})

const refusals: readonly {
  readonly name: string
  readonly command: Command
  readonly field: string
  readonly says?: RegExp
}[] = [
  {
    name: 'an unknown further rack',
    command: setVlan({ furtherRacks: ['nobody'] }),
    field: 'further_racks',
    says: /nobody/,
  },
  {
    name: 'a rack twice',
    command: setVlan({ furtherRacks: [RACK_3, RACK_3] }),
    field: 'further_racks',
  },
  {
    name: 'the primary once more',
    command: setVlan({ furtherRacks: [RACK] }),
    field: 'further_racks',
  },
  {
    name: 'further ones without a secondary',
    command: setVlan({ secondaryRack: null, furtherRacks: [RACK_3] }),
    field: 'further_racks',
  },
  {
    name: 'more than seven',
    command: setVlan({ furtherRacks: 'abcdefg'.split('') }),
    field: 'further_racks',
    says: /6 further racks at most/,
  },
  {
    name: 'a subnet that DHCP serves leaves its VLAN',
    command: { type: 'subnet.update', id: 1 as never, set: { vlanId: 5002 as never } },
    field: 'vlan',
    says: /DHCP of VLAN untagged serves its dynamic range 10\.0\.0\.100-10\.0\.0\.199/,
  },
]
for (const { name, command, field, says } of refusals) {
  t.test(`refused, and nothing changes: ${name}`, async (t) => {
    const lab = manyRacksLab()
    lab.ok({ type: 'fabric.create', name: '', description: '', classType: null })
    const content = contentOf(lab.state)
    const refusal = lab.refused(command)
    t.same(Object.keys(refusal.fields ?? {}), [field])
    if (says !== undefined) t.match(refusal.message, says)
    t.equal(contentOf(lab.state), content)
  })
}

t.test('a subnet moves when DHCP no longer serves it', async (t) => {
  const lab = manyRacksLab()
  lab.ok({ type: 'fabric.create', name: '', description: '', classType: null })
  lab.ok(setVlan({ dhcpOn: false }))
  lab.ok({ type: 'subnet.update', id: 1 as never, set: { vlanId: 5002 as never } })
  t.equal(lab.state.subnets.get(1 as never)?.vlanId, 5002)
})

t.test('force deletes a served subnet with its addresses; leases run out', async (t) => {
  const lab = makeNewestLab()
  const { until } = lab.ok(bind(1, '10.0.0.100'))
  lab.ok({
    ...{ type: 'address.reserve', subnetId: 1 as never, ip: ip('10.0.0.9'), userId: 1 as never },
    ...{ hostname: '', mac: null },
  })
  t.match(lab.refused({ type: 'subnet.delete', id: 1 as never }).message, /DHCP serves/)
  lab.ok({ type: 'subnet.delete', id: 1 as never, force: true })
  t.same([lab.state.ipAddresses.size, lab.state.ipRanges.size, lab.state.subnets.size], [0, 0, 0])
  t.equal(lab.state.holds.get(ip('10.0.0.100'))?.until, until)
})
