// Bodies of /api/v1 by their schema: what is wrong is told field by field.
import type { z } from 'zod'
import { Rejection } from '../errors.ts'

/** Names that a client made up are shown so far. */
const NAME_CHARACTERS_MAX = 64

/** Throws VALIDATION. */
export function parsed<T>(shape: z.ZodType<T>, body: unknown): T {
  const result = shape.safeParse(body, { error: describe })
  if (result.success) return result.data
  // A map: names are the client's, `__proto__` among them.
  const fields = new Map<string, string[]>()
  for (const [name, message] of result.error.issues.flatMap(toldOf)) {
    const short = name.slice(0, NAME_CHARACTERS_MAX)
    fields.set(short, [...(fields.get(short) ?? []), message])
  }
  throw new Rejection('VALIDATION', 'The request has invalid values.', {
    fields: Object.fromEntries(fields),
  })
}

/** Undefined: the schema's own words. */
function describe(issue: { readonly input?: unknown }): string | undefined {
  return issue.input === undefined ? 'This field is required.' : undefined
}

type Issue = z.core.$ZodIssue

function toldOf(issue: Issue): readonly (readonly [name: string, message: string])[] {
  const place = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => [[...place, key].join('.'), 'There is no such field.'])
  }
  return [[place.join('.') || '__all__', issue.message]]
}
