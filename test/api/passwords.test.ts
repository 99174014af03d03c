// Password hashes.
import { scryptSync } from 'node:crypto'
import t from 'tap'
import { hashPassword, verifyPassword } from '#api/passwords.ts'

t.test('a password fits its hash and no other', async (t) => {
  const hash = await hashPassword('pässword')
  t.match(hash, /^scrypt\$16384\$8\$5\$[\w-]{22}\$[\w-]{43}$/)
  t.equal(await verifyPassword('pässword', hash), true)
  t.equal(await verifyPassword('Pässword', hash), false)
  t.not(await hashPassword('pässword'), hash, 'salted')
})

const MALFORMED = ['', 'x', 'md5$1$1$1$a$b', 'scrypt$16384$8$1$$', 'scrypt$1e9$8$1$AA$AA']
t.test('a hash of an earlier version, with other parameters, is still good', async (t) => {
  const salt = Buffer.from('salt')
  const hash = scryptSync('secret', salt, 32, { N: 16_384, r: 8, p: 1 }).toString('base64url')
  const stored = `scrypt$16384$8$1$${salt.toString('base64url')}$${hash}`
  t.equal(await verifyPassword('secret', stored), true)
  t.equal(await verifyPassword('guess', stored), false)
  t.equal(await verifyPassword('secret', stored.replace('$8$1$', '$8$17$')), false, 'too dear')
})

t.test('a malformed or greedy hash fits nothing and throws nothing', async (t) => {
  for (const stored of MALFORMED) t.equal(await verifyPassword('', stored), false, stored)
  const greedy = `scrypt$1073741824$8$1$AA$${Buffer.alloc(32).toString('base64url')}`
  t.equal(await verifyPassword('', greedy), false)
})
