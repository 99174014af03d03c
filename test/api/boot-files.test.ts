// Content-addressed files over HTTP: ranges and conditions of RFC 9110.
import t from 'tap'
import { startTestApi } from './support/api.ts'

const SHA256 = 'ab'.repeat(32)
const PATH = `/MAAS/boot-resources/${SHA256}/`

const CASES = [
  { name: 'whole', headers: {}, status: 200, text: '0123456789', range: null },
  {
    name: 'first half',
    headers: { range: 'bytes=0-4' },
    status: 206,
    text: '01234',
    range: 'bytes 0-4/10',
  },
  {
    name: 'open end',
    headers: { range: 'bytes=7-' },
    status: 206,
    text: '789',
    range: 'bytes 7-9/10',
  },
  {
    name: 'suffix',
    headers: { range: 'bytes=-2' },
    status: 206,
    text: '89',
    range: 'bytes 8-9/10',
  },
  {
    name: 'beyond the end',
    headers: { range: 'bytes=5-99' },
    status: 206,
    text: '56789',
    range: 'bytes 5-9/10',
  },
  { name: 'outside', headers: { range: 'bytes=10-' }, status: 416, text: /./, range: 'bytes */10' },
  {
    name: 'several',
    headers: { range: 'bytes=0-1,3-4' },
    status: 200,
    text: '0123456789',
    range: null,
  },
  {
    name: 'known already',
    headers: { 'if-none-match': `"${SHA256}"` },
    status: 304,
    text: '',
    range: null,
  },
  {
    name: 'a range of another file',
    headers: { range: 'bytes=0-4', 'if-range': '"other"' },
    status: 200,
    text: '0123456789',
    range: null,
  },
]

t.test('files are served whole and in ranges', async (t) => {
  const api = await startTestApi(t)
  api.files.set(SHA256, Buffer.from('0123456789'))
  for (const { name, headers, status, text, range } of CASES) {
    const answer = await api.get(PATH, { headers: headers as Record<string, string>, key: null })
    t.equal(answer.status, status, name)
    t.match(answer.text, text, name)
    t.equal(answer.headers.get('content-range'), range, name)
    if (status < 400) t.equal(answer.headers.get('etag'), `"${SHA256}"`, name)
  }
})

t.test('HEAD tells the length', async (t) => {
  const api = await startTestApi(t)
  api.files.set(SHA256, Buffer.from('0123456789'))
  const answer = await api.ask('HEAD', PATH, { key: null })
  t.equal(answer.headers.get('content-length'), '10')
  t.equal(answer.headers.get('accept-ranges'), 'bytes')
})

t.test('an unknown file and a path that is no digest are 404', async (t) => {
  const api = await startTestApi(t)
  for (const path of [PATH, '/MAAS/boot-resources/..%2f..%2fetc/', '/MAAS/boot-resources/x/']) {
    t.equal((await api.get(path, { key: null })).status, 404, path)
  }
  t.equal((await api.post(PATH, {}, { key: null })).status, 405)
})
