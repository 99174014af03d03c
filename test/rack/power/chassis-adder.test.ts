import t from 'tap'
import { CHASSIS_CLAIM_MS, CHASSIS_MACHINES_MAX, type OpenChassisJob } from '#model/chassis.ts'
import type { SystemId } from '#model/ids.ts'
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'
import { ChassisAdder } from '#rack/power/chassis-adder.ts'
import type { ListChassis } from '#rack/power/chassis-listers.ts'
import { PowerFailure } from '#rack/power/driver.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const RACK = 'rack01' as SystemId
const LISTED = { name: 'vm1', node: '100', macs: ['52:54:00:00:00:01' as never] }

function stage(list: ListChassis, job: Partial<OpenChassisJob> = {}) {
  const clock = makeFakeClock(0)
  const asked: RackRequest[] = []
  const jobs = new Map<number, OpenChassisJob>([
    [1, { id: 1, chassisType: 'virsh', rackId: null, token: null, ...job }],
  ])
  const request = async (command: RackRequest): Promise<RackToRegionReply> => {
    asked.push(command)
    await Promise.resolve()
    if (command.type === 'chassis.report') jobs.delete(1)
    const parameters = { power_pass: 'hunter2' }
    const value = { id: 1, token: 42, chassisType: 'virsh', parameters, prefixFilter: 'vm' }
    return { ok: true, outcome: { ok: true, value }, revision: 1 } as RackToRegionReply
  }
  let look: () => void = () => {}
  const { logger, lines } = makeLogRecorder()
  const adder = new ChassisAdder({
    ...{ rackId: RACK, request, clock, logger },
    view: { table: () => jobs as never },
    listers: { virsh: list, proxmox: list, redfish: list },
    random: { integer: (below) => Math.floor(below / 2) },
    scheduler: {
      soon: setImmediate,
      after: () => () => {},
      every: (_ms, task) => {
        look = task
        return () => {}
      },
    },
  })
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 2) {
      clock.advance(2_000)
      look()
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    }
  }
  return { adder, asked, jobs, lines, pass }
}

t.test('claims, asks, reports what was found under ids of its own', async (t) => {
  const prefixes: string[] = []
  const { adder, asked, pass, lines } = stage(async (_parameters, prefix) => {
    prefixes.push(prefix)
    return await Promise.resolve([LISTED])
  })
  await pass(6)
  t.same(prefixes, ['vm'])
  t.match(asked, [
    { type: 'chassis.claim', rackId: RACK, id: 1 },
    { type: 'chassis.report', id: 1, token: 42, result: 'done', machines: [LISTED] },
  ])
  t.equal(asked.length, 2)
  t.notMatch(JSON.stringify(lines), /hunter2/)
  await adder.close()
})

t.test('a failure is reported as it is, without machines', async (t) => {
  const { adder, asked, pass } = stage(async () => {
    return await Promise.reject(new PowerFailure('unreachable', 'nobody is there'))
  })
  await pass(6)
  t.match(asked[1], { result: 'failed', machines: [], message: 'nobody is there.' })
  await adder.close()
})

t.test('a chassis with more machines than fit adds none', async (t) => {
  const many = Array.from({ length: CHASSIS_MACHINES_MAX + 1 }, () => LISTED)
  const { adder, asked, pass } = stage(async () => await Promise.resolve(many))
  await pass(6)
  t.match(asked[1], { result: 'failed', machines: [], message: /prefix_filter/ })
  await adder.close()
})

t.test('what another rack has claimed is left to it until it must have given up', async (t) => {
  const { adder, asked, pass } = stage(async () => await Promise.resolve([]), { token: 7 })
  await pass(CHASSIS_CLAIM_MS / 1_000)
  t.same(asked, [])
  await pass(CHASSIS_CLAIM_MS / 2_000)
  t.match(asked[0], { type: 'chassis.claim' })
  await adder.close()
})

t.test('a job for another rack is not touched', async (t) => {
  const { adder, asked, pass } = stage(async () => await Promise.resolve([]), {
    rackId: 'rack02' as SystemId,
  })
  await pass(300)
  t.same(asked, [])
  await adder.close()
})
