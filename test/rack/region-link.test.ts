import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import type { RackCommand, RegionToRack } from '#protocol/rack.ts'
import { RegionLink, TICK_MS } from '#rack/region-link.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { FakeRegions } from '#test/support/fake-regions.ts'

const COMMAND: RackCommand = {
  type: 'event.record',
  systemId: null,
  username: '',
  level: 'INFO',
  eventType: 'test',
  description: '',
}
const REGISTRATION = {
  systemId: 'abc346' as SystemId,
  hostname: 'rack',
  version: '1',
  architecture: 'amd64/generic',
  cpuCount: 1,
  memoryMib: 1,
  interfaces: [],
}

function makeRig(peers = ['a:1', 'b:1', 'c:1']) {
  const clock = makeFakeClock()
  const regions = new FakeRegions(peers)
  const views: RegionToRack[] = []
  const link = new RegionLink({
    connect: regions.connect,
    regions: peers,
    registration: REGISTRATION,
    viewRevision: () => 42,
    onView: (message) => {
      views.push(message)
      rig.onView()
    },
    clock,
    logger: makeLogRecorder().logger,
    metrics: makeCountingMetrics(),
  })
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  /** Lets fake time pass until `holds`; returns how much. */
  const passUntil = async (holds: () => boolean, maxMs = 10_000): Promise<number> => {
    const start = clock.monotonicMs()
    await settle()
    while (!holds()) {
      if (clock.monotonicMs() - start >= maxMs) throw new Error(`not in ${maxMs} ms`)
      clock.advance(TICK_MS)
      link.tick()
      await settle()
    }
    return clock.monotonicMs() - start
  }
  const pass = async (ms: number): Promise<void> => {
    const end = clock.monotonicMs() + ms
    await passUntil(() => clock.monotonicMs() >= end, ms + TICK_MS)
  }
  const region = (): string | null => link.status().region
  const rig = { clock, regions, link, views, passUntil, pass, settle, region, onView: () => {} }
  return rig
}

t.test('the first region of the list is followed and told who we are', async (t) => {
  const rig = makeRig()
  rig.link.tick()
  await rig.settle()
  t.equal(rig.region(), 'a:1')
  t.strictSame(rig.regions.last().received[0], {
    type: 'hello',
    register: REGISTRATION,
    viewRevision: 42,
  })
})

t.test('a stalled region is left in under a second', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  await rig.pass(5_000)
  t.equal(rig.regions.connections.length, 1, 'a healthy link stays')
  rig.regions.at('a:1').mode = 'silent'
  const tookMs = await rig.passUntil(() => rig.region() === 'b:1')
  t.ok(tookMs < 1_000, `${tookMs} ms`)
  t.equal(rig.regions.connections[0]?.isClosed, true, 'the stalled connection was closed')
})

t.test('a view that takes seconds to come is waited for in the end', async (t) => {
  const rig = makeRig(['a:1'])
  rig.regions.at('a:1').mode = 'busy'
  const began = rig.clock.monotonicMs()
  const links = () => rig.regions.connections.length
  await rig.passUntil(() => links() === 4)
  t.ok(rig.clock.monotonicMs() - began < 6_000)
  await rig.pass(4_000)
  t.equal(links(), 4, 'twice as long for each that stalled')
  const fourth = rig.regions.last()
  fourth.push({ type: 'viewReset', revision: 9, stamp: 0, rows: [] })
  t.equal(rig.views.length, 1)
  await rig.passUntil(() => fourth.isClosed, 1_000)
  t.pass('what brought its view is a stall as before')
})

t.test('taking over a large view is no stall of the region', async (t) => {
  const rig = makeRig(['a:1'])
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.onView = () => rig.clock.advance(5_000)
  rig.regions.last().push({ type: 'viewReset', revision: 9, stamp: 0, rows: [] })
  rig.link.tick()
  await rig.settle()
  t.equal(rig.regions.connections.length, 1)
})

t.test('even when the next region is dead too', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.at('a:1').mode = 'silent'
  rig.regions.at('b:1').mode = 'silent'
  const tookMs = await rig.passUntil(() => rig.region() === 'c:1')
  t.ok(tookMs < 1_000, `${tookMs} ms`)
})

t.test('a broken connection is replaced without any time passing', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.last().breakOff()
  await rig.settle()
  t.equal(rig.region(), 'b:1')
})

t.test('a goodbye moves the rack at once', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.last().push({ type: 'goodbye' })
  await rig.settle()
  t.equal(rig.region(), 'b:1')
  t.equal(rig.regions.open().length, 1)
})

t.test('a region that refuses costs no waiting', async (t) => {
  const rig = makeRig()
  rig.regions.at('a:1').mode = 'refusing'
  rig.regions.at('b:1').mode = 'refusing'
  rig.link.tick()
  await rig.settle()
  t.equal(rig.region(), 'c:1')
})

t.test('with no region in sight the rack goes on trying all of them, boundedly', async (t) => {
  const rig = makeRig()
  for (const region of rig.regions.regions.values()) region.mode = 'refusing'
  rig.link.tick()
  await rig.pass(10_000)
  const { dialled } = rig.regions
  for (const peer of ['a:1', 'b:1', 'c:1']) t.ok(dialled.filter((each) => each === peer).length > 5)
  t.ok(dialled.length <= 3 * (10_000 / 250 + 2), `${dialled.length} dials`)
  rig.regions.at('b:1').mode = 'up'
  t.ok((await rig.passUntil(() => rig.region() === 'b:1')) <= 1_000)
})

t.test('a region without a leader for a second is left for one that has one', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.at('a:1').hasLeader = false
  await rig.pass(700)
  t.equal(rig.region(), 'a:1', 'an election is waited for')
  const tookMs = await rig.passUntil(() => rig.region() === 'b:1')
  t.ok(tookMs < 1_000, `${tookMs} ms more`)
  await rig.pass(5_000)
  t.equal(rig.region(), 'b:1')
})

t.test('with no leader anywhere the rack moves ever more rarely', async (t) => {
  const rig = makeRig()
  for (const region of rig.regions.regions.values()) region.hasLeader = false
  await rig.passUntil(() => rig.region() !== null)
  await rig.pass(120_000)
  t.ok(rig.regions.connections.length < 12, `${rig.regions.connections.length} connections`)
  t.equal(rig.regions.open().length, 1)
})

t.test('replies find their requests', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  const replies = await Promise.all([rig.link.request(COMMAND), rig.link.request(COMMAND)])
  t.strictSame(
    replies.map(({ ok }) => ok),
    [true, true],
  )
  t.equal(rig.link.status().inFlight, 0)
})

t.test('a request in flight on a broken link is unknown and never sent again', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.at('a:1').answersRequests = false
  const reply = rig.link.request(COMMAND)
  rig.regions.last().breakOff()
  t.strictSame(await reply, { ok: false, reason: 'noQuorum' })
  await rig.pass(2_000)
  t.equal(rig.region(), 'b:1')
  const again = rig.regions.last().received.filter(({ type }) => type === 'request')
  t.equal(again.length, 0, 'the next region never saw it')
})

t.test('ids begin anew with each connection and late replies go nowhere', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  const old = rig.regions.last()
  rig.regions.at('a:1').answersRequests = false
  rig.regions.at('b:1').answersRequests = false
  const first = rig.link.request(COMMAND)
  old.breakOff()
  await first
  await rig.passUntil(() => rig.region() === 'b:1')
  let answered = false
  const second = rig.link.request(COMMAND).then((reply) => {
    answered = true
    return reply
  })
  const outcome = { ok: true as const, value: null }
  old.push({ type: 'reply', id: 1, reply: { ok: true, outcome, revision: 1 } })
  await rig.settle()
  t.equal(answered, false, 'a reply of the old connection is not ours')
  rig.regions.last().push({ type: 'reply', id: 1, reply: { ok: true, outcome, revision: 2 } })
  t.match(await second, { ok: true, revision: 2 })
})

t.test('an unanswered request is unknown after 800 ms', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.at('a:1').answersRequests = false
  let ok: boolean | undefined
  void rig.link.request(COMMAND).then((reply) => {
    ok = reply.ok
  })
  const tookMs = await rig.passUntil(() => ok !== undefined)
  t.equal(ok, false)
  t.ok(tookMs >= 800 && tookMs <= 850, `${tookMs} ms`)
})

t.test('more than 4096 requests in flight are refused', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.regions.at('a:1').answersRequests = false
  for (let i = 0; i < 4_096; i++) void rig.link.request(COMMAND)
  t.strictSame(await rig.link.request(COMMAND), { ok: false, reason: 'overloaded' })
  rig.link.close()
})

t.test('without a link a request is unknown at once', async (t) => {
  t.strictSame(await makeRig().link.request(COMMAND), { ok: false, reason: 'noQuorum' })
})

t.test('views are handed on, and none of a connection that was left', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  const reset: RegionToRack = { type: 'viewReset', revision: 1, stamp: 1, rows: [] }
  const first = rig.regions.last()
  first.push(reset)
  t.equal(rig.views.length, 1)
  rig.regions.at('a:1').mode = 'silent'
  await rig.passUntil(() => rig.region() === 'b:1')
  first.push(reset)
  t.equal(rig.views.length, 1)
})

t.test('changed interfaces are told at once', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.link.setRegistration({ ...REGISTRATION, hostname: 'renamed' })
  t.match(rig.regions.last().received.at(-1), { type: 'hello', register: { hostname: 'renamed' } })
})

t.test('the learned list of regions replaces the given one', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.link.setRegions(['c:1'])
  rig.link.setRegions([])
  t.equal(rig.region(), 'a:1', 'the live link stays')
  t.strictSame(rig.link.status().regions, ['c:1'], 'an empty list is not believed')
  rig.regions.last().breakOff()
  await rig.passUntil(() => rig.region() === 'c:1')
})

t.test('a dial that succeeds after another one won is closed', async (t) => {
  const rig = makeRig(['a:1', 'b:1'])
  let release: (() => void) | undefined
  const { connect } = rig.regions
  const slow: typeof connect = async (peer, handlers) => {
    if (peer === 'a:1') await new Promise<void>((resolve) => (release = resolve))
    return connect(peer, handlers)
  }
  const link = new RegionLink({
    connect: slow,
    regions: ['a:1', 'b:1'],
    registration: REGISTRATION,
    viewRevision: () => 0,
    onView: () => {},
    clock: rig.clock,
    logger: makeLogRecorder().logger,
    metrics: makeCountingMetrics(),
  })
  link.tick()
  rig.clock.advance(150)
  link.tick()
  await rig.settle()
  t.equal(link.status().region, 'b:1')
  release?.()
  await rig.settle()
  t.equal(link.status().region, 'b:1')
  t.equal(rig.regions.open().length, 1)
})

t.test('a closed link dials no more', async (t) => {
  const rig = makeRig()
  await rig.passUntil(() => rig.region() === 'a:1')
  rig.link.close()
  const { length } = rig.regions.dialled
  await rig.pass(3_000)
  t.equal(rig.regions.dialled.length, length)
  t.equal(rig.regions.open().length, 0)
})
