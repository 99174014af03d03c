// Every error code that leaves a process. Meaning, cause and remedy of each: `api/README.md`.
// A refusal is a value (state says no); a failure is thrown as AppError (the world broke).

export const ERROR_CODES = [
  // Refusals of the state machine.
  'VALIDATION', // a field's value is wrong; `fields` says which and why
  'NOT_FOUND', // `model` names the kind of object
  'CONFLICT', // the object's state does not allow it, or it is in use
  'ADDRESS_UNAVAILABLE', // asked-for address is held, reserved or outside
  'ADDRESSES_EXHAUSTED', // nothing free where the allocation may choose
  'FORBIDDEN', // the actor may not do this
  'UNKNOWN_SESSION', // request of a session the log does not know: never executed
  'IDEMPOTENCY_MISMATCH', // the key was used before for another request
  'RACK_REFUSED', // hello/beat of a rack refused; `retryAfterMs` may say when to ask again
  'PRECONDITION_FAILED', // the object is not (any longer) what the client said it is
  'MEMBER_REMOVED', // the region node was removed from the cluster; its directory is of no use
  // Failures around it.
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'PAYLOAD_TOO_LARGE',
  'RATE_LIMITED', // too many attempts to log in; `Retry-After` says when to try again
  'NO_QUORUM', // no leader could confirm in time; nothing is known about a write under way
  'NOT_LEADER',
  'OVERLOADED', // a bounded queue is full; definitely not executed
  'TIMEOUT',
  'SHUTTING_DOWN',
  'COMPACTED', // the revision asked for is older than what is retained
  'STORAGE_DAMAGED',
  'STORAGE_FAILED',
  'DISK_FULL', // too few regions have room for a write; definitely not executed
  'STATE_DIVERGED', // this region's state is not the others'; it serves nothing until re-seeded
  'CLUSTER_MISMATCH',
  'CERTIFICATE_INVALID',
  'DIRECTORY_IN_USE',
  'ADDRESS_IN_USE',
  'PROTOCOL',
  'UNSUPPORTED_VERSION', // what is stored or sent is newer than this code: it stops instead of guessing
  'INTERNAL',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export class AppError extends Error {
  readonly code: ErrorCode
  /** For the log only; never shown to a client. */
  readonly details: Readonly<Record<string, unknown>>

  /** `message` is public: one sentence, no secrets, no stack. */
  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown
      readonly details?: Readonly<Record<string, unknown>>
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = options.details ?? {}
  }
}
