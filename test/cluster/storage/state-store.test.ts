// The state database is a cache: what it serves is exactly what was written, or nothing at all.
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openDatabase } from '#storage/level-database.ts'
import { encodeStateKey } from '#storage/state-key.ts'
import type { StateRow } from '#storage/state-load.ts'
import { openStateStore, type StateStore } from '#storage/state-store.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const BOOT = { bootId: 'boot-1' }
const OTHER_BOOT = { bootId: 'boot-2' }

const row = (table: string, key: string | number, text: string): StateRow => ({
  table,
  key,
  value: Buffer.from(text),
})

const writeOf = (appliedIndex: number, puts: StateRow[], deletes: StateRow[] = []) => ({
  appliedIndex,
  stamp: appliedIndex * 100,
  puts,
  deletes,
})

function texts(store: StateStore): string[] {
  return store
    .takeRows()
    .map((each) => `${each.table}/${String(each.key)}=${Buffer.from(each.value).toString()}`)
}

/** Three rows at index 7, then whatever a kill -9 leaves, in a directory of its own. */
async function killed(t: Test): Promise<string> {
  const live = await temporaryDirectory(t)
  const store = await openStateStore(live, BOOT)
  await store.write(writeOf(5, [row('a', 1, 'one'), row('a', 2, 'two')]))
  await store.write(writeOf(7, [row('a', 2, 'second'), row('b', 'x', 'ex')]))
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'state'))
  for (const name of await readdir(join(live, 'state'))) {
    if (name !== 'LOCK') await copyFile(join(live, 'state', name), join(dir, 'state', name))
  }
  await store.close()
  return dir
}

t.test('a new store is empty, at index 0', async (t) => {
  const store = await openStateStore(await temporaryDirectory(t), BOOT)
  t.equal(store.appliedIndex, 0)
  t.equal(store.rebuiltBecause, null)
  t.same(store.takeRows(), [])
  await store.close()
})

t.test('rows, deletes, index and stamp survive a clean close, whatever the boot id', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = await openStateStore(dir, BOOT)
  await first.write(writeOf(5, [row('a', 10, 'ten'), row('a', 9, 'nine'), row('b', 'x', 'ex')]))
  await first.write(writeOf(6, [row('a', 10, 'TEN')], [row('b', 'x', '')]))
  await first.close()
  const store = await openStateStore(dir, OTHER_BOOT)
  t.equal(store.rebuiltBecause, null)
  t.equal(store.appliedIndex, 6)
  t.equal(store.stamp, 600)
  t.same(texts(store), ['a/9=nine', 'a/10=TEN'])
  t.same(texts(store), [], 'rows are given away once')
  await store.close()
})

t.test('after a kill -9 under the same boot id everything is trusted', async (t) => {
  const store = await openStateStore(await killed(t), BOOT)
  t.equal(store.rebuiltBecause, null)
  t.equal(store.appliedIndex, 7)
  t.same(texts(store), ['a/1=one', 'a/2=second', 'b/x=ex'])
  await store.close()
})

t.test('after a power loss everything is thrown away', async (t) => {
  const dir = await killed(t)
  const store = await openStateStore(dir, OTHER_BOOT)
  t.match(store.rebuiltBecause, /machine restarted/)
  t.equal(store.appliedIndex, 0)
  t.same(store.takeRows(), [])
  await store.write(writeOf(3, [row('a', 1, 'again')]))
  await store.close()
  const again = await openStateStore(dir, BOOT)
  t.same(texts(again), ['a/1=again'])
  await again.close()
})

t.test('a clean close is forgotten by the first write after it', async (t) => {
  const live = await temporaryDirectory(t)
  await (await openStateStore(live, BOOT)).close()
  const store = await openStateStore(live, BOOT)
  await store.write(writeOf(1, [row('a', 1, 'one')]))
  await store.close()
  const next = await openStateStore(live, BOOT)
  await next.write(writeOf(2, [row('a', 1, 'two')]))
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'state'))
  for (const name of await readdir(join(live, 'state'))) {
    if (name !== 'LOCK') await copyFile(join(live, 'state', name), join(dir, 'state', name))
  }
  await next.close()
  const crashed = await openStateStore(dir, OTHER_BOOT)
  t.match(crashed.rebuiltBecause, /machine restarted/)
  await crashed.close()
})

t.test('one flipped bit in its write-ahead file empties it', async (t) => {
  const dir = await killed(t)
  const names = await readdir(join(dir, 'state'))
  const wal = join(dir, 'state', names.filter((name) => name.endsWith('.log')).at(-1) ?? '')
  const bytes = await readFile(wal)
  bytes[60] = (bytes[60] ?? 0) ^ 4
  await writeFile(wal, bytes)
  const store = await openStateStore(dir, BOOT)
  t.match(store.rebuiltBecause, /is damaged at byte/)
  t.equal(store.appliedIndex, 0)
  await store.close()
})

t.test('one flipped bit in a table empties it', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = await openStateStore(dir, BOOT)
  await first.write(writeOf(5, [row('a', 1, 'x'.repeat(10_000))]))
  await first.close()
  const names = await readdir(join(dir, 'state'))
  const table = join(dir, 'state', names.find((name) => name.endsWith('.ldb')) ?? '')
  const file = await open(table, 'r+')
  await file.write('y', 500)
  await file.close()
  const store = await openStateStore(dir, BOOT)
  t.match(store.rebuiltBecause, /is damaged/)
  t.same(store.takeRows(), [])
  await store.close()
})

t.test('a row that vanished, or lies under another row’s key, empties it', async (t) => {
  for (const harm of ['vanish', 'move'] as const) {
    const dir = await temporaryDirectory(t)
    const first = await openStateStore(dir, BOOT)
    await first.write(writeOf(5, [row('a', 1, 'one'), row('a', 2, 'two')]))
    await first.close()
    const database = await openDatabase(join(dir, 'state'))
    const batch = database.batch()
    const record = database.getSync(encodeStateKey('a', 1)) ?? Buffer.alloc(0)
    if (harm === 'vanish') batch.del(encodeStateKey('a', 1))
    else batch.put(encodeStateKey('a', 2), record)
    await batch.write(true)
    await database.close()
    const store = await openStateStore(dir, BOOT)
    t.match(store.rebuiltBecause, harm === 'vanish' ? /1 rows that are not the 2/ : /is damaged/)
    t.equal(store.appliedIndex, 0)
    await store.close()
  }
})

t.test('replace throws the old rows away and a crash within it empties the store', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = await openStateStore(dir, BOOT)
  await first.write(writeOf(50, [row('a', 1, 'old'), row('z', 1, 'old')]))
  const rows = Array.from({ length: 2_500 }, (_, i) => row('a', i, `new ${i}`))
  await first.replace({ appliedIndex: 20, stamp: 7, rows })
  t.equal(first.appliedIndex, 20)
  await first.close()
  const store = await openStateStore(dir, BOOT)
  t.equal(store.appliedIndex, 20)
  t.equal(store.takeRows().length, 2_500)
  const failing = (function* () {
    yield* rows
    throw new Error('killed here')
  })()
  await t.rejects(store.replace({ appliedIndex: 30, stamp: 8, rows: failing }), {
    code: 'STORAGE_FAILED',
  })
  await store.close()
  const after = await openStateStore(dir, BOOT)
  t.match(after.rebuiltBecause, /being rewritten/)
  t.equal(after.appliedIndex, 0)
  await after.close()
})

t.test('discard empties it', async (t) => {
  const dir = await temporaryDirectory(t)
  const store = await openStateStore(dir, BOOT)
  await store.write(writeOf(5, [row('a', 1, 'one')]))
  await store.discard()
  t.equal(store.appliedIndex, 0)
  await store.close()
  const again = await openStateStore(dir, BOOT)
  t.equal(again.rebuiltBecause, null)
  t.same(again.takeRows(), [])
  await again.close()
})

t.test(
  'an index that goes back, two writes at a time, a second opening: all refused',
  async (t) => {
    const dir = await temporaryDirectory(t)
    const store = await openStateStore(dir, BOOT)
    await store.write(writeOf(5, [row('a', 1, 'one')]))
    await t.rejects(store.write(writeOf(4, [])), /never goes back/)
    const first = store.write(writeOf(6, []))
    await t.rejects(store.write(writeOf(7, [])), /one write at a time/)
    await first
    await t.rejects(openStateStore(dir, BOOT), { code: 'DIRECTORY_IN_USE' })
    await store.close()
  },
)

t.test('the content hash is of the rows alone, however they came', async (t) => {
  const hashOf = async (...writes: readonly ReturnType<typeof writeOf>[]): Promise<string> => {
    const dir = await temporaryDirectory(t)
    const store = await openStateStore(dir, BOOT)
    for (const write of writes) await store.write(write)
    const hash = store.contentHash()
    await store.close()
    const again = await openStateStore(dir, OTHER_BOOT)
    t.equal(again.contentHash(), hash, 'and after a restart')
    await again.close()
    return hash
  }
  const one = row('a', 1, 'one')
  const two = row('a', 2, 'two')
  const hash = await hashOf(writeOf(5, [one, two]))
  const old = row('a', 1, 'old')
  const grown = await hashOf(
    writeOf(3, [two, old, row('b', 'x', 'ex')]),
    writeOf(9, [one, row('meta', 'meta', 'of this node')], [row('b', 'x', '')]),
  )
  t.equal(grown.split('.')[1], hash.split('.')[1])
  const swapped = await hashOf(writeOf(5, [row('a', 1, 'two'), row('a', 2, 'one')]))
  t.not(swapped, hash, 'CRCs are linear, their mixed sum is not')
  t.not(await hashOf(writeOf(5, [one])), hash)
})
