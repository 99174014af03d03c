// A script as MAAS shows it, and MAAS's numbers with the names that may be sent for them (maas-api §7, §8).
import type { Script } from '#model/objects.ts'
import { isMapping, parseHeader } from '#model/script-header.ts'
import { textOf } from '#state/object-query.ts'
import { eventTime, uri } from './names.ts'

export const SCRIPT_TYPES: Readonly<Record<number, readonly string[]>> = {
  0: ['commissioning', 'commission'],
  2: ['testing', 'test'],
  3: ['release'],
}
export const HARDWARE_TYPES: Readonly<Record<number, readonly string[]>> = {
  0: ['node', 'machine', 'controller', 'other', 'generic'],
  1: ['cpu', 'processor'],
  2: ['memory', 'ram'],
  3: ['storage', 'disk', 'ssd'],
  4: ['network', 'net', 'interface'],
  5: ['gpu', 'graphics'],
}
export const PARALLEL: Readonly<Record<number, readonly string[]>> = {
  0: ['disabled', 'none'],
  1: ['instance', 'name'],
  2: ['any', 'enabled'],
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  ...{ 0: 'Commissioning script', 2: 'Testing script', 3: 'Release script' },
}
export const HARDWARE_NAMES = ['Node', 'CPU', 'Memory', 'Storage', 'Network', 'GPU']
const PARALLEL_NAMES = [
  'Disabled',
  'Run along other instances of this script',
  'Run along any other script',
]

export function renderScript(row: Script, { withText }: { readonly withText: boolean }) {
  return {
    name: row.name,
    title: row.title,
    description: row.description,
    tags: row.tags,
    hardware_type: row.hardwareType,
    hardware_type_name: HARDWARE_NAMES[row.hardwareType] ?? '',
    parallel: row.parallel,
    parallel_name: PARALLEL_NAMES[row.parallel] ?? '',
    results: {},
    parameters: mappingIn(row, 'parameters'),
    packages: mappingIn(row, 'packages'),
    timeout: duration(row.timeoutSeconds),
    destructive: row.destructive,
    default: false,
    for_hardware: row.forHardware,
    may_reboot: row.mayReboot,
    recommission: row.recommission,
    type: row.scriptType,
    type_name: TYPE_NAMES[row.scriptType] ?? '',
    id: row.id,
    history: row.history.toReversed().map((version) => ({
      id: version.id,
      comment: version.comment,
      created: eventTime(version.createdWall),
      ...(withText ? { data: Buffer.from(version.value).toString('base64') } : {}),
    })),
    resource_uri: uri('scripts', row.name).replace(/\/$/, ''),
  }
}

/** Of the header of the version in force. */
function mappingIn(row: Script, name: string): object {
  const header = parseHeader(textOf(row))
  const value = header.ok ? header.fields[name] : undefined
  return isMapping(value) ? value : {}
}

/** As Python prints a timedelta: `1 day, 0:05:00`. */
export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3_600) % 24
  const time = `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  if (days === 0) return time
  return `${days} ${days === 1 ? 'day' : 'days'}, ${time}`
}
