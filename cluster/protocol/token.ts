// The token with which a rack joins, one string to copy: `ironraft1.<base64url of JSON>`. It carries the
// fingerprint of the cluster's CA, so that the rack shows its secret to nobody else.
import { AppError } from '#model/errors.ts'

const PREFIX = 'ironraft1.'
const TOKEN_CHARACTERS_MAX = 4096
const PEERS_MAX = 16

export type RackToken = {
  readonly clusterId: string
  /** Hex SHA-256 of the CA certificate. */
  readonly caFingerprint: string
  readonly secret: string
  /** `host:port` of region peer listeners; at least one. */
  readonly peers: readonly string[]
}

export type HostPort = { readonly host: string; readonly port: number }

export function formatToken(token: RackToken): string {
  const { clusterId: cluster, caFingerprint: ca, secret, peers } = token
  const json = JSON.stringify({ v: 1, cluster, ca, secret, peers })
  return PREFIX + Buffer.from(json, 'utf8').toString('base64url')
}

/** Throws BAD_REQUEST with a sentence that says what is wrong, never with the token itself. */
export function parseToken(text: string): RackToken {
  const trimmed = text.trim()
  if (!trimmed.startsWith(PREFIX)) throw refuse(`it does not begin with ${PREFIX}`)
  if (trimmed.length > TOKEN_CHARACTERS_MAX) throw refuse('it is too long')
  const encoded = trimmed.slice(PREFIX.length)
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw refuse('it holds characters that no token has')
  const value = parseJson(Buffer.from(encoded, 'base64url').toString('utf8'))
  const { v, cluster, ca, secret, peers } = value
  if (v !== 1) throw refuse('it is of another version')
  if (typeof cluster !== 'string' || cluster === '') throw refuse('it names no cluster')
  if (typeof ca !== 'string' || !/^[0-9a-f]{64}$/.test(ca))
    throw refuse('its fingerprint is damaged')
  if (typeof secret !== 'string' || secret === '') throw refuse('its secret is missing')
  if (!isPeers(peers)) throw refuse('its region addresses are damaged')
  return { clusterId: cluster, caFingerprint: ca, secret, peers }
}

/** `host:port`, `[v6]:port`; undefined when it is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65_535) return undefined
  return { host, port }
}

function isPeers(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > PEERS_MAX) return false
  return value.every((each) => typeof each === 'string' && parseHostPort(each) !== undefined)
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Cut off while copying, most often; the sentence below says so.
  }
  throw refuse('it is damaged or was cut off')
}

function refuse(why: string): AppError {
  return new AppError('BAD_REQUEST', `This is not a rack token: ${why}.`)
}
