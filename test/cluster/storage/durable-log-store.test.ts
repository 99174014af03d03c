// Crashes between any two bytes, lying disks and failing writes, on the simulated disk; and the same store
// on LevelDB where only a wrapped database can misbehave on demand.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AppError } from '#model/errors.ts'
import type { Database } from '#storage/database.ts'
import { type DurableLogStore, openDurableLog } from '#storage/durable-log-store.ts'
import { encodeEntry } from '#storage/entry-record.ts'
import { openDatabase } from '#storage/level-database.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { entryKey } from '#storage/log-keys.ts'
import { openReceipt } from '#storage/log-receipt.ts'
import { entries, entry, hardState, logWrite, snapshotMeta } from '#test/contract/log-store.ts'
import { brokenLogStore } from '#test/support/broken-log-store.ts'
import { memoryLogStore } from '#test/support/memory-log-store.ts'
import { SimulatedDisk } from '#tools/sim/disk/simulated-disk.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

type Filled = {
  readonly disk: SimulatedDisk
  readonly store: DurableLogStore
  /** From now on a sync takes until `release`. */
  readonly holdSyncs: () => void
  readonly release: () => void
}

/** A disk with terms 1 and 2 and six entries in two synced batches. */
async function filledDisk(): Promise<Filled> {
  let held: Promise<void> = Promise.resolve()
  let release = (): void => {}
  const disk = new SimulatedDisk({ sync: () => held })
  const store = await disk.open()
  await store.save(logWrite({ hardState: hardState(1, { votedFor: 'a' }), entries: entries(1, 4) }))
  const anew = entries(3, 6, { term: 2 })
  await store.save(logWrite({ hardState: hardState(2, { votedFor: 'b' }), entries: anew }))
  const holdSyncs = (): void => {
    held = new Promise((resolve) => {
      release = resolve
    })
  }
  return { disk, store, holdSyncs, release: () => release() }
}

t.test('power lost at any byte of a save leaves all of it or none (C4)', async (t) => {
  const state = hardState(5, { votedFor: 'c' })
  const work = logWrite({ hardState: state, entries: [entry(4, { term: 5 })] })
  for (let kept = 0, bytes = Infinity; kept <= bytes; kept++) {
    const { disk, store, holdSyncs, release } = await filledDisk()
    const before = disk.syncedBytes
    holdSyncs()
    const saving = store.save(work)
    while (disk.fileBytes === before) await Promise.resolve()
    bytes = disk.fileBytes - before
    disk.losePower(kept)
    release()
    await t.rejects(saving, { code: 'STORAGE_FAILED' })
    const again = await disk.open()
    const { currentTerm, votedFor } = again.hardState()
    const seen = `${currentTerm} ${votedFor} ${again.reader.lastIndex()}`
    t.equal(seen, kept < bytes ? '2 b 6' : '5 c 4', `${kept} of ${bytes} bytes`)
  }
})

t.test('what a save resolved for outlives a power loss', async (t) => {
  const { disk, store } = await filledDisk()
  await store.save(logWrite({ entries: entries(7, 9, { term: 2 }) }))
  disk.losePower()
  const again = await disk.open()
  t.equal(again.reader.lastIndex(), 9)
})

t.test('power lost between the steps of a compaction leaves a contiguous log', async (t) => {
  const disk = new SimulatedDisk()
  const store = await disk.open()
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 1_000) }))
  const compacting = store.compact(snapshotMeta(1_000))
  while (store.reader.firstIndex() === 1) await Promise.resolve()
  disk.losePower()
  await t.rejects(compacting)
  const again = await disk.open()
  t.equal(again.reader.firstIndex(), 257)
  t.equal(again.reader.lastIndex(), 1_000)
  t.equal(again.reader.snapshot().lastIncludedIndex, 1_000)
  await again.compact(snapshotMeta(1_000))
  t.equal(again.reader.firstIndex(), 1_001)
})

t.test('a disk that lost a synced tail is refused, wherever it was cut', async (t) => {
  const { disk: probe } = await filledDisk()
  for (let kept = 0; kept < probe.syncedBytes; kept += 7) {
    const { disk } = await filledDisk()
    disk.loseTail(kept)
    await t.rejects(disk.open(), { code: 'STORAGE_DAMAGED' }, `${kept} bytes kept`)
  }
})

t.test('a flipped bit anywhere on the disk is refused', async (t) => {
  const { disk } = await filledDisk()
  for (let byte = 0; byte < disk.fileBytes; byte++) {
    disk.flipBit(byte, byte % 8)
    await t.rejects(disk.open(), { code: 'STORAGE_DAMAGED' }, `byte ${byte}`)
    disk.flipBit(byte, byte % 8)
  }
  t.equal((await disk.open()).reader.lastIndex(), 6)
})

t.test('a vote is in the synced receipt before its save resolves', async (t) => {
  const { disk, store } = await filledDisk()
  const end = disk.syncedBytes
  await store.save(logWrite({ hardState: hardState(3, { votedFor: 'c' }) }))
  disk.losePower()
  disk.loseTail(end)
  await t.rejects(disk.open(), { code: 'STORAGE_DAMAGED', message: /lost its tail/ })
})

t.test(
  'after losing power, only a receipt that was synced speaks: the un-synced one may be old',
  async (t) => {
    const { disk, store } = await filledDisk()
    const end = disk.syncedBytes
    await store.save(logWrite({ entries: [entry(7, { term: 2 })] }))
    disk.losePower()
    disk.loseTail(end)
    // Not detectable here: entries acknowledged since the last vote, lost with the power by a lying disk.
    // Peers remember the batch sequence; see the README's table.
    t.equal((await disk.open()).reader.lastIndex(), 6)
  },
)

// Found by the simulator (power lost everywhere, then one disk that had lied): 18 entries of 22 came back, and
// nothing was said, because the notes of the earlier life were gone with the power.
t.test('a log that was opened after a power loss is guarded by its receipt at once', async (t) => {
  const { disk, store } = await filledDisk()
  const end = disk.syncedBytes
  await store.save(logWrite({ entries: [entry(7, { term: 2 })] }))
  disk.losePower()
  t.equal((await disk.open()).reader.lastIndex(), 7)
  disk.killProcess()
  disk.loseTail(end)
  await t.rejects(disk.open(), { code: 'STORAGE_DAMAGED', message: /lost its tail/ })
})

t.test('the batch sequence counts every durable batch and survives', async (t) => {
  const { disk, store } = await filledDisk()
  t.equal(store.position().batchSequence, 2)
  await store.save(logWrite({}))
  await store.compact(snapshotMeta(2, 1))
  t.equal(store.position().batchSequence, 4)
  await store.close()
  t.equal((await disk.open()).position().batchSequence, 4)
})

t.test('a compaction under way stops when a received snapshot overtakes it', async (t) => {
  const disk = new SimulatedDisk()
  const store = await disk.open()
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 1_000) }))
  const compacting = store.compact(snapshotMeta(900))
  await store.save(logWrite({ hardState: hardState(2), snapshot: snapshotMeta(5_000, 2) }))
  await compacting
  t.equal(store.reader.snapshot().lastIncludedIndex, 5_000)
  t.equal(store.reader.firstIndex(), 5_001)
  await store.close()
  t.equal((await disk.open()).reader.firstIndex(), 5_001)
})

/** A LevelDB log whose database the test can make fail or lie. */
async function wrappedLevel(
  t: Test,
  change: (database: Database) => Partial<Database>,
): Promise<DurableLogStore> {
  const dir = await temporaryDirectory(t)
  const first = await openLevelLogStore(dir)
  await first.save(logWrite({ hardState: hardState(1), entries: entries(1, 20) }))
  await first.close()
  const database = await openDatabase(join(dir, 'log'))
  const receipt = await openReceipt(join(dir, 'log.receipt'), true)
  const store = await openDurableLog({ ...database, ...change(database) }, receipt, {
    path: 'log',
    cacheBytesMax: 0,
  })
  t.teardown(() => store.close())
  return store
}

t.test('LevelDB: the first failed write is final, even if the disk recovers (C2)', async (t) => {
  let failing = true
  const store = await wrappedLevel(t, (database) => ({
    batch: () => {
      const batch = database.batch()
      const write = (sync: boolean): Promise<void> =>
        failing ? Promise.reject(new Error('EIO')) : batch.write(sync)
      return { ...batch, write }
    },
  }))
  await t.rejects(store.save(logWrite({ entries: [entry(21)] })), { code: 'STORAGE_FAILED' })
  failing = false
  await t.rejects(store.save(logWrite({ entries: [entry(21)] })), { code: 'STORAGE_FAILED' })
  await t.rejects(store.compact(snapshotMeta(3)), { code: 'STORAGE_FAILED' })
  t.equal(store.reader.lastIndex(), 20)
})

t.test('LevelDB: every batch of the log is synced (C1)', async (t) => {
  const syncs: boolean[] = []
  const store = await wrappedLevel(t, (database) => ({
    batch: () => {
      const batch = database.batch()
      return {
        ...batch,
        write: (sync) => {
          syncs.push(sync)
          return batch.write(sync)
        },
      }
    },
  }))
  await store.save(logWrite({ entries: entries(21, 400) }))
  await store.compact(snapshotMeta(400))
  await store.save(logWrite({ hardState: hardState(2), snapshot: snapshotMeta(500, 2) }))
  t.same(syncs, [true, true, true, true])
})

t.test('LevelDB: a block that rots after boot is noticed when it is read (C11)', async (t) => {
  let rot: (record: Buffer) => Buffer | undefined = (record) => record
  const store = await wrappedLevel(t, (database) => ({
    getSync: (key) => {
      const record = database.getSync(key)
      return record !== undefined && key.equals(entryKey(10)) ? rot(record) : record
    },
  }))
  const readTen = (): unknown => store.reader.entries(9, 12, Infinity)
  t.equal(store.reader.entries(9, 12, Infinity).length, 3)
  rot = (record) => {
    const copy = Buffer.from(record)
    copy[45] = 0
    return copy
  }
  t.throws(readTen, { code: 'STORAGE_DAMAGED', message: /entry 10 fails its checksum/ })
  rot = () => encodeEntry(entry(10, { data: Buffer.from('another') }), 1)
  t.throws(readTen, { code: 'STORAGE_DAMAGED', message: /entry 10 was replaced/ })
  rot = () => undefined
  t.throws(readTen, { code: 'STORAGE_DAMAGED', message: /entry 10 is gone/ })
  rot = () => Buffer.alloc(3)
  t.throws(readTen, { code: 'STORAGE_DAMAGED', message: /entry 10 is cut short/ })
})

t.test('a data directory can be opened once', async (t) => {
  const dir = await temporaryDirectory(t)
  const store = await openLevelLogStore(dir)
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 3) }))
  await t.rejects(openLevelLogStore(dir), { code: 'DIRECTORY_IN_USE' })
  await store.save(logWrite({ entries: [entry(4)] }))
  await store.close()
  await store.close()
  const again = await openLevelLogStore(dir)
  t.equal(again.reader.lastIndex(), 4)
  await again.close()
})

t.test('the broken fake fails for good from the write it was told', async (t) => {
  const store = brokenLogStore(memoryLogStore(), 1)
  await store.save(logWrite({ hardState: hardState(1), entries: [entry(1)] }))
  await t.rejects(store.save(logWrite({ entries: [entry(2)] })), AppError)
  await t.rejects(store.compact(snapshotMeta(1)), { code: 'STORAGE_FAILED' })
  t.equal(store.reader.lastIndex(), 1)
})
