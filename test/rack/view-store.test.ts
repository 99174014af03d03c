import { readFile, writeFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ViewStore } from '#rack/view-store.ts'
import { RackView } from '#rack/view.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { machineRow, makeView, viewChanges } from '#test/support/rack-view.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { until } from '#test/support/until.ts'

const ROWS = [machineRow('abc346', ['52:54:00:00:00:01'])]

t.test('a view comes back after a restart', async (t) => {
  const dir = await temporaryDirectory(t)
  const { logger } = makeLogRecorder()
  await new ViewStore({ dir, view: makeView(ROWS), logger }).close()
  const view = new RackView(makeFakeClock())
  t.equal(await new ViewStore({ dir, view, logger }).load(), true)
  t.strictSame(view.dump(), makeView(ROWS).dump())
  const { mode } = await stat(join(dir, 'view.json'))
  t.equal(mode & 0o777, 0o600)
})

t.test('changes are saved without being told, together', async (t) => {
  const dir = await temporaryDirectory(t)
  const view = makeView(ROWS)
  const store = new ViewStore({ dir, view, logger: makeLogRecorder().logger, saveEveryMs: 5 })
  store.follow()
  for (let i = 2; i < 50; i++) view.apply(viewChanges(i, ROWS))
  const fresh = new RackView(makeFakeClock())
  const reader = new ViewStore({ dir, view: fresh, logger: makeLogRecorder().logger })
  let loaded = false
  await until('the view is on disk', () => {
    void reader.load().then((ok) => (loaded = ok && fresh.revision === 49))
    return loaded
  })
  t.equal(fresh.revision, 49)
  await store.close()
})

t.test('a damaged file counts as none', async (t) => {
  const dir = await temporaryDirectory(t)
  const { logger, lines } = makeLogRecorder()
  await new ViewStore({ dir, view: makeView(ROWS), logger }).close()
  const path = join(dir, 'view.json')
  const good = await readFile(path)
  const damages: readonly (readonly [string, Buffer])[] = [
    [
      'a flipped bit',
      Buffer.from(good.map((byte, i) => (i === good.length - 20 ? byte ^ 1 : byte))),
    ],
    ['a torn end', good.subarray(0, good.length - 5)],
    ['nothing', Buffer.alloc(0)],
    ['something else', Buffer.from('hello')],
  ]
  for (const [name, bytes] of damages) {
    await writeFile(path, bytes)
    const view = new RackView(makeFakeClock())
    t.equal(await new ViewStore({ dir, view, logger }).load(), false, name)
    t.equal(view.revision, 0)
  }
  t.equal(lines.filter(({ event }) => event === 'rack.view_file_damaged').length, damages.length)
})

t.test('a disk that refuses is said and does not end the rack', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, 'file'), '')
  const { logger, lines } = makeLogRecorder()
  await new ViewStore({ dir: join(dir, 'file', 'below'), view: makeView(ROWS), logger }).close()
  t.equal(lines.at(-1)?.event, 'rack.view_not_saved')
})
