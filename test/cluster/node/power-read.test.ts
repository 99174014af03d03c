import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { pollerOf } from '#model/power-poll.ts'
import { readPowerParameters } from '#node/power-read.ts'
import {
  makeServedLab,
  newMachine,
  RACK,
  RACK_2,
  registerRack,
} from '#test/support/region-state.ts'

const MACHINE = '000001' as SystemId
const NEW = { type: 'ipmi', state: 'unknown', rackId: null } as const

function makeTwoRacks() {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  lab.ok({ ...newMachine(1), powerType: 'ipmi', powerParameters: { power_pass: 'hunter2' } })
  const own = pollerOf(MACHINE, NEW, { racks: [RACK, RACK_2].toSorted(), turn: 0 }) ?? RACK
  const other = own === RACK ? RACK_2 : RACK
  const ask = (rackId: SystemId) => readPowerParameters(lab.state, { rackId, systemId: MACHINE })
  return { lab, own, other, ask }
}

t.test('the rack that looks after a machine is told, the other one is not', async (t) => {
  const { own, other, ask } = makeTwoRacks()
  t.match(ask(own), { ok: true, value: { powerParameters: { power_pass: 'hunter2' } } })
  t.match(ask(other), { ok: false, code: 'FORBIDDEN' })
  t.match(ask('nobody' as SystemId), { ok: false, code: 'FORBIDDEN' })
})

t.test('while nobody reaches it every living rack is told', async (t) => {
  const { lab, own, other, ask } = makeTwoRacks()
  const report = { type: 'power.queryReport', systemId: MACHINE, message: '' } as const
  lab.ok({ ...report, rackId: own, state: 'error' })
  t.match(ask(other), { ok: true })
  t.match(ask('nobody' as SystemId), { ok: false })
  lab.ok({ ...report, rackId: other, state: 'on' })
  t.match(ask(other), { ok: true })
  t.match(ask(own), { ok: false, code: 'FORBIDDEN' })
})

t.test('nobody is told of a machine that is being switched, has no BMC or is none', async (t) => {
  const { lab, own, ask } = makeTwoRacks()
  lab.ok({ type: 'power.query', systemId: MACHINE })
  t.match(ask(own), { ok: false, code: 'CONFLICT' })
  lab.ok({ ...newMachine(2), powerType: 'manual' })
  const of = (systemId: string) =>
    readPowerParameters(lab.state, { rackId: own, systemId: systemId as SystemId })
  t.match(of('000002'), { ok: false, code: 'NOT_FOUND' })
  t.match(of('zzzzzz'), { ok: false, code: 'NOT_FOUND' })
})
