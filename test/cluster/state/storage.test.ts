// Commands on the storage of a machine, one after the other (maas-api §9, maas-features §9); in any order:
// `storage-properties.test.ts`.
import t from 'tap'
import type { BlockDeviceId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { isUefi, storageOf } from '#state/storage-query.ts'
import { BOB } from '#test/support/life-cycle.ts'
import { ADMIN } from '#test/support/region-state.ts'
import { at, deviceNamed, disk, disksOf, GB, MIB, ready, refusedBy } from '#test/support/storage.ts'

t.test('partitions are rounded down to 4 MiB and end before the second GPT', async (t) => {
  const [lab, systemId, [sda]] = ready([100 * MIB])
  const create = {
    type: 'storage.createPartition',
    systemId,
    device: sda!,
    bootable: false,
  } as const
  lab.ok({ ...create, sizeBytes: 10 * MIB })
  t.match(refusedBy(lab, { ...create, sizeBytes: 100 * MIB }), /less than or equal to 88080384/)
  lab.ok({ ...create, sizeBytes: null })
  const { table } = deviceNamed(lab, systemId, 'sda')
  t.strictSame(
    table?.partitions.map(({ sizeBytes }) => sizeBytes / MIB),
    [8, 84],
  )
  t.match(refusedBy(lab, { ...create, sizeBytes: null }), /no space left on sda/)
  t.match(refusedBy(lab, { ...create, sizeBytes: 1 }), /no space/)
  for (const { id } of table!.partitions) {
    lab.ok({ type: 'storage.deletePartition', systemId, device: sda!, partition: id })
  }
  t.strictSame(storageOf(lab.state, systemId).devices, [], 'the table goes with the last one')
})

t.test('RAID has the members that its level demands, and the size of the smallest', async (t) => {
  const cases = [
    { level: 'raid-0', count: 1, spares: 0, size: null },
    { level: 'raid-0', count: 2, spares: 1, size: null },
    { level: 'raid-0', count: 2, spares: 0, size: 20 * GB - 2 * MIB },
    { level: 'raid-1', count: 1, spares: 1, size: null },
    { level: 'raid-1', count: 2, spares: 1, size: 10 * GB - MIB },
    { level: 'raid-5', count: 2, spares: 0, size: null },
    { level: 'raid-5', count: 3, spares: 0, size: 20 * GB - MIB },
    { level: 'raid-6', count: 3, spares: 0, size: null },
    { level: 'raid-6', count: 4, spares: 1, size: 20 * GB - MIB },
    { level: 'raid-10', count: 2, spares: 0, size: null },
    { level: 'raid-10', count: 3, spares: 0, size: 15 * GB - MIB },
  ] as const
  for (const { level, count, spares, size } of cases) {
    const [lab, systemId, [, ...ids]] = ready([GB, ...Array.from({ length: 6 }, () => 10 * GB)])
    const members = ids.slice(0, count).map(at)
    const more = { members, spares: ids.slice(count, count + spares).map(at) }
    const command = { type: 'storage.createRaid', systemId, level, ...more } as const
    const name = `${level} of ${count} and ${spares}`
    if (size === null) t.match(refusedBy(lab, command), /must have at least/, name)
    else {
      lab.ok(command)
      t.equal(deviceNamed(lab, systemId, 'md0').made?.sizeBytes, size, name)
    }
  }
})

t.test('a volume group gives extents, keeps one per member, and cannot shrink below', async (t) => {
  const [lab, systemId, [, sdb, sdc]] = ready([GB, 100 * MIB + 1, 50 * MIB])
  const members = [at(sdb!), at(sdc!)]
  const { id: group } = lab.ok({
    ...{ type: 'storage.createGroup', systemId, kind: 'lvm', name: 'vg', members },
  })
  const volume = { type: 'storage.createLogicalVolume', systemId, group, name: 'data' } as const
  t.match(refusedBy(lab, { ...volume, sizeBytes: 148 * MIB }), /less than or equal to 146800640/)
  const { id } = lab.ok({ ...volume, sizeBytes: 130 * MIB + 5 })
  t.equal(deviceNamed(lab, systemId, 'vg-data').made?.sizeBytes, 128 * MIB)
  t.match(refusedBy(lab, { ...volume, sizeBytes: 4 * MIB }), /already exists/)
  const change = { type: 'storage.updateGroup', systemId, id: group, kind: 'lvm' } as const
  t.match(
    refusedBy(lab, { ...change, add: [], remove: [at(sdb!)] }),
    /cannot be smaller than its logical volumes/,
  )
  const remove = { type: 'storage.deleteGroup', systemId, id: group, kind: 'lvm' } as const
  t.match(refusedBy(lab, remove), /CONFLICT: This volume group has logical volumes/)
  t.match(
    refusedBy(lab, { type: 'blockDevice.delete', systemId, id: sdb! }),
    /CONFLICT: Cannot delete block device because it is part of a volume group/,
  )
  t.match(
    refusedBy(lab, { ...change, add: [at(id)], remove: [] }),
    /cannot be made of itself/,
    'its own volume',
  )
  lab.ok({ type: 'blockDevice.delete', systemId, id: id as BlockDeviceId })
  lab.ok(remove)
  t.strictSame(storageOf(lab.state, systemId).groups, [])
})

t.test('the boot disk is a member by a partition over all of it', async (t) => {
  const [lab, systemId, [sda, sdb]] = ready([10 * GB, 10 * GB])
  lab.ok({
    ...{ type: 'storage.createGroup', systemId, kind: 'lvm', name: 'vg' },
    members: [at(sda!), at(sdb!)],
  })
  const { groups, devices } = storageOf(lab.state, systemId)
  const [partition] = devices[0]?.table?.partitions ?? []
  t.match(groups, [{ members: [{ device: sda!, partition: partition!.id }, { device: sdb! }] }])
})

t.test('bcache lies on a cache set that cannot go while it is used', async (t) => {
  const [lab, systemId, [sda, sdb, sdc]] = ready([GB, 10 * GB, 20 * GB])
  const { id: cacheSet } = lab.ok({ type: 'storage.createCacheSet', systemId, cache: at(sdb!) })
  const bcache = {
    type: 'storage.createBcache',
    systemId,
    cacheSet,
    cacheMode: 'writeback',
  } as const
  t.match(refusedBy(lab, { ...bcache, backing: at(sdb!) }), /backing_device.*part of a cache set/)
  const { id } = lab.ok({ ...bcache, backing: at(sdc!) })
  t.equal(deviceNamed(lab, systemId, 'bcache0').made?.sizeBytes, 20 * GB)
  t.match(refusedBy(lab, { type: 'storage.deleteCacheSet', systemId, id: cacheSet }), /in use/)
  const change = { type: 'storage.updateCacheSet', systemId, id: cacheSet } as const
  const made = deviceNamed(lab, systemId, 'bcache0').id
  t.match(refusedBy(lab, { ...change, cache: at(made) }), /made of itself/)
  lab.ok({ ...change, cache: at(sda!) })
  t.match(storageOf(lab.state, systemId).cacheSets, [{ cache: { device: sda! } }])
  const again = { type: 'storage.updateBcache', systemId, id, name: 'fast' } as const
  lab.ok({ ...again, backing: at(sdb!), cacheMode: 'writearound' })
  t.equal(deviceNamed(lab, systemId, 'fast').made?.sizeBytes, 10 * GB)
  lab.ok({ type: 'storage.deleteGroup', systemId, id, kind: 'bcache' })
  lab.ok({ type: 'storage.deleteCacheSet', systemId, id: cacheSet })
})

t.test('filesystems: what MAAS says to what cannot be', async (t) => {
  const [lab, systemId, [sda, sdb]] = ready([10 * GB, 10 * GB])
  const on = { systemId, at: at(sdb!) }
  const point = { mountPoint: '/data', mountOptions: null }
  t.match(refusedBy(lab, { type: 'storage.mount', ...on, ...point }), /Cannot mount an unformatted/)
  t.match(refusedBy(lab, { type: 'storage.unformat', ...on }), /Block device is not formatted/)
  lab.ok({ type: 'storage.format', ...on, fstype: 'xfs', label: 'data' })
  t.match(refusedBy(lab, { type: 'storage.unmount', ...on }), /already unmounted/)
  for (const mountPoint of ['', 'data', '/a b', '/a/../b', '/a/', '/$(x)', `/${'x'.repeat(300)}`]) {
    const command = { type: 'storage.mount', ...on, mountPoint, mountOptions: null } as const
    t.match(refusedBy(lab, command), /mount_point/, mountPoint)
  }
  t.match(
    refusedBy(lab, { type: 'storage.mount', ...on, mountPoint: '/data', mountOptions: 'a b;c' }),
    /mount_options/,
  )
  lab.ok({ type: 'storage.mount', ...on, mountPoint: '/data', mountOptions: 'noatime,ro' })
  t.match(refusedBy(lab, { type: 'storage.unformat', ...on }), /is mounted and cannot be unformat/)
  t.match(
    refusedBy(lab, { type: 'storage.format', ...on, fstype: 'ext4', label: '' }),
    /cannot be formatted again/,
  )
  const special = {
    type: 'storage.mountSpecial',
    systemId,
    fstype: 'tmpfs',
    mountOptions: null,
  } as const
  t.match(refusedBy(lab, { ...special, mountPoint: '/data' }), /already mounted at this path/)
  lab.ok({ ...special, mountPoint: '/scratch' })
  t.match(refusedBy(lab, { ...special, fstype: 'ext4', mountPoint: '/x' }), /needs a device/)
  lab.ok({ type: 'storage.unmountSpecial', systemId, mountPoint: '/scratch' })
  t.match(
    refusedBy(lab, { type: 'storage.unmountSpecial', systemId, mountPoint: '/scratch' }),
    /No special filesystem is mounted at this path/,
  )
  const swap = { systemId, at: at(sda!) }
  lab.ok({ type: 'storage.format', ...swap, fstype: 'swap', label: '' })
  lab.ok({ type: 'storage.mount', ...swap, mountPoint: null, mountOptions: null })
  t.equal(deviceNamed(lab, systemId, 'sda').filesystem?.mountPoint, 'none')
  t.match(
    refusedBy(lab, { type: 'storage.format', ...swap, fstype: 'fat32', label: 'x'.repeat(12) }),
    /mounted/,
  )
})

t.test('physical disks: added, changed, tagged, deleted with what is on them', async (t) => {
  const [lab, systemId, [sda]] = ready([10 * GB])
  const device = disk('sdz', 5 * GB)
  const { id } = lab.ok({ type: 'blockDevice.create', systemId, device })
  const create = { type: 'blockDevice.create', systemId } as const
  t.match(refusedBy(lab, { ...create, device }), /Block device with this Name already exists/)
  t.match(refusedBy(lab, { ...create, device: disk('x', 1) }), /"size"/)
  t.match(refusedBy(lab, { ...create, device: { ...disk('x', GB), serial: '' } }), /serial\/model/)
  for (const name of ['a b', '../x', 'a..b', '-x', '', 'x'.repeat(64)]) {
    t.match(refusedBy(lab, { ...create, device: disk(name, GB) }), /"name"/, name)
  }
  const own = { systemId, id: id as BlockDeviceId }
  lab.ok({ type: 'storage.tag', systemId, at: at(id), tag: 'fast', isOn: true })
  t.strictSame(disksOf(lab, systemId)[1]?.tags, ['fast'])
  lab.ok({ type: 'storage.tag', systemId, at: at(id), tag: 'fast', isOn: false })
  lab.ok({ type: 'storage.setBootDisk', ...own })
  lab.ok({
    ...{ type: 'storage.createPartition', systemId, device: own.id, sizeBytes: 2 * GB },
    bootable: true,
  })
  const shrink = { type: 'blockDevice.update', ...own, set: { sizeBytes: GB } } as const
  t.match(refusedBy(lab, shrink), /partitions are larger than sdz/)
  t.equal(disksOf(lab, systemId)[1]?.sizeBytes, 5 * GB, 'nothing is half done')
  lab.ok({ type: 'blockDevice.delete', ...own })
  t.match(storageOf(lab.state, systemId), { bootDiskId: null, devices: [] })
  t.match(refusedBy(lab, { type: 'storage.setBootDisk', ...own }), /NOT_FOUND/)
  t.equal(disksOf(lab, systemId)[0]?.id, sda!)
})

t.test('rights and statuses are MAAS’s', async (t) => {
  const [lab, systemId, [sda, sdb]] = ready([10 * GB, 10 * GB])
  const layout = { type: 'storage.setLayout', systemId, wish: { layout: 'flat' } } as const
  const format = {
    type: 'storage.format',
    systemId,
    at: at(sdb!),
    fstype: 'ext4',
    label: '',
  } as const
  lab.actor = BOB
  t.match(refusedBy(lab, layout), /FORBIDDEN/)
  t.match(refusedBy(lab, format), /FORBIDDEN/, 'a Ready machine is nobody’s')
  lab.actor = ADMIN
  lab.ok({ ...format, fstype: 'xfs' })
  lab.ok({ type: 'storage.mount', systemId, at: at(sdb!), mountPoint: '/a', mountOptions: null })
  lab.actor = BOB
  lab.ok({
    ...{ type: 'machine.allocate', constraints: { systemId }, asked: '', agentName: '' },
    comment: '',
  })
  lab.actor = ADMIN
  t.match(
    refusedBy(lab, layout),
    /CONFLICT: Cannot change the storage layout on a machine that is not Ready\./,
  )
  const restore = { ...layout, isDefault: true } as const
  t.match(refusedBy(lab, restore), /must be in a ready or failed testing state to restore storage/)
  t.match(
    refusedBy(lab, { type: 'blockDevice.delete', systemId, id: sda! }),
    /Cannot delete block device because the machine is not Ready\./,
  )
  lab.actor = BOB
  lab.ok({ type: 'storage.unmount', systemId, at: at(sdb!) })
  lab.ok(format)
  lab.ok({ ...format, at: at(sda!) })
  t.equal(deviceNamed(lab, systemId, 'sdb').filesystem?.fstype, 'ext4')
  lab.ok({ type: 'machine.release', systemId, comment: '' })
  t.equal(lab.state.machines.get(systemId)?.status, S.READY)
  t.match(
    storageOf(lab.state, systemId).devices,
    [{ id: sdb!, filesystem: { fstype: 'xfs', mountPoint: '/a' } }],
    'what its owner changed went with him',
  )
  t.notOk('beforeOwner' in storageOf(lab.state, systemId))
  lab.actor = ADMIN
  lab.ok({ type: 'machine.delete', systemId })
  t.notOk(lab.state.machineStorage.has(systemId))
})

t.test('UUIDs differ, are given where given, and the same on every replica', async (t) => {
  const [one, systemId, [sda]] = ready([10 * GB], 'uefi')
  const [two] = ready([10 * GB], 'uefi')
  const uuid = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
  for (const lab of [one, two]) {
    lab.ok({ type: 'storage.setLayout', systemId, wish: { layout: 'lvm' } })
  }
  const row = storageOf(one.state, systemId)
  t.strictSame(row, storageOf(two.state, systemId))
  const uuids = [...JSON.stringify(row).matchAll(/"uuid":"([^"]*)"/g)].map(([, found]) => found)
  t.equal(new Set(uuids).size, 6, 'two partitions, two filesystems, a group and a volume')
  for (const each of uuids) t.match(each, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-/)
  one.ok({ type: 'storage.setLayout', systemId, wish: { layout: 'blank' } })
  one.ok({
    ...{ type: 'storage.createPartition', systemId, device: sda!, sizeBytes: null, uuid },
    bootable: false,
  })
  t.equal(deviceNamed(one, systemId, 'sda').table?.partitions[0]?.uuid, uuid)
  t.ok(isUefi(one.state.machines.get(systemId)!))
})
