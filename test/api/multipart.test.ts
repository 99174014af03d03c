// Multipart bodies as captured from MAAS's clients (maas-api §3).
import t from 'tap'
import { parseMultipart } from '#api/multipart.ts'
import { startTestApi } from './support/api.ts'

const BOUNDARY = '===============8628965895483672256=='
const TYPE = `multipart/form-data; boundary="${BOUNDARY}"`
const lines = (...all: readonly string[]): Buffer => Buffer.from(all.join('\r\n'))
const part = (name: string, value: string, ...more: readonly string[]): readonly string[] => [
  `--${BOUNDARY}`,
  'Content-Transfer-Encoding: base64',
  `Content-Disposition: form-data; name="${name}"`,
  'MIME-Version: 1.0',
  ...(more.length > 0 ? more : ['Content-Type: text/plain; charset="utf-8"']),
  '',
  Buffer.from(value).toString('base64'),
  '',
]
const OCTETS = 'Content-Type: application/octet-stream'

const CASES = [
  {
    name: 'maas CLI: base64 text with an extra empty line',
    body: lines(...part('architecture', 'amd64'), `--${BOUNDARY}--`, ''),
    expected: { architecture: ['amd64'] },
  },
  {
    name: 'python-libmaas: a scalar typed octet-stream without a file name',
    body: lines(...part('cpu_count', '4', OCTETS), `--${BOUNDARY}--`, ''),
    expected: { cpu_count: ['4'] },
  },
  {
    name: 'repeated names in order',
    body: lines(...part('tags', 'a'), ...part('tags', 'b'), `--${BOUNDARY}--`, ''),
    expected: { tags: ['a', 'b'] },
  },
  {
    name: 'no line end after the last boundary',
    body: lines(...part('name', 'x'), `--${BOUNDARY}--`),
    expected: { name: ['x'] },
  },
  {
    name: 'python-libmaas: one blank part',
    body: lines(`--${BOUNDARY}`, '', `--${BOUNDARY}--`),
    expected: {},
  },
  { name: 'nothing at all', body: Buffer.alloc(0), expected: {} },
  {
    name: 'a file part is taken as a field',
    body: lines(
      `--${BOUNDARY}`,
      'Content-Disposition: form-data; name="content"; filename="x"',
      OCTETS,
      '',
      'plain text',
      `--${BOUNDARY}--`,
      '',
    ),
    expected: { content: ['plain text'] },
  },
  {
    name: 'quoted-printable with a soft line break',
    body: lines(
      `--${BOUNDARY}`,
      'Content-Disposition: form-data; name="q"',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'caf=C3=A9 =',
      'au lait',
      `--${BOUNDARY}--`,
      '',
    ),
    expected: { q: ['café au lait'] },
  },
  {
    name: 'a long base64 value in lines of 76 columns',
    body: lines(
      `--${BOUNDARY}`,
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: form-data; name="long"',
      '',
      ...(Buffer.from('x'.repeat(300))
        .toString('base64')
        .match(/.{1,76}/g) ?? []),
      '',
      `--${BOUNDARY}--`,
      '',
    ),
    expected: { long: ['x'.repeat(300)] },
  },
]

for (const { name, body, expected } of CASES) {
  t.test(`read: ${name}`, async (t) => {
    const input = await parseMultipart(TYPE, body)
    const found = Object.fromEntries(input.names().map((key) => [key, input.list(key)]))
    t.strictSame(found, expected)
  })
}

const whole = (...parts: readonly string[]): Buffer => lines(...parts, `--${BOUNDARY}--`, '')
const MANY = Array.from({ length: 1_001 }, (_, at) => part(`n${at}`, 'x')).flat()

const BROKEN = [
  { name: 'a part with an empty name', type: TYPE, body: whole(...part('', 'x')) },
  { name: 'more parts than parameters', type: TYPE, body: whole(...MANY) },
  { name: 'no boundary in the type', type: 'multipart/form-data', body: lines('x') },
  { name: 'an end that never comes', type: TYPE, body: lines(...part('a', 'b')) },
  { name: 'no boundary in the body', type: TYPE, body: Buffer.alloc(2_000, 'x') },
]
for (const { name, type, body } of BROKEN) {
  t.test(`refused: ${name}`, async (t) => {
    await t.rejects(parseMultipart(type, body), { code: 'BAD_REQUEST' })
  })
}

t.test('the CLI creates a machine with a multipart body', async (t) => {
  const api = await startTestApi(t)
  const body = lines(
    ...part('architecture', 'amd64'),
    ...part('mac_addresses', 'aa:bb:cc:00:00:02'),
    ...part('hostname', 'box'),
    `--${BOUNDARY}--`,
    '',
  )
  const answer = await api.ask('POST', 'machines/', { body, headers: { 'content-type': TYPE } })
  t.equal(answer.status, 200)
  t.match(answer.json, { hostname: 'box', architecture: 'amd64/generic' })
})

t.test('a DELETE with an empty multipart body is a DELETE', async (t) => {
  const api = await startTestApi(t)
  await api.post('fabrics/', { name: 'gone' })
  const body = `--${BOUNDARY}\r\n\r\n--${BOUNDARY}--`
  const answer = await api.ask('DELETE', 'fabrics/1/', { body, headers: { 'content-type': TYPE } })
  t.equal(answer.status, 204)
})
