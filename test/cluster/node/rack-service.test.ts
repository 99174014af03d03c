// A region's end of its racks, on the real state machine and links without sockets.
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { RackService } from '#node/rack-service.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import type { Command } from '#state/command.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { FakeRackLink } from '#test/support/fake-rack-link.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import * as state from '#test/support/region-state.ts'
import { until } from '#test/support/until.ts'

const { RACK, RACK_2, bind, ip } = state
const QUEUE_MAX = 1_000

function makeStage(t: Test) {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, state.initialise())
  const metrics = makeCountingMetrics()
  const { logger, lines } = makeLogRecorder()
  const limits = { ...REGION_CONFIG, rackLostMs: 40, rackQueueBytesMax: QUEUE_MAX }
  const background = (task: Promise<unknown>): void => void task.catch(() => {})
  const service = new RackService({ region, clock, logger, metrics, limits, background })
  t.teardown(() => service.close())
  const told = (event: string): number => lines.filter((line) => line.event === event).length
  const propose = (command: Command) => region.propose(command, { actor: SYSTEM_ACTOR })
  const lost = (id: SystemId): number =>
    region.proposed.filter((each) => each.type === 'rack.lost' && each.systemId === id).length
  const controller = (id: SystemId) => region.local().state.controllers.get(id)
  const connect = (id: SystemId): FakeRackLink => {
    const link = new FakeRackLink(id)
    service.onRack(link)
    return link
  }
  return { region, metrics, service, told, propose, lost, controller, connect }
}

/** Rack 1 serves 10.0.0.0/24 with DHCP on and has its newest view. */
async function makeServed(t: Test) {
  const stage = makeStage(t)
  const link = stage.connect(RACK)
  link.hello()
  await until('registered', () => stage.service.connected().length > 0)
  await stage.propose(state.newRange('dynamic', 1, ['10.0.0.100', '10.0.0.199']))
  await stage.propose(vlanUpdate({ dhcpOn: true, primaryRack: RACK }))
  await until('its view', () => link.rows('ipRanges').length > 0)
  link.sent = []
  return { ...stage, link }
}

function vlanUpdate(set: object): Command {
  return { type: 'vlan.update', id: 5001 as never, set }
}

t.test('a hello is answered by a view, registers the rack and brings its networks', async (t) => {
  const { service, controller, connect } = makeStage(t)
  const link = connect(RACK)
  t.same(service.connected(), [], 'a link alone is no rack')
  link.hello()
  t.same(link.types(), ['viewReset'])
  await until('registered', () => service.connected().length > 0)
  t.same(service.connected(), [RACK])
  t.match(controller(RACK), { kind: 'rack', connected: true })
  t.notOk(controller(RACK_2), 'it registers itself, whatever it says')
  await until('its VLAN', () => link.rows('vlans').length > 0)
  t.match(link.rows('vlans'), [{ key: 5001, row: { interfaceNames: ['eth0'] } }])
  t.match(link.sent.at(-1), { type: 'viewReset' })
})

for (const code of ['NO_QUORUM', 'OVERLOADED'] as const) {
  // Refused at once, each try began in the turn of the last one: nothing else on the region ran.
  t.test(`on ${code} the view goes out and registering is tried in other turns`, async (t) => {
    const { region, service, told, connect } = makeStage(t)
    region.failWith(code)
    const link = connect(RACK)
    link.hello()
    await until('a second try', () => told('rack.register_failed') > 1)
    t.same(link.types(), ['viewReset'])
    t.same(service.connected(), [])
    region.failWith(null)
    await until('registered', () => service.connected().length > 0)
  })
}

t.test('a rack that is refused is connected and not registered', async (t) => {
  const { service, told, propose, connect } = makeStage(t)
  await propose({ ...state.newMachine(1), systemId: RACK })
  connect(RACK).hello()
  await until('the refusal', () => told('rack.refused') > 0)
  t.same(service.connected(), [])
})

t.test('a request is answered with its outcome, and a rack speaks for itself only', async (t) => {
  const { region, link, metrics } = await makeServed(t)
  const command = bind(1, '10.0.0.100', { rackId: RACK_2 })
  link.onMessage({ type: 'request', id: 7, command })
  await until('an answer', () => link.count('reply') > 0)
  const { revision } = region.local()
  t.match(link.sent, [
    { type: 'viewChanges', revision, changes: [{ table: 'holds', row: { rackId: RACK } }] },
    { type: 'reply', id: 7, reply: { ok: true, outcome: { ok: true }, revision } },
  ])
  t.match(region.proposed.at(-1), { type: 'lease.bind', rackId: RACK })
  t.equal(metrics.total('ironraft_rack_requests_total', 'true'), 1)
})

t.test('a request nobody could confirm is noQuorum: nothing is known about it', async (t) => {
  const { region, link, metrics } = await makeServed(t)
  region.failWith('TIMEOUT')
  link.onMessage({ type: 'request', id: 8, command: bind(1, '10.0.0.100') })
  await until('an answer', () => link.count('reply') > 0)
  t.same(link.sent, [{ type: 'reply', id: 8, reply: { ok: false, reason: 'noQuorum' } }])
  t.equal(metrics.total('ironraft_rack_requests_total', 'false'), 1)
})

t.test('a ping is answered and tells whether there is a leader', async (t) => {
  const { region, link } = await makeServed(t)
  link.onMessage({ type: 'ping', sentAtMs: 5 })
  region.setStatus({ leader: null })
  link.onMessage({ type: 'ping', sentAtMs: 6 })
  t.same(link.sent, [
    { type: 'pong', sentAtMs: 5, hasLeader: true },
    { type: 'pong', sentAtMs: 6, hasLeader: false },
  ])
})

t.test('topology changes in a row make one new view that holds what came with them', async (t) => {
  const { link, propose } = await makeServed(t)
  await propose(vlanUpdate({ mtu: 1400 }))
  await propose(bind(1, '10.0.0.100'))
  await propose(vlanUpdate({ mtu: 1300 }))
  t.same(link.types(), [], 'not yet')
  await until('a view', () => link.sent.length > 0)
  t.same(link.types(), ['viewReset'])
  t.match(link.rows('vlans'), [{ row: { mtu: 1300 } }])
  t.match(link.rows('holds'), [{ key: ip('10.0.0.100') }])
  await propose(bind(2, '10.0.0.101'))
  t.same(link.types(), ['viewReset', 'viewChanges'], 'rows again')
})

t.test('beats and settings no rack reads make no new view', async (t) => {
  const { link, propose } = await makeServed(t)
  await propose({ type: 'rack.beat', racks: [RACK] })
  await propose({ type: 'setting.put', name: 'maas_name', value: 'x' })
  // A follower that was owed a view would not get the row.
  await propose(bind(1, '10.0.0.100'))
  t.same(link.types(), ['viewChanges'])
})

t.test('an installed snapshot makes a new view', async (t) => {
  const { region, link } = await makeServed(t)
  region.jump()
  await until('a view', () => link.sent.length > 0)
  t.same(link.types(), ['viewReset'])
})

t.test('a slow rack is sent nothing more until it has read, then a whole view', async (t) => {
  const { link, propose } = await makeServed(t)
  link.queued = QUEUE_MAX + 1
  await propose(bind(1, '10.0.0.100'))
  await propose(bind(2, '10.0.0.101'))
  const { asked } = link
  await until('it was looked at again', () => link.asked > asked + 1)
  t.same(link.types(), ['viewChanges'])
  link.queued = 0
  await until('a view', () => link.count('viewReset') > 0)
  t.equal(link.rows('holds').length, 2)
})

t.test('rows that were not taken come with a whole view', async (t) => {
  const { link, propose } = await makeServed(t)
  link.accepts = false
  await propose(bind(1, '10.0.0.100'))
  link.accepts = true
  await until('a view', () => link.sent.length > 0)
  t.same(link.types(), ['viewReset'])
  t.equal(link.rows('holds').length, 1)
})

t.test('a region that closes says goodbye and pushes no more', async (t) => {
  const { service, link, propose } = await makeServed(t)
  service.close()
  await propose(bind(1, '10.0.0.100'))
  t.same(link.types(), ['goodbye'])
  t.equal(link.closed, true)
  t.same(service.connected(), [])
})

t.test('a rack that went is declared lost, one that came back is not', async (t) => {
  const { service, controller, connect, link, lost } = await makeServed(t)
  const other = connect(RACK_2)
  other.hello(['10.0.0.3/24'])
  await until('both', () => service.connected().length === 2)
  link.onClose()
  other.onClose()
  t.same(service.connected(), [])
  t.equal(lost(RACK) + lost(RACK_2), 0, 'not at once')
  connect(RACK).hello()
  await until('declared', () => lost(RACK_2) > 0)
  t.equal(controller(RACK_2)?.connected, false)
  t.equal(lost(RACK), 0, 'though its time was up first')
  t.equal(controller(RACK)?.connected, true)
})

t.test('a newer link takes the place of the older, whose end then means nothing', async (t) => {
  const { service, link, connect, told } = await makeServed(t)
  const newer = connect(RACK)
  t.equal(link.closed, true)
  newer.hello()
  await until('registered', () => service.connected().length > 0)
  link.onClose()
  t.same(service.connected(), [RACK])
  t.equal(told('rack.disconnected'), 0)
})

t.test('a rack learns when another one comes and goes, without a new view for it', async (t) => {
  const { service, link, connect } = await makeServed(t)
  const other = connect(RACK_2)
  other.hello(['10.9.0.2/24'])
  await until('registered', () => service.connected().length > 1)
  const told = () =>
    link.sent.flatMap((message) => (message.type === 'viewChanges' ? message.changes : []))
  const racks = () => told().findLast(({ table }) => table === 'liveRacks')?.row
  await until('both', () => racks() !== undefined)
  t.same(racks(), { racks: [RACK, RACK_2].toSorted() })
  other.onClose()
  await until('one', () => told().filter(({ table }) => table === 'liveRacks').length > 1)
  t.same(racks(), { racks: [RACK] })
})

t.test(
  'the parameters of a BMC are read over the link, and no command is made of it',
  async (t) => {
    const { region, link, propose } = await makeServed(t)
    const powerParameters = { power_pass: 'hunter2' }
    await propose({ ...state.newMachine(1), powerType: 'ipmi', powerParameters })
    link.sent = []
    const before = region.proposed.length
    const systemId = '000001' as SystemId
    const command = { type: 'power.parameters', rackId: RACK_2, systemId } as const
    link.onMessage({ type: 'request', id: 3, command })
    await until('an answer', () => link.count('reply') > 0)
    const value = { systemId, powerType: 'ipmi', powerParameters }
    t.match(link.sent, [
      { type: 'reply', id: 3, reply: { ok: true, outcome: { ok: true, value } } },
    ])
    t.equal(region.proposed.length, before)
  },
)
