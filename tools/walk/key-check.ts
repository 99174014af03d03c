// Compares an object of the API with the key set that MAAS has for it, nested objects included.
import { KEY_SETS } from '#api/answer-shapes.ts'
import { RESULT_SETS } from './result-sets.ts'

/** Differences in words; empty when the object is as MAAS's. */
export function differences(kind: string, value: unknown, at = kind): string[] {
  const expected = KEY_SETS[kind] ?? RESULT_SETS[kind]
  if (expected === undefined) return [`${at}: no key set ${kind}`]
  if (typeof value !== 'object' || value === null) return [`${at}: not an object`]
  const object = value as Record<string, unknown>
  const missing = Object.keys(expected).filter((key) => !Object.hasOwn(object, key))
  const extra = Object.keys(object).filter((key) => expected[key] === undefined)
  return [
    ...missing.map((key) => `${at}.${key} is missing`),
    ...extra.map((key) => `${at}.${key} is not MAAS's`),
    ...Object.entries(expected).flatMap(([key, type]) =>
      Object.hasOwn(object, key) ? typeErrors(type, object[key], `${at}.${key}`) : [],
    ),
  ]
}

/** As `differences`, for a value of any type of the key sets. */
export function typeErrors(type: string, value: unknown, at: string): string[] {
  if (type.endsWith('?')) return value === null ? [] : typeErrors(type.slice(0, -1), value, at)
  const list = /^\[<(.*)>\]$/.exec(type)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${at}: not a list`]
    return value.flatMap((item, i) => differences(list, item, `${at}[${i}]`))
  }
  const object = /^<(.*)>$/.exec(type)?.[1]
  if (object !== undefined) return differences(object, value, at)
  return isOf(type, value) ? [] : [`${at}: ${JSON.stringify(value)} is no ${type}`]
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'str':
      return typeof value === 'string'
    case 'int':
      return Number.isInteger(value)
    case 'num':
      return typeof value === 'number'
    case 'bool':
      return typeof value === 'boolean'
    case 'null':
      return value === null
    case 'obj':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'list':
      return Array.isArray(value)
    case '[str]':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
    default:
      return false
  }
}
