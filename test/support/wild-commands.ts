// Commands as nobody would send them: samples of every type in which some values were replaced by others of their kind,
// among them those on which programs stumble, and ids by ones that the state has, so that they get far.
import fc from 'fast-check'
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import { COMMAND_SAMPLES } from '#test/support/golden-commands.ts'

const NUMBERS = [
  ...[0, 1, 2, 3, 4, 5, 7, 41, 5001, 5002, 0x0a000005, 0x0a000064, 0x0a0000ff, -1, 1.5],
  ...[2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 1e300, Number.NaN, Number.POSITIVE_INFINITY],
]
const TEXTS = [
  ...['', 'name', 'admin', 'bob', 'd', 't', 'mine', 'web1', '000001', '000002', '000003', '000004'],
  ...['rack01', 'abc123', '52:54:00:00:00:01', '2001:0db8:0000:0000:0000:0000:0000:0005'],
  ...['constructor', '__proto__', 'toString', 'length', '[', 'ß\u0130', ' ', 'x'.repeat(5_000)],
  ...[
    'OK',
    'TESTING',
    'COMMISSIONING',
    'WORKING',
    'FAILED',
    'on',
    'off',
    'cycle',
    'done',
    'failed',
  ],
  ...['static', 'auto', 'dhcp', 'link_up', 'physical', 'vlan', 'bridge', 'bond', 'debian'],
  ...['ubuntu/jammy', 'amd64/generic', 'node_timeout', 'a'.repeat(64), '/', 'swap', 'fat32'],
]
/** Values of what the type says is one of few words: another word than these is another version's. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  table: ['zones', 'resourcePools', 'tags', 'notifications', 'licenseKeys', 'bootSources'],
  layout: ['flat', 'lvm', 'bcache', 'blank', 'custom', 'vmfs6'],
}
/** Values of the samples that are nothing here, and what they stand for. */
function meant(value: unknown, key: string): unknown {
  if (value === 'abc123') return key === 'rackId' ? 'rack01' : '000001'
  if (key === 'subnetId') return 1
  return value === 'ab' ? 'ab'.repeat(32) : value
}

type Twist = { readonly leaf: number; readonly value: number }
type Change = (value: unknown, key: string) => unknown

/** Every value that is no object, with the name of the field that it is in. */
function mapped(value: unknown, change: Change, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => mapped(each, change, key))
  if (typeof value !== 'object' || value === null) return change(value, key)
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, mapped(each, change, name)]),
  )
}

/** Kinds stay: text is text. */
function twisted({ type, ...fields }: Command, twists: readonly Twist[]): Command {
  let leaves = 0
  mapped(fields, () => leaves++)
  const values = new Map(twists.map(({ leaf, value }) => [leaf % Math.max(leaves, 1), value]))
  let at = 0
  const change: Change = (value, key) => {
    const wish = values.get(at++)
    if (wish === undefined) return meant(value, key)
    if (typeof value === 'number') return NUMBERS[wish % NUMBERS.length]
    if (typeof value === 'boolean') return !value
    const texts = WORDS[key] ?? TEXTS
    return typeof value === 'string' ? texts[wish % texts.length] : value
  }
  return { type, ...(mapped(fields, change) as object) } as Command
}

const twist: fc.Arbitrary<Twist> = fc.record({ leaf: fc.nat(40), value: fc.nat(200) })

const ALL = Object.values(COMMAND_SAMPLES)
/** Of the life of machines: few in number, and they depend on each other most. */
const LIFE = /^(?:machine|power|storage|blockDevice|interface|script|boot|imageImport|chassis|time)/

const sample = fc.oneof(fc.constantFrom(...ALL), {
  arbitrary: fc.constantFrom(...ALL.filter(({ type }) => LIFE.test(type))),
  weight: 3,
})
export const wildCommand: fc.Arbitrary<Command> = fc
  .tuple(sample, fc.array(twist, { maxLength: 2 }))
  .map(([from, twists]) => twisted(from, twists))

/** With ids that there are, by the names of the fields; `pick` says which. */
export function aimed(state: RegionState, { type, ...fields }: Command, pick: number): Command {
  const known = idsFor(state, type, 'systemId' in fields ? String(fields.systemId) : '')
  let at = pick
  const change: Change = (value, key) => {
    const ids = known[key] ?? []
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || ids.length === 0) return value
    return ids[at++ % ids.length]
  }
  return { type, ...(mapped(fields, change) as object) } as Command
}

function idsFor(
  state: RegionState,
  type: string,
  systemId: string,
): Readonly<Record<string, readonly number[]>> {
  const machine = systemId as never
  const idOf = ({ id }: { readonly id: number }): number => id
  const storage = state.machineStorage.get(machine)
  const device = [
    ...state.blockDevicesByMachine.keys(machine),
    ...(storage?.devices ?? []).map(idOf),
  ]
  const nics = state.interfacesByMachine.rows(machine)
  const results = [...state.scriptResults.values()].filter((row) => row.systemId === machine)
  const group = (storage?.groups ?? []).map(idOf)
  const cacheSet = (storage?.cacheSets ?? []).map(idOf)
  const intent = state.powerIntents.get(machine)
  const imports = state.imageImports.get('import')
  const [job] = [...state.chassisJobs.values()]
  const idsByType: readonly (readonly [string, readonly number[]])[] = [
    ['interface.', nics.map(idOf)],
    ['CacheSet', cacheSet],
    ...['Group', 'Raid', 'Bcache'].map((word) => [word, group] as const),
    ...['storage.', 'blockDevice.'].map((word) => [word, device] as const),
    ['nodeDevice.', [...state.nodeDevicesByMachine.keys(machine)]],
    ['bootUpload.', [...state.bootUploads.keys()]],
    ['chassis.', [...state.chassisJobs.keys()]],
  ]
  return {
    ...{ device, group, cacheSet, parents: nics.map(idOf), resultIds: results.map(idOf) },
    ...{ resultId: results.map(idOf), setId: [...state.scriptSets.keys()] },
    partition: (storage?.devices ?? []).flatMap(({ table }) => table?.partitions.map(idOf) ?? []),
    linkId: nics.flatMap(({ links }) => links.map(idOf)),
    fence: [intent?.fence ?? 0, imports?.fence ?? 0],
    token: [intent?.claim?.token ?? 0, job?.claim?.token ?? 0],
    epoch: [...state.tenures.values()].map(({ epoch }) => epoch),
    id: idsByType.find(([word]) => type.includes(word))?.[1] ?? [],
  }
}
