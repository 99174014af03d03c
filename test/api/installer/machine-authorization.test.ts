// The header that the script makes is one that the API takes.
import fc from 'fast-check'
import t from 'tap'
import { authorizationFields } from '#api/installer/machine-authorization.ts'
import { isPlaintextSignature, parseAuthorization } from '#api/oauth.ts'

t.test('keys and signature come back from our own parser', async (t) => {
  const fields = authorizationFields({
    consumerKey: 'ck',
    tokenKey: 'tk',
    tokenSecret: 'ts',
  })
  const parsed = parseAuthorization(`OAuth oauth_nonce="n", oauth_timestamp="1", ${fields}`)
  t.equal(parsed?.get('oauth_consumer_key'), 'ck')
  t.equal(parsed?.get('oauth_token'), 'tk')
  t.equal(parsed?.get('oauth_version'), '1.0')
  t.ok(isPlaintextSignature(parsed?.get('oauth_signature') ?? '', Buffer.from('&ts')))
})

t.test('no key leaves its quotes', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (tokenKey) => {
      const fields = authorizationFields({
        ...{ consumerKey: tokenKey, tokenKey, tokenSecret: tokenKey },
      })
      return /^(oauth_[a-z_]+="[A-Za-z0-9%._~-]*"(, |$)){5}$/.test(fields)
    }),
  )
  t.pass()
})
