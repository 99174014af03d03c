// How RAID, LVM and bcache are made.
import t from 'tap'
import { makeDevice, makeVolumeGroup, mapperPath } from '#api/installer/groups.ts'
import type { BlockDeviceId } from '#model/ids.ts'
import type { StorageGroup } from '#model/storage.ts'
import { BCACHE, FLAT, LVM_ON_RAID, testUuid } from '../../support/install-inputs.ts'

const device = { id: 9 as BlockDeviceId, name: 'lv0', sizeBytes: (8 << 20) + 1 }
const ref = (id: number) => ({ device: id as BlockDeviceId })
const named = { id: 1, uuid: testUuid(1), name: 'md7' }

t.test('a RAID has its level, its members, then its spares', async (t) => {
  const raid: StorageGroup = {
    ...named,
    ...({ kind: 'raid', level: 'raid-6' } as const),
    ...{ members: [ref(1), ref(2), ref(3), ref(4)], spares: [{ ...ref(5), partition: 1 }] },
  }
  const [make, slow, name] = makeDevice(FLAT, raid, device, true)
  t.equal(slow, 'slow_resync')
  t.match(make, /^mdadm --create \/dev\/md7 --run /)
  t.match(
    make,
    `--level=6 --uuid=${testUuid(1)} --raid-devices=4 --spare-devices=1 "$DEV_1" "$DEV_2"`,
  )
  t.match(make, /"\$DEV_4" "\$PART_5_1"$/)
  t.equal(name, 'DEV_9=$(readlink -f /dev/md7)')
  const [other] = makeDevice(FLAT, { ...raid, name: 'data' }, device, true)
  t.match(other, '--create /dev/md/data ')
})

t.test('a volume group is made once, its volumes in whole extents', async (t) => {
  const group: StorageGroup = { ...named, name: 'vg', kind: 'lvm', members: [ref(1), ref(2)] }
  const volume = ['make_volume vg lv0 2 2', 'DEV_9=/dev/vg/lv0']
  t.same(makeDevice(FLAT, group, device, false), volume)
  t.same(makeDevice(FLAT, group, device, true), [...makeVolumeGroup(group), ...volume])
  t.same(makeVolumeGroup(group), [
    'pvcreate -q -ff -y -Z y "$DEV_1"',
    'pvcreate -q -ff -y -Z y "$DEV_2"',
    'vgcreate -q -y -s 4194304b vg "$DEV_1" "$DEV_2"',
  ])
  t.equal(mapperPath('vg-a', 'lv'), '/dev/mapper/vg--a-lv')
  t.equal(LVM_ON_RAID.groups.length, 3)
})

t.test('a bcache is attached to its cache set in its mode', async (t) => {
  const [bcache] = BCACHE.groups
  const lines = makeDevice(BCACHE, bcache as StorageGroup, device, true)
  t.same(lines, [
    `make_cache "$PART_2_4" ${testUuid(0x31)}`,
    `make_backing "$PART_1_3" ${testUuid(0x31)} writethrough`,
    'DEV_9=$(bcache_of "$PART_1_3")',
  ])
})

t.test('a datastore of VMware is left alone', async (t) => {
  t.same(makeDevice(FLAT, { ...named, kind: 'vmfs6', members: [ref(1)] }, device, true), [])
})
