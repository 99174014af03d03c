// Filters of the list of devices (maas-api §9); one that nobody knows is an error, not ignored.
import type { Device } from '#model/objects.ts'
import { parseMac } from '#model/mac-address.ts'
import { zoneOf } from '#state/object-query.ts'
import { domainOfNode } from '#state/query-dns.ts'
import { interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { Rejection } from '../errors.ts'
import type { Input } from '../input.ts'
import { list } from '../params.ts'

export const DEVICE_FILTERS = {
  id: list('Only these: system ids.'),
  hostname: list('Only these: host names.'),
  mac_address: list('Only those with an interface of one of these.'),
  domain: list('Only those in these domains.'),
  zone: list('Only those in these zones.'),
  not_in_zone: list('Only those outside of these zones.'),
  tags: list('Only those with all of these tags.'),
  not_tags: list('Only those without these tags.'),
  ...Object.fromEntries(
    ['pool', 'agent_name', 'status', 'pod', 'pod_type'].map((name) => {
      return [name, list('Devices have none: not empty, it fits no device.')]
    }),
  ),
}

type Test = (device: Device, wanted: readonly string[]) => boolean

/** Filters of MAAS that name what no device has: only the empty filter passes. */
const NEVER: Test = (_device, wanted) => wanted.length === 0

function testsOf(state: RegionState): Readonly<Record<string, Test>> {
  return {
    id: ({ systemId }, wanted) => wanted.includes(systemId),
    hostname: ({ hostname }, wanted) =>
      wanted.some((name) => name.split('.', 1)[0]?.toLowerCase() === hostname.toLowerCase()),
    mac_address: ({ systemId }, wanted) => {
      const macs = wanted.map((text) => parseMac(text))
      return interfacesOf(state, systemId).some(({ mac }) => mac !== null && macs.includes(mac))
    },
    domain: (device, wanted) => wanted.includes(domainOfNode(state, device).name),
    zone: (device, wanted) => wanted.includes(zoneOf(state, device).name),
    not_in_zone: (device, wanted) => !wanted.includes(zoneOf(state, device).name),
    tags: ({ tagNames }, wanted) => wanted.every((tag) => tagNames.includes(tag)),
    not_tags: ({ tagNames }, wanted) => !wanted.some((tag) => tagNames.includes(tag)),
    ...{ pool: NEVER, agent_name: NEVER, status: NEVER, pod: NEVER, pod_type: NEVER },
  }
}

const IGNORED = new Set(['op', 'consistency', 'format'])

export function filterDevices(state: RegionState, input: Input): readonly Device[] {
  const tests = testsOf(state)
  const names = input.names().filter((name) => !IGNORED.has(name) && !name.startsWith('oauth_'))
  const chosen = names.map((name) => {
    const test = Object.hasOwn(tests, name) ? tests[name] : undefined
    if (test !== undefined) return { test, wanted: input.list(name) }
    const fields = { [name.slice(0, 64)]: ['No such constraint.'] }
    throw new Rejection('VALIDATION', 'No such constraint.', { fields })
  })
  return [...state.devices.values()].filter((device) =>
    chosen.every(({ test, wanted }) => test(device, wanted)),
  )
}
