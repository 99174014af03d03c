// Secrets made at bootstrap: the administrator's password and API key, the racks' secret. Only hashes of the
// password and of the racks' secret enter the log.
import { createHash, randomBytes, randomInt, scrypt } from 'node:crypto'

const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** Lengths are MAAS's: consumer 18, token 18, secret 32. */
export type NewApiKey = {
  readonly consumerKey: string
  readonly tokenKey: string
  readonly tokenSecret: string
}

export function makeApiKey(): NewApiKey {
  return { consumerKey: randomText(18), tokenKey: randomText(18), tokenSecret: randomText(32) }
}

export function formatApiKey({ consumerKey, tokenKey, tokenSecret }: NewApiKey): string {
  return `${consumerKey}:${tokenKey}:${tokenSecret}`
}

/** Letters and digits that are not mistaken for one another; 5.8 bits each. */
export function randomText(length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += LETTERS.charAt(randomInt(LETTERS.length))
  return text
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const parameters = { N: 16_384, r: 8, p: 1 }
  const hash = await new Promise<Buffer>((resolve, reject) => {
    scrypt(password, salt, 32, parameters, (error, key) => (error ? reject(error) : resolve(key)))
  })
  return `scrypt$16384$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`
}
