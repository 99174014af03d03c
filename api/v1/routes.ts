// /api/v1: what MAAS lacks. Unknown query parameters are refused, errors are problem+json.
import type { Context } from 'koa'
import type { RegionStatus } from '#node/region.ts'
import type { AccessScope } from '#state/tables.ts'
import type { Identity } from '../auth.ts'
import { digestOf, type BootFiles } from '../boot-files.ts'
import { json, type Answer, type Call } from '../call.ts'
import { checkAccess, makeCall, queryOf, type Service } from '../dispatch.ts'
import { fieldError, notFound, Rejection } from '../errors.ts'
import type { Params } from '../params.ts'
import type { Access } from '../resource.ts'
import { sendAnswer } from '../send-answer.ts'
import { parsed } from './parsed.ts'
import { IMAGE } from './schemas.ts'

type Run = (call: Call, ctx: Context) => Promise<Answer> | Answer

const COMMON_QUERY = ['consistency'] as const

type HandleOptions = {
  /** Query parameters beside the common ones. */
  readonly query?: Params
  /** Of an access token; by default `read` for what changes nothing, else as much as the access. */
  readonly scope?: AccessScope
}

/** Wraps a handler with authentication and the check of query names. */
export function makeV1(service: Service) {
  return (access: Access, run: Run, options: HandleOptions = {}) => {
    const known = new Set([...COMMON_QUERY, ...Object.keys(options.query ?? {})])
    return async (ctx: Context): Promise<void> => {
      const query = queryOf(ctx)
      refuseUnknown(query.names(), known)
      // What is open must not wait for a quorum to look up a key.
      const identity = access === 'anyone' ? null : await service.authenticator.identify(ctx)
      const user = identity?.user ?? null
      checkAccess(access, user)
      checkScope(identity, options.scope ?? scopeOf(ctx, access))
      const call = makeCall(service, ctx, { user, input: query, query })
      await sendAnswer(ctx, await run(call, ctx))
    }
  }
}

function scopeOf(ctx: Context, access: Access): AccessScope {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return 'read'
  return access === 'admin' ? 'admin' : 'write'
}

const SCOPES: readonly AccessScope[] = ['read', 'write', 'admin']

/** Throws FORBIDDEN when the access token is for less; every other credential is for everything. */
export function checkScope(identity: Identity | null, needed: AccessScope): void {
  if (identity === null || SCOPES.indexOf(identity.scope) >= SCOPES.indexOf(needed)) return
  const message = `The scope of the access token is ${identity.scope}; this needs ${needed}.`
  throw new Rejection('FORBIDDEN', message, {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${needed}"` },
  })
}

export function refuseUnknown(names: readonly string[], known: ReadonlySet<string>): void {
  const unknown = names.find((name) => !known.has(name))
  if (unknown === undefined) return
  throw new Rejection('BAD_REQUEST', `There is no query parameter ${unknown.slice(0, 64)}.`)
}

/** For `ironraft region status`: also without a key and without a quorum. */
export function clusterStatus(call: Call): Answer {
  const { state, revision } = call.region.local()
  return json({
    ...renderStatus(call.region.status(), revision),
    feature_level: state.featureLevel,
  })
}

function renderStatus(status: RegionStatus, revision: number) {
  return {
    cluster_id: status.clusterId,
    node_id: status.nodeId,
    leader: status.leader,
    term: status.term,
    healthy: status.healthy,
    revision,
    nodes: status.members.map((member) => ({
      id: member.id,
      role: member.role,
      voter: member.voter,
      applied: member.applied,
      commit: member.commit,
      lag: member.lag,
      reachable: member.reachable,
      fsync_p99_ms: member.fsyncP99Ms,
      api_url: member.apiUrl,
      peer_address: member.peerAddress,
      pid: member.pid,
      condition: member.condition,
      reason: member.reason,
      alarm: member.alarm,
      certificate_expires: dateOrNull(member.certificateExpiresMs ?? null),
    })),
  }
}

function dateOrNull(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString()
}

const FREE_NAME = /^(?:bench|custom)\/[\w.-]{1,64}$/

/** A register of text under `bench/` or `custom/`: linearizable, replicated, durable. */
export async function readSetting(call: Call): Promise<Answer> {
  const name = settingName(call)
  const { state, revision } = await call.view()
  const setting = state.settings.get(name)
  if (setting === undefined) throw notFound('Setting')
  return json({ name, value: setting.value, revision })
}

export async function writeSetting(call: Call, ctx: Context): Promise<Answer> {
  const name = settingName(call)
  const value = valueOf(ctx.request.body)
  await call.propose({ type: 'setting.put', name, value })
  return json({ name, value })
}

function settingName(call: Call): string {
  const name = call.param('name')
  if (FREE_NAME.test(name)) return name
  throw fieldError('name', 'A name is bench/… or custom/… with letters, digits, dots and dashes.')
}

/** By hand: this is the path that benchmarks measure. */
function valueOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    const [first, ...others] = Object.keys(body)
    const { value } = body as { readonly value?: unknown }
    if (first === 'value' && others.length === 0 && typeof value === 'string') return value
  }
  throw fieldError('value', 'Send {"value": "text"} as JSON.')
}

/** Registers an image whose files were sent before. */
export async function writeBootResource(call: Call, ctx: Context): Promise<Answer> {
  const image = parsed(IMAGE, ctx.request.body)
  const { name, architecture, title } = image
  const files = image.files.map(({ size_bytes: sizeBytes, ...file }) => ({
    ...file,
    sizeBytes,
  }))
  const { id } = await call.propose({ type: 'bootResource.put', name, architecture, title, files })
  return json({ id, ...image })
}

/** A stream of bytes named by its SHA-256; durable on this region when answered. */
export function makeBootFileUpload(files: BootFiles): Run {
  return async (_call, ctx) => {
    const sha256 = digestOf(ctx)
    await files.put(sha256, ctx.req, Number(ctx.get('content-length') || 0))
    return json({ sha256 }, 201)
  }
}
