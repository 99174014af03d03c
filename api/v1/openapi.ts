// OpenAPI 3.1 of /api/v1, from the routes that the router has and what `operations.ts` says of each.
import { z } from 'zod'
import { CONSISTENCY, header, IDEMPOTENCY_KEY } from '../common-parameters.ts'
import type { Params } from '../params.ts'
import { OPERATIONS, type Operation } from './operations.ts'

export type Route = { readonly method: string; readonly path: string }

export function openApiV1(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}')
    const item = (paths[path] ??= {})
    const operation = OPERATIONS[`${route.method} ${path}`]
    item[route.method.toLowerCase()] = operationOf(route.method, path, operation)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ironraft: API v1', version },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        bearer: {
          ...{ type: 'http', scheme: 'bearer' },
          description: 'An access token (irt_…) within its scope, or a whole API key.',
        },
      },
    },
  }
}

function operationOf(method: string, path: string, operation: Operation | undefined) {
  if (operation === undefined) return { 'x-undocumented': true, parameters: [], responses: {} }
  const { summary, access } = operation
  return {
    operationId: idOf(method, path),
    summary,
    tags: [path.split('/')[3]],
    'x-access': access,
    security: access === 'anyone' ? [] : [{ bearer: [] }],
    parameters: parametersOf(method, path, operation),
    ...bodyOf(method, operation),
    responses: {
      [String(operation.status ?? 200)]: successOf(operation),
      default: {
        description: 'Refused.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}

/** `get-access-tokens-id`. */
function idOf(method: string, path: string): string {
  const words = path
    .split(/[^\w-]+/)
    .slice(3)
    .filter((word) => word !== '')
  return [method.toLowerCase(), ...words].join('-')
}

function parametersOf(method: string, path: string, { query, tagged, fixed }: Operation) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }))
  return [
    ...inPath,
    ...Object.entries(query ?? {}).map(queryParameter),
    ...(fixed === true ? [] : [CONSISTENCY]),
    ...(method === 'GET' ? [] : [IDEMPOTENCY_KEY]),
    ...(tagged !== true ? [] : [CONDITION[method === 'GET' ? 'read' : 'write']]),
  ]
}

const CONDITION = {
  read: header('If-None-Match', 'Entity tags that you have; 304 when it is one of them.'),
  write: header('If-Match', 'Entity tag that you mean; 412 when it is another by now.'),
}

function queryParameter([name, { doc, required, schema }]: readonly [string, Params[string]]) {
  return { name, in: 'query', required, description: doc, schema }
}

function bodyOf(method: string, { body, bytes, mayBeEmpty = false }: Operation) {
  if (bytes !== undefined) return { requestBody: { required: true, content: { [bytes]: {} } } }
  if (body === undefined) return {}
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const content = { [type]: { schema: schemaOf(body) } }
  return { requestBody: { required: !mayBeEmpty, content } }
}

function successOf({ answer, types, tagged, status }: Operation) {
  const json = answer === undefined ? {} : { schema: schemaOf(answer) }
  const content =
    types === undefined
      ? { 'application/json': json }
      : Object.fromEntries(types.map((type) => [type, {}]))
  return {
    description: 'Done.',
    headers: {
      'X-Request-ID': { description: 'Names the request in logs.', schema: { type: 'string' } },
      'X-Revision': {
        description: 'Revision that was read or written.',
        schema: { type: 'integer' },
      },
      ...(tagged === true ? { ETag: { schema: { type: 'string' } } } : {}),
    },
    ...(status === 204 ? {} : { content }),
  }
}

/** Without the dialect: it is the one of OpenAPI 3.1. */
function schemaOf(shape: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(shape)
  return schema
}

/** RFC 9457, with ours. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    fields: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
    request_id: { type: 'string' },
  },
}
