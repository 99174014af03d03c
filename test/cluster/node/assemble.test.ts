// Three whole nodes without sockets: what a region promises its process, with nodes that die.
import t from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { RegionCluster, type TestNode, until } from '#test/support/region-cluster.ts'

const put = (node: TestNode, name: string, value: string) =>
  node.assembly.region.propose(
    { type: 'setting.put', name: `custom/${name}`, value },
    { actor: SYSTEM_ACTOR, timeoutMs: 15_000 },
  )
const setting = (node: TestNode, name: string) =>
  node.assembly.region.local().state.settings.get(`custom/${name}`)?.value

const setUp = async (
  t: { teardown: (fn: () => Promise<void>) => void },
  limits: Parameters<typeof RegionCluster.make>[0] = {},
): Promise<RegionCluster> => {
  const cluster = await RegionCluster.make(limits)
  t.teardown(() => cluster.remove())
  await cluster.open()
  return cluster
}
const applied = (cluster: RegionCluster): number[] =>
  [...cluster.nodes.values()].map((node) => node.assembly.region.local().revision)
const settled = (cluster: RegionCluster) =>
  until('all nodes applied the same', () => new Set(applied(cluster)).size === 1)

t.test('a write through any node is there for the next read on every node', async (t) => {
  const cluster = await setUp(t)
  for (const node of cluster.nodes.values()) {
    const { outcome, revision } = await put(node, `from-${node.id}`, 'x')
    t.ok(outcome.ok)
    t.ok(node.assembly.region.local().revision >= revision, 'read-your-writes here')
    for (const reader of cluster.nodes.values()) {
      await reader.assembly.region.read('linearizable')
      t.equal(setting(reader, `from-${node.id}`), 'x')
    }
  }
  await settled(cluster)
  t.equal(new Set(cluster.digests()).size, 1, 'the replicas are equal')
})

t.test('writes go on through the survivors when the leader dies, each applied once', async (t) => {
  const cluster = await setUp(t)
  const leader = cluster.leader()
  if (leader === undefined) throw new Error('no leader')
  const survivors = cluster.followers()
  const writes = survivors.flatMap((node) =>
    Array.from({ length: 50 }, (_, i) => put(node, `w-${node.id}-${i}`, String(i))),
  )
  await cluster.crash(leader.id)
  const results = await Promise.all(writes)
  t.ok(results.every(({ outcome }) => outcome.ok))
  t.equal(new Set(results.map(({ revision }) => revision)).size, 100, 'a revision each')
  await settled(cluster)
  t.equal(new Set(cluster.digests()).size, 1)
  t.same(cluster.failures, [])
})

t.test('a node cut off answers no linearizable read and takes no write', async (t) => {
  // It counts for what sets the cluster up, too, on a host that others keep busy.
  const cluster = await setUp(t, { requestTimeoutMs: 4_000 })
  const leader = cluster.leader()
  if (leader === undefined) throw new Error('no leader')
  cluster.cut.add(leader.id)
  await t.rejects(leader.assembly.region.read('linearizable'), { code: 'NO_QUORUM' })
  await t.rejects(
    leader.assembly.region.propose(
      { type: 'setting.put', name: 'custom/cut', value: 'off' },
      { actor: SYSTEM_ACTOR, timeoutMs: 700 },
    ),
    { code: 'NO_QUORUM' },
  )
  const stale = await leader.assembly.region.read('stale')
  t.equal(stale.state.clusterId, 'test-cluster')
  t.ok(stale.stalenessMs > 0)
})

t.test('a restarted node comes back with what it had and catches up', async (t) => {
  const cluster = await setUp(t)
  const [follower] = cluster.followers()
  if (follower === undefined) throw new Error('no follower')
  await put(follower, 'before', '1')
  await cluster.crash(follower.id)
  const leader = cluster.leader() ?? [...cluster.nodes.values()][0]
  if (leader === undefined) throw new Error('nobody is left')
  await put(leader, 'meanwhile', '2')
  const again = await cluster.start(follower.id)
  await cluster.openSession(again.id)
  await again.assembly.region.read('linearizable')
  t.equal(setting(again, 'before'), '1')
  t.equal(setting(again, 'meanwhile'), '2')
  await settled(cluster)
  t.equal(new Set(cluster.digests()).size, 1)
})

t.test('a follower behind the compacted log gets a snapshot, and restarts from it', async (t) => {
  const cluster = await setUp(t, {
    snapshotEntries: 50,
    snapshotLogBytesMin: 0,
    trailingEntries: 10,
  })
  const [follower] = cluster.followers()
  if (follower === undefined) throw new Error('no follower')
  await cluster.crash(follower.id)
  await until('a leader among the rest', () => cluster.leader() !== undefined)
  const writer = [...cluster.nodes.values()][0]
  if (writer === undefined) throw new Error('nobody is left')
  for (let i = 0; i < 200; i++) await put(writer, `s-${i % 20}`, String(i))
  await until('the log was cut', () =>
    [...cluster.nodes.values()].every((node) => node.stores.log.reader.firstIndex() > 50),
  )
  let resets = 0
  const again = await cluster.start(follower.id)
  again.assembly.region.watch(again.assembly.region.local().revision, {
    onBatch: () => {},
    onReset: () => resets++,
  })
  await cluster.openSession(again.id)
  await again.assembly.region.read('linearizable')
  t.equal(setting(again, 's-19'), '199')
  t.equal(resets, 1, 'watchers were told to start over')
  await settled(cluster)
  t.equal(new Set(cluster.digests()).size, 1)
  await cluster.crash(again.id)
  const third = await cluster.start(follower.id)
  t.equal(setting(third, 's-19'), '199', 'the rows of the snapshot are on disk')
  t.same(cluster.failures, [])
})

t.test('a snapshot whose transfer breaks is gone on with, not begun again', async (t) => {
  const cluster = await setUp(t, {
    snapshotEntries: 50,
    snapshotEntriesMax: 50,
    trailingEntries: 10,
  })
  const [follower] = cluster.followers()
  if (follower === undefined) throw new Error('no follower')
  await cluster.crash(follower.id)
  await until('a leader among the rest', () => cluster.leader() !== undefined)
  const writer = [...cluster.nodes.values()][0]
  if (writer === undefined) throw new Error('nobody is left')
  const puts = Array.from({ length: 700 }, (_, i) => put(writer, `s-${i}`, String(i)))
  await Promise.all(puts)
  for (let i = 0; i < 100; i++) await put(writer, `late-${i}`, String(i))
  await until('the log was cut', () =>
    [...cluster.nodes.values()].every((node) => node.stores.log.reader.firstIndex() > 700),
  )
  cluster.snapshotsToBreak = 1
  const again = await cluster.start(follower.id)
  await cluster.openSession(again.id)
  await again.assembly.region.read('linearizable')
  t.equal(setting(again, 's-699'), '699')
  t.equal(cluster.snapshotStarts[0], 0)
  t.ok((cluster.snapshotStarts[1] ?? 0) > 0, 'the second try began where the first one broke')
  await settled(cluster)
  t.equal(new Set(cluster.digests()).size, 1)
  t.same(cluster.failures, [])
})

t.test('leadership is handed over on request', async (t) => {
  const cluster = await setUp(t)
  const leader = cluster.leader()
  await leader?.assembly.region.transferLeadership(null)
  await until('another leader', () => {
    const now = cluster.leader()
    return now !== undefined && now.id !== leader?.id
  })
  const [node] = cluster.nodes.values()
  if (node === undefined) throw new Error('nobody is left')
  t.ok((await put(node, 'after', 'transfer')).outcome.ok)
})

t.test('a leader that hands over stays until the next one has committed', async (t) => {
  const cluster = await setUp(t)
  const leader = cluster.leader()
  const [next, other] = cluster.followers()
  if (leader === undefined || next === undefined || other === undefined)
    throw new Error('no leader')
  await settled(cluster)
  const before = leader.assembly.raftStatus().lastIndex
  // Without it there is no quorum but the old leader and the next one.
  cluster.cut.add(other.id)
  await leader.assembly.region.transferLeadership(next.id)
  t.match(next.assembly.raftStatus(), { role: 'leader', leader: next.id })
  t.ok(next.assembly.raftStatus().commitIndex > before, 'an entry of its own is committed')
})

t.test('a forwarded command that this version cannot read never enters the log', async (t) => {
  const cluster = await setUp(t)
  const leader = cluster.leader()
  const [follower] = cluster.followers()
  if (leader === undefined || follower === undefined) throw new Error('no leader')
  const before = leader.assembly.region.local().revision
  const envelope = new Uint8Array([0xc1, 1, 2])
  leader.assembly.onMessage(follower.id, { type: 'forward', id: 1, envelope })
  t.ok((await put(follower, 'after', 'garbage')).outcome.ok, 'the cluster goes on')
  t.equal(leader.assembly.region.local().revision, before + 1, 'only the good one was appended')
  t.same(cluster.failures, [])
})
