// A lock holds against everybody and every way in, until it is taken off (MAAS's rule: a locked machine is unlocked and
// nothing else).
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { Command } from '#state/command.ts'
import { addMachine, BOB, bring, DEPLOY, makeRoom } from '#test/support/life-cycle.ts'
import { ADMIN, contentOf, mac, type Lab } from '#test/support/region-state.ts'
import { disk, GB } from '#test/support/storage.ts'

const USER = { ...BOB, userId: 3 as never, username: 'eve' }

/** Deployed by bob, with a disk, and locked; eve is a plain user too. */
function locked(): { readonly lab: Lab; readonly commands: readonly Command[] } {
  const lab = makeRoom()
  lab.ok({
    ...{ type: 'user.create', username: 'eve', email: 'e@example.org' },
    ...{ isSuperuser: false, passwordHash: 'x' },
  })
  const systemId = addMachine(lab, 1, { blockDevices: [disk('sda', GB)], powerType: 'ipmi' })
  bring(lab, systemId, S.DEPLOYED)
  lab.actor = BOB
  lab.ok({ type: 'machine.lock', systemId, comment: '' })
  const nic = lab.state.interfacesByMachine.rows(systemId)[0]!
  const verb = { systemId, comment: '' }
  const of = { systemId, id: nic.id }
  const device = [...lab.state.blockDevicesByMachine.keys(systemId)][0]!
  const link = { subnetId: null, ip: null, force: true, defaultGateway: false }
  const made = { vlanId: null, parents: [], tags: [], params: {} }
  const commands: Command[] = [
    { type: 'machine.release', ...verb },
    { type: 'machine.release', ...verb, erase: true },
    { type: 'machine.releaseAll', systemIds: [systemId], comment: '' },
    { type: 'machine.test', ...verb, options: DEFAULT_PROBE },
    { type: 'machine.commission', ...verb, options: DEFAULT_PROBE },
    { type: 'machine.deploy', ...verb, options: DEPLOY },
    { type: 'machine.abort', ...verb },
    { type: 'machine.markBroken', ...verb, error: 'x' },
    { type: 'machine.rescue', ...verb },
    { type: 'machine.power', ...verb, action: 'off', soft: false },
    { type: 'machine.annotate', systemId, set: { a: 'b' } },
    { type: 'machine.lock', ...verb },
    { type: 'machine.update', systemId, set: { hostname: 'other' } },
    { type: 'machine.delete', systemId },
    { type: 'interface.update', ...of, set: { name: 'eth9' } },
    { type: 'interface.create', systemId, kind: 'physical', name: 'x', mac: mac(99), ...made },
    { type: 'interface.delete', ...of },
    { type: 'interface.tag', ...of, tag: 'a', isSet: true },
    { type: 'interface.link', ...of, mode: 'link_up', ...link },
    { type: 'interface.disconnect', ...of },
    { type: 'interface.clearGateways', systemId },
    { type: 'interface.restore', systemId },
    { type: 'blockDevice.update', systemId, id: device, set: { serial: 'x' } },
    { type: 'blockDevice.delete', systemId, id: device },
    { type: 'storage.setBootDisk', systemId, id: device },
    { type: 'storage.setLayout', systemId, wish: { layout: 'flat' } },
  ]
  return { lab, commands }
}

for (const actor of [ADMIN, BOB, USER]) {
  t.test(`${actor.username} changes nothing of a locked machine`, async (t) => {
    const { lab, commands } = locked()
    lab.actor = actor
    const before = contentOf(lab.state)
    for (const command of commands) {
      // Who may change and delete machines at all is the API's to say; the lock is the state's.
      lab.refused(command)
      t.equal(contentOf(lab.state), before, command.type)
    }
  })
}

t.test('for whoever may, it is the lock that is in the way', async (t) => {
  const { lab, commands } = locked()
  lab.actor = ADMIN
  for (const command of commands) t.match(lab.refused(command), { message: /locked/ }, command.type)
})

t.test('a user takes no lock off that is not his', async (t) => {
  const { lab } = locked()
  const unlock = {
    type: 'machine.unlock',
    systemId: [...lab.state.machines.keys()][0]!,
    comment: '',
  } as const
  lab.actor = USER
  t.equal(lab.refused(unlock).code, 'NOT_FOUND')
  lab.actor = BOB
  lab.ok(unlock)
  lab.ok({ ...unlock, type: 'machine.release' })
})
