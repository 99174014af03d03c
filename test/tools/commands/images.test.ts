// Images by the command line, against a real API over the memory region.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { ADMIN, startTestApi, SYSTEM } from '#test/api/support/api.ts'
import { fakeIo } from '#test/support/fake-io.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { until } from '#test/support/until.ts'
import { EXIT } from '#tools/exit-codes.ts'
import { main } from '#tools/main.ts'

async function makeLab(t: Test) {
  const api = await startTestApi(t)
  const env = {
    IRONRAFT_ENDPOINT: api.url,
    IRONRAFT_API_KEY: `${ADMIN.consumerKey}:${ADMIN.tokenKey}:${ADMIN.tokenSecret}`,
  }
  const run = async (...words: string[]) => {
    const io = fakeIo(env)
    const code = await main(words, io)
    return { code, text: io.printed.join('\n'), complained: io.complained.join('\n') }
  }
  const dir = await temporaryDirectory(t)
  const state = () => api.region.local().state
  return { api, run, dir, state }
}

t.test('an image is uploaded in pieces, shown and deleted', async (t) => {
  const { run, dir, state } = await makeLab(t)
  const path = join(dir, 'mine.tar.xz')
  const content = randomBytes((5 << 20) + 3)
  await writeFile(path, content)
  const options = ['--title', 'Mine', '--base-image', 'debian/bookworm', '--json']
  const { code, text, complained } = await run('boot-resources', 'upload', path, ...options)
  t.equal(code, EXIT.ok, complained)
  const { id, name } = JSON.parse(text) as { readonly id: number; readonly name: string }
  t.equal(name, 'custom/mine')
  t.match(state().bootResources.get(id as never), {
    ...{ title: 'Mine', baseImage: 'debian/bookworm' },
    files: [{ kind: 'root-txz', sizeBytes: content.length }],
  })
  const again = await run('boot-resources', 'upload', path, '--name', 'custom/other')
  t.match(again.text, /custom\/other \(amd64\/generic\) is there/)
  t.match((await run('boot-resources', 'list')).text, /custom\/mine/)
  t.equal((await run('boot-resources', 'delete', String(id))).code, EXIT.ok)
})

t.test('a file of which nobody knows how it is packed is refused before it is sent', async (t) => {
  const { api, run, dir } = await makeLab(t)
  await writeFile(join(dir, 'mine.iso'), 'x')
  const { revision } = api.region.local()
  const { code, complained } = await run('boot-resources', 'upload', join(dir, 'mine.iso'))
  t.equal(code, EXIT.error)
  t.match(complained, /--filetype/)
  t.equal((await run('boot-resources', 'upload', join(dir, 'none.tgz'))).code, EXIT.notFound)
  t.equal(api.region.local().revision, revision)
})

t.test('an import is begun, waited for and shown with who has what', async (t) => {
  const { api, run, state } = await makeLab(t)
  t.match((await run('images', 'status')).text, /Nothing was imported yet/)
  const propose = (command: Parameters<typeof api.region.propose>[0]) =>
    api.region.propose(command, { actor: SYSTEM })
  const regionId = 'region-1' as SystemId
  const waiting = run('images', 'import', '--wait')
  await until('it is wanted', () => state().imageImports.get('import')?.status === 'wanted')
  await propose({ type: 'imageImport.claim', regionId })
  const fence = state().imageImports.get('import')?.fence ?? 0
  await propose({ type: 'imageImport.end', fence, result: 'failed', message: 'No room.' })
  const { code, text } = await waiting
  t.equal(code, EXIT.error)
  t.match(text, /Import failed: No room\./)
  const files = state().bootResourcesByName.first('debian/bookworm amd64/generic')?.files ?? []
  const sha256s = files.map(({ sha256 }) => sha256).toSorted()
  await propose({ type: 'bootFiles.report', nodeId: regionId, sha256s })
  const shown = await run('images', 'status')
  t.match(shown.text, /debian\/bookworm \(amd64\/generic\) Uploaded, 0\.0 MiB: region-1/)
  const { images } = JSON.parse((await run('images', 'status', '--json')).text) as {
    readonly images: readonly { readonly regions: readonly object[] }[]
  }
  t.match(images[0]?.regions, [{ id: 'region-1', complete: true, bytes: 27 }])
  t.equal((await run('images', 'stop')).code, EXIT.ok)
})
