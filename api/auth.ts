// Who is asking: an API key in an OAuth header (or in the query or form, where OAuth allows it too), or the
// whole key as a bearer token, which curl can send. Keys are looked up in this node's applied state; one
// that is unknown there may have been made a moment ago elsewhere, so a confirmed read decides.
import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { RegionState } from '#state/state.ts'
import type { ApiKey, User } from '#state/tables.ts'
import type { Context } from 'koa'
import { Nonces } from './nonces.ts'
import {
  baseString,
  checkTimestamp,
  isHmacSignature,
  isPlaintextSignature,
  parseAuthorization,
  TIMESTAMP_AGE_MAX_SECONDS,
  unauthenticated,
  type OAuthParameters,
} from './oauth.ts'
import { isForm, rawBodyOf } from './request-body.ts'

const INVALID_KEY = 'Authorization Error: Invalid API key.'
/** Longer credentials than these are refused unread. */
const HEADER_CHARACTERS_MAX = 4_096
const NONCE_CHARACTERS_MAX = 128

export class Authenticator {
  readonly #region: Region
  readonly #clock: Clock
  readonly #nonces = new Nonces(TIMESTAMP_AGE_MAX_SECONDS * 1_000)
  /** `&<secret>` in UTF-8 by key row: rows are replaced, never changed. */
  readonly #secrets = new WeakMap<ApiKey, Buffer>()

  constructor(region: Region, clock: Clock) {
    this.#region = region
    this.#clock = clock
  }

  /** Null: no credentials at all. Throws UNAUTHENTICATED for bad ones. */
  async user(ctx: Context): Promise<User | null> {
    const header = ctx.get('authorization')
    if (header.length > HEADER_CHARACTERS_MAX) throw unauthenticated(INVALID_KEY)
    if (header.slice(0, 7).toLowerCase() === 'bearer ') return this.#bearer(header.slice(7).trim())
    const oauth = header === '' ? outsideHeader(ctx) : parseAuthorization(header)
    if (oauth === undefined) {
      if (header === '') return null
      throw unauthenticated('Authorization Error: Use an API key.')
    }
    return this.#signed(ctx, oauth)
  }

  async #signed(ctx: Context, oauth: OAuthParameters): Promise<User> {
    const tokenKey = oauth.get('oauth_token') ?? ''
    const found = await this.#find(tokenKey, oauth.get('oauth_consumer_key') ?? '')
    const timestamp = oauth.get('oauth_timestamp') ?? ''
    const nonce = oauth.get('oauth_nonce') ?? ''
    checkTimestamp(timestamp, Math.floor(this.#clock.wallMs() / 1_000))
    const seen = `${tokenKey} ${timestamp} ${nonce.slice(0, NONCE_CHARACTERS_MAX)}`
    if (this.#nonces.has(seen)) {
      throw unauthenticated(`Authorization Error: 'Nonce already used: ${nonce.slice(0, 64)}'`)
    }
    this.#checkSignature(ctx, oauth, found.key)
    this.#nonces.add(seen, this.#clock.monotonicMs())
    return found.user
  }

  #checkSignature(ctx: Context, oauth: OAuthParameters, key: ApiKey): void {
    const signature = oauth.get('oauth_signature') ?? ''
    const secret = this.#secretOf(key)
    const method = oauth.get('oauth_signature_method') ?? 'PLAINTEXT'
    if (method === 'PLAINTEXT') {
      if (isPlaintextSignature(signature, secret)) return
      throw unauthenticated("Authorization Error: 'Invalid signature.'")
    }
    if (method !== 'HMAC-SHA1') {
      throw unauthenticated("Authorization Error: 'Signature method not supported.'")
    }
    // Some clients leave the form of a PUT out of what they sign: both forms are tried.
    const bases = [true, false].map((withForm) => baseString(signedRequest(ctx, withForm), oauth))
    if (bases.some((base) => isHmacSignature(signature, base, secret))) return
    throw unauthenticated(
      `Authorization Error: 'Invalid signature. Expected signature base string: ${bases[0] ?? ''}'`,
    )
  }

  async #bearer(token: string): Promise<User> {
    const [consumerKey = '', tokenKey = '', secret = ''] = token.split(':')
    const { key, user } = await this.#find(tokenKey, consumerKey)
    const expected = this.#secretOf(key)
    const given = Buffer.from(`&${secret}`)
    if (given.length === expected.length && timingSafeEqual(given, expected)) return user
    throw unauthenticated(INVALID_KEY)
  }

  async #find(
    tokenKey: string,
    consumerKey: string,
  ): Promise<{ readonly key: ApiKey; readonly user: User }> {
    const known = lookUp(this.#region.local().state, tokenKey, consumerKey)
    if (known !== undefined) return known
    if (tokenKey === '') throw unauthenticated(INVALID_KEY)
    const { state } = await this.#region.read('linearizable')
    const found = lookUp(state, tokenKey, consumerKey)
    if (found === undefined) throw unauthenticated(INVALID_KEY)
    return found
  }

  #secretOf(key: ApiKey): Buffer {
    let secret = this.#secrets.get(key)
    if (secret === undefined) {
      secret = Buffer.from(`&${key.tokenSecret}`)
      this.#secrets.set(key, secret)
    }
    return secret
  }
}

function lookUp(state: RegionState, tokenKey: string, consumerKey: string) {
  const key = state.apiKeys.get(tokenKey)
  if (key === undefined || key.consumerKey !== consumerKey) return undefined
  const user = state.users.get(key.userId)
  return user === undefined ? undefined : { key, user }
}

/** RFC 5849 §3.5.2 and §3.5.3: form body, then query. Undefined when there is no oauth_token. */
function outsideHeader(ctx: Context): OAuthParameters | undefined {
  const form = isForm(ctx) ? rawBodyOf(ctx) : ''
  for (const text of [form, ctx.querystring]) {
    if (!text.includes('oauth_token=')) continue
    const pairs = [...new URLSearchParams(text)].filter(([name]) => name.startsWith('oauth_'))
    return new Map(pairs)
  }
  return undefined
}

/** Proxies are not trusted: behind one, clients must sign the Host the region is asked by. */
function signedRequest(ctx: Context, withForm: boolean) {
  const query = [...new URLSearchParams(ctx.querystring)]
  const form = withForm && isForm(ctx) ? [...new URLSearchParams(rawBodyOf(ctx))] : []
  const inHeader = ctx.get('authorization') !== ''
  const parameters = [...query, ...form].filter(([name]) => inHeader || !name.startsWith('oauth_'))
  const host = ctx.host.toLowerCase().replace(ctx.secure ? /:443$/ : /:80$/, '')
  const path = ctx.originalUrl.split('?', 1)[0] ?? ''
  return { method: ctx.method, url: `${ctx.protocol}://${host}${path}`, parameters }
}
