// The life of a machine by its commands: where they lead, what they leave, what signals and time do to it. Rights and
// words are in test/api/machine-life.test.ts; what may never happen in life-cycle-properties.test.ts.
import t from 'tap'
import { lifeOf } from '#model/life-cycle.ts'
import { MACHINE_STATUS as S, type MachineStatus } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { Command } from '#state/command.ts'
import type { SignalStatus } from '#state/machine-commands.ts'
import type { SystemId } from '#model/ids.ts'
import {
  addMachine,
  BOB,
  bring,
  DEPLOY,
  makeRoom,
  statusOf,
  SYSTEM,
} from '#test/support/life-cycle.ts'
import { ADMIN, RACK, type Lab } from '#test/support/region-state.ts'

const MINUTE = 60_000

function at(status: MachineStatus): { readonly lab: Lab; readonly id: SystemId } {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  if (status !== S.NEW) bring(lab, id, status)
  return { lab, id }
}
function as(lab: Lab, who: Lab['actor'], command: Command, afterMs?: number): void {
  lab.actor = who
  lab.ok(command, afterMs)
}
const say = (lab: Lab, id: SystemId, status: SignalStatus, afterMs?: number) =>
  as(lab, SYSTEM, { type: 'machine.signal', systemId: id, status, error: '' }, afterMs)
const verb = (systemId: SystemId) => ({ systemId, comment: '' })
const test = (id: SystemId): Command => ({
  ...{ type: 'machine.test', ...verb(id), options: DEFAULT_PROBE },
})

const TIMED = [
  { status: S.COMMISSIONING, to: S.FAILED_COMMISSIONING, minutes: 30 },
  { status: S.DEPLOYING, to: S.FAILED_DEPLOYMENT, minutes: 30 },
]
for (const { status, to, minutes } of TIMED) {
  t.test(`status ${status} ends as ${to} after ${minutes} silent minutes`, async (t) => {
    const { lab, id } = at(status)
    say(lab, id, 'WORKING', 20 * MINUTE)
    as(lab, SYSTEM, { type: 'machine.heartbeat', systemId: id }, 20 * MINUTE)
    as(lab, SYSTEM, { type: 'time.advance' }, minutes * MINUTE - 1)
    t.equal(statusOf(lab, id), status, 'a sign of life moved the deadline on')
    as(lab, SYSTEM, { type: 'time.advance' }, 1)
    t.equal(statusOf(lab, id), to)
    const error = lab.state.machines.get(id)?.life?.error
    t.match(error, /timed out after 30 minutes/)
  })
}

t.test('what a rack saw it load is a sign of life, what a user writes is none', async (t) => {
  const { lab, id } = at(S.COMMISSIONING)
  const event = (who: Lab['actor'], afterMs: number) =>
    as(
      lab,
      who,
      {
        ...{ type: 'event.record', systemId: id, username: '', level: 'INFO' },
        ...{ eventType: 'Performing PXE boot', description: '' },
      },
      afterMs,
    )
  event(SYSTEM, 20 * MINUTE)
  event(ADMIN, 20 * MINUTE)
  as(lab, SYSTEM, { type: 'time.advance' }, 10 * MINUTE - 1)
  t.equal(statusOf(lab, id), S.COMMISSIONING)
  as(lab, SYSTEM, { type: 'time.advance' }, 1)
  t.equal(statusOf(lab, id), S.FAILED_COMMISSIONING)
})

t.test('a signal that moves nothing is a sign of life', async (t) => {
  const { lab, id } = at(S.COMMISSIONING)
  say(lab, id, 'WORKING', 20 * MINUTE)
  as(lab, SYSTEM, { type: 'time.advance' }, 30 * MINUTE - 1)
  t.equal(statusOf(lab, id), S.COMMISSIONING)
})

t.test('where the power is waited for no word of the machine helps', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1, { powerType: 'ipmi' })
  bring(lab, id, S.DEPLOYED)
  as(lab, BOB, { type: 'machine.release', ...verb(id) })
  // His own wish takes the place of what the release wanted.
  as(lab, BOB, { type: 'machine.power', ...verb(id), action: 'on', soft: false })
  as(lab, SYSTEM, { type: 'machine.heartbeat', systemId: id }, 4 * MINUTE)
  as(lab, SYSTEM, { type: 'time.advance' }, MINUTE)
  t.equal(statusOf(lab, id), S.FAILED_RELEASING)
})

t.test(
  'a machine that is off leaves rescue mode when its power was restored, not before',
  async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1, { powerType: 'ipmi' })
    bring(lab, id, S.DEPLOYED)
    as(lab, ADMIN, { type: 'machine.rescue', ...verb(id) })
    say(lab, id, 'WORKING')
    const off = { rackId: RACK, systemId: id, state: 'off', message: '' } as const
    as(lab, SYSTEM, { type: 'power.queryReport', ...off })
    as(lab, ADMIN, { type: 'machine.exitRescue', ...verb(id) })
    t.equal(statusOf(lab, id), S.EXITING_RESCUE_MODE)
    t.match(lab.state.powerIntents.get(id), { action: 'cycle', isOfMove: true })
  },
)

t.test('a machine that boots for ever is given up after a day', async (t) => {
  const { lab, id } = at(S.DEPLOYING)
  for (let hour = 0; hour < 24 * 3; hour++) {
    as(lab, SYSTEM, { type: 'machine.heartbeat', systemId: id }, 20 * MINUTE - 1)
    t.equal(statusOf(lab, id), S.DEPLOYING)
  }
  as(lab, SYSTEM, { type: 'time.advance' }, MINUTE)
  t.equal(statusOf(lab, id), S.FAILED_DEPLOYMENT)
})

t.test('the setting node_timeout is the time that machines have', async (t) => {
  const { lab, id } = at(S.NEW)
  as(lab, ADMIN, { type: 'config.put', name: 'node_timeout', value: 2 })
  bring(lab, id, S.COMMISSIONING)
  as(lab, SYSTEM, { type: 'time.advance' }, 2 * MINUTE)
  t.equal(statusOf(lab, id), S.FAILED_COMMISSIONING)
})

t.test('what enlists and is inventoried in one boot ends as New', async (t) => {
  const { lab, id } = at(S.NEW)
  say(lab, id, 'COMMISSIONING')
  t.match(lab.state.machines.get(id), { status: S.COMMISSIONING, ownerId: null })
  say(lab, id, 'OK')
  t.equal(statusOf(lab, id), S.NEW)
  t.equal(lab.state.machineStorage.size, 0, 'its disks are laid out when it is commissioned')
  t.notOk(lifeOf(lab.state.machines.get(id)!).enlisting)
})

t.test('commissioning goes on to tests, and from there to Ready', async (t) => {
  const { lab, id } = at(S.COMMISSIONING)
  say(lab, id, 'TESTING')
  t.match(lab.state.machines.get(id), { status: S.TESTING, ownerId: 1 })
  say(lab, id, 'OK')
  t.match(lab.state.machines.get(id), { status: S.READY, ownerId: null })
})

t.test(
  'a deployed machine is Deployed again after its test, also when the test is overridden',
  async (t) => {
    const { lab, id } = at(S.DEPLOYED)
    as(lab, ADMIN, test(id))
    say(lab, id, 'FAILED')
    t.match(lab.state.machines.get(id), { status: S.FAILED_TESTING, ownerId: 2 })
    as(lab, ADMIN, test(id))
    say(lab, id, 'OK')
    t.match(lab.state.machines.get(id), { status: S.DEPLOYED, ownerId: 2, osSystem: 'debian' })
    as(lab, ADMIN, test(id))
    say(lab, id, 'FAILED')
    as(lab, ADMIN, { type: 'machine.overrideFailedTesting', ...verb(id) })
    t.equal(statusOf(lab, id), S.DEPLOYED)
  },
)

t.test(
  'a test inside of rescue mode leads back to it, and rescue mode to where it began',
  async (t) => {
    const { lab, id } = at(S.DEPLOYED)
    as(lab, ADMIN, { type: 'machine.rescue', ...verb(id) })
    say(lab, id, 'WORKING')
    t.equal(statusOf(lab, id), S.RESCUE_MODE)
    as(lab, ADMIN, test(id))
    say(lab, id, 'OK')
    t.equal(statusOf(lab, id), S.RESCUE_MODE)
    as(lab, ADMIN, { type: 'machine.exitRescue', ...verb(id) })
    t.match(lab.state.machines.get(id), { status: S.DEPLOYED, ownerId: 2 }, 'by hand: at once')
  },
)

t.test(
  'what failed to be commissioned, or was broken, is Ready once it passed a test',
  async (t) => {
    const { lab, id } = at(S.COMMISSIONING)
    say(lab, id, 'FAILED')
    as(lab, ADMIN, test(id))
    say(lab, id, 'OK')
    t.equal(statusOf(lab, id), S.READY)
    as(lab, ADMIN, { type: 'machine.markBroken', ...verb(id), error: '' })
    as(lab, ADMIN, test(id))
    say(lab, id, 'OK')
    t.equal(statusOf(lab, id), S.READY)
  },
)

t.test('a broken machine is nobody’s, and what it had is gone', async (t) => {
  const { lab, id } = at(S.DEPLOYED)
  as(lab, BOB, { type: 'machine.annotate', systemId: id, set: { role: 'web' } })
  as(lab, BOB, { type: 'machine.markBroken', ...verb(id), error: 'smoke' })
  t.match(lab.state.machines.get(id), {
    ...{ status: S.BROKEN, ownerId: null, ownerData: {}, osSystem: '', life: { error: 'smoke' } },
  })
  t.strictSame(lab.state.machines.get(id)?.ownerData, {})
  t.equal(lab.state.deployments.size, 0)
  as(lab, ADMIN, { type: 'machine.markFixed', ...verb(id) })
  t.match(lab.state.machines.get(id), { status: S.READY, life: { error: '' } })
})

t.test('release with erase goes by the machine’s own word', async (t) => {
  const { lab, id } = at(S.DEPLOYED)
  as(lab, ADMIN, { type: 'config.put', name: 'enable_disk_erasing_on_release', value: true })
  as(lab, BOB, { type: 'machine.release', ...verb(id), quickErase: true })
  t.equal(statusOf(lab, id), S.DISK_ERASING)
  t.match(lab.state.machineWork.get(id)?.work, { kind: 'erase', quick: true, secure: true })
  say(lab, id, 'OK')
  t.match(lab.state.machines.get(id), { status: S.READY, ownerId: null, netboot: true })
})

t.test('user data fetched again, and signals that come late, change nothing', async (t) => {
  const { lab, id } = at(S.DEPLOYED)
  const before = lab.state.machines.get(id)
  as(lab, SYSTEM, { type: 'machine.booted', systemId: id })
  say(lab, id, 'OK')
  t.equal(lab.state.machines.get(id), before)
  as(lab, BOB, { type: 'machine.release', ...verb(id) })
  say(lab, id, 'FAILED')
  t.equal(statusOf(lab, id), S.READY)
  lab.state.load('machines', id, { ...lab.state.machines.get(id)!, status: S.RETIRED })
  const refusal = lab.refused({ type: 'machine.signal', systemId: id, status: 'OK', error: '' })
  t.match(refusal, { code: 'CONFLICT', message: `Machine status isn't valid (status is Retired)` })
})

t.test('a Ready machine is deployed by who asks first', async (t) => {
  const { lab, id } = at(S.READY)
  as(lab, BOB, { type: 'machine.deploy', ...verb(id), options: DEPLOY })
  t.match(lab.state.machines.get(id), { status: S.DEPLOYING, ownerId: 2 })
  lab.actor = ADMIN
  t.match(lab.refused({ type: 'machine.deploy', ...verb(id), options: DEPLOY }).code, 'CONFLICT')
})

t.test('the owner of an operation has no machine afterwards and may be deleted', async (t) => {
  const { lab, id } = at(S.READY)
  as(lab, ADMIN, test(id))
  t.equal(lab.state.machines.get(id)?.ownerId, 1)
  as(lab, ADMIN, { type: 'machine.abort', ...verb(id) })
  t.match(lab.state.machines.get(id), { status: S.READY, ownerId: null })
})

t.test('rows of a machine go with it', async (t) => {
  const { lab, id } = at(S.DEPLOYED)
  as(lab, ADMIN, { type: 'machine.delete', systemId: id })
  t.match(lab.state, { deployments: { size: 0 }, machineWork: { size: 0 } })
})
