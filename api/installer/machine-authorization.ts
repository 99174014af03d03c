// The constant part of the machine's OAuth header: PLAINTEXT needs no computation (RFC 5849 §3.4.4), so the script adds
// only a nonce and the time. The consumer has no secret.
import type { InstallInput } from './install-input.ts'

/** Fields of an `Authorization: OAuth …` header, without `oauth_nonce` and `oauth_timestamp`. */
export function authorizationFields(keys: InstallInput['keys']): string {
  const { consumerKey, tokenKey, tokenSecret } = keys
  const fields: Readonly<Record<string, string>> = {
    oauth_version: '1.0',
    oauth_signature_method: 'PLAINTEXT',
    oauth_consumer_key: consumerKey,
    oauth_token: tokenKey,
    oauth_signature: `&${encode(tokenSecret)}`,
  }
  return Object.entries(fields)
    .map(([name, value]) => `${name}="${encode(value)}"`)
    .join(', ')
}

/** RFC 3986 unreserved characters stay. */
function encode(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
