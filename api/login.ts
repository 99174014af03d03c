// Logging in with a password: an API key for MAAS's CLI (maas-api §5.1), or a cookie for a browser.
import type { Context } from 'koa'
import { SETTING_DEFAULTS } from '#state/settings.ts'
import type { RegionState } from '#state/state.ts'
import type { User } from '#state/tables.ts'
import { clientAddressText } from './client-address.ts'
import { mintApiKey } from './api-keys.ts'
import { json, NO_CONTENT, type Call } from './call.ts'
import { makeCall, queryOf, type Service } from './dispatch.ts'
import { Rejection } from './errors.ts'
import { Form, type Input } from './input.ts'
import { checkOrigin, clearLoginCookies, loginCookieOf, setLoginCookies } from './login-cookie.ts'
import { unauthenticated } from './oauth.ts'
import type { PasswordChecks } from './password-checks.ts'
import { readInput } from './request-body.ts'
import { csrfTokenOf, mintCookie, secretDigest } from './secrets.ts'
import { sendAnswer } from './send-answer.ts'

const DEFAULT_CONSUMER = 'MAAS consumer'
/** MAAS's default of `session_length`: two weeks. */
const SESSION_SECONDS = 1_209_600
const PASSWORD_CHARACTERS_MAX = 1_024

export type LoginParts = { readonly service: Service; readonly passwords: PasswordChecks }
type Handle = (ctx: Context) => Promise<void>

/** POST /MAAS/accounts/authenticate/: the key of that consumer name, made when there is none. */
export function makeAuthenticate({ service, passwords }: LoginParts): Handle {
  return async (ctx) => {
    const input = await readInput(ctx)
    const form = new Form(input)
    const consumer = form.text('consumer') || DEFAULT_CONSUMER
    const user = await checkedUser(ctx, form, { service, passwords })
    if (user === null) throw new Rejection('FORBIDDEN', 'Wrong user name or password.')
    const { state } = await service.region.read('linearizable')
    const known = state.apiKeysByUser.rows(user.id).find(({ name }) => name === consumer)
    const key = known ?? { ...mintApiKey(service.random), name: consumer }
    if (known === undefined) {
      const call = callOf(service, ctx, { user, input })
      await call.propose({ type: 'apiKey.create', userId: user.id, ...key })
    }
    const answer = {
      consumer_key: key.consumerKey,
      name: key.name,
      token_key: key.tokenKey,
      token_secret: key.tokenSecret,
    }
    await sendAnswer(ctx, json(answer))
  }
}

/** GET /MAAS/accounts/login/: does this browser need to log in? */
export function makeLoginState({ service }: LoginParts): Handle {
  return async (ctx) => {
    const user = await service.authenticator.user(ctx)
    const { size } = service.region.local().state.users
    ctx.set('Cache-Control', 'no-store')
    await sendAnswer(
      ctx,
      json({ authenticated: user !== null, external_auth_url: null, no_users: size === 0 }),
    )
  }
}

/** POST /MAAS/accounts/login/: 204 and the cookies, or 400 as MAAS's form has it. */
export function makeLogin({ service, passwords }: LoginParts): Handle {
  return async (ctx) => {
    checkOrigin(ctx)
    const input = await readInput(ctx)
    const user = await checkedUser(ctx, new Form(input), { service, passwords })
    if (user === null) {
      const fields = { __all__: ['Please enter a correct username and password.'] }
      throw new Rejection('VALIDATION', 'Wrong user name or password.', { fields })
    }
    const cookie = mintCookie(service.random)
    const lifetimeMs = sessionSeconds(service.region.local().state) * 1_000
    const call = callOf(service, ctx, { user, input })
    await call.propose({
      ...{ type: 'login.open', userId: user.id, digest: secretDigest(cookie), lifetimeMs },
    })
    setLoginCookies(ctx, cookie, lifetimeMs)
    await sendAnswer(ctx, NO_CONTENT)
  }
}

/** POST /MAAS/accounts/logout/: with the CSRF token, or anybody's page could log a visitor out. */
export function makeLogout({ service }: LoginParts): Handle {
  return async (ctx) => {
    const user = await service.authenticator.user(ctx)
    const cookie = loginCookieOf(ctx)
    if (user !== null && cookie !== undefined) {
      const call = callOf(service, ctx, { user, input: await readInput(ctx) })
      await call.propose({ type: 'login.close', digest: secretDigest(cookie) })
    }
    clearLoginCookies(ctx)
    await sendAnswer(ctx, NO_CONTENT)
  }
}

/** /MAAS/account/csrf/: the token for a page that cannot read cookies; another site's page cannot read this. */
export function makeCsrf({ service }: LoginParts): Handle {
  return async (ctx) => {
    const cookie = loginCookieOf(ctx)
    const isLoggedIn = cookie !== undefined && (await service.authenticator.isLoggedIn(cookie))
    if (!isLoggedIn) throw unauthenticated('Forbidden')
    ctx.set('Cache-Control', 'no-store')
    await sendAnswer(ctx, json({ csrf: csrfTokenOf(cookie) }))
  }
}

async function checkedUser(ctx: Context, form: Form, { service, passwords }: LoginParts) {
  for (const name of ['username', 'password']) form.require(name)
  const username = form.text('username') ?? ''
  const password = form.text('password', { max: PASSWORD_CHARACTERS_MAX }) ?? ''
  form.check()
  const address = clientAddressText(service.region.local().state, ctx)
  return passwords.userOf({ username, password, address })
}

function callOf(
  service: Service,
  ctx: Context,
  from: { readonly user: User; readonly input: Input },
): Call {
  return makeCall(service, ctx, { ...from, query: queryOf(ctx) })
}

function sessionSeconds(state: RegionState): number {
  const name = 'session_length'
  const value = state.settings.get(name)?.value ?? SETTING_DEFAULTS[name]
  return typeof value === 'number' && value > 0 ? value : SESSION_SECONDS
}
