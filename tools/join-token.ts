// What a rack needs to join, in one word: where regions are, the cluster's CA by fingerprint (so that the first
// connection cannot be intercepted) and the secret. Pure.
import { UsageError } from './exit-codes.ts'

export type JoinToken = {
  /** `host:port` of peer listeners. */
  readonly regions: readonly string[]
  /** SHA-256 of the CA certificate's DER, hex; null: not checked on first use. */
  readonly caFingerprint: string | null
  readonly secret: string
}

const PREFIX = 'ironraft-rack-1.'

export function formatJoinToken(token: JoinToken): string {
  return PREFIX + Buffer.from(JSON.stringify(token)).toString('base64url')
}

/** Throws UsageError. */
export function parseJoinToken(text: string): JoinToken {
  const value = text.startsWith(PREFIX) ? decode(text.slice(PREFIX.length)) : undefined
  if (!isJoinToken(value)) throw new UsageError('--token is not the rack_token of a bootstrap')
  return value
}

/** `https://192.0.2.1:5250` or `192.0.2.1:5250` → `192.0.2.1:5250`; the default port is 5250. */
export function parsePeerAddress(text: string): string {
  const url = text.includes('://') ? text : `https://${text}`
  if (!URL.canParse(url)) throw new UsageError(`'${text}' is not an address of a region`)
  const { hostname, port } = new URL(url)
  return `${hostname}:${port === '' ? '5250' : port}`
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function isJoinToken(value: unknown): value is JoinToken {
  if (typeof value !== 'object' || value === null) return false
  const { regions, caFingerprint, secret } = value as Partial<JoinToken>
  return (
    Array.isArray(regions) &&
    regions.length > 0 &&
    regions.every((region) => typeof region === 'string') &&
    (caFingerprint === null || typeof caFingerprint === 'string') &&
    typeof secret === 'string'
  )
}
