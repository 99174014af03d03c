// files/: what Juju does with them (maas-api §8.1, §10.3): bytes come back as they were sent.
import t from 'tap'
import { PLAIN, startTestApi, type TestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'

const BYTES = Buffer.from([0, 255, 13, 10, 254, 128, 45, 45, 66])

const part = (head: string, body: string) => `--B\r\n${head}\r\n\r\n${body}\r\n`
const named = (name: string, more = '') => `Content-Disposition: form-data; name="${name}"${more}`

/** As MAAS's clients send it: every part in base64. */
function upload(api: TestApi, filename: string, content: Buffer) {
  const base64 = 'Content-Transfer-Encoding: base64'
  const body =
    part(`${named('filename')}\r\n${base64}`, Buffer.from(filename).toString('base64')) +
    part(
      `${named('file', '; filename="f"')}\r\n${base64}\r\nContent-Type: application/octet-stream`,
      content.toString('base64').replaceAll(/(.{76})/g, '$1\n'),
    )
  const headers = { 'content-type': 'multipart/form-data; boundary="B"' }
  return api.ask('POST', 'files/', { body: `${body}--B--`, headers })
}

async function rawOf(api: TestApi, path: string, signed: boolean): Promise<Buffer> {
  const headers: Record<string, string> = signed
    ? {
        authorization: api.sign({
          consumerKey: 'c'.repeat(18),
          tokenKey: 'a'.repeat(18),
          tokenSecret: 's'.repeat(32),
        }),
      }
    : {}
  const response = await fetch(`${api.url}${path}`, { headers })
  return Buffer.from(await response.arrayBuffer())
}

t.test('a file is stored, listed, read in three ways, replaced and deleted', async (t) => {
  const api = await startTestApi(t)
  const made = await upload(api, 'provider-state', BYTES)
  t.equal(made.status, 201, made.text)
  t.strictSame(differences('file', made.json), [])
  await upload(api, 'other', Buffer.from('x'))
  const names = async (query: string) =>
    (await api.get(`files/${query}`)).json.map(({ filename }: { filename: string }) => filename)
  t.same(await names(''), ['other', 'provider-state'])
  t.same(await names('?prefix=prov'), ['provider-state'])
  const one = (await api.get('files/provider-state/')).json
  t.equal(one.content, BYTES.toString('base64'))
  const root = '/MAAS/api/2.0/files/'
  t.same(await rawOf(api, `${root}?op=get&filename=provider-state`, true), BYTES)
  t.same(await rawOf(api, made.json.anon_resource_uri, false), BYTES, 'by its key, unsigned')
  const again = await upload(api, 'provider-state', Buffer.from('new'))
  t.equal(again.json.anon_resource_uri, made.json.anon_resource_uri)
  t.equal((await api.get('files/?op=get&filename=provider-state')).text, 'new')
  t.equal((await api.delete('files/?filename=other')).status, 204)
  t.equal((await api.delete('files/provider-state/')).status, 204)
  t.same(await names(''), [])
})

t.test('files are their user’s alone', async (t) => {
  const api = await startTestApi(t)
  await upload(api, 'a', BYTES)
  const ask = { key: PLAIN }
  t.strictSame((await api.get('files/', ask)).json, [])
  t.equal((await api.get('files/a/', ask)).status, 404)
  t.equal((await api.get('files/?op=get&filename=a', ask)).status, 404)
  t.equal((await api.delete('files/a/', ask)).status, 404)
  t.equal((await api.get('files/?op=get_by_key&key=guess', { key: null })).status, 404)
  t.equal((await api.get('files/', { key: null })).status, 401)
})

t.test('what is missing or too large is refused', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.post('files/', { filename: 'a' })).text, 'No provided file!')
  t.equal((await api.post('files/', { file: 'x' })).json.filename[0], 'This field is required.')
  t.equal((await api.get('files/?op=get')).json.filename[0], 'This field is required.')
  const large = await upload(api, 'a', Buffer.alloc(400 << 10))
  t.equal(large.status, 400)
  t.match(large.json, { file: [/384 KiB/] })
  t.equal((await upload(api, 'a', Buffer.alloc(2 << 20))).status, 413)
  t.equal((await upload(api, 'empty', Buffer.alloc(0))).status, 201)
})
