// Three nodes over real files that remember each other: a node whose disk lost something finds out before it
// votes, is brought back by the leader, and votes again; where a quorum forgot, nobody guesses.
import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FIRST_LEVELS, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { openDisk } from '#node/disk.ts'
import type { NodeFile } from '#node/node-file.ts'
import { PeerDoor, type PeerDoorParts } from '#node/peer-door.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { Rejoin } from '#node/rejoin.ts'
import { makeLogger } from '#platform/logger.ts'
import { makeMetrics } from '#platform/metrics.ts'
import { systemClock, systemScheduler } from '#platform/system.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { RegionCluster, until } from '#test/support/region-cluster.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.setTimeout(120_000)

const IDS = ['aaaaaa', 'bbbbbb', 'cccccc'] as const
const DATA = ['log', 'log.receipt', 'snapshots', 'state']

async function makeCluster(t: Test): Promise<RegionCluster> {
  const cluster = await RegionCluster.make({ requestTimeoutMs: 4_000 }, { remembers: true })
  t.teardown(() => cluster.remove())
  await cluster.open()
  return cluster
}

async function put(cluster: RegionCluster, id: string, value: string): Promise<void> {
  // As a started process does before it serves; opened again it changes nothing.
  await cluster.openSession(id)
  const { outcome } = await cluster
    .node(id)
    .assembly.region.propose(
      { type: 'setting.put', name: 'custom/x', value },
      { actor: SYSTEM_ACTOR, timeoutMs: 15_000 },
    )
  if (!outcome.ok) throw new Error(outcome.message)
}

const valueAt = (cluster: RegionCluster, id: string): unknown =>
  cluster.node(id).assembly.region.local().state.settings.get('custom/x')?.value

const conditionOf = (cluster: RegionCluster, id: string): string | undefined => {
  const { members } = cluster.node(id).assembly.region.status()
  return members.find((member) => member.id === id)?.condition
}

const follower = (cluster: RegionCluster): string => cluster.followers()[0]?.id ?? ''

/** Events of a node since its last `node.lost_memory`. */
function eventsSinceLoss(cluster: RegionCluster, id: string): readonly unknown[] {
  const own = cluster.lines.filter(({ node }) => node === id).map(({ event }) => event)
  return own.slice(own.lastIndexOf('node.lost_memory'))
}

async function restart(cluster: RegionCluster, ids: readonly string[]): Promise<void> {
  for (const id of ids) await cluster.start(id)
}

async function isBack(cluster: RegionCluster, t: Test, id: string, value: string): Promise<void> {
  await until(`${id} votes again`, () => conditionOf(cluster, id) === 'ok')
  await until(`${id} has all`, () => valueAt(cluster, id) === value)
  const events = eventsSinceLoss(cluster, id)
  t.equal(events[0], 'node.lost_memory')
  const before = events.slice(0, events.indexOf('node.reseeded'))
  t.notOk(before.includes('raft.voted'), 'it voted for nobody before')
  t.same(cluster.failures, [])
}

t.test('a wiped node does not vote, is re-seeded, and then is the vote that decides', async (t) => {
  const cluster = await makeCluster(t)
  const id = follower(cluster)
  await put(cluster, id, 'one')
  await cluster.crash(id)
  for (const name of DATA) await rm(join(cluster.directory(id), name), { recursive: true })
  await restart(cluster, [id])
  await isBack(cluster, t, id, 'one')
  const leader = cluster.leader()?.id ?? ''
  await cluster.crash(leader)
  await put(cluster, id, 'two')
  t.equal(valueAt(cluster, id), 'two')
})

t.test('a node set back to an older image of its directory is told so by the others', async (t) => {
  const cluster = await makeCluster(t)
  const id = follower(cluster)
  await put(cluster, id, 'one')
  await cluster.crash(id)
  const image = join(cluster.directory(id), '..', `${id}.image`)
  await cp(cluster.directory(id), image, { recursive: true })
  await restart(cluster, [id])
  await put(cluster, id, 'two')
  await until('applied', () => valueAt(cluster, id) === 'two')
  await cluster.crash(id)
  await rm(cluster.directory(id), { recursive: true })
  await cp(image, cluster.directory(id), { recursive: true })
  await restart(cluster, [id])
  await isBack(cluster, t, id, 'two')
  const lost = cluster.lines.findLast(({ event }) => event === 'node.lost_memory')
  t.match(lost?.['why'], /remembers that/)
})

t.test('all nodes killed at once come up by themselves: memory and disks agree', async (t) => {
  const cluster = await makeCluster(t)
  await put(cluster, IDS[0], 'one')
  for (const id of IDS) await cluster.crash(id)
  const first = new Map<string, string>()
  cluster.onSend = (from, to, { type }) => {
    // Answers claim nothing, nor does a report before the disk is judged.
    if (type === 'recalled' || type === 'report' || first.has(`${from} ${to}`)) return
    first.set(`${from} ${to}`, type)
  }
  await restart(cluster, IDS)
  await until('a leader', () => cluster.leader() !== undefined)
  for (const id of IDS) await until(`${id} has it`, () => valueAt(cluster, id) === 'one')
  t.notOk(cluster.lines.some(({ event }) => event === 'node.lost_memory'))
  t.same(new Set(first.values()), new Set(['recall']), 'the question is ahead of all claims')
  t.same(cluster.failures, [])
})

t.test('two of three start without the third: as many as decide anything are enough', async (t) => {
  const cluster = await makeCluster(t)
  await put(cluster, IDS[0], 'one')
  for (const id of IDS) await cluster.crash(id)
  await restart(cluster, IDS.slice(0, 2))
  await put(cluster, IDS[0], 'two')
  t.equal(valueAt(cluster, IDS[0]), 'two')
})

t.test('where a quorum was wiped nobody leads, and the third keeps what there is', async (t) => {
  const cluster = await makeCluster(t)
  await put(cluster, IDS[0], 'one')
  await until('the third has it', () => valueAt(cluster, IDS[2]) === 'one')
  for (const id of IDS) await cluster.crash(id)
  for (const id of IDS.slice(0, 2)) {
    for (const name of DATA) await rm(join(cluster.directory(id), name), { recursive: true })
  }
  await restart(cluster, IDS)
  await until('the third has asked', () => conditionOf(cluster, IDS[2]) === 'ok')
  // Several elections long, none of which anybody helps.
  const read = cluster.node(IDS[2]).assembly.region.read('linearizable')
  await t.rejects(read, { code: 'NO_QUORUM' })
  t.equal(cluster.leader(), undefined)
  t.same(
    IDS.map((id) => conditionOf(cluster, id)),
    ['reseeding', 'reseeding', 'ok'],
  )
  t.equal(valueAt(cluster, IDS[2]), 'one')
})

t.test('two wiped nodes without the third found no second cluster', async (t) => {
  const cluster = await makeCluster(t)
  await put(cluster, IDS[0], 'one')
  for (const id of IDS) await cluster.crash(id)
  for (const id of IDS.slice(0, 2)) {
    for (const name of [...DATA, 'peer-memory.json']) {
      await rm(join(cluster.directory(id), name), { recursive: true })
    }
  }
  await restart(cluster, IDS.slice(0, 2))
  const read = cluster.node(IDS[0]).assembly.region.read('linearizable')
  await t.rejects(read, { code: 'NO_QUORUM' })
  await restart(cluster, IDS.slice(2))
  await until('all have started', () => conditionOf(cluster, IDS[2]) === 'ok')
  t.same(
    IDS.map((id) => conditionOf(cluster, id)),
    ['reseeding', 'reseeding', 'ok'],
  )
  t.equal(cluster.leader(), undefined)
})

t.test('a damaged log is kept aside, and the node is re-seeded', async (t) => {
  const cluster = await makeCluster(t)
  const id = follower(cluster)
  await put(cluster, id, 'one')
  await cluster.crash(id)
  await rm(join(cluster.directory(id), 'log', 'CURRENT'))
  await restart(cluster, [id])
  await isBack(cluster, t, id, 'one')
  const aside = await readdir(join(cluster.directory(id), 'damaged'))
  t.equal(aside.length, 1)
  const kept = await readdir(join(cluster.directory(id), 'damaged', aside[0] ?? ''))
  t.same(kept.toSorted(), DATA)
  t.equal(cluster.lines.filter(({ event }) => event === 'node.damaged_data_set_aside').length, 1)
})

t.test('a peer is asked once ahead of claims, and again on a new connection', async (t) => {
  const sent: string[] = []
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, 'initialise.json'), '{}')
  const peers = IDS.map((id) => ({ id, host: '127.0.0.1', port: 1, apiUrl: '' }))
  const node: NodeFile = {
    ...{ version: 1, clusterId: 'x', nodeId: IDS[0], host: '', apiPort: 1, peerPort: 1, peers },
    firstVoters: IDS,
  }
  const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })
  const disk = await openDisk({ dir, node, incarnation: 7, logger })
  t.teardown(() => disk.stores.close())
  const rejoin = new Rejoin({
    ...{ nodeId: IDS[0], disk, logger, clock: systemClock, metrics: makeMetrics() },
    scheduler: systemScheduler,
    peers: () => IDS,
    send: (to, { type }) => sent.push(`${type} ${to}`) > 0,
    core: {
      configuration: () => ({ index: 0, configuration: disk.stores.configuration }),
      term: () => 0,
      ...{ start: () => {}, forget: () => {}, recover: () => {}, hasRecovered: () => false },
    },
    caughtUp: () => Promise.resolve(),
    ...{ onChange: () => {}, onFailure: () => {} },
  })
  rejoin.introduce(IDS[1])
  rejoin.introduce(IDS[1])
  t.same(sent, [`recall ${IDS[1]}`])
  rejoin.onDisconnected(IDS[1])
  rejoin.introduce(IDS[1])
  t.equal(sent.length, 2, 'the first may have been lost')
  rejoin.onRecalled(IDS[1], { type: 'recalled', incarnation: 6, claims: null, term: 0 })
  rejoin.onDisconnected(IDS[1])
  rejoin.introduce(IDS[1])
  t.equal(sent.length, 3, 'an answer to an earlier life is none')
  rejoin.onRecalled(IDS[1], { type: 'recalled', incarnation: 7, claims: null, term: 0 })
  rejoin.onDisconnected(IDS[1])
  rejoin.introduce(IDS[1])
  t.equal(sent.length, 3)
})

/** A sound disk of a node of three, and what its way into the cluster did. */
async function verifying(t: Test) {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'initialise.json'), '{}')
  const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })
  const peers = IDS.map((id, i) => ({ id, host: '127.0.0.1', port: i + 1, apiUrl: '' }))
  const node = { clusterId: 'c', nodeId: IDS[0], peers, firstVoters: IDS } as unknown as NodeFile
  const disk = await openDisk({ dir: directory, node, incarnation: 7, logger })
  t.teardown(() => disk.stores.close())
  const clock = makeFakeClock()
  const did: string[] = []
  const sent: string[] = []
  let tick = (): void => {}
  const every = (_ms: number, task: () => void) => {
    tick = task
    return () => {}
  }
  const rejoin = new Rejoin({
    ...{ nodeId: IDS[0], disk, logger, clock, metrics: makeMetrics() },
    scheduler: { ...systemScheduler, every },
    peers: () => IDS,
    send: (to, { type }) => sent.push(`${type} ${to}`) > 0,
    core: {
      configuration: () => ({ index: 0, configuration: disk.stores.configuration }),
      term: () => 0,
      start: () => void did.push('takes part'),
      forget: () => void did.push('forgets'),
      ...{ recover: () => {}, hasRecovered: () => false },
    },
    caughtUp: () => Promise.resolve(),
    ...{ onChange: () => {}, onFailure: () => {} },
  })
  rejoin.start()
  const hear = (from: string, batchSequence: number | null) => {
    const early = { incarnation: 6, epoch: 0, term: 0, ackedTerm: 0, ackedIndex: 0 }
    const claims = batchSequence === null ? null : { ...early, batchSequence }
    rejoin.onRecalled(from, { type: 'recalled', incarnation: 7, claims, term: 0 })
  }
  const pass = (ms: number): void => {
    clock.advance(ms)
    tick()
  }
  return { rejoin, sent, did, hear, pass }
}

t.test('a node takes part at once when every voter has answered', async (t) => {
  const { did, hear } = await verifying(t)
  hear(IDS[1], null)
  t.same(did, [])
  hear(IDS[2], null)
  t.same(did, ['takes part'])
})

t.test('a node waits two seconds for a voter that does not answer, not for ever', async (t) => {
  const { did, hear, pass } = await verifying(t)
  hear(IDS[1], null)
  pass(1_999)
  t.same(did, [])
  pass(1)
  t.same(did, ['takes part'])
})

// Seen on a busy host: the other follower knew nothing of the newest batches, the leader answered later.
t.test('a slow answer that contradicts the disk comes before the node takes part', async (t) => {
  const { did, hear, pass } = await verifying(t)
  hear(IDS[1], null)
  pass(1_500)
  hear(IDS[2], 90)
  await until('it takes part', () => did.includes('takes part'))
  t.equal(did[0], 'forgets')
})

t.test(
  'whoever speaks to a node that is not sure of its disk is asked, known or not',
  async (t) => {
    const { rejoin, sent, pass } = await verifying(t)
    t.notOk(sent.includes('recall zzzzzz'))
    rejoin.onHeard('zzzzzz')
    pass(100)
    t.ok(sent.includes('recall zzzzzz'))
  },
)

t.test(
  'a peer of the first version is counted as one without a memory, and not asked',
  async (t) => {
    const { rejoin, sent, did } = await verifying(t)
    const door = new PeerDoor({
      rejoin,
      platform: { logger: makeLogger({ level: 'error', write: () => {}, clock: systemClock }) },
      report: () => {},
    } as unknown as PeerDoorParts)
    sent.length = 0
    for (const id of IDS.slice(1)) door.onConnection(id, true, false, FIRST_LEVELS)
    t.same(did, ['takes part'])
    t.same(sent, [])
    rejoin.onDisconnected(IDS[1])
    door.onConnection(IDS[1], true, false, SUPPORTED_LEVELS)
    t.same(sent, [`recall ${IDS[1]}`], 'upgraded, it may remember from now on')
  },
)
