// What is refused before a machine does anything.
import t from 'tap'
import type { InstallInput } from '#api/installer/install-input.ts'
import { layoutProblems } from '#api/installer/layout-problems.ts'
import type { BlockDeviceId } from '#model/ids.ts'
import type { StorageConfig, StorageDevice } from '#model/storage.ts'
import {
  BCACHE,
  FLAT,
  installInput,
  LVM_ON_RAID,
  testDevice,
  testFilesystem,
  testPartition,
} from '../../support/install-inputs.ts'

const flat = (...devices: readonly StorageDevice[]): Partial<InstallInput> => ({
  storage: { ...FLAT, devices },
})
const withImage = (image: Partial<InstallInput['image']>): Partial<InstallInput> => ({
  image: { ...installInput().image, ...image },
})
const root = testFilesystem(2, 'ext4', '/')
const [disk] = FLAT.devices as readonly [StorageDevice]

t.test('sound layouts have none', async (t) => {
  for (const storage of [FLAT, LVM_ON_RAID, BCACHE]) {
    t.same(layoutProblems(installInput({ storage })), [])
  }
})

const changed = (storage: StorageConfig, change: (device: StorageDevice) => StorageDevice) => ({
  storage: { ...storage, devices: storage.devices.map(change) },
})

const cases: readonly (readonly [string, Partial<InstallInput>, RegExp])[] = [
  [
    'no root',
    flat(testDevice(1, [testPartition(1, 64, null)])),
    /nothing|no filesystem is mounted/,
  ],
  [
    'a root of FAT',
    flat(testDevice(1, [testPartition(1, 64, { ...root, fstype: 'vfat' })])),
    /ext2/,
  ],
  ['a whole disk as root', flat(testDevice(1, null, null, root)), /no partition table/],
  ['too large', flat(testDevice(1, [testPartition(1, 4092, root)])), /larger than their disk/],
  ['an empty partition', flat(testDevice(1, [testPartition(1, 0, root)])), /no size/],
  [
    'two mount points',
    flat(testDevice(1, [testPartition(1, 64, root), testPartition(2, 64, root)])),
    /one mount point/,
  ],
  ['table and filesystem', flat({ ...disk, filesystem: testFilesystem(9, 'ext4', null) }), /both/],
  ['no such disk', { disks: [] }, /not one of the machine/],
  [
    'a label too long',
    flat(testDevice(1, [testPartition(1, 64, { ...root, label: 'x'.repeat(17) })])),
    /label/,
  ],
  ['nothing at all', { storage: { ...FLAT, devices: [], bootDiskId: null } }, /uses no disk/],
  ['no digest', withImage({ sha256: 'zz' }), /SHA-256/],
  ['no URL', { places: [{ base: 'http://x', imageUrl: '--post-file=/etc/shadow' }] }, /URL/],
  ['no size', withImage({ sizeBytes: 0 }), /size of the image/],
  [
    'a dd image and no disk',
    { ...withImage({ kind: 'ddgz' }), disks: [] },
    /not one of the machine/,
  ],
  [
    'a hostile volume',
    changed(LVM_ON_RAID, (device) =>
      device.id === 5 && device.made
        ? { ...device, made: { ...device.made, name: '../x' } }
        : device,
    ),
    /name that the kernel/,
  ],
  [
    'a made device before its members',
    { storage: { ...LVM_ON_RAID, devices: LVM_ON_RAID.devices.toReversed() } },
    /before what it is made of/,
  ],
  ['made of nothing', { storage: { ...LVM_ON_RAID, groups: [] } }, /made of nothing/],
  [
    'a kernel on bcache',
    changed(BCACHE, (device) =>
      device.id === 1
        ? testDevice(1, [testPartition(1, 64, null), ...(device.table?.partitions.slice(2) ?? [])])
        : device,
    ),
    /GRUB cannot read/,
  ],
  ['no cache set', { storage: { ...BCACHE, cacheSets: [] } }, /no cache set/],
  [
    'a table on a volume',
    changed(LVM_ON_RAID, (device) =>
      device.id === 7
        ? { ...device, filesystem: null, table: { type: 'GPT', partitions: [] } }
        : device,
    ),
    /logical volume has a partition table/,
  ],
]

for (const [name, parts, problem] of cases) {
  t.test(`refused: ${name}`, async (t) => {
    t.match(layoutProblems(installInput(parts)).join('; '), problem)
  })
}

t.test('a disk image needs no layout, only its disk', async (t) => {
  const bare = { ...FLAT, devices: [testDevice(1, null)], bootDiskId: 1 as BlockDeviceId }
  t.same(layoutProblems(installInput({ ...withImage({ kind: 'ddraw' }), storage: bare })), [])
})
