// What a script says of itself in its header (`model/script-header.ts`), as fields of its row.
import type { Script } from '#model/objects.ts'
import { parseHeader, type HeaderValue } from '#model/script-header.ts'
import { HARDWARE_TYPES, PARALLEL, SCRIPT_TYPES } from '../render/script.ts'
import { present } from './fabrics.ts'
import { numberOf } from './numbered.ts'

const TEXT_CHARACTERS_MAX = 255
const DESCRIPTION_CHARACTERS_MAX = 16_384
const ITEMS_MAX = 100
const ITEM = /^[\w.:/-]{1,64}$/

/** Null: it has a good header or none. Else what is wrong, in one sentence. */
export function whyNotHeader(text: string): string | null {
  const header = parseHeader(text)
  if (!header.ok) return header.message
  const known = new Map<string, HeaderValue>(
    Object.entries(headerFields(text)) as [string, HeaderValue][],
  )
  const wrong = Object.keys(FIELDS).find(
    (name) => header.fields[name] !== undefined && !known.has(FIELDS[name]?.[0] ?? ''),
  )
  return wrong === undefined ? null : `The script metadata has a wrong value for ${wrong}.`
}

type Fields = Partial<Omit<Script, 'id' | 'name' | 'history'>>
type Read = (value: HeaderValue) => unknown

const words =
  (max: number): Read =>
  (value) =>
    typeof value === 'string' && value.length <= max ? value : undefined
const items: Read = (value) => {
  const list = typeof value === 'string' ? value.split(/[\s,]+/) : value
  if (!Array.isArray(list) || list.length > ITEMS_MAX) return undefined
  const isGood = list.every((item) => typeof item === 'string' && ITEM.test(item))
  return isGood ? list : undefined
}
const number =
  (names: Readonly<Record<number, readonly string[]>>): Read =>
  (value) =>
    typeof value === 'string' ? numberOf(names, value) : undefined
const flag: Read = (value) => {
  if (value === 'true' || value === 'True' || value === 'yes') return true
  return value === 'false' || value === 'False' || value === 'no' ? false : undefined
}

/** Name in the header → field, and how it is read. Other names are left alone. */
const FIELDS: Readonly<Record<string, readonly [field: keyof Fields, read: Read]>> = {
  title: ['title', words(TEXT_CHARACTERS_MAX)],
  description: ['description', words(DESCRIPTION_CHARACTERS_MAX)],
  tags: ['tags', items],
  type: ['scriptType', number(SCRIPT_TYPES)],
  script_type: ['scriptType', number(SCRIPT_TYPES)],
  hardware_type: ['hardwareType', number(HARDWARE_TYPES)],
  parallel: ['parallel', number(PARALLEL)],
  timeout: [
    'timeoutSeconds',
    (value) => (typeof value === 'string' ? parseTimeout(value) : undefined),
  ],
  destructive: ['destructive', flag],
  may_reboot: ['mayReboot', flag],
  recommission: ['recommission', flag],
  apply_configured_networking: ['applyConfiguredNetworking', flag],
  for_hardware: ['forHardware', items],
}

export function headerFields(text: string): Fields {
  const header = parseHeader(text)
  if (!header.ok) return {}
  const found = Object.entries(FIELDS).map(([name, [field, readValue]]) => {
    const value = header.fields[name]
    return [field, value === undefined ? undefined : readValue(value)] as const
  })
  return present(Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Fields)
}

/** Seconds of `90` or `[D ]HH:MM:SS`; undefined for all else. */
export function parseTimeout(text: string): number | undefined {
  const parts = /^(?:(\d{1,4}) (?:days?,? )?)?(?:(\d{1,3}):(\d{1,2}):)?(\d{1,8})$/.exec(text.trim())
  if (parts === null) return undefined
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0))
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
}
