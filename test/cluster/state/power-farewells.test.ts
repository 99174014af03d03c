// A machine that is deleted while it is on is switched off, by the fence that holds for living ones; and never once its
// BMC is another's.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type PowerState } from '#model/machine.ts'
import { POWER_CLAIM_MS, POWER_INTENT_MS, POWER_RETRY_MS } from '#model/power.ts'
import { addMachine, bring, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, RACK, RACK_2, type Lab } from '#test/support/region-state.ts'
import { fullView } from '#node/rack-view.ts'

const PARAMETERS = { power_address: '192.0.2.7', power_pass: 'secret' }
const BMC = { powerType: 'ipmi', powerParameters: PARAMETERS }

const remove = (systemId: SystemId) => ({ type: 'machine.delete', systemId }) as const
const fenceOf = (lab: Lab, systemId: SystemId): number =>
  lab.state.powerIntents.get(systemId)?.fence ?? 0
const claim = (systemId: SystemId, fence: number, rackId = RACK) =>
  ({ type: 'power.claim', rackId, systemId, fence }) as const
const report = (
  systemId: SystemId,
  token: number,
  result: 'done' | 'failed' = 'done',
  state: PowerState = 'off',
) => ({ type: 'power.report', rackId: RACK, systemId, token, result, state, message: 'm' }) as const

/** Deleted while it was as `seen`. */
function deleted(seen: PowerState = 'on') {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1, { ...BMC, powerState: seen })
  lab.ok(remove(systemId))
  const asRack = () => (lab.actor = SYSTEM)
  return { lab, systemId, asRack, isOver: () => lab.state.powerFarewells.size === 0 }
}

/** Another machine with the BMC, as an operator adds it. */
function add(lab: Lab, n: number, address = '192.0.2.7') {
  lab.actor = ADMIN
  return addMachine(lab, n, { ...BMC, powerParameters: { power_address: address } })
}

t.test('a machine that is on is gone at once and switched off once', async (t) => {
  const { lab, systemId, asRack, isOver } = deleted()
  t.notOk(lab.state.machines.has(systemId))
  asRack()
  const order = lab.ok(claim(systemId, fenceOf(lab, systemId)))
  t.match(order, { action: 'off', soft: false, ...BMC })
  t.match(lab.refused(claim(systemId, fenceOf(lab, systemId), RACK_2)).message, /at work/)
  lab.ok(report(systemId, order.token))
  t.ok(isOver())
  t.equal(lab.state.powerIntents.size, 0)
  const events = [...lab.state.events.values()].filter((event) => event.systemId === systemId)
  t.match(events.at(-1), { type: 'Node powered off' })
})

t.test('what racks see of it has no secret', async (t) => {
  const { lab, systemId } = deleted()
  const view = JSON.stringify(fullView(lab.state, RACK))
  t.ok(view.includes(systemId))
  t.notOk(view.includes('secret'))
})

const skipped = [
  { name: 'one that is off', machine: { ...BMC, powerState: 'off' } },
  { name: 'one that is switched by hand', machine: { powerType: 'manual', powerState: 'on' } },
  { name: 'one without an address of a BMC', machine: { powerType: 'ipmi', powerState: 'on' } },
] as const
for (const { name, machine } of skipped) {
  t.test(`${name} leaves nothing`, async (t) => {
    const lab = makeRoom()
    lab.ok(remove(addMachine(lab, 1, machine)))
    t.equal(lab.state.powerIntents.size, 0)
    t.equal(lab.state.powerFarewells.size, 0)
  })
}

t.test('nobody knows whether it is on: it is switched off', async (t) => {
  t.notOk(deleted('unknown').isOver())
  t.notOk(deleted('error').isOver())
})

t.test('one that a rack is switching on as it goes is switched off', async (t) => {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1, { ...BMC, powerState: 'off' })
  bring(lab, systemId, S.COMMISSIONING)
  lab.actor = SYSTEM
  const { token } = lab.ok(claim(systemId, fenceOf(lab, systemId)))
  lab.actor = ADMIN
  lab.ok(remove(systemId))
  t.match(lab.state.powerIntents.get(systemId), { action: 'off', claim: null })
  lab.actor = SYSTEM
  t.equal(lab.refused(report(systemId, token, 'done', 'on')).code, 'CONFLICT')
  // That rack may be at work until its claim is over: the BMC is nobody else's before.
  t.throws(() => add(lab, 2), /is switching off the deleted machine/)
  lab.stamp += POWER_CLAIM_MS
  t.ok(add(lab, 2))
})

t.test('it ends by itself when nobody can do it', async (t) => {
  const { lab, systemId, asRack, isOver } = deleted()
  asRack()
  lab.ok({ type: 'time.advance' }, POWER_INTENT_MS)
  t.ok(isOver())
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(lab.refused(claim(systemId, fenceOf(lab, systemId))).code, 'CONFLICT')
})

t.test('three failures end it too', async (t) => {
  const { lab, systemId, asRack, isOver } = deleted()
  asRack()
  for (let n = 0; n < 3; n++) {
    const { token } = lab.ok(claim(systemId, fenceOf(lab, systemId)), POWER_RETRY_MS)
    lab.ok(report(systemId, token, 'failed', 'error'))
  }
  t.ok(isOver())
})

t.test('nothing is switched once the BMC is another machine’s', async (t) => {
  const { lab, systemId, asRack, isOver } = deleted()
  const fence = fenceOf(lab, systemId)
  add(lab, 2)
  t.ok(isOver())
  asRack()
  t.equal(lab.refused(claim(systemId, fence)).code, 'CONFLICT')
})

t.test('… and by a change of a machine that is there already', async (t) => {
  const { lab, isOver } = deleted()
  const other = add(lab, 2, '192.0.2.8')
  t.notOk(isOver())
  lab.ok({ type: 'machine.update', systemId: other, set: { hostname: 'other' } })
  t.notOk(isOver(), 'its BMC is the one it was')
  lab.ok({ type: 'machine.update', systemId: other, set: { powerParameters: PARAMETERS } })
  t.ok(isOver())
})

t.test('a BMC that is being switched is nobody else’s for that long', async (t) => {
  const { lab, systemId, asRack, isOver } = deleted()
  const other = add(lab, 2, '192.0.2.8')
  asRack()
  const { token } = lab.ok(claim(systemId, fenceOf(lab, systemId)))
  lab.actor = ADMIN
  const take = { type: 'machine.update', systemId: other, set: { powerParameters: PARAMETERS } }
  t.match(lab.refused(take as never), { code: 'CONFLICT', message: /try again/ })
  asRack()
  lab.ok(report(systemId, token, 'failed', 'error'))
  // A BMC that said no may do it all the same.
  t.equal(lab.refused(take as never).code, 'CONFLICT')
  t.ok(lab.run(take as never, POWER_RETRY_MS).outcome.ok)
  t.ok(isOver())
})

t.test('a BMC that two machines have is left alone', async (t) => {
  const lab = makeRoom()
  const first = add(lab, 1)
  add(lab, 2)
  lab.ok(remove(first))
  t.equal(lab.state.powerFarewells.size, 0)
})

t.test('its system id is not given again meanwhile', async (t) => {
  const { lab, systemId } = deleted()
  t.equal(lab.state.powerFarewells.has(systemId), true)
  t.throws(() => add(lab, 1, '192.0.2.9'), /is in use/)
})
