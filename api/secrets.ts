// Secrets that are shown once and kept as hashes: access tokens and login cookies. They are long and random, so
// a plain SHA-256 is as good as a slow hash and can be looked up.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '#model/ports.ts'

const SECRET_BYTES = 32
/** Tells an access token from an API key, and lets scanners of leaked secrets find it. */
export const ACCESS_TOKEN_PREFIX = 'irt_'

export function mintAccessToken(random: Random): string {
  return `${ACCESS_TOKEN_PREFIX}${mintCookie(random)}`
}

export function mintCookie(random: Random): string {
  return Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')
}

/** What is kept of a secret, hex. */
export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/**
 * The CSRF token of a login: derived from its cookie, so that it needs no store and cannot be set by whoever can
 * only set cookies (a double-submit cookie can).
 */
export function csrfTokenOf(cookie: string): string {
  return createHmac('sha256', cookie).update('csrf').digest('base64url')
}

export function isCsrfToken(given: string, cookie: string): boolean {
  const expected = Buffer.from(csrfTokenOf(cookie))
  const actual = Buffer.from(given)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}
