// The walk of the catalogue: its rows are complete and grounded, a right API passes, and every kind of difference is
// found without stopping it.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { allResources } from '#api/resources.ts'
import { summary } from '#tools/api-walk.ts'
import { isLater, patternOf, readFacts } from '#tools/api-coverage.ts'
import { ENCODINGS } from '#tools/walk/bodies.ts'
import { statusOf } from '#tools/walk/judge.ts'
import { catalogueCall, type Row } from '#tools/walk/row.ts'
import { ROWS } from '#tools/walk/rows.ts'
import { walk, type Line } from '#tools/walk/walk.ts'
import { ADMIN, startTestApi, SYSTEM } from '#test/api/support/api.ts'
import { startSite } from '#test/api/support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

const KEY = `${ADMIN.consumerKey}:${ADMIN.tokenKey}:${ADMIN.tokenSecret}`
const FIXTURE = join(import.meta.dirname, '../fixtures/maas/codes.json')
const CODES = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Readonly<Record<string, string>>

const nameOf = (row: Row): string => {
  const { call, path } = catalogueCall(row)
  return `${call} ${path}`
}
/** `key` of a file is in the address that the region gave. */
const inCatalogue = ROWS.filter(({ call }) => !call.startsWith('GET {'))

t.test(
  'every call that is served, outside of machine life cycle and storage, has a row',
  async (t) => {
    const walked = new Set(inCatalogue.map(nameOf))
    for (const { path, actions } of allResources('')) {
      if (isLater(path)) continue
      for (const { method, op } of actions) {
        const name = `${op === null ? method : `${method}:${op}`} ${patternOf(path)}`
        t.ok(walked.has(name), name)
      }
    }
  },
)

t.test('the rows say what the catalogue says, and where they leave it, why', async (t) => {
  const known = new Set(
    Object.values(readFacts())
      .flat()
      .flatMap(({ path, calls }) => calls.map((call) => `${call} ${patternOf(path)}`)),
  )
  for (const row of inCatalogue) {
    const name = nameOf(row)
    if (name !== 'GET describe' && name !== 'GET resourcepools/*') t.ok(known.has(name), name)
    if (CODES[name] !== undefined) t.equal(row.codes, CODES[name], name)
    const isListed = row.codes.split(' ').includes(String(statusOf(row)))
    t.ok(isListed || row.because !== undefined, `${name}: why another status`)
  }
})

const bad = (lines: readonly Line[]) =>
  lines.filter(({ verdict }) => verdict === 'differs' || verdict === 'skipped')

/** A site with a region in its list; nobody carries out that one leaves. */
async function startRegion(t: Test) {
  const api = await startSite(t)
  const region = { systemId: 'regn01' as SystemId, hostname: 'one', version: '0', incarnation: 1 }
  const urls = { apiUrl: 'http://127.0.0.1:5240', peerAddress: '127.0.0.1:5250' }
  await api.region.propose({ type: 'region.register', ...region, ...urls }, { actor: SYSTEM })
  return api
}

for (const encoding of ENCODINGS) {
  t.test(`bodies as ${encoding}: nothing differs`, async (t) => {
    const api = await startRegion(t)
    const lines = await walk({
      ...{ urls: [api.url], apiKey: KEY, disposable: true, encoding },
      ...{ thorough: encoding === 'form', slashless: encoding === 'json' },
      rows: ROWS.filter(({ call }) => !call.includes('spare_region')),
    })
    t.same(bad(lines), [])
    t.ok(lines.length > 200)
    const left = [api.region.local().state].flatMap(({ zones, subnets, tags, users, domains }) =>
      [zones, subnets, tags, users, domains].map(({ size }) => size),
    )
    // The default domain has a row since it was made the default again.
    t.same(left, [0, 2, 0, 2, 1], 'what it made it removed')
  })
}

t.test(
  'a cluster that is not disposable is only asked what it refuses of what would cost it',
  async (t) => {
    const api = await startRegion(t)
    const rows = ROWS.filter(({ disposable }) => disposable === true)
    t.ok(rows.length > 5)
    const before = api.region.local().state
    const sizes = () => [before.controllers.size, before.domains.size]
    const [controllers] = sizes()
    const lines = await walk({ urls: [api.url], apiKey: KEY, disposable: false, rows })
    const made = lines.filter(({ verdict }) => verdict !== 'refusals')
    t.same(made, [])
    t.same(sizes(), [controllers, 0], 'nothing was taken, no default changed')
  },
)

type Tampering = {
  readonly path: RegExp
  readonly method: string
  readonly change: (answer: { status: number; body: Record<string, unknown> }) => {
    readonly status: number
    readonly body: unknown
  }
}

/** The API, but what fits is told otherwise. */
async function tampered(t: Test, { path, method, change }: Tampering): Promise<string> {
  const api = await startTestApi(t)
  const server = createServer((request, response) => {
    const forward = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { method: asked = '', url = '', headers } = request
      const answer = await fetch(`${api.url}${url}`, {
        method: asked,
        headers: Object.entries(headers)
          .filter(([name]) => ['authorization', 'content-type'].includes(name))
          .map(([name, value]) => [name, String(value)] as [string, string]),
        body: chunks.length === 0 ? null : Buffer.concat(chunks),
      })
      const text = await answer.text()
      const isFound = path.test(url) && asked === method && answer.ok && text !== ''
      const { status, body } = isFound
        ? change({ status: answer.status, body: JSON.parse(text) as Record<string, unknown> })
        : { status: answer.status, body: null }
      const type = answer.headers.get('content-type') ?? 'text/plain'
      const hash = answer.headers.get('x-maas-api-hash') ?? ''
      response.writeHead(status, { 'content-type': type, 'x-maas-api-hash': hash })
      response.end(isFound ? JSON.stringify(body) : text)
    }
    forward().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const without = (body: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))

const TAMPERINGS: Readonly<Record<string, Tampering & { readonly says: RegExp }>> = {
  'a key is missing': {
    ...{ path: /resourcepools\/$/, method: 'POST' },
    change: ({ status, body }) => ({ status, body: without(body, 'description') }),
    says: /answer\.description is missing/,
  },
  'a key is too many': {
    ...{ path: /resourcepools\/$/, method: 'POST' },
    change: ({ status, body }) => ({ status, body: { ...body, extra: 1 } }),
    says: /answer\.extra is not MAAS's/,
  },
  'a type differs': {
    ...{ path: /resourcepool\/\d+\/$/, method: 'PUT' },
    change: ({ status, body }) => ({ status, body: { ...body, id: String(body['id']) } }),
    says: /answer\.id: "\d+" is no int/,
  },
  'a status comes that is none of MAAS’s': {
    ...{ path: /resourcepools\/$/, method: 'POST' },
    change: ({ body }) => ({ status: 201, body }),
    says: /201 and not 200 \(MAAS: 200 400\)/,
  },
  'a list has a wrong element': {
    ...{ path: /resourcepools\/$/, method: 'GET' },
    change: ({ status }) => ({ status, body: [{ id: 1 }] }),
    says: /answer\[0\]\.name is missing/,
  },
}

const POOLS = ROWS.filter(({ call }) => /resourcepool/.test(call))
const ZONES = ROWS.filter(({ call }) => /^(?:GET|POST) zones/.test(call)).slice(0, 2)

for (const [name, { says, ...tampering }] of Object.entries(TAMPERINGS)) {
  t.test(`found: ${name}; the walk goes on`, async (t) => {
    const url = await tampered(t, tampering)
    const rows = [...POOLS, ...ZONES]
    const lines = await walk({ urls: [url], apiKey: KEY, disposable: false, rows, thorough: false })
    const [first] = bad(lines)
    t.match(first?.differences.join(), says)
    t.equal(lines.length, rows.length)
    t.equal(lines.at(-1)?.verdict, 'ok')
  })
}

t.test('what a failed call would have made is missed by name', async (t) => {
  const broken = { status: 500, body: 'broken' }
  const url = await tampered(t, {
    ...{ path: /resourcepools\/$/, method: 'POST', change: () => broken },
  })
  const rows = [...POOLS, ...ZONES]
  const lines = await walk({ urls: [url], apiKey: KEY, disposable: false, rows, thorough: false })
  t.match(lines[0], { verdict: 'differs', status: 500 })
  const skipped = lines.filter(({ verdict }) => verdict === 'skipped')
  t.ok(skipped.length > 2)
  for (const { differences } of skipped) t.match(differences, ['needs pool.id'])
  t.equal(lines.at(-1)?.verdict, 'ok')
  t.match(summary(lines), /, 1 differ, [3-9] skipped$/)
})

t.test('found: an API that asks nobody for a key or for rights', async (t) => {
  const api = await startTestApi(t)
  const server = createServer((request, response) => {
    const headers: Record<string, string> = { authorization: api.sign(ADMIN) }
    const type = request.headers['content-type']
    if (type !== undefined) headers['content-type'] = type
    const forward = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = chunks.length === 0 ? null : Buffer.concat(chunks)
      const { method = '', url = '' } = request
      const answer = await fetch(`${api.url}${url}`, { method, headers, body })
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(await answer.text())
    }
    forward().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const rows = ROWS.filter(({ call }) => call === 'POST spaces/')
  const [line] = await walk({ urls: [url], apiKey: KEY, disposable: false, rows })
  t.match(line?.differences, [/^without a key: \d+, not 401$/, /^by a plain user: \d+, not 403$/])
})
