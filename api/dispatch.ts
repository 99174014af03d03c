// MAAS's dispatch: resource path, method and `op` make the call (maas-api §2). `op` is taken from a path
// suffix, the query or the body; unknown ones are told apart from those that MAAS has and we do not.
import type { Random } from '#model/ports.ts'
import type { Consistency, Region } from '#node/region.ts'
import type { User } from '#state/tables.ts'
import type { Context, Middleware } from 'koa'
import type { Authenticator } from './auth.ts'
import { type Answer, Call, type ImageStore, NO_CONTENT, parseIdempotencyKey } from './call.ts'
import { clientAddressText } from './client-address.ts'
import { laterNameOf } from './early-calls.ts'
import { forbidden, Rejection } from './errors.ts'
import { Input } from './input.ts'
import { loginCookieOf } from './login-cookie.ts'
import { callsOf } from './maas-catalogue.ts'
import { unauthenticated } from './oauth.ts'
import { rawBodyOf, readInput, readOctets } from './request-body.ts'
import type { Access, Action, Resource } from './resource.ts'
import { sendAnswer } from './send-answer.ts'

export type Service = {
  readonly region: Region
  readonly random: Random
  readonly authenticator: Authenticator
  readonly images: ImageStore
}

/** Middleware serving one resource; `ctx.params` are the router's. */
export function serveResource(service: Service, resource: Resource): Middleware {
  const actions = new Map<string, Action>()
  for (const action of resource.actions) actions.set(signatureOf(action.method, action.op), action)
  const pattern = resource.path.replaceAll(/\{\w+\}/g, 'x').replace(/\/$/, '')
  const known = callsOf(pattern) ?? new Set<string>()
  const methods = new Set([...known, ...actions.keys()].map((name) => name.split(':', 1)[0] ?? ''))
  const allow = [...methods].toSorted().join(', ')

  const find = (method: string, op: string | null): Action => {
    const signature = signatureOf(method, op)
    const early = known.has(signature) ? laterNameOf(signature) : undefined
    const action = actions.get(signature) ?? actions.get(early ?? '')
    if (action !== undefined) return action
    if (known.has(signature)) throw notServed(resource.path, method, op)
    const message = `Unrecognised signature: method=${method} op=${op?.slice(0, 64) ?? 'None'}`
    throw new Rejection('BAD_REQUEST', message)
  }

  return async (ctx) => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    if (!methods.has(method)) {
      const headers = { Allow: allow }
      throw new Rejection('BAD_REQUEST', 'Method Not Allowed', { status: 405, headers })
    }
    const query = queryOf(ctx)
    const hasBody = method === 'POST' || method === 'PUT'
    const early = hasBody && resource.body !== undefined ? await signedIn(service, ctx) : undefined
    const bytes = hasBody && resource.body === 'bytes' ? await readOctets(ctx) : Buffer.alloc(0)
    const isForm = hasBody && resource.body !== 'bytes'
    const input = isForm ? await readInput(ctx, resource.body === 'large') : query
    const op = opOf(ctx, query, input)
    const action = find(method, op)
    if (method === 'GET' && action.method !== 'GET') checkChangingGet(ctx, action.method)
    const isKeyless = resource.isKeyless === true
    const user = early ?? (isKeyless ? null : await service.authenticator.user(ctx))
    checkAccess(action.access, user)
    const call = makeCall(service, ctx, { user, input, query, bytes })
    await sendAnswer(ctx, await runAction(action, call))
  }
}

/** Of a body that is long: nobody sends one who may not. */
async function signedIn(service: Service, ctx: Context): Promise<User | null> {
  const user = await service.authenticator.user(ctx)
  checkAccess('admin', user)
  return user
}

/** Throws 405 unless it was meant: early MAAS 2.0 deletes and tags by GET. */
function checkChangingGet(ctx: Context, Allow: string): void {
  if (ctx.method === 'GET' && loginCookieOf(ctx) === undefined) return
  throw new Rejection('BAD_REQUEST', 'Method Not Allowed', { status: 405, headers: { Allow } })
}

/** A repeated DELETE gets the answer of the try that did it; handlers look for the object first. */
async function runAction(action: Action, call: Call): Promise<Answer> {
  try {
    return await action.run(call)
  } catch (error) {
    const isGone = error instanceof Rejection && error.code === 'NOT_FOUND'
    if (action.method === 'DELETE' && isGone && call.wasDone()) return NO_CONTENT
    throw error
  }
}

export function makeCall(
  service: Service,
  ctx: Context,
  from: {
    readonly user: User | null
    readonly input: Input
    readonly query: Input
    readonly bytes?: Buffer
  },
): Call {
  return new Call({
    region: service.region,
    random: service.random,
    user: from.user,
    params: (ctx['params'] ?? {}) as Readonly<Record<string, string>>,
    input: from.input,
    consistency: consistencyOf(from.query),
    remoteAddress: clientAddressText(service.region.local().state, ctx),
    requestId: requestIdOf(ctx),
    method: ctx.method,
    url: ctx.originalUrl,
    idempotencyKey: parseIdempotencyKey(ctx.get('idempotency-key')),
    rawBody: rawBodyOf(ctx),
    images: service.images,
    bytes: from.bytes ?? Buffer.alloc(0),
    header: (name) => ctx.get(name),
    onRevision: (revision, stalenessMs) => {
      ctx.set('X-Revision', String(revision))
      if (from.query.has('consistency')) ctx.set('X-Staleness-Ms', String(stalenessMs))
    },
  })
}

export function checkAccess(access: Access, user: User | null): void {
  if (access === 'anyone') return
  if (user === null) throw unauthenticated('Forbidden')
  if (access === 'admin' && !user.isSuperuser) throw forbidden()
}

function requestIdOf(ctx: Context): string {
  const id: unknown = ctx.state['requestId']
  return typeof id === 'string' ? id : ''
}

export function queryOf(ctx: Context): Input {
  const { querystring } = ctx
  return querystring === '' ? new Input() : Input.fromPairs(new URLSearchParams(querystring))
}

/** Throws BAD_REQUEST for anything but the two words. */
function consistencyOf(query: Input): Consistency {
  const wanted = query.text('consistency')
  if (wanted === undefined || wanted === 'linearizable') return 'linearizable'
  if (wanted === 'stale') return 'stale'
  throw new Rejection('BAD_REQUEST', 'consistency must be linearizable or stale.')
}

/** Paths that no resource serves: 501 when MAAS has the call, else 404 with MAAS's text. */
export function serveUnknown(prefix: string): Middleware {
  return async (ctx) => {
    const path = ctx.path.slice(prefix.length).replace(/\/$/, '')
    const calls = callsOf(path)
    if (calls === null) {
      throw new Rejection('NOT_FOUND', `Unknown API endpoint: ${ctx.path.slice(0, 256)}.`)
    }
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    throw notServed(path, method, queryOf(ctx).text('op') ?? null)
  }
}

function signatureOf(method: string, op: string | null): string {
  return op === null ? method : `${method}:${op}`
}

function opOf(ctx: Context, query: Input, input: Input): string | null {
  const suffix: unknown = ctx.state['op']
  if (typeof suffix === 'string') return suffix
  const op = query.text('op') ?? input.text('op') ?? ''
  return op === '' ? null : op
}

function notServed(path: string, method: string, op: string | null): Rejection {
  const what = op === null ? method : `${method} op=${op.slice(0, 64)}`
  const message = `${what} on ${path.slice(0, 128)} is not served by this version of Ironraft.`
  return new Rejection('BAD_REQUEST', message, { status: 501 })
}
