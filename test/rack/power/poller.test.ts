// When a rack asks a BMC, what it tells a region of it, and when it leaves a machine alone.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import type { PowerState } from '#model/machine.ts'
import type { MachinePower } from '#model/power-poll.ts'
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'
import { type PowerDriver, PowerFailure } from '#rack/power/driver.ts'
import { PowerPoller } from '#rack/power/poller.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const RACK = 'rack01' as SystemId
const OTHER = 'rack02' as SystemId
const SECONDS = 300

function stage(
  options: { readonly query?: PowerDriver['query']; readonly machines?: number } = {},
) {
  const { machines = 1, query } = options
  const clock = makeFakeClock(0)
  const asked: RackRequest[] = []
  const intents = new Set<SystemId>()
  const ids = Array.from({ length: machines }, (_, at) => `m${at}` as SystemId)
  const [first = '' as SystemId] = ids
  const power: MachinePower = { type: 'webhook', state: 'unknown', rackId: null }
  const boots = new Map(ids.map((systemId) => [systemId as string, { systemId, power }]))
  const racks = new Set<SystemId>([RACK])
  const region = { answers: true, seconds: SECONDS }
  const tables = () => ({
    machineBoots: boots,
    powerIntents: intents,
    liveRacks: new Map([['all', { racks: [...racks] }]]),
  })
  const request = async (command: RackRequest): Promise<RackToRegionReply> => {
    asked.push(command)
    await Promise.resolve()
    if (!region.answers) return { ok: false, reason: 'noQuorum' }
    if (command.type === 'power.queryReport') {
      const { systemId, state, rackId } = command
      boots.set(systemId, { systemId, power: { ...power, state, rackId } })
    }
    const powerParameters = { power_pass: 'hunter2' }
    const value = { systemId: first, powerType: 'webhook', powerParameters }
    return { ok: true, outcome: { ok: true, value }, revision: 1 } as RackToRegionReply
  }
  const bmc = { state: 'on' as PowerState, queries: 0, running: 0, runningMax: 0 }
  const driver: PowerDriver = {
    query:
      query ??
      (async () => {
        bmc.queries += 1
        bmc.running += 1
        bmc.runningMax = Math.max(bmc.runningMax, bmc.running)
        await Promise.resolve()
        bmc.running -= 1
        if (bmc.state === 'error') throw new PowerFailure('unreachable', 'nobody is there')
        return bmc.state
      }),
    turnOn: async () => await Promise.reject(new Error('only asks')),
    turnOff: async () => await Promise.reject(new Error('only asks')),
  }
  let look: () => void = () => {}
  const { logger, lines } = makeLogRecorder()
  const metrics = makeCountingMetrics()
  const poller = new PowerPoller({
    ...{ rackId: RACK, request, clock, logger, metrics },
    view: {
      table: (name) => tables()[name as keyof ReturnType<typeof tables>] as never,
      settings: () => ({ powerQuerySeconds: region.seconds }) as never,
      logTimeMs: clock.monotonicMs,
    },
    drivers: new Map([['webhook', driver]]),
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
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
  }
  /** So much time passes, with a look every two seconds. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 2) {
      clock.advance(2_000)
      look()
      await settle()
    }
  }
  const told = () => asked.filter((each) => each.type === 'power.queryReport')
  return { poller, asked, told, pass, bmc, boots, racks, intents, region, lines, first, power }
}

t.test('a new machine is asked soon, then every five minutes; only a change is told', async (t) => {
  const { poller, bmc, told, pass } = stage()
  await pass(12)
  t.equal(bmc.queries, 1)
  t.match(told(), [{ rackId: RACK, systemId: 'm0', state: 'on', message: 'webhook: on' }])
  await pass(3_000)
  t.equal(bmc.queries, 11)
  t.equal(told().length, 1)
  bmc.state = 'off'
  await pass(SECONDS + 2)
  t.match(told()[1], { state: 'off' })
  await poller.close()
})

t.test('a machine of another rack is left to it, until that rack is gone', async (t) => {
  const { poller, asked, pass, bmc, boots, racks, first, power } = stage()
  racks.add(OTHER)
  boots.set(first, { systemId: first, power: { ...power, state: 'on', rackId: OTHER } })
  await pass(2 * SECONDS)
  t.same(asked, [])
  racks.delete(OTHER)
  await pass(2)
  t.equal(bmc.queries, 1, 'it was due')
  await poller.close()
})

t.test('a machine that is being switched is left alone', async (t) => {
  const { poller, asked, pass, intents, first } = stage()
  intents.add(first)
  await pass(2 * SECONDS)
  t.same(asked, [])
  await poller.close()
})

t.test('what was seen is not told when somebody began to switch it meanwhile', async (t) => {
  let begin: () => void = () => {}
  const { poller, told, pass, intents, first } = stage({
    query: async () => {
      begin()
      return await Promise.resolve('on')
    },
  })
  begin = () => void intents.add(first)
  await pass(20)
  t.same(told(), [])
  await poller.close()
})

t.test('a dead BMC is told once and asked less and less often', async (t) => {
  const { poller, told, pass, bmc, lines } = stage()
  bmc.state = 'error'
  await pass(12)
  t.match(told(), [{ state: 'error', message: 'webhook: nobody is there.' }])
  // After 1, 2 and 4 intervals, then 8, which is beyond this hour.
  await pass(3_600)
  t.equal(bmc.queries, 4)
  t.equal(told().length, 1)
  t.notMatch(JSON.stringify(lines), /hunter2/)
  await poller.close()
})

t.test('at most sixteen BMCs are asked at once', async (t) => {
  const { poller, pass, bmc } = stage({ machines: 100 })
  await pass(30)
  t.equal(bmc.queries, 100)
  t.equal(bmc.runningMax, 16)
  await poller.close()
})

t.test('without an answer of a region no BMC is asked, and nothing is told', async (t) => {
  const { poller, pass, bmc, told, region } = stage()
  region.answers = false
  await pass(100)
  t.equal(bmc.queries, 0)
  t.same(told(), [])
  region.answers = true
  await pass(30)
  t.equal(bmc.queries, 1)
  await poller.close()
})

t.test('0 seconds: never', async (t) => {
  const { poller, pass, asked, region } = stage()
  region.seconds = 0
  await pass(SECONDS * 3)
  t.same(asked, [])
  await poller.close()
})

t.test('closing ends a question under way', async (t) => {
  const { poller, pass, told } = stage({
    query: async (_parameters, signal) =>
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new PowerFailure('unreachable', 'late')))
      }),
  })
  await pass(12)
  await poller.close()
  t.same(told(), [])
})
