// One intent at one rack: what is claimed, done and reported, and when nothing is done any more.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { POWER_ACT_MS, type PowerIntent, type PowerOrder } from '#model/power.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { type PowerDriver, PowerFailure, type SeenPower } from '#rack/power/driver.ts'
import { PowerExecutor } from '#rack/power/executor.ts'
import { makeCountingMetrics } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { recordingLogger } from '#test/rack/dhcp/world.ts'

const MACHINE = 'abcdef' as SystemId
const RACK = 'rack01' as SystemId
const TOKEN = 42

function intent(more: Partial<PowerIntent> = {}): PowerIntent {
  return {
    ...{ systemId: MACHINE, action: 'on', bootDevice: 'pxe', soft: false, isOfMove: true },
    ...{ fence: 7, attempt: 0, deadlineAt: 1_000_000, notBefore: 0, claim: null, ...more },
  }
}

/** Timers fire when told; the BMC is as `driver` says. */
function stage(driver: Partial<PowerDriver>, order: Partial<PowerOrder> = {}) {
  const clock = makeFakeClock(0)
  const asked: RackCommand[] = []
  const timers = new Set<() => void>()
  const rows = new Map<string, PowerIntent>([[MACHINE, intent(order)]])
  let changed: () => void = () => {}
  const region = { answers: true }
  const request = async (command: RackCommand): Promise<RackToRegionReply> => {
    asked.push(command)
    await Promise.resolve()
    if (!region.answers) return { ok: false, reason: 'noQuorum' }
    const value: PowerOrder = {
      ...{ systemId: MACHINE, token: TOKEN, action: 'on', bootDevice: 'pxe', soft: false },
      ...{ powerType: 'webhook', powerParameters: {}, claimMs: POWER_ACT_MS, ...order },
    }
    const outcome = { ok: true, value: command.type === 'power.claim' ? value : null } as const
    return { ok: true, outcome, revision: 1 }
  }
  const calls: string[] = []
  let state: SeenPower = 'off'
  const whole: PowerDriver = {
    query: async () => await Promise.resolve(state),
    turnOn: async () => {
      calls.push('on')
      state = 'on'
      await Promise.resolve()
    },
    turnOff: async (_parameters, { soft }) => {
      calls.push(soft ? 'soft' : 'off')
      state = 'off'
      await Promise.resolve()
    },
    ...driver,
  }
  const logger = recordingLogger()
  const executor = new PowerExecutor({
    ...{ rackId: RACK, request, clock, logger, metrics: makeCountingMetrics() },
    view: {
      table: (name) => (name === 'powerIntents' ? rows : new Map()) as never,
      settings: () => undefined,
      logTimeMs: () => 0,
      onChange: (listener) => {
        changed = () => listener(new Set(['powerIntents'] as const), null)
        return () => {}
      },
    },
    drivers: new Map([['webhook', whole]]),
    sleep: async () => await Promise.resolve(),
    bootMs: clock.monotonicMs,
    scheduler: {
      soon: setImmediate,
      after: (_ms, task) => {
        timers.add(task)
        return () => timers.delete(task)
      },
      every: () => () => {},
    },
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
  }
  /** The rack's patience is over. */
  const begin = async (): Promise<void> => {
    clock.advance(1_000)
    for (const timer of [...timers]) timer()
    await settle()
  }
  const reports = () => asked.filter((each) => each.type === 'power.report')
  const setOn = (is: boolean): void => {
    state = is ? 'on' : 'off'
  }
  return {
    executor,
    clock,
    asked,
    rows,
    region,
    calls,
    logger,
    begin,
    settle,
    reports,
    setOn,
    change: () => changed(),
  }
}

t.test('claims with the fence, reports with the token', async (t) => {
  const { executor, asked, calls, begin } = stage({})
  t.same(asked, [], 'others may be quicker')
  await begin()
  t.match(asked[0], { type: 'power.claim', rackId: RACK, systemId: MACHINE, fence: 7 })
  t.same(calls, ['on'])
  t.match(asked[1], { type: 'power.report', token: TOKEN, result: 'done', state: 'on' })
  t.equal(asked.length, 2)
  await executor.close()
})

t.test('a cycle reports its first half before the second', async (t) => {
  const { executor, reports, calls, begin, setOn } = stage({}, { action: 'cycle' })
  setOn(true)
  await begin()
  t.same(calls, ['off', 'on'])
  t.same(
    reports().map(({ result }) => result),
    ['off', 'done'],
  )
  await executor.close()
})

t.test('a cycle whose first half nobody heard of stays off', async (t) => {
  const { executor, region, clock, calls, begin, setOn, settle } = stage(
    {
      turnOff: async () => {
        calls.push('off')
        setOn(false)
        region.answers = false
        clock.advance(POWER_ACT_MS - 1_500)
        await Promise.resolve()
      },
    },
    { action: 'cycle' },
  )
  setOn(true)
  const sleeping = begin()
  await sleeping
  clock.advance(60_000)
  await settle()
  t.same(calls, ['off'])
  await executor.close()
})

t.test('a rack that was suspended does nothing after its time', async (t) => {
  const { executor, clock, calls, begin, reports } = stage({
    query: async () => {
      clock.advance(POWER_ACT_MS)
      return await Promise.resolve('off')
    },
  })
  await begin()
  t.same(calls, [])
  t.match(reports(), [{ result: 'failed', message: 'webhook: the BMC took too long.' }])
  await executor.close()
})

t.test('what replaces an intent ends the work on it, without a report', async (t) => {
  let reached: () => void = () => {}
  const atQuery = new Promise<void>((resolve) => {
    reached = resolve
  })
  const { executor, rows, change, begin, reports, settle } = stage({
    query: async (_parameters, signal) => {
      reached()
      return await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new PowerFailure('unreachable', 'late')))
      })
    },
  })
  await begin()
  await atQuery
  rows.set(MACHINE, intent({ fence: 8 }))
  change()
  await settle()
  t.same(reports(), [])
  await executor.close()
})

const FAILURES = [
  { code: 'refused', state: 'unknown' },
  { code: 'unreachable', state: 'error' },
  { code: 'credentials', state: 'error' },
] as const
for (const { code, state } of FAILURES) {
  t.test(`a BMC that failed as '${code}' leaves the power '${state}'`, async (t) => {
    const { executor, begin, reports, logger } = stage({
      query: async () => await Promise.reject(new PowerFailure(code, 'why')),
    })
    await begin()
    t.match(reports(), [{ result: 'failed', state, message: 'webhook: why.' }])
    t.ok(logger.events.includes('power.failed'))
    await executor.close()
  })
}

t.test('a power type without a driver fails with its name', async (t) => {
  const { executor, begin, reports } = stage({}, { powerType: 'amt' })
  await begin()
  t.match(reports(), [{ result: 'failed', message: /^amt: racks have no driver/ }])
  await executor.close()
})

t.test('a soft way off, where the order or the parameters say so', async (t) => {
  for (const order of [{ soft: true }, { powerParameters: { power_off_mode: 'soft' } }]) {
    const { executor, begin, calls, setOn } = stage({}, { action: 'off', ...order })
    setOn(true)
    await begin()
    t.same(calls, ['soft'])
    await executor.close()
  }
})

t.test('who only wants to know gets a look, whatever the machine is', async (t) => {
  const { executor, asked, calls, clock, begin, setOn } = stage({}, { action: 'query' })
  setOn(true)
  await begin()
  t.same(asked, [], 'this rack does not look after it: another one first')
  clock.advance(2_500)
  await begin()
  t.same(calls, [])
  t.match(asked[0], { type: 'power.claim' })
  t.match(asked[1], { type: 'power.report', result: 'done', state: 'on' })
  await executor.close()
})
