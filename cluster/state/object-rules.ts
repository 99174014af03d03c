// What each table of small objects demands of its rows, and what a change does to others.
import {
  DEFAULT_ZONE_ID,
  type ObjectRows,
  type ObjectTable,
  type ResourcePool,
} from '#model/objects.ts'
import { BUILTIN_SCRIPTS } from '#model/builtin-scripts.ts'
import { invalid, type Context } from './context.ts'
import type { Refusal } from './outcome.ts'
import { renameTag } from './node-places.ts'
import type { RegionState } from './state.ts'

export type ObjectRule<T extends ObjectTable> = {
  /** As in MAAS's `No <model> matches the given query.` */
  readonly model: string
  /** More rows than this are refused. */
  readonly rowsMax: number
  /** Fields that clients never send. */
  readonly initial: (wall: number) => Partial<ObjectRows[T]>
  /** What no two rows may share; null: nothing. */
  readonly unique: (row: ObjectRows[T]) => string | null
  readonly uniqueField: string
  readonly uniqueMessage: string
  readonly check?: (state: RegionState, row: ObjectRows[T]) => Refusal | null
  /** Why the row stays; null when it may go. */
  readonly obstacle?: (state: RegionState, row: ObjectRows[T]) => string | null
  /** What else changes with it; `after` null: deleted. */
  readonly changed?: (context: Context, before: ObjectRows[T], after: ObjectRows[T] | null) => void
}

const NAME = /^[a-z0-9](?:[ \w-]*[a-z0-9_-])?$/i
const TAG_NAME = /^[a-zA-Z0-9_-]{1,256}$/
const SCRIPT_NAME_MAX = 90
const NOTHING = () => ({})

const named = (model: string) => ({
  initial: NOTHING,
  unique: (row: { readonly name: string }) => row.name,
  uniqueField: 'name',
  uniqueMessage: `${model} with this Name already exists.`,
})

export const OBJECT_RULES: { readonly [T in ObjectTable]: ObjectRule<T> } = {
  zones: {
    ...named('Physical zone'),
    ...{ model: 'Zone', rowsMax: 1_000 },
    check: checkName,
    changed: (context, before, after) => {
      if (after === null) leaveZone(context.state, before.id)
    },
  },
  resourcePools: {
    ...named('Resource pool'),
    ...{ model: 'ResourcePool', rowsMax: 1_000 },
    check: checkName,
    obstacle: machineOfPool,
  },
  tags: {
    ...named('Tag'),
    ...{ model: 'Tag', rowsMax: 10_000 },
    check: (_state, { name }) =>
      TAG_NAME.test(name)
        ? null
        : invalid('name', 'Enter letters, digits, dashes and underscores.'),
    changed: ({ state }, before, after) => renameTag(state, before.name, after?.name ?? null),
  },
  packageRepositories: {
    ...named('Package repository'),
    ...{ model: 'PackageRepository', rowsMax: 1_000 },
  },
  notifications: {
    ...{ model: 'Notification', rowsMax: 10_000, initial: () => ({ dismissedBy: [] }) },
    ...{ unique: ({ ident }) => ident, uniqueField: 'ident' },
    uniqueMessage: 'Notification with this Ident already exists.',
    check: (state, { userId }) =>
      userId === null || state.users.has(userId) ? null : invalid('user', 'There is no such user.'),
  },
  licenseKeys: {
    ...{ model: 'LicenseKey', rowsMax: 1_000, initial: NOTHING },
    unique: ({ osystem, distroSeries }) => `${osystem}/${distroSeries}`,
    uniqueField: '__all__',
    uniqueMessage: 'License key with this operating system and distro series already exists.',
  },
  scripts: {
    ...named('Script'),
    ...{ model: 'Script', rowsMax: 1_000, check: checkScript },
  },
  bootSources: {
    ...{ model: 'BootSource', rowsMax: 100 },
    initial: (wall) => ({ createdWall: wall, updatedWall: wall }),
    ...{ unique: ({ url }) => url, uniqueField: 'url' },
    uniqueMessage: 'Boot source with this Url already exists.',
    changed: ({ state }, { id }, after) => {
      if (after !== null) return
      const own = [...state.bootSourceSelections.values()].filter((row) => row.bootSourceId === id)
      for (const selection of own) state.bootSourceSelections.delete(selection.id)
    },
  },
  bootSourceSelections: {
    ...{ model: 'BootSourceSelection', rowsMax: 10_000, initial: NOTHING },
    unique: ({ bootSourceId, os, release }) => `${bootSourceId}/${os}/${release}`,
    uniqueField: '__all__',
    uniqueMessage: 'Boot source selection with this Boot source, Os and Release already exists.',
    check: (state, { bootSourceId }) =>
      state.bootSources.has(bootSourceId) ? null : invalid('boot_source', 'There is none.'),
  },
  dhcpSnippets: {
    ...{ model: 'DHCPSnippet', rowsMax: 10_000, initial: NOTHING, unique: () => null },
    ...{ uniqueField: 'name', uniqueMessage: '' },
    check: checkSnippet,
  },
}

function checkName(_state: RegionState, { name }: { readonly name: string }): Refusal | null {
  if (NAME.test(name) && name.length <= 256) return null
  return invalid('name', 'Enter letters, digits, spaces, dashes and underscores.')
}

function machineOfPool(state: RegionState, { id }: ResourcePool): string | null {
  for (const { poolId, hostname } of state.machines.values()) {
    if (poolId === id) return `machine ${hostname} is in it`
  }
  return null
}

/** Its nodes are in the default zone then. */
function leaveZone(state: RegionState, id: number): void {
  const zoneId = DEFAULT_ZONE_ID
  const isIn = (row: { readonly zoneId?: number }): boolean => row.zoneId === id
  for (const row of [...state.machines.values()].filter(isIn)) {
    state.machines.put(row.systemId, { ...row, zoneId })
  }
  for (const row of [...state.devices.values()].filter(isIn)) {
    state.devices.put(row.systemId, { ...row, zoneId })
  }
  for (const row of [...state.controllers.values()].filter(isIn)) {
    state.controllers.put(row.systemId, { ...row, zoneId })
  }
}

function checkSnippet(state: RegionState, row: ObjectRows['dhcpSnippets']): Refusal | null {
  const { systemId, subnetId, ipRangeId } = row
  const targets = [systemId, subnetId, ipRangeId].filter((id) => id !== null)
  if (targets.length > 1) {
    return invalid(
      '__all__',
      'A snippet is for one node, one subnet or one range, not for several.',
    )
  }
  if (systemId !== null && !isNode(state, systemId))
    return invalid('node', 'There is no such node.')
  if (subnetId !== null && !state.subnets.has(subnetId)) {
    return invalid('subnet', 'There is no such subnet.')
  }
  if (ipRangeId !== null && !state.ipRanges.has(ipRangeId)) {
    return invalid('iprange', 'There is no such range.')
  }
  return null
}

function isNode(state: RegionState, id: ObjectRows['dhcpSnippets']['systemId'] & string): boolean {
  return state.machines.has(id) || state.devices.has(id) || state.controllers.has(id)
}

/** With a subnet, range or node that goes, the snippets that are for it. */
export function dropSnippets(
  state: RegionState,
  isFor: (row: ObjectRows['dhcpSnippets']) => boolean,
): void {
  for (const { id } of [...state.dhcpSnippets.values()].filter(isFor)) state.dhcpSnippets.delete(id)
}

/** It is a file in the archives that machines fetch, beside the built-in ones. */
function checkScript(_state: RegionState, { name }: ObjectRows['scripts']): Refusal | null {
  if (BUILTIN_SCRIPTS.some((script) => script.name === name)) {
    return invalid('name', 'Script with this Name already exists.')
  }
  if (name.length > SCRIPT_NAME_MAX)
    return invalid('name', `At most ${SCRIPT_NAME_MAX} characters.`)
  return /^\.+$/.test(name) ? invalid('name', 'Enter a name that a file may have.') : null
}
