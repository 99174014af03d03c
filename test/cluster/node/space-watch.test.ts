// Disks that fill up under three nodes: leadership moves, writes are refused before anything breaks, a node
// at the end of its room falls behind instead of dying, and all of it ends by itself.
import t, { type Test } from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { DiskSpace } from '#storage/disk-space.ts'
import { RegionCluster, until } from '#test/support/region-cluster.ts'

t.setTimeout(120_000)

const IDS = ['aaaaaa', 'bbbbbb', 'cccccc'] as const
const PLENTY = 1e12
const LIMITS = { diskLowBytes: 1_000, diskCriticalBytes: 100, diskReserveBytes: 50 }

class FakeSpace implements DiskSpace {
  free = PLENTY
  reserved = 0
  readonly freeBytes = () => Promise.resolve(this.free)
  readonly reserve = async (bytes: number): Promise<boolean> => {
    this.reserved = bytes
    return true
  }
  readonly release = async (): Promise<void> => {
    this.reserved = 0
  }
}

async function makeCluster(t: Test) {
  const spaces = new Map(IDS.map((id) => [id as string, new FakeSpace()]))
  const cluster = await RegionCluster.make(
    { ...LIMITS, diskWatchMs: 50, reportMs: 100 },
    { remembers: true, space: (id) => spaces.get(id) ?? new FakeSpace() },
  )
  t.teardown(() => cluster.remove())
  await cluster.open()
  const space = (id: string): FakeSpace => spaces.get(id) ?? new FakeSpace()
  return { cluster, space }
}

const put = (cluster: RegionCluster, id: string, value: string) =>
  cluster
    .node(id)
    .assembly.region.propose(
      { type: 'setting.put', name: 'custom/x', value },
      { actor: SYSTEM_ACTOR, timeoutMs: 15_000 },
    )
const valueAt = (cluster: RegionCluster, id: string) =>
  cluster.node(id).assembly.region.local().state.settings.get('custom/x')?.value
const alarmOf = (cluster: RegionCluster, at: string, id: string) => {
  const { members } = cluster.node(at).assembly.region.status()
  return members.find((member) => member.id === id)?.alarm
}

t.test('a leader without room hands over, gives up its reserve, and writes go on', async (t) => {
  const { cluster, space } = await makeCluster(t)
  const first = cluster.leader()?.id ?? ''
  await until('the reserve is made', () => space(first).reserved === 50)
  space(first).free = 500
  await until('another leads', () => (cluster.leader()?.id ?? first) !== first)
  const next = cluster.leader()?.id ?? ''
  t.equal(space(first).reserved, 0)
  await until('all know', () => alarmOf(cluster, next, first) === 'low')
  await put(cluster, first, 'one')
  space(first).free = PLENTY
  await until('the alarm ended', () => alarmOf(cluster, next, first) === 'none')
  await until('the reserve is back', () => space(first).reserved === 50)
  t.same(cluster.failures, [])
})

t.test('without room at a quorum writes are refused, reads and votes go on', async (t) => {
  const { cluster, space } = await makeCluster(t)
  await put(cluster, IDS[0], 'one')
  for (const id of IDS) space(id).free = 50
  const isCritical = (at: string) => IDS.every((id) => alarmOf(cluster, at, id) === 'critical')
  await until('all know', () => IDS.every(isCritical))
  for (const id of IDS) {
    await t.rejects(put(cluster, id, 'two'), { code: 'DISK_FULL' })
    await cluster.node(id).assembly.region.read('linearizable')
    t.equal(valueAt(cluster, id), 'one')
  }
  for (const id of IDS) space(id).free = PLENTY
  await until('room for all', () => IDS.every((at) => alarmOf(cluster, at, at) === 'none'))
  await until('all know', () =>
    IDS.every((at) => IDS.every((id) => alarmOf(cluster, at, id) === 'none')),
  )
  await put(cluster, IDS[1], 'three')
  t.same(cluster.failures, [])
})

t.test('a follower at the end of its room takes no entries, and catches up later', async (t) => {
  const { cluster, space } = await makeCluster(t)
  const [full, other] = cluster.followers().map(({ id }) => id)
  if (full === undefined || other === undefined) throw new Error('two followers')
  await put(cluster, other, 'one')
  await until('applied', () => valueAt(cluster, full) === 'one')
  space(full).free = 50
  await until('it knows', () => alarmOf(cluster, full, full) === 'critical')
  const endOf = (id: string) => cluster.node(id).stores.position().lastIndex
  const last = endOf(full)
  for (const value of ['two', 'three', 'four']) await put(cluster, other, value)
  await cluster.node(other).assembly.region.read('linearizable')
  t.equal(endOf(full), last, 'nothing was written there')
  t.equal(cluster.node(full).assembly.region.status().leader, cluster.leader()?.id, 'it follows')
  space(full).free = PLENTY
  await until('caught up', () => valueAt(cluster, full) === 'four')
  t.same(cluster.failures, [])
})
