// Snapshot files: whole or absent, verified when read, and never the wrong one removed.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

t.test('unfinished files are removed at start', async (t) => {
  const { dir, store } = await filled(t)
  const writer = await store.receive(snapshotMeta(50), { sha256: 'x', sizeBytes: 10 })
  await writer.append(Buffer.from('half'))
  t.equal((await readdir(join(dir, 'snapshots'))).length, 2)
  await openSnapshotStore(dir, { inForce: () => 10 })
  t.same(await readdir(join(dir, 'snapshots')), ['0000000000000010.snapshot'])
  await writer.abort()
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
