// The room of a real file system, and the reserve on it.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeDiskSpace } from '#storage/disk-space.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.test('the reserve takes blocks, is made once, and gives them back', async (t) => {
  const dir = await temporaryDirectory(t)
  const space = makeDiskSpace(dir)
  t.ok((await space.freeBytes()) > 0)
  const bytes = (5 << 20) + 7
  t.ok(await space.reserve(bytes, 0))
  const made = await stat(join(dir, 'space.reserve'))
  t.equal(made.size, bytes)
  t.ok(await space.reserve(bytes, 0))
  t.equal((await stat(join(dir, 'space.reserve'))).mtimeMs, made.mtimeMs, 'not written again')
  await space.release()
  await space.release()
  t.same(await readdir(dir), [])
})

t.test('another size is made anew', async (t) => {
  const dir = await temporaryDirectory(t)
  const space = makeDiskSpace(dir)
  await space.reserve(10, 0)
  await space.reserve(20, 0)
  t.equal((await stat(join(dir, 'space.reserve'))).size, 20)
})

t.test('without its directory it rejects', async (t) => {
  const space = makeDiskSpace(join(await temporaryDirectory(t), 'none'))
  await t.rejects(space.freeBytes(), { code: 'ENOENT' })
  await t.rejects(space.reserve(5, 0), { code: 'ENOENT' })
})

t.test(
  'it is not made of the last room that there is, also when others take it meanwhile',
  async (t) => {
    const dir = await temporaryDirectory(t)
    const [low, all] = [8 << 20, 5 << 20]
    // Enough at the first look; after two chunks another program has taken the rest.
    const told = [low + all, low + all, low + all, low, low, low]
    let looks = 0
    const space = makeDiskSpace(dir, async () => told[looks++] ?? low)
    t.notOk(await space.reserve(all, low))
    t.same(await readdir(dir), [], 'nothing is left of it')
    t.ok(looks < 6, 'it did not go on')
  },
)
