import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { expectNotRemoved, watchRemoval } from '#node/removal.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.test(
  'a removed node marks its directory before it says so, and does not start again',
  async (t) => {
    const directory = await temporaryDirectory(t)
    const { logger, lines } = makeLogRecorder()
    await expectNotRemoved(directory)
    const removal = watchRemoval(directory, logger)
    removal.onRemoved()
    removal.onRemoved()
    await removal.removed
    t.same(await readdir(directory), ['removed.json'])
    t.equal(lines.filter(({ event }) => event === 'region.removed').length, 1)
    await t.rejects(expectNotRemoved(directory), { code: 'MEMBER_REMOVED' })
  },
)

t.test('a disk that takes no mark does not keep a removed node alive', async (t) => {
  const { logger, lines } = makeLogRecorder()
  const file = join(await temporaryDirectory(t), 'file')
  await writeFile(file, '')
  const removal = watchRemoval(join(file, 'nowhere'), logger)
  removal.onRemoved()
  await removal.removed
  t.ok(lines.some(({ event }) => event === 'region.removal_not_noted'))
})
