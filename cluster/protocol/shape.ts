// Shape checks of decoded values, by table: field name → kind. A value of the wrong shape is an AppError
// PROTOCOL that names the field, never a TypeError somewhere inside.
import { AppError } from '#model/errors.ts'

export type Fields = Readonly<Record<string, FieldKind>>
export type FieldKind = keyof typeof KINDS
export type PlainRecord = Readonly<Record<string, unknown>>

const isText = (value: unknown): boolean => typeof value === 'string'
/** Indexes, terms, ids, counts: exact whole numbers (F5). */
const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const KINDS = {
  text: isText,
  textOrNull: (value: unknown) => value === null || isText(value),
  index: isIndex,
  indexOrAbsent: (value: unknown) => value === undefined || isIndex(value),
  indexOrNull: (value: unknown) => value === null || isIndex(value),
  /** Times in ms and measurements; may have a fraction, may not be NaN or infinite. */
  number: (value: unknown) => Number.isFinite(value),
  numberOrNull: (value: unknown) => value === null || Number.isFinite(value),
  boolean: (value: unknown) => typeof value === 'boolean',
  bytes: (value: unknown) => value instanceof Uint8Array,
  array: (value: unknown) => Array.isArray(value),
  texts: (value: unknown) => Array.isArray(value) && value.every(isText),
  textsOrAbsent: (value: unknown) =>
    value === undefined || (Array.isArray(value) && value.every(isText)),
  record: (value: unknown) => isRecord(value),
  recordOrNull: (value: unknown) => value === null || isRecord(value),
} as const

function isRecord(value: unknown): value is PlainRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  )
}

/** The value as a record that has all `fields`; `what` names it in the error. */
export function checkRecord(value: unknown, fields: Fields, what: string): PlainRecord {
  if (!isRecord(value)) throw malformedShape(what, 'not a map')
  for (const name in fields) {
    const kind = fields[name]
    const held = Object.hasOwn(value, name) ? value[name] : undefined
    if (kind === undefined || !KINDS[kind](held)) {
      throw malformedShape(what, `field ${name} is not ${kind}`)
    }
  }
  return value
}

/** As `checkRecord`, and nothing but `fields` in the result: for what enters the log. */
export function pickRecord(value: unknown, fields: Fields, what: string): PlainRecord {
  const record = checkRecord(value, fields, what)
  return Object.fromEntries(Object.keys(fields).map((name) => [name, record[name]]))
}

/** `type` of a union member, known to `table`. */
export function checkType<Table extends object>(
  value: unknown,
  table: Table,
  what: string,
): keyof Table & string {
  const { type } = checkRecord(value, { type: 'text' }, what)
  if (!Object.hasOwn(table, String(type))) throw malformedShape(what, 'its type is unknown')
  return type as keyof Table & string
}

export function malformedShape(what: string, why: string): AppError {
  return new AppError('PROTOCOL', `Malformed ${what}: ${why}.`)
}
