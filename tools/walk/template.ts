// `{a.b}` in the rows of the walk: what an earlier answer was kept as, and a member of it.

/** A row needs what no earlier row kept. */
export class Missing extends Error {}

export type Kept = Readonly<Record<string, unknown>>

/** Throws Missing; `encode` is applied to each value. */
export function fill(
  text: string,
  kept: Kept,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replaceAll(/\{([\w.]+)\}/g, (_all, path: string) => {
    let value: unknown = kept
    for (const name of path.split('.')) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Kept)[name]
          : undefined
    }
    if (typeof value !== 'string' && typeof value !== 'number') throw new Missing(path)
    return encode(String(value))
  })
}

export function fillAll(
  form: Readonly<Record<string, string>>,
  kept: Kept,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(form).map(([name, text]) => [name, fill(text, kept)]))
}
