// What stays on a region's disk, what comes and what goes.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { BootFile } from '#model/boot.ts'
import { ImageKeeper } from '#node/images/keeper.ts'
import { FakeRegion } from '#test/support/fake-region.ts'
import { makeImageRegion } from '#test/support/image-region.ts'
import { until } from '#test/support/until.ts'

const HOUR_MS = 3_600_000

function fileOf(content: string): BootFile {
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { kind: 'squashfs', filename: 'f', sha256, sizeBytes: content.length }
}

const put = (files: readonly BootFile[], name = 'custom/mine') => ({
  ...{ type: 'bootResource.put' as const, name, architecture: 'amd64/generic', title: '', files },
})

t.test(
  'what a resource names and is missing is fetched from another region, and told',
  async (t) => {
    const other = await FakeRegion.start(() => ({ status: 200, body: 'image' }))
    t.teardown(() => other.stop())
    const { parts, files, ok, state } = await makeImageRegion(t, [other.url])
    const keeper = new ImageKeeper(parts)
    const file = fileOf('image')
    await ok(put([file]))
    await keeper.work()
    t.ok(await files.has(file.sha256))
    t.strictSame(state().bootFileHolders.get('region-1' as never)?.sha256s, [file.sha256])
    const { revision } = state()
    await keeper.work()
    t.equal(state().revision, revision, 'nothing new is not told')
  },
)

t.test('without room nothing is fetched', async (t) => {
  const other = await FakeRegion.start(() => ({ status: 200, body: 'image' }))
  t.teardown(() => other.stop())
  const { parts, files, ok, withRoom } = await makeImageRegion(t, [other.url])
  const keeper = new ImageKeeper(parts)
  withRoom(2 ** 30)
  await ok(put([fileOf('image')]))
  await keeper.work()
  t.equal(other.asked.length, 0)
  t.strictSame(await files.list(), [])
})

t.test('without room nothing is fetched for somebody who asks, either', async (t) => {
  const other = await FakeRegion.start(() => ({ status: 200, body: 'image' }))
  t.teardown(() => other.stop())
  const { files, withRoom } = await makeImageRegion(t, [other.url])
  withRoom(2 ** 30 - 1)
  const { sha256 } = fileOf('image')
  t.equal(await files.open(sha256), undefined)
  t.strictSame(await files.list(), [])
  withRoom(2 ** 31)
  t.ok(await files.open(sha256))
})

t.test('what nobody names goes after an hour; what is named, held or used stays', async (t) => {
  const { parts, files, ok, clock } = await makeImageRegion(t)
  const keeper = new ImageKeeper(parts)
  const contents = ['named', 'held', 'used', 'unnamed'] as const
  for (const content of contents) {
    await files.put(fileOf(content).sha256, Readable.from([Buffer.from(content)]))
  }
  await ok(put([fileOf('named')]))
  files.hold(fileOf('held').sha256)
  await keeper.work()
  clock.advance(HOUR_MS - 1)
  await files.open(fileOf('used').sha256)
  await keeper.work()
  t.equal((await files.list()).length, 4)
  clock.advance(1)
  await keeper.work()
  const here = async () => {
    const listed = await files.list()
    return contents.filter((content) => listed.includes(fileOf(content).sha256))
  }
  t.strictSame(await here(), ['named', 'held', 'used'])
  files.letGo(fileOf('held').sha256)
  await keeper.work()
  clock.advance(HOUR_MS)
  await keeper.work()
  t.strictSame(await here(), ['named'])
})

t.test('who reads a file that goes reads it to its end', async (t) => {
  const { files } = await makeImageRegion(t)
  const content = 'x'.repeat(1_000_000)
  const { sha256 } = fileOf(content)
  await files.put(sha256, Readable.from([Buffer.from(content)]))
  const stream = (await files.open(sha256))?.stream(0, content.length - 1)
  await new Promise((resolve) => stream?.once('readable', resolve))
  await files.remove(sha256)
  t.equal((await text(stream ?? Readable.from([]))).length, content.length)
})

t.test('files of a replaced image stay as long as its row keeps them', async (t) => {
  const { parts, files, ok, clock } = await makeImageRegion(t)
  const keeper = new ImageKeeper(parts)
  const [old, next] = [fileOf('old'), fileOf('next')]
  for (const content of ['old', 'next']) {
    await files.put(fileOf(content).sha256, Readable.from([Buffer.from(content)]))
  }
  await ok(put([old]))
  await ok(put([next]))
  await keeper.work()
  clock.advance(HOUR_MS)
  await keeper.work()
  t.ok(await files.has(old.sha256))
  clock.advance(HOUR_MS)
  await ok({ type: 'time.advance' })
  await keeper.work()
  clock.advance(HOUR_MS)
  await keeper.work()
  t.notOk(await files.has(old.sha256))
  t.ok(await files.has(next.sha256))
})

t.test(
  'what a process that was killed left of a file goes; what is on its way stays',
  async (t) => {
    const { parts, files, directory } = await makeImageRegion(t)
    const keeper = new ImageKeeper(parts)
    const going = new PassThrough()
    const { sha256 } = fileOf('slow')
    await mkdir(directory)
    const stored = files.put(sha256, going)
    going.write('sl')
    const left = `${fileOf('killed').sha256}.00000000-0000-4000-8000-000000000000.part`
    await until('it is on its way', () => readdirSync(directory).length === 1)
    await writeFile(join(directory, left), 'half')
    await keeper.work()
    t.notOk((await readdir(directory)).includes(left))
    going.end('ow')
    await stored
    t.strictSame(await readdir(directory), [sha256])
  },
)

t.test('rows that may be older than what was promised delete nothing', async (t) => {
  const { parts, files, region, uploads, directory, clock } = await makeImageRegion(t)
  const keeper = new ImageKeeper(parts)
  const { sha256 } = fileOf('promised')
  await files.put(sha256, Readable.from([Buffer.from('promised')]))
  await mkdir(join(directory, 'uploads'))
  await writeFile(join(directory, 'uploads', '7'), 'half')
  const both = async () => [await files.has(sha256), (await uploads.received(7)) > 0]
  // This region was started anew and has heard of nobody yet: the rows of the log's last second are missing.
  region.failWith('NO_QUORUM')
  await keeper.work()
  clock.advance(HOUR_MS)
  await keeper.work()
  t.strictSame(await both(), [true, true])
  region.failWith(null)
  await keeper.work()
  clock.advance(HOUR_MS)
  await keeper.work()
  t.strictSame(await both(), [false, false])
})
