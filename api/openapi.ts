// OpenAPI 3.1 of MAAS API 2.0, from the declarations that read the forms (`params.ts`). An operation with a name
// has its own path here, `…/op-<name>`, which is served (maas-api §2): OpenAPI knows one operation per method.
import { answerComponents, answerSchema } from './answer-schemas.ts'
import { CONSISTENCY, IDEMPOTENCY_KEY as KEY } from './common-parameters.ts'
import { API_ROOT } from './render/names.ts'
import type { Params, Schema } from './params.ts'
import type { Action, Resource } from './resource.ts'

export function openApi(resources: readonly Resource[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const resource of resources) {
    for (const action of resource.actions) {
      const path = pathOf(resource, action)
      const item = (paths[path] ??= {})
      item[action.method.toLowerCase()] = operationOf(resource, action)
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ironraft: MAAS API 2.0',
      version,
      description:
        'Forms, multipart bodies or a JSON object of texts. An operation with a name is also ' +
        'asked by ?op=NAME on the path without it. ' +
        'What is wrong is answered by field, or in one sentence.',
    },
    paths,
    components: { schemas: answerComponents(), securitySchemes: SECURITY_SCHEMES },
  }
}

const SECURITY_SCHEMES = {
  oauth: {
    ...{ type: 'apiKey', in: 'header', name: 'Authorization' },
    description: 'OAuth 1.0 (RFC 5849), PLAINTEXT or HMAC-SHA1, with the parts of an API key.',
  },
  bearer: {
    ...{ type: 'http', scheme: 'bearer' },
    description: 'A whole API key, consumer:token:secret.',
  },
}

function pathOf(resource: Resource, { op }: Action): string {
  const path = `${API_ROOT}${resource.path}`
  return op === null ? path : `${path.replace(/\/?$/, '/')}op-${op}`
}

function operationOf(resource: Resource, action: Action) {
  const { method, name, access, doc, params } = action
  const hasBody = method === 'POST' || method === 'PUT'
  const inPath = [...resource.path.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => ({
    ...{ name: param, in: 'path', required: true, schema: { type: 'string' } },
  }))
  const declared = Object.entries(params ?? {}).filter(([param]) => !param.endsWith('*'))
  const inQuery = hasBody ? [] : declared.map(queryParameter)
  return {
    operationId: `${resource.name.replace(/Handler$/, '')}.${name}`,
    summary: doc,
    tags: [resource.path.split('/', 1)[0]],
    'x-access': access,
    ...(access === 'anyone' ? { security: [] } : { security: [{ oauth: [] }, { bearer: [] }] }),
    ...(params === undefined ? { 'x-parameters-undeclared': true } : {}),
    parameters: [...inPath, ...inQuery, CONSISTENCY, ...(method === 'GET' ? [] : [KEY])],
    ...(hasBody ? { requestBody: bodyOf(resource, params, method === 'PUT') } : {}),
    responses: responsesOf(answerSchema(resource, action)),
  }
}

function queryParameter([name, param]: readonly [string, Params[string]]) {
  const { doc, required, schema } = param
  return { name, in: 'query', required, description: doc, schema }
}

function bodyOf({ body }: Resource, params: Params | undefined, isPartial: boolean) {
  if (body === 'bytes') {
    const schema = { type: 'string', format: 'binary' }
    return { required: true, content: { 'application/octet-stream': { schema } } }
  }
  const schema = params === undefined ? { type: 'object' } : formSchema(params, isPartial)
  return {
    required: !isPartial && Object.values(params ?? {}).some((param) => param.required),
    content: {
      'multipart/form-data': { schema },
      'application/x-www-form-urlencoded': { schema },
    },
  }
}

function formSchema(params: Params, isPartial: boolean) {
  const properties: Record<string, Schema & { readonly description: string }> = {}
  const patternProperties: typeof properties = {}
  for (const [name, { doc, schema }] of Object.entries(params)) {
    const described = { ...schema, description: doc }
    if (name.endsWith('*')) patternProperties[`^${name.slice(0, -1)}`] = described
    else properties[name] = described
  }
  const required = Object.keys(params).filter((name) => params[name]?.required === true)
  return {
    type: 'object',
    properties,
    ...(Object.keys(patternProperties).length === 0 ? {} : { patternProperties }),
    ...(isPartial || required.length === 0 ? {} : { required }),
  }
}

const FIELD_ERRORS = {
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
}

function responsesOf(schema: object | undefined) {
  const content = schema === undefined ? {} : { content: { 'application/json': { schema } } }
  return { '2XX': { description: 'Done.', ...content }, ...REFUSALS }
}

const REFUSALS = {
  '400': {
    description: 'A value is wrong: messages by field, or one sentence.',
    content: {
      'application/json': { schema: FIELD_ERRORS },
      'text/plain': { schema: { type: 'string' } },
    },
  },
  default: {
    description: 'Refused, in one sentence.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
}
