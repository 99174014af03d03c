// The order in which one turn feeds the core, and what the driver does with a broken disk.
import t from 'tap'
import { Driver, type DriverHooks } from '#node/driver.ts'
import { makeMetrics } from '#platform/metrics.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock, systemScheduler } from '#platform/system.ts'
import type { Raft } from '#raft/raft.ts'
import { memoryLogStore } from '#test/support/memory-log-store.ts'

const setUp = () => {
  const seen: string[] = []
  const core = {
    tick: () => seen.push('tick'),
    hasReady: () => false,
    step: () => seen.push('step'),
  }
  const unused = (): never => {
    throw new Error('not expected here')
  }
  const hooks = {
    onFailure: unused,
    send: unused,
    flush: () => {},
    apply: unused,
  } as unknown as DriverHooks
  const driver = new Driver({
    raft: core as unknown as Raft,
    store: memoryLogStore(),
    hooks,
    clock: systemClock,
    scheduler: systemScheduler,
    logger: makeLogger({ level: 'error', write: () => {}, clock: systemClock }),
    metrics: makeMetrics(),
    ...{ tickMs: 20, electionTicks: 6 },
  })
  return { driver, seen }
}

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end) {
    // The event loop stalls, as in a long garbage collection.
  }
}

t.test('after a stall what had arrived is heard before the missed ticks count (F2)', async (t) => {
  const { driver, seen } = setUp()
  driver.start()
  t.teardown(() => driver.stop())
  // Comes behind the tick's timer in the same phase, as a socket's data would.
  setTimeout(() => driver.input((raft) => raft.step({} as never)), 30)
  block(400)
  const deadline = performance.now() + 5_000
  while (!seen.includes('step') && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(seen[0], 'step')
  const ticks = seen.filter((each) => each === 'tick').length
  t.ok(ticks >= 1 && ticks <= 2, `at most a third of an election timeout, was ${ticks}`)
})
