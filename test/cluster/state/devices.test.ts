import t from 'tap'
import type { SystemId, UserId } from '#model/ids.ts'
import { mac, makeLab, type Lab } from '#test/support/region-state.ts'

const ID = 'dev123' as SystemId
const ownerId = 1 as UserId
const create = (lab: Lab, systemId: SystemId, n: number, more: object = {}) =>
  lab.run({
    ...{ type: 'device.create', systemId, hostname: '', description: '', parent: null, ownerId },
    ...{ macs: [mac(n)], ...more },
  }).outcome

t.test('a device has a name and MACs of its own', async (t) => {
  const lab = makeLab()
  t.ok(create(lab, ID, 1).ok)
  t.match(lab.state.devices.get(ID), { hostname: 'device-dev123', zoneId: 1, tagNames: [] })
  t.equal(lab.state.interfacesByMachine.count(ID), 1)
  const other = 'dev124' as SystemId
  t.match(create(lab, ID, 2), { ok: false, code: 'CONFLICT' })
  t.match(create(lab, other, 1), {
    ok: false,
    fields: { mac_addresses: [`MAC address ${mac(1)} already in use on device-dev123.`] },
  })
  t.match(create(lab, other, 2, { hostname: 'DEVICE-dev123' }), { ok: false, code: 'VALIDATION' })
  t.match(create(lab, other, 2, { macs: [] }), { ok: false, code: 'VALIDATION' })
  t.match(create(lab, other, 2, { parent: 'nobody' }), {
    ok: false,
    fields: { parent: [/no such/] },
  })
  t.equal(lab.state.interfaces.size, 1, 'a refusal leaves nothing')
})

t.test('it changes, and goes with its interfaces', async (t) => {
  const lab = makeLab()
  create(lab, ID, 1)
  const update = (set: object) => lab.run({ type: 'device.update', systemId: ID, set }).outcome
  t.ok(update({ hostname: 'printer', ownerData: { a: 'b' } }).ok)
  t.match(update({ hostname: '-' }), { ok: false, code: 'VALIDATION' })
  t.match(update({ zoneId: 99 }), { ok: false, code: 'NOT_FOUND' })
  t.match(update({ parent: 'nobody' }), { ok: false, code: 'VALIDATION' })
  t.match(lab.run({ type: 'user.delete', username: 'admin' }).outcome, {
    message: /still owns device printer/,
  })
  t.ok(lab.run({ type: 'device.delete', systemId: ID }).outcome.ok)
  t.equal(lab.state.interfaces.size, 0)
  t.match(lab.run({ type: 'device.delete', systemId: ID }).outcome, {
    ok: false,
    code: 'NOT_FOUND',
  })
})
