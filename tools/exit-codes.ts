// How a command ends. The numbers are a contract with scripts; never reuse one.
import { AppError, type ErrorCode } from '#model/errors.ts'
import { UNSUPPORTED_VERSION_EXIT_CODE } from '#platform/system.ts'
import { ApiError } from './client.ts'

export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  denied: 5,
  timeout: 6,
  noQuorum: 7,
  unsupportedVersion: UNSUPPORTED_VERSION_EXIT_CODE,
  /** A harness that could not do its work: neither a pass nor a failure of the product. */
  couldNotTell: 9,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line itself is wrong; the message says how. */
export class UsageError extends Error {}

const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  NOT_FOUND: EXIT.notFound,
  CONFLICT: EXIT.conflict,
  ADDRESS_UNAVAILABLE: EXIT.conflict,
  ADDRESSES_EXHAUSTED: EXIT.conflict,
  IDEMPOTENCY_MISMATCH: EXIT.conflict,
  DIRECTORY_IN_USE: EXIT.conflict,
  ADDRESS_IN_USE: EXIT.conflict,
  CLUSTER_MISMATCH: EXIT.conflict,
  FORBIDDEN: EXIT.denied,
  UNAUTHENTICATED: EXIT.denied,
  CERTIFICATE_INVALID: EXIT.denied,
  RACK_REFUSED: EXIT.denied,
  MEMBER_REMOVED: EXIT.conflict,
  TIMEOUT: EXIT.timeout,
  NO_QUORUM: EXIT.noQuorum,
  UNSUPPORTED_VERSION: EXIT.unsupportedVersion,
}

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.denied,
  403: EXIT.denied,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
  503: EXIT.noQuorum,
  504: EXIT.timeout,
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof ApiError) {
    const byCode = BY_CODE[error.code as ErrorCode]
    return byCode ?? BY_STATUS[error.status] ?? EXIT.error
  }
  if (error instanceof AppError) return BY_CODE[error.code] ?? EXIT.error
  return EXIT.error
}

/** One line for standard error; ends with the request id when a region answered. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.trim().replaceAll(/\s*\n\s*/g, ' ')
  const requestId = error instanceof ApiError ? error.requestId : null
  return requestId === null ? line : `${line} (request ${requestId})`
}
