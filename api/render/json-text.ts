// JSON put together from pieces, for what is listed by the thousand. The pieces are made by the functions that make the objects, so the
// text is that of `JSON.stringify` of the whole (`test/api/render/machine-text.test.ts`).

/** The keys of an object that has some, without its braces. */
export function keysOf(object: object): string {
  return JSON.stringify(object).slice(1, -1)
}

/** `text` is JSON. */
export function keyOf(name: string, text: string): string {
  return `"${name}":${text}`
}

/** No key may be in two of the pieces. */
export function objectOf(...pieces: readonly string[]): string {
  return `{${pieces.join(',')}}`
}

export function listOf(texts: readonly string[]): string {
  return `[${texts.join(',')}]`
}

const texts = new WeakMap<object, string>()

/** The text of an object that is shown again and again and never changes. */
export function sharedText(object: object): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  texts.set(object, text)
  return text
}
