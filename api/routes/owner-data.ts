// Owner data and workload annotations: free keys, an empty value deletes one.
import { fieldError } from '../errors.ts'
import type { Input } from '../input.ts'
import { text } from '../params.ts'

const KEYS_MAX = 1_000
const VALUE_MAX = 4_096

export const OWNER_DATA = {
  '*': text('Every parameter is a key with its value; an empty value deletes the key.', {
    ...{ max: VALUE_MAX },
  }),
}

/** What is asked for: null takes a key away. */
export function ownerDataChanges(input: Input): Readonly<Record<string, string | null>> {
  const set: Record<string, string | null> = {}
  for (const name of input.names()) {
    if (name === 'op' || name.startsWith('oauth_')) continue
    // Our encoding gives it another name, lest it become a prototype.
    if (name === '__proto__') throw fieldError(name, 'This name cannot be kept.')
    const value = input.text(name) ?? ''
    if (name.length > 255 || value.length > VALUE_MAX)
      throw fieldError(name.slice(0, 64), 'Too long.')
    set[name] = value === '' ? null : value
  }
  return set
}

export function ownerDataAfter(
  before: Readonly<Record<string, string>>,
  input: Input,
): Readonly<Record<string, string>> {
  const next = new Map(Object.entries(before))
  for (const [name, value] of Object.entries(ownerDataChanges(input))) {
    if (value === null) next.delete(name)
    else next.set(name, value)
  }
  if (next.size > KEYS_MAX) throw fieldError('__all__', `At most ${KEYS_MAX} keys are kept.`)
  return Object.fromEntries(next)
}
