// The encodings of maas-api §3: whichever a client uses, the same is stored; HEAD, slashes, and where `op` may stand.
import t from 'tap'
import { startTestApi, type TestApi } from './support/api.ts'

const VALUE = 'option domain-name "bücher = 1+1 & 100%";\r\nfilename "a/b";'
const PAIRS = [
  ['name', 'snippet ü'],
  ['value', VALUE],
  ['description', 'two\nlines'],
] as const

const CRLF = '\r\n'
function multipart(part: (name: string, value: string) => string) {
  const parts = PAIRS.map(([name, value]) => `--B${CRLF}${part(name, value)}${CRLF}`)
  const headers = { 'content-type': 'multipart/form-data; boundary=B' }
  return { body: `${parts.join('')}--B--`, headers }
}
const head = (name: string, ...more: readonly string[]) =>
  [`Content-Disposition: form-data; name="${name}"`, ...more, '', ''].join(CRLF)
const quoted = (value: string) =>
  [...Buffer.from(value)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)

const WAYS: Readonly<Record<string, object>> = {
  'urlencoded form': { form: PAIRS },
  'JSON object': { json: Object.fromEntries(PAIRS) },
  'multipart, plain parts': multipart((name, value) => `${head(name)}${value}`),
  'multipart, base64 parts': multipart(
    (name, value) =>
      head(name, 'MIME-Version: 1.0', 'Content-Transfer-Encoding: base64') +
      Buffer.from(value)
        .toString('base64')
        .replaceAll(/(.{20})/g, `$1${CRLF}`),
  ),
  'multipart, base64 octet streams without a file name': multipart(
    (name, value) =>
      head(name, 'Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64') +
      Buffer.from(value).toString('base64'),
  ),
  'multipart, quoted-printable parts': multipart(
    (name, value) =>
      head(name, 'Content-Transfer-Encoding: quoted-printable') +
      // Soft line breaks, as RFC 2045 demands after 76 characters.
      quoted(value)
        .join('')
        .replaceAll(/(.{60})/g, `$1=${CRLF}`),
  ),
}

async function createBy(api: TestApi, way: string) {
  const ask = WAYS[way] as Parameters<TestApi['ask']>[2]
  const { status, json, text } = await api.ask('POST', 'dhcp-snippets/', ask)
  return { status, text, name: json?.name, value: json?.value, description: json?.description }
}

t.test('POST: every encoding stores the same', async (t) => {
  const api = await startTestApi(t)
  for (const way of Object.keys(WAYS)) {
    const { name, value, description, status, text } = await createBy(api, way)
    t.equal(status, 200, `${way}: ${text}`)
    const expected = Object.fromEntries(PAIRS)
    t.strictSame({ name, value, description }, expected, way)
  }
})

t.test('PUT: every encoding changes the same', async (t) => {
  const api = await startTestApi(t)
  for (const [way, ask] of Object.entries(WAYS)) {
    const made = await api.post('dhcp-snippets/', { name: 'a', value: 'filename "x";' })
    const path = `dhcp-snippets/${made.json.id}/`
    const { json } = await api.ask('PUT', path, ask as Parameters<TestApi['ask']>[2])
    t.equal(json.value, VALUE, way)
  }
})

t.test('paths without their last slash, for every method', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.post('zones', { name: 'north' })).status, 200)
  t.equal((await api.get('zones/north')).status, 200)
  t.equal((await api.put('zones/north', { description: 'd' })).json.description, 'd')
  t.equal((await api.delete('zones/north')).status, 204)
  await api.post('scripts', { name: 's', script: '#!/bin/sh' })
  t.equal((await api.get('scripts/s/')).status, 200, 'and with one where MAAS has none')
  t.equal((await api.get('license-key/a/b/')).status, 404)
})

t.test('slashes too many are one, and those of a CIDR are its own', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '10.7.0.0/24' })
  const { id } = (await api.get('subnets/10.7.0.0%2F24/')).json
  for (const path of [`subnets//${id}/`, '/MAAS//api/2.0/subnets/10.7.0.0/24/']) {
    t.equal((await api.get(path)).json.id, id, path)
  }
  t.equal((await api.get('subnets/10.7.0.0/24')).json.id, id)
  t.equal((await api.get('subnets/10.7.0.0/24/?op=statistics')).json.ip_version, 4)
  t.equal((await api.get('subnets/10.7.0.0/24/op-statistics')).json.ip_version, 4)
  t.equal((await api.get('subnets/10.7.0.0/25/')).status, 404)
  t.equal((await api.get('subnets/10.7.0.0/24/x/')).status, 404)
})

t.test('HEAD is GET without the body', async (t) => {
  const api = await startTestApi(t)
  const get = await api.get('zones/')
  const headed = await api.ask('HEAD', 'zones/')
  t.equal(headed.status, 200)
  t.equal(headed.text, '')
  t.equal(headed.headers.get('content-length'), String(Buffer.byteLength(get.text)))
  t.equal((await api.ask('HEAD', 'zones/nowhere/')).status, 404)
  t.equal(
    (await api.ask('HEAD', 'nodes/?op=is_registered&mac_address=aa:bb:cc:00:00:02')).status,
    200,
  )
})

t.test('op stands in the query, the body or the path', async (t) => {
  const api = await startTestApi(t)
  await api.post('tags/?op=', { name: 'gpu' })
  const form = { add: 'abcdef' }
  const zero = { added: 0, removed: 0 }
  t.strictSame((await api.post('tags/gpu/?op=update_nodes', form)).json, zero)
  t.strictSame((await api.post('tags/gpu/', { ...form, op: 'update_nodes' })).json, zero)
  t.strictSame((await api.post('tags/gpu/op-update_nodes', form)).json, zero)
  t.strictSame((await api.post('tags/gpu/op-update_nodes/', form)).json, zero)
  const unknown = await api.post('tags/gpu/?op=fly', form)
  t.equal(unknown.text, 'Unrecognised signature: method=POST op=fly')
})
