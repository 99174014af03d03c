import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { contentOf, mac, makeServedLab, newMachine, newRange } from '#test/support/region-state.ts'

const bob = { username: 'bob', email: 'b@example.org', isSuperuser: false, passwordHash: '' }
const transfer = (username: string, to: string) =>
  ({ type: 'user.transfer', username, to }) as const

t.test('what a deleted user owned belongs to another one', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'user.create', ...bob })
  const { systemId } = lab.ok(newMachine(1))
  const row = lab.state.machines.get(systemId)
  if (row === undefined) throw new Error('no machine')
  lab.state.machines.restore(systemId, { ...row, ownerId: 2 as never })
  const range = newRange('reserved', 1, ['10.0.0.9', '10.0.0.9'])
  const { id } = lab.ok({ ...range, userId: 2 as never })
  const reserve = { subnetId: 1 as never, userId: 2 as never, hostname: '', mac: null, ip: null }
  const { ip } = lab.ok({ type: 'address.reserve', ...reserve } as const)
  const device = 'dev123' as SystemId
  lab.ok({
    ...{ type: 'device.create', systemId: device, hostname: '', description: '', parent: null },
    ...{ macs: [mac(9)], ownerId: 2 as never },
  })
  lab.ok(transfer('bob', 'admin'))
  t.equal(lab.state.devices.get(device)?.ownerId, 1)
  t.equal(lab.state.machines.get(systemId)?.ownerId, 1)
  t.equal(lab.state.ipRanges.get(id)?.userId, 1)
  t.equal(lab.state.ipAddresses.get(ip)?.userId, 1)
  t.notOk(lab.state.usersByUsername.has('bob'))
})

t.test('a transfer that is refused leaves everything where it was', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'user.create', ...bob })
  const reserve = { subnetId: 1 as never, userId: 1 as never, hostname: '', mac: null, ip: null }
  lab.ok({ type: 'address.reserve', ...reserve } as const)
  const before = contentOf(lab.state)
  t.equal(lab.refused(transfer('bob', 'nobody')).code, 'NOT_FOUND')
  t.equal(lab.refused(transfer('nobody', 'bob')).code, 'NOT_FOUND')
  t.equal(lab.refused(transfer('bob', 'bob')).code, 'VALIDATION')
  t.match(lab.refused(transfer('admin', 'bob')).message, /last administrator/)
  t.equal(contentOf(lab.state), before)
})

t.test('a patch is refused when the user is not as expected', async (t) => {
  const lab = makeServedLab()
  const { id } = lab.ok({ type: 'user.create', ...bob })
  const expected = { username: 'bob', email: 'b@example.org', isSuperuser: false }
  const patch = { type: 'user.patch', id, set: { email: 'c@example.org' } } as const
  for (const wrong of [{ username: 'rob' }, { email: 'x@example.org' }, { isSuperuser: true }]) {
    const command = { ...patch, expected: { ...expected, ...wrong } }
    t.equal(lab.refused(command).code, 'PRECONDITION_FAILED')
  }
  lab.ok({ ...patch, expected })
  t.equal(lab.state.users.get(id)?.email, 'c@example.org')
  lab.ok({ ...patch, expected: null, set: { isSuperuser: true } })
})
