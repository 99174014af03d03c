// What holds for every operation of /api/v1, found in its document: problems, request ids, query parameters, consistency
// and staleness, entity tags and conditions, answers as described.
import t from 'tap'
import { OPERATIONS } from '#api/v1/operations.ts'
import { bind } from '#test/support/region-state.ts'
import { SYSTEM, type TestApi } from '../support/api.ts'
import { operationsOf, type Operation } from '../support/documents.ts'
import { startSite } from '../support/site.ts'

// Hundreds of requests each.
t.setTimeout(120_000)

const PLACES: Readonly<Record<string, string>> = {
  ...{ name: 'bench%2Fk', id: '1', ip: '192.0.2.9', username: 'plain', sha256: 'f'.repeat(64) },
  ...{ scope: 'global', code: '26' },
}
/** What a read needs beside its path. */
const NEEDED: Readonly<Record<string, string>> = {
  '/api/v1/explain/dhcp': '?mac=52:54:00:00:00:01&giaddr=192.0.2.1',
}
const pathOf = ({ path }: Operation) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name) => PLACES[name] ?? 'x')
const targetOf = (operation: Operation) => pathOf(operation) + (NEEDED[operation.path] ?? '')
const withQuery = (target: string, query: string) =>
  `${target}${target.includes('?') ? '&' : '?'}${query}`
const nameOf = ({ method, path }: Operation) => `${method} ${path}`
/** Of the operation in the table; every route has one (openapi.test.ts). */
const aboutOf = (operation: Operation) => OPERATIONS[nameOf(operation)] ?? { access: 'anyone' }

async function lab(t: Parameters<typeof startSite>[0]) {
  const api = await startSite(t)
  await api.region.propose(bind(1, '192.0.2.120', { rackId: 'rack01' as never }), { actor: SYSTEM })
  await api.ask('PUT', '/api/v1/settings/bench%2Fk', { json: { value: 'v' } })
  await api.ask('PUT', '/api/v1/dhcp-options/global/26', { json: { value: 1_400 } })
  await api.ask('POST', '/api/v1/access-tokens', { json: { name: 'x', scope: 'read' } })
  const operations = await operationsOf(api, 'v1')
  const reads = operations.filter((one) => one.method === 'GET' && isJson(one))
  return { api, operations, reads }
}

const isJson = (operation: Operation) => OPERATIONS[nameOf(operation)]?.answer !== undefined

t.test('who is unknown is 401, as a problem with the id that he gave', async (t) => {
  const { api, operations } = await lab(t)
  for (const operation of operations) {
    if (aboutOf(operation).access === 'anyone') continue
    const headers = { 'x-request-id': 'mine-1' }
    const answer = await api.ask(operation.method, targetOf(operation), { key: null, headers })
    t.equal(answer.status, 401, nameOf(operation))
    t.equal(answer.headers.get('content-type'), 'application/problem+json')
    t.equal(answer.headers.get('x-request-id'), 'mine-1')
    t.match(answer.json, {
      ...{ type: 'about:blank', title: 'unauthenticated', status: 401, code: 'UNAUTHENTICATED' },
      request_id: 'mine-1',
    })
  }
})

t.test('a query parameter is in the document or is refused by its name', async (t) => {
  const { api, operations } = await lab(t)
  const anywhere = new Set(['frob', ...operations.flatMap(({ query }) => Object.keys(query))])
  for (const operation of operations) {
    if (operation.path.endsWith('openapi.json')) continue
    for (const name of [...anywhere].filter((one) => !Object.hasOwn(operation.query, one))) {
      const { status, json } = await api.ask(operation.method, `${pathOf(operation)}?${name}=1`)
      t.equal(status, 400, `${nameOf(operation)} ${name}`)
      t.equal(json?.detail, `There is no query parameter ${name}.`)
    }
    const before = api.region.proposed.length
    for (const name of Object.keys(operation.query)) {
      const { status, text } = await api.ask(operation.method, `${pathOf(operation)}?${name}=%00`)
      t.notMatch(text, 'There is no query parameter', `${nameOf(operation)} ${name}: ${status}`)
    }
    if (operation.method === 'GET') t.equal(api.region.proposed.length, before)
  }
})

t.test('reads are linearizable, or stale and say how old', async (t) => {
  const { api, reads } = await lab(t)
  t.ok(reads.length > 10)
  for (const operation of reads) {
    const target = targetOf(operation)
    const fresh = await api.get(target)
    t.equal(fresh.status, 200, `${nameOf(operation)}: ${fresh.text}`)
    if (aboutOf(operation).access === 'anyone') continue
    if (operation.path.endsWith('/tokens')) continue
    t.match(fresh.headers.get('x-revision'), /^\d+$/, nameOf(operation))
    t.equal(fresh.headers.get('x-staleness-ms'), null)
    const stale = await api.get(withQuery(target, 'consistency=stale'))
    t.equal(stale.headers.get('x-staleness-ms'), '7', nameOf(operation))
    t.match((await api.get(withQuery(target, 'consistency=perhaps'))).json, { code: 'BAD_REQUEST' })
  }
})

t.test('without a quorum a read is 503 with Retry-After', async (t) => {
  const { api, reads } = await lab(t)
  api.region.failWith('NO_QUORUM')
  for (const operation of reads) {
    if (aboutOf(operation).access === 'anyone') continue
    const { status, headers, json } = await api.get(targetOf(operation))
    t.equal(status, 503, nameOf(operation))
    t.equal(headers.get('retry-after'), '1')
    t.match(json, { code: 'NO_QUORUM', status: 503 })
  }
})

t.test('what has an entity tag has it everywhere, and conditions on it hold', async (t) => {
  const { api, operations } = await lab(t)
  const isTagged = (one: Operation) => OPERATIONS[nameOf(one)]?.tagged === true
  const tagged = operations.filter(isTagged)
  t.ok(tagged.length >= 5)
  for (const read of tagged.filter(({ method }) => method === 'GET')) {
    const target = targetOf(read)
    const etag = (await api.get(target)).headers.get('etag') ?? ''
    t.match(etag, /^"[\w-]{24}"$/, `${nameOf(read)} is strong`)
    t.equal((await api.get(target, { headers: { 'if-none-match': etag } })).status, 304)
    for (const method of ['PATCH', 'DELETE']) {
      const known = tagged.some((one) => one.method === method && one.path === read.path)
      if (known) await refusesAnother(t, api, method, target)
    }
  }
})

async function refusesAnother(
  t: Parameters<typeof startSite>[0],
  api: TestApi,
  method: string,
  target: string,
) {
  const before = api.region.proposed.length
  const body = method === 'PATCH' ? { json: {} } : {}
  const answer = await api.ask(method, target, { ...body, headers: { 'if-match': '"other"' } })
  t.match(answer, { status: 412, json: { code: 'PRECONDITION_FAILED' } }, `${method} ${target}`)
  t.equal(api.region.proposed.length, before)
}

t.test('a patch is a merge patch: other kinds are 415 and the right ones are named', async (t) => {
  const { api, operations } = await lab(t)
  const patches = operations.filter(({ method }) => method === 'PATCH')
  t.ok(patches.length >= 2)
  for (const patch of patches) {
    t.same(patch.body?.types, ['application/merge-patch+json'])
    const headers = { 'content-type': 'application/json-patch+json' }
    const answer = await api.ask('PATCH', targetOf(patch), { body: '[]', headers })
    t.equal(answer.status, 415, nameOf(patch))
    t.match(answer.headers.get('accept-patch'), 'application/merge-patch+json')
    const merge = { 'content-type': 'application/merge-patch+json' }
    const empty = await api.ask('PATCH', targetOf(patch), { body: '{}', headers: merge })
    t.equal(empty.status, 200, `${nameOf(patch)}: nothing named, nothing changed`)
  }
})

t.test('answers are what the document says', async (t) => {
  const { api, reads } = await lab(t)
  for (const operation of reads) {
    const { json } = await api.get(targetOf(operation))
    const read = OPERATIONS[nameOf(operation)]?.answer?.safeParse(json)
    t.ok(read?.success, `${nameOf(operation)}: ${read?.error?.message ?? ''}`)
  }
})

t.test(
  'bodies that no schema describes are refused field by field, and written nowhere',
  async (t) => {
    const { api, operations } = await lab(t)
    const takers = operations.filter(({ body }) => body?.types[0]?.includes('json') === true)
    t.ok(takers.length >= 7)
    for (const operation of takers) {
      const before = api.region.proposed.length
      const { status, json } = await api.ask(operation.method, targetOf(operation), {
        json: { frob: 1 },
      })
      t.equal(status, 400, nameOf(operation))
      t.equal(json.code, 'VALIDATION')
      t.ok(Object.keys(json.fields).length > 0)
      t.equal(api.region.proposed.length, before)
    }
  },
)
