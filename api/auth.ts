// Who is asking: an API key in an OAuth header (or in the query or form, where OAuth allows it too), or the
// whole key as a bearer token, which curl can send; an access token; or the cookie of a login. They are looked up
// in this node's applied state; one that is unknown there may have been made a moment ago elsewhere, so a
// confirmed read decides.
import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { RegionState } from '#state/state.ts'
import type { AccessScope, AccessToken, ApiKey, LoginSession, User } from '#state/tables.ts'
import type { Context } from 'koa'
import { Rejection } from './errors.ts'
import { checkCsrf, loginCookieOf } from './login-cookie.ts'
import { Nonces } from './nonces.ts'
import {
  baseString,
  checkNonce,
  checkTimestamp,
  checkVersion,
  isHmacSignature,
  isPlaintextSignature,
  parseAuthorization,
  TIMESTAMP_AGE_MAX_SECONDS,
  unauthenticated,
  type OAuthParameters,
  type SignedRequest,
} from './oauth.ts'
import { isForm, rawBodyOf } from './request-body.ts'
import { ACCESS_TOKEN_PREFIX, secretDigest } from './secrets.ts'

const INVALID_KEY = 'Authorization Error: Invalid API key.'
/** Longer credentials than these are refused unread. */
const HEADER_CHARACTERS_MAX = 4_096
const NONCE_CHARACTERS_MAX = 128

/** A user, and how much of its rights the credentials stand for. */
export type Identity = { readonly user: User; readonly scope: AccessScope }

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

  /**
   * For API 2.0, where access tokens mean nothing. Null: no credentials at all. Throws UNAUTHENTICATED for bad
   * ones, FORBIDDEN for a cookie without its CSRF token.
   */
  async user(ctx: Context): Promise<User | null> {
    if (accessTokenOf(ctx) === undefined) return (await this.identify(ctx))?.user ?? null
    throw unauthenticated('Authorization Error: Access tokens are for /api/v1; use an API key.')
  }

  /** As `user`, with access tokens. */
  async identify(ctx: Context): Promise<Identity | null> {
    const header = ctx.get('authorization')
    if (header.length > HEADER_CHARACTERS_MAX) throw unauthenticated(INVALID_KEY)
    const token = accessTokenOf(ctx)
    if (token !== undefined) return this.#byToken(token)
    const user = await this.#withoutToken(ctx, header)
    return user === null ? null : { user, scope: 'admin' }
  }

  async #withoutToken(ctx: Context, header: string): Promise<User | null> {
    if (isBearer(header)) return this.#bearer(header.slice(7).trim())
    const oauth = header === '' ? outsideHeader(ctx) : parseAuthorization(header)
    if (oauth !== undefined) return this.#signed(ctx, oauth)
    if (header !== '') throw unauthenticated('Authorization Error: Use an API key.')
    const cookie = loginCookieOf(ctx)
    return cookie === undefined ? null : this.#loggedIn(ctx, cookie)
  }

  /** Without regard to CSRF: for what changes nothing. */
  async isLoggedIn(cookie: string): Promise<boolean> {
    const digest = secretDigest(cookie)
    return (await this.#lookUp((state) => byLogin(state, digest))) !== undefined
  }

  /** A cookie that is nobody's (any more) is none: the browser keeps it after its session has ended. */
  async #loggedIn(ctx: Context, cookie: string): Promise<User | null> {
    const digest = secretDigest(cookie)
    const found = await this.#lookUp((state) => byLogin(state, digest))
    if (found === undefined) return null
    checkCsrf(ctx, cookie)
    return found.user
  }

  async #byToken(token: string): Promise<Identity> {
    const digest = secretDigest(token)
    const found = await this.#lookUp((state) => byAccessToken(state, digest))
    if (found === undefined) {
      throw new Rejection('UNAUTHENTICATED', 'The access token is not valid (any more).', {
        headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      })
    }
    return { user: found.user, scope: found.row.scope }
  }

  async #lookUp<Found>(
    look: (state: RegionState) => Found | undefined,
  ): Promise<Found | undefined> {
    const known = look(this.#region.local().state)
    return known ?? look((await this.#region.read('linearizable')).state)
  }

  async #signed(ctx: Context, oauth: OAuthParameters): Promise<User> {
    const tokenKey = oauth.get('oauth_token') ?? ''
    const found = await this.#find(tokenKey, oauth.get('oauth_consumer_key') ?? '')
    const timestamp = oauth.get('oauth_timestamp') ?? ''
    const nonce = oauth.get('oauth_nonce') ?? ''
    checkVersion(oauth.get('oauth_version'))
    checkNonce(oauth.get('oauth_nonce'))
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
      // MAAS's text shows the base string, which here would be the secret itself.
      throw unauthenticated(invalidSignature('&<token secret>'))
    }
    if (method !== 'HMAC-SHA1') {
      throw unauthenticated("Authorization Error: 'Signature method not supported.'")
    }
    const bases = signedRequests(ctx).map((request) => baseString(request, oauth))
    if (bases.some((base) => isHmacSignature(signature, base, secret))) return
    throw unauthenticated(invalidSignature(bases[0] ?? ''))
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
    if (tokenKey === '') throw unauthenticated(INVALID_KEY)
    const found = await this.#lookUp((state) => byApiKey(state, tokenKey, consumerKey))
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

function byApiKey(state: RegionState, tokenKey: string, consumerKey: string) {
  const key = state.apiKeys.get(tokenKey)
  if (key === undefined || key.consumerKey !== consumerKey) return undefined
  const user = state.users.get(key.userId)
  return user === undefined ? undefined : { key, user }
}

type Known<Row> = { readonly row: Row; readonly user: User }

/** Log time decides: no region's wall clock can make a token last longer. */
function byAccessToken(state: RegionState, digest: string): Known<AccessToken> | undefined {
  const row = state.accessTokensByDigest.first(digest)
  if (row === undefined || (row.expiresAt !== null && row.expiresAt <= state.stamp))
    return undefined
  const user = state.users.get(row.userId)
  return user === undefined ? undefined : { row, user }
}

function byLogin(state: RegionState, digest: string): Known<LoginSession> | undefined {
  const row = state.loginSessions.get(digest)
  if (row === undefined || row.expiresAt <= state.stamp) return undefined
  const user = state.users.get(row.userId)
  return user === undefined ? undefined : { row, user }
}

function isBearer(header: string): boolean {
  return header.slice(0, 7).toLowerCase() === 'bearer '
}

function accessTokenOf(ctx: Context): string | undefined {
  const header = ctx.get('authorization')
  if (!isBearer(header)) return undefined
  const token = header.slice(7).trim()
  return token.startsWith(ACCESS_TOKEN_PREFIX) ? token : undefined
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

/**
 * What the client may have signed, the likely first: some leave the form of a PUT out, and behind a proxy it signs the
 * address it knows. Believing `X-Forwarded-…` gives nobody rights: the signature is still one by the secret.
 */
function signedRequests(ctx: Context): readonly SignedRequest[] {
  const query = [...new URLSearchParams(ctx.querystring)]
  const form = isForm(ctx) ? [...new URLSearchParams(rawBodyOf(ctx))] : []
  const inHeader = ctx.get('authorization') !== ''
  const path = ctx.originalUrl.split('?', 1)[0] ?? ''
  return originsOf(ctx).flatMap((origin) =>
    [[...query, ...form], query].map((pairs) => ({
      method: ctx.method,
      url: `${origin}${path}`,
      parameters: pairs.filter(([name]) => inHeader || !name.startsWith('oauth_')),
    })),
  )
}

function originsOf(ctx: Context): readonly string[] {
  const first = (name: string): string =>
    (ctx.get(name).split(',', 1)[0] ?? '').trim().toLowerCase()
  const host = first('x-forwarded-host')
  const protocol = first('x-forwarded-proto')
  const direct = originOf(ctx.protocol, ctx.host)
  if (host === '' && protocol === '') return [direct]
  return [direct, originOf(protocol || ctx.protocol, host || ctx.host)]
}

/** RFC 5849 §3.4.1.2: lower case, without the default port. */
function originOf(protocol: string, host: string): string {
  const port = protocol === 'https' ? /:443$/ : /:80$/
  return `${protocol}://${host.toLowerCase().replace(port, '')}`
}

function invalidSignature(base: string): string {
  return `Authorization Error: 'Invalid signature. Expected signature base string: ${base}'`
}
