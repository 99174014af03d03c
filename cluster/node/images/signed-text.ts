// Clear-signed text (RFC 9580 §7) by a key of a keyring: the one door to OpenPGP.
import { type Key, readCleartextMessage, readKey, readKeys, verify } from 'openpgp'

/** The text itself. Throws an Error that says why it is not believed. */
export async function signedText(message: string, keyring: Uint8Array): Promise<string> {
  const verificationKeys = await keysOf(keyring)
  const read = await readCleartextMessage({ cleartextMessage: message })
  const { data, signatures } = await verify({ message: read, verificationKeys })
  const reasons: string[] = []
  for (const { verified } of signatures) {
    try {
      await verified
      return data
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(`no signature by a key of the keyring: ${reasons.join('; ') || 'not signed'}`)
}

/** Armoured or binary. */
async function keysOf(keyring: Uint8Array): Promise<Key[]> {
  const text = Buffer.from(keyring).toString('latin1')
  const keys = text.includes('-----BEGIN PGP')
    ? await readKeys({ armoredKeys: text }).catch(async () => [await readKey({ armoredKey: text })])
    : await readKeys({ binaryKeys: keyring })
  if (keys.length === 0) throw new Error('the keyring has no key')
  return keys
}
