// Any order of commands on the storage of a machine leaves a row in which nothing is used twice, overlaps, dangles or goes
// round in a circle (`storage-invariants.ts`), and a refused one leaves the row alone. RUNS and SEED ask longer and
// the same again.
import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { StorageConfig, StorageRef } from '#model/storage.ts'
import type { Command } from '#state/command.ts'
import type { StorageCommand } from '#state/storage-commands.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import {
  exists,
  filesystemAt,
  refKey,
  refsOf,
  whyTaken,
  type Storage,
} from '#state/storage-parts.ts'
import { storageOf, storageWithDisks } from '#state/storage-query.ts'
import { addMachine, bring } from '#test/support/life-cycle.ts'
import { ADMIN, type Lab } from '#test/support/region-state.ts'
import { ownOf, shapeOf } from '#test/support/storage-shape.ts'
import { disk, disksOf, GB, MIB, ready } from '#test/support/storage.ts'
import { wrongWith } from '#test/support/storage-invariants.ts'

const RUNS = Number(process.env['RUNS'] ?? 100)
const COMMANDS = 80

/** Mostly of what is there, now and then of what is not. */
function someCommand(lab: Lab, systemId: SystemId): fc.Arbitrary<Command> {
  const storage = storageWithDisks(lab.state, systemId)
  const { config } = storage
  const devices = [...storage.disks.map(({ id }) => id), ...config.devices.map(({ id }) => id), 99]
  const id = fc.constantFrom(...(devices as BlockDeviceId[]))
  const parts = config.devices.flatMap(({ id: device, table }) =>
    (table?.partitions ?? []).map((each) => ({ device, partition: each.id })),
  )
  const all: readonly StorageRef[] = [...devices.map((device) => ({ device })), ...parts] as never
  const free = all.filter((each) => exists(storage, each) && whyTaken(storage, each) === null)
  const unknown: StorageRef = { device: 1 as BlockDeviceId, partition: 77 }
  const ref: fc.Arbitrary<StorageRef> = fc.oneof(
    { arbitrary: fc.constantFrom(...free, unknown), weight: 5 },
    { arbitrary: fc.constantFrom(...all, unknown), weight: 1 },
  )
  const refs = fc.uniqueArray(ref, { maxLength: 3, selector: refKey })
  const group = fc.constantFrom(...config.groups.map((each) => each.id), 55)
  const set = fc.constantFrom(...config.cacheSets.map((each) => each.id), 55)
  const size = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 300 * MIB }))
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'md0', 'sdb')
  const path = fc.constantFrom('/', '/a')
  const is = (type: StorageCommand['type'], fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(fields).map((more) => ({ type, systemId, ...more }) as unknown as Command)
  const kinds = fc.constantFrom('lvm', 'lvm', 'vmfs6')
  const none = fc.constant([])
  const idsOf = (kind: string) => config.groups.filter((each) => each.kind === kind)
  const volumeGroup = fc.constantFrom(...idsOf('lvm').map((each) => each.id), 55)
  const raid = fc.constantFrom(...idsOf('raid').map((each) => each.id), 55)
  const freeDisk = fc.constantFrom(
    ...free.filter((each) => !('partition' in each)).map(({ device }) => device),
    ...config.devices.filter(({ table }) => table !== null).map((device) => device.id),
    1 as BlockDeviceId,
  )
  const formatted = fc.constantFrom(
    ...all.filter((each) => filesystemAt(storage, each) !== null),
    unknown,
  )
  const levels = fc.constantFrom('raid-0', 'raid-1', 'raid-5', 'raid-6', 'raid-10')
  const layouts = fc.constantFrom('flat', 'lvm', 'bcache', 'blank', 'custom', 'vmfs6')
  const modes = fc.constantFrom('writeback', 'writearound')
  const others = fc.oneof(
    is('blockDevice.update', {
      id,
      set: fc.record({ sizeBytes: fc.integer({ min: 0, max: GB }) }),
    }),
    is('blockDevice.delete', { id }),
    is('blockDevice.create', { device: fc.constantFrom(disk('sdx', GB), disk('sdy', 90 * MIB)) }),
    is('storage.setBootDisk', { id }),
    is('storage.updateDevice', { id, name, sizeBytes: fc.integer({ min: 0, max: GB }) }),
    is('storage.createPartition', { device: id, sizeBytes: size, bootable: fc.boolean() }),
    is('storage.createPartition', { device: id, sizeBytes: size, bootable: fc.boolean() }),
    ref.map(
      (each) => ({ type: 'storage.deletePartition', systemId, partition: 1, ...each }) as Command,
    ),
    is('storage.format', {
      at: ref,
      fstype: fc.constantFrom('ext4', 'swap'),
      label: fc.constant(''),
    }),
    is('storage.unformat', { at: ref }),
    is('storage.mount', { at: ref, mountPoint: path, mountOptions: fc.constant(null) }),
    is('storage.unmount', { at: ref }),
    is('storage.createGroup', { kind: kinds, name, members: refs }),
    is('storage.updateGroup', { id: group, kind: kinds, name, add: refs, remove: refs }),
    is('storage.createLogicalVolume', { group, name, sizeBytes: size }),
    is('storage.createLogicalVolume', { group, name, sizeBytes: size }),
    is('storage.createRaid', { level: levels, members: refs, spares: refs }),
    is('storage.updateRaid', {
      id: group,
      add: refs,
      remove: refs,
      addSpares: refs,
      removeSpares: refs,
    }),
    is('storage.createCacheSet', { cache: ref }),
    is('storage.updateCacheSet', { id: set, cache: ref }),
    is('storage.deleteCacheSet', { id: set }),
    is('storage.createBcache', { cacheSet: set, backing: ref, cacheMode: modes }),
    is('storage.updateBcache', { id: group, cacheSet: set, backing: ref }),
    is('storage.deleteGroup', {
      id: group,
      kind: fc.constantFrom('lvm', 'raid', 'bcache', 'vmfs6'),
    }),
    is('storage.tag', { at: ref, tag: name, isOn: fc.boolean() }),
    is('storage.setLayout', { wish: fc.record({ layout: layouts }) }),
  )
  const building = fc.oneof(
    is('storage.createPartition', { device: freeDisk, sizeBytes: size, bootable: fc.boolean() }),
    is('storage.format', { at: ref, fstype: fc.constant('ext4'), label: fc.constant('') }),
    is('storage.mount', { at: formatted, mountPoint: path, mountOptions: fc.constant(null) }),
    is('storage.createGroup', { kind: kinds, name, members: refs }),
    is('storage.createLogicalVolume', { group: volumeGroup, name, sizeBytes: size }),
    is('storage.createRaid', { level: levels, members: refs, spares: fc.constant([]) }),
    is('storage.createCacheSet', { cache: ref }),
    is('storage.createBcache', { cacheSet: set, backing: ref, cacheMode: modes }),
    is('storage.updateRaid', {
      id: raid,
      add: refs,
      remove: none,
      addSpares: refs,
      removeSpares: none,
    }),
    is('storage.updateGroup', { id: volumeGroup, kind: kinds, add: refs, remove: none }),
    is('storage.updateBcache', { id: group, cacheSet: set, backing: ref }),
  )
  return fc.oneof({ arbitrary: building, weight: 4 }, { arbitrary: others, weight: 1 })
}

/** Throws at the first row that may not be; how far the commands came. Without a seed each call takes others. */
function tryOrders(seed: number | undefined) {
  let done = 0
  const seen = new Set<string>()
  let deepest = 0
  let cloned = 0
  const property = fc.property(
    fc.array(fc.nat(), { minLength: COMMANDS, maxLength: COMMANDS }),
    (seeds) => {
      const [lab, systemId] = ready([500 * MIB, 400 * MIB, 300 * MIB, 300 * MIB, 200 * MIB])
      for (const seed of seeds) {
        const [command] = fc.sample(someCommand(lab, systemId), { numRuns: 1, seed })
        const before = storageOf(lab.state, systemId)
        const { outcome } = lab.run(command!)
        const after = storageOf(lab.state, systemId)
        if (outcome.ok) {
          done++
          seen.add(command!.type)
        } else if (before !== after && lab.state.machineStorage.has(systemId)) {
          throw new Error(`${command!.type} was refused and changed the row`)
        }
        deepest = Math.max(deepest, depthOf(after))
        const wrong = wrongWith(after, disksOf(lab, systemId))
        if (wrong.length > 0) throw new Error(`${JSON.stringify(command)}: ${wrong.join('; ')}`)
      }
      if (cloneTwice(lab, systemId)) cloned++
    },
  )
  fc.assert(property, { numRuns: RUNS, ...(seed === undefined ? {} : { seed }) })
  return { done, cloned, kinds: seen.size, deepest }
}

t.test('no order of commands makes a row that may not be', async (t) => {
  const seed = process.env['SEED']
  t.ok(tryOrders(seed === undefined ? undefined : Number(seed)).done > 0)
})

// Of chance one round in six came a kind short of it.
t.test('the orders tried go far enough', async (t) => {
  const { done, cloned, kinds, deepest } = tryOrders(1)
  t.ok(done > RUNS * 10, `${done} commands of ${RUNS * COMMANDS} were carried out`)
  t.ok(cloned > RUNS / 2, `${cloned} of ${RUNS} were cloned`)
  t.ok(kinds >= 20, `${kinds} kinds of them`)
  t.ok(deepest > 2, `groups lie on one another ${deepest} deep`)
})

/** On a machine with equal disks and one with larger ones; false: there is nothing to clone. */
function cloneTwice(lab: Lab, source: SystemId): boolean {
  const from = storageWithDisks(lab.state, source)
  if (from.disks.length === 0) return false
  const bootAt = from.disks.findIndex(({ id }) => id === from.config.bootDiskId)
  const destinations = [0, 1].map((grow) => {
    const blockDevices = from.disks.map(({ id: _id, systemId: _of, ...row }) => ({
      ...{ ...row, sizeBytes: row.sizeBytes + grow * 8 * MIB },
    }))
    const systemId = addMachine(lab, 2 + grow, { blockDevices })
    bring(lab, systemId, S.READY)
    lab.actor = ADMIN
    const id = disksOf(lab, systemId)[Math.max(bootAt, 0)]?.id
    if (id !== undefined) lab.ok({ type: 'storage.setBootDisk', systemId, id })
    return systemId
  })
  lab.ok({ type: 'machine.clone', source, destinations, storage: true, interfaces: false })
  const copies = destinations.map((id) => storageWithDisks(lab.state, id))
  for (const { config, disks } of copies) deepEqual(wrongWith(config, disks), [])
  const [equal, larger] = copies
  if (equal === undefined || larger === undefined) throw new Error('no copies')
  deepEqual(shapeOf(equal), shapeOf(from))
  const own = [from, equal, larger].flatMap(ownOf)
  deepEqual(new Set(own).size, own.length, 'ids and UUIDs are nobody else’s')
  const partitions = ({ config }: Storage) =>
    config.devices
      .flatMap(({ table }) => (table?.partitions ?? []).map((each) => each.sizeBytes))
      .toSorted((a, b) => a - b)
  deepEqual(partitions(larger), partitions(from))
  return from.config.devices.length > 0
}

/** Of groups on what groups make. */
function depthOf({ devices, groups }: StorageConfig): number {
  const depths = new Map<number, number>()
  for (const group of groups) {
    const below = refsOf(group).map(({ device }) => {
      const made = devices.find(({ id }) => id === device)?.made
      return made == null ? 0 : (depths.get(made.group) ?? 0)
    })
    depths.set(group.id, 1 + Math.max(0, ...below))
  }
  return Math.max(0, ...depths.values())
}
