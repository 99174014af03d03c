// A machine's token: the same one in one boot, another one in the next, none when there is nothing to do.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { addMachine, bring, DEPLOY, makeRoom, statusOf, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, RACK, type Lab } from '#test/support/region-state.ts'

const ask = (lab: Lab, systemId: SystemId, n: number, address = '192.0.2.7') => {
  lab.actor = SYSTEM
  const keys = { consumerKey: `c${n}`, tokenKey: `t${n}`, tokenSecret: `s${n}` }
  return lab.run({ type: 'machineToken.issue', systemId, address, ...keys }).outcome
}
const secretOf = (outcome: ReturnType<typeof ask>): string =>
  outcome.ok ? outcome.value.tokenSecret : outcome.code
const tokenOf = (lab: Lab, id: SystemId) => lab.state.machineTokens.get(id)?.tokenSecret

t.test('asked twice in one boot, the machine gets one token', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  bring(lab, id, S.COMMISSIONING)
  t.equal(secretOf(ask(lab, id, 1)), 's1')
  t.equal(secretOf(ask(lab, id, 2)), 's1')
  t.equal(secretOf(ask(lab, id, 3, '192.0.2.8')), 's3', 'from another address it is another boot')
  t.equal(lab.state.machineTokensByKey.first('t1'), undefined)
  t.equal(lab.state.machineTokensByKey.first('t3')?.systemId, id)
})

t.test('commissioning that goes on as testing keeps the token, its end drops it', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  bring(lab, id, S.COMMISSIONING)
  ask(lab, id, 1)
  lab.ok({ type: 'machine.signal', systemId: id, status: 'TESTING', error: '' })
  t.equal(tokenOf(lab, id), 's1')
  t.equal(secretOf(ask(lab, id, 2)), 's1', 'and it is still the one of this boot')
  lab.ok({ type: 'machine.signal', systemId: id, status: 'OK', error: '' })
  t.equal(statusOf(lab, id), S.READY)
  t.equal(tokenOf(lab, id), undefined)
})

t.test('a deployed machine keeps its token until it is released', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  bring(lab, id, S.DEPLOYING)
  ask(lab, id, 1)
  lab.ok({ type: 'machine.booted', systemId: id })
  t.equal(tokenOf(lab, id), 's1')
  t.equal(secretOf(ask(lab, id, 2)), 'CONFLICT', 'and gets no other one')
  lab.actor = ADMIN
  lab.ok({ type: 'machine.release', systemId: id, comment: '' })
  t.equal(tokenOf(lab, id), undefined)
})

t.test(
  'what runs from memory gets its token again at each start, until it is released',
  async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1)
    bring(lab, id, S.ALLOCATED)
    const options = { ...DEPLOY, ephemeralDeploy: true }
    lab.ok({ type: 'machine.deploy', systemId: id, comment: '', options })
    t.equal(secretOf(ask(lab, id, 1)), 's1')
    lab.ok({ type: 'machine.booted', systemId: id })
    t.equal(secretOf(ask(lab, id, 2)), 's1', 'the same stay, the same address')
    t.equal(secretOf(ask(lab, id, 3, '192.0.2.8')), 's3', 'its lease was another one')
    t.equal(lab.state.machineTokensByKey.first('t1'), undefined)
    lab.actor = ADMIN
    lab.ok({ type: 'machine.rescue', systemId: id, comment: '' })
    t.equal(tokenOf(lab, id), undefined, 'the rescue is another boot')
    lab.actor = ADMIN
    lab.ok({ type: 'machine.update', systemId: id, set: { powerType: 'ipmi' } })
    lab.ok({ type: 'machine.exitRescue', systemId: id, comment: '' })
    t.equal(statusOf(lab, id), S.EXITING_RESCUE_MODE)
    t.equal(secretOf(ask(lab, id, 4)), 's4', 'it may be up before its power is reported')
    lab.actor = SYSTEM
    const { fence = 0 } = lab.state.powerIntents.get(id) ?? {}
    const { token } = lab.ok({ type: 'power.claim', rackId: RACK, systemId: id, fence })
    const done = { rackId: RACK, systemId: id, token, result: 'done', state: 'on', message: '' }
    lab.ok({ type: 'power.report', ...done } as never)
    t.equal(statusOf(lab, id), S.DEPLOYED)
    t.equal(tokenOf(lab, id), 's4')
    lab.actor = ADMIN
    lab.ok({ type: 'machine.release', systemId: id, comment: '' })
    t.equal(tokenOf(lab, id), undefined)
    t.equal(secretOf(ask(lab, id, 5)), 'CONFLICT')
  },
)

for (const move of ['abort', 'markBroken'] as const) {
  t.test(`${move} ends the token`, async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1)
    bring(lab, id, S.DEPLOYING)
    ask(lab, id, 1)
    lab.actor = ADMIN
    const verb = { systemId: id, comment: '' }
    if (move === 'abort') lab.ok({ type: 'machine.abort', ...verb })
    else lab.ok({ type: 'machine.markBroken', ...verb, error: 'x' })
    t.equal(tokenOf(lab, id), undefined)
  })
}

t.test('a machine that is deleted leaves no token', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  ask(lab, id, 1)
  t.equal(tokenOf(lab, id), 's1', 'New: it is being enlisted')
  lab.actor = ADMIN
  lab.ok({ type: 'machine.delete', systemId: id })
  t.equal(lab.state.machineTokens.size, 0)
})

t.test('no token without a machine, nor one of somebody else', async (t) => {
  const lab = makeRoom()
  const [id, other] = [addMachine(lab, 1), addMachine(lab, 2)]
  t.equal(secretOf(ask(lab, 'nobody' as SystemId, 1)), 'NOT_FOUND')
  ask(lab, id, 1)
  t.equal(secretOf(ask(lab, other, 1)), 'CONFLICT')
})

t.test('what an earlier boot said and arrives late moves nothing', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  bring(lab, id, S.COMMISSIONING)
  ask(lab, id, 1)
  const late = { systemId: id, tokenKey: 't1' }
  lab.ok({ type: 'machine.signal', ...late, status: 'WORKING', error: '' })
  lab.actor = ADMIN
  lab.ok({ type: 'machine.abort', systemId: id, comment: '' })
  bring(lab, id, S.COMMISSIONING)
  lab.actor = SYSTEM
  const words = [
    { type: 'machine.signal', ...late, status: 'OK', error: '' },
    { type: 'machine.netboot', ...late, on: false },
    { type: 'machine.booted', ...late },
  ] as const
  for (const word of words) t.equal(lab.refused(word).code, 'FORBIDDEN', word.type)
  t.equal(statusOf(lab, id), S.COMMISSIONING)
  ask(lab, id, 2)
  lab.ok({ type: 'machine.signal', systemId: id, tokenKey: 't2', status: 'OK', error: '' })
  t.equal(statusOf(lab, id), S.READY)
})
