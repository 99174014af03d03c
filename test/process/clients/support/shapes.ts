// What a client can read, as data: for every kind of answer the keys that it looks at and the types that it can take.
//
//   str int num bool any   as in JSON; any is not null
//   obj, {str}             an object; one whose values are all strings
//   [T], <kind>            a list of T; an object of another kind
//   ip                     a text that the client parses: an address or nothing
//   time, fraction-time    MAAS's timestamps; with parts of seconds and no zone, as Python's `%f` wants them
//   event-time             those of its events
//
// and behind them, for what the client does with a key that has no value:
//
//   T    must be there and not null
//   T?   may be absent or null          (Go's structs, optional fields of gomaasapi)
//   T-   may be absent, never null      (fields of gomaasapi with a default)
//   T|null   must be there, may be null (a dictionary of Python's)
import { isIP } from 'node:net'

export type Shapes = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Differences in words; none when a client with these shapes reads `value` as `type`. */
export function misfits(shapes: Shapes, type: string, value: unknown, at = type): string[] {
  const { core, mayBeNull } = partsOf(type)
  if (value === null || value === undefined) return mayBeNull ? [] : [`${at}: null`]
  const list = /^\[(.*)\]$/.exec(core)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${at}: ${shown(value)} is no list`]
    return value.flatMap((item, i) => misfits(shapes, list, item, `${at}[${i}]`))
  }
  const kind = /^<(.*)>$/.exec(core)?.[1]
  if (kind !== undefined) return objectMisfits(shapes, kind, value, at)
  return isOf(core, value) ? [] : [`${at}: ${shown(value)} is no ${core}`]
}

function objectMisfits(shapes: Shapes, kind: string, value: unknown, at: string): string[] {
  const shape = shapes[kind]
  if (shape === undefined) return [`${at}: the client has no kind ${kind}`]
  if (!isObject(value)) return [`${at}: ${shown(value)} is no object`]
  return Object.entries(shape).flatMap(([key, type]) => {
    if (Object.hasOwn(value, key)) return misfits(shapes, type, value[key], `${at}.${key}`)
    return partsOf(type).mayBeAbsent ? [] : [`${at}.${key}: missing`]
  })
}

function partsOf(type: string) {
  if (type.endsWith('|null')) return { core: type.slice(0, -5), mayBeNull: true }
  if (type.endsWith('?')) return { core: type.slice(0, -1), mayBeNull: true, mayBeAbsent: true }
  if (type.endsWith('-')) return { core: type.slice(0, -1), mayBeNull: false, mayBeAbsent: true }
  return { core: type, mayBeNull: false }
}

function isOf(core: string, value: unknown): boolean {
  switch (core) {
    case 'any':
      return true
    case 'str':
      return typeof value === 'string'
    case 'int':
      return Number.isSafeInteger(value)
    case 'num':
      return typeof value === 'number'
    case 'bool':
      return typeof value === 'boolean'
    case 'obj':
      return isObject(value)
    case '{str}':
      return isObject(value) && Object.values(value).every((item) => typeof item === 'string')
    case 'ip':
      return typeof value === 'string' && (value === '' || isIP(value) !== 0)
    case 'time':
    case 'fraction-time':
    case 'event-time':
      return typeof value === 'string' && TIMES[core].test(value)
    default:
      return false
  }
}

const TIMES = {
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?$/,
  'fraction-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}$/,
  'event-time': /^\w{3}, \d\d \w{3}\. \d{4} \d\d:\d\d:\d\d$/,
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
}
