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
import { unauthenticated, type OAuthParameters } from './oauth.ts'
import { ACCESS_TOKEN_PREFIX, secretDigest } from './secrets.ts'
import { oauthOf, SignatureChecks } from './signed-request.ts'

const INVALID_KEY = 'Authorization Error: Invalid API key.'
/** Longer credentials than these are refused unread. */
const HEADER_CHARACTERS_MAX = 4_096

/** A user, and how much of its rights the credentials stand for. */
export type Identity = { readonly user: User; readonly scope: AccessScope }

export class Authenticator {
  readonly #region: Region
  readonly #signatures: SignatureChecks
  /** `&<secret>` in UTF-8 by key row: rows are replaced, never changed. */
  readonly #secrets = new WeakMap<ApiKey, Buffer>()

  constructor(region: Region, clock: Clock) {
    this.#region = region
    this.#signatures = new SignatureChecks(clock)
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
    const oauth = oauthOf(ctx, header)
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
    this.#signatures.check(ctx, oauth, this.#secretOf(found.key))
    return found.user
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
