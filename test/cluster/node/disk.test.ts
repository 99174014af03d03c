// What a node makes of the disk it finds: believe it, keep it aside and start empty, or not start at all.
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Disk, openDisk, positionOf } from '#node/disk.ts'
import { readLoss, writeLoss } from '#node/loss-file.ts'
import { JOINED_MARK, type NodeFile } from '#node/node-file.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock } from '#platform/system.ts'
import { encodeRow } from '#protocol/rows.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import { entry } from '#test/support/raft-messages.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const peers = (ids: readonly string[]) =>
  ids.map((id) => ({ id, host: '127.0.0.1', port: 1, apiUrl: 'http://127.0.0.1:1' }))

function nodeFile(ids: readonly string[]): NodeFile {
  return {
    ...{ version: 1, clusterId: 'x', nodeId: 'a', host: '127.0.0.1', apiPort: 1, peerPort: 1 },
    ...{ peers: peers(ids), firstVoters: ids },
  }
}

async function open(t: Test, dir: string, life: number, ids = ['a', 'b', 'c']): Promise<Disk> {
  const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })
  const disk = await openDisk({ dir, node: nodeFile(ids), incarnation: life, logger })
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => (closing ??= disk.stores.close())
  t.teardown(close)
  return { ...disk, stores: { ...disk.stores, close } }
}

/** A log with one batch, closed again. */
async function makeNode(t: Test, ids = ['a', 'b', 'c']): Promise<string> {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, 'initialise.json'), '{}')
  const { stores, lost } = await open(t, dir, 1, ids)
  t.equal(lost, null, 'a new node has nothing to lose')
  const hardState = { currentTerm: 3, votedFor: 'b', commitIndex: 0 }
  await stores.log.save({ hardState, entries: [], snapshot: null })
  await stores.close()
  await rm(join(dir, 'initialise.json'))
  return dir
}

const damage = (dir: string) => rm(join(dir, 'log', 'CURRENT'))

t.test(
  'a node that has just joined has nothing to lose; without its mark it may have',
  async (t) => {
    const dir = await temporaryDirectory(t)
    await writeFile(join(dir, JOINED_MARK), '')
    const { stores, lost } = await open(t, dir, 1)
    t.equal(lost, null)
    await stores.close()
    await rm(join(dir, JOINED_MARK))
    t.not((await open(t, dir, 2)).lost, null)
  },
)

t.test('a sound disk is believed, and says how far it is', async (t) => {
  const dir = await makeNode(t)
  const disk = await open(t, dir, 2)
  t.equal(disk.lost, null)
  t.match(positionOf(disk), { incarnation: 2, epoch: 0, batchSequence: 1, term: 3, votedFor: 'b' })
})

t.test('an empty log that is not a new node’s has lost everything', async (t) => {
  const dir = await makeNode(t)
  for (const name of ['log', 'log.receipt']) await rm(join(dir, name), { recursive: true })
  const disk = await open(t, dir, 2)
  t.match(disk.lost, /empty/)
  t.match(positionOf(disk), { epoch: 2, batchSequence: 0 })
  t.match(await readLoss(dir), { epoch: 2 })
})

t.test('a loss stands until it is recorded as made good, and leaves its epoch', async (t) => {
  const dir = await makeNode(t)
  await damage(dir)
  const { stores } = await open(t, dir, 2)
  const hardState = { currentTerm: 1, votedFor: null, commitIndex: 0 }
  await stores.log.save({ hardState, entries: [], snapshot: null })
  await stores.close()
  const again = await open(t, dir, 3)
  t.match(again, { lost: /LevelDB|missing/, epoch: 3 }, 'whatever it has received since')
  await again.stores.close()
  await writeLoss(dir, { version: 1, epoch: 3, why: null, isWrong: false })
  t.match(await open(t, dir, 4), { lost: null, epoch: 3 })
})

t.test('a record of a loss that cannot be read is one', async (t) => {
  const dir = await makeNode(t)
  for (const text of ['', '{', '{"version":2}', 'null', '{"version":1,"epoch":"x","why":null}']) {
    await writeFile(join(dir, 'loss.json'), text)
    t.match((await readLoss(dir)).why, /cannot be read/, text)
  }
})

t.test('damaged files are kept, those of the last two losses', async (t) => {
  const dir = await makeNode(t)
  for (const life of [2, 3, 10]) {
    await damage(dir)
    const disk = await open(t, dir, life)
    t.match(disk.lost, /LevelDB|missing/)
    await disk.stores.close()
  }
  t.same((await readdir(join(dir, 'damaged'))).toSorted(), ['10', '3'])
  const kept = await readdir(join(dir, 'damaged', '3'))
  t.same(kept.toSorted(), ['log', 'log.receipt', 'snapshots', 'state'])
})

t.test('a node without others does not start on damage, and nothing is moved', async (t) => {
  const dir = await makeNode(t, ['a'])
  await damage(dir)
  const before = await readdir(dir)
  await t.rejects(open(t, dir, 2, ['a']), { code: 'STORAGE_DAMAGED', message: /restore a backup/ })
  t.same(await readdir(dir), before)
})

t.test('nor on a log that is gone', async (t) => {
  const dir = await makeNode(t, ['a'])
  for (const name of ['log', 'log.receipt']) await rm(join(dir, name), { recursive: true })
  await t.rejects(open(t, dir, 2, ['a']), { code: 'STORAGE_DAMAGED', message: /restore a backup/ })
  t.match(await readLoss(dir), { why: null })
})

t.test('the data of another cluster are refused, not replaced', async (t) => {
  const dir = await makeNode(t)
  const { stores } = await open(t, dir, 2)
  await stores.log.save({ hardState: null, entries: [entry(1, 3)], snapshot: null })
  const configuration = configurationOf(['a'])
  const foreign = { name: 'cluster', id: 'other', createdWall: 0 }
  await stores.rows.write({
    ...{ appliedIndex: 1, stamp: 1, deletes: [] },
    puts: [
      { table: 'meta', key: 'meta', value: encodeRow({ configuration }) },
      { table: 'cluster', key: 'cluster', value: encodeRow(foreign) },
    ],
  })
  await stores.close()
  await t.rejects(open(t, dir, 3), { code: 'CLUSTER_MISMATCH' })
  t.ok((await readdir(dir)).includes('log'))
  t.match(await readLoss(dir), { epoch: 0, why: null })
})

t.test('data that are whole and wrong are set aside at the next start, once', async (t) => {
  const dir = await makeNode(t)
  await writeLoss(dir, { version: 1, epoch: 0, why: 'its state differs', isWrong: true })
  const disk = await open(t, dir, 2)
  t.match(disk.lost, /differs/)
  t.equal(positionOf(disk).batchSequence, 0)
  t.same(await readdir(join(dir, 'damaged')), ['2'])
  await disk.stores.close()
  const again = await open(t, dir, 3)
  t.match(again.lost, /differs/)
  t.same(await readdir(join(dir, 'damaged')), ['2'])
})
