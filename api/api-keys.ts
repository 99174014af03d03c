// MAAS's API keys: `consumer:token:secret`, 18 : 18 : 32 letters and digits (maas-api §5.1).
import { createHash } from 'node:crypto'
import type { Random } from '#model/ports.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export type MintedKey = {
  readonly consumerKey: string
  readonly tokenKey: string
  readonly tokenSecret: string
}

export function mintApiKey(random: Random): MintedKey {
  return {
    consumerKey: mint(random, 18),
    tokenKey: mint(random, 18),
    tokenSecret: mint(random, 32),
  }
}

export function formatApiKey(key: MintedKey): string {
  return `${key.consumerKey}:${key.tokenKey}:${key.tokenSecret}`
}

/**
 * Token key of a request that may be repeated: the same for every repetition, so that the key made by the
 * first one is found again. It is a name, not a secret.
 */
export function tokenKeyOf(request: string): string {
  const digest = createHash('sha256').update(request).digest()
  let text = ''
  for (let i = 0; i < 18; i++) text += ALPHABET.charAt((digest[i] ?? 0) % ALPHABET.length)
  return text
}

function mint(random: Random, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += ALPHABET.charAt(random.integer(ALPHABET.length))
  return text
}
