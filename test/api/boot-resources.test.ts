// boot-resources/ as MAAS's clients use it: one form with the image in it, or an upload in pieces to `upload_uri`.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { deadUrl, FakeRegion } from '#test/support/fake-region.ts'
import { PLAIN, startTestApi, SYSTEM, type Answer, type TestApi } from './support/api.ts'

const MIB = 1 << 20
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

type File = { readonly upload_uri?: string; readonly complete: boolean; readonly progress?: number }
type Sets = Readonly<
  Record<string, { readonly files: Readonly<Record<string, File>>; readonly complete: boolean }>
>

/** As MAAS's CLI finds it: the only file of the newest set. */
function newestFile(answer: Answer): File | undefined {
  const { sets } = answer.json as { readonly sets: Sets }
  const files = Object.values(sets[Object.keys(sets).toSorted().at(-1) ?? '']?.files ?? {})
  return files.length === 1 ? files[0] : undefined
}

function beginUpload(api: TestApi, content: Buffer, more: Record<string, string> = {}) {
  return api.post('boot-resources/', {
    ...{ name: 'custom/mine', architecture: 'amd64/generic', title: 'Mine', filetype: 'tgz' },
    ...{ sha256: digestOf(content), size: String(content.length), ...more },
  })
}

function putPiece(
  api: TestApi,
  target: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const type = { 'content-type': 'application/octet-stream' }
  return api.ask('PUT', target, { body, headers: { ...type, ...headers } })
}

async function uriOf(api: TestApi, content: Buffer): Promise<string> {
  return newestFile(await beginUpload(api, content))?.upload_uri ?? ''
}

const stateOf = (api: TestApi) => api.region.local().state
const nameOf = (api: TestApi, name: string) =>
  stateOf(api).bootResourcesByName.first(`${name} amd64/generic`)

t.test('an upload in pieces of 4 MiB, as MAAS’s CLI does it', async (t) => {
  const api = await startTestApi(t)
  const content = randomBytes(9 * MIB + 5)
  const begun = await beginUpload(api, content)
  t.equal(begun.status, 201)
  t.match(begun.json, { type: 'Uploaded', name: 'custom/mine', subarches: '', title: 'Mine' })
  const file = newestFile(begun)
  t.match(file, { complete: false, progress: 0, size: content.length, filetype: 'root-tgz' })
  for (let at = 0; at < content.length; at += 4 * MIB) {
    t.strictSame(nameOf(api, 'custom/mine')?.files, [])
    const answer = await putPiece(api, file?.upload_uri ?? '', content.subarray(at, at + 4 * MIB))
    t.equal(answer.status, 200, answer.text)
  }
  const { id } = begun.json as { readonly id: number }
  const shown = await api.get(`boot-resources/${id}/`)
  t.match(newestFile(shown), { complete: true, sha256: digestOf(content) })
  t.match(Object.values((shown.json as { readonly sets: Sets }).sets), [{ complete: true }])
  const [kept] = nameOf(api, 'custom/mine')?.files ?? []
  t.match(kept, { kind: 'root-tgz', sha256: digestOf(content), sizeBytes: content.length })
})

t.test('one form with the image in it, base64 as MAAS’s clients send files', async (t) => {
  const api = await startTestApi(t)
  const content = randomBytes(2 * MIB)
  const boundary = '===============8628965895483672256=='
  const fields = { name: 'mine', architecture: 'amd64', filetype: 'squashfs' }
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const file =
    `--${boundary}\r\nContent-Transfer-Encoding: base64\r\n` +
    `Content-Disposition: form-data; name="content"; filename="content"\r\n\r\n` +
    `${content.toString('base64')}\r\n--${boundary}--\r\n`
  const ask = {
    body: `${parts.join('')}${file}`,
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
  }
  const answer = await api.ask('POST', 'boot-resources/', ask)
  t.equal(answer.status, 201, answer.text)
  t.match(newestFile(answer), { complete: true, sha256: digestOf(content), filetype: 'squashfs' })
  t.same(api.files.get(digestOf(content)), content)
  t.equal((answer.json as { readonly name: string }).name, 'custom/mine')
  t.equal((await api.ask('POST', 'boot-resources/', { ...ask, key: PLAIN })).status, 403)
  t.equal((await api.ask('POST', 'boot-resources/', { ...ask, key: null })).status, 401)
})

t.test('wrong bytes are 400 and nothing of them is kept', async (t) => {
  const api = await startTestApi(t)
  const content = randomBytes(MIB)
  const uri = await uriOf(api, content)
  t.equal((await putPiece(api, uri, randomBytes(MIB / 2))).status, 200)
  const answer = await putPiece(api, uri, content.subarray(MIB / 2))
  t.equal(answer.status, 400)
  t.match(answer.text, /SHA-256/)
  t.equal(nameOf(api, 'custom/mine'), undefined)
  t.equal(stateOf(api).bootUploads.size, 0)
  t.equal((await putPiece(api, uri, content)).status, 404)
})

t.test('a piece sent again is not taken twice, and a gap is told', async (t) => {
  const api = await startTestApi(t)
  const content = randomBytes(MIB)
  const uri = await uriOf(api, content)
  const range = (from: number, to: number) => ({
    'content-range': `bytes ${from}-${to - 1}/${content.length}`,
  })
  const first = content.subarray(0, 1_000)
  t.equal((await putPiece(api, uri, first, range(0, 1_000))).status, 200)
  t.equal((await putPiece(api, uri, first, range(0, 1_000))).status, 200)
  const gap = await putPiece(api, uri, content.subarray(2_000), range(2_000, content.length))
  t.equal(gap.status, 409)
  t.match(gap.text, /begins at byte 1000/)
  const overlap = await putPiece(api, uri, content.subarray(500), range(500, content.length))
  t.equal(overlap.status, 200, overlap.text)
  t.equal(nameOf(api, 'custom/mine')?.files.length, 1)
})

const WRONG_PIECES = [
  { name: 'too much', bytes: 20, headers: {}, status: 400, text: 'Too much data received.' },
  { name: 'nothing', bytes: 0, headers: {}, status: 400, text: 'No data was received.' },
  { name: 'above 4 MiB', bytes: 4 * MIB + 1, headers: {}, status: 413, text: 'too large' },
  {
    ...{ name: 'a form', bytes: 5, status: 400, text: 'octet-stream' },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
  {
    ...{ name: 'another range', bytes: 5, status: 400, text: 'Content-Range' },
    headers: { 'content-range': 'bytes 0-2/10' },
  },
]
for (const { name, bytes, headers, status, text } of WRONG_PIECES) {
  t.test(`a piece with ${name} is refused, and the upload goes on`, async (t) => {
    const api = await startTestApi(t)
    const content = Buffer.alloc(10, 1)
    const uri = await uriOf(api, content)
    const answer = await putPiece(api, uri, Buffer.alloc(bytes, 1), headers)
    t.equal(answer.status, status)
    t.match(answer.text, text)
    t.equal((await putPiece(api, uri, content)).status, 200)
  })
}

t.test('a piece for an upload at another region is handed on as it came', async (t) => {
  const api = await startTestApi(t)
  const other = await FakeRegion.start(() => ({ status: 200, body: 'OK' }))
  t.teardown(() => other.stop())
  const content = Buffer.from('an image')
  const uri = await uriOf(api, content)
  await claimFor(api, 'region-2' as SystemId, other.url)
  const answer = await putPiece(api, uri, content)
  t.equal(answer.status, 200)
  t.equal(answer.text, 'OK')
  const [asked] = other.asked
  t.equal(asked?.url, uri)
  t.equal(asked?.body, 'an image')
  t.match(asked?.headers['authorization'], /^OAuth /)
  t.equal(asked?.headers['x-forwarded-host'], new URL(api.url).host)
  const circle = await putPiece(api, uri, content, { 'x-ironraft-handed-on': '1' })
  t.equal(circle.status, 409)
  t.match(circle.text, /region-2/)
})

t.test('an upload whose region is away is told so, and may be begun anew', async (t) => {
  const api = await startTestApi(t)
  const content = Buffer.from('an image')
  const uri = await uriOf(api, content)
  await claimFor(api, 'region-2' as SystemId, await deadUrl())
  const answer = await putPiece(api, uri, content)
  t.equal(answer.status, 503)
  t.ok(answer.headers.get('retry-after'))
  t.match(answer.text, /region-2.*begin it anew/)
  t.equal((await putPiece(api, await uriOf(api, content), content)).status, 200)
})

async function claimFor(api: TestApi, id: SystemId, apiUrl: string): Promise<void> {
  const address = { host: '127.0.0.1', port: 1, apiUrl }
  await api.region.propose({ type: 'member.register', id, ...address }, { actor: SYSTEM })
  const [upload = 0] = [...stateOf(api).bootUploads.keys()]
  const claim = { id: upload, regionId: id, receivedBytes: 0 }
  await api.region.propose({ type: 'bootUpload.report', ...claim }, { actor: SYSTEM })
}

t.test('without content, digest and size are needed; with it they must be right', async (t) => {
  const api = await startTestApi(t)
  const base = { name: 'custom/mine', architecture: 'amd64/generic' }
  t.match((await api.post('boot-resources/', base)).json, { sha256: [/required/] })
  const digest = { ...base, sha256: 'a'.repeat(64) }
  t.match((await api.post('boot-resources/', digest)).json, { size: [/required/] })
  const wrong = await api.post('boot-resources/', { ...digest, content: 'x' })
  t.match(wrong.json, { sha256: [/another SHA-256/] })
  t.equal(api.files.size, 0)
})

t.test('the list is narrowed by type; what is imported is not uploaded over', async (t) => {
  const api = await startTestApi(t)
  const actor = SYSTEM
  await api.region.propose({ type: 'imageImport.start' }, { actor })
  const regionId = 'region-1' as SystemId
  const claim = await api.region.propose({ type: 'imageImport.claim', regionId }, { actor })
  const fence = claim.outcome.ok ? claim.outcome.value.fence : 0
  await api.region.propose(
    {
      ...{ type: 'bootResource.sync', fence, name: 'ubuntu/noble', architecture: 'amd64/ga' },
      ...{ title: 'Noble', subarches: ['generic', 'ga'], version: '20260101', label: 'stable' },
      ...{ sourceId: 1, files: [] },
    },
    { actor },
  )
  const synced = await api.get('boot-resources/?type=synced')
  t.match(synced.json, [{ name: 'ubuntu/noble', subarches: 'generic,ga', type: 'Synced' }])
  t.equal(((await api.get('boot-resources/?type=uploaded')).json as unknown[]).length, 2)
  t.equal((await api.get('boot-resources/?type=iso')).status, 400)
  const over = { name: 'ubuntu/noble', architecture: 'amd64/ga' }
  const refused = await beginUpload(api, Buffer.from('x'), over)
  t.match(refused.json, { name: [/imported/] })
})

t.test('an import is wanted, shown and stopped', async (t) => {
  const api = await startTestApi(t)
  const isImporting = async () => (await api.get('boot-resources/?op=is_importing')).json as unknown
  t.equal(await isImporting(), false)
  const started = await api.post('boot-resources/?op=import')
  t.match(started, { status: 200, text: 'Import of boot resources started' })
  t.equal(await isImporting(), true)
  t.equal((await api.post('boot-resources/?op=stop_import')).status, 200)
  t.equal(await isImporting(), false)
  t.equal((await api.post('boot-resources/?op=import', {}, { key: PLAIN })).status, 403)
})

t.test('which region has which file is shown by file', async (t) => {
  const api = await startTestApi(t)
  const files = nameOf(api, 'debian/bookworm')?.files ?? []
  const nodeId = 'region-1' as SystemId
  const sha256s = [files[0]?.sha256 ?? '']
  await api.region.propose({ type: 'bootFiles.report', nodeId, sha256s }, { actor: SYSTEM })
  const listed = (await api.get('images-sync-progress/?sources=true')).json as Record<
    string,
    object
  >
  t.match(Object.values(listed)[0], { ...{ sha256: sha256s[0], size: 9 }, sources: ['region-1'] })
  const [id = ''] = Object.keys(listed)
  const path = `images-sync-progress/${id}`
  t.match((await api.get(`${path}/region-1/`)).json, { size: 9 })
  t.match((await api.get(`${path}/region-2/`)).json, { size: 0 })
  t.equal((await api.get('images-sync-progress/1/region-1/')).status, 404)
  t.equal((await api.put(`${path}/region-2/`, { size: '9' })).status, 200)
  t.match((await api.get(`${path}/region-2/`)).json, { size: 0 })
})

t.test('an image is deleted once', async (t) => {
  const api = await startTestApi(t)
  const path = `boot-resources/${nameOf(api, 'debian/bookworm')?.id}/`
  t.equal((await api.delete(path)).status, 204)
  t.equal((await api.delete(path)).status, 404)
  t.equal((await api.get(path)).status, 404)
})
