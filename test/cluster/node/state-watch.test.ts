// A node whose state is not the others' is found, stops, is named and recorded; the next start re-seeds it.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { RegionCluster, until } from '#test/support/region-cluster.ts'

t.setTimeout(120_000)

const EVENT = {
  ...{ type: 'event.record' as const, systemId: null, username: '', level: 'INFO' as const },
  ...{ eventType: 'test', description: '' },
}
const put = (cluster: RegionCluster, id: string, name: string) =>
  cluster
    .node(id)
    .assembly.region.propose(
      { type: 'setting.put', name: `custom/${name}`, value: name },
      { actor: SYSTEM_ACTOR, timeoutMs: 15_000 },
    )

async function makeCluster(t: { teardown: (fn: () => Promise<void>) => void }) {
  const few = { snapshotEntries: 8, snapshotEntriesMax: 8, trailingEntries: 2 }
  const limits = { stateHashEntries: 10, reportMs: 100, ...few }
  const cluster = await RegionCluster.make(limits, { remembers: true })
  t.teardown(() => cluster.remove())
  await cluster.open()
  return cluster
}

const conditionsAt = (cluster: RegionCluster, id: string) =>
  new Map(
    cluster
      .node(id)
      .assembly.region.status()
      .members.map((each) => [each.id, each.condition]),
  )

t.test('equal replicas are left alone, one that came by a snapshot too', async (t) => {
  const cluster = await makeCluster(t)
  const id = cluster.followers()[0]?.id ?? ''
  for (let i = 0; i < 15; i++) await put(cluster, id, `a${i}`)
  // Its rows come by a snapshot; their hashes must be those of rows that grew here.
  await cluster.crash(id)
  for (const name of ['log', 'log.receipt', 'snapshots', 'state']) {
    await rm(join(cluster.directory(id), name), { recursive: true })
  }
  await cluster.start(id)
  await until('it votes', () => conditionsAt(cluster, id).get(id) === 'ok')
  t.ok(cluster.lines.some(({ event }) => event === 'raft.snapshot_restored'))
  await cluster.openSession(id)
  for (let i = 0; i < 25; i++) await put(cluster, id, `b${i}`)
  const hashed = () =>
    [...cluster.nodes.values()].map(({ assembly }) => assembly.stateHashes.at(-1)?.index ?? 0)
  await until('all have hashed', () => Math.min(...hashed()) >= 40)
  const values = [...cluster.nodes.values()].map(({ assembly }) => assembly.stateHashes)
  const common = values.map((hashes) => hashes.find(({ index }) => index === Math.min(...hashed())))
  t.equal(new Set(common.map((hash) => hash?.value)).size, 1)
  t.same([...new Set(conditionsAt(cluster, id).values())], ['ok'])
  t.same(cluster.failures, [])
})

t.test('a node that differs stops, is named, and is re-seeded by its next start', async (t) => {
  const cluster = await makeCluster(t)
  const [wrong, right] = cluster.followers().map(({ id }) => id)
  if (wrong === undefined || right === undefined) throw new Error('two followers')
  await put(cluster, right, 'x')
  await until('applied', () => {
    return cluster.node(wrong).assembly.region.local().state.settings.has('custom/x')
  })
  // What a flipped bit in memory would do: what is computed from the row is wrong from here on.
  const { state } = cluster.node(wrong).assembly.region.local()
  const last = state.counters.get('events')?.last ?? 0
  state.load('counters', 'events', { name: 'events', last: last + 16 })
  const { region: rightRegion } = cluster.node(right).assembly
  await rightRegion.propose(EVENT, { actor: SYSTEM_ACTOR })
  for (let i = 0; i < 25; i++) await put(cluster, right, `y${i}`)
  await until('it knows', () => conditionsAt(cluster, wrong).get(wrong) === 'diverged')
  await until('others name it', () => conditionsAt(cluster, right).get(wrong) === 'diverged')
  const { region } = cluster.node(wrong).assembly
  await t.rejects(region.read('stale'), { code: 'STATE_DIVERGED' })
  await t.rejects(put(cluster, wrong, 'z'), { code: 'STATE_DIVERGED' })
  const recorded = () =>
    [...cluster.node(right).assembly.region.local().state.events.values()].some(
      ({ type, description }) => type === 'region_state_differs' && description.includes(wrong),
    )
  await until('an event says so', recorded)
  await cluster.crash(wrong)
  await cluster.start(wrong)
  await until('it is back', () => conditionsAt(cluster, wrong).get(wrong) === 'ok')
  const settings = cluster.node(wrong).assembly.region.local().state.settings
  t.equal(settings.get('custom/x')?.value, 'x')
  t.equal(settings.get('custom/y24')?.value, 'y24')
  const lastAt = (id: string) =>
    cluster.node(id).assembly.region.local().state.counters.get('events')?.last
  t.equal(lastAt(wrong), lastAt(right), 'nothing of the wrong state is left')
  t.ok(cluster.lines.some(({ node, event }) => node === wrong && event === 'node.reseeded'))
  t.same(cluster.failures, [])
})
