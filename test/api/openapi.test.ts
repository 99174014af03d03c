// The OpenAPI documents are made of what checks the requests: this holds them to it, from the documents alone.
import t from 'tap'
import { allResources } from '#api/resources.ts'
import { json, type Call } from '#api/call.ts'
import { Input } from '#api/input.ts'
import { operation, takingNothing } from '#api/resource.ts'
import { startTestApi, type TestApi } from './support/api.ts'
import { watchParameters } from './support/asked.ts'

type Schema = {
  readonly type: string
  readonly maxLength?: number
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly items?: Schema
}
type Form = {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}
type Parameter = { readonly name: string; readonly in: string; readonly required: boolean }
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Form }>> }
  readonly 'x-parameters-undeclared'?: boolean
  readonly 'x-undocumented'?: boolean
}
type Document = {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

async function documentOf(api: TestApi, path: string): Promise<Document> {
  const { status, headers, text } = await api.get(path, { key: null })
  if (status !== 200) throw new Error(`${path}: ${status}`)
  t.equal(headers.get('content-type'), 'application/json')
  return JSON.parse(text) as Document
}
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  )

t.test('API 2.0: each action of each resource, once', async (t) => {
  const api = await startTestApi(t)
  const document = await documentOf(api, '/MAAS/api/2.0/openapi.json')
  t.equal(document.openapi, '3.1.0')
  const operations = operationsOf(document)
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, ids.length)
  const actions = allResources('').flatMap(({ name, actions: all }) =>
    all.map((action) => `${name.replace(/Handler$/, '')}.${action.name}`),
  )
  t.same(ids.toSorted(), actions.toSorted())
  for (const { path, operation } of operations) {
    const inPath = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
    t.same(
      inPath,
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      path,
    )
  }
  t.equal((await api.get('openapi.yaml', { key: null })).status, 200, 'by MAAS’s own name')
})

t.test(
  'API 2.0: a value that the document forbids is refused by its name, and changes nothing',
  async (t) => {
    const api = await startTestApi(t)
    const document = await documentOf(api, '/MAAS/api/2.0/openapi.json')
    let tried = 0
    for (const { path, method, operation } of operationsOf(document)) {
      const schema = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema
      // Errors of a setting are told under the setting's own name.
      if (path.includes('/maas/')) continue
      if (method !== 'post' || schema?.properties === undefined || path.includes('{')) continue
      for (const name of schema.required ?? []) {
        const { status, json, text } = await api.post(path, {})
        t.equal(status, 400, `${path} without ${name}`)
        // MAAS tells some by a sentence, and about one at a time.
        if (json === undefined) continue
        t.ok(json?.[name], `${path} without ${name}: ${text}`)
        tried++
      }
      for (const [name, property] of Object.entries(schema.properties)) {
        const longest = property.maxLength ?? Number.POSITIVE_INFINITY
        if (longest <= 64 << 10) {
          // The bound is exact: as long as this is not too long.
          const allowed = await api.post(path, { [name]: 'x'.repeat(longest) })
          t.notMatch(JSON.stringify(allowed.json?.[name] ?? ''), /at most|too l/, `${path} ${name}`)
        }
        const bad = forbiddenBy(property)
        if (bad === undefined) continue
        const before = api.region.proposed.length
        const { status, json, text } = await api.post(path, { [name]: bad })
        t.equal(status, 400, `${path} ${name}=${bad.slice(0, 20)}`)
        t.ok(json?.[name], `${path} ${name}: ${text}`)
        t.equal(api.region.proposed.length, before, 'nothing was proposed')
        tried++
      }
    }
    t.ok(tried > 60, `${tried} values were tried`)
  },
)

function forbiddenBy(schema: Schema): string | undefined {
  if (schema.type === 'boolean') return 'perhaps'
  if (schema.type === 'integer') return String((schema.maximum ?? 0) + 1)
  if (schema.enum !== undefined) return 'none of them'
  if (schema.type === 'array') {
    const item = schema.items === undefined ? undefined : forbiddenBy(schema.items)
    return item?.includes(',') === true ? undefined : item
  }
  return schema.maxLength === undefined ? undefined : 'x'.repeat(schema.maxLength + 1)
}

t.test('API 2.0: every operation declares what it takes', async (t) => {
  const undeclared = allResources('').flatMap(({ path, actions }) =>
    actions
      .filter(({ params }) => params === undefined)
      .map(({ method, op }) => `${method} ${path} ${op ?? ''}`),
  )
  t.strictSame(
    undeclared.filter((line) => !LIFE_CYCLE.test(line)),
    [],
  )
})

/** What one machine goes through, and its parts: declared with their own work. */
const LIFE_CYCLE = /^(?:POST|PUT) (?:machines|nodes)\/(?:\{|.* (?:allocate|release|accept))/

t.test('a free key named as JavaScript names things is kept, or refused by its name', async (t) => {
  const api = await startTestApi(t)
  const { json } = await api.post('devices/', { mac_addresses: '02:00:00:00:00:01' })
  const path = `devices/${json.system_id}/?op=set_owner_data`
  const refused = await api.post(path, [['__proto__', 'a\u0000b']])
  t.match(refused, { status: 400, text: '{"__proto__":["Control characters are not allowed."]}' })
  const kept = await api.post(path, { constructor: 'y' })
  t.strictSame(Object.entries(kept.json.owner_data), [['constructor', 'y']])
  // The encoding of the log would give it another name.
  const renamed = await api.post(path, [['__proto__', 'x']])
  t.match(renamed, { status: 400, text: '{"__proto__":["This name cannot be kept."]}' })
  const context = { message: 'm', context: '{"__proto__":1}' }
  t.ok((await api.post('notifications/', context)).json.context)
})

t.test('a parameter that is read and not declared is found', async (t) => {
  const action = takingNothing(
    operation('POST', 'peek', { access: 'anyone', doc: '' }, (call) => {
      return json({ hidden: call.input.text('hidden'), op: call.input.text('op') })
    }),
  )
  const resource = { name: 'Fake', path: 'fake/', doc: '', actions: [action] }
  const { undeclared } = watchParameters(t, [resource])
  const call = { input: Input.fromPairs([['hidden', 'x']]) } as unknown as Call
  await t.rejects(Promise.resolve(action.run(call)), /asks for hidden and does not declare it/)
  t.strictSame([...undeclared], ['POST fake/?op=peek asks for hidden'])
})

t.test('API v1: every route has its line, bodies are the schemas that check them', async (t) => {
  const api = await startTestApi(t)
  const document = await documentOf(api, '/api/v1/openapi.json')
  const operations = operationsOf(document)
  t.ok(operations.length > 10)
  for (const { path, method, operation } of operations) {
    t.notOk(operation['x-undocumented'], `${method} ${path} has no line in api/v1/openapi.ts`)
    t.ok(operation.summary, path)
  }
  const body = document.paths['/api/v1/boot-resources']?.['post']?.requestBody
  t.match(body, { content: { 'application/json': { schema: { required: [/name/] } } } })
  t.equal((await api.ask('POST', '/api/v1/boot-resources', { json: { title: 'x' } })).status, 400)
})
