// Real files, really damaged: what LevelDB would open without a word, this node must refuse (D4,
// raft-features §2), and what a kill -9 leaves it must accept.
import {
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { entries, entry, hardState, logWrite, snapshotMeta } from '#test/contract/log-store.ts'
import { frameRecord } from '#tools/sim/disk/simulated-disk-wal.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { findDrop } from '#storage/drop-lines.ts'
import { openDatabase } from '#storage/level-database.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { entryKey, TAIL_KEY } from '#storage/log-keys.ts'
import { sealJson, unsealJson } from '#storage/log-meta.ts'
import { openReceipt } from '#storage/log-receipt.ts'
import { scanWal } from '#storage/wal-scan.ts'

type Damaged = { readonly dir: string; readonly wal: string }

/** A log of `saves` saves of ten entries, as a kill -9 leaves it: everything in the write-ahead file. */
async function killedLog(t: Test, saves = 2, dataBytes = 20): Promise<Damaged> {
  const live = await temporaryDirectory(t)
  const store = await openLevelLogStore(live)
  await store.save(logWrite({ hardState: hardState(1, { votedFor: 'a' }) }))
  for (let i = 0; i < saves; i++) {
    const data = Buffer.alloc(dataBytes, i + 1)
    await store.save(logWrite({ entries: entries(i * 10 + 1, i * 10 + 10, { data }) }))
  }
  // A resolved save is in the receipt soon after; the copy stands for the moment after that.
  await settled(join(live, 'log.receipt'))
  const dir = await temporaryDirectory(t)
  await copyTree(live, dir)
  await store.close()
  return { dir, wal: await newestLog(dir) }
}

/** The receipt is written without being waited for; ask until it stops changing. */
async function settled(path: string): Promise<void> {
  for (let before = ''; ; ) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = (await readFile(path)).toString('hex')
    if (now === before) return
    before = now
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(join(to, 'log'), { recursive: true })
  await copyFile(join(from, 'log.receipt'), join(to, 'log.receipt'))
  for (const name of await readdir(join(from, 'log'))) {
    if (name !== 'LOCK') await copyFile(join(from, 'log', name), join(to, 'log', name))
  }
}

async function newestLog(dir: string): Promise<string> {
  const names = await readdir(join(dir, 'log'))
  const newest = names
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1)
  return join(dir, 'log', newest ?? '')
}

async function flipBit(path: string, byte: number, bit = 3): Promise<void> {
  const file = await open(path, 'r+')
  const one = Buffer.alloc(1)
  await file.read(one, 0, 1, byte)
  one[0] = (one[0] ?? 0) ^ (1 << bit)
  await file.write(one, 0, 1, byte)
  await file.close()
}

/** Refuses twice, the same way, and names what is wrong. */
async function refuses(t: Test, dir: string, why: RegExp): Promise<void> {
  for (const attempt of ['first', 'second']) {
    await t.rejects(
      openLevelLogStore(dir),
      { code: 'STORAGE_DAMAGED', message: why },
      `${attempt} opening is refused`,
    )
  }
}

/** Offsets at which the records of a write-ahead file end. */
async function recordEnds(wal: string): Promise<number[]> {
  const ends: number[] = []
  for (const record of scanWal(await readFile(wal)).records) {
    const start = ends.at(-1) ?? 0
    ends.push(start + frameRecord(record, start).length)
  }
  return ends
}

t.test('an undamaged log killed with -9 opens with everything', async (t) => {
  const { dir } = await killedLog(t)
  const store = await openLevelLogStore(dir)
  t.equal(store.reader.lastIndex(), 20)
  t.equal(store.position().batchSequence, 3)
  t.same(store.hardState(), hardState(1, { votedFor: 'a' }))
  await store.close()
})

t.test('one flipped bit anywhere in a small write-ahead file is refused', async (t) => {
  const { dir, wal } = await killedLog(t)
  const pristine = await readFile(wal)
  for (let byte = 0; byte < pristine.length; byte += 13) {
    await writeFile(wal, pristine)
    await flipBit(wal, byte, byte % 8)
    await t.rejects(openLevelLogStore(dir), { code: 'STORAGE_DAMAGED' }, `byte ${byte}`)
  }
  t.ok((await readFile(wal)).length === pristine.length, 'refusing changes nothing')
})

t.test('one flipped bit in a write-ahead file of many blocks is refused', async (t) => {
  const { dir, wal } = await killedLog(t, 60, 330)
  const { size } = await stat(wal)
  t.ok(size > 198_000)
  for (const byte of [40_000, 32_768, 98_303, size - 5_000]) {
    await flipBit(wal, byte)
    await refuses(t, dir, /\.log: is damaged at byte \d+/)
    await flipBit(wal, byte)
  }
  await (await openLevelLogStore(dir)).close()
})

t.test('one flipped bit in a table block is refused', async (t) => {
  const dir = await temporaryDirectory(t)
  const store = await openLevelLogStore(dir)
  const data = Buffer.alloc(1_000, 5)
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 200, { data }) }))
  await store.close()
  await (await openLevelLogStore(dir)).close()
  const names = await readdir(join(dir, 'log'))
  const table = join(dir, 'log', names.find((name) => name.endsWith('.ldb')) ?? '')
  for (const byte of [500, 50_000, 150_000]) {
    await flipBit(table, byte)
    await refuses(t, dir, /entry \d+ fails its checksum|cannot be read|missing|unknown key/)
    await flipBit(table, byte)
  }
  await (await openLevelLogStore(dir)).close()
})

t.test('wrong bytes under a right LevelDB checksum are refused (C11)', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = await openLevelLogStore(dir)
  const data = Buffer.alloc(1_000, 5)
  await first.save(logWrite({ hardState: hardState(1), entries: entries(1, 50, { data }) }))
  await first.close()
  // As a compaction of a rotten block would write it.
  const database = await openDatabase(join(dir, 'log'))
  const record = Buffer.from(database.getSync(entryKey(10)) ?? [])
  record[100] = 9
  const batch = database.batch()
  batch.put(entryKey(10), record)
  await batch.write(true)
  await database.close()
  await refuses(t, dir, /entry 10 fails its checksum/)
})

t.test('a deleted write-ahead file is refused', async (t) => {
  const { dir, wal } = await killedLog(t)
  await rm(wal)
  await refuses(t, dir, /write-ahead file named by the MANIFEST is missing/)
})

t.test('a deleted database beside its receipt is refused', async (t) => {
  const { dir } = await killedLog(t)
  await rm(join(dir, 'log'), { recursive: true })
  await refuses(t, dir, /lost its tail: it ends with batch 0, but batch 3/)
})

t.test('a deleted CURRENT, MANIFEST or receipt is refused', async (t) => {
  for (const name of ['log/CURRENT', 'log/MANIFEST', 'log.receipt']) {
    const { dir } = await killedLog(t)
    const names = await readdir(join(dir, 'log'))
    const manifest = `log/${names.find((each) => each.startsWith('MANIFEST'))}`
    await rm(join(dir, name === 'log/MANIFEST' ? manifest : name))
    await refuses(t, dir, /is missing/)
  }
})

t.test('a log that lost acknowledged batches at a record border is refused', async (t) => {
  const { dir, wal } = await killedLog(t)
  const ends = await recordEnds(wal)
  t.equal(ends.length, 3)
  await truncate(wal, ends[1] ?? 0)
  await refuses(t, dir, /lost its tail: it ends with batch 2, but batch 3 had been made durable/)
})

t.test('a log that lost everything but is well-formed is refused', async (t) => {
  const { dir, wal } = await killedLog(t)
  await truncate(wal, 0)
  await refuses(t, dir, /lost its tail/)
})

t.test('an acknowledged batch torn in the middle is refused', async (t) => {
  const { dir, wal } = await killedLog(t)
  const ends = await recordEnds(wal)
  await truncate(wal, (ends[1] ?? 0) + 30)
  await refuses(t, dir, /lost its tail/)
})

t.test('a torn record whose save never resolved is dropped and the rest opens', async (t) => {
  const { dir, wal } = await killedLog(t)
  const ends = await recordEnds(wal)
  // The next batch: as much of the record as a kill in the middle of write(2) left.
  const whole = await readFile(wal)
  const unfinished = whole.subarray(ends[0] ?? 0, ends[1])
  for (const bytes of [3, 7, 100, unfinished.length - 1]) {
    const { dir: copy, wal: copyWal } = await killedLog(t)
    await writeFile(copyWal, Buffer.concat([whole, unfinished.subarray(0, bytes)]))
    const store = await openLevelLogStore(copy)
    t.equal(store.reader.lastIndex(), 20)
    await store.save(logWrite({ entries: [entry(21)] }))
    await store.close()
    const again = await openLevelLogStore(copy)
    t.equal(again.reader.lastIndex(), 21)
    await again.close()
  }
  t.ok(dir)
})

t.test('a torn record with sectors that were never written is dropped', async (t) => {
  const { dir, wal } = await killedLog(t, 2, 400)
  const ends = await recordEnds(wal)
  const whole = await readFile(wal)
  const unfinished = Buffer.from(whole.subarray(ends[0] ?? 0, ends[1]))
  unfinished.fill(0, 1_000, 3_000)
  await writeFile(wal, Buffer.concat([whole, unfinished]))
  const store = await openLevelLogStore(dir)
  t.equal(store.reader.lastIndex(), 20)
  await store.close()
})

t.test('a torn record in front of a whole one is damage', async (t) => {
  const { dir, wal } = await killedLog(t, 3, 400)
  const ends = await recordEnds(wal)
  const bytes = await readFile(wal)
  bytes.fill(0, (ends[1] ?? 0) + 1_000, (ends[1] ?? 0) + 3_000)
  await writeFile(wal, bytes)
  await refuses(t, dir, /is damaged at byte/)
})

t.test('a write-ahead file with a batch cut out is refused', async (t) => {
  const { dir, wal } = await killedLog(t, 3)
  const ends = await recordEnds(wal)
  const bytes = await readFile(wal)
  const cut = Buffer.concat([bytes.subarray(0, ends[1]), bytes.subarray(ends[2])])
  await writeFile(wal, cut)
  await refuses(t, dir, /lacks the batches before sequence/)
})

t.test('a receipt whose two slots are unreadable is refused, one is enough', async (t) => {
  const { dir } = await killedLog(t)
  const receipt = join(dir, 'log.receipt')
  const bytes = await readFile(receipt)
  await writeFile(receipt, Buffer.alloc(1_024))
  await refuses(t, dir, /neither of its two slots/)
  const newest = bytes.readUInt32BE(12) > bytes.readUInt32BE(524) ? 0 : 512
  bytes.fill(0, newest, newest + 512)
  await writeFile(receipt, bytes)
  await (await openLevelLogStore(dir)).close()
})

t.test('an entry put back to an earlier version breaks the chain', async (t) => {
  const dir = await temporaryDirectory(t)
  const store = await openLevelLogStore(dir)
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 5) }))
  await store.close()
  const stale = await rewrite(dir, (get) => get(3))
  const again = await openLevelLogStore(dir)
  const anew = entries(3, 5, { term: 2 })
  await again.save(logWrite({ hardState: hardState(2), entries: anew }))
  await again.close()
  await rewrite(dir, () => null, [[3, stale ?? Buffer.alloc(0)]])
  await refuses(t, dir, /entry 4 does not continue the chain/)
})

t.test('a last entry put back to an earlier version does not match the tail', async (t) => {
  const dir = await temporaryDirectory(t)
  const store = await openLevelLogStore(dir)
  await store.save(logWrite({ hardState: hardState(2), entries: entries(1, 5) }))
  await store.close()
  const stale = await rewrite(dir, (get) => get(5))
  const again = await openLevelLogStore(dir)
  await again.save(logWrite({ entries: [entry(5, { stamp: 99 })] }))
  await again.close()
  await rewrite(dir, () => null, [[5, stale ?? Buffer.alloc(0)]])
  await refuses(t, dir, /entry 5 is not the one that was written last/)
})

t.test('a missing entry, an entry too many and a missing tail are refused', async (t) => {
  for (const [index, why] of [
    [3, /entry 3 is missing/],
    [5, /ends at entry 4 instead of 5/],
  ] as const) {
    const dir = await temporaryDirectory(t)
    const store = await openLevelLogStore(dir)
    await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 5) }))
    await store.close()
    await rewrite(dir, () => null, [[index, null]])
    await refuses(t, dir, why)
  }
  const dir = await temporaryDirectory(t)
  const store = await openLevelLogStore(dir)
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 5) }))
  await store.compact(snapshotMeta(2))
  await store.close()
  const database = await openDatabase(join(dir, 'log'))
  const batch = database.batch()
  batch.del(TAIL_KEY)
  await batch.write(true)
  await database.close()
  await refuses(t, dir, /lost its tail/)
})

t.test('hard state that does not fit the log is refused (C5)', async (t) => {
  for (const [state, why] of [
    [hardState(1, { commitIndex: 6 }), /entry 6 was committed but the log ends at 5/],
    [hardState(0), /term 0 is older than the last entry's term 1/],
  ] as const) {
    const dir = await temporaryDirectory(t)
    const store = await openLevelLogStore(dir)
    await store.save(logWrite({ hardState: hardState(1), entries: entries(1, 5) }))
    await store.close()
    // The receipt is made to agree, so that only the log itself can tell.
    await rm(join(dir, 'log.receipt'))
    await (await openReceipt(join(dir, 'log.receipt'), false)).close()
    const database = await openDatabase(join(dir, 'log'))
    const tail = unsealJson(database.getSync(TAIL_KEY) ?? Buffer.alloc(0))
    const batch = database.batch()
    batch.put(
      TAIL_KEY,
      sealJson({ ...(typeof tail === 'string' ? {} : Object(tail.value)), hardState: state }),
    )
    await batch.write(true)
    await database.close()
    await refuses(t, dir, why)
  }
})

t.test(
  'a line about dropped bytes in LevelDB’s LOG is found, save one about the torn file',
  async (t) => {
    const drop =
      '2026/11/24-14:00:00 7f00 (ignoring error) /d/log/000003.log: dropping 99 bytes; Corruption'
    t.equal(findDrop(`Recovering log #3\n${drop}\n`, null), drop)
    t.equal(findDrop(`${drop}\n`, '/d/log/000004.log'), drop)
    t.equal(findDrop(`${drop}\n`, '/d/log/000003.log'), null)
    t.equal(findDrop('Recovering log #3\nDelete type=0 #3\n', null), null)
  },
)

/** Changes entry records behind the store's back, with LevelDB's own checksums in order. */
async function rewrite(
  dir: string,
  read: (get: (index: number) => Buffer | null) => Buffer | null,
  changes: readonly (readonly [index: number, record: Buffer | null])[] = [],
): Promise<Buffer | null> {
  const database = await openDatabase(join(dir, 'log'))
  const found = read((index) => database.getSync(entryKey(index)) ?? null)
  const batch = database.batch()
  for (const [index, record] of changes) {
    if (record === null) batch.del(entryKey(index))
    else batch.put(entryKey(index), record)
  }
  await batch.write(true)
  await database.close()
  return found
}
