// Any order of commands on the storage of a machine leaves a row in which nothing is used twice, overlaps, dangles or goes
// round in a circle (`storage-invariants.ts`), and a refused one leaves the row alone. RUNS and SEED ask longer and
// the same again.
import fc from 'fast-check'
import t from 'tap'
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { StorageRef } from '#model/storage.ts'
import type { Command } from '#state/command.ts'
import type { StorageCommand } from '#state/storage-commands.ts'
import { storageOf, storageWithDisks } from '#state/storage-query.ts'
import type { Lab } from '#test/support/region-state.ts'
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
  const ref: fc.Arbitrary<StorageRef> = fc.oneof(
    id.map((device) => ({ device })),
    fc.constantFrom(...parts, { device: 1 as BlockDeviceId, partition: 77 }),
  )
  const refs = fc.array(ref, { maxLength: 4 })
  const group = fc.constantFrom(...config.groups.map((each) => each.id), 55)
  const set = fc.constantFrom(...config.cacheSets.map((each) => each.id), 55)
  const size = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 300 * MIB }))
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'md0', 'sdb')
  const path = fc.constantFrom('/', '/a', '/b', '/c')
  const is = (type: StorageCommand['type'], fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(fields).map((more) => ({ type, systemId, ...more }) as unknown as Command)
  const kinds = fc.constantFrom('lvm', 'vmfs6')
  const levels = fc.constantFrom('raid-0', 'raid-1', 'raid-5', 'raid-6', 'raid-10')
  const layouts = fc.constantFrom('flat', 'lvm', 'bcache', 'blank', 'custom', 'vmfs6')
  const modes = fc.constantFrom('writeback', 'writearound')
  return fc.oneof(
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
}

t.test('no order of commands makes a row that may not be', async (t) => {
  let done = 0
  const seen = new Set<string>()
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
        const wrong = wrongWith(after, disksOf(lab, systemId))
        if (wrong.length > 0) throw new Error(`${JSON.stringify(command)}: ${wrong.join('; ')}`)
      }
    },
  )
  const seed = process.env['SEED']
  fc.assert(property, { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) })
  t.ok(done > RUNS * 10, `${done} commands of ${RUNS * COMMANDS} were carried out`)
  t.ok(seen.size >= 20, `${seen.size} kinds of them`)
})
