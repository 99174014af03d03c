// What each route of /api/v1 is: a line about it, what it takes and what it answers, for the OpenAPI document. A route
// without its line shows as undocumented; a test fails then.
import { z } from 'zod'
import type { Params } from '../params.ts'
import * as answers from './answers.ts'
import { AUDIT_QUERY } from './audit.ts'
import { DHCP_OPTION_QUERY } from './dhcp-options.ts'
import { EVENTS_QUERY } from './event-stream.ts'
import { EXPLAIN_DHCP_QUERY, EXPLAIN_NAME_QUERY } from './explain-packet.ts'
import { LEASES_QUERY } from './leases.ts'
import { PAGE_QUERY } from './pages.ts'
import {
  ACCESS_TOKEN,
  ACCESS_TOKEN_PATCH,
  DHCP_OPTION,
  IMAGE,
  JOIN_TOKEN,
  PASSWORD_CHANGE,
  SETTING,
  TRANSFER,
  USER_PATCH,
} from './schemas.ts'

export type Operation = {
  readonly summary: string
  /** Checks the JSON body; of a PATCH a merge patch (RFC 7396). */
  readonly body?: z.ZodType
  /** The body may be left out. */
  readonly mayBeEmpty?: boolean
  /** Content type of a body that is no JSON. */
  readonly bytes?: string
  /** The JSON answer; absent: none, or not JSON. */
  readonly answer?: z.ZodType
  /** Of a success; 200 by default. */
  readonly status?: 201 | 202 | 204
  /** Content types of an answer that is no JSON. */
  readonly types?: readonly string[]
  readonly query?: Params
  /** It has an entity tag, and conditions on it (RFC 9110 §13). */
  readonly tagged?: boolean
  /** It takes no `consistency`: it is no read of the state, or a stream of it. */
  readonly fixed?: boolean
  /** Who may ask; an access token's scope in brackets where it is not what the method says. */
  readonly access: 'anyone' | 'user' | 'user (admin)' | 'admin' | 'admin (read)'
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /api/v1/settings/{name}': {
    ...{ summary: 'Show a setting of the site.', access: 'user' },
    answer: answers.SETTING_ANSWER,
  },
  'PUT /api/v1/settings/{name}': {
    ...{ summary: 'Write a setting of the site.', access: 'admin' },
    ...{ body: SETTING, answer: answers.SETTING_ANSWER },
  },
  'GET /api/v1/cluster': {
    ...{ summary: 'State of the cluster as this region sees it.', access: 'anyone' },
    answer: answers.CLUSTER,
  },
  'GET /api/v1/cluster/members': {
    ...{ summary: 'List the members of the cluster.', access: 'anyone' },
    answer: answers.MEMBERS,
  },
  'DELETE /api/v1/cluster/members/{id}': {
    ...{ summary: 'Remove a member from the cluster.', access: 'admin' },
    ...{ answer: answers.WISH, status: 202 },
  },
  'POST /api/v1/cluster/transfer': {
    ...{ summary: 'Hand leadership to another member.', access: 'admin' },
    ...{ body: TRANSFER, mayBeEmpty: true, answer: answers.LEADER },
  },
  'GET /api/v1/cluster/tokens': {
    ...{ summary: 'List the one-time tokens that are not yet used up.', access: 'admin' },
    answer: answers.JOIN_TOKENS,
  },
  'POST /api/v1/cluster/tokens': {
    ...{ summary: 'Make a one-time token for a joiner.', access: 'admin' },
    ...{ body: JOIN_TOKEN, answer: answers.NEW_JOIN_TOKEN, status: 201 },
  },
  'DELETE /api/v1/cluster/tokens/{id}': {
    ...{ summary: 'Revoke a token.', access: 'admin', answer: answers.WISH },
  },
  'GET /api/v1/events': {
    ...{ summary: 'Changes of the state, from a revision on.', access: 'admin (read)' },
    ...{ query: EVENTS_QUERY, fixed: true },
    types: ['text/event-stream', 'application/x-ndjson'],
  },
  'GET /api/v1/explain/address/{ip}': {
    summary: 'Who has an address by what right, and whether it would be given now.',
    ...{ access: 'user', answer: answers.EXPLANATION },
  },
  'GET /api/v1/explain/dhcp': {
    ...{ summary: 'What a rack would do with a DHCP packet, and why.', access: 'user' },
    ...{ query: EXPLAIN_DHCP_QUERY, answer: answers.DHCP_EXPLANATION },
  },
  'GET /api/v1/explain/name/{fqdn}': {
    ...{ summary: 'What DNS would answer for a name, and from which rows.', access: 'user' },
    ...{ query: EXPLAIN_NAME_QUERY, answer: answers.NAME_EXPLANATION },
  },
  'GET /api/v1/dhcp-options': {
    summary: 'List the DHCP options that are set, from the widest scope to the narrowest.',
    ...{ access: 'user', query: DHCP_OPTION_QUERY },
    answer: answers.page(answers.DHCP_OPTION_ANSWER),
  },
  'GET /api/v1/dhcp-options/{scope}/{code}': {
    ...{ summary: 'Show a DHCP option.', access: 'user', tagged: true },
    answer: answers.DHCP_OPTION_ANSWER,
  },
  'PUT /api/v1/dhcp-options/{scope}/{code}': {
    summary: 'Set a DHCP option for everything, a VLAN, a subnet, a range or a host.',
    ...{ access: 'admin', body: DHCP_OPTION, answer: answers.DHCP_OPTION_ANSWER, tagged: true },
  },
  'DELETE /api/v1/dhcp-options/{scope}/{code}': {
    ...{ summary: 'Set a DHCP option no more.', access: 'admin', tagged: true, status: 204 },
  },
  'POST /api/v1/access-tokens': {
    ...{ summary: 'Make a scoped token for yourself; it is shown once.', access: 'user (admin)' },
    ...{ body: ACCESS_TOKEN, answer: answers.NEW_ACCESS_TOKEN, status: 201 },
  },
  'GET /api/v1/access-tokens': {
    ...{ summary: 'List your own tokens.', access: 'user', query: PAGE_QUERY },
    answer: answers.page(answers.ACCESS_TOKEN_ANSWER),
  },
  'GET /api/v1/access-tokens/{id}': {
    ...{ summary: 'Show one of your tokens.', access: 'user', tagged: true },
    answer: answers.ACCESS_TOKEN_ANSWER,
  },
  'PATCH /api/v1/access-tokens/{id}': {
    ...{ summary: 'Rename a token.', access: 'user (admin)', tagged: true },
    ...{ body: ACCESS_TOKEN_PATCH, answer: answers.ACCESS_TOKEN_ANSWER },
  },
  'DELETE /api/v1/access-tokens/{id}': {
    ...{ summary: 'Revoke a token.', access: 'user (admin)', tagged: true, status: 204 },
  },
  'GET /api/v1/users': {
    ...{ summary: 'List users.', access: 'admin', query: PAGE_QUERY },
    answer: answers.page(answers.USER),
  },
  'GET /api/v1/users/{username}': {
    ...{ summary: 'Show a user.', access: 'admin', tagged: true, answer: answers.USER },
  },
  'PATCH /api/v1/users/{username}': {
    ...{ summary: 'Change a user.', access: 'admin', tagged: true },
    ...{ body: USER_PATCH, answer: answers.USER },
  },
  'PUT /api/v1/account/password': {
    ...{ summary: 'Change your own password; all your logins end.', access: 'user (admin)' },
    ...{ body: PASSWORD_CHANGE, status: 204 },
  },
  'GET /api/v1/audit-events': {
    ...{ summary: 'Who wrote what, newest first.', access: 'admin', query: AUDIT_QUERY },
    answer: answers.page(answers.AUDIT_EVENT),
  },
  'GET /api/v1/leases': {
    ...{ summary: 'List DHCP leases.', access: 'admin', query: LEASES_QUERY },
    answer: answers.page(answers.LEASE),
  },
  'GET /api/v1/backup': {
    ...{ summary: 'The whole state of one moment.', access: 'admin', fixed: true },
    types: ['application/vnd.ironraft.backup'],
  },
  'GET /api/v1/boot-resources': {
    ...{ summary: 'List images and which region has how much of each.', access: 'user' },
    answer: answers.IMAGES,
  },
  'GET /api/v1/image-import': {
    ...{ summary: 'The import of images under way or done last.', access: 'user' },
    answer: answers.IMAGE_IMPORT,
  },
  'POST /api/v1/boot-resources': {
    ...{ summary: 'Register an image whose files were sent before.', access: 'admin' },
    ...{ body: IMAGE, answer: IMAGE.extend({ id: z.int() }) },
  },
  'PUT /api/v1/boot-files/{sha256}': {
    ...{ summary: 'Send a boot file, named by its digest.', access: 'admin' },
    ...{ bytes: 'application/octet-stream', answer: answers.BOOT_FILE, status: 201 },
  },
  'GET /api/v1/openapi.json': { summary: 'This document.', access: 'anyone', fixed: true },
}
