import { createHash } from 'node:crypto'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { ImageCache } from '#rack/http/image-cache.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeImageSource, type SourceManner } from '#test/support/image-source.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

function image(seed: number, sizeBytes = 400_000) {
  const bytes = Buffer.from(seededRandom(seed).bytes(sizeBytes))
  return { bytes, sizeBytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

const IMAGE = image(1)

async function makeCache(t: Test, sources: readonly string[], options: { bytesMax?: number } = {}) {
  const dir = await temporaryDirectory(t)
  const metrics = makeCountingMetrics()
  const cache = new ImageCache({
    dir,
    bytesMax: options.bytesMax ?? 10_000_000,
    sources: () => sources,
    logger: makeLogRecorder().logger,
    metrics,
    idleMs: 150,
  })
  await cache.start()
  t.teardown(() => cache.close())
  return { cache, dir, metrics }
}

async function readAll(cache: ImageCache, file = IMAGE): Promise<Buffer | undefined> {
  const opened = await cache.open(file)
  return opened === undefined ? undefined : buffer(opened.stream(0, file.sizeBytes - 1))
}

const CASES: readonly {
  readonly name: string
  readonly sources: readonly SourceManner[]
  readonly ok: boolean
  /** Ranges each source was asked for. */
  readonly asked?: readonly (readonly (string | RegExp)[])[]
}[] = [
  { name: 'an honest region', sources: ['honest'], ok: true, asked: [['all']] },
  {
    name: 'what broke off is resumed at the next region',
    sources: ['short', 'honest'],
    ok: true,
    asked: [['all'], [/^bytes=[1-9]\d*-$/]],
  },
  { name: 'what got stuck is resumed at the next region', sources: ['stuck', 'honest'], ok: true },
  {
    name: 'a region without ranges starts over',
    sources: ['short', 'whole'],
    ok: true,
    asked: [['all'], [/^bytes=/]],
  },
  { name: 'a region that lacks the file', sources: ['missing', 'honest'], ok: true },
  {
    name: 'a corrupt region does not spoil an honest one',
    sources: ['corrupt', 'honest'],
    ok: true,
  },
  { name: 'nor does a part from it', sources: ['short', 'corrupt', 'honest'], ok: true },
  { name: 'too many bytes are not the file', sources: ['tooLong', 'honest'], ok: true },
  {
    name: 'a region that always breaks off gives halves of what is left',
    sources: ['short'],
    ok: false,
  },
  { name: 'a corrupt region alone', sources: ['corrupt'], ok: false },
  { name: 'two corrupt regions', sources: ['corrupt', 'corrupt'], ok: false },
  { name: 'nobody has it', sources: ['missing', 'missing'], ok: false },
  { name: 'no region at all', sources: [], ok: false },
]

for (const { name, sources, ok, asked } of CASES) {
  t.test(name, async (t) => {
    const made = await Promise.all(sources.map((each) => makeImageSource(t, IMAGE.bytes, each)))
    const { cache, dir } = await makeCache(
      t,
      made.map(({ url }) => url),
    )
    const got = await readAll(cache)
    t.equal(got?.equals(IMAGE.bytes) === true, ok)
    t.strictSame(await readdir(dir), ok ? [IMAGE.sha256] : [], 'nothing wrong stays')
    if (asked === undefined) return
    t.match(
      made.map(({ requests }) => requests),
      asked,
    )
    t.strictSame(
      made.map(({ requests }) => requests.length),
      asked.map(({ length }) => length),
    )
  })
}

t.test('a region that is down is passed over', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache } = await makeCache(t, ['http://127.0.0.1:9', source.url])
  t.ok((await readAll(cache))?.equals(IMAGE.bytes))
})

t.test('everybody who asks at once shares one download', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache } = await makeCache(t, [source.url])
  const all = await Promise.all(Array.from({ length: 20 }, () => readAll(cache)))
  t.ok(all.every((each) => each?.equals(IMAGE.bytes)))
  t.equal(source.requests.length, 1)
})

t.test('a failed download is tried again by the next request', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'missing')
  const { cache } = await makeCache(t, [source.url])
  t.equal(await readAll(cache), undefined)
  source.manner = 'honest'
  t.ok((await readAll(cache))?.equals(IMAGE.bytes))
})

t.test('a whole file for TFTP: one copy for all who read it, none of what is long', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache } = await makeCache(t, [source.url])
  const [one, other] = await Promise.all([cache.read(IMAGE), cache.read(IMAGE)])
  t.ok(one?.equals(IMAGE.bytes) === true)
  t.equal(one, other)
  t.equal(await cache.read(IMAGE), one)
  t.equal(await cache.read({ ...IMAGE, sizeBytes: 200_000_000 }), undefined)
  t.equal(await cache.read(image(2)), undefined, 'what no region has')
})

t.test('parts of a file', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache } = await makeCache(t, [source.url])
  const opened = await cache.open(IMAGE)
  const part = opened === undefined ? Buffer.alloc(0) : await buffer(opened.stream(10, 19))
  t.ok(part.equals(IMAGE.bytes.subarray(10, 20)))
})

t.test('after a restart files are served without any region, once verified', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache, dir } = await makeCache(t, [source.url])
  await readAll(cache)
  await writeFile(join(dir, `${IMAGE.sha256}.part`), 'half')
  const restart = () =>
    new ImageCache({
      dir,
      bytesMax: 10_000_000,
      sources: () => [],
      logger: makeLogRecorder().logger,
      metrics: makeCountingMetrics(),
    })
  const second = restart()
  await second.start()
  t.ok((await readAll(second))?.equals(IMAGE.bytes))
  t.strictSame(await readdir(dir), [IMAGE.sha256], 'the unfinished one is gone')

  const bytes = await readFile(join(dir, IMAGE.sha256))
  bytes[1_000] = (bytes[1_000] ?? 0) ^ 1
  await writeFile(join(dir, IMAGE.sha256), bytes)
  const third = restart()
  await third.start()
  t.equal(await readAll(third), undefined, 'a flipped bit is never served')
  t.strictSame(await readdir(dir), [])
})

t.test('the least recently used file makes room', async (t) => {
  const images = [image(1), image(2), image(3)]
  const dir = await temporaryDirectory(t)
  for (const [i, { sha256, bytes }] of images.slice(0, 2).entries()) {
    await writeFile(join(dir, sha256), bytes)
    await utimes(join(dir, sha256), i + 1, i + 1)
  }
  const [first, second, third] = images
  if (first === undefined || second === undefined || third === undefined) throw new Error('three')
  const source = await makeImageSource(t, third.bytes, 'honest')
  const cache = new ImageCache({
    dir,
    bytesMax: 1_000_000,
    sources: () => [source.url],
    logger: makeLogRecorder().logger,
    metrics: makeCountingMetrics(),
  })
  await cache.start()
  const open = await cache.open(second)
  const oldest = await cache.open(first)
  await oldest?.close()
  t.ok((await readAll(cache, third))?.equals(third.bytes))
  t.strictSame((await readdir(dir)).toSorted(), [first.sha256, third.sha256].toSorted())
  const evicted = open === undefined ? Buffer.alloc(0) : await buffer(open.stream(0, 399_999))
  t.ok(evicted.equals(second.bytes), 'who was reading it reads on')
})

t.test('a file larger than the whole cache is refused', async (t) => {
  const source = await makeImageSource(t, IMAGE.bytes, 'honest')
  const { cache } = await makeCache(t, [source.url], { bytesMax: 100 })
  t.equal(await readAll(cache), undefined)
  t.equal(source.requests.length, 0)
})

t.test('a name that is no digest never touches the disk', async (t) => {
  const { cache } = await makeCache(t, [])
  t.equal(await cache.open({ sha256: '../../etc/passwd', sizeBytes: 1 }), undefined)
})
