// What a new cluster takes over from an old one's rows, and what its first command makes of them.
import t from 'tap'
import type { CommandOf } from '#state/command.ts'
import { rowForNewCluster } from '#state/restore.ts'
import { dump, restore } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import { Lab, RACK } from '#test/support/region-state.ts'

const RESTORE: CommandOf<'cluster.restore'> = {
  type: 'cluster.restore',
  ...{ clusterId: 'new', fromClusterId: 'old', joinTokenDigest: 'new-token', quarantine: true },
  admin: { username: 'restored-1', email: '', isSuperuser: true, passwordHash: 'h' },
  apiKey: { tokenKey: 't2', tokenSecret: 's2', consumerKey: 'c2', name: 'k' },
}

/** A lived-in cluster `old`; then its rows as the new one begins with them. */
function setUp() {
  const old = new Lab()
  old.ok({
    type: 'cluster.initialise',
    clusterId: 'old',
    admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: 'p' },
    apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'k' },
    joinTokenDigest: 'old-token',
  })
  old.ok({ type: 'session.open', id: 's1', nodeId: 'n', incarnation: 1 })
  old.ok({
    type: 'region.register',
    ...{ systemId: 'region' as never, hostname: 'r', version: '1', apiUrl: 'u' },
    ...{ peerAddress: 'p', incarnation: 1 },
  })
  old.ok({
    type: 'rack.register',
    ...{ systemId: RACK, hostname: 'k', version: '1', architecture: 'amd64', cpuCount: 1 },
    ...{ memoryMib: 1, incarnation: 1, interfaces: [] },
  })
  old.ok({ type: 'setting.put', name: 'custom/kept', value: 'yes' })
  return { old, lab: takenOver(old) }
}

function takenOver(old: Lab): Lab {
  const rows = [...dump(old.state)].map(rowForNewCluster).filter((row) => row !== null)
  const lab = new Lab()
  lab.state = restore(rows)
  lab.stamp = old.stamp
  return lab
}

t.test('the new cluster has none of the files of the old one: uploads begin anew', async (t) => {
  const { old } = setUp()
  const nodeId = 'region' as never
  const sha256 = 'a'.repeat(64)
  const files = [{ kind: 'squashfs', filename: 'squashfs', sha256, sizeBytes: 9 }] as const
  const image = { name: 'custom/a', architecture: 'amd64/generic', title: 't' }
  old.ok({ type: 'bootResource.put', ...image, files })
  old.ok({ type: 'bootFiles.report', nodeId, sha256s: [sha256] })
  const lab = takenOver(old)
  t.ok(first(lab, RESTORE).ok)
  t.equal(lab.state.bootFileHolders.size, 0)
  lab.send(lab.envelope({ type: 'session.open', id: 's1', nodeId: 'm', incarnation: 1 }))
  lab.ok({
    ...{ type: 'bootUpload.begin', ...image, kind: 'squashfs', sha256, sizeBytes: 9 },
    ...{ baseImage: '', version: '1' },
  })
  t.equal(lab.state.bootUploads.size, 1)
})

/** By no session, as a first command is. */
function first(lab: Lab, command: CommandOf<'cluster.restore'>) {
  return lab.send(lab.envelope(command)).outcome
}

t.test(
  'processes, members and secrets of the old cluster stay behind, all else is taken',
  async (t) => {
    const { old, lab } = setUp()
    const { state } = lab
    t.equal(state.clusterId, '')
    const left: (keyof RegionState)[] = ['sessions', 'sessionOutcomes', 'joinTokens']
    for (const table of left) t.equal((state[table] as { size: number }).size, 0, table)
    t.equal(state.controllers.get('region' as never), undefined)
    t.equal(state.controllers.get(RACK)?.connected, false)
    t.equal(state.settings.get('custom/kept')?.value, 'yes')
    t.equal(state.users.size, 1)
    t.equal(state.apiKeys.get('t')?.tokenSecret, 's')
    t.equal(state.events.size, old.state.events.size)
    t.equal(state.revision, old.state.revision)
  },
)

t.test('the first command gives identity and access, and keeps what users have', async (t) => {
  const { lab } = setUp()
  t.same(first(lab, RESTORE), { ok: true, value: null })
  const { state } = lab
  t.equal(state.clusterId, 'new')
  t.same([...state.joinTokens.keys()], ['new-token'])
  t.equal(state.users.size, 2)
  t.equal(state.usersByUsername.first('admin')?.passwordHash, 'p')
  t.equal(state.apiKeys.get('t2')?.userId, state.usersByUsername.first('restored-1')?.id)
  t.match([...state.events.values()].at(-1), { type: 'Cluster restored', level: 'WARNING' })
})

t.test('leases wait until the longest promise of the old cluster is over (§5)', async (t) => {
  const { lab } = setUp()
  first(lab, RESTORE)
  const dayOfLease = Math.ceil((86_400_000 * 11) / 9) + 60_000
  t.equal(lab.state.cluster.get('cluster')?.restoreUntil, lab.stamp + dayOfLease)
})

t.test('an operator may take the risk, but not shorten an earlier quarantine', async (t) => {
  const { lab } = setUp()
  first(lab, { ...RESTORE, quarantine: false })
  t.equal(lab.state.cluster.get('cluster')?.restoreUntil, 0)
  const again = setUp().lab
  first(again, RESTORE)
  const until = again.state.cluster.get('cluster')?.restoreUntil
  const third = takenOver(again)
  first(third, {
    ...RESTORE,
    clusterId: 'third',
    fromClusterId: 'new',
    quarantine: false,
    admin: { ...RESTORE.admin, username: 'r3' },
    apiKey: { ...RESTORE.apiKey, tokenKey: 't3' },
  })
  t.equal(third.state.clusterId, 'third')
  t.equal(third.state.cluster.get('cluster')?.restoreUntil, until)
})

t.test('the same command again changes nothing, another cluster is refused', async (t) => {
  const { lab } = setUp()
  first(lab, RESTORE)
  t.equal(first(lab, RESTORE).ok, true)
  t.equal(lab.state.users.size, 2)
  t.match(first(lab, { ...RESTORE, clusterId: 'other' }), { ok: false, code: 'CONFLICT' })
  t.equal(lab.state.clusterId, 'new')
})

t.test('the feature level rises and never falls, also through a restore', async (t) => {
  const { old } = setUp()
  t.equal(old.state.featureLevel, 1)
  old.ok({ type: 'cluster.raiseLevel', level: 2 })
  t.equal(old.refused({ type: 'cluster.raiseLevel', level: 2 }).code, 'CONFLICT')
  t.equal(old.refused({ type: 'cluster.raiseLevel', level: 1 }).code, 'CONFLICT')
  t.equal(old.refused({ type: 'cluster.raiseLevel', level: 2.5 }).code, 'CONFLICT')
  const lab = new Lab()
  lab.state = restore([...dump(old.state)].map(rowForNewCluster).filter((row) => row !== null))
  lab.stamp = old.stamp
  first(lab, RESTORE)
  t.equal(lab.state.featureLevel, 2)
})

t.test('tenures and reserves of the old cluster stay behind', async (t) => {
  const rows = [
    { table: 'tenures', key: RACK, row: { rackId: RACK } },
    { table: 'reserves', key: 1, row: { ip: 1 } },
  ] as never[]
  t.same(rows.map(rowForNewCluster), [null, null])
})
