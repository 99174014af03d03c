// Whole imports from a source on loopback that is honest, broken or hostile.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { BootFiles } from '#node/boot-files.ts'
import { runImport, type ImportOptions } from '#node/images/import-run.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { Command } from '#state/command.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise } from '#test/support/region-state.ts'
import { makeKey, StreamSource, type Trick } from '#test/support/stream-source.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const actor = SYSTEM_ACTOR
const SELECTION = {
  ...{ bootSourceId: 1, os: 'ubuntu', release: '*', arches: ['*'], subarches: ['*'] },
  labels: ['*'],
}

async function makeSite(t: Test, keyringData = '') {
  const source = await StreamSource.start(t)
  const region = new MemoryRegion(makeFakeClock(), {
    ...{ ...initialise(), featureLevel: SUPPORTED_LEVELS.max },
  })
  const directory = join(await temporaryDirectory(t), 'files')
  const files = new BootFiles({ directory, otherRegions: () => [], bytesMax: 1 << 30 })
  const propose = async (command: Command): Promise<unknown> => {
    const { outcome } = await region.propose(command, { actor })
    if (!outcome.ok) throw new Error(outcome.message)
    return outcome.value
  }
  const fields = { url: source.url, keyringFilename: '', keyringData }
  await propose({ type: 'object.create', table: 'bootSources', fields })
  await propose({ type: 'object.create', table: 'bootSourceSelections', fields: SELECTION })
  const claim = async (): Promise<number> => {
    await propose({ type: 'imageImport.start' })
    const value = await propose({ type: 'imageImport.claim', regionId: 'region-1' as SystemId })
    return (value as { readonly fence: number }).fence
  }
  const run = async (change: Partial<ImportOptions> = {}): Promise<string> =>
    runImport({
      ...{ region, files, freeBytes: async () => 2 ** 40, fence: await claim() },
      ...{ signal: new AbortController().signal, idleMs: 300, onProgress: () => {}, ...change },
    })
  const state = () => region.local().state
  const named = (release: string) =>
    state().bootResourcesByName.first(`ubuntu/${release} amd64/generic`)
  const names = () => readdir(directory).catch(() => [] as string[])
  return { source, region, files, run, state, named, names, directory, propose, claim }
}

t.test('what is selected is fetched, verified and published; unchanged it is left', async (t) => {
  const { source, run, named, files, region } = await makeSite(t)
  const items = source.add('jammy')
  source.add('noble')
  await source.publish()
  t.equal(await run(), '2 images selected, 2 of them new or changed.')
  const jammy = named('jammy')
  t.match(jammy, { type: 'Synced', version: '20260101', label: 'stable', sourceId: 1 })
  t.strictSame(
    jammy?.files.map(({ sha256 }) => sha256),
    items.map(({ sha256 }) => sha256),
  )
  for (const { sha256 } of items) t.ok(await files.has(sha256))
  source.asked.length = 0
  t.equal(await run(), '2 images selected, 0 of them new or changed.')
  t.equal(named('jammy'), jammy)
  t.equal(source.asked.length, 2, 'index and products alone')
  t.equal(region.local().state.bootResources.size, 2)
})

t.test('a new version replaces the old one; what is offered no more goes', async (t) => {
  const { source, run, named } = await makeSite(t)
  source.add('jammy')
  source.add('focal')
  await source.publish()
  await run()
  const old = named('jammy')?.files ?? []
  source.add('jammy', { version: '20260202' })
  delete source.products['ubuntu:focal']
  await source.publish()
  await run()
  t.equal(named('jammy')?.version, '20260202')
  t.strictSame(named('jammy')?.retired?.files, old)
  t.equal(named('focal'), undefined)
})

t.test('a file that is lost from the disk is fetched again', async (t) => {
  const { source, run, named, files } = await makeSite(t)
  source.add('jammy')
  await source.publish()
  await run()
  const sha256 = named('jammy')?.files[0]?.sha256 ?? ''
  await files.remove(sha256)
  await run()
  t.ok(await files.has(sha256))
})

t.test('what broke off is gone on with, also in another life', async (t) => {
  const { source, run, named, directory } = await makeSite(t)
  source.add('jammy', { sizes: { squashfs: 500_000 } })
  await source.publish()
  // 200,000 bytes, then the connection breaks, for good.
  source.trick = breaksAfter('squashfs', source, 200_000, Number.POSITIVE_INFINITY)
  await t.rejects(run(), { code: 'BAD_REQUEST' })
  t.equal(named('jammy'), undefined)
  t.equal((await readdir(join(directory, 'imports'))).length, 1)
  source.trick = () => false
  source.asked.length = 0
  await run()
  t.match(source.asked.at(-1), /squashfs \d+$/, 'from a byte on')
  t.equal(named('jammy')?.files.length, 1)
})

/** Of a request without a range `bytes` come; with one nothing does. */
function breaksAfter(name: string, source: StreamSource, bytes: number, times: number): Trick {
  let left = times
  return ({ url = '', headers }, response) => {
    if (!url.endsWith(name) || left-- <= 0) return false
    const content = source.files.get(url.slice(1)) ?? Buffer.alloc(0)
    if (headers.range !== undefined) {
      response.destroy()
      return true
    }
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, bytes), () => response.destroy())
    return true
  }
}

const HOSTILE: readonly {
  readonly name: string
  readonly trick: (source: StreamSource) => Trick
  readonly why: RegExp
}[] = [
  {
    name: 'another content of the same size',
    trick: () => (request, response) => {
      if (request.url?.endsWith('squashfs') !== true) return false
      response.end(Buffer.alloc(300_000))
      return true
    },
    why: /do not have the SHA-256/,
  },
  {
    name: 'more bytes than it says',
    trick: () => (request, response) => {
      if (request.url?.endsWith('squashfs') !== true) return false
      response.end(Buffer.alloc(900_000))
      return true
    },
    why: /more bytes/,
  },
  {
    name: 'fewer bytes than it says',
    trick: () => (request, response) => {
      if (request.url?.endsWith('squashfs') !== true) return false
      response.end(Buffer.alloc(10))
      return true
    },
    why: /ended after|SHA-256/,
  },
  {
    name: 'silence in the middle',
    trick: () => (request, response) => {
      if (request.url?.endsWith('squashfs') !== true) return false
      response.write('x')
      return true
    },
    why: /nothing came|aborted/,
  },
  {
    name: 'redirects in a circle',
    trick: () => (request, response) => {
      if (request.url?.includes('products') !== true) return false
      response.writeHead(302, { location: request.url }).end()
      return true
    },
    why: /redirects more than/,
  },
  {
    name: 'an index without an end',
    trick: () => (request, response) => {
      if (request.url?.includes('index') !== true) return false
      const chunk = Buffer.alloc(1 << 20, ' ')
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) continue
      }
      response.on('drain', more)
      more()
      return true
    },
    why: /more than 67108864 bytes/,
  },
  {
    name: 'an index that is no JSON',
    trick: () => (request, response) => {
      if (request.url?.includes('index') !== true) return false
      response.end('<html>')
      return true
    },
    why: /JSON/,
  },
  {
    name: 'status 500',
    trick: () => (_request, response) => {
      response.writeHead(500).end()
      return true
    },
    why: /status 500/,
  },
]
for (const { name, trick, why } of HOSTILE) {
  t.test(`a source with ${name} fails clearly, and what was there stays`, async (t) => {
    const { source, run, named, names } = await makeSite(t)
    source.add('focal', { sizes: { 'root-tgz': 1_000 } })
    await source.publish()
    await run()
    source.add('jammy')
    delete source.products['ubuntu:focal']
    await source.publish()
    source.trick = trick(source)
    await t.rejects(run(), { code: 'BAD_REQUEST', message: why })
    t.equal(named('jammy'), undefined)
    t.ok(named('focal'), 'nothing is removed by who has not seen everything')
    t.ok((await names()).length < 6)
  })
}

t.test('signed by a key of the keyring, armoured or not', async (t) => {
  const { privateKey, keyring, armored } = await makeKey('mirror')
  for (const data of [keyring, Buffer.from(armored)]) {
    const { source, run, named } = await makeSite(t, data.toString('base64'))
    source.add('jammy')
    await source.publish(privateKey)
    await run()
    t.ok(named('jammy'))
    t.ok(source.asked.includes('streams/v1/index.sjson'))
    t.notOk(source.asked.some((path) => path.endsWith('.json')))
  }
})

t.test('unsigned, signed by another key, or altered: not believed', async (t) => {
  const own = await makeKey('mirror')
  const foreign = await makeKey('somebody')
  const { source, run, named } = await makeSite(t, own.keyring.toString('base64'))
  source.add('jammy')
  await source.publish()
  await t.rejects(run(), { message: /index\.sjson: it answered status 404/ })
  await source.publish(foreign.privateKey)
  await t.rejects(run(), { message: /no signature by a key of the keyring/ })
  await source.publish(own.privateKey)
  const path = 'streams/v1/products.sjson'
  const text = source.files.get(path)?.toString() ?? ''
  source.files.set(path, Buffer.from(text.replace('jammy', 'jimmy')))
  await t.rejects(run(), { message: /products\.sjson: no signature/ })
  source.files.set(path, Buffer.from(JSON.stringify({ products: source.products })))
  await t.rejects(run(), { message: /products\.sjson/ })
  t.equal(named('jammy'), undefined)
})

t.test('a disk without room is told before anything is fetched', async (t) => {
  const { source, run, named } = await makeSite(t)
  source.add('jammy')
  await source.publish()
  const freeBytes = async (): Promise<number> => 2 ** 30
  await t.rejects(run({ freeBytes }), { code: 'DISK_FULL', message: /too little room/ })
  t.equal(source.asked.length, 2)
  t.equal(named('jammy'), undefined)
})

t.test('what a user uploaded is not replaced', async (t) => {
  const { source, run, named, propose } = await makeSite(t)
  source.add('jammy')
  await source.publish()
  await propose({
    ...{ type: 'bootResource.put', name: 'ubuntu/jammy', architecture: 'amd64/generic' },
    ...{ title: 'ours', files: [] },
  })
  await t.rejects(run(), { message: /was uploaded/ })
  t.equal(named('jammy')?.title, 'ours')
})

t.test('who lost the import publishes nothing more', async (t) => {
  const { source, run, named, claim } = await makeSite(t)
  source.add('jammy')
  await source.publish()
  const fence = await claim()
  await claim()
  await t.rejects(run({ fence }), { code: 'CONFLICT' })
  t.equal(named('jammy'), undefined)
})
