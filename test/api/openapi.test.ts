// The OpenAPI documents are made of what checks the requests: this holds them to it, from the documents alone.
import t from 'tap'
import { allResources } from '#api/resources.ts'
import { startTestApi, type TestApi } from './support/api.ts'

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
        // Files have one parameter of MAAS's that is refused by a sentence.
        if (text.startsWith('No provided')) continue
        t.equal(status, 400, `${path} without ${name}`)
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

t.test(
  'API 2.0: operations that do not declare their parameters yet are marked, and not more of them',
  async (t) => {
    const undeclared = allResources('')
      .flatMap(({ actions }) => actions)
      .filter((action) => action.params === undefined && action.method !== 'GET')
      .filter((action) => action.method !== 'DELETE')
    t.ok(undeclared.length <= UNDECLARED_MAX, `${undeclared.length} are left`)
  },
)

/** Falls as operations are converted to `taking`. */
const UNDECLARED_MAX = 60

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
