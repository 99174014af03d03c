// Who imports, who goes on with it, and who stops.
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { ImportDuty } from '#node/images/import-duty.ts'
import { makeImageRegion } from '#test/support/image-region.ts'
import { StreamSource } from '#test/support/stream-source.ts'
import { until } from '#test/support/until.ts'

const OTHER = 'region-2' as SystemId
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function makeDuty(t: Test) {
  const source = await StreamSource.start(t)
  source.add('jammy')
  await source.publish()
  const site = await makeImageRegion(t)
  const { ok, parts, state } = site
  const fields = { url: source.url, keyringFilename: '', keyringData: '' }
  await ok({ type: 'object.create', table: 'bootSources', fields })
  await ok({ type: 'config.put', name: 'boot_images_auto_import', value: false })
  const selection = { os: 'ubuntu', release: 'jammy', arches: ['*'], subarches: ['*'] }
  await ok({
    ...{ type: 'object.create', table: 'bootSourceSelections' },
    fields: { bootSourceId: 1, ...selection, labels: ['*'] },
  })
  const duty = new ImportDuty({ ...parts, idleMs: 2_000 })
  t.teardown(() => duty.close())
  const row = () => state().imageImports.get('import')
  const tickUntil = (what: string, holds: () => boolean): Promise<void> =>
    until(what, () => {
      site.scheduler.tick()
      return holds()
    })
  return { ...site, source, duty, row, tickUntil }
}

t.test('the leader takes what is wanted, to its end', async (t) => {
  const { ok, row, tickUntil, state } = await makeDuty(t)
  await ok({ type: 'imageImport.start' })
  await tickUntil('the import ends', () => row()?.status === 'done')
  t.match(row(), { message: '1 image selected, 1 of them new or changed.' })
  t.equal(state().bootResources.size, 1)
})

t.test('who does not lead leaves it alone', async (t) => {
  const { region, ok, row, scheduler, failures } = await makeDuty(t)
  region.setStatus({ leader: OTHER })
  await ok({ type: 'imageImport.start' })
  for (let round = 0; round < 5; round++) {
    scheduler.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(row()?.status, 'wanted')
  t.strictSame(failures, [])
})

t.test('a region that died is followed by the leader, a minute later', async (t) => {
  const { ok, row, tickUntil, clock, scheduler } = await makeDuty(t)
  await ok({ type: 'imageImport.start' })
  await ok({ type: 'imageImport.claim', regionId: OTHER })
  clock.advance(MINUTE_MS - 1)
  await ok({ type: 'time.advance' })
  scheduler.tick()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(row()?.regionId, OTHER)
  clock.advance(1)
  await ok({ type: 'time.advance' })
  await tickUntil('the leader ends it', () => row()?.status === 'done')
  t.equal(row()?.regionId, 'region-1')
})

t.test('one that was asked to stop stops, and says so', async (t) => {
  const { source, ok, row, tickUntil, state } = await makeDuty(t)
  source.trick = ({ url = '' }) => url.endsWith('squashfs')
  await ok({ type: 'imageImport.start' })
  await tickUntil('it waits for the source', () =>
    source.asked.some((path) => path.endsWith('squashfs')),
  )
  await ok({ type: 'imageImport.stop' })
  await tickUntil('it is stopped', () => row()?.status === 'stopped')
  t.equal(state().bootResources.size, 0)
})

t.test('one that is another’s now is left, without a word', async (t) => {
  const { source, ok, row, tickUntil, duty, region } = await makeDuty(t)
  source.trick = ({ url = '' }) => url.endsWith('squashfs')
  await ok({ type: 'imageImport.start' })
  await tickUntil('it waits for the source', () =>
    source.asked.some((path) => path.endsWith('squashfs')),
  )
  await ok({ type: 'imageImport.claim', regionId: 'region-1' as SystemId })
  const fence = row()?.fence
  region.setStatus({ leader: OTHER })
  await tickUntil('it is broken off', () => source.asked.length > 0)
  await duty.close()
  t.match(row(), { status: 'running', fence })
})

t.test('it fails with the reason, and is an event', async (t) => {
  const { source, ok, row, tickUntil, state } = await makeDuty(t)
  source.trick = (_request, response) => {
    response.writeHead(503).end()
    return true
  }
  await ok({ type: 'imageImport.start' })
  await tickUntil('the import fails', () => row()?.status === 'failed')
  t.match(row()?.message, /index\.json: it answered status 503/)
  t.match([...state().events.values()].at(-1), { level: 'ERROR', type: 'Region import error' })
})

t.test('by itself every hour, where the setting says so and something is selected', async (t) => {
  const { ok, row, tickUntil, clock } = await makeDuty(t)
  await ok({ type: 'config.put', name: 'boot_images_auto_import', value: true })
  await tickUntil('the first', () => row()?.status === 'done')
  clock.advance(HOUR_MS)
  await ok({ type: 'time.advance' })
  await tickUntil('the second', () => row()?.number === 2 && row()?.status === 'done')
})
