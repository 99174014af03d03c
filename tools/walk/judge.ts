// Is an answer what MAAS gives? Status, content type, the headers of every answer, and the shape of the body.
import { typeErrors } from './key-check.ts'
import type { Row } from './row.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export function statusOf({ call, status }: Row): number {
  return status ?? (call.startsWith('DELETE ') ? 204 : 200)
}

function shapeOf({ call, shows }: Row): string {
  return shows ?? (call.startsWith('DELETE ') ? 'empty' : 'any')
}

/** Differences in words; `value` is the parsed body, undefined when it is no JSON. */
export function judge(row: Row, answer: Answer): { differences: string[]; value?: unknown } {
  const expected = statusOf(row)
  if (answer.status !== expected) {
    const said = answer.text.slice(0, 160).replaceAll(/\s+/g, ' ')
    return { differences: [`${answer.status} and not ${expected} (MAAS: ${row.codes}): ${said}`] }
  }
  const shape = shapeOf(row)
  const missing = ['x-maas-api-hash', 'date'].filter((name) => !answer.headers.has(name))
  const differences = missing.map((name) => `no header ${name}`)
  if (shape === 'empty') {
    return { differences: [...differences, ...(answer.text === '' ? [] : ['a body, not none'])] }
  }
  if (shape === 'bytes') {
    return { differences: [...differences, ...(answer.text === '' ? ['no body'] : [])] }
  }
  const type = answer.headers.get('content-type') ?? ''
  if (shape === 'text') {
    const isText = type.startsWith('text/plain') && answer.text !== ''
    return { differences: [...differences, ...(isText ? [] : [`${type}, not a sentence`])] }
  }
  if (!type.startsWith('application/json')) {
    return { differences: [...differences, `${type}, not application/json`] }
  }
  const value: unknown = JSON.parse(answer.text)
  return { differences: [...differences, ...shapeErrors(shape, value)], value }
}

/** A list without an element shows nothing of its elements: it counts only where it may be empty (`*`). */
function shapeErrors(shape: string, value: unknown): readonly string[] {
  if (shape === 'any') return []
  const mayBeEmpty = shape.endsWith('*') || shape === 'list'
  const errors = typeErrors(shape.replace(/\*$/, ''), value, 'answer')
  const isEmpty = Array.isArray(value) && value.length === 0 && !mayBeEmpty
  return isEmpty ? [...errors, 'an empty list'] : errors
}

/** Shown in another form than they are sent in: base64. */
const RECODED = new Set(['content'])

/** A text that was sent and is shown must be the same: whatever the encoding of the body was. */
export function echoErrors(
  form: Readonly<Record<string, string>>,
  value: unknown,
): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const shown = value as Readonly<Record<string, unknown>>
  return Object.entries(form).flatMap(([name, sent]) => {
    const got = Object.hasOwn(shown, name) && !RECODED.has(name) ? shown[name] : undefined
    if (typeof got !== 'string' || got === sent) return []
    // A logical volume is shown as `<group>-<volume>`.
    if (shown['type'] === 'virtual' && name === 'name' && got.endsWith(`-${sent}`)) return []
    return [`${name}: ${JSON.stringify(sent)} was sent, ${JSON.stringify(got)} is shown`]
  })
}
