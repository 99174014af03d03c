// Intents with fences: who may act, whose word counts, and what becomes of the machine.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import {
  POWER_ATTEMPTS_MAX,
  POWER_CLAIM_MS,
  POWER_INTENT_MS,
  POWER_QUERY_MS,
  POWER_RETRY_MS,
} from '#model/power.ts'
import type { SystemId } from '#model/ids.ts'
import type { PowerState } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { addMachine, BOB, bring, makeRoom, statusOf, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, RACK, RACK_2, type Lab } from '#test/support/region-state.ts'

const PARAMETERS = { power_address: '192.0.2.7', power_pass: 'secret' }

/** A machine with a BMC that was told to boot. */
function begun(): { readonly lab: Lab; readonly systemId: SystemId; readonly fence: number } {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1, { powerType: 'ipmi', powerParameters: PARAMETERS })
  bring(lab, systemId, S.COMMISSIONING)
  lab.actor = SYSTEM
  return { lab, systemId, fence: fenceOf(lab, systemId) }
}
/** A machine with a BMC that nobody is switching. */
function asked(): { readonly lab: Lab; readonly systemId: SystemId } {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1, { powerType: 'ipmi', powerParameters: PARAMETERS })
  bring(lab, systemId, S.READY)
  lab.state.powerIntents.delete(systemId)
  lab.actor = SYSTEM
  return { lab, systemId }
}
const fenceOf = (lab: Lab, id: SystemId): number => lab.state.powerIntents.get(id)?.fence ?? 0
const claim = (systemId: SystemId, fence: number, rackId = RACK) => ({
  ...({ type: 'power.claim', rackId, systemId, fence } as const),
})
const report = (
  systemId: SystemId,
  token: number,
  result: 'done' | 'failed' = 'done',
  state: PowerState = 'on',
) => ({
  ...({
    type: 'power.report',
    rackId: RACK,
    systemId,
    token,
    result,
    state,
    message: 'm',
  } as const),
})

t.test('the one who claims is told the secrets, and nobody else may act meanwhile', async (t) => {
  const { lab, systemId, fence } = begun()
  const order = lab.ok(claim(systemId, fence))
  t.match(order, { action: 'cycle', powerType: 'ipmi', powerParameters: PARAMETERS })
  t.equal(order.token, lab.state.revision)
  t.notOk(JSON.stringify(lab.state.powerIntents.get(systemId)).includes('secret'))
  t.match(lab.refused(claim(systemId, fence, RACK_2)).message, /at work/)
  const later = lab.ok(claim(systemId, fence, RACK_2), POWER_CLAIM_MS)
  t.ok(later.token > order.token)
  t.match(lab.refused(report(systemId, order.token)), { code: 'CONFLICT' })
  t.match(lab.state.machines.get(systemId)?.powerState, 'unknown', 'a stale report tells nothing')
  t.match(lab.refused(report(systemId, later.token)).code, 'CONFLICT', 'nor that of another rack')
})

t.test('a rack that claims again has another token', async (t) => {
  const { lab, systemId, fence } = begun()
  const first = lab.ok(claim(systemId, fence))
  const second = lab.ok(claim(systemId, fence), POWER_CLAIM_MS)
  t.match(lab.refused(report(systemId, first.token)).code, 'CONFLICT')
  lab.ok(report(systemId, second.token))
  t.equal(lab.state.powerIntents.size, 0)
})

t.test('what a status wanted of the power is not done any more after it', async (t) => {
  const { lab, systemId, fence } = begun()
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  t.equal(statusOf(lab, systemId), S.READY, 'somebody pressed the button')
  t.equal(lab.state.powerIntents.size, 0)
  lab.refused(claim(systemId, fence))
})

t.test('done is done', async (t) => {
  const { lab, systemId, fence } = begun()
  const { token } = lab.ok(claim(systemId, fence))
  lab.ok(report(systemId, token))
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(lab.state.machines.get(systemId)?.powerState, 'on')
  t.equal(statusOf(lab, systemId), S.COMMISSIONING, 'the machine must say more itself')
  t.match(lab.refused(report(systemId, token)).code, 'CONFLICT', 'a report counts once')
})

t.test('a newer intent replaces the older, and its fence is greater', async (t) => {
  const { lab, systemId, fence } = begun()
  const { token } = lab.ok(claim(systemId, fence))
  lab.actor = ADMIN
  lab.ok({ type: 'machine.abort', systemId, comment: '' })
  lab.actor = SYSTEM
  t.match(lab.state.powerIntents.get(systemId), { action: 'off', claim: null })
  t.ok(fenceOf(lab, systemId) > fence)
  t.equal(lab.state.powerIntents.size, 1)
  lab.refused(report(systemId, token))
  lab.refused(claim(systemId, fence))
})

t.test('failed tries end as the failure of what was under way', async (t) => {
  const { lab, systemId, fence } = begun()
  for (let attempt = 1; attempt <= POWER_ATTEMPTS_MAX; attempt++) {
    const { token } = lab.ok(claim(systemId, fence), POWER_RETRY_MS)
    lab.ok(report(systemId, token, 'failed', 'error'))
    if (attempt === 1) t.match(lab.refused(claim(systemId, fence), 1).message, /a moment ago/)
  }
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(statusOf(lab, systemId), S.FAILED_COMMISSIONING)
  t.match(lab.state.machines.get(systemId)?.life?.error, /power on node: m/)
})

t.test('an intent that nobody carries out ends', async (t) => {
  const { lab, systemId, fence } = begun()
  lab.ok({ type: 'time.advance' }, POWER_INTENT_MS - 1)
  t.equal(lab.state.powerIntents.size, 1)
  lab.ok({ type: 'time.advance' }, 1)
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(statusOf(lab, systemId), S.FAILED_COMMISSIONING)
  lab.refused(claim(systemId, fence))
})

t.test('a machine is released when it is off, by whoever saw it', async (t) => {
  const { lab, systemId } = begun()
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  lab.actor = BOB
  lab.ok({
    ...{ type: 'machine.allocate', constraints: {}, asked: '', agentName: '', comment: '' },
  })
  lab.actor = SYSTEM
  const seen = (state: PowerState) => ({
    ...({ type: 'power.queryReport', rackId: RACK_2, systemId, state, message: '' } as const),
  })
  lab.ok(seen('on'))
  lab.actor = BOB
  lab.ok({ type: 'machine.release', systemId, comment: '' })
  t.equal(statusOf(lab, systemId), S.RELEASING)
  lab.actor = ADMIN
  lab.ok({ type: 'machine.power', systemId, action: 'on', soft: false, comment: '' })
  lab.actor = SYSTEM
  const { token } = lab.ok(claim(systemId, fenceOf(lab, systemId)))
  lab.ok(report(systemId, token, 'done', 'on'))
  t.equal(statusOf(lab, systemId), S.RELEASING, 'what somebody wished beside it releases nothing')
  lab.ok(seen('off'))
  t.equal(statusOf(lab, systemId), S.READY)
  t.match(lab.state.machines.get(systemId), { ownerId: null, powerState: 'off' })
})

t.test('nobody begins what is out of time, swept or not', async (t) => {
  const { lab, systemId, fence } = begun()
  t.match(lab.refused(claim(systemId, fence), POWER_INTENT_MS), { message: /is over/ })
})

t.test('while a rack is at work its own report decides, not what another sees', async (t) => {
  const { lab, systemId } = begun()
  bring(lab, addMachine(lab, 2), S.READY)
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  lab.actor = BOB
  const verb = { systemId, comment: '' }
  const constraints = { systemId }
  lab.ok({ type: 'machine.allocate', constraints, asked: '', agentName: '', comment: '' })
  lab.ok({ type: 'machine.release', ...verb })
  lab.actor = SYSTEM
  const { token } = lab.ok(claim(systemId, fenceOf(lab, systemId)))
  const seen = { rackId: RACK_2, systemId, state: 'off', message: '' } as const
  lab.ok({ type: 'power.queryReport', ...seen })
  t.equal(statusOf(lab, systemId), S.RELEASING)
  lab.ok(report(systemId, token, 'done', 'off'))
  t.equal(statusOf(lab, systemId), S.READY)
})

t.test('who goes on with a cycle of which the first half is done switches on only', async (t) => {
  const { lab, systemId, fence } = begun()
  const { token, action } = lab.ok(claim(systemId, fence))
  t.equal(action, 'cycle')
  lab.ok({ ...report(systemId, token, 'done', 'off'), result: 'off' })
  t.equal(lab.ok(claim(systemId, fence, RACK_2), POWER_CLAIM_MS).action, 'on')
})

t.test('what a user wished and nobody could do fails by itself', async (t) => {
  const { lab, systemId } = begun()
  lab.actor = ADMIN
  lab.ok({ type: 'machine.power', systemId, action: 'off', soft: true, comment: '' })
  lab.actor = SYSTEM
  lab.ok({ type: 'time.advance' }, POWER_INTENT_MS)
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(statusOf(lab, systemId), S.COMMISSIONING)
})

t.test('who asks how a machine is waits for one answer, whoever else asks', async (t) => {
  const { lab, systemId } = asked()
  const { fence } = lab.ok({ type: 'power.query', systemId })
  t.match(lab.state.powerIntents.get(systemId), { action: 'query', fence, isOfMove: false })
  t.same(lab.ok({ type: 'power.query', systemId }), { fence })
  const { action, token } = lab.ok(claim(systemId, fence ?? 0))
  t.equal(action, 'query')
  lab.ok(report(systemId, token, 'done', 'on'))
  t.equal(lab.state.powerIntents.size, 0)
  t.match(lab.state.machines.get(systemId), {
    powerState: 'on',
    powerRackId: RACK,
    status: S.READY,
  })
})

t.test('a question that fails is not asked again, and fails nothing', async (t) => {
  const { lab, systemId } = asked()
  const { fence } = lab.ok({ type: 'power.query', systemId })
  const { token } = lab.ok(claim(systemId, fence ?? 0))
  const events = lab.state.events.size
  lab.ok(report(systemId, token, 'failed', 'error'))
  t.equal(lab.state.powerIntents.size, 0)
  t.match(lab.state.machines.get(systemId), { powerState: 'error', status: S.READY })
  t.equal(lab.state.events.size, events + 1, 'that its BMC was not reached')
})

t.test('a question that nobody answers ends by itself', async (t) => {
  const { lab, systemId } = asked()
  lab.ok({ type: 'power.query', systemId })
  const events = lab.state.events.size
  lab.ok({ type: 'time.advance' }, POWER_QUERY_MS)
  t.equal(lab.state.powerIntents.size, 0)
  t.equal(lab.state.events.size, events)
  t.match(lab.state.machines.get(systemId), { powerState: 'unknown', status: S.READY })
})

t.test(
  'what is being switched is not asked, and a wish to switch replaces a question',
  async (t) => {
    const { lab, systemId, fence } = begun()
    t.same(lab.ok({ type: 'power.query', systemId }), { fence: null })
    t.equal(fenceOf(lab, systemId), fence)
    const other = asked()
    other.lab.ok({ type: 'power.query', systemId: other.systemId })
    other.lab.actor = ADMIN
    other.lab.ok({
      type: 'machine.commission',
      systemId: other.systemId,
      options: DEFAULT_PROBE,
      comment: '',
    })
    t.match(other.lab.state.powerIntents.get(other.systemId)?.action, 'cycle')
  },
)

t.test('which rack reached a BMC last is kept, not which failed', async (t) => {
  const { lab, systemId } = asked()
  const seen = (rackId: SystemId, state: PowerState) =>
    lab.ok({ type: 'power.queryReport', rackId, systemId, state, message: '' })
  const by = () => lab.state.machines.get(systemId)?.powerRackId
  seen(RACK, 'error')
  t.equal(by(), undefined)
  seen(RACK_2, 'on')
  t.equal(by(), RACK_2)
  seen(RACK, 'error')
  t.equal(by(), RACK_2)
})
