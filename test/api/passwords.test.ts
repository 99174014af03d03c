// Password hashes.
import t from 'tap'
import { hashPassword, verifyPassword } from '#api/passwords.ts'

t.test('a password fits its hash and no other', async (t) => {
  const hash = await hashPassword('pässword')
  t.match(hash, /^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  t.equal(await verifyPassword('pässword', hash), true)
  t.equal(await verifyPassword('Pässword', hash), false)
  t.not(await hashPassword('pässword'), hash, 'salted')
})

const MALFORMED = ['', 'x', 'md5$1$1$1$a$b', 'scrypt$16384$8$1$$', 'scrypt$1e9$8$1$AA$AA']
t.test('a malformed or greedy hash fits nothing and throws nothing', async (t) => {
  for (const stored of MALFORMED) t.equal(await verifyPassword('', stored), false, stored)
  const greedy = `scrypt$1073741824$8$1$AA$${Buffer.alloc(32).toString('base64url')}`
  t.equal(await verifyPassword('', greedy), false)
})
