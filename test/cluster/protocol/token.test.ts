// Rack tokens: there and back, and a sentence for every way to damage one.
import t from 'tap'
import { formatToken, parseHostPort, parseToken } from '#protocol/token.ts'

const token = {
  clusterId: 'c1',
  caFingerprint: 'ab'.repeat(32),
  secret: 's3cret',
  peers: ['192.0.2.1:5250', '[2001:db8::1]:5250', 'region.example.org:5250'],
}
const text = formatToken(token)
const raw = (value: unknown) =>
  `ironraft1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`
const good = { v: 1, cluster: 'c1', ca: 'ab'.repeat(32), secret: 's', peers: ['h:1'] }

t.test('a token survives, with white space around it', async (t) => {
  t.match(text, /^ironraft1\.[A-Za-z0-9_-]+$/)
  t.strictSame(parseToken(` ${text}\n`), token)
})

const damaged = [
  { name: 'empty text', text: '', says: /begin with ironraft1/ },
  { name: 'another version of the format', text: 'ironraft2.abc', says: /begin with ironraft1/ },
  { name: 'a token cut off', text: text.slice(0, -20), says: /cut off/ },
  { name: 'a foreign character', text: `${text}!`, says: /characters/ },
  { name: 'a token of megabytes', text: `ironraft1.${'A'.repeat(5_000)}`, says: /too long/ },
  { name: 'json null', text: raw(null), says: /damaged/ },
  { name: 'another version inside', text: raw({ ...good, v: 2 }), says: /another version/ },
  { name: 'no cluster', text: raw({ ...good, cluster: '' }), says: /no cluster/ },
  { name: 'a short fingerprint', text: raw({ ...good, ca: 'ab' }), says: /fingerprint/ },
  { name: 'no secret', text: raw({ ...good, secret: 7 }), says: /secret is missing/ },
  { name: 'no peers', text: raw({ ...good, peers: [] }), says: /addresses/ },
  { name: 'a peer without port', text: raw({ ...good, peers: ['h'] }), says: /addresses/ },
]
for (const c of damaged) {
  t.test(`${c.name} is BAD_REQUEST and says why, without the secret`, async (t) => {
    t.throws(() => parseToken(c.text), { code: 'BAD_REQUEST', message: c.says })
  })
}

const addresses = [
  { text: 'h:1', is: { host: 'h', port: 1 } },
  { text: '192.0.2.1:65535', is: { host: '192.0.2.1', port: 65_535 } },
  { text: '[::1]:80', is: { host: '::1', port: 80 } },
  { text: '::1:80', is: undefined },
  { text: 'h:0', is: undefined },
  { text: 'h:65536', is: undefined },
  { text: 'h:', is: undefined },
  { text: ':80', is: undefined },
  { text: 'a b:80', is: undefined },
]
for (const c of addresses) {
  t.test(`host and port of ${c.text}`, async (t) => {
    t.strictSame(parseHostPort(c.text), c.is)
  })
}
