// OpenAPI 3.1 of /api/v1, from the routes that the router has and a line about each. A route without its line
// shows as undocumented; a test fails then.
import { z } from 'zod'
import { AUDIT_QUERY } from './audit.ts'
import { DHCP_OPTION_QUERY } from './dhcp-options.ts'
import { EXPLAIN_DHCP_QUERY, EXPLAIN_NAME_QUERY } from './explain-packet.ts'
import { PAGE_QUERY } from './pages.ts'
import {
  ACCESS_TOKEN,
  ACCESS_TOKEN_PATCH,
  DHCP_OPTION,
  IMAGE,
  PASSWORD_CHANGE,
  SETTING,
  USER_PATCH,
} from './schemas.ts'

export type Route = { readonly method: string; readonly path: string }

type About = {
  readonly summary: string
  /** JSON body as JSON Schema; of a PATCH a merge patch (RFC 7396). */
  readonly body?: object
  /** Content type of a body that is no JSON. */
  readonly bytes?: string
  /** Content types of the answer; JSON by default. */
  readonly answers?: readonly string[]
  readonly query?: readonly string[]
}

const ABOUT: Readonly<Record<string, About>> = {
  'GET /api/v1/settings/{name}': { summary: 'Show a setting of the site.' },
  'PUT /api/v1/settings/{name}': {
    summary: 'Write a setting of the site.',
    body: z.toJSONSchema(SETTING),
  },
  'GET /api/v1/cluster': { summary: 'State of the cluster as this region sees it.' },
  'GET /api/v1/cluster/members': { summary: 'List the members of the cluster.' },
  'DELETE /api/v1/cluster/members/{id}': { summary: 'Remove a member from the cluster.' },
  'POST /api/v1/cluster/transfer': { summary: 'Hand leadership to another member.' },
  'GET /api/v1/cluster/tokens': { summary: 'List the one-time tokens that are not yet used up.' },
  'DELETE /api/v1/cluster/tokens/{id}': { summary: 'Revoke a token.' },
  'POST /api/v1/cluster/tokens': { summary: 'Make a one-time token for a joiner.' },
  'GET /api/v1/events': {
    summary: 'Changes of the state, from a revision on.',
    ...{ query: ['since', 'kinds'], answers: ['text/event-stream', 'application/x-ndjson'] },
  },
  'GET /api/v1/explain/address/{ip}': {
    summary: 'Who has an address by what right, and whether it would be given now.',
  },
  'GET /api/v1/explain/dhcp': {
    summary: 'What a rack would do with a DHCP packet, and why.',
    query: EXPLAIN_DHCP_QUERY,
  },
  'GET /api/v1/explain/name/{fqdn}': {
    summary: 'What DNS would answer for a name, and from which rows.',
    query: EXPLAIN_NAME_QUERY,
  },
  'GET /api/v1/dhcp-options': {
    summary: 'List the DHCP options that are set, from the widest scope to the narrowest.',
    query: DHCP_OPTION_QUERY,
  },
  'GET /api/v1/dhcp-options/{scope}/{code}': { summary: 'Show a DHCP option.' },
  'PUT /api/v1/dhcp-options/{scope}/{code}': {
    summary: 'Set a DHCP option for everything, a VLAN, a subnet, a range or a host.',
    body: z.toJSONSchema(DHCP_OPTION),
  },
  'DELETE /api/v1/dhcp-options/{scope}/{code}': { summary: 'Set a DHCP option no more.' },
  'POST /api/v1/access-tokens': {
    summary: 'Make a scoped token for yourself; it is shown once.',
    body: z.toJSONSchema(ACCESS_TOKEN),
  },
  'GET /api/v1/access-tokens': { summary: 'List your own tokens.', query: PAGE_QUERY },
  'GET /api/v1/access-tokens/{id}': { summary: 'Show one of your tokens.' },
  'PATCH /api/v1/access-tokens/{id}': {
    summary: 'Rename a token.',
    body: z.toJSONSchema(ACCESS_TOKEN_PATCH),
  },
  'DELETE /api/v1/access-tokens/{id}': { summary: 'Revoke a token.' },
  'GET /api/v1/users': { summary: 'List users.', query: PAGE_QUERY },
  'GET /api/v1/users/{username}': { summary: 'Show a user.' },
  'PATCH /api/v1/users/{username}': {
    summary: 'Change a user.',
    body: z.toJSONSchema(USER_PATCH),
  },
  'PUT /api/v1/account/password': {
    summary: 'Change your own password; all your logins end.',
    body: z.toJSONSchema(PASSWORD_CHANGE),
  },
  'GET /api/v1/audit-events': { summary: 'Who wrote what, newest first.', query: AUDIT_QUERY },
  'GET /api/v1/backup': {
    summary: 'The whole state of one moment.',
    answers: ['application/octet-stream'],
  },
  'POST /api/v1/boot-resources': {
    summary: 'Register an image whose files were sent before.',
    body: z.toJSONSchema(IMAGE),
  },
  'PUT /api/v1/boot-files/{sha256}': {
    summary: 'Send a boot file, named by its digest.',
    bytes: 'application/octet-stream',
  },
  'GET /api/v1/openapi.json': { summary: 'This document.' },
}

export function openApiV1(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}')
    const item = (paths[path] ??= {})
    item[route.method.toLowerCase()] = operationOf(
      route.method,
      path,
      ABOUT[`${route.method} ${path}`],
    )
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ironraft: API v1', version },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
    },
  }
}

function operationOf(method: string, path: string, about: About | undefined) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }))
  const inQuery = ['consistency', ...(about?.query ?? [])].map((name) => ({
    ...{ name, in: 'query', required: false, schema: { type: 'string' } },
  }))
  const schema = about?.body
  const body =
    schema === undefined ? undefined : { [JSON_TYPES[method] ?? 'application/json']: { schema } }
  const sent = body ?? (about?.bytes === undefined ? undefined : { [about.bytes]: {} })
  const answers = about?.answers ?? ['application/json']
  return {
    ...(about === undefined ? { 'x-undocumented': true } : { summary: about.summary }),
    parameters: [...inPath, ...inQuery],
    ...(sent === undefined ? {} : { requestBody: { required: true, content: sent } }),
    responses: {
      '2XX': {
        description: 'Done.',
        content: Object.fromEntries(answers.map((type) => [type, {}])),
      },
      default: {
        description: 'Refused.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}

const JSON_TYPES: Readonly<Record<string, string>> = { PATCH: 'application/merge-patch+json' }

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
