// Outermost middleware: request id, common headers, the access log line, and the one place where whatever
// was thrown becomes an answer. Server errors are logged with their causes; clients see one sentence.
import type { Context, Middleware } from 'koa'
import type { Clock, Logger, Metrics, Random } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { maasBody, problemBody, statusFor, toRejection } from './errors.ts'

export type EdgeOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly apiHash: string
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

export function makeEdge(options: EdgeOptions): Middleware {
  const { clock, logger, metrics, apiHash } = options
  const prefix = Buffer.from(options.random.bytes(6)).toString('hex')
  let requests = 0

  return async (ctx, next) => {
    const began = clock.monotonicMs()
    const given = ctx.get('x-request-id')
    const requestId = REQUEST_ID.test(given) ? given : `${prefix}-${(++requests).toString(36)}`
    ctx.state['requestId'] = requestId
    const { res } = ctx
    res.setHeader('X-Request-ID', requestId)
    res.setHeader('X-MAAS-API-Hash', apiHash)
    res.setHeader('Vary', 'Authorization, Cookie')
    res.setHeader('X-Content-Type-Options', 'nosniff')
    try {
      await next()
    } catch (error) {
      answerError(ctx, error, { logger, requestId })
    }
    const durationMs = clock.monotonicMs() - began
    const { method, status } = ctx
    metrics.count('ironraft_api_requests_total', { method, status: String(status) })
    metrics.observe('ironraft_api_request_seconds', durationMs / 1_000)
    // The path, never the query: OAuth allows a signature there.
    logger.debug('api.request', {
      method,
      path: ctx.path,
      status,
      request_id: requestId,
      duration_ms: Math.round(durationMs * 1_000) / 1_000,
    })
  }
}

function answerError(
  ctx: Context,
  error: unknown,
  { logger, requestId }: { readonly logger: Logger; readonly requestId: string },
): void {
  const rejection = toRejection(error)
  const isV1 = ctx.path.startsWith('/api/v1')
  const status = statusFor(rejection, isV1 ? 'v1' : 'maas')
  if (status === 500) {
    const stack = error instanceof Error ? (error.stack ?? '').slice(0, 2_000) : ''
    logger.error('api.request_failed', {
      request_id: requestId,
      error_code: rejection.code,
      error: describeError(error),
      stack,
    })
  }
  const { contentType, text } = isV1 ? problemBody(rejection, requestId) : maasBody(rejection)
  // A body left unread would be taken for the next request: the connection ends.
  if (!ctx.req.complete) ctx.set('Connection', 'close')
  if (rejection.retryAfterSeconds !== undefined) {
    ctx.set('Retry-After', String(rejection.retryAfterSeconds))
  }
  // On API 2.0 the body has MAAS's shape, which has no place for it.
  ctx.set('X-Error-Code', rejection.code)
  for (const [name, value] of Object.entries(rejection.headers)) ctx.set(name, value)
  ctx.remove('ETag')
  ctx.remove('Cache-Control')
  ctx.status = status
  ctx.set('Content-Type', contentType)
  ctx.body = text
  ctx.set('Content-Type', contentType)
}
