// Online backups: one linearizable moment, one at a time, and the way back into a node's directory.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Backups } from '#node/backups.ts'
import { openStores } from '#node/open-stores.ts'
import { seedNode } from '#node/seed.ts'
import { readOfflineState } from '#node/offline-state.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock } from '#platform/system.ts'
import { encodeEnvelope } from '#protocol/envelope.ts'
import type { Entry } from '#raft/types.ts'
import type { Command } from '#state/command.ts'
import { describeBackup, readBackup } from '#storage/backup-file.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { INITIALISE } from '#test/support/region-cluster.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })

function setUp() {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, INITIALISE)
  const backups = new Backups({ region, clock, version: '0.1.0', sliceMs: 8 })
  const put = async (name: string): Promise<void> => {
    const command = { type: 'setting.put', name: `custom/${name}`, value: name } as const
    await region.propose(command, { actor: SYSTEM_ACTOR })
  }
  return { region, backups, put }
}

async function backupFile(t: Test, made: Awaited<ReturnType<Backups['begin']>>): Promise<string> {
  const path = join(await temporaryDirectory(t), 'x.backup')
  const pieces: Uint8Array[] = []
  for await (const piece of made.bytes) pieces.push(piece)
  made.close()
  await writeFile(path, Buffer.concat(pieces))
  return path
}

/** `node.json` as a bootstrap writes it, in a new directory. */
async function nodeDirectory(t: Test, nodeId: string): Promise<string> {
  const directory = await temporaryDirectory(t)
  const node = {
    ...{ version: 1, clusterId: 'test-cluster', nodeId, host: '127.0.0.1' },
    ...{ apiPort: 1, peerPort: 2, peers: [], firstVoters: [nodeId, 'lost-1', 'lost-2'] },
  }
  await writeFile(join(directory, 'node.json'), JSON.stringify(node))
  return directory
}

t.test(
  'a backup is the moment it was begun at, whatever is written while it is read',
  async (t) => {
    const { region, backups, put } = setUp()
    await put('before')
    const made = await backups.begin()
    await put('after')
    const path = await backupFile(t, made)
    const { header } = await describeBackup(path)
    t.equal(header.revision, made.revision)
    t.equal(header.clusterId, 'test-cluster')
    t.equal(header.productVersion, '0.1.0')

    const directory = await nodeDirectory(t, 'aaaaaa')
    await seedNode(directory, 'aaaaaa', { ...header, chunks: () => readBackup(path) })
    const { state } = await readOfflineState(directory, logger)
    t.equal(state.settings.get('custom/before')?.value, 'before')
    t.equal(state.settings.has('custom/after'), false)
    t.ok(region.local().state.settings.has('custom/after'))
  },
)

t.test('one backup at a time, the next one when it was closed', async (t) => {
  const { backups } = setUp()
  const first = await backups.begin()
  await t.rejects(backups.begin(), { code: 'OVERLOADED' })
  first.close()
  ;(await backups.begin()).close()
})

t.test('a backup that cannot be begun does not stand in the way of the next', async (t) => {
  const { region, backups } = setUp()
  const read = region.read.bind(region)
  Object.assign(region, { read: () => Promise.reject(new Error('no quorum')) })
  await t.rejects(backups.begin(), /no quorum/)
  Object.assign(region, { read })
  ;(await backups.begin()).close()
})

t.test('a seeded node is the only voter and has no session, member or log of before', async (t) => {
  const { backups } = setUp()
  const path = await backupFile(t, await backups.begin())
  const { header } = await describeBackup(path)
  const directory = await nodeDirectory(t, 'bbbbbb')
  await seedNode(directory, 'bbbbbb', { ...header, chunks: () => readBackup(path) })
  const node = { ...{ version: 1, nodeId: 'bbbbbb' }, firstVoters: ['x', 'y'] } as never
  const stores = await openStores(directory, node, logger)
  t.same(stores.configuration.voters, ['bbbbbb'])
  t.equal(stores.state.sessions.size, 0)
  t.equal(stores.state.revision, header.revision)
  t.equal(stores.log.reader.lastIndex(), header.revision)
  t.same(stores.log.hardState(), { currentTerm: 1, votedFor: null, commitIndex: header.revision })
  await stores.close()
})

t.test('offline, every entry of the log counts, also behind the known commit index', async (t) => {
  const directory = await nodeDirectory(t, 'aaaaaa')
  const log = await openLevelLogStore(directory)
  const envelope = (command: Command) =>
    encodeEnvelope({
      ...{ version: 1, request: null, wall: 1, actor: SYSTEM_ACTOR, idempotency: null },
      command,
    })
  const open = { type: 'session.open', id: 's', nodeId: 'n', incarnation: 1 } as const
  const entries: Entry[] = [
    { term: 1, index: 1, kind: 'empty', stamp: 5, data: new Uint8Array(0) },
    { term: 1, index: 2, kind: 'command', stamp: 6, data: envelope(INITIALISE) },
    { term: 2, index: 3, kind: 'command', stamp: 7, data: envelope(open) },
  ]
  await log.save({
    hardState: { currentTerm: 2, votedFor: null, commitIndex: 1 },
    ...{ entries, snapshot: null },
  })
  await log.close()
  const { state, lastTerm, commitIndex, node } = await readOfflineState(directory, logger)
  t.equal(state.revision, 3)
  t.equal(state.clusterId, 'test-cluster')
  t.equal(state.sessions.size, 1)
  t.same([lastTerm, commitIndex, node.nodeId], [2, 1, 'aaaaaa'])
})
