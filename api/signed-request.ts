// Whether a request was signed with a secret (RFC 5849): where its parameters stand, what the client may have signed,
// and the checks in MAAS's order and texts. Whose secret it is, the caller knows: a user's key, or a machine's token.
import type { Context } from 'koa'
import type { Clock } from '#model/ports.ts'
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

const NONCE_CHARACTERS_MAX = 128

export class SignatureChecks {
  readonly #clock: Clock
  readonly #nonces = new Nonces(TIMESTAMP_AGE_MAX_SECONDS * 1_000)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `secret` is `&<token secret>` in UTF-8. Throws UNAUTHENTICATED; a nonce counts once it was good. */
  check(ctx: Context, oauth: OAuthParameters, secret: Buffer): void {
    const timestamp = oauth.get('oauth_timestamp') ?? ''
    const nonce = oauth.get('oauth_nonce') ?? ''
    checkVersion(oauth.get('oauth_version'))
    checkNonce(oauth.get('oauth_nonce'))
    checkTimestamp(timestamp, Math.floor(this.#clock.wallMs() / 1_000))
    const token = oauth.get('oauth_token') ?? ''
    const seen = `${token} ${timestamp} ${nonce.slice(0, NONCE_CHARACTERS_MAX)}`
    if (this.#nonces.has(seen)) {
      throw unauthenticated(`Authorization Error: 'Nonce already used: ${nonce.slice(0, 64)}'`)
    }
    checkSignature(ctx, oauth, secret)
    this.#nonces.add(seen, this.#clock.monotonicMs())
  }
}

/** Of the header, or where there is none, of form or query. Undefined: it is not signed. */
export function oauthOf(ctx: Context, header: string): OAuthParameters | undefined {
  return header === '' ? outsideHeader(ctx) : parseAuthorization(header)
}

function checkSignature(ctx: Context, oauth: OAuthParameters, secret: Buffer): void {
  const signature = oauth.get('oauth_signature') ?? ''
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
