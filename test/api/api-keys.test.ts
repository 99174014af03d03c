// API keys of MAAS's form.
import t from 'tap'
import { formatApiKey, mintApiKey, tokenKeyOf } from '#api/api-keys.ts'
import { systemRandom } from '#platform/system.ts'

t.test('a key has 18, 18 and 32 letters and digits, new each time', async (t) => {
  const key = formatApiKey(mintApiKey(systemRandom))
  t.match(key, /^[A-Za-z0-9]{18}:[A-Za-z0-9]{18}:[A-Za-z0-9]{32}$/)
  t.not(formatApiKey(mintApiKey(systemRandom)), key)
})

t.test('the token key of a request is its own and stays', async (t) => {
  t.match(tokenKeyOf('a'), /^[A-Za-z0-9]{18}$/)
  t.equal(tokenKeyOf('a'), tokenKeyOf('a'))
  t.not(tokenKeyOf('a'), tokenKeyOf('b'))
})
