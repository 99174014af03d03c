// What a region proposes unasked, and when it holds its tongue.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { Housekeeping } from '#node/housekeeping.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise, RACK, RACK_2, registerRack } from '#test/support/region-state.ts'

const { rackBeatMs, timeAdvanceMs, rackSilentMs } = REGION_CONFIG

function makeStage(connected: readonly SystemId[]) {
  const logClock = makeFakeClock()
  const clock = makeFakeClock()
  const region = new MemoryRegion(logClock, initialise())
  const tasks: Promise<unknown>[] = []
  const housekeeping = new Housekeeping({
    region,
    connectedRacks: () => connected,
    clock,
    limits: REGION_CONFIG,
    background: (task) => void tasks.push(task.catch(() => {})),
  })
  let seen = region.proposed.length
  /** What a tick proposes after `ms` of this region's own time. */
  const tickAfter = async (ms: number) => {
    seen = region.proposed.length
    clock.advance(ms)
    housekeeping.onTick()
    await Promise.all(tasks.splice(0))
    return region.proposed.slice(seen)
  }
  return { logClock, region, tickAfter, housekeeping, clock, tasks }
}

const beat = { type: 'rack.beat', racks: [RACK] }
const advance = { type: 'time.advance' }

t.test('a follower beats for its racks and leaves log time to the leader', async (t) => {
  const { region, tickAfter } = makeStage([RACK])
  region.setStatus({ leader: 'region-2' })
  t.same(await tickAfter(rackBeatMs - 1), [])
  t.same(await tickAfter(1), [beat])
  t.same(await tickAfter(rackBeatMs - 1), [])
  t.same(await tickAfter(1), [beat])
  t.same(await tickAfter(timeAdvanceMs * 10), [beat])
})

t.test('a leader without racks advances log time and beats for nobody', async (t) => {
  const { tickAfter } = makeStage([])
  t.same(await tickAfter(timeAdvanceMs - 1), [])
  t.same(await tickAfter(1), [advance])
  t.same(await tickAfter(timeAdvanceMs - 1), [])
  t.same(await tickAfter(1), [advance])
})

t.test('without a leader nothing is proposed; with the next one it is, at once', async (t) => {
  const { region, tickAfter } = makeStage([RACK])
  region.setStatus({ leader: null })
  t.same(await tickAfter(timeAdvanceMs * 3), [])
  region.setStatus({ leader: 'region-1' })
  t.same(await tickAfter(0), [beat, advance])
})

t.test('the leader declares lost the racks that are silent by log time', async (t) => {
  const { logClock, region, tickAfter } = makeStage([])
  const rack = (id: SystemId) => region.local().state.controllers.get(id)
  await region.propose(registerRack(RACK, []), { actor: SYSTEM_ACTOR })
  const lastBeatAt = rack(RACK)?.lastBeatAt
  logClock.advance(rackSilentMs)
  await region.propose(registerRack(RACK_2, []), { actor: SYSTEM_ACTOR })
  t.same(await tickAfter(timeAdvanceMs), [advance], 'as long as it may be silent')
  logClock.advance(1)
  t.same(await tickAfter(timeAdvanceMs), [
    advance,
    { type: 'rack.lost', systemId: RACK, lastBeatAt },
  ])
  t.match([rack(RACK), rack(RACK_2)], [{ connected: false }, { connected: true }])
  t.same(await tickAfter(timeAdvanceMs), [advance], 'once')
})

t.test("a leader's own clock makes no rack silent", async (t) => {
  const { region, tickAfter } = makeStage([])
  await region.propose(registerRack(RACK, []), { actor: SYSTEM_ACTOR })
  t.same(await tickAfter(rackSilentMs * 100), [advance])
  t.equal(region.local().state.controllers.get(RACK)?.connected, true)
})

t.test('a region is never declared lost as a rack', async (t) => {
  const { logClock, region, tickAfter } = makeStage([])
  const systemId = 'region' as SystemId
  const at = { hostname: 'h', version: '1', apiUrl: '', peerAddress: '', incarnation: 1 }
  await region.propose({ type: 'region.register', systemId, ...at }, { actor: SYSTEM_ACTOR })
  logClock.advance(rackSilentMs * 2)
  t.same(await tickAfter(timeAdvanceMs), [advance])
})

t.test('proposals without an answer do not pile up', async (t) => {
  const { region, tickAfter, housekeeping, clock, tasks } = makeStage([RACK])
  const before = region.proposed.length
  for (let tick = 0; tick < 100; tick++) {
    clock.advance(rackBeatMs)
    housekeeping.onTick()
  }
  t.ok(region.proposed.length - before <= 10, `${region.proposed.length - before} under way`)
  await Promise.all(tasks.splice(0))
  t.same(await tickAfter(rackBeatMs), [beat, advance], 'and go on when they were answered')
})

t.test('a proposal that fails is counted as ended too', async (t) => {
  const { region, tickAfter } = makeStage([RACK])
  region.failWith('NO_QUORUM')
  for (let tick = 0; tick < 20; tick++) await tickAfter(rackBeatMs)
  region.failWith(null)
  t.same(await tickAfter(rackBeatMs), [beat, advance])
})

t.test('the leader raises the feature level once all members support it, once', async (t) => {
  const { region, tickAfter } = makeStage([])
  const raise = { type: 'cluster.raiseLevel', level: 2 }
  region.setStatus({ membersLevel: null })
  t.same(await tickAfter(1_000), [], 'somebody was not heard of')
  region.setStatus({ membersLevel: 1 })
  t.same(await tickAfter(1_000), [], 'that is the level it has')
  region.setStatus({ membersLevel: 2, leader: 'region-2' })
  t.same(await tickAfter(1_000), [], 'for another one to do')
  region.setStatus({ membersLevel: 2, leader: 'region-1' })
  t.same(await tickAfter(1_000), [raise])
  t.equal(region.local().state.featureLevel, 2)
  t.same(await tickAfter(1_000), [])
  region.setStatus({ membersLevel: 1 })
  t.same(await tickAfter(1_000), [], 'it never falls')
})
