// OAuth 1.0, two-legged (RFC 5849), as MAAS's clients use it: PLAINTEXT with an empty consumer secret, and
// HMAC-SHA1 for clients that sign the request. Pure but for the hash; texts and their order: maas-api §5.2.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Rejection } from './errors.ts'

/** A timestamp older than this is refused; a future one is fine, as in MAAS. */
export const TIMESTAMP_AGE_MAX_SECONDS = 300

export type OAuthParameters = ReadonlyMap<string, string>

/** What HMAC-SHA1 signs: the request as the client saw it. */
export type SignedRequest = {
  readonly method: string
  /** `http://host:port/path`, default port left out, no query. */
  readonly url: string
  /** Query and form parameters, not yet encoded; oauth ones of the header are added here. */
  readonly parameters: Iterable<readonly [string, string]>
}

/**
 * Parameters of an `Authorization: OAuth …` header: any order, comma with or without space, with or without
 * realm and quotes. Undefined for another scheme. Throws UNAUTHENTICATED when malformed.
 */
export function parseAuthorization(header: string): OAuthParameters | undefined {
  if (header.slice(0, 6).toLowerCase() !== 'oauth ') return undefined
  const parameters = new Map<string, string>()
  for (const part of header.slice(6).split(',')) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals).trim()
    const value = unquote(part.slice(equals + 1).trim())
    if (name !== 'realm') parameters.set(name, percentDecode(value))
  }
  return parameters
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw unauthenticated('The Authorization header is malformed.')
  }
}

export function unauthenticated(message: string): Rejection {
  const headers = { 'WWW-Authenticate': 'OAuth realm="OAuth"' }
  return new Rejection('UNAUTHENTICATED', message, { headers })
}

/** Throws UNAUTHENTICATED with MAAS's text when the timestamp is no number or too old. */
export function checkTimestamp(timestamp: string, nowSeconds: number): void {
  const given = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN
  if (Number.isNaN(given)) throw unauthenticated("Authorization Error: 'Invalid timestamp'")
  if (nowSeconds - given <= TIMESTAMP_AGE_MAX_SECONDS) return
  throw unauthenticated(
    `Authorization Error: 'Expired timestamp: given ${given} and now ${nowSeconds} has a greater ` +
      `difference than threshold ${TIMESTAMP_AGE_MAX_SECONDS}'`,
  )
}

/** Only the first version has no version of its own to say. */
export function checkVersion(version: string | undefined): void {
  if (version === undefined || version === '1.0') return
  throw unauthenticated(
    `Authorization Error: 'OAuth version ${version.slice(0, 16)} not supported.'`,
  )
}

/** Without one a PLAINTEXT request could be sent again and again. */
export function checkNonce(nonce: string | undefined): void {
  if (nonce !== undefined && nonce !== '') return
  throw unauthenticated("Authorization Error: 'Parameter not found: oauth_nonce'")
}

/** `expected` is the UTF-8 of `&<token secret>`; equal in constant time. */
export function isPlaintextSignature(signature: string, expected: Buffer): boolean {
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** RFC 5849 §3.4.1. */
export function baseString(request: SignedRequest, oauth: OAuthParameters): string {
  const pairs: [string, string][] = []
  for (const [name, value] of request.parameters) pairs.push([encode(name), encode(value)])
  for (const [name, value] of oauth) {
    if (name !== 'oauth_signature') pairs.push([encode(name), encode(value)])
  }
  pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
  const parameters = pairs.map(([name, value]) => `${name}=${value}`).join('&')
  return [request.method.toUpperCase(), request.url, parameters].map(encode).join('&')
}

export function isHmacSignature(signature: string, base: string, key: Buffer): boolean {
  const expected = createHmac('sha1', key).update(base).digest()
  const given = Buffer.from(signature, 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** RFC 3986 unreserved characters stay. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
