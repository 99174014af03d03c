// The cookies of a login, under the names that MAAS's web UI uses, and who may act by them. A browser sends cookies
// with requests that other sites made it send: what changes anything needs the CSRF token as well.
import type { Context } from 'koa'
import { Rejection } from './errors.ts'
import { csrfTokenOf, isCsrfToken } from './secrets.ts'

const SESSION_COOKIE = 'sessionid'
const CSRF_COOKIE = 'csrftoken'
/** Longer cookies are nobody's. */
const COOKIE_CHARACTERS_MAX = 128
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Undefined when the browser sent none that could be ours. */
export function loginCookieOf(ctx: Context): string | undefined {
  const cookie = ctx.cookies.get(SESSION_COOKIE)
  return cookie === undefined || cookie === '' || cookie.length > COOKIE_CHARACTERS_MAX
    ? undefined
    : cookie
}

/** HttpOnly: no script reads the session. The CSRF token is for the page's own scripts. */
export function setLoginCookies(ctx: Context, cookie: string, lifetimeMs: number): void {
  const common = { path: '/', sameSite: 'lax', maxAge: lifetimeMs, overwrite: true } as const
  append(ctx, SESSION_COOKIE, cookie, { ...common, httpOnly: true })
  append(ctx, CSRF_COOKIE, csrfTokenOf(cookie), { ...common, httpOnly: false })
}

export function clearLoginCookies(ctx: Context): void {
  append(ctx, SESSION_COOKIE, '', { path: '/', sameSite: 'lax', maxAge: 0, httpOnly: true })
  append(ctx, CSRF_COOKIE, '', { path: '/', sameSite: 'lax', maxAge: 0, httpOnly: false })
}

/** Throws FORBIDDEN unless the page that sent the request is ours. */
export function checkCsrf(ctx: Context, cookie: string): void {
  if (SAFE_METHODS.has(ctx.method)) return
  checkOrigin(ctx)
  if (isCsrfToken(ctx.get('x-csrftoken'), cookie)) return
  throw new Rejection('FORBIDDEN', 'CSRF Failed: CSRF token missing or incorrect.')
}

/**
 * Browsers say where a request comes from; tools say nothing and pass. Also for logging in, where there is no
 * token yet: no site may log its visitor in as somebody else.
 */
export function checkOrigin(ctx: Context): void {
  const site = ctx.get('sec-fetch-site')
  const origin = ctx.get('origin')
  const isForeignSite = site !== '' && site !== 'same-origin' && site !== 'none'
  const isForeignOrigin = origin !== '' && hostOf(origin) !== ctx.host.toLowerCase()
  if (!isForeignSite && !isForeignOrigin) return
  throw new Rejection('FORBIDDEN', 'CSRF Failed: the request comes from another site.')
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

type Attributes = {
  readonly path: string
  readonly sameSite: 'lax'
  readonly maxAge: number
  readonly httpOnly: boolean
}

/** Written here because a proxy may have taken TLS off: `Secure` then follows what it says. */
function append(ctx: Context, name: string, value: string, attributes: Attributes): void {
  const { path, maxAge, httpOnly } = attributes
  const isSecure = ctx.secure || ctx.get('x-forwarded-proto').toLowerCase() === 'https'
  const parts = [
    `${name}=${value}`,
    `Path=${path}`,
    `Max-Age=${Math.floor(maxAge / 1_000)}`,
    'SameSite=Lax',
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(isSecure ? ['Secure'] : []),
  ]
  ctx.append('Set-Cookie', parts.join('; '))
}
