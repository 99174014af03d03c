// 48-bit MAC addresses in one canonical form: lower case, colons.

declare const brand: unique symbol
export type MacAddress = string & { readonly [brand]: 'MacAddress' }

/** Takes `aa:bb:…`, `AA-BB-…` and twelve bare hex digits; undefined when malformed. */
export function parseMac(text: string): MacAddress | undefined {
  const hex = /^[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text.trim())
    ? text.trim().replaceAll(/[:-]/g, '').toLowerCase()
    : undefined
  if (hex === undefined) return undefined
  return (hex.match(/../g) ?? []).join(':') as MacAddress
}

/** First `length` octets (at least 6) of `bytes` as a MAC; the caller checked the length. */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  let text = ''
  for (let i = 0; i < 6; i++) {
    text += (i === 0 ? '' : ':') + (bytes[i] ?? 0).toString(16).padStart(2, '0')
  }
  return text as MacAddress
}

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16))
}
