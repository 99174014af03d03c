// Files by content: nothing is named before its bytes are seen to be the right ones (D10).
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { BootFiles } from '#node/boot-files.ts'
import { deadUrl, FakeRegion, type Asked, type Told } from '#test/support/fake-region.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const CONTENT = 'a kernel, or so'
const NAME = createHash('sha256').update(CONTENT).digest('hex')

async function makeFiles(t: Test, otherRegions: readonly string[] = [], free = 2 ** 40) {
  const directory = join(await temporaryDirectory(t), 'files')
  const files = new BootFiles({
    ...{ directory, otherRegions: () => otherRegions, bytesMax: 100 },
    freeBytes: async () => free,
  })
  const names = (): Promise<string[]> => readdir(directory).catch(() => [])
  const read = async (): Promise<string | undefined> => {
    const opened = await files.open(NAME)
    return opened === undefined ? undefined : text(opened.stream(0, opened.sizeBytes - 1))
  }
  return { files, names, read }
}

async function makeRegion(t: Test, answer: (asked: Asked) => Told): Promise<FakeRegion> {
  const region = await FakeRegion.start(answer)
  t.teardown(() => region.stop())
  return region
}

const serves = (): Told => ({ status: 200, body: CONTENT })

t.test('what was put is opened, whole or in part, under its digest alone', async (t) => {
  const { files, names, read } = await makeFiles(t)
  await files.put(NAME, Readable.from([Buffer.from('a kernel'), Buffer.from(', or so')]))
  t.equal(await read(), CONTENT)
  t.same(await names(), [NAME])
  const opened = await files.open(NAME)
  t.equal(opened?.sizeBytes, CONTENT.length)
  t.equal(opened && (await text(opened.stream(2, 7))), 'kernel')
})

t.test('the room of the log is left to it', async (t) => {
  const { files, names } = await makeFiles(t, [], 2 ** 30 + CONTENT.length)
  const bytes = () => Readable.from([Buffer.from(CONTENT)])
  await t.rejects(files.put(NAME, bytes(), CONTENT.length + 1), { code: 'DISK_FULL' })
  t.same(await names(), [])
  await files.put(NAME, bytes(), CONTENT.length)
  t.same(await names(), [NAME])
})

t.test('bytes that are not what they claim are refused and leave nothing', async (t) => {
  const { files, names, read } = await makeFiles(t)
  const other = Readable.from([Buffer.from('a worm')])
  await t.rejects(files.put(NAME, other), { code: 'BAD_REQUEST' })
  t.same(await names(), [])
  t.equal(await read(), undefined)
})

t.test('a file above the limit is refused and leaves nothing', async (t) => {
  const { files, names } = await makeFiles(t)
  const bytes = Buffer.alloc(101)
  const name = createHash('sha256').update(bytes).digest('hex')
  await t.rejects(files.put(name, Readable.from([bytes])), { code: 'PAYLOAD_TOO_LARGE' })
  t.same(await names(), [])
})

t.test('an upload that breaks off leaves nothing', async (t) => {
  const { files, names } = await makeFiles(t)
  const broken = Readable.from(
    (function* () {
      yield Buffer.from('a kernel')
      throw new Error('the client went away')
    })(),
  )
  await t.rejects(files.put(NAME, broken), { message: 'the client went away' })
  t.same(await names(), [])
})

t.test('a refused upload leaves the file that was there', async (t) => {
  const { files, read } = await makeFiles(t)
  await files.put(NAME, Readable.from([Buffer.from(CONTENT)]))
  await t.rejects(files.put(NAME, Readable.from([Buffer.from('x')])), { code: 'BAD_REQUEST' })
  t.equal(await read(), CONTENT)
})

t.test('a file this region lacks is fetched once and kept', async (t) => {
  const region = await makeRegion(t, serves)
  const { files, names, read } = await makeFiles(t, [region.url])
  await Promise.all([files.open(NAME), files.open(NAME)])
  t.equal(await read(), CONTENT)
  t.same(await names(), [NAME])
  const urls = region.asked.map(({ method, url }) => `${method} ${url}`)
  t.same(urls, [`GET /MAAS/boot-resources/${NAME}/?local=true`])
})

t.test('regions that are down, lack it, break off or lie are passed over', async (t) => {
  const without = await makeRegion(t, () => ({ status: 404, body: 'Not Found' }))
  const broken = await makeRegion(t, () => 'drop')
  const liar = await makeRegion(t, () => ({ status: 200, body: 'a worm' }))
  const honest = await makeRegion(t, serves)
  const { names, read } = await makeFiles(t, [
    await deadUrl(),
    without.url,
    broken.url,
    liar.url,
    honest.url,
  ])
  t.equal(await read(), CONTENT)
  t.same(await names(), [NAME])
  t.equal(liar.asked.length, 1)
})

t.test('what nobody has truly is absent, and asked for again the next time', async (t) => {
  const told: Told[] = [{ status: 200, body: 'a worm' }, serves()]
  const region = await makeRegion(t, () => told.shift() ?? 'drop')
  const { names, read } = await makeFiles(t, [region.url])
  t.equal(await read(), undefined)
  t.same(await names(), [])
  t.equal(await read(), CONTENT)
})

t.test('a region that asks gets only what is here: no chains of fetches', async (t) => {
  const region = await makeRegion(t, serves)
  const { files } = await makeFiles(t, [region.url])
  t.equal(await files.open(NAME, true), undefined)
  t.equal(region.asked.length, 0)
})

const malformed = ['', 'x', NAME.slice(1), `${NAME}0`, NAME.toUpperCase(), `../${NAME.slice(3)}`]
for (const name of malformed) {
  t.test(`'${name}' names no file and reaches no disk`, async (t) => {
    const region = await makeRegion(t, serves)
    const { files, names } = await makeFiles(t, [region.url])
    await t.rejects(files.open(name), { code: 'BAD_REQUEST' })
    await t.rejects(files.put(name, Readable.from([])), { code: 'BAD_REQUEST' })
    t.same(await names(), [])
    t.equal(region.asked.length, 0)
  })
}
