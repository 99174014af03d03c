// Password hashes: scrypt (RFC 7914) through node:crypto, with its parameters in the text, so that they can
// be raised later without making old hashes worthless. `scrypt$N$r$p$salt$hash`, salt and hash in base64url.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * N = 2^14, r = 8, p = 5: 16 MiB and some 200 ms of a core for one guess (OWASP's list of equal choices; the one with
 * the least memory, because four checks may run at once). Hashes from when p was 1 stay good.
 */
const COST = { N: 16_384, r: 8, p: 5 } as const
const PARALLEL_MAX = 16
const HASH_BYTES = 32
/** A stored hash may not ask for more than this, whoever wrote it. */
const MEMORY_BYTES_MAX = 64 << 20

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, COST)
  const { N, r, p } = COST
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** False for a malformed hash too. An empty one (a user who cannot log in) costs as much as a real one. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt = '', hash = ''] = stored.split('$')
  const expected = Buffer.from(hash, 'base64url')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  if (scheme !== 'scrypt' || expected.length !== HASH_BYTES || !isSane(cost)) {
    await derive(password, Buffer.alloc(16), COST)
    return false
  }
  const actual = await derive(password, Buffer.from(salt, 'base64url'), cost)
  return timingSafeEqual(actual, expected)
}

type Cost = { readonly N: number; readonly r: number; readonly p: number }

function isSane({ N, r, p }: Cost): boolean {
  const isWhole = [N, r, p].every((n) => Number.isSafeInteger(n) && n > 0)
  return isWhole && p <= PARALLEL_MAX && 128 * N * r < MEMORY_BYTES_MAX
}

function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { ...cost, maxmem: MEMORY_BYTES_MAX }
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
