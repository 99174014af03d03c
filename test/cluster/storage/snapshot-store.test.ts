// Snapshot files: whole or absent, verified when read, and never the wrong one removed.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import { snapshotMeta } from '#test/contract/log-store.ts'
import { openSnapshotStore, type SnapshotStore } from '#storage/snapshot-store.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const CHUNKS = [Buffer.from('first'), Buffer.alloc(0), Buffer.alloc(100_000, 7)]

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

async function read(store: SnapshotStore, index: number): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of store.openRead(index)) chunks.push(Buffer.from(chunk))
  return chunks
}

/** A store with one snapshot at 10, which is in force unless told otherwise. */
async function filled(
  t: Test,
  inForce: () => number = () => 10,
): Promise<{ dir: string; store: SnapshotStore; path: string }> {
  const dir = await temporaryDirectory(t)
  let started = false
  const store = await openSnapshotStore(dir, { inForce: () => (started ? inForce() : 0) })
  await store.create(snapshotMeta(10), streamOf(CHUNKS))
  started = true
  const path = join(dir, 'snapshots', '0000000000000010.snapshot')
  return { dir, store, path }
}

t.test('chunks come back as they were given, with meta and digest', async (t) => {
  const { dir, store } = await filled(t)
  t.same(await read(store, 10), CHUNKS)
  const again = await openSnapshotStore(dir, { inForce: () => 10 })
  t.same(await read(again, 10), CHUNKS)
  const file = await again.describe(10)
  t.same(file.meta, snapshotMeta(10))
  t.equal(file.sizeBytes, 100_005)
  t.match(file.sha256, /^[0-9a-f]{64}$/)
  t.same(await again.newest(), snapshotMeta(10))
})

t.test('a snapshot without chunks is one', async (t) => {
  const store = await openSnapshotStore(await temporaryDirectory(t), { inForce: () => 0 })
  t.equal(await store.newest(), null)
  await store.create(snapshotMeta(3), streamOf([]))
  t.same(await read(store, 3), [])
})

t.test('a source that fails leaves nothing', async (t) => {
  const { dir, store } = await filled(t)
  const failing = (async function* () {
    yield* streamOf(CHUNKS)
    throw new Error('no more')
  })()
  await t.rejects(store.create(snapshotMeta(20), failing), /no more/)
  t.same(await readdir(join(dir, 'snapshots')), ['0000000000000010.snapshot'])
})

t.test('any byte changed or cut off is noticed', async (t) => {
  const { store, path } = await filled(t)
  const pristine = await readFile(path)
  const places = [0, 9, 13, 20, pristine.length - 60, pristine.length - 40, pristine.length - 1]
  for (const byte of [...places, pristine.length - 50_000, 450]) {
    const bytes = Buffer.from(pristine)
    bytes[byte] = (bytes[byte] ?? 0) ^ 16
    await writeFile(path, bytes)
    await t.rejects(read(store, 10), { code: 'STORAGE_DAMAGED' }, `byte ${byte}`)
  }
  for (const bytes of [pristine.length - 1, pristine.length - 52, 40, 0]) {
    await writeFile(path, pristine)
    await truncate(path, bytes)
    await t.rejects(read(store, 10), { code: 'STORAGE_DAMAGED' }, `cut to ${bytes}`)
  }
})

t.test('whole chunks in another order are noticed', async (t) => {
  const { store, path } = await filled(t)
  const twins = [Buffer.from('first'), Buffer.from('other')]
  await store.create(snapshotMeta(10), streamOf(twins))
  const bytes = await readFile(path)
  const at = bytes.indexOf('first') - 8
  const swapped = Buffer.concat([
    bytes.subarray(0, at),
    bytes.subarray(at + 13, at + 26),
    bytes.subarray(at, at + 13),
    bytes.subarray(at + 26),
  ])
  await writeFile(path, swapped)
  await t.rejects(read(store, 10), { code: 'STORAGE_DAMAGED', message: /not those/ })
})

t.test('a snapshot in force that is missing or cut is refused at start', async (t) => {
  const { dir, path } = await filled(t)
  await truncate(path, 200)
  await t.rejects(openSnapshotStore(dir, { inForce: () => 10 }), { code: 'STORAGE_DAMAGED' })
  await rm(path)
  await t.rejects(openSnapshotStore(dir, { inForce: () => 10 }), {
    code: 'STORAGE_DAMAGED',
    message: /the log starts from is missing/,
  })
})

t.test('the newest two and the one in force are kept', async (t) => {
  const { dir, store } = await filled(t)
  for (const index of [20, 30, 40]) await store.create(snapshotMeta(index), streamOf(CHUNKS))
  t.same(await readdir(join(dir, 'snapshots')), [
    '0000000000000010.snapshot',
    '0000000000000030.snapshot',
    '0000000000000040.snapshot',
  ])
})

// The story: a node with a full disk received two newer ones and its log took neither; then another leader sent an
// older one, whose file was gone when the log named it: the node ended, and had to be re-seeded.
t.test(
  'one that was just written stays, whatever is newer: the log is about to name it',
  async (t) => {
    const { store } = await filled(t, () => 0)
    const announced = await store.describe(10)
    const receive = async (index: number): Promise<void> => {
      const writer = await store.receive(snapshotMeta(index), announced)
      for await (const chunk of streamOf(CHUNKS)) await writer.append(chunk)
      await writer.commit()
    }
    for (const index of [40, 50, 30]) await receive(index)
    t.ok(await store.holds(30))
    // While the log writes that it begins there, the next one comes.
    await receive(20)
    t.ok(await store.holds(30))
    t.ok(await store.holds(20))
    await receive(60)
    t.notOk(await store.holds(30))
    t.ok(await store.holds(50))
    await store.create(snapshotMeta(15), streamOf(CHUNKS))
    t.ok(await store.holds(15))
  },
)

t.test('unfinished files of our own are removed at start', async (t) => {
  const { dir } = await filled(t)
  await writeFile(join(dir, 'snapshots', '0000000000000050.snapshot.1.partial'), 'half')
  await openSnapshotStore(dir, { inForce: () => 10 })
  t.same(await readdir(join(dir, 'snapshots')), ['0000000000000010.snapshot'])
})

/** A follower that has received the first two chunks of the leader's snapshot before the link broke. */
async function brokenOff(t: Test) {
  const { store: leader } = await filled(t)
  const announced = await leader.describe(10)
  const { dir, store } = await filled(t)
  const writer = await store.receive(snapshotMeta(60), announced)
  await writer.append(CHUNKS[0]!)
  await writer.append(CHUNKS[1]!)
  await writer.suspend()
  const [name = ''] = (await readdir(join(dir, 'snapshots'))).filter((each) => each.includes('60.'))
  const finish = async (with_: SnapshotStore): Promise<number> => {
    const again = await with_.receive(snapshotMeta(60), announced)
    for await (const chunk of leader.openRead(10, again.resumedBytes)) await again.append(chunk)
    await again.commit()
    t.same(await read(with_, 60), CHUNKS)
    return again.resumedBytes
  }
  return { dir, store, announced, path: join(dir, 'snapshots', name), finish }
}

t.test('a transfer that broke goes on from the last whole chunk', async (t) => {
  const { store, finish } = await brokenOff(t)
  t.equal(await finish(store), 5)
})

t.test('it goes on after a restart of the process too', async (t) => {
  const { dir, finish } = await brokenOff(t)
  t.equal(await finish(await openSnapshotStore(dir, { inForce: () => 10 })), 5)
})

t.test('a chunk that was cut off or spoiled is received again', async (t) => {
  const { store, path, finish } = await brokenOff(t)
  const pristine = await readFile(path)
  // The second chunk is empty: its header is the last eight bytes.
  await writeFile(path, Buffer.concat([pristine, Buffer.from([0, 0, 0, 9, 1, 2, 3, 4, 5])]))
  t.equal(await finish(store), 5)
  const again = await brokenOff(t)
  const bytes = await readFile(again.path)
  bytes[bytes.length - 10]! ^= 1
  await writeFile(again.path, bytes)
  t.equal(await again.finish(again.store), 0)
})

t.test('what is left of another snapshot is not gone on with, and is removed', async (t) => {
  const { dir, store, announced } = await brokenOff(t)
  const other = { ...announced, sha256: 'ff'.repeat(32) }
  const writer = await store.receive(snapshotMeta(60), other)
  t.equal(writer.resumedBytes, 0)
  const names = await readdir(join(dir, 'snapshots'))
  t.same(
    names.filter((name) => name.endsWith('.incoming')),
    ['0000000000000060.ffffffffffffffff.incoming'],
  )
  await writer.abort()
  t.same(await readdir(join(dir, 'snapshots')), ['0000000000000010.snapshot'])
})

t.test('a longer leftover than was announced, or of another meta, starts over', async (t) => {
  const { store, announced } = await brokenOff(t)
  const shorter = await store.receive(snapshotMeta(60), { ...announced, sizeBytes: 4 })
  t.equal(shorter.resumedBytes, 0)
  await shorter.suspend()
  const meta = { ...snapshotMeta(60), lastIncludedTerm: 99 }
  const other = await store.receive(meta, announced)
  t.equal(other.resumedBytes, 0)
  await other.abort()
})

t.test('a leftover goes when the log has reached it', async (t) => {
  const { dir } = await brokenOff(t)
  const store = await openSnapshotStore(dir, { inForce: () => 10 })
  await store.create(snapshotMeta(60), streamOf(CHUNKS))
  t.same(
    (await readdir(join(dir, 'snapshots'))).filter((name) => name.endsWith('.incoming')),
    [],
  )
})

t.test('one snapshot at a time is received', async (t) => {
  const { store } = await filled(t)
  const announced = { sha256: 'aa', sizeBytes: 10 }
  const writer = await store.receive(snapshotMeta(60), announced)
  await t.rejects(store.receive(snapshotMeta(70), announced), { code: 'OVERLOADED' })
  await writer.abort()
  await (await store.receive(snapshotMeta(70), announced)).abort()
})

t.test('reading begins only where a chunk begins', async (t) => {
  const { store } = await filled(t)
  const from = async (bytes: number): Promise<number[]> => {
    const sizes: number[] = []
    for await (const chunk of store.openRead(10, bytes)) sizes.push(chunk.byteLength)
    return sizes
  }
  t.same(await from(5), [0, 100_000])
  t.same(await from(100_005), [])
  await t.rejects(from(6), { code: 'BAD_REQUEST' })
})

t.test('a file of a newer version stops the reader instead of looking damaged', async (t) => {
  const { store, path } = await filled(t)
  const bytes = await readFile(path)
  const headerEnd = 16 + bytes.readUInt32BE(12)
  bytes.writeUInt32BE(2, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, headerEnd)), headerEnd)
  await writeFile(path, bytes)
  await t.rejects(read(store, 10), {
    code: 'UNSUPPORTED_VERSION',
    message: /a snapshot of version 2; this code reads 1/,
  })
})

t.test('a received snapshot counts once committed, and equals the sent one', async (t) => {
  const { store } = await filled(t)
  const { sha256, sizeBytes } = await store.describe(10)
  const { store: follower } = await filled(t)
  const writer = await follower.receive(snapshotMeta(60), { sha256, sizeBytes })
  for await (const chunk of store.openRead(10)) await writer.append(chunk)
  await t.rejects(follower.describe(60), { code: 'NOT_FOUND' })
  await writer.commit()
  t.same(await read(follower, 60), CHUNKS)
  t.equal((await follower.describe(60)).sha256, sha256)
})

t.test(
  'a received snapshot that is other, shorter or longer than announced is refused',
  async (t) => {
    const { dir, store } = await filled(t)
    const { sha256, sizeBytes } = await store.describe(10)
    const other = await store.receive(snapshotMeta(60), { sha256, sizeBytes })
    await other.append(Buffer.alloc(sizeBytes, 1))
    await t.rejects(other.commit(), { code: 'PROTOCOL' })
    const shorter = await store.receive(snapshotMeta(60), { sha256, sizeBytes })
    await shorter.append(Buffer.from('first'))
    await t.rejects(shorter.commit(), { code: 'PROTOCOL' })
    const longer = await store.receive(snapshotMeta(60), { sha256, sizeBytes: 3 })
    await t.rejects(longer.append(Buffer.from('first')), { code: 'PROTOCOL' })
    await longer.abort()
    t.same(await readdir(join(dir, 'snapshots')), ['0000000000000010.snapshot'])
  },
)

t.test('a snapshot whose reading began can be read to its end though it was removed', async (t) => {
  let inForce = 10
  const { store } = await filled(t, () => inForce)
  const reading = store.openRead(10)[Symbol.asyncIterator]()
  t.same((await reading.next()).value, CHUNKS[0])
  inForce = 30
  for (const index of [20, 30]) await store.create(snapshotMeta(index), streamOf([]))
  await t.rejects(store.describe(10), { code: 'NOT_FOUND' })
  t.equal(((await reading.next()).value as Uint8Array).byteLength, 0)
  t.equal(((await reading.next()).value as Uint8Array).byteLength, 100_000)
  t.equal((await reading.next()).done, true)
})
