// How a refusal or failure leaves the process: the one table ErrorCode → HTTP status, and the two body
// shapes (MAAS API 2.0: text or `{field: [message]}`; /api/v1: RFC 9457 problem+json). What the world did
// wrong goes to the log; a client never sees a stack, a cause or anything but the public sentence.
import { AppError, type ErrorCode } from '#model/errors.ts'
import type { Refusal } from '#state/outcome.ts'

export type FieldMessages = Readonly<Record<string, readonly string[]>>

/** `retryAfterSeconds`: worth asking again after so long; clients repeat 503 and 409 that carry it. */
type HttpError = { readonly status: number; readonly retryAfterSeconds?: number }

export const HTTP_ERRORS = {
  VALIDATION: { status: 400 },
  BAD_REQUEST: { status: 400 },
  UNAUTHENTICATED: { status: 401 },
  FORBIDDEN: { status: 403 },
  NOT_FOUND: { status: 404 },
  CONFLICT: { status: 409 },
  ADDRESS_UNAVAILABLE: { status: 409 },
  IDEMPOTENCY_MISMATCH: { status: 409 },
  RACK_REFUSED: { status: 409 },
  MEMBER_REMOVED: { status: 409 },
  PRECONDITION_FAILED: { status: 412 },
  RATE_LIMITED: { status: 429, retryAfterSeconds: 10 },
  COMPACTED: { status: 410 },
  PAYLOAD_TOO_LARGE: { status: 413 },
  ADDRESSES_EXHAUSTED: { status: 503, retryAfterSeconds: 10 },
  UNKNOWN_SESSION: { status: 503, retryAfterSeconds: 1 },
  NO_QUORUM: { status: 503, retryAfterSeconds: 1 },
  NOT_LEADER: { status: 503, retryAfterSeconds: 1 },
  OVERLOADED: { status: 503, retryAfterSeconds: 1 },
  TIMEOUT: { status: 503, retryAfterSeconds: 1 },
  SHUTTING_DOWN: { status: 503, retryAfterSeconds: 1 },
  UNSUPPORTED_VERSION: { status: 503, retryAfterSeconds: 10 },
  STORAGE_DAMAGED: { status: 500 },
  STORAGE_FAILED: { status: 500 },
  DISK_FULL: { status: 507 },
  STATE_DIVERGED: { status: 503, retryAfterSeconds: 1 },
  CLUSTER_MISMATCH: { status: 500 },
  CERTIFICATE_INVALID: { status: 500 },
  DIRECTORY_IN_USE: { status: 500 },
  ADDRESS_IN_USE: { status: 500 },
  PROTOCOL: { status: 500 },
  INTERNAL: { status: 500 },
} as const satisfies Readonly<Record<ErrorCode, HttpError>>

/** A request that gets no success: thrown by handlers, translated once, by `api/answer.ts`. */
export class Rejection extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly fields: FieldMessages | undefined
  readonly retryAfterSeconds: number | undefined
  readonly headers: Readonly<Record<string, string>>

  /** `message` is public. `status` only where HTTP has a finer word than the code (405, 415, 501). */
  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly status?: number
      readonly fields?: FieldMessages | undefined
      readonly retryAfterSeconds?: number | undefined
      readonly headers?: Readonly<Record<string, string>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Rejection'
    this.code = code
    const known: HttpError = HTTP_ERRORS[code]
    this.status = more.status ?? known.status
    this.fields = more.fields
    this.retryAfterSeconds = more.retryAfterSeconds ?? known.retryAfterSeconds
    this.headers = more.headers ?? {}
  }
}

export function fromRefusal(refusal: Refusal): Rejection {
  const { code, message, fields, retryAfterMs } = refusal
  const retryAfterSeconds = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1_000)
  return new Rejection(code, message, { fields, retryAfterSeconds })
}

/** `{name: [message]}` and 400. */
export function fieldError(name: string, message: string): Rejection {
  return new Rejection('VALIDATION', message, { fields: { [name]: [message] } })
}

export function notFound(model: string): Rejection {
  return new Rejection('NOT_FOUND', `No ${model} matches the given query.`)
}

export function forbidden(message = 'User is not allowed access to this API.'): Rejection {
  return new Rejection('FORBIDDEN', message)
}

/** Anything thrown, as something a client may see. Unknown errors become INTERNAL with their cause kept. */
export function toRejection(error: unknown): Rejection {
  if (error instanceof Rejection) return error
  if (error instanceof AppError) return new Rejection(error.code, error.message, { cause: error })
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  // Errors of the body parser and of Koa (http-errors): 4xx only; their texts say nothing of use.
  if (status === 413) {
    return new Rejection('PAYLOAD_TOO_LARGE', 'The request body is too large.', { cause: error })
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Rejection('BAD_REQUEST', 'The request body or path could not be read.', {
      status: status === 415 ? 415 : 400,
      cause: error,
    })
  }
  return new Rejection('INTERNAL', 'Internal error; the log of this region has it.', {
    cause: error,
  })
}

export type ErrorBody = { readonly contentType: string; readonly text: string }

/** MAAS API 2.0: field errors as JSON, everything else as one sentence. */
export function maasBody(rejection: Rejection): ErrorBody {
  if (rejection.fields !== undefined) {
    return {
      contentType: 'application/json; charset=utf-8',
      text: JSON.stringify(rejection.fields),
    }
  }
  return { contentType: 'text/plain; charset=utf-8', text: rejection.message }
}

/** RFC 9457. */
export function problemBody(rejection: Rejection, requestId: string): ErrorBody {
  const { code, message, fields } = rejection
  const problem = {
    type: 'about:blank',
    title: code.toLowerCase().replaceAll('_', ' '),
    status: statusFor(rejection, 'v1'),
    detail: message,
    code,
    ...(fields === undefined ? {} : { fields }),
    request_id: requestId,
  }
  return { contentType: 'application/problem+json', text: JSON.stringify(problem) }
}

/** A reused Idempotency-Key is 422 in the IETF draft that /api/v1 follows; MAAS clients know 409. */
export function statusFor(rejection: Rejection, dialect: 'maas' | 'v1'): number {
  if (dialect === 'v1' && rejection.code === 'IDEMPOTENCY_MISMATCH') return 422
  return rejection.status
}
